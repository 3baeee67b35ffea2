// Members: joining, leaving, changing channels.
#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

void close_waiting(State& s, Member& member) noexcept {
  Filter filter = filter_of(member);
  filter.level = Level::all;
  for (Sequence at = next_of(member); at <= member.log().head; ++at) {
    const Entry& entry = entry_at(s, member.log(), at);
    switch (is_cut(s, member, at) ? Fate::send : fate_of(entry, at, filter)) {
      case Fate::send:
      case Fate::dropped:
        tally(s, nullptr, Column::closed, entry.priority());
        break;
      case Fate::merged:
        tally(s, nullptr, Column::merged, entry.priority());
        break;
      case Fate::excluded:
        tally(s, nullptr, Column::excluded, entry.priority());
        break;
      case Fate::ignored:
        break;
    }
  }
}

// What was to be sent at a place in this room has no place any more.
void forget_placed(State& s, Backlog& backlog, base::List<Item>& items, RoomSlot room) noexcept {
  for (Item* item = items.front(); item != nullptr;) {
    Item* next = items.next(*item);
    if (item->room == room) {
      items.remove(*item);
      if (item == backlog.cut_item) {
        item->room = kNoSlot;
        item->held = false;
        backlog.plain.push_front(*item);
      } else {
        drop_item(s, backlog, item);
      }
    }
    item = next;
  }
}

void leak_waiting(State& s, Member& member) noexcept {
  if (member.laggard() != nullptr) return;
  const Stream& stream = *member.view->stream;
  const Sequence next = next_of(member);
  if (next > member.log().head) return;
  const std::uint64_t begin = start_of(s, stream, next);
  const std::uint64_t size = start_of(s, stream, next + 1) - begin;
  if (size > Tape::together(s.chunks, begin)) return;
  push_frame(s, member.session, {stream.bytes.at(s.chunks, begin), size}, {});
}

// Entries that wait and that the new mask does not let through are closed now; the rest passes
// both masks later.
void settle_change(State& s, Member& member, ChannelMask channels) noexcept {
  Filter before = filter_of(member);
  before.level = Level::all;
  for (Sequence at = next_of(member); at <= member.log().head; ++at) {
    if (is_cut(s, member, at)) continue;  // will be finished
    const Entry& entry = entry_at(s, member.log(), at);
    const Fate fate = fate_of(entry, at, before);
    if (fate == Fate::excluded) tally(s, &member, Column::excluded, entry.priority());
    if (fate == Fate::ignored || fate == Fate::excluded || entry.on(channels)) continue;
    tally(s, &member, fate == Fate::merged ? Column::merged : Column::closed, entry.priority());
  }
}

}  // namespace

Member* find_member(const State& s, RoomSlot room, SessionSlot session) noexcept {
  const Outlet* outlet = s.outlets.find(session);
  if (outlet == nullptr) return nullptr;
  for (Member* member = outlet->members; member != nullptr; member = member->next) {
    if (member->log().room == room) return member;
  }
  return nullptr;
}

void remove_member(State& s, Member& member, bool closing) noexcept {
  Outlet& outlet = *s.outlets.find(member.session);
  if (CHATROOM_PLANTED(deliver_after_leave) && !closing) leak_waiting(s, member);
  if (Backlog* backlog = outlet.backlog; backlog != nullptr) {
    if (backlog->cut_member == &member && !closing && !outlet.doomed && !rescue_cut(s, *backlog)) {
      doom(s, member.session, CloseCode::slow_consumer);
    }
    forget_placed(s, *backlog, backlog->held, member.log().room);
    forget_placed(s, *backlog, backlog->plain, member.log().room);
  }
  close_waiting(s, member);
  if (Backlog* backlog = outlet.backlog; backlog != nullptr) {
    if (backlog->cut_member == &member) {
      backlog->cut_member = nullptr;
      backlog->cut = 0;
    }
    if (backlog->rest_member == &member) backlog->rest_member = nullptr;
  }
  RoomLog& log = member.log();
  View& view = *member.view;
  untrack(s, member);
  const std::uint32_t index = record_of(member).member;
  leave(s, member);
  --log.members;
  Member** link = &outlet.members;
  while (*link != &member) link = &(*link)->next;
  *link = member.next;
  --outlet.member_count;
  release_account(s, member);
  const SessionSlot session = member.session;
  s.members.erase(index);
  refresh_flags(outlet);
  release_if_empty(s, view);
  settle(s, log);
  release_if_idle(s, session);
}

