// How a session's commands and events travel: which codec, which framing, which kinds of inbound
// WebSocket frame. Shared by the engine, the client role and the adapters.
#pragma once

#include <cstdint>

namespace chatroom {

enum class CodecKind : std::uint8_t { flatbuffers, json };

// How bytes are framed on a link. Outbound frames get their header from the core.
enum class Framing : std::uint8_t {
  outer,      // type u8, length u24 (wire/WIRE.md): TCP and message links
  websocket,  // RFC 6455 server frames: text for json, binary for flatbuffers; inbound frames
              // come decoded from a filter (websocket.h) through Turn::on_frame
};

// Whether a peer takes messages of rooms deflated (compressor.h), and in which form. Room entries
// only, in rooms whose policy says so; what is for one session alone never is.
enum class Compress : std::uint8_t {
  none,
  chained,  // messages of one write refer to each other: the peer keeps its window of 32 KiB
  alone,    // each message by itself, referring back at most 512 bytes: any peer can read that
};

// The kinds of inbound WebSocket frame a filter hands on. Messages are whole (fragments joined) and
// text is valid UTF-8.
enum class FrameKind : std::uint8_t { text, binary, ping, pong, close };

}  // namespace chatroom
