// What one member is shown in a world whose channels have receive budgets of their own, counted by
// the moments that the messages bear: of no channel, nor of all of its own, more than they hold.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "chatroom/room.h"

namespace chatroom::sim {

class Shown {
 public:
  // Empty: it fits.
  std::string take(const RoomPolicy& policy, const Message& message) {
    const bool high = message.priority == Priority::high;
    const std::uint32_t own = high ? policy.channel_high_per_s : policy.channel_normal_per_s;
    const std::uint32_t all = high ? policy.receive_high_per_s : policy.receive_normal_per_s;
    const std::string channel{message.channel};
    if (!take(buckets_[{channel, high}], own, own, message.time_ms)) {
      return "the budget of " + channel + " holds";
    }
    // Those who are sure of a place may run ahead of the rest by as much again.
    if (!take(buckets_[{{}, high}], all, 2 * all, message.time_ms))
      return "the room's budget holds";
    return {};
  }

 private:
  struct Bucket {
    double left = -1;
    std::int64_t at_ms = 0;
  };

  static bool take(Bucket& bucket, std::uint32_t per_second, std::uint32_t burst,
                   std::int64_t now_ms) {
    if (bucket.left < 0) bucket = {static_cast<double>(burst), now_ms};
    const double passed = static_cast<double>(now_ms - bucket.at_ms) / 1e3;
    bucket.left = std::min<double>(burst, bucket.left + passed * per_second);
    bucket.at_ms = now_ms;
    bucket.left -= 1;
    const bool fits = bucket.left > -0.05;  // moments are told in whole milliseconds
    bucket.left = std::max(bucket.left, 0.0);
    return fits;
  }

  std::map<std::pair<std::string, bool>, Bucket> buckets_;
};

// How much a member chose to get, counted by the moments at which the engine wrote. A second's
// worth may have waited for its link, and another may come at once.
class Chosen {
 public:
  void choose(std::uint32_t normal_per_s, std::uint32_t high_per_s, Instant now) {
    ever_ = ever_ || normal_per_s != 0 || high_per_s != 0;
    normal_ = normal_per_s;
    high_ = high_per_s;
    since_ = now;
    fresh_ = true;
  }
  bool ever() const { return ever_; }
  bool counts(std::int64_t time_ms) const { return normal_ != 0 && time_ms > since_.unix_ms(); }

  // False: it is more. Of normal and low, and with high where that is bound, too.
  bool take(Priority priority, Instant now) {
    const std::int64_t passed = (now - at_).us;
    at_ = now;
    if (fresh_) left_ = 2.0 * normal_, all_left_ = 2.0 * (normal_ + high_);
    fresh_ = false;
    const double seconds = std::max<double>(0.0, static_cast<double>(passed) / 1e6);
    left_ = std::min(2.0 * normal_, left_ + seconds * normal_);
    all_left_ = std::min(2.0 * (normal_ + high_), all_left_ + seconds * (normal_ + high_));
    if (priority != Priority::high) left_ -= 1;
    if (high_ != 0) all_left_ -= 1;
    return left_ > -0.05 && all_left_ > -0.05;
  }

 private:
  bool ever_ = false;
  std::uint32_t normal_ = 0;
  std::uint32_t high_ = 0;
  Instant since_;
  Instant at_;
  bool fresh_ = true;
  double left_ = 0;
  double all_left_ = 0;
};

}  // namespace chatroom::sim
