// Codec: frames to commands and events to frames. FlatBuffers is built into the core; JSON is
// adapters/json.h; a host may bring its own.
#pragma once

#include "chatroom/command.h"
#include "chatroom/error.h"
#include "chatroom/event.h"

namespace chatroom {

// What a decode made of a frame.
struct Decoded {
  Status status{};           // ok; bad_request or unsupported: answer it and go on; see `fatal`
  bool fatal = false;        // not the codec's language at all: error event, then close 4501
  bool unusable_id = false;  // failed, and had an id that cannot be echoed: error event (a frame
                             // without any id gets no answer at all)
};

// Thread: the engine's; one instance may serve every engine of one thread. Re-entry: none.
// Bounds: neither direction allocates after construction; depth at most 16, tables at most 256.
// A decode checks everything that protocol.md says of a frame's form (types, ranges, duplicate
// keys, UTF-8 of every string, names' lengths); what depends on state is the engine's.
class Codec {
 public:
  // On failure `command.id` is set if the frame had a usable one. Views in `command` point into
  // `frame` or into the codec's scratch, and live until the next call.
  virtual Decoded decode(Bytes frame, Command& command) noexcept = 0;
  // Writes one frame without any framing; answers its length, or 0 when `out` is too small.
  virtual std::size_t encode(const Event& event, MutableBytes out) noexcept = 0;

  // The client's half, for tools and tests.
  virtual Decoded decode(Bytes frame, Event& event) noexcept = 0;
  virtual std::size_t encode(const Command& command, MutableBytes out) noexcept = 0;

 protected:
  ~Codec() = default;
};

}  // namespace chatroom
