// Member records from the first join to the last thing worth remembering.
#include "room/links.h"
#include "room/state.h"

namespace chatroom::room {

MemberIndex Tables::find_member(std::uint32_t room, UserIndex user) noexcept {
  const MemberIndex* found = member_index.find(base::key_of_number(MemberPair{room, user}));
  return found == nullptr ? kNone : *found;
}

Member* Tables::present_member(std::uint32_t room, UserIndex user) noexcept {
  const MemberIndex index = find_member(room, user);
  if (index == kNone) return nullptr;
  Member& found = member(index);
  return found.place == Member::Place::present ? &found : nullptr;
}

MemberIndex Tables::make_member(Room& room, UserIndex user_index_of) noexcept {
  // A reference first: forgetting a lingering record must not take this user away.
  ++user(user_index_of).references;
  MemberIndex index = members.insert();
  while (index == kNone && forget_lingering()) index = members.insert();
  if (index != kNone) {
    Member& fresh = member(index);
    fresh.room = room.id.index;
    fresh.user = user_index_of;
    if (member_index.insert(index) != nullptr) {
      attach(index, Member::Place::away);
      return index;
    }
    members.erase(index);
  }
  release_user(user_index_of);
  return kNone;
}

void Tables::drop_member(MemberIndex index) noexcept {
  Member& gone = member(index);
  CHATROOM_ASSERT(gone.place != Member::Place::present);
  stop_lingering(index);
  set_lasting(index, Role::visitor);
  detach(gone);
  if (gone.extra != kNone) extras.erase(gone.extra);
  const UserIndex user_index_of = gone.user;
  member_index.erase(base::key_of_number(MemberPair{gone.room, gone.user}));
  members.erase(index);
  release_user(user_index_of);
}

Extra* Tables::make_extra(Member& member) noexcept {
  if (member.extra == kNone) member.extra = extras.insert();
  return extra(member);
}

MemberList& Tables::list_of(const Member& member) noexcept {
  Room& home = room(member.room);
  switch (member.place) {
    case Member::Place::present:
      return home.present;
    case Member::Place::leaving:
      return home.leaving;
    case Member::Place::away:
      break;
  }
  return home.away;
}

void Tables::attach(MemberIndex index, Member::Place place) noexcept {
  Member& added = member(index);
  added.place = place;
  MemberList& list = list_of(added);
  added.previous = list.last;
  added.next = kNone;
  (list.last == kNone ? list.first : member(list.last).next) = index;
  list.last = index;
  added.first_membership = kNone;
  added.last_membership = kNone;
}

void Tables::detach(Member& gone) noexcept {
  MemberList& list = list_of(gone);
  (gone.previous == kNone ? list.first : member(gone.previous).next) = gone.next;
  (gone.next == kNone ? list.last : member(gone.next).previous) = gone.previous;
}

void Tables::move_to(MemberIndex index, Member::Place place) noexcept {
  stop_lingering(index);
  detach(member(index));
  attach(index, place);
}

bool Tables::binds(const Member& member, Instant now) noexcept {
  const Extra* const said = extra(member);
  if (said == nullptr) return false;
  const Duration slow_mode = Duration::s(room(member.room).policy.slow_mode_s);
  const bool slow = member.spoke && base::saturating_add(said->spoke_us, slow_mode.us) > now.us;
  return slow || !said->publishes.full(now);
}

void Tables::settle(MemberIndex index, Instant now) noexcept {
  Member& left = member(index);
  CHATROOM_ASSERT(left.place != Member::Place::present);
  left.told = left.missed = false;
  if (left.lasting == Role::visitor && !binds(left, now)) return drop_member(index);
  if (left.place != Member::Place::away) move_to(index, Member::Place::away);
  if (left.lasting != Role::visitor || left.lingering) return;
  if (lingering == sizes.lingering) forget_lingering();
  left.lingering = true;
  left.linger_previous = last_lingering;
  left.linger_next = kNone;
  (last_lingering == kNone ? first_lingering : member(last_lingering).linger_next) = index;
  last_lingering = index;
  ++lingering;
}

void Tables::stop_lingering(MemberIndex index) noexcept {
  Member& found = member(index);
  if (!found.lingering) return;
  const MemberIndex before = found.linger_previous;
  const MemberIndex after = found.linger_next;
  (before == kNone ? first_lingering : member(before).linger_next) = after;
  (after == kNone ? last_lingering : member(after).linger_previous) = before;
  found.lingering = false;
  --lingering;
}

bool Tables::forget_lingering() noexcept {
  if (first_lingering == kNone) return false;
  drop_member(first_lingering);
  return true;
}

// A few a call: each leave adds at most one, so they go as fast as they come.
void Tables::forget_expired(Instant now) noexcept {
  for (int i = 0; i < 4 && first_lingering != kNone; ++i) {
    if (binds(member(first_lingering), now)) return;
    drop_member(first_lingering);
  }
}

Role Tables::role_on_join(const Room& room, UserIndex joining, MemberIndex remembered) noexcept {
  const User& who = user(joining);
  if (!room.policy.owner.empty() && who.id() == room.policy.owner) return Role::owner;
  if (remembered != kNone && member(remembered).lasting != Role::visitor) {
    return member(remembered).lasting;
  }
  return who.role;
}

// Who has one stands in a list of the room's, so that its record finds him among however many are
// there.
bool Tables::set_lasting(MemberIndex index, Role role) noexcept {
  Member& changed = member(index);
  Room& home = room(changed.room);
  const bool had = changed.lasting != Role::visitor;
  const bool has = role != Role::visitor;
  if (has && !had) {
    const std::uint32_t added = lasting.insert();
    if (added == kNone) return false;
    lasting.at(added)->member = index;
    link_first(lasting, home.first_lasting, added);
  }
  if (had && !has) {
    std::uint32_t at = home.first_lasting;
    while (lasting.at(at)->member != index) at = lasting.at(at)->next;
    unlink(lasting, home.first_lasting, at);
    lasting.erase(at);
  }
  changed.lasting = role;
  if (!has) return true;
  // Who may come in has nothing to apply for.
  const std::uint32_t applied = find_waiter(changed.room, changed.user, Line::apply);
  if (applied != kNone) drop_waiter(applied);
  return true;
}

}  // namespace chatroom::room
