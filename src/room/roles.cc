// Members as the host and the rules see them: role, tag, list.
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

// Of somebody who is not in: only what lasts can be given.
Result<RoleChange> set_role_of_absent(Tables& tables, Room& room, std::string_view id,
                                      Role role) noexcept {
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
    given = tables.set_lasting(tables.member(index), role);
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
  Member* member = user == kNone ? nullptr : t.present_member(id.index, user);
  if (member == nullptr) return set_role_of_absent(t, *room, user_id, role);
  if (is_lasting(role) && !t.set_lasting(*member, role)) return Errc::limit_reached;
  const RoleChange change{member->role, role, true};
  t.set_role(*room, t.find_member(id.index, user), role);
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

// Owners and admins first. Of those who are in now only the first few thousand are looked at: a
// room so large is walked by nothing that happens more than once in a while, and by this neither.
bool Registry::each_lasting(RoomId id, LastingVisitor visit, void* context) const noexcept {
  constexpr std::uint32_t kLooked = 8'192;
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr || t.lasting == 0) return true;
  for (const bool high : {true, false}) {
    for (const MemberList* list : {&room->away, &room->leaving, &room->present}) {
      std::uint32_t left = kLooked;
      for (MemberIndex at = list->first; at != kNone && left > 0; at = t.member(at).next, --left) {
        const Member& member = t.member(at);
        if (member.lasting == Role::visitor || (member.lasting > Role::member) != high) continue;
        if (!visit(context, t.user(member.user).id(), member.lasting)) return false;
      }
    }
  }
  return true;
}

// Who has more here, for as long as he stays, keeps it.
Status Registry::invite(RoomId id, std::string_view user_id) noexcept {
  Tables& t = *tables_;
  if (t.find_room(id) == nullptr) return Errc::not_found;
  const UserIndex user = t.find_user(user_id);
  Member* member = user == kNone ? nullptr : t.present_member(id.index, user);
  if (member == nullptr || member->role <= Role::member) {
    return set_role(id, user_id, Role::member).error();
  }
  return t.set_lasting(*member, Role::member) ? Status{} : Status{Errc::limit_reached};
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
