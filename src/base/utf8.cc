#include "base/utf8.h"

#include <cstring>

namespace chatroom::base {

namespace {

// How long the sequence at `at` is; 0 if it is not well-formed. The second byte's range carries all
// the special cases (Unicode, table of well-formed byte sequences).
std::size_t sequence_length(const unsigned char* at, std::size_t left) noexcept {
  const auto continues = [&](std::size_t index, unsigned low, unsigned high) {
    return index < left && at[index] >= low && at[index] <= high;
  };
  const unsigned first = at[0];
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return continues(1, 0x80, 0xbf) ? 2 : 0;
  if (first < 0xf0) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;
    return continues(1, low, high) && continues(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first > 0xf4) return 0;
  const unsigned low = first == 0xf0 ? 0x90 : 0x80;
  const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
  return continues(1, low, high) && continues(2, 0x80, 0xbf) && continues(3, 0x80, 0xbf) ? 4 : 0;
}

}  // namespace

bool valid_utf8(std::string_view text) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  while (left > 0) {
    if (left >= 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      if ((word & 0x8080808080808080ull) == 0) {
        at += 8;
        left -= 8;
        continue;
      }
    }
    const std::size_t length = sequence_length(at, left);
    if (length == 0) return false;
    at += length;
    left -= length;
  }
  return true;
}

bool has_control(std::string_view text) noexcept {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) return true;
  }
  return false;
}

bool has_nul(std::string_view text) noexcept { return text.find('\0') != text.npos; }

bool valid_name(std::string_view name, std::size_t bytes_max) noexcept {
  return !name.empty() && name.size() <= bytes_max && !has_control(name) && valid_utf8(name);
}

}  // namespace chatroom::base
