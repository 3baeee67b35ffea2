// A token bucket in eight bytes: instead of a count and a stamp it keeps the moment at which it
// would be full again, so that nothing has to be refilled and a session's two limits cost sixteen
// bytes and no timer. The idea is that of the virtual scheduling form of the generic cell rate
// algorithm (ITU-T I.371).
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/plant.h"
#include "chatroom/types.h"

namespace chatroom::base {

class Bucket {
 public:
  static constexpr Duration kForever{INT64_MAX};  // a rate of nothing: no end is known

  // Zero, or how long until there is a token. `rate` is given each time since all who have such a
  // bucket share it. In nanoseconds, so that a rate of any size is kept to within a thousandth.
  Duration wait(Rate rate, Instant now) const noexcept {
    if (!rate.limited()) return {};
    if (rate.per_second == 0 || rate.burst == 0) return kForever;
    const std::int64_t over_ns =
        after(rate, now) - ns(now) - token_ns(rate) * std::int64_t{rate.burst};
    return {over_ns > 0 ? (over_ns + 999) / 1'000 : 0};
  }
  // The same, and takes it if there is one.
  Duration take(Rate rate, Instant now) noexcept {
    const Duration missing = wait(rate, now);
    if (missing.us == 0 && rate.limited()) full_ns_ = after(rate, now);
    return missing;
  }

  // Several at once: how many there are (rates that are limited), taking so many of them, how long
  // until there are so many (at most `burst`).
  std::uint32_t available(Rate rate, Instant now) const noexcept {
    if (!rate.limited()) return UINT32_MAX;
    if (rate.per_second == 0) return 0;
    const std::int64_t over = std::max(full_ns_, ns(now)) - ns(now);
    const std::int64_t left = token_ns(rate) * std::int64_t{rate.burst} - over;
    return left <= 0 ? 0 : static_cast<std::uint32_t>(left / token_ns(rate));
  }
  void take_many(Rate rate, Instant now, std::uint32_t count) noexcept {
    if (!rate.limited() || rate.per_second == 0) return;
    full_ns_ = std::max(full_ns_, ns(now)) + token_ns(rate) * std::int64_t{count};
  }
  Duration wait_for(Rate rate, Instant now, std::uint32_t count) const noexcept {
    if (!rate.limited()) return {};
    if (rate.per_second == 0 || rate.burst == 0) return kForever;
    const std::int64_t spare = std::int64_t{rate.burst} - std::min(count, rate.burst);
    const std::int64_t over = std::max(full_ns_, ns(now)) - ns(now) - token_ns(rate) * spare;
    return {over > 0 ? (over + 999) / 1'000 : 0};
  }

  bool full(Instant now) const noexcept { return full_ns_ <= ns(now); }

 private:
  static std::int64_t ns(Instant now) noexcept { return now.us * 1'000; }
  static std::int64_t token_ns(Rate rate) noexcept {
    const std::int64_t token = std::max<std::int64_t>(1'000'000'000 / rate.per_second, 1);
    return CHATROOM_PLANTED(rate_bucket_refills_double) ? token / 2 : token;
  }
  std::int64_t after(Rate rate, Instant now) const noexcept {
    return std::max(full_ns_, ns(now)) + token_ns(rate);
  }

  std::int64_t full_ns_ = 0;
};

// As `retry_after_ms` has it: rounded up, so that who waits so long is let in; 0 where no end is
// known.
constexpr std::uint32_t retry_after_ms(Duration wait) noexcept {
  if (wait == Bucket::kForever) return 0;
  const std::int64_t ms = wait.us / 1'000 + (wait.us % 1'000 > 0 ? 1 : 0);
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(ms, 1, UINT32_MAX));
}

}  // namespace chatroom::base
