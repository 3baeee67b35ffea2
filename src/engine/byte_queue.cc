#include "engine/byte_queue.h"

#include <algorithm>

namespace chatroom::engine {

bool ByteQueue::push(base::BlockPool& pool, std::span<const Bytes> pieces) noexcept {
  std::size_t size = 0;
  for (const Bytes piece : pieces) size += piece.size();

  Block* first = nullptr;
  Block* last = nullptr;
  for (std::size_t i = blocks_for(size); i > 0; --i) {
    auto* block = static_cast<Block*>(pool.take());
    if (block == nullptr) {
      while (first != nullptr) {
        Block* next = first->next;
        pool.give(first);
        first = next;
      }
      return false;
    }
    block->next = first;
    first = block;
    if (last == nullptr) last = block;
  }

  const Start start{static_cast<std::uint32_t>(size)};
  std::memcpy(first->data, &start, sizeof start);
  Block* block = first;
  std::size_t at = sizeof start;
  for (Bytes piece : pieces) {
    while (!piece.empty()) {
      if (at == kData) {
        block = block->next;
        at = 0;
      }
      const std::size_t part = std::min(piece.size(), kData - at);
      std::memcpy(block->data + at, piece.data(), part);
      piece = piece.subspan(part);
      at += part;
    }
  }

  if (tail_ != nullptr) {
    tail_->next = first;
  } else {
    head_ = first;
  }
  tail_ = last;
  bytes_ += start.size;
  ++size_;
  return true;
}

std::size_t ByteQueue::front_size() const noexcept {
  CHATROOM_ASSERT(head_ != nullptr);
  Start start;
  std::memcpy(&start, head_->data, sizeof start);
  return start.size;
}

std::size_t ByteQueue::pop(base::BlockPool& pool, MutableBytes out) noexcept {
  const std::size_t size = front_size();
  CHATROOM_ASSERT(size <= out.size());
  std::size_t done = 0;
  std::size_t at = sizeof(Start);
  for (std::size_t left = blocks_for(size); left > 0; --left) {
    const std::size_t part = std::min(size - done, kData - at);
    if (part != 0) std::memcpy(out.data() + done, head_->data + at, part);
    done += part;
    at = 0;
    Block* next = head_->next;
    pool.give(head_);
    head_ = next;
  }
  if (head_ == nullptr) tail_ = nullptr;
  bytes_ -= static_cast<std::uint32_t>(size);
  --size_;
  return size;
}

void ByteQueue::clear(base::BlockPool& pool) noexcept {
  while (head_ != nullptr) {
    Block* next = head_->next;
    pool.give(head_);
    head_ = next;
  }
  *this = ByteQueue{};
}

}  // namespace chatroom::engine
