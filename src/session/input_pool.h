// InputPool: where frames wait that have not come whole. One pool of small equal blocks for all
// sessions: a slow sender costs about what it sent, and no sequence of sizes can break the pool up.
// Sessions without a partial frame hold nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/pool.h"
#include "chatroom/memory.h"
#include "chatroom/types.h"

namespace chatroom::session {

// A block of the pool: bytes behind a link. 1 KiB: most commands cut by TCP fit into one.
struct InputBlock {
  static constexpr std::size_t kBytes = 1024 - sizeof(void*);

  InputBlock* next;
  std::byte bytes[kBytes];
};

// The bytes of one partial frame, from its header on. A plain record inside Session; only the pool
// changes it.
struct InputChain {
  InputBlock* last = nullptr;  // of a ring: last->next is the first
  std::uint32_t size = 0;      // bytes held

  bool empty() const noexcept { return size == 0; }
};

// Thread: the engine's. Bounds: `limit_bytes` of blocks, see ceiling_bytes.
class InputPool final {
 public:
  InputPool(Memory& memory, std::uint64_t limit_bytes) noexcept
      : blocks_(memory, shape(limit_bytes)) {}

  static std::uint64_t ceiling_bytes(std::uint64_t limit_bytes) noexcept {
    return base::BlockPool::bytes_max(shape(limit_bytes));
  }

  // Adds `part` behind what `chain` holds. False: the pool is dry; the chain is to be released.
  bool append(InputChain& chain, Bytes part) noexcept;
  // Copies the chain into the beginning of `out`, which has room for it.
  static void copy(const InputChain& chain, MutableBytes out) noexcept;
  // The first bytes of a chain that holds at least one, as far as they lie together.
  static Bytes front(const InputChain& chain) noexcept;
  // Gives the blocks back; an empty chain is fine.
  void release(InputChain& chain) noexcept;

  std::uint64_t used_bytes() const noexcept { return blocks_.bytes_in_use(); }

 private:
  static base::BlockPool::Shape shape(std::uint64_t limit_bytes) noexcept {
    return {sizeof(InputBlock), static_cast<std::size_t>(limit_bytes / sizeof(InputBlock)),
            alignof(InputBlock)};
  }

  base::BlockPool blocks_;
};

}  // namespace chatroom::session
