// Succession: a room's home is lost. Another engine is its home now, perhaps this one; who is in
// the room stays there, and is told that the log began anew.
#include "engine/heirs.h"

namespace chatroom {

using engine::Crossing;
using engine::Packer;
using engine::SharedRoom;

namespace {

constexpr std::size_t kReturnedBytes = 32 * 1024;  // of members, in one message

}  // namespace

void Engine::State::lose_home(RoomId room) noexcept {
  SharedRoom& shared = cluster->rooms[room.index];
  const std::string_view key = rooms.view(room).key;
  const Lease lease = ports.broker->claim(key);
  if (lease.home == shared.home || lease.home == kNoPeer) {
    // Parted, and it is the home still: our members are out there already, and may come back.
    shared.home_knows = true;
    close_room(room, LeaveReason::dropped);
    return;
  }
  if (lease.home == cluster->self) return become_home(room, lease.term);
  shared.home = lease.home;
  shared.attaching = true;
  ports.broker->subscribe(key);
  return_members(room);
}

// As the home has it, for when another engine is to be that.
RoomPolicy Engine::State::home_policy(RoomId room) const noexcept {
  const auto& theirs = cluster->rooms[room.index].theirs;
  RoomPolicy policy = *rooms.view(room).policy;
  policy.max_members = theirs.max_members;
  policy.first_join_owns = theirs.first_join_owns;
  policy.by_invitation = theirs.by_invitation;
  policy.idle_close = theirs.idle_close;
  policy.durability = theirs.durability;
  return policy;
}

// The log begins anew: nobody knows what the old home said last.
void Engine::State::become_home(RoomId room, Term term) noexcept {
  SharedRoom& shared = cluster->rooms[room.index];
  const RoomPolicy policy = home_policy(room);
  static_cast<void>(rooms.set_policy(room, policy, now));
  const Bytes record = engine::read_record(*this, room);
  unshare_room(room);
  shared.home = cluster->self;
  shared.term = term;
  Position position;
  while (position.epoch == 0) position.epoch = random.next();
  rooms.move_to(room, position);
  for (room::MembershipIndex at = rooms.first_of_room(room); at != room::kNone;
       at = rooms.next_of_room(at)) {
    const room::MembershipView member = rooms.view(at);
    for (room::ChannelIndex i = 1; i < room::kChannelsMax; ++i) {
      if ((member.mask & room::bit_of(i)) == 0) continue;
      let_stay(room, rooms.user(member.user).id, rooms.channel_name(room, i));
    }
  }
  shared.inherited = true;
  if (!record.empty()) engine::inherit(*this, room, record);
  tell_reset(room);
}

void Engine::State::tell_reset(RoomId room) noexcept {
  if (CHATROOM_PLANTED(reset_not_told)) return;
  const room::RoomView view = rooms.view(room);
  const room::EpochText epoch = room::epoch_text(view.position.epoch);
  Event event;
  event.type = EventType::reset;
  event.room = view.key;
  event.epoch = epoch.view();
  event.offset = view.position.offset;
  event.state = rooms.state(room);
  SharedRoom& shared = cluster->rooms[room.index];
  shared.lost = shared.lost_from = shared.lost_to = 0;  // all is
  const Result<fanout::Appended> told =
      append(room, {.priority = Priority::high, .reliable = true}, event);
  if (!told) note({.type = HostEventType::overload, .room = event.room, .error = told.error()});
}

// The new home learns who is here, in messages of some hundred members each.
void Engine::State::return_members(RoomId room) noexcept {
  const PeerId home = cluster->rooms[room.index].home;
  room::MembershipIndex at = rooms.first_of_room(room);
  const Bytes record = engine::read_record(*this, room);
  bool first = true;
  bool last = false;
  while (!last) {
    const bool sent = cross(home, Crossing::returned, Delivery::certain, [&](Packer& to) {
      const room::RoomView view = rooms.view(room);
      room::MembershipIndex end = at;
      std::size_t bytes = 0;
      for (; end != room::kNone && bytes < kReturnedBytes; end = rooms.next_of_room(end)) {
        bytes += 512;  // an identity and its mask at most, nearly
      }
      last = end == room::kNone;
      to.text(view.key);
      to.flag(last);
      pack(to, home_policy(room));
      to.text(rooms.password(room).stored);
      to.blob(first ? record : Bytes{});
      first = false;
      const RoomState state = rooms.state(room);
      to.u8(static_cast<std::uint8_t>(state.channels.size()));
      for (const ChannelState& channel : state.channels) {
        to.text(channel.name);
        to.u8(static_cast<std::uint8_t>(channel.access));
      }
      for (; at != end; at = rooms.next_of_room(at)) {
        const room::MembershipView member = rooms.view(at);
        to.handle(id_of(member.session));
        to.u32(member.mask);
        const std::string_view user = rooms.user(member.user).id;
        to.u8(static_cast<std::uint8_t>(engine::stayed_as(record, user)));
        pack(to, engine::identity_of(rooms.user(member.user)));
      }
    });
    if (!sent) return;  // parted: that will be told
  }
}

}  // namespace chatroom
