#include "base/wheel.h"

#include <algorithm>
#include <bit>

namespace chatroom::base {

Wheel::~Wheel() {
  for (auto& level : slots_) {
    for (Slot& slot : level) {
      while (slot.first != nullptr) cancel(*slot.first);
    }
  }
}

void Wheel::schedule(TimerNode& node, Instant at) noexcept {
  cancel(node);
  if (at == Instant::never()) return;
  // Up to the next whole tick: late by less than a millisecond, never early.
  const std::int64_t us = std::max<std::int64_t>(at.us, 0);
  const std::uint64_t tick = static_cast<std::uint64_t>(us / 1'000 + (us % 1'000 != 0));
  node.tick_ = std::clamp(tick, tick_, kLastTick) & kLastTick;
  place(node);
  ++size_;
}

void Wheel::cancel(TimerNode& node) noexcept {
  if (!node.armed()) return;
  unlink(node);
  --size_;
}

void Wheel::place(TimerNode& node) noexcept {
  const std::uint64_t differs = node.tick_ ^ tick_;
  const int level = differs == 0 ? 0 : (63 - std::countl_zero(differs)) / kBits;
  const std::uint64_t slot = (node.tick_ >> (level * kBits)) & (kSlots - 1);
  node.place_ = (static_cast<std::uint64_t>(level) * kSlots + slot) & 0x1ff;
  TimerNode*& first = slots_[level][slot].first;
  if (first == nullptr) {
    node.next_ = node.previous_ = first = &node;
    occupied_[level] |= std::uint64_t{1} << slot;
    return;
  }
  node.next_ = first;
  node.previous_ = first->previous_;
  first->previous_->next_ = &node;
  first->previous_ = &node;
}

void Wheel::unlink(TimerNode& node) noexcept {
  const auto level = static_cast<std::size_t>(node.place_ / kSlots);
  const std::uint64_t slot = node.place_ % kSlots;
  TimerNode*& first = slots_[level][slot].first;
  if (node.next_ == &node) {
    first = nullptr;
    occupied_[level] &= ~(std::uint64_t{1} << slot);
  } else {
    if (first == &node) first = node.next_;
    node.previous_->next_ = node.next_;
    node.next_->previous_ = node.previous_;
  }
  node.next_ = node.previous_ = nullptr;
}

// The earliest occupied slot: on the lowest occupied level, since all its nodes agree with the
// present tick in every higher digit.
Wheel::Next Wheel::next_slot() const noexcept {
  for (int level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const auto slot = static_cast<std::uint64_t>(std::countr_zero(occupied_[level]));
    const int shift = level * kBits;
    const std::uint64_t higher = tick_ >> shift >> kBits << kBits << shift;
    return {higher | slot << shift, level};
  }
  return {0, -1};
}

Instant Wheel::next_due() const noexcept {
  const Next next = next_slot();
  return next.level < 0 ? Instant::never() : Instant{static_cast<std::int64_t>(next.tick) * 1'000};
}

void Wheel::cascade(int level, std::uint64_t slot) noexcept {
  TimerNode*& first = slots_[level][slot].first;
  while (first != nullptr) {
    TimerNode& node = *first;
    unlink(node);
    place(node);  // on a lower level now: its highest differing digit became equal
  }
}

TimerNode* Wheel::pop_due(Instant now) noexcept {
  if (now.us < 0) return nullptr;
  const std::uint64_t now_tick = std::min(static_cast<std::uint64_t>(now.us) / 1'000, kLastTick);
  for (;;) {
    const Next next = next_slot();
    if (next.level < 0 || next.tick > now_tick) break;
    tick_ = next.tick;
    const std::uint64_t slot = (next.tick >> (next.level * kBits)) & (kSlots - 1);
    if (next.level > 0) {
      cascade(next.level, slot);
      continue;
    }
    TimerNode& node = *slots_[0][slot].first;
    unlink(node);
    --size_;
    return &node;
  }
  tick_ = std::max(tick_, now_tick);
  return nullptr;
}

}  // namespace chatroom::base
