// What was said and what came: counts, order, and how long each delivery took.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace compare {

std::int64_t now_us();  // of a clock that never goes back

// Times in microseconds, to within 1.6 % of each.
class Histogram {
 public:
  void add(std::int64_t us);
  double quantile(double share) const;

 private:
  static constexpr std::size_t kSteps = 64;  // between powers of two
  std::array<std::uint64_t, kSteps * 40> counts_{};
  std::uint64_t total_ = 0;
};

class Tally {
 public:
  // Numbers rise by one from 1. Both processes are this one, so the time said stands here, not in
  // the message.
  void said(std::uint32_t number, std::int64_t at);
  // `due`: the number that this member expects next.
  void received(std::uint32_t due, std::uint32_t number, std::int64_t at, std::size_t frame_bytes);
  void forget();  // what was counted, not what was said

  std::uint64_t delivered = 0;
  std::uint64_t disorder = 0;  // a number that was not the next one
  std::size_t frame_least = SIZE_MAX, frame_most = 0;
  Histogram latency;
  // Time between the first and the last member's receipt of each message said since forget().
  Histogram skew() const;

 private:
  struct Message {
    std::int64_t said = 0, first = 0, last = 0;
  };
  std::vector<Message> messages_;
  std::size_t since_ = 0;
};

}  // namespace compare
