// The mailbox behind Remote: a bounded ring of packed calls, the one place where threads meet.
#pragma once

#include <atomic>

#include "chatroom/error.h"
#include "chatroom/event_loop.h"
#include "chatroom/memory.h"

namespace chatroom::engine {

enum class MailType : std::uint8_t { broadcast, send_to, kick, answer };

// Any thread puts, the engine's thread takes. A spin lock guards a plain ring: whoever holds it
// copies at most one message and perhaps calls EventLoop::wake; nobody waits in it for anything
// else. (A mutex would link the core to a thread library; a lock-free ring of variable-sized
// messages is more code than the contention of host threads calls for.)
class Mailbox final {
 public:
  // One block from `memory`, sized by the limits; null: no memory.
  static Mailbox* create(Memory& memory, EventLoop* loop, std::uint32_t bytes,
                         std::uint32_t messages) noexcept;

  // Counted by the engine and every Remote; the last one frees the block, on its own thread: the
  // one exception to the Memory port's thread rule, and harmless with any heap.
  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop_reference() noexcept;

  // Any thread. queue_full; not_found once the engine is gone.
  Status put(Bytes message) noexcept;

  // The engine's thread. Copies the oldest message to `out`, which must hold `message_bytes_max`;
  // answers its size, 0 if there is none.
  std::size_t take(MutableBytes out) noexcept;
  // Any thread: the oldest message is gone, to make place. False: there is none.
  bool drop() noexcept;
  bool empty() const noexcept { return count_.load(std::memory_order_acquire) == 0; }
  // The engine is going: later puts answer not_found and the loop is not touched again.
  void shut() noexcept;

 private:
  Mailbox(Memory& memory, EventLoop* loop, std::uint32_t bytes, std::uint32_t messages,
          std::byte* ring) noexcept;
  ~Mailbox() = default;

  void lock() noexcept;
  void unlock() noexcept { locked_.clear(std::memory_order_release); }
  void copy_in(Bytes from) noexcept;
  void copy_out(MutableBytes to) noexcept;
  std::uint32_t pop_size() noexcept;
  void skip(std::size_t size) noexcept;

  // Set at creation.
  Memory& memory_;
  std::byte* const ring_;
  const std::uint32_t capacity_;
  const std::uint32_t messages_max_;

  // Any thread.
  std::atomic<std::uint32_t> references_{1};
  std::atomic<std::uint32_t> count_{0};
  std::atomic_flag locked_;

  // Under the lock.
  EventLoop* loop_;
  bool open_ = true;
  std::uint32_t read_ = 0;
  std::uint32_t used_ = 0;
};

}  // namespace chatroom::engine
