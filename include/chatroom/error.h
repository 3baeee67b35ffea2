// How calls fail: an 8-byte Error by value, never an exception, never a heap string.
//
// What a peer or a host can cause is an Error. What can only be a bug in this library or in an
// adapter is CHATROOM_ASSERT (assert.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "chatroom/assert.h"

namespace chatroom {

// The words of the protocol; `name_of` gives the spelling on the wire.
enum class Errc : std::uint8_t {
  ok = 0,
  bad_request,
  unauthorized,
  token_expired,
  forbidden,
  not_found,
  not_member,
  already_member,
  too_large,
  rate_limited,
  slow_mode,
  duplicate,
  muted,
  banned,
  mode_restricted,
  filtered,
  held,
  room_full,
  queue_full,
  room_overloaded,
  limit_reached,
  position_lost,
  wrong_password,
  storage_failed,
  unsupported,
  internal,
};
inline constexpr int kErrcCount = static_cast<int>(Errc::internal) + 1;

std::string_view name_of(Errc code) noexcept;     // "rate_limited"; "ok" for success
std::string_view message_of(Errc code) noexcept;  // one English sentence for a person
Errc errc_from(std::string_view name) noexcept;   // Errc::internal for an unknown word
bool is_temporary(Errc code) noexcept;            // whether trying again can help

// A bit of Error::detail: trying again can help, though with this code it usually cannot.
inline constexpr std::uint16_t kTemporary = 0x8000;

// Which rule a refusal comes from, where the code alone does not say it.
enum class Rule : std::uint8_t {
  none,
  host,          // the host's own; its number is the low byte of Error::detail
  rank,          // the role is too low for it
  membership,    // join first, or choose that channel
  command_rate,  // Limits::commands
  join_rate,     // Limits::joins
  publish_rate,  // Limits::publishes
  slow_mode,     // RoomPolicy::slow_mode_s
  mute,          // by a moderator
  self_mute,     // by oneself
  ban,
  mute_all,        // RoomPolicy::mute_all
  moderated,       // RoomPolicy::moderated
  members_only,    // RoomPolicy::members_only
  followers_only,  // Rules::on_follower
  emote_only,      // RoomPolicy::emote_only
  channel_closed,
  channel_private,  // a channel that is not for this user
  duplicate,        // RoomPolicy::duplicate_s
  filter,           // the word filter
  size,             // longer than Limits say
  room_full,        // RoomPolicy::max_members
  password,
  room_rate,     // Limits::room_publishes, of all members together
  room_budget,   // the room's receive budget, or its log
  tenant_rate,   // TenantPolicy: what all of a tenant together may do and have
  address_rate,  // Limits::address_commands, of all sessions of an address together
  capacity,      // a pool or table of the engine is full, or Limits::joins_in_all
  user_rate,     // Limits::user_publishes, of a user in all rooms together
};
inline constexpr int kRuleCount = static_cast<int>(Rule::user_rate) + 1;

// What a rule counts over or holds for: to whom else the same refusal would go.
enum class Scope : std::uint8_t { none, user, session, room, channel, tenant, address, server };
inline constexpr int kScopeCount = static_cast<int>(Scope::server) + 1;

std::string_view name_of(Rule rule) noexcept;     // "slow_mode"
std::string_view message_of(Rule rule) noexcept;  // one English sentence for whoever asks why
std::string_view name_of(Scope scope) noexcept;
Rule rule_from(std::string_view name) noexcept;  // Rule::none for an unknown word
Scope scope_of(Rule rule) noexcept;
// What a refusal with this code comes from if nobody said; none where the code does not tell.
Rule usual_rule(Errc code) noexcept;

struct [[nodiscard]] Error {
  Errc code = Errc::ok;
  // Bits 8 to 14: the Rule; the low byte: which field, which number of the host's, for logs.
  std::uint16_t detail = 0;
  std::uint32_t retry_after_ms = 0;  // with timed refusals; 0 where no end is known

  friend constexpr bool operator==(Error, Error) noexcept = default;
};
constexpr Rule rule_of(Error error) noexcept {
  const int rule = (error.detail >> 8) & 0x7f;
  return rule < kRuleCount ? static_cast<Rule>(rule) : Rule::none;
}
constexpr Error with_rule(Error error, Rule rule) noexcept {
  error.detail =
      static_cast<std::uint16_t>((error.detail & 0x80ff) | (static_cast<unsigned>(rule) << 8));
  return error;
}
constexpr Error refusal(Errc code, Rule rule, std::uint32_t retry_after_ms = 0) noexcept {
  return with_rule({code, 0, retry_after_ms}, rule);
}
// With the code's usual rule where nobody named one: what is told.
inline Error explained(Error error) noexcept {
  return rule_of(error) == Rule::none ? with_rule(error, usual_rule(error.code)) : error;
}
inline bool is_temporary(Error error) noexcept {  // what the `temporary` of an answer says
  return (error.detail & kTemporary) != 0 || is_temporary(error.code);
}

// A T or an Error. Reading `value` of a failure is a bug and stops the program.
template <class T>
class Result {
 public:
  constexpr Result(T value) noexcept : value_(std::move(value)) {}  // NOLINT: both are the point
  constexpr Result(Error error) noexcept : error_(error) {
    CHATROOM_ASSERT(error.code != Errc::ok);
  }
  constexpr Result(Errc code) noexcept : Result(Error{code, 0, 0}) {}

  constexpr explicit operator bool() const noexcept { return error_.code == Errc::ok; }
  constexpr Error error() const noexcept { return error_; }
  constexpr T& value() noexcept { return check(), value_; }
  constexpr const T& value() const noexcept { return check(), value_; }
  constexpr T& operator*() noexcept { return value(); }
  constexpr const T& operator*() const noexcept { return value(); }
  constexpr T* operator->() noexcept { return &value(); }
  constexpr const T* operator->() const noexcept { return &value(); }

 private:
  constexpr void check() const noexcept { CHATROOM_ASSERT(error_.code == Errc::ok); }

  Error error_;
  T value_;
};

template <>
class Result<void> {
 public:
  constexpr Result() noexcept = default;
  constexpr Result(Error error) noexcept : error_(error) {}
  constexpr Result(Errc code) noexcept : error_{code, 0, 0} {}

  constexpr explicit operator bool() const noexcept { return error_.code == Errc::ok; }
  constexpr Error error() const noexcept { return error_; }

 private:
  Error error_;
};
using Status = Result<void>;

}  // namespace chatroom
