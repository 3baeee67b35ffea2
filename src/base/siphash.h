// SipHash-2-4: the keyed hash of every table whose keys a peer can choose, so that nobody outside
// can aim at one bucket. 64-bit result; follows the published reference vectors.
#pragma once

#include <cstdint>

#include "chatroom/types.h"

namespace chatroom::base {

struct HashKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

std::uint64_t siphash(HashKey key, Bytes bytes) noexcept;
inline std::uint64_t siphash(HashKey key, std::string_view text) noexcept {
  return siphash(key, as_bytes(text));
}

}  // namespace chatroom::base
