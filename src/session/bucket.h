// A token bucket in eight bytes: instead of a count and a stamp it keeps the moment at which it
// would be full again, so that a session's two limits cost sixteen bytes and no timer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "chatroom/types.h"

namespace chatroom::session {

class Bucket {
 public:
  // Takes one token; answers zero, or how long until there is one (then nothing was taken).
  // `rate` is given each time since all sessions share it.
  Duration take(Rate rate, Instant now) noexcept {
    if (!rate.limited()) return {};
    if (rate.per_second == 0 || rate.burst == 0) return kForever;
    const std::int64_t token_us = std::max<std::int64_t>(1'000'000 / rate.per_second, 1);
    const std::int64_t full_us = std::max(full_.us, now.us);
    const std::int64_t over_us = full_us + token_us - now.us - token_us * rate.burst;
    if (over_us > 0) return {over_us};
    full_.us = full_us + token_us;
    return {};
  }

  static constexpr Duration kForever{INT64_MAX};  // a rate of nothing: no end is known

 private:
  Instant full_{0};
};

// As `retry_after_ms` has it: rounded up, 0 where no end is known.
constexpr std::uint32_t retry_after_ms(Duration wait) noexcept {
  if (wait == Bucket::kForever) return 0;
  return static_cast<std::uint32_t>(std::min<std::int64_t>((wait.us + 999) / 1'000, UINT32_MAX));
}

}  // namespace chatroom::session
