// LogSink: what an operator should read. The core says little, in fixed sentences without anything
// that a client wrote: a breaker opened or closed, a broker lost sight of an engine, a storage
// failed. It does not count lines: a sink that writes somewhere slow keeps its own bound. What
// happens in rooms comes as host events (observer.h).
#pragma once

#include "chatroom/types.h"

namespace chatroom {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// Thread: the engine's. Re-entry: none.
class LogSink {
 public:
  virtual void log(LogLevel level, std::string_view line) noexcept = 0;

 protected:
  ~LogSink() = default;
};

}  // namespace chatroom
