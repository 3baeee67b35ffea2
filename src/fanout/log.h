// The records of one room: its log, a stream of bytes per profile, a view per set of channels.
//
//   RoomLog   sequence and index, the same for every profile
//   Stream    one profile's encoded bytes and where each entry starts in them
//   View      the members of one profile that read the same channels in the same form, in a dense
//             array
//
// All sequences in [first, head] are in the log; `first` is head + 1 when it is empty.
#pragma once

#include "base/list.h"
#include "base/wheel.h"
#include "fanout/entry.h"
#include "fanout/record_array.h"
#include "fanout/tape.h"

namespace chatroom::fanout {

struct RoomLog;
struct Stream;
struct Laggard;

struct ViewTag;
struct ActiveTag;

struct View final : base::ListNode<ViewTag>, base::TimerNode {
  View() noexcept : TimerNode(0) {}

  Stream* stream = nullptr;
  View* next = nullptr;  // of the same stream
  ChannelMask channels = kAllChannels;
  bool shared = false;     // members with masks of their own: each tests the index
  bool dirty = false;      // somebody has not been visited since an entry came
  bool large = false;      // dirty, in State::large instead of State::small
  bool waiting = false;    // dirty, but in State::waiting instead of either
  bool held_back = false;  // its next sweep had to wait
  Compress compress = Compress::none;
  // A sweep goes from `position` down; members below it are still to be visited. All untracked
  // members stand at `floor` or later; `reached` is what the running sweep will make of it, 0
  // before it began.
  std::uint32_t position = 0;
  Sequence floor = 0;
  Sequence reached = 0;
  // The last sweep or the one that runs; see pace.cc.
  Instant began{INT64_MIN};
  Instant ended{INT64_MIN};
  Duration spread;               // over which its members were or are visited; 0: at once
  std::uint32_t swept_size = 0;  // members when it began
  std::uint64_t admitted[kPriorityCount] = {};
  RecordArray records;
};

struct Stream final {
  RoomLog* log = nullptr;
  std::uint8_t profile = 0;
  std::uint16_t own_views = 0;  // views that are not shared
  std::uint32_t members = 0;
  Sequence first = 1;
  Sequence starts_base = 0;  // the sequence at position 0 of `starts`
  Tape starts;               // u32 an entry: low half of its position in `bytes`
  Tape bytes;
  View* views = nullptr;
  base::List<Laggard> laggards;  // in the order in which they fell behind
};

struct RoomLog final : base::ListNode<ActiveTag> {
  RoomSlot room = kNoSlot;
  std::string_view key;
  bool reliable = false;
  bool compress = false;
  std::uint16_t tenant = 0;
  Duration interval;
  Instant paid{INT64_MIN};  // up to when its visits have used up what a room may have; see pace.cc
  Sequence head = 0;
  Sequence first = 1;
  Sequence index_base = 0;  // the sequence at position 0 of `index`
  Sequence keyed_last = 0;  // newest `latest` entry in the index; 0: none
  std::uint64_t offset_last = 0;
  std::uint32_t members = 0;
  std::uint32_t laggards = 0;
  std::uint32_t dirty_views = 0;
  std::uint64_t offered = 0;        // entries times members, for operators
  std::uint64_t offered_bytes = 0;  // likewise, of their frames
  Tape index;                       // of Entry
  Stream* streams[kProfileCount] = {};
};

}  // namespace chatroom::fanout
