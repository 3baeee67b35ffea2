// Table: a hash table keyed by bytes whose order is the order of insertion, so that no walk over it
// can show the hash key. The same calls give the same iteration under every key.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "base/checked.h"
#include "base/siphash.h"
#include "chatroom/memory.h"
#include "chatroom/types.h"

namespace chatroom::base {

// The key of a number: its bytes, where it lives.
template <class Integer>
std::string_view key_of_number(const Integer& number) noexcept {
  return {reinterpret_cast<const char*>(&number), sizeof(number)};
}

// `V` is small and cheap to move (a pointer, a handle). Keys are not stored: `KeyOf` answers the
// key of a value (`std::string_view operator()(const V&) const`), wherever the caller keeps it, and
// it must not change while the value is in here.
//
// Values stand in one array in order of insertion; a separate index of 4 bytes a place finds them.
// Erasing leaves a hole and moves nothing, so a walk by index may erase; inserting may close the
// holes or grow, which moves indexes down. Both are O(1) on average, growth O(n) at once: reserve()
// what a steady state needs. About 18 bytes a value.
template <class V, class KeyOf>
class Table final {
  struct Entry {
    std::uint32_t hash;  // 0: a hole
    V value;
  };
  static constexpr std::uint32_t kEmpty = UINT32_MAX;
  static constexpr std::size_t kFirst = 8;
  static constexpr std::size_t kAlign = std::max(alignof(Entry), alignof(std::uint32_t));

