// Budget: how much work one call of the engine may do.
#pragma once

#include <cstdint>

namespace chatroom {

// Counts work, not time, since the core reads no clock; `over` lets a host that has one stop early.
// Work left over asks for an alarm at once (or is done by the next advance).
struct Budget {
  std::uint32_t sends = 256;       // Connection::write calls
  std::uint32_t commands = 1'024;  // queued inputs, late answers, timers
  bool (*over)(void*) = nullptr;   // asked every 32 sends; true: stop now
  void* arg = nullptr;
};

}  // namespace chatroom
