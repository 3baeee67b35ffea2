// Lines: in front of a full room, and of members who would like to speak. One record for both: a
// user's place in a queue of a room. Only rooms where somebody waits hold anything.
//
// A place that becomes free is kept for whoever stands first (`called`) until he joins or his time
// is over; nobody else gets in meanwhile, but for those who may exceed the room's members. So who
// came first is first in, and the room's members are never more than its policy says.
#include <algorithm>
#include <utility>

#include "base/checked.h"
#include "base/plant.h"
#include "base/utf8.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

constexpr std::int64_t kTellIntervalUs =
    1'000'000;  // places and counts of a room, at most so often

std::size_t number(Line line) noexcept { return static_cast<std::size_t>(line); }

Queue& queue_of(Tables& tables, const Waiter& waiter) noexcept {
  Lines& lines = *tables.room(waiter.room).lines;
  return waiter.called ? lines.called : lines.waiting[number(waiter.line)];
}

void link(Tables& tables, std::uint32_t index) noexcept {
  Waiter& added = *tables.waiters.at(index);
  Queue& queue = queue_of(tables, added);
  added.previous = queue.last;
  added.next = kNone;
  (queue.last == kNone ? queue.first : tables.waiters.at(queue.last)->next) = index;
  queue.last = index;
  ++queue.count;
}

void unlink(Tables& tables, const Waiter& gone) noexcept {
  Queue& queue = queue_of(tables, gone);
  queue.moved = queue.moved || gone.next != kNone;
  (gone.previous == kNone ? queue.first : tables.waiters.at(gone.previous)->next) = gone.next;
  (gone.next == kNone ? queue.last : tables.waiters.at(gone.next)->previous) = gone.previous;
  --queue.count;
}

std::uint32_t length_of(const RoomPolicy& policy, Line line) noexcept {
  switch (line) {
    case Line::room:
      return policy.line_length;
    case Line::speak:
      return policy.hands;
    case Line::apply:
      break;
  }
  return policy.by_invitation ? policy.applications : 0;
}

// Their turn: the place is theirs for a while.
void call(Tables& tables, Room& room, std::uint32_t index, Instant now) noexcept {
  Waiter& waiter = *tables.waiters.at(index);
  unlink(tables, waiter);
  waiter.called = true;
  waiter.told = kNone;  // that it is its turn is still to be told
  waiter.until_us = base::saturating_add(now.us, room.policy.line_hold.us);
  link(tables, index);
}

// One room's lines, while they are tended.
struct Tending {
  Tables& tables;
  Room& room;
  Instant now;
  LineVisitor visit;
  void* context;

  Lines& lines() const noexcept { return *room.lines; }
  void tell(LineNews::What what, const Waiter& waiter, std::uint32_t place = 0) const noexcept {
    const bool called = what == LineNews::What::called;
    visit(context, {what, waiter.line, waiter.user, place,
                    called ? Instant{waiter.until_us} : Instant::never()});
  }

  void end_turns() const noexcept {
    for (std::uint32_t at = lines().called.first; at != kNone;) {
      const Waiter over = *tables.waiters.at(at);
      if (over.until_us > now.us) {
        at = over.next;
        continue;
      }
      tell(LineNews::What::removed, over);
      tables.drop_waiter(at);
      at = over.next;
    }
  }

  void call_who_fits() const noexcept {
    Queue& waiting = lines().waiting[number(Line::room)];
    while (waiting.count > 0 && tables.has_place(room)) {
      call(tables, room, CHATROOM_PLANTED(last_in_line_first) ? waiting.last : waiting.first, now);
    }
    for (std::uint32_t at = lines().called.first; at != kNone;) {
      Waiter& waiter = *tables.waiters.at(at);
      if (waiter.told != 0) {
        waiter.told = 0;
        tell(LineNews::What::called, waiter);
      }
      at = waiter.next;
    }
  }

  void tell_places(Line line) const noexcept {
    Queue& queue = lines().waiting[number(line)];
    if (queue.moved) {
      queue.moved = false;
      std::uint32_t place = 0;
      for (std::uint32_t at = queue.first; at != kNone; at = tables.waiters.at(at)->next) {
        Waiter& waiter = *tables.waiters.at(at);
        if (waiter.told == ++place) continue;
        waiter.told = place;
        tell(LineNews::What::place, waiter, place);
      }
    }
    if (queue.count == queue.told) return;
    queue.told = queue.count;
    visit(context, {LineNews::What::count, line, kNone, queue.count, Instant::never()});
  }

