// The small value types that every other header speaks in: time, bytes, handles, positions.
//
// Thread: values; copy them freely. Cost: none of these allocates.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace chatroom {

// Bytes that somebody else owns. A function argument of this type is read until the call returns.
using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A length of time. Written `Duration::ms(250)` so that a unit always stands beside a number.
struct Duration {
  std::int64_t us = 0;

  static constexpr Duration ms(std::int64_t n) noexcept { return {n * 1'000}; }
  static constexpr Duration s(std::int64_t n) noexcept { return {n * 1'000'000}; }
  constexpr std::int64_t in_ms() const noexcept { return us / 1'000; }
  friend constexpr auto operator<=>(Duration, Duration) noexcept = default;
};

// A moment: microseconds since the Unix epoch, on a clock that never goes back. The engine reads no
// clock: it gets its moments from `EventLoop::now` or from `Engine::advance`, once a turn, and
// treats a step backwards as standing still. Messages carry it in milliseconds.
struct Instant {
  std::int64_t us = 0;

  static constexpr Instant never() noexcept { return {INT64_MAX}; }
  constexpr std::int64_t unix_ms() const noexcept { return us / 1'000; }
  friend constexpr auto operator<=>(Instant, Instant) noexcept = default;
  friend constexpr Instant operator+(Instant at, Duration by) noexcept { return {at.us + by.us}; }
  friend constexpr Duration operator-(Instant a, Instant b) noexcept { return {a.us - b.us}; }
};

// Names a thing that may be gone. Copying is free; using a stale one is an error answer
// (`Errc::not_found`), never a crash: the generation of a slot rises each time it is reused.
template <class Tag>
struct Handle {
  std::uint32_t index = UINT32_MAX;
  std::uint32_t generation = 0;

  constexpr explicit operator bool() const noexcept { return index != UINT32_MAX; }
  friend constexpr auto operator<=>(Handle, Handle) noexcept = default;
};
using SessionId = Handle<struct SessionTag>;
using RoomId = Handle<struct RoomTag>;
using ScheduleId = Handle<struct ScheduleTag>;  // something that is to be said later

// Where a room's kept messages stand. `offset` rises by one a message; it means something only
// within one `epoch`, which changes when a room's log began anew.
struct Position {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  friend constexpr auto operator<=>(Position, Position) noexcept = default;
};

// The host's own word for a thing it asked for; comes back in the event that answers it.
using Tag = std::uint64_t;

// So much a second on average, `burst` at once (a token bucket).
struct Rate {
  std::uint32_t per_second = 0;
  std::uint32_t burst = 0;

  static constexpr Rate unlimited() noexcept { return {UINT32_MAX, UINT32_MAX}; }
  constexpr bool limited() const noexcept { return per_second != UINT32_MAX; }
};

}  // namespace chatroom
