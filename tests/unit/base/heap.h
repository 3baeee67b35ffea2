// A heap for tests: counts, can be made to fail, and complains about what does not come back.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <map>

#include "catch.hpp"
#include "chatroom/memory.h"

namespace chatroom::test {

class Heap final : public Memory {
 public:
  ~Heap() {
    if (!blocks_.empty()) std::abort();
  }
  void* allocate(std::size_t size, std::size_t align) noexcept override {
    ++calls;
    if (dry) return nullptr;
    void* block = std::aligned_alloc(align, (size + align - 1) / align * align);
    blocks_[block] = size;
    bytes += size;
    peak = std::max(peak, bytes);
    return block;
  }
  void release(void* block, std::size_t size, std::size_t) noexcept override {
    const auto found = blocks_.find(block);
    if (found == blocks_.end() || found->second != size) std::abort();
    blocks_.erase(found);
    bytes -= size;
    std::free(block);
  }

  bool dry = false;
  std::size_t calls = 0;
  std::size_t bytes = 0;
  std::size_t peak = 0;

 private:
  std::map<void*, std::size_t> blocks_;
};

}  // namespace chatroom::test
