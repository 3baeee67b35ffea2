#include "room/permission.h"

#include <array>

#include "base/plant.h"
#include "chatroom/assert.h"

namespace chatroom::room {

namespace {

struct Row {
  Operation operation;
  bool allowed[kRoleCount];  // visitor, member, speaker, moderator, admin, owner
};

constexpr std::array<Row, kOperationCount> kTable{{
    {Operation::read, {1, 1, 1, 1, 1, 1}},
    {Operation::subscribe, {1, 1, 1, 1, 1, 1}},
    {Operation::publish, {0, 1, 1, 1, 1, 1}},
    {Operation::publish_moderated, {0, 0, 1, 1, 1, 1}},
    {Operation::publish_muted_all, {0, 0, 0, 1, 1, 1}},
    {Operation::publish_notice, {0, 0, 0, 1, 1, 1}},
    {Operation::publish_high, {0, 0, 0, 1, 1, 1}},
    {Operation::ignore_slow_mode, {0, 0, 0, 1, 1, 1}},
    {Operation::exceed_max_members, {0, 0, 0, 0, 1, 1}},
    {Operation::open_channel, {0, 1, 1, 1, 1, 1}},
    {Operation::close_channel, {0, 0, 0, 0, 1, 1}},
    {Operation::call, {1, 1, 1, 1, 1, 1}},
    {Operation::mute, {0, 0, 0, 1, 1, 1}},
    {Operation::kick, {0, 0, 0, 1, 1, 1}},
    {Operation::ban, {0, 0, 0, 1, 1, 1}},
    {Operation::recall_own, {1, 1, 1, 1, 1, 1}},
    {Operation::recall_any, {0, 0, 0, 1, 1, 1}},
    {Operation::clear_user, {0, 0, 0, 1, 1, 1}},
    {Operation::pin, {0, 0, 0, 1, 1, 1}},
    {Operation::set_attribute, {0, 0, 0, 1, 1, 1}},
    {Operation::invite, {0, 0, 0, 1, 1, 1}},
    {Operation::call_next, {0, 0, 0, 1, 1, 1}},
    {Operation::set_policy, {0, 0, 0, 0, 1, 1}},
    {Operation::set_role, {0, 0, 0, 0, 1, 1}},
    {Operation::close_room, {0, 0, 0, 0, 0, 1}},
    {Operation::clear_all, {0, 0, 0, 0, 1, 1}},
    {Operation::allow, {0, 0, 0, 1, 1, 1}},
    {Operation::publish_members_only, {0, 0, 1, 1, 1, 1}},
    {Operation::publish_followers_only, {0, 0, 1, 1, 1, 1}},
    {Operation::publish_emote_only, {0, 0, 0, 1, 1, 1}},
    {Operation::review, {0, 0, 0, 1, 1, 1}},
    {Operation::restrict_channel, {0, 0, 0, 0, 1, 1}},
}};

constexpr bool rows_stand_at_their_operation() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].operation) != i) return false;
  }
  return true;
}
static_assert(rows_stand_at_their_operation());

}  // namespace

bool may(Role role, Operation operation) noexcept {
  const auto column = static_cast<std::size_t>(role);
  const auto row = static_cast<std::size_t>(operation);
  CHATROOM_ASSERT(column < static_cast<std::size_t>(kRoleCount));
  CHATROOM_ASSERT(row < kTable.size());
  return kTable[row].allowed[column];
}

bool outranks(Role actor, Role target) noexcept {
  if (CHATROOM_PLANTED(permission_rank_equal)) return actor >= target;
  return actor > target;
}

bool may_set_role(Role actor, Role from, Role to) noexcept {
  return may(actor, Operation::set_role) && outranks(actor, from) && outranks(actor, to);
}

}  // namespace chatroom::room
