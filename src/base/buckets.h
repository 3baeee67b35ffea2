// Buckets by name: token buckets of those who do something just now. One is made when its owner
// first takes a token and forgotten once it is full again, so that who is idle costs nothing and
// who goes and comes back meets what it used.
#pragma once

#include "base/bucket.h"
#include "base/index_map.h"
#include "base/list.h"
#include "base/table.h"

namespace chatroom::base {

class Buckets final {
 public:
  Buckets(Memory& memory, HashKey key, std::uint32_t most) noexcept
      : uses_(memory, most), by_owner_(memory, key, most, Key{&uses_}) {}
  ~Buckets() {
    while (list_.pop_front() != nullptr) {
    }
  }
  Buckets(const Buckets&) = delete;
  Buckets& operator=(const Buckets&) = delete;

  // Zero, or how long until there is a token. `owner`: a hash of who it is, keyed where strangers
  // could choose it.
  Duration wait(std::uint64_t owner, Rate rate, Instant now) const noexcept {
    const std::uint32_t* const found = by_owner_.find(key_of_number(owner));
    return found == nullptr ? Bucket{}.wait(rate, now) : uses_.at(*found)->bucket.wait(rate, now);
  }
  // Takes one. Where there is no place for another owner, the one who took longest ago begins anew;
  // without memory for a first one nothing is counted.
  void take(std::uint64_t owner, Rate rate, Instant now) noexcept;

  std::uint32_t size() const noexcept { return uses_.size(); }
  static std::size_t bytes_max(std::uint32_t most) noexcept {
    return IndexMap<Use>::bytes_max(most) + Uses::bytes_max(most);
  }

 private:
  struct Use : ListNode<> {  // by the moment of the last token
    explicit Use(std::uint64_t who) noexcept : owner(who) {}
    std::uint64_t owner;
    Bucket bucket;
    std::uint32_t index = 0;
  };
  struct Key {
    const IndexMap<Use>* uses;
    std::string_view operator()(std::uint32_t index) const noexcept {
      return key_of_number(uses->at(index)->owner);
    }
  };
  using Uses = Table<std::uint32_t, Key>;

  void forget(Use& use) noexcept;
  Use* make(std::uint64_t owner, Instant now) noexcept;

  IndexMap<Use> uses_;
  Uses by_owner_;
  List<Use> list_;
};

}  // namespace chatroom::base
