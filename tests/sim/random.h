// Random: the simulator's only source of chance. Every actor has its own, so that what one does
// moves nobody else's dice.
#pragma once

#include <cstdint>

namespace chatroom::sim {

class Random final {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  Random(std::uint64_t seed, std::uint64_t actor) noexcept : state_(seed) {
    state_ = next() ^ (actor + 1) * 0x9e3779b97f4a7c15;
    static_cast<void>(next());
  }

  std::uint64_t next() noexcept {  // SplitMix64
    std::uint64_t word = state_ += 0x9e3779b97f4a7c15;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    return word ^ word >> 31;
  }
  // 0 to n - 1; 0 for n = 0.
  std::uint32_t below(std::uint32_t n) noexcept {
    return static_cast<std::uint32_t>((next() >> 32) * n >> 32);
  }
  std::uint32_t between(std::uint32_t low, std::uint32_t high) noexcept {  // both included
    return low + below(high - low + 1);
  }
  bool chance(std::uint32_t percent) noexcept { return below(100) < percent; }
  bool per_mille(std::uint32_t chances) noexcept { return below(1'000) < chances; }

 private:
  std::uint64_t state_;
};

}  // namespace chatroom::sim
