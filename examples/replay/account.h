// Account: what was sent, held against what each member received, at the receiving end.
//
// The first member to get a message shows how it looks on the wire; it is decoded and compared with
// what was sent. From then on every other member's next frame must be exactly those bytes, which
// costs one comparison of memory. Whatever is not is decoded and looked at in full.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chatroom/message.h"
#include "histogram.h"

namespace replayer {

enum class Profile : std::uint8_t { json, flatbuffers };

struct Totals {
  std::uint64_t sent = 0;     // without those that were refused
  std::uint64_t refused = 0;  // the sender was told so
  std::uint64_t delivered = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t corrupted = 0;  // not what was sent: counts as lost, too
  std::uint64_t foreign = 0;    // said by others in the same room
};

class Account {
 public:
  explicit Account(std::size_t members);

  void add_member(std::size_t member, const std::string& user);
  // The member has joined; what counts for it is behind `offset`.
  void begin(std::size_t member, std::uint64_t offset) { progress_[member].next = offset + 1; }

  void sent(std::size_t member, std::uint32_t id, std::string_view text, std::int64_t now_us);
  void refused(std::size_t member, std::uint32_t id);

  // True: `frame` is the member's next message, whole and right.
  bool matches(std::size_t member, Profile profile, std::string_view frame, std::int64_t now_us) {
    Progress& at = progress_[member];
    const Entry& entry = entries_[at.next & kMask];
    if (entry.offset != at.next) return false;
    if (entry.frames[static_cast<std::size_t>(profile)] != frame) return false;
    ++at.next;
    deliver(at, entry, now_us);
    return true;
  }
  // Any other message, decoded.
  void received(std::size_t member, Profile profile, std::string_view frame,
                const chatroom::Message& message, std::int64_t now_us);

  const Totals& totals() const { return totals_; }
  std::uint64_t expected() const { return totals_.sent * progress_.size(); }
  std::uint64_t lost() const {
    return expected() > totals_.delivered ? expected() - totals_.delivered : 0;
  }
  std::uint64_t slowest() const;  // messages of ours that every member has
  const Histogram& latencies() const { return latencies_; }

 private:
  // Members are never this far apart: the sender waits for the slowest.
  static constexpr std::size_t kEntries = 16'384;
  static constexpr std::size_t kMask = kEntries - 1;
  static constexpr std::int32_t kForeign = -1;

  struct Entry {
    std::uint64_t offset = 0;
    std::int64_t sent_us = 0;
    std::int32_t sender = kForeign;
    std::string text;
    std::string frames[2];  // by profile; empty: not seen yet
  };
  struct Range {
    std::uint64_t first;
    std::uint64_t last;
  };
  struct Progress {
    std::uint64_t next = 0;
    std::uint64_t delivered = 0;
    std::vector<Range> missing;
  };
  struct Pending {
    std::uint32_t id;
    std::int64_t sent_us;
    std::string text;
  };

  void deliver(Progress& at, const Entry& entry, std::int64_t now_us) {
    if (entry.sender == kForeign) return;
    ++at.delivered;
    ++totals_.delivered;
    latencies_.add(now_us - entry.sent_us);
  }
  void recognise(const chatroom::Message& message, Entry& entry);
  static bool take_missing(Progress& at, std::uint64_t offset);

  std::vector<Entry> entries_;
  std::vector<Progress> progress_;
  std::vector<std::deque<Pending>> pending_;
  std::unordered_map<std::string, std::size_t> members_;
  Totals totals_;
  Histogram latencies_;
};

}  // namespace replayer
