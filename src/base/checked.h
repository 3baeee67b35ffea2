// Arithmetic that cannot wrap silently, for places where sizes from limits or peers add up.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "chatroom/assert.h"

namespace chatroom::base {

// For sums whose overflow would be a bug of ours (limits multiplied by sizes).
template <class T>
constexpr T checked_add(T a, T b) noexcept {
  CHATROOM_ASSERT(b <= std::numeric_limits<T>::max() - a);
  return static_cast<T>(a + b);
}
template <class T>
constexpr T checked_multiply(T a, T b) noexcept {
  if (a != 0) CHATROOM_ASSERT(b <= std::numeric_limits<T>::max() / a);
  return static_cast<T>(a * b);
}

// For numbers that others choose: past the end they stay at the end.
template <class T>
constexpr T saturating_add(T a, T b) noexcept {
  return b > std::numeric_limits<T>::max() - a ? std::numeric_limits<T>::max()
                                               : static_cast<T>(a + b);
}
constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) noexcept {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  if (b > 0 && a > kMax - b) return kMax;
  if (b < 0 && a < kMin - b) return kMin;
  return a + b;
}

// A narrowing that must be lossless.
template <class To, class From>
constexpr To narrow(From value) noexcept {
  const To result = static_cast<To>(value);
  CHATROOM_ASSERT(static_cast<From>(result) == value);
  CHATROOM_ASSERT((result < To{}) == (value < From{}));
  return result;
}

constexpr std::size_t round_up(std::size_t size, std::size_t align) noexcept {
  return checked_add(size, align - 1) / align * align;
}

}  // namespace chatroom::base
