// InputPool: where frames wait that have not come whole. One pool of small equal blocks for all
// sessions: a slow sender costs about what it sent, and no sequence of sizes can break the pool up.
// Sessions without a partial frame hold nothing.
#pragma once

#include <cstddef>
#include <cstdint>

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

// Thread: the engine's. Bounds: asks Memory for slabs of kSlabBytes, together at most
// `ceiling_bytes`, and gives them back when it is destroyed.
class InputPool final {
 public:
  static constexpr std::size_t kSlabBytes = 64 * 1024;

  InputPool(Memory& memory, std::uint64_t limit_bytes) noexcept
      : memory_(memory), slabs_max_(limit_bytes / kSlabBytes) {}
  ~InputPool();
  InputPool(const InputPool&) = delete;
  InputPool& operator=(const InputPool&) = delete;

  static std::uint64_t ceiling_bytes(std::uint64_t limit_bytes) noexcept {
    return limit_bytes / kSlabBytes * kSlabBytes;
  }

  // Adds all of `part` behind what `chain` holds, or nothing: then the pool is dry.
  bool append(InputChain& chain, Bytes part) noexcept;
  // Copies the chain into the beginning of `out`, which has room for it.
  void copy(const InputChain& chain, MutableBytes out) const noexcept;
  // The first bytes of a chain that holds at least one, as far as they lie together.
  static Bytes front(const InputChain& chain) noexcept;
  // Gives the blocks back; an empty chain is fine.
  void release(InputChain& chain) noexcept;

  std::uint64_t used_bytes() const noexcept { return used_blocks_ * sizeof(InputBlock); }

 private:
  struct Slab {
    Slab* next;
  };

  bool reserve(std::size_t blocks) noexcept;
  bool grow() noexcept;

  Memory& memory_;
  std::uint64_t slabs_max_;
  std::uint64_t slabs_ = 0;
  Slab* slab_ = nullptr;
  InputBlock* free_ = nullptr;
  std::uint64_t free_blocks_ = 0;
  std::uint64_t used_blocks_ = 0;
};

}  // namespace chatroom::session
