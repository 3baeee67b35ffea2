// A token bucket as one number: the moment when it is full again. Nothing to refill, nothing to
// tick; the same idea as the virtual scheduling form of the generic cell rate algorithm (ITU-T
// I.371).
#pragma once

#include <algorithm>

#include "base/plant.h"
#include "chatroom/types.h"

namespace chatroom::room {

struct Charge {
  bool admitted = true;
  std::int64_t full_us = 0;  // after it
  std::int64_t wait_us = 0;  // if not admitted; 0: for ever
};

inline Charge charge(std::int64_t full_us, Rate rate, Instant now) noexcept {
  if (!rate.limited()) return {true, full_us, 0};
  if (rate.per_second == 0 || rate.burst == 0) return {false, full_us, 0};
  std::int64_t token_us = std::max<std::int64_t>(1'000'000 / rate.per_second, 1);
  if (CHATROOM_PLANTED(rate_bucket_refills_double)) token_us /= 2;
  const std::int64_t after_us = std::max(full_us, now.us) + token_us;
  const std::int64_t over_us = after_us - now.us - token_us * std::int64_t{rate.burst};
  if (over_us > 0) return {false, full_us, over_us};
  return {true, after_us, 0};
}

// Rounded up, so that who waits so long is let in; 0 is kept for "no end is known".
inline std::uint32_t wait_ms(std::int64_t us) noexcept {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>((us + 999) / 1'000, 1, UINT32_MAX));
}

}  // namespace chatroom::room
