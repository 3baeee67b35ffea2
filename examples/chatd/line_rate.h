// How many lines a second a file or a terminal is given: whoever makes many things happen must not
// fill a disk or hold up a loop with what is written about them. What is left out is counted.
#pragma once

#include <cstdint>
#include <utility>

namespace chatd {

class LineRate {
 public:
  void set(std::uint32_t per_s) noexcept { per_s_ = per_s; }  // 0: no limit

  // Whether one more may be written now; if not, it counts as left out.
  bool take(std::int64_t now_ms) noexcept {
    if (per_s_ == 0) return true;
    turn(now_ms);
    const bool fits = used_ < per_s_;
    (fits ? used_ : left_out_) += 1;
    return fits;
  }
  // Left out in seconds that are over, and not told yet: whoever asks tells it.
  std::uint64_t due(std::int64_t now_ms) noexcept { return now_ms / 1000 == second_ ? 0 : rest(); }
  // Whenever they were.
  std::uint64_t rest() noexcept { return std::exchange(left_out_, 0); }

 private:
  void turn(std::int64_t now_ms) noexcept {
    if (now_ms / 1000 == second_) return;
    second_ = now_ms / 1000;
    used_ = 0;
  }

  std::uint32_t per_s_ = 0;
  std::int64_t second_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace chatd
