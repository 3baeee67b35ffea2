// A lane: the mailbox from one engine to another. One thread puts, one takes; what crosses stands
// in chunks that all lanes of the sender share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "chatroom/assert.h"

namespace chatroom::local {

// Bytes that were written once and are only read afterwards. The sender and every lane that it was
// put into hold one reference each; the last to let go frees it, on any thread.
class Chunk {
 public:
  static constexpr std::size_t kBytes = 64 * 1024;

  // Null: the heap is dry. `account` counts the bytes of the sender's chunks.
  static Chunk* make(std::size_t capacity, std::atomic<std::uint64_t>& account) noexcept {
    void* block = ::operator new(sizeof(Chunk) + capacity, std::nothrow);
    if (block == nullptr) return nullptr;
    account.fetch_add(capacity, std::memory_order_relaxed);
    return ::new (block) Chunk(capacity, account);
  }
  void hold() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void let_go() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    account_.fetch_sub(capacity_, std::memory_order_relaxed);
    this->~Chunk();
    ::operator delete(this);
  }

  // The sender only.
  std::size_t left() const noexcept { return capacity_ - used_; }
  std::byte* take(std::size_t size) noexcept {
    std::byte* at = bytes() + used_;
    used_ += size;
    return at;
  }
  std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

 private:
  Chunk(std::size_t capacity, std::atomic<std::uint64_t>& account) noexcept
      : account_(account), capacity_(capacity) {}
  ~Chunk() = default;

  std::atomic<std::uint32_t> references_{1};  // the sender's, while it writes here
  std::atomic<std::uint64_t>& account_;
  const std::size_t capacity_;
  std::size_t used_ = 0;
};

struct Item {
  Chunk* chunk = nullptr;
  const std::byte* bytes = nullptr;
  std::uint32_t size = 0;
  std::uint32_t link = 0;  // items from before the two engines were parted are not read
};

class Lane {
 public:
  explicit Lane(std::uint32_t capacity) : items_(new Item[capacity]), mask_(capacity - 1) {
    CHATROOM_ASSERT((capacity & mask_) == 0);
  }
  ~Lane() {
    show();
    for (std::uint64_t end = seen(); has_before(end);) take();
    if (read_chunk_ != nullptr) read_chunk_->let_go();
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // ---- The sender's side.
  std::uint32_t free() noexcept {
    const std::uint64_t capacity = std::uint64_t{mask_} + 1;
    if (capacity - (put_ - read_known_) <= capacity / 2) {
      read_known_ = read_.load(std::memory_order_acquire);
    }
    return static_cast<std::uint32_t>(capacity - (put_ - read_known_));
  }
  std::uint32_t capacity() const noexcept { return mask_ + 1; }
  // One count a chunk and lane: the reader lets go when it comes to the next chunk.
  void put(const Item& item) noexcept {
    if (item.chunk != put_chunk_) {
      item.chunk->hold();
      put_chunk_ = item.chunk;
    }
    items_[put_++ & mask_] = item;
  }
  // Makes what was put visible; true: there was something.
  bool show() noexcept {
    if (shown_.load(std::memory_order_relaxed) == put_) return false;
    shown_.store(put_, std::memory_order_release);
    return true;
  }

  // ---- The reader's side.
  std::uint64_t seen() const noexcept { return shown_.load(std::memory_order_acquire); }
  bool has_before(std::uint64_t end) const noexcept {
    return read_.load(std::memory_order_relaxed) != end;
  }
  // The bytes stay until the next take.
  Item take() noexcept {
    const std::uint64_t at = read_.load(std::memory_order_relaxed);
    const Item item = items_[at & mask_];
    if (item.chunk != read_chunk_) {
      if (read_chunk_ != nullptr) read_chunk_->let_go();
      read_chunk_ = item.chunk;
    }
    read_.store(at + 1, std::memory_order_release);
    return item;
  }

 private:
  const std::unique_ptr<Item[]> items_;
  const std::uint32_t mask_;

  alignas(64) std::uint64_t put_ = 0;  // the sender's
  std::uint64_t read_known_ = 0;
  // The lane holds the newest chunk that was put until one from another chunk is read, so no other
  // chunk can come to have this address meanwhile.
  const Chunk* put_chunk_ = nullptr;
  alignas(64) std::atomic<std::uint64_t> shown_{0};
  alignas(64) std::atomic<std::uint64_t> read_{0};
  Chunk* read_chunk_ = nullptr;  // the reader's
};

}  // namespace chatroom::local
