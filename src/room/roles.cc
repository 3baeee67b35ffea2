// Members as the host and the rules see them: role, tag, list.
#include "base/plant.h"
#include "base/utf8.h"
#include "room/state.h"

namespace chatroom::room {

MemberIndex Registry::member(RoomId id, UserIndex user) const noexcept {
  if (user == kNone || tables_->find_room(id) == nullptr) return kNone;
  const MemberIndex index = tables_->find_member(id.index, user);
  if (index == kNone) return kNone;
  return tables_->member(index).place == Member::Place::present ? index : kNone;
}

Role Registry::role(RoomId id, UserIndex user) const noexcept {
  const MemberIndex index = member(id, user);
  return index == kNone ? Role::visitor : tables_->member(index).role;
}

Role Registry::rank(RoomId id, std::string_view user_id) const noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr) return Role::visitor;
  if (!room->policy.owner.empty() && user_id == room->policy.owner) return Role::owner;
  const UserIndex user = t.find_user(user_id);
  if (user == kNone) return Role::member;
  const MemberIndex index = t.find_member(id.index, user);
  if (index == kNone || t.member(index).place != Member::Place::present) {
    return t.role_on_join(*room, user, index);
  }
  return t.member(index).role;
}

std::uint32_t Registry::arrival(MemberIndex index) const noexcept {
  return tables_->member(index).arrival;
}

Tag Registry::tag(MemberIndex index) const noexcept {
  const Extra* const extra = tables_->extra(tables_->member(index));
  return extra == nullptr ? Tag{0} : extra->tag;
}
bool Registry::set_tag(MemberIndex index, Tag tag) noexcept {
  Member& member = tables_->member(index);
  if (tag == 0 && member.extra == kNone) return true;
  Extra* const extra = tables_->make_extra(member);
  if (extra != nullptr) extra->tag = tag;
  return extra != nullptr;
}

namespace {

// Takes away what lasts; not_found: there is nothing.
Result<RoleChange> end_lasting_of_absent(Tables& tables, const Room& room,
                                         std::string_view id) noexcept {
  const UserIndex user = tables.find_user(id);
  const MemberIndex index = user == kNone ? kNone : tables.find_member(room.id.index, user);
  if (index == kNone || tables.member(index).lasting == Role::visitor) return Errc::not_found;
  const RoleChange change{tables.role_on_join(room, user, index), Role::visitor, false};
  tables.set_lasting(index, Role::visitor);
  // Who is leaving is looked at once that is told.
  if (tables.member(index).place == Member::Place::away) tables.drop_member(index);
  return change;
}

// Of somebody who is not in: only what lasts can be given.
Result<RoleChange> set_role_of_absent(Tables& tables, Room& room, std::string_view id,
                                      Role role) noexcept {
  if (role == Role::visitor && !CHATROOM_PLANTED(visitor_keeps_role)) {
    return end_lasting_of_absent(tables, room, id);
  }
  if (!is_lasting(role)) return Errc::not_found;
  if (!base::valid_name(id, kNameBytes)) return Errc::bad_request;
  const UserIndex user = tables.hold_user(id);  // while its record is made
  if (user == kNone) return Errc::limit_reached;
  MemberIndex index = tables.find_member(room.id.index, user);
  const bool made = index == kNone;
  if (made) index = tables.make_member(room, user);
  RoleChange change;
  bool given = false;
  if (index != kNone) {
    change = {tables.role_on_join(room, user, index), role, false};
    given = tables.set_lasting(index, role);
    if (given) tables.stop_lingering(index);
    if (!given && made) tables.drop_member(index);
  }
  tables.release_user(user);
  if (!given) return Errc::limit_reached;
  return change;
}

}  // namespace

Result<RoleChange> Registry::set_role(RoomId id, std::string_view user_id, Role role) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  const UserIndex user = t.find_user(user_id);
  const MemberIndex index = member(id, user);
  if (index == kNone) return set_role_of_absent(t, *room, user_id, role);
  const bool ends = role == Role::visitor && !CHATROOM_PLANTED(visitor_keeps_role);
  if ((ends || is_lasting(role)) && !t.set_lasting(index, role)) return Errc::limit_reached;
  const RoleChange change{t.member(index).role, role, true};
  t.set_role(*room, index, role);
  if (change.from != change.to) t.presence_changed(*room);
  return change;
}

Role Registry::lasting_role(RoomId id, std::string_view user_id) const noexcept {
  const UserIndex user = tables_->find_user(user_id);
  const MemberIndex index = user == kNone || tables_->find_room(id) == nullptr
                                ? kNone
                                : tables_->find_member(id.index, user);
  return index == kNone ? Role::visitor : tables_->member(index).lasting;
}

// Somebody owns it, so nobody is given it for coming first.
bool Registry::restore_lasting(RoomId id, std::string_view user, Role role) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr || !is_lasting(role)) return false;
  if (role == Role::owner) room->owned = true;
  return lasting_role(id, user) != Role::visitor || set_role(id, user, role);
}

// Owners and admins first.
bool Registry::each_lasting(RoomId id, LastingVisitor visit, void* context) const noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr) return true;
  for (const bool high : {true, false}) {
    for (std::uint32_t at = room->first_lasting; at != kNone; at = t.lasting.at(at)->next) {
      const Member& member = t.member(t.lasting.at(at)->member);
      if ((member.lasting > Role::member) != high) continue;
      if (!visit(context, t.user(member.user).id(), member.lasting)) return false;
    }
  }
  return true;
}

bool Registry::owned(RoomId id) const noexcept {
  const Room* room = tables_->find_room(id);
  return room != nullptr && room->owned;
}

void Registry::restore_owned(RoomId id) noexcept {
  if (Room* room = tables_->find_room(id)) room->owned = true;
}

// Who has more here, for as long as he stays, keeps it.
Status Registry::invite(RoomId id, std::string_view user_id) noexcept {
  Tables& t = *tables_;
  if (t.find_room(id) == nullptr) return Errc::not_found;
  const UserIndex user = t.find_user(user_id);
  const MemberIndex index = member(id, user);
  if (index == kNone || t.member(index).role <= Role::member) {
    return set_role(id, user_id, Role::member).error();
  }
  return t.set_lasting(index, Role::member) ? Status{} : Status{Errc::limit_reached};
}

void Registry::set_follower(RoomId id, UserIndex user) noexcept {
  if (tables_->find_room(id) == nullptr || user == kNone) return;
  if (Member* member = tables_->present_member(id.index, user)) member->follower = true;
}

MemberIndex Registry::first_member(RoomId id) const noexcept {
  const Room* room = tables_->find_room(id);
  return room == nullptr ? kNone : room->present.first;
}

MemberIndex Registry::next_member(MemberIndex index) const noexcept {
  return tables_->member(index).next;
}

chatroom::Member Registry::describe(MemberIndex index) const noexcept {
  const Member& member = tables_->member(index);
  const User& user = tables_->user(member.user);
  return {user.id(), user.shown(), member.role, member.since_ms(), {}};
}

}  // namespace chatroom::room
