// Private items on their way in: where they stand, and what happens when there is no place.
#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

// Whether something must be sent before it.
bool must_wait(State& s, const Backlog& backlog, Item& item) noexcept {
  if (item.room == kNoSlot || CHATROOM_PLANTED(barrier_ignored)) return false;
  const Member* member = find_member(s, item.room, backlog.session);
  if (member == nullptr) return false;
  if (item.barrier > member->log().head) item.barrier = member->log().head;
  if (next_of(*member) <= item.barrier) return true;
  for (Item* other = backlog.held.front(); other != nullptr; other = backlog.held.next(*other)) {
    if (other->room == item.room) return true;
  }
  return false;
}

}  // namespace

Item* store_frame(State& s, Backlog& backlog, Bytes frame, bool lossy) noexcept {
  const auto size = static_cast<std::uint32_t>(frame.size());
  const std::uint32_t bound = lossy ? s.limits.private_bytes / 2 : s.limits.private_bytes;
  if (backlog.bytes + PrivateStore::cost(size, false) > bound) return nullptr;
  Item* item = s.store.make(size, lossy);
  if (item == nullptr) return nullptr;
  PrivateStore::fill(*item, 0, frame);
  backlog.bytes += PrivateStore::cost(*item);
  if (backlog.bytes >= reading_bound(s.limits)) backlog.half_full = true;
  return item;
}

Pushed push_frame(State& s, SessionSlot session, Bytes frame,
                  const PrivateOptions& options) noexcept {
  Outlet* outlet = s.outlets.find(session);
  CHATROOM_ASSERT(outlet != nullptr);
  CHATROOM_ASSERT(outlet->connection != nullptr);
  if (outlet->doomed) return Pushed::doomed;
  if (frame.empty()) return Pushed::too_large;
  if (PrivateStore::cost(static_cast<std::uint32_t>(frame.size()), false) >
      s.limits.private_bytes) {
    return Pushed::too_large;
  }
  Backlog& backlog = backlog_of(s, session);
  Item* item = store_frame(s, backlog, frame, options.lossy);
  if (item == nullptr) {
    if (!options.lossy) return doom(s, session, CloseCode::slow_consumer), Pushed::doomed;
    ++backlog.lost;
  } else {
    item->room = options.room;
    item->barrier = options.barrier;
    item->held = must_wait(s, backlog, *item);
    (item->held ? backlog.held : backlog.plain).push_back(*item);
  }
  if (!backlog.blocked) make_ready(s, backlog);
  refresh_flags(*outlet);
  return item == nullptr ? Pushed::dropped : Pushed::queued;
}

Pushed Fanout::push_private(SessionSlot session, const Event& event,
                            const PrivateOptions& options) noexcept {
  State& s = *state_;
  const Outlet* outlet = s.outlets.find(session);
  CHATROOM_ASSERT(outlet != nullptr);
  CHATROOM_ASSERT(outlet->connection != nullptr);
  if (outlet->doomed) return Pushed::doomed;
  return push_frame(s, session, encode_frame(s, outlet->profile, event), options);
}

Pushed Fanout::push_raw(SessionSlot session, Bytes frame) noexcept {
  return push_frame(*state_, session, frame, {});
}

bool Fanout::next_gap(GapTold& gap) noexcept {
  State& s = *state_;
  if (s.gaps_count == 0) return false;
  gap = s.gaps[s.gaps_first];
  s.gaps_first = (s.gaps_first + 1) % kGapsKept;
  --s.gaps_count;
  return true;
}

}  // namespace chatroom::fanout
