// SlotMap: objects named by handles that go stale safely. Addresses are stable, iteration is by
// index and therefore the same in every run.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "base/checked.h"
#include "base/pool.h"
#include "chatroom/memory.h"
#include "chatroom/types.h"

namespace chatroom::base {

// `H` is a Handle<Tag>. Slots live in segments of about 64 KiB that are taken as needed, up to
// `slots_max`, and kept until the end. Insert, erase and get are O(1).
template <class T, class H>
class SlotMap final {
  struct Slot {
    std::uint32_t generation;
    std::uint32_t next;  // kLive, or the next free slot
    alignas(T) std::byte storage[sizeof(T)];

    T* object() noexcept { return std::launder(reinterpret_cast<T*>(storage)); }
    const T* object() const noexcept { return std::launder(reinterpret_cast<const T*>(storage)); }
  };
  static constexpr std::uint32_t kLive = UINT32_MAX;
  static constexpr std::uint32_t kEnd = UINT32_MAX - 1;
  static constexpr std::size_t kSlotsPerSegment =
      std::bit_floor(std::max<std::size_t>(1, kSlabBytes / sizeof(Slot)));
  static constexpr int kShift = std::countr_zero(kSlotsPerSegment);
  static constexpr std::size_t kAlign = std::max<std::size_t>(alignof(Slot), 16);

 public:
  SlotMap(Memory& memory, std::uint32_t slots_max) noexcept
      : memory_(memory), slots_max_(slots_max) {
    CHATROOM_ASSERT(slots_max < kEnd);
  }
  ~SlotMap() {
    for (std::uint32_t i = 0; i < extent_; ++i) {
      if (Slot& slot = slot_at(i); slot.next == kLive) std::destroy_at(slot.object());
    }
    for (std::size_t i = 0; i < segments_; ++i) {
      memory_.release(directory_[i], segment_bytes(i), kAlign);
    }
    if (directory_ != nullptr) {
      memory_.release(directory_, directory_slots() * sizeof(Slot*), alignof(Slot*));
    }
  }
  SlotMap(const SlotMap&) = delete;
  SlotMap& operator=(const SlotMap&) = delete;

  // An empty handle when full or when the port is dry.
  template <class... Args>
  [[nodiscard]] H insert(Args&&... args) noexcept {
    if (free_ == kEnd && !extend()) return H{};
    const std::uint32_t index = free_;
    Slot& slot = slot_at(index);
    free_ = slot.next;
    slot.next = kLive;
    std::construct_at(reinterpret_cast<T*>(slot.storage), std::forward<Args>(args)...);
    ++size_;
    return H{index, slot.generation};
  }
  // False: stale already.
  bool erase(H handle) noexcept {
    if (get(handle) == nullptr) return false;
    Slot& slot = slot_at(handle.index);
    std::destroy_at(slot.object());
    if (++slot.generation == 0) slot.generation = 1;
    slot.next = free_;
    free_ = handle.index;
    --size_;
    return true;
  }
  // Null: stale.
  T* get(H handle) noexcept {
    if (handle.index >= extent_) return nullptr;
    Slot& slot = slot_at(handle.index);
    return slot.next == kLive && slot.generation == handle.generation ? slot.object() : nullptr;
  }
  const T* get(H handle) const noexcept { return const_cast<SlotMap*>(this)->get(handle); }

  // Walking by index, across turns too: extent() only grows, at() is null for a free slot.
  std::uint32_t extent() const noexcept { return extent_; }
  T* at(std::uint32_t index) noexcept {
    if (index >= extent_) return nullptr;
    Slot& slot = slot_at(index);
    return slot.next == kLive ? slot.object() : nullptr;
  }
  const T* at(std::uint32_t index) const noexcept { return const_cast<SlotMap*>(this)->at(index); }
  H handle_at(std::uint32_t index) const noexcept {
    return at(index) == nullptr ? H{}
                                : H{index, const_cast<SlotMap*>(this)->slot_at(index).generation};
  }

  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t slots_max() const noexcept { return slots_max_; }
  std::size_t bytes_held() const noexcept { return bytes_held_; }
  static std::size_t bytes_max(std::uint32_t slots_max) noexcept {
    return checked_add(checked_multiply<std::size_t>(slots_max, sizeof(Slot)),
                       directory_slots(slots_max) * sizeof(Slot*));
  }

 private:
  static std::size_t directory_slots(std::uint32_t slots_max) noexcept {
    return (slots_max + kSlotsPerSegment - 1) >> kShift;
  }
  std::size_t directory_slots() const noexcept { return directory_slots(slots_max_); }
  std::size_t segment_bytes(std::size_t segment) const noexcept {
    return std::min(kSlotsPerSegment, slots_max_ - (segment << kShift)) * sizeof(Slot);
  }
  Slot& slot_at(std::uint32_t index) noexcept {
    return directory_[index >> kShift][index & (kSlotsPerSegment - 1)];
  }

  // Makes one more slot, in a new segment if the last is full.
  bool extend() noexcept {
    if (extent_ == slots_max_) return false;
    if (directory_ == nullptr) {
      const std::size_t bytes = directory_slots() * sizeof(Slot*);
      void* block = memory_.allocate(bytes, alignof(Slot*));
      if (block == nullptr) return false;
      directory_ = static_cast<Slot**>(block);
      bytes_held_ += bytes;
    }
    if (extent_ >> kShift == segments_) {
      const std::size_t bytes = segment_bytes(segments_);
      void* block = memory_.allocate(bytes, kAlign);
      if (block == nullptr) return false;
      directory_[segments_++] = static_cast<Slot*>(block);
      bytes_held_ += bytes;
    }
    Slot& slot = slot_at(extent_);
    slot.generation = 1;
    slot.next = kEnd;
    free_ = extent_++;
    return true;
  }

  Memory& memory_;
  const std::uint32_t slots_max_;
  Slot** directory_ = nullptr;
  std::size_t segments_ = 0;
  std::uint32_t extent_ = 0;
  std::uint32_t free_ = kEnd;  // last given back is first taken
  std::uint32_t size_ = 0;
  std::size_t bytes_held_ = 0;
};

}  // namespace chatroom::base
