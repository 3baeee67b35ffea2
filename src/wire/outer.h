// Outer frames: how messages stand in a byte stream (WIRE.md, "Outer frames"): type u8, length u24
// little-endian, body.
#pragma once

#include <cstddef>
#include <cstdint>

#include "chatroom/assert.h"
#include "chatroom/types.h"

namespace chatroom::wire {

enum class OuterType : std::uint8_t {
  hello_c = 0x01,
  hello_s = 0x02,
  hello_retry = 0x03,
  record_private = 0x10,
  record_shared = 0x20,
  plain = 0x30,     // one bare message; listeners that allow unsealed sessions
  deflated = 0x31,  // likewise, deflated; after authentication
};

inline constexpr std::size_t kOuterHeaderBytes = 4;
inline constexpr std::size_t kOuterBodyBytesMax = (std::size_t{1} << 24) - 1;

// Writes the header of a body of `length` bytes; answers its size.
inline std::size_t write_outer_header(OuterType type, std::size_t length,
                                      std::span<std::byte, kOuterHeaderBytes> out) noexcept {
  CHATROOM_ASSERT(length <= kOuterBodyBytesMax);
  out[0] = static_cast<std::byte>(type);
  out[1] = static_cast<std::byte>(length & 0xff);
  out[2] = static_cast<std::byte>(length >> 8 & 0xff);
  out[3] = static_cast<std::byte>(length >> 16 & 0xff);
  return kOuterHeaderBytes;
}

struct OuterFrame {
  enum class State : std::uint8_t {
    partial,     // go on when there is more
    whole,       // `type` and `body`
    wrong_type,  // not one of `OuterType`: close, as soon as the first byte is there
    too_long,    // the header announces more than `body_max`: close, before the body is there
  };
  State state = State::partial;
  OuterType type = OuterType::plain;
  Bytes body;             // views into the input
  std::size_t bytes = 0;  // header and body; with `partial`: 0 until the header is there
};

constexpr bool is_outer_type(std::uint8_t type) noexcept {
  return (type >= 0x01 && type <= 0x03) || type == 0x10 || type == 0x20 || type == 0x30 ||
         type == 0x31;
}

// The length in a whole header.
inline std::size_t outer_body_bytes(Bytes header) noexcept {
  CHATROOM_ASSERT(header.size() >= kOuterHeaderBytes);
  return std::to_integer<std::size_t>(header[1]) | std::to_integer<std::size_t>(header[2]) << 8 |
         std::to_integer<std::size_t>(header[3]) << 16;
}

// Looks at the first frame in `input`. Decides as early as the bytes allow.
inline OuterFrame read_outer_frame(Bytes input, std::size_t body_max) noexcept {
  OuterFrame frame;
  if (input.empty()) return frame;
  const auto type = std::to_integer<std::uint8_t>(input[0]);
  if (!is_outer_type(type)) {
    frame.state = OuterFrame::State::wrong_type;
    return frame;
  }
  frame.type = static_cast<OuterType>(type);
  if (input.size() < kOuterHeaderBytes) return frame;
  const std::size_t length = outer_body_bytes(input);
  frame.bytes = kOuterHeaderBytes + length;
  if (length > body_max) {
    frame.state = OuterFrame::State::too_long;
  } else if (length <= input.size() - kOuterHeaderBytes) {
    frame.state = OuterFrame::State::whole;
    frame.body = input.subspan(kOuterHeaderBytes, length);
  }
  return frame;
}

}  // namespace chatroom::wire
