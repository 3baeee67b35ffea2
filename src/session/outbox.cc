#include "session/outbox.h"

#include <cstring>

#include "chatroom/assert.h"
#include "wire/outer.h"

namespace chatroom::session {

namespace {

// Stands before a WebSocket frame that waits; the transport makes its real header.
struct Mark {
  std::uint32_t size;
  FrameKind kind;
};

}  // namespace

std::size_t Outbox::header_bytes() const noexcept {
  return framing_ == Framing::outer ? wire::kOuterHeaderBytes : sizeof(Mark);
}

std::size_t Outbox::left() const noexcept {
  return buffer_.left() > header_bytes() ? buffer_.left() - header_bytes() : 0;
}

MutableBytes Outbox::place(std::size_t bytes) noexcept {
  const MutableBytes whole = buffer_.place(header_bytes() + bytes);
  return whole.empty() ? whole : whole.subspan(header_bytes());
}

void Outbox::commit(FrameKind kind, std::size_t bytes) noexcept {
  const MutableBytes header = buffer_.place(header_bytes());
  if (framing_ == Framing::outer) {
    wire::write_outer_header(wire::OuterType::plain, bytes,
                             header.first<wire::kOuterHeaderBytes>());
  } else {
    Mark mark{};
    mark.size = static_cast<std::uint32_t>(bytes);
    mark.kind = kind;
    std::memcpy(header.data(), &mark, sizeof mark);
  }
  buffer_.commit(header_bytes() + bytes);
}

bool Outbox::add(FrameKind kind, Bytes payload) noexcept {
  const MutableBytes whole = buffer_.place(header_bytes() + payload.size());
  if (whole.empty()) return false;
  if (!payload.empty()) std::memcpy(&whole[header_bytes()], payload.data(), payload.size());
  commit(kind, payload.size());
  return true;
}

void Outbox::add_deflated_mark() noexcept {
  CHATROOM_ASSERT(framing_ == Framing::outer);
  const MutableBytes header = buffer_.place(wire::kOuterHeaderBytes);
  if (header.empty()) return;
  wire::write_outer_header(wire::OuterType::deflated, 0, header.first<wire::kOuterHeaderBytes>());
  buffer_.commit(wire::kOuterHeaderBytes);
}

bool Outbox::front(FrameKind& kind, Bytes& payload) const noexcept {
  if (buffer_.empty()) return false;
  const Bytes waiting = buffer_.bytes();
  Mark mark;
  std::memcpy(&mark, waiting.data(), sizeof mark);
  kind = mark.kind;
  payload = waiting.subspan(sizeof mark, mark.size);
  return true;
}

void Outbox::pop() noexcept {
  FrameKind kind{};
  Bytes payload;
  CHATROOM_ASSERT(front(kind, payload));
  buffer_.drop_front(sizeof(Mark) + payload.size());
}

}  // namespace chatroom::session
