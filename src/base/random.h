// Random: the engine's seeded generator (xoshiro256**, filled by SplitMix64). For jitter, sampling
// and ids that need not be secret; secrets come from EventLoop::entropy.
#pragma once

#include <bit>
#include <cstdint>

#include "chatroom/assert.h"
#include "chatroom/types.h"

namespace chatroom::base {

class Random final {
 public:
  explicit Random(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15ull;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  // 0 to bound - 1, without bias.
  std::uint64_t below(std::uint64_t bound) noexcept {
    CHATROOM_ASSERT(bound > 0);
    const std::uint64_t skip = (0 - bound) % bound;  // 2^64 mod bound
    std::uint64_t word = next();
    while (word < skip) word = next();
    return word % bound;
  }
  // The same bytes on every machine.
  void fill(MutableBytes out) noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (i % 8 == 0) word = next();
      out[i] = static_cast<std::byte>(word & 0xff);
      word >>= 8;
    }
  }

 private:
  std::uint64_t state_[4];
};

}  // namespace chatroom::base
