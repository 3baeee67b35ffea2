// GlobalHeap: the Memory port over the C heap. Header-only, so that the core itself links no heap:
// the call lives in the program that asks for it.
#pragma once

#include <cstdlib>

#include "chatroom/memory.h"

namespace chatroom {

// Thread: any. Holds nothing; `global_heap()` is the one that EnginePorts uses by default.
class GlobalHeap final : public Memory {
 public:
  void* allocate(std::size_t size, std::size_t align) noexcept override {
    return std::aligned_alloc(align, (size + align - 1) / align * align);
  }
  void release(void* block, std::size_t, std::size_t) noexcept override { std::free(block); }
};

inline Memory* global_heap() noexcept {
  static constinit GlobalHeap heap;  // stateless, so shared by all engines and threads
  return &heap;
}

}  // namespace chatroom
