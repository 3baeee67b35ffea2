// Breaker: whether a port of the host's is asked at all. After so many failures within a time it is
// not, for a while, so that who waits for it is answered at once and it is left to recover; then
// the next that is asked decides.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/plant.h"
#include "chatroom/limits.h"

namespace chatroom::engine {

enum class BrokenPort : std::uint8_t { auth, rules, filter, storage, passwords, relations };
inline constexpr std::array<std::string_view, 6> kPortNames{"auth",    "rules",     "filter",
                                                            "storage", "passwords", "relations"};
inline constexpr std::size_t kPorts = kPortNames.size();

class Breaker final {
 public:
  // Zero: it is asked.
  Duration open_for(Instant now) const noexcept {
    if (!tripped_ || CHATROOM_PLANTED(breaker_never_opens)) return {};
    return {std::max<std::int64_t>(until_.us - now.us, 0)};
  }
  Instant until() const noexcept { return until_; }
  bool tripped() const noexcept { return tripped_; }

  // True: it opened with this one. What was asked before it opened counts no more, here and in
  // answered(): what it says is old.
  bool failed(const Limits& limits, Instant now, Instant asked) noexcept {
    const std::uint32_t most = std::min(limits.breaker_failures, kFailuresMax);
    if (most == 0 || asked < until_) return false;
    failures_[count_++ % most] = now;
    const bool many = count_ >= most && now - failures_[count_ % most] <= limits.breaker_window;
    if (!tripped_ && !many) return false;
    tripped_ = true;
    until_ = now + limits.breaker_open;
    count_ = 0;
    return true;
  }
  // True: it was open and is not any more.
  bool answered(Instant now, Instant asked) noexcept {
    if (!tripped_ || until_ > now || asked < until_) return false;
    tripped_ = false;
    count_ = 0;
    return true;
  }

 private:
  static constexpr std::uint32_t kFailuresMax = kBreakerFailuresMax;
  std::array<Instant, kFailuresMax> failures_{};
  std::uint32_t count_ = 0;  // since it was last open
  Instant until_;
  bool tripped_ = false;
};

}  // namespace chatroom::engine
