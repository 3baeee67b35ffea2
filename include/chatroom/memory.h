// Memory: where every byte of an engine comes from.
#pragma once

#include <cstddef>

namespace chatroom {

// Implemented by the host, or `global_heap()` from adapters/memory.h.
//
// Thread: called only on the engine's thread (and by Engine::create and ~Engine on theirs).
// Re-entry: must not call into the engine.
// The engine asks for slabs (usually 64 KiB), not for objects; in a steady state it asks for
// nothing. Its total never passes `plan(Limits).ceiling_bytes`.
class Memory {
 public:
  // `size` bytes aligned to `align` (a power of two, at most 4096), or null: then the call that
  // needed them answers `limit_reached` or `room_overloaded` and nothing else changes.
  virtual void* allocate(std::size_t size, std::size_t align) noexcept = 0;
  // Exactly what allocate was called with. Never null.
  virtual void release(void* block, std::size_t size, std::size_t align) noexcept = 0;

 protected:
  ~Memory() = default;
};

}  // namespace chatroom
