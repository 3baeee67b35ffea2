// LogSink: what an operator should read. The core says little: life cycle, refusals that point at
// an attack, limits reached; at most 100 lines a second, client strings escaped and cut at 256
// bytes.
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