  // When there is something to do next; false: nobody is left and all is told.
  bool next(Instant& at) const noexcept {
    at = Instant::never();
    for (std::uint32_t i = lines().called.first; i != kNone; i = tables.waiters.at(i)->next) {
      at = std::min(at, Instant{tables.waiters.at(i)->until_us});
    }
    bool more = lines().called.count > 0;
    for (const Queue& queue : lines().waiting) {
      more = more || queue.count > 0 || queue.told > 0;
      if (queue.moved || queue.told != queue.count) {
        at = std::min(at, Instant{lines().told_us + kTellIntervalUs});
      }
    }
    return more;
  }
};

}  // namespace

// ---- Places

std::uint32_t Tables::find_waiter(std::uint32_t home, UserIndex who, Line line) noexcept {
  if (!user(who).waits) return kNone;
  const std::uint32_t* found = waiter_index.find(base::key_of_number(who));
  std::uint32_t at = found == nullptr ? kNone : *found;
  while (at != kNone && (waiters.at(at)->room != home || waiters.at(at)->line != line)) {
    at = waiters.at(at)->user_next;
  }
  return at;
}

std::uint32_t Tables::make_waiter(Room& home, UserIndex who, Line line, Instant now) noexcept {
  // Who applied may go, and costs nothing meanwhile: half of the places is for who is here.
  if (line == Line::apply && applicants >= limits.line_places / 2) return kNone;
  const bool fresh_lines = home.lines == nullptr;
  if (fresh_lines) home.lines = lines.make();
  if (home.lines == nullptr) return kNone;
  const std::uint32_t index = waiters.insert();
  if (index != kNone) {
    Waiter& fresh = *waiters.at(index);
    fresh.user = who;
    fresh.room = home.id.index;
    fresh.line = line;
    fresh.since_ms = now.unix_ms();
    std::uint32_t* first = waiter_index.find(base::key_of_number(who));
    if (first != nullptr) fresh.user_next = std::exchange(*first, index);
    if (first != nullptr || waiter_index.insert(index) != nullptr) {
      user(who).waits = true;
      applicants += line == Line::apply ? 1 : 0;
      ++user(who).references;  // who applied may go meanwhile
      link(*this, index);
      return index;
    }
    waiters.erase(index);
  }
  if (fresh_lines) drop_lines(home);
  return kNone;
}

void Tables::drop_waiter(std::uint32_t index) noexcept {
  const Waiter gone = *waiters.at(index);
  unlink(*this, gone);
  applicants -= gone.line == Line::apply ? 1 : 0;
  std::uint32_t* first = waiter_index.find(base::key_of_number(gone.user));
  CHATROOM_ASSERT(first != nullptr);
  if (*first != index) {
    std::uint32_t at = *first;
    while (waiters.at(at)->user_next != index) at = waiters.at(at)->user_next;
    waiters.at(at)->user_next = gone.user_next;
  } else if (gone.user_next != kNone) {
    *first = gone.user_next;
  } else {
    waiter_index.erase(base::key_of_number(gone.user));
    user(gone.user).waits = false;
  }
  waiters.erase(index);
  tend_soon(room(gone.room));
  release_user(gone.user);
}

// The user's last session goes. What it applied for waits on: whoever decides may be hours away.
void Tables::drop_waiters_of(UserIndex who) noexcept {
  if (!user(who).waits) return;
  for (std::uint32_t at = *waiter_index.find(base::key_of_number(who)); at != kNone;) {
    const std::uint32_t gone = std::exchange(at, waiters.at(at)->user_next);
    if (waiters.at(gone)->line != Line::apply) drop_waiter(gone);
  }
}

void Tables::drop_lines(Room& home) noexcept {
  if (home.lines == nullptr) return;
  for (Queue& queue : home.lines->waiting) {
    while (queue.first != kNone) drop_waiter(queue.first);
  }
  while (home.lines->called.first != kNone) drop_waiter(home.lines->called.first);
  tended.remove(home.id.index);
  lines.destroy(home.lines);
  home.lines = nullptr;
}

void Tables::tend_soon(Room& home) noexcept {
  if (home.lines != nullptr) tended.set(home.id.index, INT64_MIN);
}

