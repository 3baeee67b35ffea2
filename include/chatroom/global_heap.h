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

// Stateless, so shared by all engines and threads. A template, since compilers emit the functions
// of a plain variable's class in every file that includes this, used or not.
template <class Heap>
inline constinit Heap shared_heap{};

inline Memory* global_heap() noexcept { return &shared_heap<GlobalHeap>; }

}  // namespace chatroom
