// Roles in a channel, and channels that are not everybody's. Roles stand in a table of the engine's
// like sanctions, so that rooms and members without any pay nothing; they last until they are taken
// away or the room ends.
#include <algorithm>

#include "base/plant.h"
#include "base/utf8.h"
#include "room/links.h"
#include "room/state.h"

namespace chatroom::room {

std::uint32_t Tables::find_grant(const Room& room, UserIndex user) noexcept {
  if (room.first_grant == kNone || user == kNone) return kNone;
  const std::uint32_t* found =
      grant_index.find(base::key_of_number(MemberPair{room.id.index, user}));
  return found == nullptr ? kNone : *found;
}

std::uint32_t Tables::make_grant(Room& room, std::string_view id) noexcept {
  const UserIndex user = hold_user(id);
  if (user == kNone) return kNone;
  const std::uint32_t index = grants.insert();
  if (index != kNone) {
    Grant& fresh = *grants.at(index);
    fresh.room = room.id.index;
    fresh.user = user;
    if (grant_index.insert(index) != nullptr) {
      link_first(grants, room.first_grant, index);
      return index;
    }
    grants.erase(index);
  }
  release_user(user);
  return kNone;
}

void Tables::drop_grant(std::uint32_t index) noexcept {
  const Grant gone = *grants.at(index);
  unlink(grants, room(gone.room).first_grant, index);
  grant_index.erase(base::key_of_number(MemberPair{gone.room, gone.user}));
  grants.erase(index);
  release_user(gone.user);
}

Role Tables::given(const Room& room, UserIndex user, ChannelIndex channel) noexcept {
  const std::uint32_t index = find_grant(room, user);
  return index == kNone ? Role::visitor : grants.at(index)->roles[channel];
}

Role Tables::role_in(const Room& room, const Member& member, ChannelIndex channel) noexcept {
  return higher(member.role, given(room, member.user, channel));
}

Role Tables::access(const Room& room, ChannelIndex channel) noexcept {
  if (channel == 0 || (room.restricted & bit_of(channel)) == 0) return Role::visitor;
  std::uint32_t at = room.first_channel;
  while (--channel > 0) at = channels.at(at)->next;
  return channels.at(at)->access;
}

// Of channels that are there.
ChannelMask Tables::readable(const Room& room, UserIndex user, Role role) noexcept {
  ChannelMask mask = ~room.restricted;
  if (room.restricted == 0 || CHATROOM_PLANTED(channel_access_not_asked)) return kAllChannels;
  const std::uint32_t grant = find_grant(room, user);
  ChannelIndex index = 1;
  for (std::uint32_t at = room.first_channel; at != kNone; at = channels.at(at)->next, ++index) {
    const Role has = grant == kNone ? Role::visitor : grants.at(grant)->roles[index];
    if (admits(channels.at(at)->access, role, has)) mask |= bit_of(index);
  }
  return mask;
}

Role Registry::role_in(RoomId id, UserIndex user, ChannelIndex channel) const noexcept {
  const Room* room = tables_->find_room(id);
  const Member* member = room == nullptr ? nullptr : tables_->present_member(id.index, user);
  return member == nullptr ? Role::visitor : tables_->role_in(*room, *member, channel);
}

Role Registry::rank_in(RoomId id, std::string_view user, ChannelIndex channel) const noexcept {
  const Room* room = tables_->find_room(id);
  if (room == nullptr) return Role::visitor;
  return higher(rank(id, user), tables_->given(*room, tables_->find_user(user), channel));
}

Role Registry::access(RoomId id, ChannelIndex channel) const noexcept {
  const Room* room = tables_->find_room(id);
  return room == nullptr ? Role::visitor : tables_->access(*room, channel);
}

ChannelMask Registry::readable(RoomId id, UserIndex user) const noexcept {
  const Room* room = tables_->find_room(id);
  const Member* member = room == nullptr ? nullptr : tables_->present_member(id.index, user);
  return member == nullptr ? 0 : tables_->readable(*room, user, member->role);
}

Status Registry::restrict(RoomId id, ChannelIndex channel, Role least) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  if (channel == 0 || channel >= room->channels) return Errc::bad_request;
  std::uint32_t at = room->first_channel;
  for (ChannelIndex left = channel; left > 1; --left) at = t.channels.at(at)->next;
  t.channels.at(at)->access = least;
  // Nobody comes to own, and so to read, what was kept from others by being the first back in.
  if (least != Role::visitor) room->owned = true;
  const ChannelMask bit = bit_of(channel);
  room->restricted = least == Role::visitor ? room->restricted & ~bit : room->restricted | bit;
  return {};
}

Result<RoleChange> Registry::set_role_in(RoomId id, std::string_view user_id, ChannelIndex channel,
                                         Role role) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr || channel >= room->channels) return Errc::not_found;
  if (!base::valid_name(user_id, kNameBytes)) return Errc::bad_request;
  std::uint32_t index = t.find_grant(*room, t.find_user(user_id));
  if (index == kNone && role == Role::visitor) return RoleChange{};
  if (index == kNone) index = t.make_grant(*room, user_id);
  if (index == kNone) return Errc::limit_reached;
  Grant& grant = *t.grants.at(index);
  const UserIndex user = grant.user;
  const MemberIndex in = member(id, user);
  const RoleChange change{grant.roles[channel], role, in != kNone};
  grant.roles[channel] = role;
  const bool none = std::ranges::all_of(grant.roles, [](Role is) { return is == Role::visitor; });
  if (none) t.drop_grant(index);
  if (in != kNone) t.tend_staff(*room, in);
  return change;
}

RoomState Registry::state_for(RoomId id, UserIndex user) noexcept {
  Tables& t = *tables_;
  const RoomState all = state(id);
  const std::uint32_t index = t.find_grant(*t.find_room(id), user);
  for (std::size_t i = 0; index != kNone && i < all.channels.size(); ++i) {
    const Role role = t.grants.at(index)->roles[i];
    if (role != Role::visitor) t.channel_states[i].role = role;
  }
  return all;
}

bool Registry::each_grant(RoomId id, GrantVisitor visit, void* context) const noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr) return true;
  for (std::uint32_t at = room->first_grant; at != kNone; at = t.grants.at(at)->next) {
    const Grant& grant = *t.grants.at(at);
    const std::span<const Role> roles = std::span{grant.roles}.first(room->channels);
    if (!visit(context, t.user(grant.user).id(), roles)) return false;
  }
  return true;
}

Result<ChannelIndex> Registry::channel_of(RoomId id, std::uint64_t offset) noexcept {
  const Room* room = tables_->find_room(id);
  const History::Place place =
      room == nullptr ? History::Place{} : tables_->find_message(*room, offset);
  if (!place) return Errc::not_found;
  return ChannelIndex{History::head(place).channel};
}

}  // namespace chatroom::room
