// Connection: one peer's link, as the engine writes to it. Bytes come the other way through
// Engine::Turn.
#pragma once

#include "chatroom/types.h"

namespace chatroom {

// How a link treats what is written to it.
enum class Boundary : std::uint8_t {
  stream,   // any prefix may be taken (TCP)
  message,  // each write is one datagram of at most `max_frame` bytes, taken whole or not at all;
            // reliable and ordered is the link's own duty (a game's UDP, data channels)
};

// Why a connection was closed. 1000-1015 as in RFC 6455; 4000-4499: the client may reconnect,
// 4500-4999: it should not. Transports without close codes just close.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol = 1002,
  bad_data = 1007,
  too_big = 1009,
  shutdown = 4000,
  slow_consumer = 4001,
  no_pong = 4002,
  position_lost = 4003,
  server_error = 4004,
  moved = 4005,
  overloaded = 4006,
  bad_token = 4500,
  protocol_error = 4501,
  banned = 4502,
  replaced = 4503,
  connection_limit = 4504,
  handshake_timeout = 4505,
  auth_expired = 4506,
  limit = 4507,
  room_gone = 4508,
};

// Implemented by the host or an adapter; must outlive its session (until on_closed returned).
//
// Thread: the engine's. Re-entry: none of these may call into the engine, at all.
// Cost: one virtual call a visit; a member of a busy room is visited once a flush, however many
// messages wait for it.
class Connection {
 public:
  // Offers `pieces` in order (at most 64, at most 64 KiB together; none of them empty) and answers
  // how many bytes were taken. Taken bytes are the adapter's: it has put them on their way or
  // copied them. Fewer than offered: blocked; nothing more is offered until Turn::on_writable. A
  // message link gets one whole message a call and answers all or 0. What is not taken will be
  // offered again, or not at all; the adapter must not keep or send it.
  virtual std::size_t write(std::span<const Bytes> pieces) noexcept = 0;
  // Stop (true) or go on (false) handing bytes to the engine. Bytes already read may still come.
  virtual void pause(bool paused) noexcept = 0;
  // Nothing more will be written: send what was taken, then close; give up after 100 ms. At most
  // once. The adapter answers with Turn::on_closed exactly once, later, never from in here; also
  // when the peer closed first.
  virtual void close(CloseCode code) noexcept = 0;

 protected:
  ~Connection() = default;
};

}  // namespace chatroom
