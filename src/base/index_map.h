// IndexMap: objects named by small numbers, for records that only their own layer refers to. What a
// SlotMap spends on handles that go stale is not spent here: a place costs its object and one bit.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "base/checked.h"
#include "base/pool.h"
#include "chatroom/memory.h"

namespace chatroom::base {

// Places lie in segments of about 64 KiB that are taken as needed, up to `places_max`, and kept
// until the end. Addresses are stable; insert, erase and at are O(1).
template <class T>
class IndexMap final {
  static_assert(sizeof(T) >= sizeof(std::uint32_t), "a free place holds the next one");
  static constexpr std::size_t kPerSegment =
      std::bit_floor(std::max<std::size_t>(64, kSlabBytes / sizeof(T)));
  static constexpr int kShift = std::countr_zero(kPerSegment);
  static constexpr std::size_t kAlign = std::max<std::size_t>(alignof(T), 16);
  static constexpr std::size_t kHeader = round_up(kPerSegment / 8, kAlign);  // a bit a place

 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  IndexMap(Memory& memory, std::uint32_t places_max) noexcept
      : memory_(memory), places_max_(places_max) {
    CHATROOM_ASSERT(places_max < kNone);
  }
  ~IndexMap() {
    for (std::uint32_t i = 0; i < extent_; ++i) {
      if (live(i)) std::destroy_at(object(i));
    }
    for (std::size_t i = 0; i < segments_; ++i) {
      memory_.release(directory_[i], segment_bytes(i), kAlign);
    }
    if (directory_ != nullptr) {
      memory_.release(directory_, directory_bytes(places_max_), alignof(std::byte*));
    }
  }
  IndexMap(const IndexMap&) = delete;
  IndexMap& operator=(const IndexMap&) = delete;

  // kNone when full or when the port is dry.
  template <class... Args>
  [[nodiscard]] std::uint32_t insert(Args&&... args) noexcept {
    if (free_ == kNone && !extend()) return kNone;
    const std::uint32_t index = free_;
    std::memcpy(&free_, place(index), sizeof(free_));
    std::construct_at(reinterpret_cast<T*>(place(index)), std::forward<Args>(args)...);
    word(index) |= bit(index);
    ++size_;
    return index;
  }
  // Must be in here.
  void erase(std::uint32_t index) noexcept {
    CHATROOM_ASSERT(at(index) != nullptr);
    std::destroy_at(object(index));
    word(index) &= ~bit(index);
    give(index);
    --size_;
  }
  // Null: a free place.
  T* at(std::uint32_t index) noexcept {
    return index < extent_ && live(index) ? object(index) : nullptr;
  }
  const T* at(std::uint32_t index) const noexcept { return const_cast<IndexMap*>(this)->at(index); }

  std::uint32_t size() const noexcept { return size_; }
  static std::size_t bytes_max(std::uint32_t places_max) noexcept {
    return checked_add(checked_add(checked_multiply<std::size_t>(places_max, sizeof(T)),
                                   checked_multiply(segments_for(places_max), kHeader)),
                       directory_bytes(places_max));
  }

 private:
  static std::size_t segments_for(std::uint32_t places_max) noexcept {
    return (places_max + kPerSegment - 1) >> kShift;
  }
  static std::size_t directory_bytes(std::uint32_t places_max) noexcept {
    return segments_for(places_max) * sizeof(std::byte*);
  }
  std::size_t segment_bytes(std::size_t segment) const noexcept {
    return kHeader + std::min(kPerSegment, places_max_ - (segment << kShift)) * sizeof(T);
  }
  std::byte* place(std::uint32_t index) noexcept {
    return directory_[index >> kShift] + kHeader + (index & (kPerSegment - 1)) * sizeof(T);
  }
  T* object(std::uint32_t index) noexcept {
    return std::launder(reinterpret_cast<T*>(place(index)));
  }
  std::uint64_t& word(std::uint32_t index) noexcept {
    auto* words = reinterpret_cast<std::uint64_t*>(directory_[index >> kShift]);
    return words[(index & (kPerSegment - 1)) / 64];
  }
  static std::uint64_t bit(std::uint32_t index) noexcept { return std::uint64_t{1} << index % 64; }
  bool live(std::uint32_t index) noexcept { return (word(index) & bit(index)) != 0; }
  void give(std::uint32_t index) noexcept {
    std::memcpy(place(index), &free_, sizeof(free_));
    free_ = index;
  }

  // One more place, in a new segment if the last is full.
  bool extend() noexcept {
    if (extent_ == places_max_) return false;
    if (directory_ == nullptr) {
      void* block = memory_.allocate(directory_bytes(places_max_), alignof(std::byte*));
      if (block == nullptr) return false;
      directory_ = static_cast<std::byte**>(block);
    }
    if (extent_ >> kShift == segments_) {
      void* block = memory_.allocate(segment_bytes(segments_), kAlign);
      if (block == nullptr) return false;
      std::memset(block, 0, kHeader);
      directory_[segments_++] = static_cast<std::byte*>(block);
    }
    give(extent_++);
    return true;
  }

  Memory& memory_;
  const std::uint32_t places_max_;
  std::byte** directory_ = nullptr;
  std::size_t segments_ = 0;
  std::uint32_t extent_ = 0;
  std::uint32_t free_ = kNone;  // last given back is first taken
  std::uint32_t size_ = 0;
};

}  // namespace chatroom::base