Status Fanout::attach(RoomSlot room, SessionSlot session, ChannelMask channels) noexcept {
  State& s = *state_;
  Outlet* outlet = s.outlets.find(session);
  RoomLog** slot = s.rooms.find(room);
  CHATROOM_ASSERT(outlet != nullptr);
  CHATROOM_ASSERT(slot != nullptr);
  CHATROOM_ASSERT(*slot != nullptr);
  if (find_member(s, room, session) != nullptr) return Errc::already_member;
  if (outlet->doomed) return Errc::limit_reached;
  RoomLog& log = **slot;
  // Falling behind must never fail for want of memory: its records are there from now on.
  const std::size_t memberships = s.members.size() + std::size_t{1};
  if (!s.laggards.reserve(memberships) || !s.accounts.reserve(memberships)) {
    return Errc::limit_reached;
  }
  const std::uint32_t index = s.members.insert();
  if (index == s.members.kNone) return Errc::limit_reached;
  Stream* stream = stream_for(s, log, outlet->profile);
  View* view = stream == nullptr
                   ? nullptr
                   : view_for(s, *stream, channels, static_cast<Compress>(outlet->compress));
  if (view == nullptr || !view->records.reserve_one(s.memory)) {
    s.members.erase(index);
    if (view != nullptr) release_if_empty(s, *view);
    if (view == nullptr && stream != nullptr && stream->views == nullptr) {
      log.streams[outlet->profile] = nullptr;
      s.streams.destroy(stream);
    }
    return Errc::limit_reached;
  }
  Member* member = s.members.at(index);
  member->session = session;
  member->channels = channels;
  enter(*view, *member, index, outlet->connection);
  ++log.members;
  Member** link = &outlet->members;
  while (*link != nullptr) link = &(*link)->next;
  *link = member;
  ++outlet->member_count;
  if (outlet->backlog != nullptr && outlet->backlog->blocked) {
    track(s, *member);
    member->laggard()->was_blocked = true;
  }
  refresh_flags(*outlet);
  return {};
}

void Fanout::detach(RoomSlot room, SessionSlot session) noexcept {
  Member* member = find_member(*state_, room, session);
  if (member != nullptr) remove_member(*state_, *member, false);
}

bool Fanout::attached(RoomSlot room, SessionSlot session) const noexcept {
  return find_member(*state_, room, session) != nullptr;
}

Status Fanout::set_mask(RoomSlot room, SessionSlot session, ChannelMask channels) noexcept {
  State& s = *state_;
  Member* member = find_member(s, room, session);
  if (member == nullptr) return Errc::not_member;
  if (member->channels == channels) return {};
  const Sequence next = next_of(*member);
  const bool behind = next <= member->log().head;
  const Laggard* laggard = member->laggard();
  if (laggard != nullptr && laggard->changed_at > next) return Errc::room_overloaded;
  View& old = *member->view;
  const auto compress = static_cast<Compress>(s.outlets.find(session)->compress);
  View* view = view_for(s, *old.stream, channels, compress);
  if (view == nullptr) return Errc::limit_reached;
  if (view != &old && !view->records.reserve_one(s.memory)) {
    release_if_empty(s, *view);
    return Errc::limit_reached;
  }
  if (behind) {
    track(s, *member);
    settle_change(s, *member, channels);
    member->laggard()->channels_before = member->channels;
    member->laggard()->changed_at = member->log().head + 1;
  }
  if (view != &old) {
    // Own account: what the old view admitted stays admitted.
    std::uint32_t admitted[kPriorityCount];
    for (int p = 0; p < kPriorityCount; ++p) {
      admitted[p] = static_cast<std::uint32_t>(old.admitted[p]) - member->baseline[p];
    }
    const Record record = record_of(*member);
    leave(s, *member);
    enter(*view, *member, record.member, record.connection);
    for (int p = 0; p < kPriorityCount; ++p) member->baseline[p] -= admitted[p];
  }
  member->channels = channels;
  refresh_flags(*s.outlets.find(session));
  RoomLog& log = member->log();
  if (view != &old) release_if_empty(s, old);
  if (behind && !s.outlets.find(session)->backlog->blocked) {
    make_ready(s, *s.outlets.find(session)->backlog);
  }
  settle(s, log);
  return {};
}

}  // namespace chatroom::fanout
