// Roles in one channel, and channels that are not everybody's. Whoever is on a channel may read it:
// joins and choices ask, and whatever takes that right away takes its sessions off the channel in
// the same step. So all that reads asks the session's channels and nothing else.
#include "engine/cross.h"

namespace chatroom {

using engine::Crossing;
using engine::Packer;

// What an actor is at what a command is about: the message's channel, or the room. not_found: it is
// in a channel that he may not read, so for him it is not there.
Result<Role> Engine::State::rank_at_message(RoomId room, const Actor& actor,
                                            const Command& command) noexcept {
  room::ChannelIndex channel = room::kNone;
  if (command.op == Op::recall || command.op == Op::pin || command.op == Op::unpin) {
    if (const auto found = rooms.channel_of(room, command.offset)) channel = *found;
  } else if (command.op == Op::release || command.op == Op::reject) {
    if (const auto* waits = held_messages.find(room, command.offset)) channel = waits->channel;
  }
  if (channel == room::kNone) return actor.role;
  const room::UserIndex user = rooms.find_user(actor.user);
  if ((rooms.readable(room, user) & room::bit_of(channel)) == 0) return Errc::not_found;
  return rooms.role_in(room, user, channel);
}

bool Engine::State::may_review(RoomId room, room::UserIndex user,
                               room::ChannelIndex channel) noexcept {
  if (channel == room::kNone) return room::may(rooms.role(room, user), room::Operation::review);
  return (rooms.readable(room, user) & room::bit_of(channel)) != 0 &&
         room::may(rooms.role_in(room, user, channel), room::Operation::review);
}

// By his rank there, over the rank there of whom it is about.
Error Engine::State::may_set_channel_role(RoomId room, const Actor& actor,
                                          const Command& command) noexcept {
  const room::ChannelIndex channel = rooms.channel(room, command.channel);
  if (channel == room::kNone) return {Errc::not_found, 0, 0};
  const room::UserIndex user = rooms.find_user(actor.user);
  const bool reads = (rooms.readable(room, user) & room::bit_of(channel)) != 0;
  const Role rank = rooms.role_in(room, user, channel);
  const Role from = rooms.rank_in(room, command.user, channel);
  const bool may = reads && room::may_set_role(rank, from, command.role);
  return {may ? Errc::ok : Errc::forbidden, 0, 0};
}

Status Engine::State::change_channel_role(RoomId room, const Actor& actor,
                                          const Command& command) noexcept {
  const room::ChannelIndex channel = rooms.channel(room, command.channel);
  if (channel == room::kNone) return Errc::not_found;
  const auto change = rooms.set_role_in(room, command.user, channel, command.role);
  if (!change) return change.error();
  Event event;
  event.type = EventType::moderation;
  event.room = rooms.view(room).key;
  event.channel = command.channel;
  event.action = name_of(command.op);
  event.user = command.user;
  event.role = command.role;
  event.by = actor.user;
  event.text = command.reason;
  mark_unsaved(room);
  note_moderation(room, actor, command, 0);
  tell_moderation(room, event);
  enforce_channels(room, rooms.find_user(command.user));
  return {};
}

void Engine::State::enforce_channels(RoomId room, room::UserIndex user) noexcept {
  if (user == room::kNone || is_mirror(room)) return;
  const room::ChannelMask readable = rooms.readable(room, user);
  for (room::MembershipIndex at = rooms.first_of_user(room, user); at != room::kNone;) {
    const room::MembershipIndex here = at;
    at = rooms.next_of_user(at);
    const room::ChannelMask mask = rooms.view(here).mask;
    if ((mask & ~readable) != 0) take_off(room, here, mask & readable);
  }
}

// Of everybody: a channel is for fewer now. Each member is looked at once.
void Engine::State::enforce_channels(RoomId room) noexcept {
  for (room::MembershipIndex at = rooms.first_of_room(room); at != room::kNone;) {
    const room::MembershipIndex here = at;
    at = rooms.next_of_room(at);
    const room::MembershipView member = rooms.view(here);
    const room::ChannelMask readable = rooms.readable(room, member.user);
    if ((member.mask & ~readable) != 0) take_off(room, here, member.mask & readable);
  }
}

// What was not sent yet of what it leaves is not sent any more.
void Engine::State::take_off(RoomId room, room::MembershipIndex at,
                             room::ChannelMask mask) noexcept {
  const std::uint32_t session = rooms.view(at).session;
  rooms.set_mask(at, mask);
  if (!is_guest(session)) {
    if (fanout.set_mask(room.index, session, mask)) return;
    return remove_from_room(room, session, LeaveReason::limit);
  }
  const SessionRecord& record = *slots.at(session);
  const engine::Guest& guest = *cluster->guests.at(record.timer.index);
  static_cast<void>(cross(guest.peer, Crossing::mask, Delivery::certain, [&](Packer& to) {
    to.handle(SessionId{guest.index, guest.generation});
    to.text(rooms.view(room).key);
    to.u32(mask);
  }));
}

void Engine::State::take_mask(PeerId from, engine::Unpacker& in) noexcept {
  const auto session = in.handle<SessionId>();
  const RoomId room = rooms.find(in.text());
  const room::ChannelMask mask = in.u32();
  const SessionRecord* record = slots.get(session);
  if (record == nullptr || record->guest || !in.ok()) return;
  if (!room || !is_mirror(room) || cluster->rooms[room.index].home != from) return;
  const room::MembershipIndex at = rooms.membership(room, session.index);
  if (at == room::kNone) return;
  rooms.set_mask(at, mask);
  if (!fanout.set_mask(room.index, session.index, mask)) {
    remove_from_room(room, session.index, LeaveReason::limit);
  }
}

Status Room::set_role(std::string_view user, Role role, std::string_view channel) noexcept {
  if (channel.empty()) return Errc::bad_request;
  Command command;
  command.op = Op::set_role;
  command.user = user;
  command.role = role;
  command.channel = channel;
  return moderate(command);
}

Status Room::restrict_channel(std::string_view name, Role least) noexcept {
  Command command;
  command.op = Op::open_channel;
  command.channel = name;
  command.access = least;
  return moderate(command);
}

}  // namespace chatroom
