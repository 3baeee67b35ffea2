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

struct [[nodiscard]] Error {
  Errc code = Errc::ok;
  std::uint16_t detail = 0;          // which rule, for logs; 0 where there is nothing to add
  std::uint32_t retry_after_ms = 0;  // with timed refusals; 0 where no end is known

  friend constexpr bool operator==(Error, Error) noexcept = default;
};
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
