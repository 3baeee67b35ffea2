// The usual kinds of rooms, as policies to begin with.
#include "chatroom/room.h"

namespace chatroom {

RoomPolicy RoomPolicy::plaza() noexcept {
  RoomPolicy policy;
  policy.receive_normal_per_s = 20;
  policy.receive_high_per_s = 10;
  policy.channel_normal_per_s = 20;
  policy.channel_high_per_s = 10;
  policy.merge_repeats = true;
  policy.listed = true;
  return policy;
}

RoomPolicy RoomPolicy::group(std::uint32_t most) noexcept {
  RoomPolicy policy;
  policy.max_members = most;
  policy.reliable = true;
  policy.by_invitation = true;
  policy.applications = 100;
  policy.receipts = true;
  policy.history_messages = 1'000;
  policy.history_age = Duration::s(7 * 86'400);
  policy.idle_close = Duration{0};
  return policy;
}

RoomPolicy RoomPolicy::sensitive(std::uint32_t most) noexcept {
  RoomPolicy policy = group(most);
  policy.durability = Durability::before;
  policy.applications = 0;
  policy.sessions_per_user = 1;
  policy.public_moderation = true;
  return policy;
}

}  // namespace chatroom
