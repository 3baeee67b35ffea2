// Frames: RFC 6455 as it comes in, either role: bytes to whole messages and control frames.
//
// Our own rather than wslay's: a wslay context is 4 to 9 KB a connection and copies every message;
// here an idle link holds nothing, and a message that arrived in one piece is unmasked where it
// lies. State is leased while a frame or a fragmented message is incomplete. The table of
// conformance is tests/websocket, the fuzzer tests/fuzz/websocket_frame.cc.
#pragma once

#include <memory>

#include "chatroom/byte_filter.h"
#include "chatroom/compressor.h"
#include "websocket/leases.h"

namespace chatroom::websocket {

struct FrameLimits {
  std::uint64_t message_bytes;         // above: 1009
  std::uint64_t message_bytes_before;  // likewise, while the sink's `admitted` is false
};

struct FreeBytes {
  void operator()(std::byte* bytes) const noexcept;
};

enum class Role : std::uint8_t { server, client };

// One for all links of a filter. Thread: one.
class Frames {
 public:
  // `compressor` null: no link has agreed to permessage-deflate.
  Frames(Role role, const FrameLimits& limits, Leases& leases, Compressor* compressor) noexcept
      : role_(role), limits_(limits), leases_(leases), compressor_(compressor) {}

  // Takes all bytes, or answers false: the link is done (closed by its peer, at fault, or no longer
  // wanted by the sink) and must not be fed again. `held` is the link's lease, null if none.
  // `deflate`: it has agreed to permessage-deflate.
  bool feed(Partial*& held, MutableBytes bytes, bool deflate, FilterSink& sink) noexcept;

  std::uint64_t faults() const noexcept { return faults_; }

 private:
  struct Header;
  enum class Parse : std::uint8_t { more, bad, done };

  Parse parse(const Partial* held, Bytes bytes, bool deflate, Header& header) const noexcept;
  bool begin(Partial*& held, const Header& header, MutableBytes& bytes, FilterSink& sink) noexcept;
  bool take(Partial*& held, MutableBytes& bytes, FilterSink& sink) noexcept;
  bool take_control(Partial*& held, MutableBytes& bytes, FilterSink& sink) noexcept;
  bool end_of_frame(Partial*& held, FilterSink& sink) noexcept;
  bool inflate(std::uint8_t opcode, Bytes payload, FilterSink& sink) noexcept;
  bool control(std::uint8_t opcode, Bytes payload, FilterSink& sink) noexcept;
  bool fault(CloseCode code, FilterSink& sink) noexcept;

  Role role_;
  FrameLimits limits_;
  Leases& leases_;
  Compressor* compressor_;
  // One for all links, made with the first deflated message: what that became.
  std::unique_ptr<std::byte, FreeBytes> inflated_;
  std::uint64_t faults_ = 0;
};

// XORs `data` with `mask` and turns the mask so that it fits the byte after. The mask's first byte
// is the lowest in memory.
void apply_mask(std::uint32_t& mask, std::byte* data, std::size_t size) noexcept;

// Whether a close frame may carry this code on the wire.
bool close_code_allowed(std::uint16_t code) noexcept;

}  // namespace chatroom::websocket
