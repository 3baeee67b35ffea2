// Records of who may what in a room beside its members' roles: roles in channels, the password, who
// reviews. Each stands in a table of the engine's, so that rooms without any pay nothing.
#pragma once

#include <array>
#include <cstddef>

#include "base/index_map.h"
#include "base/table.h"
#include "base/text.h"
#include "chatroom/message.h"
#include "room/ids.h"

namespace chatroom::room {

// The roles of a user in channels of a room (access.cc).
struct Grant {
  std::uint32_t room = kNone;  // first, together: the key
  UserIndex user = kNone;
  std::uint32_t previous = kNone;  // of the room, the newest first
  std::uint32_t next = kNone;
  std::array<Role, kChannelsMax> roles{};  // visitor: none
};
using GrantMap = base::IndexMap<Grant>;
struct GrantKey {
  const GrantMap* grants;
  std::string_view operator()(std::uint32_t index) const noexcept {
    static_assert(offsetof(Grant, room) == 0 && offsetof(Grant, user) == 4);
    return {reinterpret_cast<const char*>(grants->at(index)), 8};
  }
};
using GrantTable = base::Table<std::uint32_t, GrantKey>;

// The password of a room (passwords.cc).
struct Secret {
  base::Text stored;
  std::uint64_t version = 0;  // rises with every one of the engine
};

// A member who may review what is held (staff.cc).
struct Staff {
  MemberIndex member = kNone;
  std::uint32_t previous = kNone;
  std::uint32_t next = kNone;
};
inline constexpr std::uint32_t kStaffMax = 64;  // of one room

}  // namespace chatroom::room
