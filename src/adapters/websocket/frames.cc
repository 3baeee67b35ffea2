#include "websocket/frames.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "websocket/utf8.h"

namespace chatroom::websocket {

namespace {

constexpr std::uint8_t kContinuation = 0x0;
constexpr std::uint8_t kText = 0x1;
constexpr std::uint8_t kBinary = 0x2;
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kPing = 0x9;
constexpr std::uint8_t kPong = 0xA;
constexpr std::uint8_t kFinBit = 0x80;
constexpr std::uint8_t kReservedBits = 0x70;
constexpr std::uint8_t kDeflatedBit = 0x40;  // RSV1: the message is deflated (RFC 7692)
constexpr std::uint8_t kMaskBit = 0x80;

std::uint8_t at(Bytes bytes, std::size_t i) noexcept {
  return std::to_integer<std::uint8_t>(bytes[i]);
}
bool is_control(std::uint8_t opcode) noexcept { return opcode >= kClose; }

}  // namespace

struct Frames::Header {
  std::uint8_t opcode = 0;
  bool fin = false;
  bool deflated = false;
  std::uint8_t size = 0;  // of the header itself
  std::uint32_t mask = 0;
  std::uint64_t length = 0;
};

void apply_mask(std::uint32_t& mask, std::byte* data, std::size_t size) noexcept {
  if (mask == 0) return;
  const std::uint64_t wide = (std::uint64_t{mask} << 32) | mask;
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, data, sizeof word);
    word ^= wide;
    std::memcpy(data, &word, sizeof word);
  }
  std::byte key[4];
  std::memcpy(key, &mask, sizeof key);
  for (std::size_t i = 0; i < size; ++i) data[i] ^= key[i % 4];
  std::rotate(key, key + size % 4, key + 4);
  std::memcpy(&mask, key, sizeof key);
}

bool close_code_allowed(std::uint16_t code) noexcept {
  if (code >= 3000) return code <= 4999;
  if (code < 1000 || code > 1014) return false;
  return code != 1004 && code != 1005 && code != 1006;
}

bool Frames::feed(Partial*& held, MutableBytes bytes, bool deflate, FilterSink& sink) noexcept {
  while (!bytes.empty()) {
    if (held != nullptr && held->in_payload) {
      if (!take(held, bytes, sink)) return false;
      continue;
    }
    // Most headers lie whole in `bytes`; one that was cut is put together in the lease.
    Header header;
    std::size_t joined = 0;  // bytes of the header that were held before
    Bytes view = bytes;
    if (held != nullptr && held->header_size > 0) {
      joined = held->header_size;
      const std::size_t more = std::min(bytes.size(), kHeaderBytes - joined);
      std::memcpy(held->header + joined, bytes.data(), more);
      view = Bytes(held->header, joined + more);
    }
    switch (parse(held, view, deflate, header)) {
      case Parse::bad:
        return fault(CloseCode::protocol, sink);
      case Parse::more:
        if (held == nullptr && (held = leases_.take()) == nullptr) {
          return fault(CloseCode::overloaded, sink);
        }
        if (joined == 0) std::memcpy(held->header, view.data(), view.size());
        held->header_size = static_cast<std::uint8_t>(view.size());
        return true;
      case Parse::done:
        bytes = bytes.subspan(header.size - joined);
        if (held != nullptr) held->header_size = 0;
        if (!begin(held, header, bytes, sink)) return false;
    }
  }
  return true;
}

