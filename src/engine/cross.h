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
}  // namespace engine

// False: it was refused, or the engine is not there.
template <class Fill>
bool Engine::State::cross(PeerId to, engine::Crossing type, Delivery how, Fill fill) noexcept {
  engine::Packer message{cluster->message()};
  message.u8(static_cast<std::uint8_t>(type));
  fill(message);
  return message.ok() && ports.broker->send(to, message.bytes(), how);
}

}  // namespace chatroom
