// What a Client holds: an outbox, the begun frame, the answers it waits for, its positions.
#pragma once

#include "base/text.h"
#include "base/vector.h"
#include "chatroom/client.h"
#include "chatroom/codec_checks.h"
#include "session/byte_buffer.h"
#include "session/outbox.h"
#include "session/positions.h"

namespace chatroom {

struct Client::State {
  // An answer that will come.
  struct Awaited {
    std::uint32_t id;
    Op op;
    std::uint32_t place;  // the room it is about, or Positions::kNone
    session::PageAsked page;
  };

  State(const ClientOptions& given, ClientHandler& heard_by) noexcept
      : options(given),
        handler(heard_by),
        outbox(*given.memory, given.framing, given.out_bytes_max),
        begun(*given.memory, given.frame_bytes_max + std::size_t{4}),
        inflated(*given.memory, given.frame_bytes_max),
        awaited(*given.memory, given.pending_max),
        positions(*given.memory, given.rooms_max),
        heartbeat(given.heartbeat) {}

  Asked ask(Command& command) noexcept;
  Status send(const Command& command) noexcept;
  Status send_control(FrameKind kind, Bytes payload) noexcept;
  Status on_bytes(Bytes bytes) noexcept;
  Status on_frame(FrameKind kind, Bytes payload) noexcept;
  bool beat(Instant now) noexcept;
  void restart() noexcept;

  Status take_outer(Bytes& bytes) noexcept;
  Status take_deflated(Bytes body) noexcept;
  void ask_deflated() noexcept;
  Status dispatch(Bytes frame) noexcept;
  void on_answer(Event& event) noexcept;
  void on_event(const Event& event) noexcept;
  Status end(Errc why) noexcept;
  std::uint32_t fresh_id() noexcept;

  const ClientOptions options;
  ClientHandler& handler;
  session::Outbox outbox;
  session::ByteBuffer begun;     // an outer frame that has not come whole
  session::ByteBuffer inflated;  // what the last deflated frame was
  base::Vector<Awaited> awaited;
  session::Positions positions;
  base::FixedText<kNameBytesMax> user;

  std::uint64_t deflated = 0;  // frames
  std::uint32_t last_id = 0;
  bool authenticated = false;
  bool ended = false;
  bool in_handler = false;
  CloseCode close_code = CloseCode::normal;

  // Time is only known when `beat` tells it: between two beats these note what happened.
  Duration heartbeat;
  bool heard = false;
  bool spoke = false;
  bool timed = false;  // a first beat was
  Instant heard_at{0};
  Instant spoke_at{0};
};

}  // namespace chatroom