// Judges as many header bytes as there are, so that a fault is found at its first byte.
Frames::Parse Frames::parse(const Partial* held, Bytes bytes, bool deflate,
                            Header& header) const noexcept {
  const std::uint8_t first = at(bytes, 0);
  header.opcode = first & 0x0F;
  header.fin = (first & kFinBit) != 0;
  // Only on a message's first frame.
  const bool begins = header.opcode == kText || header.opcode == kBinary;
  header.deflated = deflate && begins && (first & kDeflatedBit) != 0;
  if ((first & kReservedBits) != (header.deflated ? kDeflatedBit : 0)) return Parse::bad;
  const bool open = held != nullptr && held->message != 0;
  switch (header.opcode) {
    case kContinuation:
      if (!open) return Parse::bad;
      break;
    case kText:
    case kBinary:
      if (open) return Parse::bad;
      break;
    case kClose:
    case kPing:
    case kPong:
      if (!header.fin) return Parse::bad;
      break;
    default:
      return Parse::bad;
  }
  if (bytes.size() < 2) return Parse::more;
  const std::uint8_t second = at(bytes, 1);
  const bool masked = (second & kMaskBit) != 0;
  if (masked != (role_ == Role::server)) return Parse::bad;
  header.length = second & 0x7F;
  if (is_control(header.opcode) && header.length > kControlBytes) return Parse::bad;
  std::size_t size = 2;
  if (header.length >= 126) {
    const std::size_t extended = header.length == 126 ? 2 : 8;
    // RFC 6455 5.2: the shortest form, and the top bit of the long one clear.
    if (extended == 8 && bytes.size() > 2 && (at(bytes, 2) & 0x80) != 0) return Parse::bad;
    if (bytes.size() < size + extended) return Parse::more;
    header.length = 0;
    for (std::size_t i = 0; i < extended; ++i) {
      header.length = (header.length << 8) | at(bytes, size + i);
    }
    if (header.length < (extended == 2 ? 126u : 65'536u)) return Parse::bad;
    size += extended;
  }
  if (masked) {
    if (bytes.size() < size + 4) return Parse::more;
    std::memcpy(&header.mask, bytes.data() + size, 4);
    size += 4;
  }
  header.size = static_cast<std::uint8_t>(size);
  return Parse::done;
}

// A header is complete. The payload is handed on from where it lies if all of it is there and it
// is a message or control frame of its own; else the link takes a lease.
bool Frames::begin(Partial*& held, const Header& header, MutableBytes& bytes,
                   FilterSink& sink) noexcept {
  const bool message = !is_control(header.opcode);
  const std::size_t before = message && held != nullptr ? held->size : 0;
  if (message) {
    const std::uint64_t length = header.length;
    const std::uint64_t unknown = std::min(limits_.message_bytes, limits_.message_bytes_before);
    if (length > limits_.message_bytes - before) return fault(CloseCode::too_big, sink);
    if ((before > unknown || length > unknown - before) && !sink.admitted()) {
      return fault(CloseCode::too_big, sink);
    }
  }
  const bool whole = header.length <= bytes.size();
  if (whole && header.fin && header.opcode != kContinuation) {
    const MutableBytes payload = bytes.first(static_cast<std::size_t>(header.length));
    bytes = bytes.subspan(payload.size());
    std::uint32_t mask = header.mask;
    apply_mask(mask, payload.data(), payload.size());
    if (held != nullptr && held->message == 0) leases_.give_back(held);
    if (!message) return control(header.opcode, payload, sink);
    if (header.deflated) return inflate(header.opcode, payload, sink);
    if (header.opcode == kBinary) return sink.on_frame(FrameKind::binary, payload);
    Utf8 utf8;
    if (!utf8.feed(payload.data(), payload.size()) || !utf8.complete()) {
      return fault(CloseCode::bad_data, sink);
    }
    return sink.on_frame(FrameKind::text, payload);
  }
  if (held == nullptr && (held = leases_.take()) == nullptr) {
    return fault(CloseCode::overloaded, sink);
  }
  held->opcode = header.opcode;
  held->fin = header.fin;
  held->mask = header.mask;
  held->remaining = header.length;
  held->in_payload = true;
  held->control_size = 0;
  if (header.opcode == kText || header.opcode == kBinary) {
    held->message = header.opcode;
    held->deflated = header.deflated;
    held->utf8 = Utf8{};
  }
  return header.length > 0 || end_of_frame(held, sink);
}

bool Frames::take(Partial*& held, MutableBytes& bytes, FilterSink& sink) noexcept {
  if (is_control(held->opcode)) return take_control(held, bytes, sink);
  const std::size_t size =
      static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), held->remaining));
  if (held->capacity - held->size < size && !leases_.reserve(*held, size)) {
    return fault(CloseCode::overloaded, sink);
  }
  std::byte* const to = held->data + held->size;
  std::memcpy(to, bytes.data(), size);
  apply_mask(held->mask, to, size);
  const bool text = held->message == kText && !held->deflated;
  if (text && !held->utf8.feed(to, size)) return fault(CloseCode::bad_data, sink);
  held->size += size;
  held->remaining -= size;
  bytes = bytes.subspan(size);
  return held->remaining > 0 || end_of_frame(held, sink);
}

