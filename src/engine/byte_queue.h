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

  bool empty() const noexcept { return tail_ == nullptr; }
  std::uint32_t bytes() const noexcept { return bytes_; }
  std::uint32_t size() const noexcept { return size_; }

  // Appends the pieces as one string. False when the pool is dry: nothing was appended.
  [[nodiscard]] bool push(base::BlockPool& pool, std::span<const Bytes> pieces) noexcept;
  [[nodiscard]] bool push(base::BlockPool& pool, Bytes piece) noexcept {
    return push(pool, std::span{&piece, 1});
  }
  // Likewise, before all others: what was popped and not used up.
  [[nodiscard]] bool push_front(base::BlockPool& pool, Bytes piece) noexcept;
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
  struct Chain {
    Block* first = nullptr;
    Block* last = nullptr;
    std::uint32_t size = 0;
  };
  static Chain make_chain(base::BlockPool& pool, std::span<const Bytes> pieces) noexcept;
  static constexpr std::size_t kData = sizeof(Block::data);
  static constexpr std::size_t kFirst = kData - sizeof(Start);
  static std::size_t blocks_for(std::size_t size) noexcept {
    return size <= kFirst ? 1 : 1 + (size - kFirst + kData - 1) / kData;
  }
  void link_in(const Chain& chain) noexcept;  // between the last and the first
  void give_first(base::BlockPool& pool) noexcept;

  Block* tail_ = nullptr;  // of a ring: tail_->next is the first
  std::uint32_t bytes_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace chatroom::engine
