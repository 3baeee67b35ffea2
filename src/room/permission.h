// Who may do what in a room: one table, role by operation. Nothing else in the project compares
// roles to decide.
#pragma once

#include <cstdint>

#include "chatroom/message.h"

namespace chatroom::room {

enum class Operation : std::uint8_t {
  read,                // history, presence
  subscribe,           // join, leave and switch channels that exist
  publish,             // in a room without restrictions
  publish_moderated,   // while RoomPolicy::moderated
  publish_muted_all,   // while RoomPolicy::mute_all
  publish_notice,      // kind notice
  publish_high,        // priority high
  ignore_slow_mode,    //
  exceed_max_members,  // join a full room
  open_channel,        // name a channel that is not there yet
  close_channel,
  call,  // the host's own commands
  mute,
  kick,
  ban,
  recall_own,
  recall_any,
  clear_user,
  pin,
  set_attribute,
  invite,
  call_next,
  set_policy,
  set_role,
  close_room,
  clear_all,
  allow,                   // to speak while the room is muted
  publish_members_only,    // without a lasting role, while RoomPolicy::members_only
  publish_followers_only,  // without following, while RoomPolicy::followers_only
  publish_emote_only,      // words, while RoomPolicy::emote_only
  review,                  // what waits for a moderator
  restrict_channel,        // who may read it
};
inline constexpr int kOperationCount = static_cast<int>(Operation::restrict_channel) + 1;
inline constexpr int kRoleCount = static_cast<int>(Role::owner) + 1;

bool may(Role role, Operation operation) noexcept;

// Only a higher rank acts on a lower: never on an equal, never on oneself.
bool outranks(Role actor, Role target) noexcept;

// set_role: the actor must outrank both the role that is and the role that is to be.
bool may_set_role(Role actor, Role from, Role to) noexcept;

// Who may read a channel of `access`: its rank and above, and whoever was `given` a role in it.
constexpr bool admits(Role access, Role role, Role given) noexcept {
  return role >= access || given != Role::visitor;
}
// What a user is in a channel.
constexpr Role higher(Role role, Role given) noexcept { return role < given ? given : role; }

// Owner, admin and member are lasting: the room remembers them while the user is away. Moderator,
// speaker and visitor end when the user's last session leaves.
constexpr bool is_lasting(Role role) noexcept {
  return role == Role::owner || role == Role::admin || role == Role::member;
}

}  // namespace chatroom::room
