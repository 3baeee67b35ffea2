// Arena: the Memory port over one fixed block. What a game gives its chat, and not a byte more.
#pragma once

#include <bit>
#include <cstddef>

#include "chatroom/memory.h"

// Blocks are powers of two, kept by size when they come back: the engine asks for few sizes.
template <std::size_t kBytes>
class Arena final : public chatroom::Memory {
 public:
  void* allocate(std::size_t size, std::size_t align) noexcept override {
    const std::size_t rounded = std::bit_ceil(size < align ? align : size);
    Free*& list = free_[static_cast<std::size_t>(std::countr_zero(rounded))];
    if (list != nullptr && align <= kAlign) {
      Free* block = list;
      list = block->next;
      return block;
    }
    const std::size_t start = (used_ + kAlign - 1) / kAlign * kAlign;
    if (align > kAlign || rounded > kBytes || start > kBytes - rounded) return nullptr;
    used_ = start + rounded;
    return memory_ + start;
  }
  void release(void* block, std::size_t size, std::size_t align) noexcept override {
    const std::size_t rounded = std::bit_ceil(size < align ? align : size);
    Free*& list = free_[static_cast<std::size_t>(std::countr_zero(rounded))];
    list = new (block) Free{list};
  }
  std::size_t used() const noexcept { return used_; }  // its highest so far

 private:
  static constexpr std::size_t kAlign = 4096;  // the most that the engine asks for
  struct Free {
    Free* next;
  };
  alignas(kAlign) std::byte memory_[kBytes];
  std::size_t used_ = 0;
  Free* free_[64] = {};
};
