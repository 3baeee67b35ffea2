#include "base/pool.h"

namespace chatroom::base {

namespace {

// Slabs begin with their header, padded so that blocks start on a cache line.
constexpr std::size_t kSlabHeader = 64;
constexpr std::size_t kReservedSlabBytes = 1024 * 1024;

}  // namespace

BlockPool::Shape BlockPool::normalised(Shape shape) noexcept {
  CHATROOM_ASSERT(shape.block_bytes > 0);
  CHATROOM_ASSERT((shape.align & (shape.align - 1)) == 0);
  CHATROOM_ASSERT(shape.align <= kSlabHeader);
  shape.align = std::max(shape.align, alignof(Free));
  shape.block_bytes = round_up(std::max(shape.block_bytes, sizeof(Free)), shape.align);
  return shape;
}

// Small blocks fill a slab of 64 KiB together with its header; large ones (log chunks) keep their
// power of two and the header comes on top.
std::size_t BlockPool::blocks_per_slab(Shape shape) noexcept {
  const std::size_t room = shape.block_bytes < 4096 ? kSlabBytes - kSlabHeader : kSlabBytes;
  return std::max<std::size_t>(1, room / shape.block_bytes);
}

BlockPool::BlockPool(Memory& memory, Shape shape) noexcept
    : memory_(memory), shape_(normalised(shape)) {}

BlockPool::~BlockPool() {
  while (first_ != nullptr) {
    Slab* slab = first_;
    first_ = slab->next;
    memory_.release(slab, slab->bytes, kSlabHeader);
  }
}

std::size_t BlockPool::bytes_max(Shape shape) noexcept {
  shape = normalised(shape);
  const std::size_t per_slab = blocks_per_slab(shape);
  const std::size_t slabs = shape.blocks_max / per_slab + (shape.blocks_max % per_slab != 0);
  return checked_add(checked_multiply(shape.blocks_max, shape.block_bytes),
                     checked_multiply(slabs, kSlabHeader));
}

bool BlockPool::grow(std::size_t blocks) noexcept {
  blocks = std::min(std::max(blocks, blocks_per_slab(shape_)), shape_.blocks_max - carved_);
  if (blocks == 0) return false;
  const std::size_t bytes = kSlabHeader + blocks * shape_.block_bytes;
  void* memory = memory_.allocate(bytes, kSlabHeader);
  if (memory == nullptr) return false;
  Slab* slab = std::construct_at(static_cast<Slab*>(memory), Slab{nullptr, bytes});
  (last_ == nullptr ? first_ : last_->next) = slab;
  last_ = slab;
  carved_ += blocks;
  bytes_held_ += bytes;
  return true;
}

bool BlockPool::open_slab() noexcept {
  if (open_ == last_ && !grow(0)) return false;
  open_ = open_ == nullptr ? first_ : open_->next;
  fresh_ = reinterpret_cast<std::byte*>(open_) + kSlabHeader;
  fresh_blocks_ = (open_->bytes - kSlabHeader) / shape_.block_bytes;
  return true;
}

void* BlockPool::take() noexcept {
  if (free_ != nullptr) {
    Free* block = free_;
    free_ = block->next;
    ++in_use_;
    return block;
  }
  if (fresh_blocks_ == 0 && !open_slab()) return nullptr;
  std::byte* block = fresh_;
  fresh_ += shape_.block_bytes;
  --fresh_blocks_;
  ++in_use_;
  return block;
}

void BlockPool::give(void* block) noexcept {
  CHATROOM_ASSERT(block != nullptr);
  CHATROOM_ASSERT(in_use_ > 0);
  free_ = std::construct_at(static_cast<Free*>(block), Free{free_});
  --in_use_;
}

// A slab's header is written to, and with it a page: so reserved slabs become larger and fewer,
// half of what there is already, up to a mebibyte.
bool BlockPool::reserve(std::size_t blocks) noexcept {
  while (carved_ < std::min(blocks, shape_.blocks_max)) {
    if (!grow(std::min(carved_ / 2, kReservedSlabBytes / shape_.block_bytes))) return false;
  }
  return true;
}

}  // namespace chatroom::base
