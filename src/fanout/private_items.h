// Private items: frames for one session alone, copied into blocks of the engine's private pool.
#pragma once

#include "base/list.h"
#include "base/pool.h"
#include "chatroom/limits.h"
#include "fanout/fanout.h"

namespace chatroom::fanout {

struct Block {
  static constexpr std::size_t kBytes = 1024;
  Block* next;
  std::byte bytes[kBytes - sizeof(Block*)];
};

// The head of an item lies in a small block if the whole frame fits there, else in a large one
// with further blocks behind it.
struct Item final : base::ListNode<> {
  static constexpr std::uint8_t kNoClass = 0xff;

  Sequence barrier = 0;
  RoomSlot room = kNoSlot;  // whose barrier
  std::uint32_t size = 0;
  std::uint32_t sent = 0;
  bool large = false;
  bool held = false;                    // stands in Backlog::held
  std::uint8_t entry_class = kNoClass;  // the rest of a room's entry: its priority, for the ledger
  Block* more = nullptr;

  std::byte* head() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

class PrivateStore final {
 public:
  PrivateStore(Memory& memory, const Limits& limits) noexcept;

  // Room for a frame of `size` bytes; write it with `fill`. Null: the pool is dry. A lossy item
  // never gets the last quarter, so that others cannot keep answers out.
  Item* make(std::uint32_t size, bool lossy) noexcept;
  void destroy(Item* item) noexcept;

  static void fill(Item& item, std::uint32_t at, Bytes bytes) noexcept;
  // The bytes from `at` on that lie together.
  static Bytes piece(Item& item, std::uint32_t at) noexcept;
  // What an item of this size takes of the pool.
  static std::uint32_t cost(std::uint32_t size, bool large) noexcept;
  static std::uint32_t cost(const Item& item) noexcept { return cost(item.size, item.large); }

  std::size_t bytes_in_use() const noexcept {
    return small_.bytes_in_use() + large_.bytes_in_use();
  }
  static std::uint64_t bytes_max(const Limits& limits) noexcept;

 private:
  static bool crowded(const base::BlockPool& pool) noexcept {
    return pool.blocks_in_use() >= pool.blocks_max() - pool.blocks_max() / 4;
  }

  base::BlockPool small_;
  base::BlockPool large_;
};

}  // namespace chatroom::fanout
