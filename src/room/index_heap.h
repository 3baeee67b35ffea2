// IndexHeap: the smallest of a changing set of numbers, one a slot. Rooms stand in three of them:
// by the moment they close, by the moment their count may be told again, by what their history
// holds.
#pragma once

#include <cstdint>

#include "base/vector.h"
#include "room/ids.h"

namespace chatroom::room {

// A binary heap with back references. Equal keys leave by slot, so that the order is the same in
// every run. set and remove cost O(log n) and no memory once `cover` made room.
class IndexHeap final {
 public:
  IndexHeap(Memory& memory, std::size_t slots_max) noexcept
      : heap_(memory, slots_max), places_(memory, slots_max) {}

  // Makes room for slots 0 to slots - 1. False: the port is dry.
  [[nodiscard]] bool cover(std::size_t slots) noexcept {
    const std::size_t old = places_.size();
    if (slots <= old) return true;
    if (!heap_.reserve(slots) || !places_.resize(slots)) return false;
    for (std::size_t i = old; i < slots; ++i) places_[i] = kNone;
    return true;
  }
  bool empty() const noexcept { return heap_.empty(); }
  std::uint32_t top() const noexcept { return heap_.empty() ? kNone : heap_[0].slot; }
  std::int64_t top_key() const noexcept { return heap_[0].key; }

  // Puts the slot in, or moves it.
  void set(std::uint32_t slot, std::int64_t key) noexcept {
    if (places_[slot] == kNone) {
      places_[slot] = static_cast<std::uint32_t>(heap_.size());
      CHATROOM_ASSERT(heap_.emplace_back(Entry{key, slot}) != nullptr);
    } else {
      heap_[places_[slot]].key = key;
    }
    rise(places_[slot]);
    sink(places_[slot]);
  }
  void remove(std::uint32_t slot) noexcept {
    if (slot >= places_.size() || places_[slot] == kNone) return;
    const std::uint32_t place = places_[slot];
    places_[slot] = kNone;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (last.slot == slot) return;
    put(place, last);
    rise(place);
    sink(places_[last.slot]);
  }

  static std::size_t bytes_max(std::size_t slots_max) noexcept {
    return base::Vector<Entry>::bytes_max(slots_max) +
           base::Vector<std::uint32_t>::bytes_max(slots_max);
  }

 private:
  struct Entry {
    std::int64_t key = 0;
    std::uint32_t slot = kNone;
    bool before(const Entry& other) const noexcept {
      return key != other.key ? key < other.key : slot < other.slot;
    }
  };

  void put(std::size_t place, Entry entry) noexcept {
    heap_[place] = entry;
    places_[entry.slot] = static_cast<std::uint32_t>(place);
  }
  void rise(std::size_t place) noexcept {
    const Entry entry = heap_[place];
    while (place > 0) {
      const std::size_t parent = (place - 1) / 2;
      if (!entry.before(heap_[parent])) break;
      put(place, heap_[parent]);
      place = parent;
    }
    put(place, entry);
  }
  void sink(std::size_t place) noexcept {
    const Entry entry = heap_[place];
    for (;;) {
      std::size_t child = 2 * place + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
      if (!heap_[child].before(entry)) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, entry);
  }

  base::Vector<Entry> heap_;
  base::Vector<std::uint32_t> places_;
};

}  // namespace chatroom::room
