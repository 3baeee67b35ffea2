// Wheel: every deadline of an engine behind one alarm. A hierarchical timer wheel with ticks of one
// millisecond; nodes live in what they time, so scheduling needs no memory and cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>

#include "chatroom/assert.h"
#include "chatroom/types.h"

namespace chatroom::base {

// 24 bytes in a session, room or question. `kind` is the owner's word for what to do when it is
// due, and how it finds itself (its own node's offset): 0 to 127.
class TimerNode {
 public:
  explicit TimerNode(std::uint8_t kind = 0) noexcept : tick_(0), place_(0), kind_(kind & 0x7f) {}
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  ~TimerNode() { CHATROOM_ASSERT(!armed()); }

  bool armed() const noexcept { return next_ != nullptr; }
  std::uint8_t kind() const noexcept { return static_cast<std::uint8_t>(kind_); }
  // When it is due, in whole milliseconds, rounded up; for an armed node.
  Instant due() const noexcept { return {static_cast<std::int64_t>(tick_) * 1'000}; }

 private:
  friend class Wheel;
  TimerNode* next_ = nullptr;
  TimerNode* previous_ = nullptr;
  std::uint64_t tick_ : 48;
  std::uint64_t place_ : 9;  // level * 64 + slot
  std::uint64_t kind_ : 7;
};
static_assert(sizeof(TimerNode) <= 24);

// Eight levels of 64 slots by the digits of the deadline in base 64: a node stands on the level of
// the highest digit in which it differs from the present tick, so nodes of one tick are always in
// one list, in order of scheduling, and need no sorting.
class Wheel final {
 public:
  Wheel() noexcept = default;
  // Disarms what is left. So the wheel goes before what it times: declare it after the owners.
  ~Wheel();
  Wheel(const Wheel&) = delete;
  Wheel& operator=(const Wheel&) = delete;

  // Due at `at`, never before; replaces an earlier deadline of the node. `Instant::never()`
  // cancels.
  void schedule(TimerNode& node, Instant at) noexcept;
  void cancel(TimerNode& node) noexcept;

  // When to call pop_due next: never later than the first deadline, and at most 63/64 of the time
  // left early when that is far away. `Instant::never()` if nothing is armed.
  Instant next_due() const noexcept;

  // Takes out the first node that is due at `now`: by deadline, then in order of scheduling. Null:
  // nothing more is due.
  TimerNode* pop_due(Instant now) noexcept;

  // Calls visit(TimerNode&) for at most `budget` due nodes, already taken out; answers how many.
  // `visit` may schedule and cancel any node. Whether more is due: next_due() <= now.
  template <class Visit>
  std::size_t advance(Instant now, std::size_t budget, Visit&& visit) noexcept {
    std::size_t done = 0;
    while (done < budget) {
      TimerNode* node = pop_due(now);
      if (node == nullptr) break;
      ++done;
      visit(*node);
    }
    return done;
  }

  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr int kLevels = 8;
  static constexpr int kBits = 6;
  static constexpr std::uint64_t kSlots = 1 << kBits;
  static constexpr std::uint64_t kLastTick = (std::uint64_t{1} << (kBits * kLevels)) - 1;
  struct Slot {
    TimerNode* first = nullptr;  // its previous_ is the last: one circle a slot
  };
  struct Next {
    std::uint64_t tick;
    int level;  // -1: nothing is armed
  };

  void place(TimerNode& node) noexcept;
  void unlink(TimerNode& node) noexcept;
  void cascade(int level, std::uint64_t slot) noexcept;
  Next next_slot() const noexcept;

  std::uint64_t tick_ = 0;  // everything before it was popped
  std::size_t size_ = 0;
  std::uint64_t occupied_[kLevels] = {};
  Slot slots_[kLevels][kSlots];
};

}  // namespace chatroom::base
