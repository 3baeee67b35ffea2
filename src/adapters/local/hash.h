// Which engine a room belongs to: a keyed hash (SipHash-1-3), so that who picks room names cannot
// pick engines.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>

namespace chatroom::local {

class RoomHash {
 public:
  RoomHash(std::uint64_t low, std::uint64_t high) noexcept
      : v_{low ^ 0x736f6d6570736575, high ^ 0x646f72616e646f6d, low ^ 0x6c7967656e657261,
           high ^ 0x7465646279746573} {}

  std::uint64_t of(std::string_view text) noexcept {
    std::uint64_t word = 0;
    std::size_t at = 0;
    for (const char c : text) {
      word |= std::uint64_t{static_cast<unsigned char>(c)} << (8 * (at % 8));
      if (++at % 8 == 0) add(std::exchange(word, 0));
    }
    add(word | static_cast<std::uint64_t>(text.size()) << 56);
    v_[2] ^= 0xff;
    for (int i = 0; i < 3; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  void add(std::uint64_t word) noexcept {
    v_[3] ^= word;
    round();
    v_[0] ^= word;
  }
  void round() noexcept {
    v_[0] += v_[1];
    v_[1] = std::rotl(v_[1], 13) ^ v_[0];
    v_[0] = std::rotl(v_[0], 32);
    v_[2] += v_[3];
    v_[3] = std::rotl(v_[3], 16) ^ v_[2];
    v_[0] += v_[3];
    v_[3] = std::rotl(v_[3], 21) ^ v_[0];
    v_[2] += v_[1];
    v_[1] = std::rotl(v_[1], 17) ^ v_[2];
    v_[2] = std::rotl(v_[2], 32);
  }

  std::uint64_t v_[4];
};

// A room's place among engines: the living one with the highest score, so that only the rooms of an
// engine that goes get another home.
inline std::uint64_t score(std::uint64_t room, std::uint32_t engine) noexcept {
  std::uint64_t word = room ^ (engine + 1) * 0x9e3779b97f4a7c15;
  word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
  word = (word ^ word >> 27) * 0x94d049bb133111eb;
  return word ^ word >> 31;
}

}  // namespace chatroom::local
