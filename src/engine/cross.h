// cross(): how one engine says something to another. For broker.cc, home.cc and follower.cc.
#pragma once

#include "engine/cluster.h"
#include "engine/crossing.h"
#include "engine/questions.h"

namespace chatroom {

namespace engine {
inline Identity identity_of(const room::UserView& user) noexcept {
  return {.user = user.id, .nick = user.nick, .info = user.info, .role = user.role};
}

// A room's name as a question remembers it, never 0. Two alike cost a subscription kept too long,
// or a join that has to be tried again.
inline std::uint64_t hash_of_room(std::string_view key) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash | 1;
}
}  // namespace engine

// False: it was refused, or the engine is not there.
template <class Fill>
bool Engine::State::cross(PeerId to, engine::Crossing type, Delivery how, Fill fill) noexcept {
  engine::Packer message{cluster->message()};
  message.u8(static_cast<std::uint8_t>(type));
  fill(message);
  return message.ok() && ports.broker->send(to, message.bytes(), how);
}

template <class Fill>
void Engine::State::publish_entry(RoomId room, engine::EntryKind kind, Delivery how,
                                  Fill fill) noexcept {
  engine::SharedRoom& shared = cluster->rooms[room.index];
  engine::Packer to{cluster->message()};
  to.u8(static_cast<std::uint8_t>(kind));
  to.u64(rooms.view(room).position.offset);  // up to where a hole before it reaches
  fill(to);
  CHATROOM_ASSERT(to.ok());
  std::uint64_t sequence = shared.sequence;
  if (CHATROOM_PLANTED(crossing_sequence_skipped)) ++sequence;
  if (ports.broker->publish(rooms.view(room).key, shared.term, sequence, to.bytes(), how)) return;
  // Should nothing follow, nobody would notice.
  shared.missed = true;
  tell_losses_soon();
}

// What the host of a follower did with its handle of a room.
template <class Fill>
Result<Ticket> Engine::State::ask_home(RoomId room, engine::HostOp op, Tag tag,
                                       Fill fill) noexcept {
  const std::uint64_t ticket = next_ticket++;
  const bool sent = cross(cluster->rooms[room.index].home, engine::Crossing::host_op,
                          Delivery::usual, [&](engine::Packer& to) {
                            to.u8(static_cast<std::uint8_t>(op));
                            to.u64(ticket);
                            to.u64(tag);
                            to.text(rooms.view(room).key);
                            fill(to);
                          });
  if (!sent) return Errc::queue_full;
  dirty = true;
  return Ticket{ticket, {}};
}

}  // namespace chatroom
