// Staff: the members of a room who may review what is held, so that they are told without walking
// over everybody. The list is short: past kStaffMax, or without memory, somebody is not on it and
// has to ask.
#include "room/links.h"
#include "room/state.h"

namespace chatroom::room {

// The one place where the role of a present member changes.
void Tables::set_role(Room& room, MemberIndex index, Role role) noexcept {
  Member& changed = member(index);
  const bool was = may(changed.role, Operation::review);
  changed.role = role;
  if (room.first_grant != kNone) return tend_staff(room, index);
  const bool is = may(role, Operation::review);
  if (is && !was) join_staff(room, index);
  if (was && !is) leave_staff(room, index);
}

bool Tables::on_staff(const Room& room, MemberIndex index) noexcept {
  std::uint32_t at = room.first_staff;
  while (at != kNone && staff.at(at)->member != index) at = staff.at(at)->next;
  return at != kNone;
}

// Who may review in some channel is on the list too.
void Tables::tend_staff(Room& room, MemberIndex index) noexcept {
  const Member& of = member(index);
  bool is = of.place == Member::Place::present && may(of.role, Operation::review);
  if (const std::uint32_t grant = find_grant(room, of.user);
      grant != kNone && of.place == Member::Place::present) {
    for (const Role role : grants.at(grant)->roles) is = is || may(role, Operation::review);
  }
  const bool was = on_staff(room, index);
  if (is && !was) join_staff(room, index);
  if (was && !is) leave_staff(room, index);
}

void Tables::join_staff(Room& room, MemberIndex index) noexcept {
  std::uint32_t last = kNone;
  std::uint32_t count = 0;
  for (std::uint32_t at = room.first_staff; at != kNone; at = staff.at(at)->next) {
    last = at;
    ++count;
  }
  const std::uint32_t added = count < kStaffMax ? staff.insert() : kNone;
  if (added == kNone) return;
  *staff.at(added) = {.member = index, .previous = last, .next = kNone};
  (last == kNone ? room.first_staff : staff.at(last)->next) = added;
}

void Tables::leave_staff(Room& room, MemberIndex index) noexcept {
  std::uint32_t at = room.first_staff;
  while (at != kNone && staff.at(at)->member != index) at = staff.at(at)->next;
  if (at == kNone) return;
  unlink(staff, room.first_staff, at);
  staff.erase(at);
}

std::uint32_t Registry::next_staff(RoomId id, std::uint32_t at) const noexcept {
  const Room* room = tables_->find_room(id);
  if (room == nullptr) return kNone;
  return at == kNone ? room->first_staff : tables_->staff.at(at)->next;
}

UserIndex Registry::staff_user(std::uint32_t at) const noexcept {
  return tables_->member(tables_->staff.at(at)->member).user;
}

}  // namespace chatroom::room
