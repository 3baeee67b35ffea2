// Table: a hash table keyed by bytes that a peer may have chosen. It finds and cannot be walked, so
// nothing can show the hash key: what is walked stands in slots and lists, which have an order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

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

// `V` is a pointer, an index or a handle. Keys are not stored: `KeyOf` answers the key of a value
// (`std::string_view operator()(const V&) const`), wherever the caller keeps it, and it must not
// change while the value is in here.
//
// Parts of some thousand values by the hash's first digits, each with linear probing. Whoever
// probed past a place that becomes free moves up, so that none is ever marked as deleted (Knuth,
// The Art of Computer Programming 3, 6.4, algorithm R). A part grows by an eighth once five sixths
// of its places are taken, so an index costs 10 to 11 bytes, no growth is longer than a part's, and
// the blocks it leaves behind are of use to the next part. Pointers to values hold until the next
// insert or erase.
template <class V, class KeyOf>
class Table final {
  static_assert(std::is_trivially_copyable_v<V>);
  struct Entry {
    std::uint32_t hash;  // 0: free
    V value;
  };
  struct Part {
    Entry* entries = nullptr;
    std::uint32_t places = 0;
    std::uint32_t size = 0;

    std::uint32_t after(std::uint32_t place) const noexcept {
      return place + 1 == places ? 0 : place + 1;
    }
    std::uint32_t distance(std::uint32_t from, std::uint32_t to) const noexcept {
      return to >= from ? to - from : to + places - from;
    }
  };

