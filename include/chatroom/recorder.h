// Recorder: the stream of an engine's inputs, from create on. Fed to `replay` (replay.h) it gives
// the same bytes again, on any compiler.
#pragma once

#include "chatroom/types.h"

namespace chatroom {

// Thread: the engine's. Re-entry: none. Must not block: buffer, and write elsewhere.
// `record` is one whole input in `pieces` (format: src/engine/recording.h); append them back to
// back.
class Recorder {
 public:
  virtual void record(std::span<const Bytes> pieces) noexcept = 0;

 protected:
  ~Recorder() = default;
};

}  // namespace chatroom
