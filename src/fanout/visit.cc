// Visit: one session's own write, for whoever is not on the fast path: private items, barriers,
// several rooms, members behind, message links.
#include <algorithm>

#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

using Added = Pieces::Added;

class Gathering final {
 public:
  Gathering(State& s, Outlet& outlet) noexcept : s_(s), outlet_(outlet), own_(s.own) {
    own_.count = 0;
    own_.pieces.reset(outlet.max_frame > 0 ? outlet.max_frame : kWriteBytesMax);
  }

  void gather() noexcept {
    Backlog* backlog = outlet_.backlog;
    if (backlog != nullptr && !begun(*backlog)) return;
    if (backlog != nullptr) {
      for (Item* item = backlog->plain.front(); item != nullptr;
           item = backlog->plain.next(*item)) {
        if (item != backlog->cut_item && !add(*item)) return;
      }
    }
    for (Member* member = outlet_.members; member != nullptr; member = member->next) {
      if (!add_room(*member)) return;
    }
  }

 private:
  // The frame of which bytes were taken already.
  bool begun(Backlog& backlog) noexcept {
    if (backlog.rest != nullptr && !add(*backlog.rest)) return false;
    if (backlog.cut_item != nullptr && !add(*backlog.cut_item)) return false;
    if (backlog.cut_member == nullptr) return true;
    const Sequence next = next_of(*backlog.cut_member);
    return add_run(*backlog.cut_member, next, next + 1, backlog.cut);
  }

  bool add(Item& item) noexcept {
    if (own_.count == OwnGather::kSegmentsMax) return false;
    const Added added = own_.pieces.add(item);
    if (added == Added::none) return false;
    own_.segments[own_.count++] = {&item, nullptr, 0};
    return added == Added::whole;
  }

  // Entries up to the barrier of each held item of this room, the item, and then the others.
  bool add_room(Member& member) noexcept {
    const Sequence end = decided_end(member);
    Sequence next = next_of(member);
    Backlog* backlog = outlet_.backlog;
    if (backlog != nullptr && backlog->cut_member == &member) ++next;
    if (backlog != nullptr) {
      for (Item* item = backlog->held.front(); item != nullptr; item = backlog->held.next(*item)) {
        if (item->room != member.log().room || item == backlog->cut_item) continue;
        if (item->barrier >= end) break;
        if (item->barrier >= next) {
          if (!add_run(member, next, item->barrier + 1, 0)) return false;
          next = item->barrier + 1;
        }
        if (!add(*item)) return false;
      }
    }
    return next >= end || add_run(member, next, end, 0);
  }

  bool add_run(Member& member, Sequence from, Sequence to, std::uint32_t cut) noexcept {
    if (own_.count == OwnGather::kSegmentsMax) return false;
    const Stream& stream = *member.view->stream;
    const Filter filter = filter_of(member);
    Added added = Added::whole;
    Sequence at = from;
    for (; at < to && added == Added::whole; ++at) {
      const bool first_cut = cut > 0 && at == from;
      if (!first_cut && fate_of(entry_at(s_, member.log(), at), at, filter) != Fate::send) continue;
      const std::uint64_t begin = start_of(s_, stream, at) + (first_cut ? cut : 0);
      added = own_.pieces.add(s_.chunks, stream.bytes, begin, start_of(s_, stream, at + 1));
      if (added == Added::none) break;
    }
    if (at > from) own_.segments[own_.count++] = {nullptr, &member, at};
    return added == Added::whole;
  }

  State& s_;
  Outlet& outlet_;
  OwnGather& own_;
};

// False: the item is not whole.
bool advance_item(State& s, SessionSlot session, Item& item, std::size_t& taken) noexcept {
  Backlog& backlog = *s.outlets.find(session)->backlog;
  const std::size_t size = std::min<std::size_t>(taken, item.size - item.sent);
  taken -= size;
  item.sent += static_cast<std::uint32_t>(size);
  if (item.sent < item.size) {
    if (item.sent > 0 && &item != backlog.rest) backlog.cut_item = &item;
    if (CHATROOM_PLANTED(double_flush_after_partial_write)) item.sent = 0;
    return false;
  }
  if (&item != backlog.rest) {
    (item.held ? backlog.held : backlog.plain).remove(item);
  }
  drop_item(s, backlog, &item);
  return true;
}

}  // namespace

