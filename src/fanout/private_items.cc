#include "fanout/private_items.h"

#include <algorithm>
#include <cstring>

namespace chatroom::fanout {

namespace {

constexpr std::size_t kSmall = 256;
constexpr std::uint32_t kSmallRoom = kSmall - sizeof(Item);
constexpr std::uint32_t kLargeRoom = Block::kBytes - sizeof(Item);
constexpr std::uint32_t kBlockRoom = sizeof(Block::bytes);

// A quarter of the pool is for short frames, the rest for long ones.
base::BlockPool::Shape small_shape(const Limits& limits) noexcept {
  return {kSmall, std::max<std::size_t>(8, limits.private_pool_bytes / 4 / kSmall), 16};
}
base::BlockPool::Shape large_shape(const Limits& limits) noexcept {
  return {Block::kBytes,
          std::max<std::size_t>(8, limits.private_pool_bytes / 4 * 3 / Block::kBytes), 16};
}

}  // namespace

PrivateStore::PrivateStore(Memory& memory, const Limits& limits) noexcept
    : small_(memory, small_shape(limits)), large_(memory, large_shape(limits)) {}

std::uint64_t PrivateStore::bytes_max(const Limits& limits) noexcept {
  return base::BlockPool::bytes_max(small_shape(limits)) +
         base::BlockPool::bytes_max(large_shape(limits));
}

std::uint32_t PrivateStore::cost(std::uint32_t size, bool large) noexcept {
  if (!large && size <= kSmallRoom) return kSmall;
  const std::uint32_t behind = size > kLargeRoom ? size - kLargeRoom : 0;
  return static_cast<std::uint32_t>(Block::kBytes) * (1 + (behind + kBlockRoom - 1) / kBlockRoom);
}

Item* PrivateStore::make(std::uint32_t size, bool lossy) noexcept {
  if (lossy && (crowded(small_) || crowded(large_))) return nullptr;
  void* place = size <= kSmallRoom ? small_.take() : nullptr;
  const bool large = place == nullptr;
  if (large) place = large_.take();
  if (place == nullptr) return nullptr;
  Item* item = std::construct_at(static_cast<Item*>(place));
  item->size = size;
  item->large = large;
  Block** link = &item->more;
  for (std::uint32_t room = large ? kLargeRoom : kSmallRoom; room < size; room += kBlockRoom) {
    auto* block = static_cast<Block*>(large_.take());
    if (block == nullptr) return destroy(item), nullptr;
    block->next = nullptr;
    *link = block;
    link = &block->next;
  }
  return item;
}

void PrivateStore::destroy(Item* item) noexcept {
  for (Block* block = item->more; block != nullptr;) {
    Block* next = block->next;
    large_.give(block);
    block = next;
  }
  const bool large = item->large;
  std::destroy_at(item);
  (large ? large_ : small_).give(item);
}

Bytes PrivateStore::piece(Item& item, std::uint32_t at) noexcept {
  CHATROOM_ASSERT(at < item.size);
  const std::uint32_t left = item.size - at;
  const std::uint32_t room = item.large ? kLargeRoom : kSmallRoom;
  if (at < room) return {item.head() + at, std::min(left, room - at)};
  at -= room;
  Block* block = item.more;
  for (; at >= kBlockRoom; at -= kBlockRoom) block = block->next;
  return {block->bytes + at, std::min(left, kBlockRoom - at)};
}

void PrivateStore::fill(Item& item, std::uint32_t at, Bytes bytes) noexcept {
  while (!bytes.empty()) {
    const Bytes place = piece(item, at);
    const std::size_t size = std::min(place.size(), bytes.size());
    std::memcpy(const_cast<std::byte*>(place.data()), bytes.data(), size);
    bytes = bytes.subspan(size);
    at += static_cast<std::uint32_t>(size);
  }
}

}  // namespace chatroom::fanout
