// Frames: an event in a profile's codec, behind the header of its framing.
#include <algorithm>

#include "fanout/state.h"
#include "wire/outer.h"
#include "wire/websocket_header.h"

namespace chatroom::fanout {

static_assert(kHeaderRoom >= wire::kOuterHeaderBytes);
static_assert(kHeaderRoom >= wire::kWebsocketHeaderBytesMax);

std::size_t encode_bytes(const Limits& limits) noexcept {
  return kHeaderRoom + std::max(limits.private_bytes, kWriteBytesMax);
}

std::size_t deflate_bytes(const Limits& limits) noexcept {
  return std::min(limits.deflate_bytes, kWriteBytesMax);
}

std::size_t scratch_bytes(const Limits& limits) noexcept {
  return encode_bytes(limits) + deflate_bytes(limits);
}

Bytes encode_frame(State& s, std::uint8_t profile, const Event& event) noexcept {
  const bool json = (profile & 1) != 0;
  Codec* codec = json ? s.codecs.json : s.codecs.flatbuffers;
  std::byte* body = s.scratch + kHeaderRoom;
  const std::size_t size = codec->encode(event, {body, encode_bytes(s.limits) - kHeaderRoom});
  if (size == 0) return {};
  std::byte header[wire::kWebsocketHeaderBytesMax];
  std::size_t header_size = 0;
  if (static_cast<Framing>(profile >> 1) == Framing::websocket) {
    const auto opcode = json ? wire::WebsocketOpcode::text : wire::WebsocketOpcode::binary;
    header_size = wire::write_websocket_header(opcode, size, header);
  } else {
    header_size = wire::write_outer_header(
        wire::OuterType::plain, size,
        std::span<std::byte, wire::kOuterHeaderBytes>(header, wire::kOuterHeaderBytes));
  }
  std::copy_n(header, header_size, body - header_size);
  return {body - header_size, header_size + size};
}

}  // namespace chatroom::fanout
