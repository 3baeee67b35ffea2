// BlockPool: blocks of one size carved from slabs; Pool<T>: the same for objects. Taking and giving
// back cost a few instructions; the Memory port is asked only when the pool grows to a new high.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/checked.h"
#include "chatroom/memory.h"

namespace chatroom::base {

inline constexpr std::size_t kSlabBytes = 64 * 1024;

class BlockPool final {
 public:
  struct Shape {
    std::size_t block_bytes = 0;
    std::size_t blocks_max = 0;
    std::size_t align = alignof(std::max_align_t);  // at most 64
  };
  BlockPool(Memory& memory, Shape shape) noexcept;
  // Gives every slab back, blocks still taken included.
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // A block, or null at `blocks_max` or when the port is dry. Its bytes are not cleared.
  [[nodiscard]] void* take() noexcept;
  void give(void* block) noexcept;
  // Grows so that the next takes up to `blocks` in use need no memory. False: the port is dry. No
  // block is touched before it is taken: where the system gives pages when they are first written
  // to, a reserve costs address space.
  [[nodiscard]] bool reserve(std::size_t blocks) noexcept;

  std::size_t block_bytes() const noexcept { return shape_.block_bytes; }
  std::size_t blocks_max() const noexcept { return shape_.blocks_max; }
  std::size_t blocks_in_use() const noexcept { return in_use_; }
  std::size_t bytes_in_use() const noexcept { return in_use_ * shape_.block_bytes; }
  std::size_t bytes_held() const noexcept { return bytes_held_; }
  // What a pool of this shape can ask of the port at most, for plan().
  static std::size_t bytes_max(Shape shape) noexcept;

 private:
  struct Free {
    Free* next;
  };
  struct Slab {
    Slab* next;  // the one made after it
    std::size_t bytes;
  };
  static Shape normalised(Shape shape) noexcept;
  static std::size_t blocks_per_slab(Shape shape) noexcept;
  bool grow(std::size_t blocks) noexcept;  // a slab of at least so many
  bool open_slab() noexcept;

  Memory& memory_;
  const Shape shape_;
  Free* free_ = nullptr;
  std::byte* fresh_ = nullptr;  // blocks of `open_` that were never taken
  std::size_t fresh_blocks_ = 0;
  Slab* first_ = nullptr;
  Slab* open_ = nullptr;  // all of the slabs behind it is untouched
  Slab* last_ = nullptr;
  std::size_t carved_ = 0;  // blocks in all slabs
  std::size_t in_use_ = 0;
  std::size_t bytes_held_ = 0;
};

// Thread: one. The pool's destructor frees the memory of objects still alive without destroying
// them, so that ending an engine costs nothing per object.
template <class T>
class Pool final {
 public:
  Pool(Memory& memory, std::size_t objects_max) noexcept : blocks_(memory, shape(objects_max)) {}

  // Null when full.
  template <class... Args>
  [[nodiscard]] T* make(Args&&... args) noexcept {
    void* block = blocks_.take();
    return block == nullptr
               ? nullptr
               : std::construct_at(static_cast<T*>(block), std::forward<Args>(args)...);
  }
  void destroy(T* object) noexcept {
    std::destroy_at(object);
    blocks_.give(object);
  }
  [[nodiscard]] bool reserve(std::size_t objects) noexcept { return blocks_.reserve(objects); }

  std::size_t in_use() const noexcept { return blocks_.blocks_in_use(); }
  std::size_t bytes_in_use() const noexcept { return blocks_.bytes_in_use(); }
  std::size_t bytes_held() const noexcept { return blocks_.bytes_held(); }
  static std::size_t bytes_max(std::size_t objects_max) noexcept {
    return BlockPool::bytes_max(shape(objects_max));
  }

 private:
  static constexpr BlockPool::Shape shape(std::size_t objects_max) noexcept {
    return {sizeof(T), objects_max, alignof(T)};
  }
  BlockPool blocks_;
};

}  // namespace chatroom::base