bool advance(State& s, Member& member, Sequence to, std::size_t& taken) noexcept {
  const Stream& stream = *member.view->stream;
  const Filter filter = filter_of(member);
  Backlog* backlog = s.outlets.find(member.session)->backlog;
  std::uint32_t cut = backlog != nullptr && backlog->cut_member == &member ? backlog->cut : 0;
  Sequence next = next_of(member);
  bool whole = true;
  for (; next < to; ++next, cut = 0) {
    const Entry& entry = entry_at(s, member.log(), next);
    const Fate fate = cut > 0 ? Fate::send : fate_of(entry, next, filter);
    if (fate == Fate::send) {
      const std::size_t size = start_of(s, stream, next + 1) - start_of(s, stream, next) - cut;
      if (taken < size) {
        whole = false;
        break;
      }
      taken -= size;
      tally(s, &member, Column::delivered, entry.priority());
      continue;
    }
    if (fate == Fate::ignored) continue;
    tally(s, &member,
          fate == Fate::merged    ? Column::merged
          : fate == Fate::dropped ? Column::dropped
                                  : Column::excluded,
          entry.priority());
  }
  if (!whole) track(s, member);
  set_next(member, next);
  cut += static_cast<std::uint32_t>(whole ? 0 : taken);
  if (CHATROOM_PLANTED(double_flush_after_partial_write)) cut = 0;
  if (!whole) taken = 0;
  if (backlog == nullptr) backlog = s.outlets.find(member.session)->backlog;
  if (cut > 0) {
    backlog->cut_member = &member;
    backlog->cut = cut;
  } else if (backlog != nullptr && backlog->cut_member == &member) {
    backlog->cut_member = nullptr;
    backlog->cut = 0;
  }
  return whole;
}

std::size_t offer(State& s, Outlet& outlet, SessionSlot session, const Pieces& pieces) noexcept {
  const std::size_t taken = outlet.connection->write(pieces.span());
  CHATROOM_ASSERT(taken <= pieces.bytes());
  if (s.tap.on_write != nullptr) {
    s.tap.on_write(s.tap.context, session, pieces.span(), taken);
  }
  ++s.counters.writes;
  s.counters.bytes_out += taken;
  if (taken < pieces.bytes()) ++s.counters.writes_blocked;
  return taken;
}

bool visit(State& s, SessionSlot session, Instant now) noexcept {
  Outlet& outlet = *s.outlets.find(session);
  if (outlet.doomed) return false;
  if (outlet.backlog != nullptr && outlet.backlog->blocked) return false;
  decide_choices(s, session, now);
  if (outlet.backlog != nullptr) {
    tell_losses(s, session);
    if (outlet.doomed) return false;
  }
  Gathering(s, outlet).gather();
  OwnGather& own = s.own;
  const std::uint32_t offered = own.pieces.bytes();
  const std::size_t taken = offered > 0 ? offer(s, outlet, session, own.pieces) : 0;
  std::size_t left = taken;
  for (std::uint32_t i = 0; i < own.count; ++i) {
    const Segment& segment = own.segments[i];
    const bool whole = segment.item != nullptr ? advance_item(s, session, *segment.item, left)
                                               : advance(s, *segment.member, segment.to, left);
    if (!whole) break;
  }
  after_write(s, session, now, taken<offered, taken> 0);
  return offered > 0;
}

bool Fanout::flush_session(Instant now, SessionSlot session) noexcept {
  State& s = *state_;
  Outlet* outlet = s.outlets.find(session);
  if (outlet == nullptr || outlet->connection == nullptr || outlet->doomed) return true;
  for (int i = 0; i < 4 && visit(s, session, now); ++i) {
  }
  return outlet->backlog == nullptr ||
         (outlet->backlog->tracked == 0 && outlet->backlog->plain.empty() &&
          outlet->backlog->rest == nullptr);
}

}  // namespace chatroom::fanout