// ---- Who gets in

bool Tables::has_place(const Room& home) noexcept {
  const std::uint32_t kept = home.lines == nullptr || CHATROOM_PLANTED(kept_place_given_away)
                                 ? 0
                                 : home.lines->called.count;
  return home.policy.max_members == 0 || home.users + kept < home.policy.max_members;
}

// A place that was promised is kept whatever changed meanwhile.
bool Tables::may_enter(const Room& home, UserIndex who, Role role) noexcept {
  if (home.policy.max_members == 0 || may(role, Operation::exceed_max_members)) return true;
  const std::uint32_t waiter = find_waiter(home.id.index, who, Line::room);
  if (waiter != kNone && waiters.at(waiter)->called) return true;
  const bool line = home.lines != nullptr && home.lines->waiting[number(Line::room)].count > 0;
  return has_place(home) && !line;
}

// Rooms by invitation: who was given a lasting role, the owner by policy, whom the host made a
// moderator or more.
bool Tables::is_invited(const Room& home, UserIndex who) noexcept {
  if (!home.policy.by_invitation || CHATROOM_PLANTED(uninvited_let_in)) return true;
  const MemberIndex known = find_member(home.id.index, who);
  if (known != kNone && member(known).lasting != Role::visitor) return true;
  return role_on_join(home, who, known) >= Role::moderator;
}

// ---- What members do

Result<std::uint32_t> Registry::enqueue(RoomId id, UserIndex user, Line line,
                                        Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  if (const Error banned = t.sanctioned(*room, user, Measure::ban, now); banned.code != Errc::ok) {
    return banned;
  }
  const bool in = t.present_member(id.index, user) != nullptr;
  if (in && line != Line::speak) return Errc::already_member;
  // Who may come in has nothing to ask for; who may not has no place to wait for.
  if (line == Line::apply && t.is_invited(*room, user)) return Errc::already_member;
  if (line == Line::room && !t.is_invited(*room, user)) return Errc::forbidden;
  if (!in && line == Line::speak) return Errc::not_member;
  if (const std::uint32_t known = t.find_waiter(id.index, user, line); known != kNone) {
    Waiter& waiter = *t.waiters.at(known);
    waiter.told = kNone;  // its place is told again, with the next telling
    queue_of(t, waiter).moved = true;
    t.tend_soon(*room);
    return 0u;
  }
  const std::uint32_t waiting =
      room->lines == nullptr ? 0 : room->lines->waiting[number(line)].count;
  const bool walks_in = line == Line::room && waiting == 0 && t.has_place(*room);
  if (!walks_in && waiting >= length_of(room->policy, line)) return Errc::queue_full;
  const std::uint32_t added = t.make_waiter(*room, user, line, now);
  if (added == kNone) return Errc::queue_full;
  t.waiters.at(added)->told = waiting + 1;
  t.tend_soon(*room);
  return walks_in ? 0 : waiting + 1;
}

Status Registry::dequeue(RoomId id, UserIndex user, Line line) noexcept {
  Tables& t = *tables_;
  if (t.find_room(id) == nullptr || user == kNone) return Errc::not_found;
  const std::uint32_t waiter = t.find_waiter(id.index, user, line);
  if (waiter == kNone) return Errc::not_found;
  t.drop_waiter(waiter);
  return {};
}

bool Registry::waits(UserIndex user) const noexcept {
  return user != kNone && tables_->user(user).waits;
}

Result<UserIndex> Registry::call_next(RoomId id, Line line, std::string_view user_id,
                                      Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr || room->lines == nullptr) return Errc::not_found;
  std::uint32_t index = room->lines->waiting[number(line)].first;
  if (!user_id.empty()) {
    const UserIndex user = t.find_user(user_id);
    index = user == kNone ? kNone : t.find_waiter(id.index, user, line);
  }
  if (index == kNone) return Errc::not_found;
  const UserIndex user = t.waiters.at(index)->user;
  if (line != Line::room) {
    t.drop_waiter(index);
    return user;
  }
  if (t.waiters.at(index)->called) return user;
  if (!t.has_place(*room)) return Errc::room_full;
  call(t, *room, index, now);
  t.tend_soon(*room);
  return user;
}

