#include "engine/mailbox.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/plant.h"

namespace chatroom::engine {

Mailbox* Mailbox::create(Memory& memory, EventLoop* loop, std::uint32_t bytes,
                         std::uint32_t messages) noexcept {
  void* block = memory.allocate(sizeof(Mailbox) + bytes, alignof(Mailbox));
  if (block == nullptr) return nullptr;
  std::byte* ring = static_cast<std::byte*>(block) + sizeof(Mailbox);
  return ::new (block) Mailbox(memory, loop, bytes, messages, ring);
}

Mailbox::Mailbox(Memory& memory, EventLoop* loop, std::uint32_t bytes, std::uint32_t messages,
                 std::byte* ring) noexcept
    : memory_(memory), ring_(ring), capacity_(bytes), messages_max_(messages), loop_(loop) {}

void Mailbox::drop_reference() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  Memory& memory = memory_;
  const std::size_t size = sizeof(Mailbox) + capacity_;
  this->~Mailbox();
  memory.release(this, size, alignof(Mailbox));
}

Status Mailbox::put(Bytes message) noexcept {
  const auto size = static_cast<std::uint32_t>(message.size());
  lock();
  Status status;
  if (!open_) {
    status = Errc::not_found;
  } else if ((count_.load(std::memory_order_relaxed) == messages_max_ &&
              !CHATROOM_PLANTED(mailbox_never_full)) ||
             size > capacity_ - used_ || sizeof size > capacity_ - used_ - size) {
    status = Errc::queue_full;
  } else {
    copy_in({reinterpret_cast<const std::byte*>(&size), sizeof size});
    copy_in(message);
    const bool first = count_.fetch_add(1, std::memory_order_release) == 0;
    if (first && loop_ != nullptr) loop_->wake();
  }
  unlock();
  return status;
}

std::size_t Mailbox::take(MutableBytes out) noexcept {
  lock();
  const std::uint32_t size = pop_size();
  CHATROOM_ASSERT(size <= out.size());
  copy_out(out.first(size));
  unlock();
  return size;
}

bool Mailbox::drop() noexcept {
  lock();
  const std::uint32_t size = pop_size();
  skip(size);
  unlock();
  return size != 0;
}

// Under the lock. Messages have at least a byte: 0 says that there is none.
std::uint32_t Mailbox::pop_size() noexcept {
  std::uint32_t size = 0;
  if (empty()) return size;
  copy_out({reinterpret_cast<std::byte*>(&size), sizeof size});
  count_.fetch_sub(1, std::memory_order_relaxed);
  return size;
}

void Mailbox::shut() noexcept {
  lock();
  open_ = false;
  loop_ = nullptr;
  unlock();
}

void Mailbox::lock() noexcept {
  while (locked_.test_and_set(std::memory_order_acquire)) {
    while (locked_.test(std::memory_order_relaxed)) {
    }
  }
}

void Mailbox::copy_in(Bytes from) noexcept {
  const std::uint32_t at = (read_ + used_) % capacity_;
  const std::size_t first = std::min<std::size_t>(from.size(), capacity_ - at);
  if (first != 0) std::memcpy(ring_ + at, from.data(), first);
  if (first < from.size()) std::memcpy(ring_, from.data() + first, from.size() - first);
  used_ += static_cast<std::uint32_t>(from.size());
}

void Mailbox::copy_out(MutableBytes to) noexcept {
  const std::size_t first = std::min<std::size_t>(to.size(), capacity_ - read_);
  if (first != 0) std::memcpy(to.data(), ring_ + read_, first);
  if (first < to.size()) std::memcpy(to.data() + first, ring_, to.size() - first);
  skip(to.size());
}

void Mailbox::skip(std::size_t size) noexcept {
  read_ = static_cast<std::uint32_t>((read_ + size) % capacity_);
  used_ -= static_cast<std::uint32_t>(size);
  if (used_ == 0) read_ = 0;  // so that no more of the ring is touched than once waited
}

}  // namespace chatroom::engine