 public:
  Table(Memory& memory, HashKey key, std::size_t size_max, KeyOf key_of = {}) noexcept
      : memory_(memory), key_(key), size_max_(size_max), key_of_(key_of) {
    CHATROOM_ASSERT(size_max < (std::size_t{1} << 29));
  }
  ~Table() {
    clear();
    if (block_ != nullptr) memory_.release(block_, block_bytes(capacity_), kAlign);
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  V* find(std::string_view key) noexcept {
    if (size_ == 0) return nullptr;
    const std::uint32_t place = find_place(key, hash_of(key));
    return index_[place] == kEmpty ? nullptr : &entries_[index_[place]].value;
  }
  const V* find(std::string_view key) const noexcept { return const_cast<Table*>(this)->find(key); }
  // The key must not be in here yet. Null at `size_max` or when the port is dry.
  V* insert(V value) noexcept {
    if (size_ == size_max_) return nullptr;
    if (extent_ == capacity_ && !make_room(size_ + 1)) return nullptr;
    const std::uint32_t hash = hash_of(key_of_(value));
    const std::uint32_t place = find_place(key_of_(value), hash);
    CHATROOM_ASSERT(index_[place] == kEmpty);
    index_[place] = static_cast<std::uint32_t>(extent_);
    Entry* entry = std::construct_at(entries_ + extent_, Entry{hash, std::move(value)});
    ++extent_;
    ++size_;
    return &entry->value;
  }
  // False: it was not in here.
  bool erase(std::string_view key) noexcept {
    if (size_ == 0) return false;
    const std::uint32_t place = find_place(key, hash_of(key));
    if (index_[place] == kEmpty) return false;
    erase_place(place);
    return true;
  }
  void erase_at(std::size_t index) noexcept {
    CHATROOM_ASSERT(at(index) != nullptr);
    std::uint32_t place = entries_[index].hash & mask();
    while (index_[place] != index) place = (place + 1) & mask();
    erase_place(place);
  }
  void clear() noexcept {
    for (std::size_t i = 0; i < extent_; ++i) {
      if (entries_[i].hash != 0) std::destroy_at(&entries_[i].value);
    }
    extent_ = size_ = 0;
    if (block_ != nullptr) std::fill_n(index_, places(), kEmpty);
  }
  // Makes room for `size` values in all, now.
  [[nodiscard]] bool reserve(std::size_t size) noexcept {
    CHATROOM_ASSERT(size <= size_max_);
    return capacity_for(size) <= capacity_ || rebuild_into(capacity_for(size));
  }

  // Walking: 0 to extent() - 1, oldest first; null is a hole.
  std::size_t extent() const noexcept { return extent_; }
  V* at(std::size_t index) noexcept {
    return index < extent_ && entries_[index].hash != 0 ? &entries_[index].value : nullptr;
  }
  const V* at(std::size_t index) const noexcept { return const_cast<Table*>(this)->at(index); }

  std::size_t size() const noexcept { return size_; }
  std::size_t size_max() const noexcept { return size_max_; }
  std::size_t bytes_held() const noexcept { return block_ == nullptr ? 0 : block_bytes(capacity_); }
  // The moment of the last growth included, for plan().
  static std::size_t bytes_max(std::size_t size_max) noexcept {
    return checked_multiply(block_bytes(capacity_for(size_max)), std::size_t{2});
  }

 private:
  // A third more than its values, so that holes are closed seldom however full it is.
  static std::size_t capacity_for(std::size_t size) noexcept {
    return std::max(kFirst, size + size / 3 + 1);
  }
  // At most two thirds of the index are taken, and at least a third when all entries are.
  static std::size_t places_for(std::size_t capacity) noexcept {
    return std::bit_ceil(capacity + capacity / 2);
  }
  static std::size_t block_bytes(std::size_t capacity) noexcept {
    const std::size_t entries = capacity * sizeof(Entry);
    return entries + places_for(capacity) * sizeof(std::uint32_t);
  }
  std::size_t places() const noexcept { return places_; }
  std::uint32_t mask() const noexcept { return static_cast<std::uint32_t>(places_ - 1); }
  std::uint32_t hash_of(std::string_view key) const noexcept {
    return static_cast<std::uint32_t>(siphash(key_, key)) | 0x8000'0000u;
  }

  // The place of the key, or the empty place where it belongs.
  std::uint32_t find_place(std::string_view key, std::uint32_t hash) const noexcept {
    std::uint32_t place = hash & mask();
    while (index_[place] != kEmpty) {
      const Entry& entry = entries_[index_[place]];
      if (entry.hash == hash && key_of_(entry.value) == key) break;
      place = (place + 1) & mask();
    }
    return place;
  }

  void erase_place(std::uint32_t place) noexcept {
    Entry& entry = entries_[index_[place]];
    std::destroy_at(&entry.value);
    entry.hash = 0;
    --size_;
    // Close the gap in the index: whoever probed past this place moves up, so that no place is ever
    // marked as deleted and searches stay short.
    std::uint32_t hole = place;
    for (std::uint32_t at = (hole + 1) & mask(); index_[at] != kEmpty; at = (at + 1) & mask()) {
      const std::uint32_t home = entries_[index_[at]].hash & mask();
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
      index_[hole] = index_[at];
      hole = at;
    }
    index_[hole] = kEmpty;
  }

  // Closes the holes if they are a quarter of the array, else makes it larger by a quarter or more.
  bool make_room(std::size_t size) noexcept {
    const std::size_t capacity = std::max(capacity_for(size), capacity_ + capacity_ / 4);
    if (capacity_for(size) > capacity_) {
      return rebuild_into(std::min(capacity, capacity_for(size_max_)));
    }
    std::size_t to = 0;
    for (std::size_t from = 0; from < extent_; ++from) {
      if (entries_[from].hash == 0) continue;
      if (from != to) {
        std::construct_at(entries_ + to,
                          Entry{entries_[from].hash, std::move(entries_[from].value)});
        std::destroy_at(&entries_[from].value);
      }
      ++to;
    }
    extent_ = to;
    rebuild_index();
    return true;
  }

  bool rebuild_into(std::size_t capacity) noexcept {
    void* block = memory_.allocate(block_bytes(capacity), kAlign);
    if (block == nullptr) return false;
    Entry* entries = static_cast<Entry*>(block);
    std::size_t to = 0;
    for (std::size_t from = 0; from < extent_; ++from) {
      if (entries_[from].hash == 0) continue;
      std::construct_at(entries + to, Entry{entries_[from].hash, std::move(entries_[from].value)});
      std::destroy_at(&entries_[from].value);
      ++to;
    }
    if (block_ != nullptr) memory_.release(block_, block_bytes(capacity_), kAlign);
    block_ = block;
    entries_ = entries;
    capacity_ = capacity;
    places_ = places_for(capacity);
    extent_ = to;
    index_ =
        reinterpret_cast<std::uint32_t*>(static_cast<std::byte*>(block) + capacity * sizeof(Entry));
    rebuild_index();
    return true;
  }

  void rebuild_index() noexcept {
    std::fill_n(index_, places(), kEmpty);
    for (std::size_t i = 0; i < extent_; ++i) {
      std::uint32_t place = entries_[i].hash & mask();
      while (index_[place] != kEmpty) place = (place + 1) & mask();
      index_[place] = static_cast<std::uint32_t>(i);
    }
  }

  Memory& memory_;
  const HashKey key_;
  const std::size_t size_max_;
  [[no_unique_address]] KeyOf key_of_;
  void* block_ = nullptr;  // entries, then the index
  Entry* entries_ = nullptr;
  std::uint32_t* index_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t places_ = 0;  // a power of two
  std::size_t extent_ = 0;  // entries and holes
  std::size_t size_ = 0;
};

}  // namespace chatroom::base
