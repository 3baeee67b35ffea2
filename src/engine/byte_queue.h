// ByteQueue: a queue of byte strings in pooled blocks. One mechanism for all that must wait inside
// an engine: frames for local members, commands behind a question, events until the tell step.
#pragma once

#include <cstring>

#include "base/pool.h"
#include "chatroom/types.h"

namespace chatroom::engine {

// Holds no pool itself (a session has one of these), so every call is given it. Empty, it holds no
// block. Whoever owns it calls clear() before it goes.
class ByteQueue final {
 public:
  static constexpr std::size_t kBlockBytes = 256;

  bool empty() const noexcept { return head_ == nullptr; }
  std::uint32_t bytes() const noexcept { return bytes_; }
  std::uint32_t size() const noexcept { return size_; }

  // Appends the pieces as one string. False when the pool is dry: nothing was appended.
  [[nodiscard]] bool push(base::BlockPool& pool, std::span<const Bytes> pieces) noexcept;
  [[nodiscard]] bool push(base::BlockPool& pool, Bytes piece) noexcept {
    return push(pool, std::span{&piece, 1});
  }
  std::size_t front_size() const noexcept;
  // Moves the oldest string to `out`, which must be large enough, and answers its size.
  std::size_t pop(base::BlockPool& pool, MutableBytes out) noexcept;
  void clear(base::BlockPool& pool) noexcept;

 private:
  struct Block {
    Block* next;
    std::byte data[kBlockBytes - sizeof(Block*)];
  };
  // Each string begins in a block of its own: with strings of 50 to 300 bytes that costs little and
  // lets pop give whole blocks back.
  struct Start {
    std::uint32_t size;
  };
  static constexpr std::size_t kData = sizeof(Block::data);
  static constexpr std::size_t kFirst = kData - sizeof(Start);
  static std::size_t blocks_for(std::size_t size) noexcept {
    return size <= kFirst ? 1 : 1 + (size - kFirst + kData - 1) / kData;
  }

  Block* head_ = nullptr;
  Block* tail_ = nullptr;
  std::uint32_t bytes_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace chatroom::engine
