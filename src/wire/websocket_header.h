// Headers of outbound WebSocket frames (RFC 6455): a server's are unmasked and never fragmented, so
// a frame is this header and the payload. What comes in is parsed by the filter (websocket.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "chatroom/assert.h"
#include "chatroom/types.h"

namespace chatroom::wire {

enum class WebsocketOpcode : std::uint8_t {
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

inline constexpr std::size_t kWebsocketHeaderBytesMax = 10;
inline constexpr std::size_t kWebsocketControlBytesMax = 125;

constexpr std::size_t websocket_header_bytes(std::size_t payload) noexcept {
  return payload < 126 ? 2 : payload <= 0xffff ? 4 : 10;
}

// Writes the header of a whole frame with `payload` bytes; answers its size (2, 4 or 10).
inline std::size_t write_websocket_header(WebsocketOpcode opcode, std::size_t payload,
                                          std::span<std::byte, kWebsocketHeaderBytesMax> out,
                                          bool deflated = false) noexcept {
  if (static_cast<std::uint8_t>(opcode) >= 0x8) {
    CHATROOM_ASSERT(payload <= kWebsocketControlBytesMax);
  }
  const std::size_t size = websocket_header_bytes(payload);
  out[0] = static_cast<std::byte>((deflated ? 0xc0u : 0x80u) | static_cast<unsigned>(opcode));
  if (size == 2) {
    out[1] = static_cast<std::byte>(payload);
    return size;
  }
  out[1] = static_cast<std::byte>(size == 4 ? 126 : 127);
  const std::size_t digits = size - 2;
  for (std::size_t i = 0; i < digits; ++i) {
    out[2 + i] = static_cast<std::byte>(payload >> 8 * (digits - 1 - i) & 0xff);
  }
  return size;
}

// The body of a close frame: a code in network order, no reason.
inline void write_websocket_close(std::uint16_t code, std::span<std::byte, 2> out) noexcept {
  out[0] = static_cast<std::byte>(code >> 8);
  out[1] = static_cast<std::byte>(code & 0xff);
}

}  // namespace chatroom::wire
