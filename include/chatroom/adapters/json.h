// JsonCodec: the JSON twin of the wire format, for browsers, bots and debugging. Built on simdjson,
// which stays inside the adapter.
#pragma once

#include <memory>

#include "chatroom/codec.h"

namespace chatroom {

struct JsonOptions {
  // The longest frame that is decoded; a longer one is refused with too_large. Engines check their
  // own limits before.
  std::uint32_t max_frame = 128 * 1024;
  // The longest `data` of a command: of a longer one no more is looked at than that, and the
  // command is too_large. 0: no bound. Give the engine's Limits::data_bytes.
  std::uint32_t max_data = 0;
};

// Both halves of the Codec port.
//
// Thread: one; one instance may serve every engine of that thread. Re-entry: none.
// Memory: everything is taken by the constructor, about 12 bytes a byte of `max_frame` and 1 MiB;
// most of it is not touched before a frame needs it. If there was not enough, each decode fails. A
// decode reads any JSON text. What protocol.md forbids on top (duplicate keys, depth over 16, NUL,
// lone surrogates, wrong types) is bad_request, with the command's id where the frame had one; what
// is not a JSON object is fatal.
class JsonCodec final : public Codec {
 public:
  explicit JsonCodec(const JsonOptions& options = {}) noexcept;
  ~JsonCodec();
  JsonCodec(const JsonCodec&) = delete;
  JsonCodec& operator=(const JsonCodec&) = delete;

  Decoded decode(Bytes frame, Command& command) noexcept override;
  std::size_t encode(const Event& event, MutableBytes out) noexcept override;
  Decoded decode(Bytes frame, Event& event) noexcept override;
  std::size_t encode(const Command& command, MutableBytes out) noexcept override;

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace chatroom
