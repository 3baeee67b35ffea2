// SlotTable: records found by a slot index that somebody else hands out, in pages taken as needed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/checked.h"
#include "base/vector.h"
#include "chatroom/memory.h"

namespace chatroom::fanout {

template <class T>
class SlotTable final {
 public:
  static constexpr std::uint32_t kPage = 1024;

  SlotTable(Memory& memory, std::uint32_t slots_max) noexcept
      : memory_(memory), slots_max_(slots_max), pages_(memory, pages_for(slots_max)) {}
  ~SlotTable() {
    for (T* page : pages_) {
      if (page == nullptr) continue;
      std::destroy_n(page, kPage);
      memory_.release(page, kPage * sizeof(T), alignof(T));
    }
  }
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;

  // Null: never made.
  T* find(std::uint32_t slot) const noexcept {
    if (slot / kPage >= pages_.size()) return nullptr;
    T* page = pages_[slot / kPage];
    return page == nullptr ? nullptr : page + slot % kPage;
  }
  // Null: past the limit, or the port is dry.
  T* make(std::uint32_t slot) noexcept {
    if (slot >= slots_max_) return nullptr;
    if (slot / kPage >= pages_.size() && !pages_.resize(slot / kPage + 1)) return nullptr;
    T*& page = pages_[slot / kPage];
    if (page == nullptr) {
      void* block = memory_.allocate(kPage * sizeof(T), alignof(T));
      if (block == nullptr) return nullptr;
      page = static_cast<T*>(block);
      std::uninitialized_value_construct_n(page, kPage);
    }
    return page + slot % kPage;
  }

  static std::uint64_t bytes_max(std::uint32_t slots_max) noexcept {
    return std::uint64_t{pages_for(slots_max)} * kPage * sizeof(T) +
           base::Vector<T*>::bytes_max(pages_for(slots_max));
  }

 private:
  static std::uint32_t pages_for(std::uint32_t slots) noexcept {
    return static_cast<std::uint32_t>((std::uint64_t{slots} + kPage - 1) / kPage);
  }

  Memory& memory_;
  const std::uint32_t slots_max_;
  base::Vector<T*> pages_;
};

}  // namespace chatroom::fanout