bool Registry::is_invited(RoomId id, std::string_view user_id) const noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr) return false;
  const UserIndex user = t.find_user(user_id);
  return user == kNone ? !room->policy.by_invitation : t.is_invited(*room, user);
}

// As kept with the room: behind those who applied before.
bool Registry::restore_applicant(RoomId id, std::string_view user_id, std::string_view nick,
                                 std::int64_t since_ms) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr || !base::valid_name(user_id, kNameBytes)) return false;
  const UserIndex user = t.remember_user(user_id);
  if (user == kNone) return false;
  ++t.user(user).references;
  const bool asks = !t.is_invited(*room, user) &&
                    t.find_waiter(id.index, user, Line::apply) == kNone &&
                    waiting(id, Line::apply) < length_of(room->policy, Line::apply);
  const std::uint32_t added =
      asks ? t.make_waiter(*room, user, Line::apply, Instant{since_ms * 1'000}) : kNone;
  // Who is here is called what he signed in with.
  UserNames& names = t.user(user).names;
  const bool fits = nick.size() <= kNameBytes;
  if (added != kNone && t.user(user).sessions == 0 && names.nick().empty() && nick != user_id &&
      fits) {
    static_cast<void>(names.keep(t.texts, names.id(), nick, names.info()));  // else its id is shown
  }
  t.release_user(user);
  if (added == kNone) return false;
  t.tend_soon(*room);
  return true;
}

std::uint32_t Registry::waiting(RoomId id, Line line) const noexcept {
  const Room* room = tables_->find_room(id);
  if (room == nullptr || room->lines == nullptr) return 0;
  return room->lines->waiting[number(line)].count;
}

std::span<const chatroom::Member> Registry::list_line(RoomId id, Line line,
                                                      std::uint32_t limit) noexcept {
  Tables& t = *tables_;
  t.presence.clear();
  const Room* room = t.find_room(id);
  if (room == nullptr || room->lines == nullptr) return {};
  std::uint32_t at = room->lines->waiting[number(line)].first;
  for (; at != kNone && t.presence.size() < std::min(limit, kPresencePageMax);
       at = t.waiters.at(at)->next) {
    const Waiter& waiter = *t.waiters.at(at);
    const User& user = t.user(waiter.user);
    const Member* member = t.present_member(id.index, waiter.user);
    const Role role = member == nullptr ? user.role : member->role;
    CHATROOM_ASSERT(t.presence.push_back({user.id(), user.shown(), role, waiter.since_ms}));
  }
  return {t.presence.data(), t.presence.size()};
}

// ---- Tending

RoomId Registry::next_line(Instant now) noexcept {
  const IndexHeap& tended = tables_->tended;
  return tended.empty() || tended.top_key() > now.us ? RoomId{} : tables_->room(tended.top()).id;
}

Instant Registry::next_line_due() const noexcept {
  return tables_->tended.empty() ? Instant::never() : Instant{tables_->tended.top_key()};
}

void Registry::tend_line(RoomId id, Instant now, LineVisitor visit, void* context) noexcept {
  Tables& t = *tables_;
  Room& room = *t.find_room(id);
  CHATROOM_ASSERT(room.lines != nullptr);
  const Tending tending{t, room, now, visit, context};
  tending.end_turns();
  tending.call_who_fits();
  if (now.us - room.lines->told_us >= kTellIntervalUs) {
    bool tells = false;
    for (const Queue& queue : room.lines->waiting) {
      tells = tells || queue.moved || queue.told != queue.count;
    }
    for (const Line line : {Line::room, Line::speak, Line::apply}) tending.tell_places(line);
    if (tells) room.lines->told_us = now.us;
  }
  Instant next;
  if (!tending.next(next)) return t.drop_lines(room);
  if (next == Instant::never()) return t.tended.remove(id.index);
  t.tended.set(id.index, next.us);
}

void Registry::end_line(RoomId id, LineVisitor visit, void* context) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr || room->lines == nullptr) return;
  const Tending tending{t, *room, {}, visit, context};
  for (const Queue* queue : {&room->lines->called, &room->lines->waiting[0],
                             &room->lines->waiting[1], &room->lines->waiting[2]}) {
    for (std::uint32_t at = queue->first; at != kNone; at = t.waiters.at(at)->next) {
      tending.tell(LineNews::What::removed, *t.waiters.at(at));
    }
  }
  t.drop_lines(*room);
}

}  // namespace chatroom::room