 public:
  Table(Memory& memory, HashKey key, std::size_t size_max, KeyOf key_of = {}) noexcept
      : memory_(memory), key_(key), size_max_(size_max), key_of_(key_of) {
    CHATROOM_ASSERT(size_max < (std::size_t{1} << 29));
  }
  ~Table() {
    if (parts_ == nullptr) return;
    for (std::size_t i = 0; i < parts_for(size_max_); ++i) give(parts_[i]);
    memory_.release(parts_, parts_for(size_max_) * sizeof(Part), alignof(Part));
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  V* find(std::string_view key) noexcept {
    if (size_ == 0) return nullptr;
    const std::uint32_t hash = hash_of(key);
    Part& part = part_of(hash);
    if (part.size == 0) return nullptr;
    Entry& entry = part.entries[find_place(part, key, hash)];
    return entry.hash == 0 ? nullptr : &entry.value;
  }
  const V* find(std::string_view key) const noexcept { return const_cast<Table*>(this)->find(key); }
  // The key must not be in here yet. Null at `size_max`, when the port is dry, or when hashes are
  // spread so badly that the bytes of `bytes_max` are used up, which takes a bad hash function.
  V* insert(V value) noexcept {
    if (size_ == size_max_ || (parts_ == nullptr && !make_parts())) return nullptr;
    const std::string_view key = key_of_(value);
    const std::uint32_t hash = hash_of(key);
    Part& part = part_of(hash);
    if (part.size == capacity_of(part.places) && !grow(part)) return nullptr;
    Entry& entry = part.entries[find_place(part, key, hash)];
    CHATROOM_ASSERT(entry.hash == 0);
    entry = {hash, value};
    ++part.size;
    ++size_;
    return &entry.value;
  }
  // False: it was not in here.
  bool erase(std::string_view key) noexcept {
    if (size_ == 0) return false;
    const std::uint32_t hash = hash_of(key);
    Part& part = part_of(hash);
    if (part.size == 0) return false;
    const std::uint32_t place = find_place(part, key, hash);
    if (part.entries[place].hash == 0) return false;
    free_place(part, place);
    --part.size;
    --size_;
    return true;
  }

  std::size_t size() const noexcept { return size_; }
  std::size_t size_max() const noexcept { return size_max_; }
  std::size_t bytes_held() const noexcept {
    return parts_ == nullptr ? 0 : places_ * sizeof(Entry) + parts_for(size_max_) * sizeof(Part);
  }
  // A part's growth included, for plan().
  static std::size_t bytes_max(std::size_t size_max) noexcept {
    return checked_multiply(places_max(size_max), sizeof(Entry)) +
           checked_multiply(parts_for(size_max), sizeof(Part));
  }

 private:
  static constexpr std::size_t kPart = 1'024;
  static constexpr std::size_t kFirst = 8;

  static std::size_t parts_for(std::size_t size_max) noexcept {
    return std::max(size_max / kPart, std::size_t{1});
  }
  // Of all parts, while one grows. Parts of 1,024 on average differ by a sixth at the very most.
  static std::size_t places_max(std::size_t size_max) noexcept {
    return 2 * places_for(size_max) + (parts_for(size_max) - 1) * kFirst;
  }
  static std::size_t capacity_of(std::size_t places) noexcept { return places - (places + 5) / 6; }
  static std::size_t places_for(std::size_t size) noexcept {
    return std::max(kFirst, size + size / 5 + 2);
  }
  std::uint32_t hash_of(std::string_view key) const noexcept {
    return static_cast<std::uint32_t>(siphash(key_, key)) | 1;
  }
  // A hash's first digits in base `parts` choose the part, the next ones its home there.
  std::uint64_t spread(std::uint32_t hash) const noexcept {
    return std::uint64_t{hash} * parts_for(size_max_);
  }
  Part& part_of(std::uint32_t hash) const noexcept { return parts_[spread(hash) >> 32]; }
  std::uint32_t home_of(const Part& part, std::uint32_t hash) const noexcept {
    return static_cast<std::uint32_t>((spread(hash) & UINT32_MAX) * part.places >> 32);
  }

  // The place of the key, or the free place where it belongs.
  std::uint32_t find_place(const Part& part, std::string_view key,
                           std::uint32_t hash) const noexcept {
    std::uint32_t place = home_of(part, hash);
    for (; part.entries[place].hash != 0; place = part.after(place)) {
      const Entry& entry = part.entries[place];
      if (entry.hash == hash && key_of_(entry.value) == key) break;
    }
    return place;
  }
  void free_place(Part& part, std::uint32_t hole) noexcept {
    for (std::uint32_t at = part.after(hole); part.entries[at].hash != 0; at = part.after(at)) {
      // Whose home is behind the hole stays where it is.
      const std::uint32_t home = home_of(part, part.entries[at].hash);
      if (part.distance(home, at) < part.distance(hole, at)) continue;
      part.entries[hole] = part.entries[at];
      hole = at;
    }
    part.entries[hole].hash = 0;
  }

  bool make_parts() noexcept {
    const std::size_t count = parts_for(size_max_);
    parts_ = static_cast<Part*>(memory_.allocate(count * sizeof(Part), alignof(Part)));
    for (std::size_t i = 0; parts_ != nullptr && i < count; ++i) std::construct_at(parts_ + i);
    return parts_ != nullptr;
  }
  bool grow(Part& part) noexcept {
    const std::size_t wanted = std::max(places_for(part.size + std::size_t{1}),
                                        std::size_t{part.places} + part.places / 8);
    const std::size_t places = std::min(wanted, places_for(size_max_));
    if (places_ + places > places_max(size_max_)) return false;
    void* block = memory_.allocate(places * sizeof(Entry), alignof(Entry));
    if (block == nullptr) return false;
    Part larger{static_cast<Entry*>(block), static_cast<std::uint32_t>(places), part.size};
    for (std::size_t i = 0; i < places; ++i) std::construct_at(larger.entries + i, Entry{});
    for (std::uint32_t i = 0; i < part.places; ++i) {
      const Entry& entry = part.entries[i];
      if (entry.hash == 0) continue;
      std::uint32_t place = home_of(larger, entry.hash);
      while (larger.entries[place].hash != 0) place = larger.after(place);
      larger.entries[place] = entry;
    }
    give(part);
    part = larger;
    places_ += places;
    return true;
  }
  void give(const Part& part) noexcept {
    if (part.entries == nullptr) return;
    memory_.release(part.entries, part.places * sizeof(Entry), alignof(Entry));
    places_ -= part.places;
  }

  Memory& memory_;
  const HashKey key_;
  const std::size_t size_max_;
  [[no_unique_address]] KeyOf key_of_;
  Part* parts_ = nullptr;
  std::size_t places_ = 0;  // of all parts
  std::size_t size_ = 0;
};

}  // namespace chatroom::base
