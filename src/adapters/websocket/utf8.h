// UTF-8, checked as it arrives: says no at the first byte that cannot be part of valid text, at
// whatever place the stream was cut (RFC 3629; Autobahn 6.x).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace chatroom::websocket {

class Utf8 {
 public:
  // False: impossible, whatever follows.
  bool feed(const std::byte* data, std::size_t size) noexcept {
    const std::byte* const end = data + size;
    while (data != end) {
      if (need_ == 0) {
        data = skip_ascii(data, end);
        if (data == end) return true;
        if (!begin(std::to_integer<std::uint8_t>(*data++))) return false;
        continue;
      }
      const auto byte = std::to_integer<std::uint8_t>(*data++);
      if (byte < low_ || byte > high_) return false;
      low_ = 0x80;
      high_ = 0xBF;
      --need_;
    }
    return true;
  }
  // Whether the text may end here.
  bool complete() const noexcept { return need_ == 0; }

 private:
  static const std::byte* skip_ascii(const std::byte* data, const std::byte* end) noexcept {
    while (end - data >= 8) {
      std::uint64_t word;
      std::memcpy(&word, data, sizeof word);
      if ((word & 0x8080'8080'8080'8080u) != 0) break;
      data += 8;
    }
    while (data != end && std::to_integer<std::uint8_t>(*data) < 0x80) ++data;
    return data;
  }

  // A lead byte of two to four. The second byte's range is what keeps out overlong forms,
  // surrogates and all past U+10FFFF.
  bool begin(std::uint8_t lead) noexcept {
    if (lead < 0xC2 || lead > 0xF4) return false;
    low_ = 0x80;
    high_ = 0xBF;
    if (lead < 0xE0) {
      need_ = 1;
    } else if (lead < 0xF0) {
      need_ = 2;
      if (lead == 0xE0) low_ = 0xA0;
      if (lead == 0xED) high_ = 0x9F;
    } else {
      need_ = 3;
      if (lead == 0xF0) low_ = 0x90;
      if (lead == 0xF4) high_ = 0x8F;
    }
    return true;
  }

  std::uint8_t need_ = 0;  // continuation bytes still to come
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;
};

}  // namespace chatroom::websocket
