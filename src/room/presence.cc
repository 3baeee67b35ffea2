// Who is in a room, and what of it was not told yet. Users count, not sessions.
//
// Joins need no list: whoever arrived since the last telling stands at the end of the room's list.
// Leaves keep their record until they are told. Leaving and coming back in between is nothing, and
// so is coming and leaving, but for those who were given a list meanwhile: for them the one is a
// join and the other a leave.
#include <algorithm>

#include "base/plant.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

constexpr Duration kCountsInterval = Duration::s(1);
// A page goes on where its cursor's member stood. If that one left, a small room is searched.
constexpr std::uint32_t kCursorSearchMax = 4'096;

bool is_after(std::uint32_t arrival, std::uint32_t other) noexcept {
  return static_cast<std::int32_t>(arrival - other) > 0;
}

void settle_leaving(Tables& tables, Room& room, Instant now) noexcept {
  while (room.leaving.first != kNone) tables.settle(room.leaving.first, now);
}

}  // namespace

// ---- Changes

void Tables::arrive(Room& room, MemberIndex index, Instant now) noexcept {
  move_to(index, Member::Place::present);
  Member& arrived = member(index);
  arrived.arrival = ++room.arrivals;
  arrived.set_since(now.unix_ms());
  if (Extra* const kept = extra(arrived)) kept->tag = 0;
  ++room.users;
  watch_idle(room, now);
  if (room.users > limits.presence_exact && !room.counts_only) {
    room.counts_only = true;
    settle_leaving(*this, room, now);
  }
  presence_changed(room);
}

void Tables::depart(Room& room, MemberIndex index, Instant now) noexcept {
  --room.users;
  watch_idle(room, now);
  Member& gone = member(index);
  set_role(room, index, Role::visitor);
  if (room.first_grant != kNone) leave_staff(room, index);
  drop_attributes(room, index);
  gone.follower = false;
  const bool tell = gone.told && !room.counts_only && !CHATROOM_PLANTED(presence_leave_lost);
  move_to(index, tell ? Member::Place::leaving : Member::Place::away);
  if (!tell) settle(index, now);
  presence_changed(room);
}

void Tables::presence_changed(Room& room) noexcept {
  ++room.presence_version;
  room.presence_changed = true;
  const bool listed = static_cast<base::ListNode<DirtyTag>&>(room).linked();
  if (!listed && !room.presence_resting) dirty.push_back(room);
}

// ---- Telling

RoomId Registry::next_presence(Instant now) noexcept {
  Tables& t = *tables_;
  while (!t.resting.empty() && t.resting.top_key() <= now.us) {
    Room& room = t.room(t.resting.top());
    t.resting.remove(room.id.index);
    room.presence_resting = false;
    if (room.presence_changed) t.dirty.push_back(room);
  }
  const Room* room = t.dirty.front();
  return room == nullptr ? RoomId{} : room->id;
}

Instant Registry::next_presence_due() const noexcept {
  return tables_->resting.empty() ? Instant::never() : Instant{tables_->resting.top_key()};
}

namespace {

void list_joins(Tables& tables, const Registry& registry, Room& room) noexcept {
  tables.presence.clear();
  MemberIndex first = kNone;
  for (MemberIndex at = room.present.last; at != kNone; at = tables.member(at).previous) {
    if (!is_after(tables.member(at).arrival, room.arrivals_told)) break;
    first = at;
  }
  for (MemberIndex at = first; at != kNone; at = tables.member(at).next) {
    Member& member = tables.member(at);
    if (member.told && !member.missed) continue;  // it left and came back
    member.told = true;
    member.missed = false;
    CHATROOM_ASSERT(tables.presence.push_back(registry.describe(at)));
  }
}

// Copies: their records go with the telling.
void list_leaves(Tables& tables, Room& room, Instant now) noexcept {
  tables.leaves.clear();
  tables.leave_texts.clear();
  while (room.leaving.first != kNone) {
    const MemberIndex index = room.leaving.first;
    const std::string_view id = tables.user(tables.member(index).user).id();
    const char* at = tables.leave_texts.data() + tables.leave_texts.size();
    CHATROOM_ASSERT(tables.leave_texts.append({id.data(), id.size()}));
    CHATROOM_ASSERT(tables.leaves.push_back({at, id.size()}));
    tables.settle(index, now);
  }
}

}  // namespace

