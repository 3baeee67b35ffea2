// Board: what a room shows to everybody beside its settings: pinned messages and words of its own.
// Only rooms that have some hold one (Limits::board_rooms).
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "room/packed_attributes.h"

namespace chatroom::room {

inline constexpr std::size_t kPinsMax = 16;
inline constexpr std::size_t kAttributesMax = 32;
inline constexpr std::size_t kAttributeBytesMax = 1'536;  // keys and values of a room together

class Board final {
 public:
  bool empty() const noexcept { return pins_ == 0 && attributes.empty(); }

  std::span<const std::uint64_t> pins() const noexcept { return std::span{offsets_}.first(pins_); }
  // False: there are as many as may be.
  bool pin(std::uint64_t offset) noexcept {
    if (pinned(offset)) return true;
    if (pins_ == kPinsMax) return false;
    offsets_[pins_++] = offset;
    return true;
  }
  bool pinned(std::uint64_t offset) const noexcept {
    return std::find(offsets_.begin(), offsets_.begin() + pins_, offset) !=
           offsets_.begin() + pins_;
  }
  void unpin(std::uint64_t offset) noexcept {
    const auto end = offsets_.begin() + pins_;
    pins_ =
        static_cast<std::uint8_t>(std::remove(offsets_.begin(), end, offset) - offsets_.begin());
  }

  PackedAttributes<kAttributesMax, kAttributeBytesMax> attributes;

 private:
  std::array<std::uint64_t, kPinsMax> offsets_{};
  std::uint8_t pins_ = 0;
};

}  // namespace chatroom::room
