// The records of one session: its outlet, what waits for it, its memberships.
//
//   Outlet    32 bytes, for every session
//   Backlog   only while something waits: private items, a cut frame, members behind
//   Member    a session in a room
//   Laggard   only while a member is tracked by itself: its link is blocked, or one visit could not
//             bring it to the head
//   Account   only once a member lost or skipped something
//   Choice    an Account of a member that chose how much it gets
#pragma once

#include "base/bucket.h"
#include "base/list.h"
#include "fanout/log.h"
#include "fanout/private_items.h"

namespace chatroom::fanout {

struct Backlog;

// Record::flags. None set: the fast path.
enum Flag : std::uint32_t {
  kTracked = 1,     // has a Laggard: the sweep passes it by
  kSeveral = 2,     // in several rooms: one visit gathers them all
  kExceptions = 4,  // in a shared view, or it chose how much it gets
  kMessageLink = 8,
  kPrivate = 16,  // private items wait
};

struct Account {
  std::uint32_t merged[kPriorityCount] = {};
  std::uint32_t dropped[kPriorityCount] = {};
  std::uint32_t excluded[kPriorityCount] = {};
  std::uint32_t closed[kPriorityCount] = {};  // channels it left with entries waiting
};

struct Member {
  Member* next = nullptr;  // of the same session, in the order of joining
  View* view = nullptr;
  void* extra = nullptr;  // a Laggard if it is tracked, else an Account, if it has one
  SessionSlot session = kNoSlot;
  std::uint32_t slot : 30 = 0;  // in view->records
  std::uint32_t tracked : 1 = 0;
  std::uint32_t chosen : 1 = 0;  // its Account is a Choice
  ChannelMask channels = kAllChannels;
  std::uint32_t baseline[kPriorityCount] = {};  // the view's `admitted` when it joined

  RoomLog& log() const noexcept { return *view->stream->log; }
  Laggard* laggard() const noexcept {
    return tracked != 0 ? static_cast<Laggard*>(extra) : nullptr;
  }
  inline Account* account() const noexcept;
  inline Choice* choice() const noexcept;  // null: it made none
  inline void set_account(Account* account) noexcept;
};
static_assert(sizeof(void*) != 8 || sizeof(Member) == 48);

struct UntoldTag;

// How much a member wants (choice.cc), and what that decided of the entries that it still has to
// pass: at most kAhead, up to `decided`.
struct Choice final : Account, base::ListNode<UntoldTag> {
  static constexpr Sequence kAhead = 256;

  Member* member = nullptr;
  Receive receive;
  std::uint32_t author = kNoSlot;
  base::Bucket normal;
  base::Bucket high;
  Sequence decided = 0;
  std::uint64_t held_back[kAhead / 64] = {};
  Gap loss;             // not told yet
  Instant untold_from;  // while it is in State::untold

  bool holds_back(Sequence sequence) const noexcept {
    return sequence < decided && (held_back[sequence % kAhead / 64] >> sequence % 64 & 1) != 0;
  }
};

struct Laggard final : base::ListNode<> {
  Member* member = nullptr;
  Account* account = nullptr;  // the member's, kept for it meanwhile
  Sequence next = 0;           // the first entry it has not sent whole
  Level level = Level::all;    // of the entries before `decided`: what it loses of them was counted
  bool was_blocked = false;    // only then may it lose anything
  ChannelMask channels_before = kAllChannels;
  Sequence changed_at = 0;
  Sequence decided = 0;
  Gap loss;  // not told yet
};

inline Account* Member::account() const noexcept {
  return tracked != 0 ? laggard()->account : static_cast<Account*>(extra);
}
inline Choice* Member::choice() const noexcept {
  return chosen != 0 ? static_cast<Choice*>(account()) : nullptr;
}
inline void Member::set_account(Account* account) noexcept {
  if (tracked != 0) {
    laggard()->account = account;
  } else {
    extra = account;
  }
}

struct Outlet {
  Connection* connection = nullptr;  // null: not open
  Member* members = nullptr;
  Backlog* backlog = nullptr;
  std::uint32_t max_frame = 0;  // 0: a stream
  std::uint16_t member_count = 0;
  std::uint8_t profile : 4 = 0;
  std::uint8_t compress : 4 = 0;  // a Compress
  bool doomed = false;
};
static_assert(sizeof(Outlet) == 32);

struct ReadyTag;
struct StallTag;
struct DoomTag;
struct ReliefTag;

struct Backlog final : base::ListNode<ReadyTag>,
                       base::ListNode<StallTag>,
                       base::ListNode<DoomTag>,
                       base::ListNode<ReliefTag> {
  SessionSlot session = kNoSlot;
  base::List<Item> plain;   // go first, in order
  base::List<Item> held;    // each behind its barrier
  std::uint32_t bytes = 0;  // of the blocks of all items
  std::uint32_t tracked = 0;
  std::uint32_t lost = 0;  // lossy items dropped and not told

  // The one frame of which bytes were taken and others not: at most one of these is set. It is
  // always finished before anything else.
  Item* rest = nullptr;  // of an entry that is not in a log any more, or not this member's
  Item* cut_item = nullptr;
  Member* cut_member = nullptr;   // its entry Laggard::next
  std::uint32_t cut = 0;          // bytes of it that were taken
  Member* rest_member = nullptr;  // in whose account `rest` is pending; null: gone

  bool blocked = false;
  bool half_full = false;
  Instant progress;  // when the transport last took something, while blocked
  CloseCode code = CloseCode::slow_consumer;
};

}  // namespace chatroom::fanout
