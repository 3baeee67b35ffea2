// Hash: of everything that an engine let out, in order. Two runs that agree here did the same.
#pragma once

#include <cstring>
#include <string_view>

#include "chatroom/types.h"

namespace chatroom::sim {

class Hash final {
 public:
  void add(std::uint64_t word) noexcept {
    state_ = (state_ ^ word) * 0x9e3779b97f4a7c15;
    state_ ^= state_ >> 29;
  }
  void add(Bytes bytes) noexcept {
    add(bytes.size());
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) add(word_of(bytes.first(8)));
    if (!bytes.empty()) add(word_of(bytes));
  }
  void add(std::string_view text) noexcept { add(as_bytes(text)); }
  std::uint64_t value() const noexcept { return state_; }

 private:
  static std::uint64_t word_of(Bytes bytes) noexcept {  // little-endian on every machine
    std::uint64_t word = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) {
      word = word << 8 | std::to_integer<std::uint64_t>(bytes[i - 1]);
    }
    return word;
  }
  std::uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace chatroom::sim
