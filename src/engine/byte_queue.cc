#include "engine/byte_queue.h"

#include <algorithm>

namespace chatroom::engine {

// Empty when the pool is dry.
ByteQueue::Chain ByteQueue::make_chain(base::BlockPool& pool,
                                       std::span<const Bytes> pieces) noexcept {
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
      return {};
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

  return {first, last, start.size};
}

void ByteQueue::link_in(const Chain& chain) noexcept {
  if (tail_ == nullptr) {
    chain.last->next = chain.first;
  } else {
    chain.last->next = tail_->next;
    tail_->next = chain.first;
  }
  bytes_ += chain.size;
  ++size_;
}

bool ByteQueue::push(base::BlockPool& pool, std::span<const Bytes> pieces) noexcept {
  const Chain chain = make_chain(pool, pieces);
  if (chain.first == nullptr) return false;
  link_in(chain);
  tail_ = chain.last;
  return true;
}

bool ByteQueue::push_front(base::BlockPool& pool, Bytes piece) noexcept {
  const Chain chain = make_chain(pool, std::span{&piece, 1});
  if (chain.first == nullptr) return false;
  link_in(chain);
  if (tail_ == nullptr) tail_ = chain.last;
  return true;
}

std::size_t ByteQueue::front_size() const noexcept {
  CHATROOM_ASSERT(tail_ != nullptr);
  Start start;
  std::memcpy(&start, tail_->next->data, sizeof start);
  return start.size;
}

void ByteQueue::give_first(base::BlockPool& pool) noexcept {
  Block* first = tail_->next;
  if (first == tail_) {
    tail_ = nullptr;
  } else {
    tail_->next = first->next;
  }
  pool.give(first);
}

std::size_t ByteQueue::pop(base::BlockPool& pool, MutableBytes out) noexcept {
  const std::size_t size = front_size();
  CHATROOM_ASSERT(size <= out.size());
  std::size_t done = 0;
  std::size_t at = sizeof(Start);
  for (std::size_t left = blocks_for(size); left > 0; --left) {
    const std::size_t part = std::min(size - done, kData - at);
    if (part != 0) std::memcpy(out.data() + done, tail_->next->data + at, part);
    done += part;
    at = 0;
    give_first(pool);
  }
  bytes_ -= static_cast<std::uint32_t>(size);
  --size_;
  return size;
}

void ByteQueue::clear(base::BlockPool& pool) noexcept {
  while (tail_ != nullptr) give_first(pool);
  *this = ByteQueue{};
}

}  // namespace chatroom::engine
