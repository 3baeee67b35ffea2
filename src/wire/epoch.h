// The string form of an epoch: opaque to clients, 16 hexadecimal digits to us.
#pragma once

#include <optional>

#include "base/text.h"
#include "chatroom/types.h"

namespace chatroom::wire {

using EpochText = base::FixedText<16>;

inline EpochText epoch_text(std::uint64_t epoch) noexcept {
  char digits[16];
  for (int i = 15; i >= 0; --i, epoch >>= 4) digits[i] = "0123456789abcdef"[epoch & 0xf];
  return EpochText{{digits, sizeof(digits)}};
}

// Empty: not a form that we gave out, so no epoch of ours.
inline std::optional<std::uint64_t> parse_epoch(std::string_view text) noexcept {
  if (text.size() != 16) return std::nullopt;
  std::uint64_t epoch = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(c >= 'a' && c <= 'f')) return std::nullopt;
    epoch = epoch << 4 | static_cast<std::uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return epoch;
}

}  // namespace chatroom::wire