PresenceChange Registry::take_presence(RoomId id, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  CHATROOM_ASSERT(room != nullptr);
  if (static_cast<base::ListNode<DirtyTag>&>(*room).linked()) t.dirty.remove(*room);
  room->presence_changed = false;
  PresenceChange change{
      .online = room->users, .version = room->presence_version, .exact = !room->counts_only};
  if (change.exact) {
    list_joins(t, *this, *room);
    list_leaves(t, *room, now);
    change.joins = {t.presence.begin(), t.presence.end()};
    change.leaves = {t.leaves.begin(), t.leaves.end()};
    // Alone, so that they fit a frame; what is left at once, under a version of its own.
    const bool alone = change.joins.empty() && change.leaves.empty();
    if (alone) change.changes = t.list_changes(*room);
    if (t.has_changes(*room)) t.presence_changed(*room);
  } else {
    t.forget_changes(*room);
    const Duration rest = CHATROOM_PLANTED(presence_never_rests) ? Duration{1} : kCountsInterval;
    room->presence_resting = true;
    t.resting.set(id.index, (now + rest).us);
    if (room->users <= t.limits.presence_exact) {
      // Few enough again: from here on changes are told one by one, on top of who is here now.
      room->counts_only = false;
      for (MemberIndex at = room->present.first; at != kNone; at = t.member(at).next) {
        t.member(at).told = true;
      }
    }
  }
  room->arrivals_told = room->arrivals;
  return change;
}

void Registry::presence_untold(RoomId id, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  CHATROOM_ASSERT(room != nullptr);
  if (CHATROOM_PLANTED(presence_change_forgotten)) return;
  room->counts_only = true;
  settle_leaving(t, *room, now);
  room->presence_changed = true;
  if (room->presence_resting || static_cast<base::ListNode<DirtyTag>&>(*room).linked()) return;
  room->presence_resting = true;
  t.resting.set(id.index, (now + kCountsInterval).us);
}

// ---- Asking

namespace {

struct Cursor {
  MemberIndex member = kNone;
  std::uint32_t arrival = 0;
};

bool read_cursor(std::string_view text, Cursor& cursor) noexcept {
  const std::uint64_t both = epoch_from(text);
  cursor = {static_cast<std::uint32_t>(both >> 32), static_cast<std::uint32_t>(both)};
  return both != 0;
}

// The member after the cursor's. False: that place is gone.
bool resume(Tables& tables, const Room& room, const Cursor& cursor, MemberIndex& next) noexcept {
  const Member* at = tables.members.at(cursor.member);
  if (at != nullptr && at->room == room.id.index && at->arrival == cursor.arrival &&
      at->place == Member::Place::present) {
    next = at->next;
    return true;
  }
  if (room.users > kCursorSearchMax) return false;
  next = room.present.first;
  while (next != kNone && !is_after(tables.member(next).arrival, cursor.arrival)) {
    next = tables.member(next).next;
  }
  return true;
}

}  // namespace

Result<PresencePage> Registry::presence(RoomId id, std::uint32_t limit, std::string_view cursor,
                                        const std::uint64_t* since_version) noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  PresencePage page{.online = room->users, .version = room->presence_version};
  MemberIndex at = room->present.first;
  if (!cursor.empty()) {
    Cursor from;
    if (!read_cursor(cursor, from)) return Errc::bad_request;
    if (!resume(t, *room, from, at)) return Errc::position_lost;
  } else if (since_version != nullptr && *since_version == room->presence_version) {
    page.unchanged = true;
    return page;
  }
  for (MemberIndex out = room->leaving.first; out != kNone; out = t.member(out).next) {
    t.member(out).missed = true;
  }
  if (limit == 0) limit = 50;
  limit = std::min(limit, kPresencePageMax);
  t.presence.clear();
  t.show_anew();
  MemberIndex last = kNone;
  for (; at != kNone && t.presence.size() < limit; at = t.member(at).next) {
    chatroom::Member shown = describe(at);
    if (!t.show_attributes(at, shown)) break;
    CHATROOM_ASSERT(t.presence.push_back(shown));
    last = at;
    // One knows of it before all were told: both that it came and that it goes are to be told.
    Member& given = t.member(at);
    if (!given.told) given.told = given.missed = true;
  }
  page.members = {t.presence.begin(), t.presence.end()};
  if (at != kNone) {
    const EpochText text = epoch_text(std::uint64_t{last} << 32 | t.member(last).arrival);
    std::copy_n(text.text, 16, t.cursor.begin());
    page.next = {t.cursor.data(), 16};
  }
  return page;
}

}  // namespace chatroom::room
