// Heap: the engine's Memory port, which knows how much is out and how much may be.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "chatroom/memory.h"

namespace chatroom::sim {

class Heap final : public Memory {
 public:
  void* allocate(std::size_t size, std::size_t align) noexcept override {
    align = align < 16 ? 16 : align;  // aligned_alloc wants a multiple of it
    void* block = std::aligned_alloc(align, (size + align - 1) / align * align);
    if (block != nullptr) held_ += size;
    most_ = held_ > most_ ? held_ : most_;
    return block;
  }
  void release(void* block, std::size_t size, std::size_t) noexcept override {
    held_ -= size;
    std::free(block);
  }
  std::uint64_t held() const noexcept { return held_; }
  std::uint64_t most() const noexcept { return most_; }

 private:
  std::uint64_t held_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace chatroom::sim
