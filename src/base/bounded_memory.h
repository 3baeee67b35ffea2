// BoundedMemory: a Memory port with a ceiling of its own over another one. Counts what is in use,
// so that a sum of pools can share one limit and the engine can report one number.
#pragma once

#include "base/plant.h"
#include "chatroom/assert.h"
#include "chatroom/memory.h"

namespace chatroom::base {

class BoundedMemory final : public Memory {
 public:
  BoundedMemory(Memory& under, std::size_t bytes_max) noexcept
      : under_(under), bytes_max_(bytes_max) {}
  ~BoundedMemory() { CHATROOM_ASSERT(bytes_held_ == 0); }
  BoundedMemory(const BoundedMemory&) = delete;
  BoundedMemory& operator=(const BoundedMemory&) = delete;

  // Null past the ceiling, without asking the port below.
  void* allocate(std::size_t size, std::size_t align) noexcept override {
    if (size > bytes_max_ - bytes_held_ && !CHATROOM_PLANTED(memory_unbounded)) return nullptr;
    void* block = under_.allocate(size, align);
    if (block != nullptr) {
      bytes_held_ += size;
      if (bytes_held_ > bytes_peak_) bytes_peak_ = bytes_held_;
      ++calls_;
    }
    return block;
  }
  void release(void* block, std::size_t size, std::size_t align) noexcept override {
    CHATROOM_ASSERT(size <= bytes_held_);
    bytes_held_ -= size;
    under_.release(block, size, align);
  }

  std::size_t bytes_held() const noexcept { return bytes_held_; }
  std::size_t bytes_peak() const noexcept { return bytes_peak_; }
  std::size_t bytes_max() const noexcept { return bytes_max_; }
  std::size_t allocations() const noexcept { return calls_; }

 private:
  Memory& under_;
  const std::size_t bytes_max_;
  std::size_t bytes_held_ = 0;
  std::size_t bytes_peak_ = 0;
  std::size_t calls_ = 0;
};

}  // namespace chatroom::base
