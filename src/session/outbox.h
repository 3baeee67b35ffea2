// Outbox: what a client has said and the transport has not taken yet, with a bound. Frames are
// written in place at the end and leave from the front, as a stream or one by one.
#pragma once

#include "chatroom/framing.h"
#include "session/byte_buffer.h"

namespace chatroom::session {

class Outbox final {
 public:
  Outbox(Memory& memory, Framing framing, std::size_t bytes_max) noexcept
      : framing_(framing), buffer_(memory, bytes_max) {}

  // Room for a frame of `bytes` behind what waits, good until the next call; empty: over the
  // bound, or no memory.
  MutableBytes place(std::size_t bytes) noexcept;
  // The first `bytes` of the place are a frame.
  void commit(FrameKind kind, std::size_t bytes) noexcept;
  // A whole frame; false: over the bound, or no memory.
  bool add(FrameKind kind, Bytes payload) noexcept;
  // Framing::outer: an empty DEFLATED frame, which says that such are understood here.
  void add_deflated_mark() noexcept;
  // The longest frame that place() would have room for.
  std::size_t left() const noexcept;

  // Framing::outer.
  Bytes stream() const noexcept { return buffer_.bytes(); }
  void sent(std::size_t bytes) noexcept { buffer_.drop_front(bytes); }
  // Framing::websocket. False: nothing waits.
  bool front(FrameKind& kind, Bytes& payload) const noexcept;
  void pop() noexcept;

  void release() noexcept { buffer_.release(); }

 private:
  std::size_t header_bytes() const noexcept;

  const Framing framing_;
  ByteBuffer buffer_;
};

}  // namespace chatroom::session
