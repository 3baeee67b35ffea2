// Cap: what the channels of a room show together at most, where each has a budget of its own.
//
// Main is sure of half of it, and the other channels that are being spoken in each of an equal part
// of the rest, so no other can take that away; what is left of the others' parts goes to whoever
// comes first. Three buckets, no timer.
#pragma once

#include <algorithm>

#include "base/bucket.h"

namespace chatroom::room {

// A second's worth may come at once; what was not used is not saved up for longer.
constexpr Rate budget_of(std::uint32_t per_second) noexcept { return {per_second, per_second}; }

// One priority of it.
struct CapPart {
  std::uint32_t per_second = 0;  // 0: there is none
  std::uint32_t sure = 0;        // of it: what this channel has for itself
  base::Bucket whole;

  bool bound() const noexcept { return per_second > 0; }
};

struct Cap {
  CapPart normal;
  CapPart high;
};

// What one channel used of one priority.
class Purse final {
 public:
  // Zero, or how long until there is a place. `own`: the channel's budget; 0: it has none.
  Duration take(std::uint32_t own, CapPart* cap, Instant now) noexcept {
    const Duration wait = own == 0 ? Duration{} : own_.wait(budget_of(own), now);
    if (wait.us > 0) return wait;
    if (cap != nullptr && cap->bound()) {
      const Duration until = take_of(*cap, now);
      if (until.us > 0) return until;
    }
    if (own > 0) own_.take(budget_of(own), now);
    return {};
  }

 private:
  // Whoever is sure of a place may run ahead of the whole by one second more: those who are not
  // run ahead by one at most, and the parts add up to the whole.
  Duration take_of(CapPart& cap, Instant now) noexcept {
    const Rate ahead{cap.per_second, 2 * cap.per_second};
    const Rate sure = budget_of(cap.sure);
    if (sure_.wait(sure, now).us == 0 && cap.whole.take(ahead, now).us == 0) {
      return sure_.take(sure, now);
    }
    return cap.whole.take(budget_of(cap.per_second), now);
  }

  base::Bucket own_;
  base::Bucket sure_;
};

}  // namespace chatroom::room