bool Frames::take_control(Partial*& held, MutableBytes& bytes, FilterSink& sink) noexcept {
  const std::size_t size =
      static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), held->remaining));
  std::byte* const to = held->control + held->control_size;
  std::memcpy(to, bytes.data(), size);
  apply_mask(held->mask, to, size);
  held->control_size = static_cast<std::uint8_t>(held->control_size + size);
  held->remaining -= size;
  bytes = bytes.subspan(size);
  return held->remaining > 0 || end_of_frame(held, sink);
}

bool Frames::end_of_frame(Partial*& held, FilterSink& sink) noexcept {
  held->in_payload = false;
  if (is_control(held->opcode)) {
    const bool on = control(held->opcode, Bytes(held->control, held->control_size), sink);
    if (on && held->message == 0) leases_.give_back(held);
    return on;
  }
  if (!held->fin) return true;
  if (held->deflated) {
    const bool on = inflate(held->message, Bytes(held->data, held->size), sink);
    leases_.give_back(held);
    return on;
  }
  if (held->message == kText && !held->utf8.complete()) return fault(CloseCode::bad_data, sink);
  const FrameKind kind = held->message == kText ? FrameKind::text : FrameKind::binary;
  const bool on = sink.on_frame(kind, Bytes(held->data, held->size));
  leases_.give_back(held);
  return on;
}

// A whole deflated message. Strangers too may send one, within what strangers may send: a browser
// that has agreed to deflate deflates its first message like any other.
bool Frames::inflate(std::uint8_t opcode, Bytes payload, FilterSink& sink) noexcept {
  const std::uint64_t before = std::min(limits_.message_bytes, limits_.message_bytes_before);
  const std::uint64_t limit = sink.admitted() ? limits_.message_bytes : before;
  if (inflated_ == nullptr) {
    inflated_.reset(static_cast<std::byte*>(std::malloc(limits_.message_bytes)));
  }
  if (inflated_ == nullptr) return fault(CloseCode::overloaded, sink);
  const std::size_t most = inflated_bytes_max(payload.size(), static_cast<std::size_t>(limit));
  const Compressor::Inflated done = compressor_->inflate(payload, {inflated_.get(), most});
  switch (done.outcome) {
    case Compressor::Outcome::whole:
      break;
    case Compressor::Outcome::too_large:
      return fault(CloseCode::too_big, sink);
    case Compressor::Outcome::bad:
      return fault(CloseCode::bad_data, sink);
    case Compressor::Outcome::no_memory:
      return fault(CloseCode::overloaded, sink);
  }
  const Bytes message(inflated_.get(), done.size);
  if (opcode == kBinary) return sink.on_frame(FrameKind::binary, message);
  Utf8 utf8;
  if (!utf8.feed(message.data(), message.size()) || !utf8.complete()) {
    return fault(CloseCode::bad_data, sink);
  }
  return sink.on_frame(FrameKind::text, message);
}

// A close frame is judged here and handed on; the answer is the engine's. Nothing after it counts.
bool Frames::control(std::uint8_t opcode, Bytes payload, FilterSink& sink) noexcept {
  if (opcode == kPing) return sink.on_frame(FrameKind::ping, payload);
  if (opcode == kPong) return sink.on_frame(FrameKind::pong, payload);
  if (payload.size() == 1) return fault(CloseCode::protocol, sink);
  if (payload.size() >= 2) {
    const auto code = static_cast<std::uint16_t>((at(payload, 0) << 8) | at(payload, 1));
    if (!close_code_allowed(code)) return fault(CloseCode::protocol, sink);
    Utf8 utf8;
    if (!utf8.feed(payload.data() + 2, payload.size() - 2) || !utf8.complete()) {
      return fault(CloseCode::bad_data, sink);
    }
  }
  static_cast<void>(sink.on_frame(FrameKind::close, payload));
  return false;
}

void FreeBytes::operator()(std::byte* bytes) const noexcept { std::free(bytes); }

bool Frames::fault(CloseCode code, FilterSink& sink) noexcept {
  ++faults_;
  sink.on_fault(code);
  return false;
}

}  // namespace chatroom::websocket
