#include "base/siphash.h"

#include <bit>

namespace chatroom::base {

namespace {

struct State {
  std::uint64_t a, b, c, d;

  void round() noexcept {
    a += b;
    c += d;
    b = std::rotl(b, 13) ^ a;
    d = std::rotl(d, 16) ^ c;
    a = std::rotl(a, 32);
    c += b;
    a += d;
    b = std::rotl(b, 17) ^ c;
    d = std::rotl(d, 21) ^ a;
    c = std::rotl(c, 32);
  }
  void absorb(std::uint64_t word) noexcept {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

// Little-endian on every machine; compilers make one load of it where they can.
std::uint64_t load(const std::byte* from, std::size_t count) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) word |= std::to_integer<std::uint64_t>(from[i]) << 8 * i;
  return word;
}

}  // namespace

std::uint64_t siphash(HashKey key, Bytes bytes) noexcept {
  State state{key.low ^ 0x736f6d6570736575ull, key.high ^ 0x646f72616e646f6dull,
              key.low ^ 0x6c7967656e657261ull, key.high ^ 0x7465646279746573ull};
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) state.absorb(load(at, 8));
  state.absorb(load(at, left) | static_cast<std::uint64_t>(bytes.size()) << 56);
  state.c ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace chatroom::base
