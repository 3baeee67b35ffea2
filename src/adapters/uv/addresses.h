// Addresses: how many sockets each peer address has and how fast it opens them. IPv6 counts by /64,
// since one household has all of one.
#pragma once

#include <array>
#include <cstring>
#include <unordered_map>

#include "chatroom/types.h"
#include "uv/socket.h"

namespace chatroom::uv {

// One address; stays where it is while it is in use.
struct AddressUse {
  std::uint32_t links = 0;
  Instant filled;              // when `tokens` was right
  std::int64_t tokens_us = 0;  // time earned for opening, in microseconds
};

struct AddressLimits {
  std::uint32_t links = 64;
  Rate opens{10, 20};
  bool exempt_loopback = true;
};

class Addresses {
 public:
  explicit Addresses(const AddressLimits& limits) noexcept : limits_(limits) {}

  // Whether one more may come; `use` is null for those that are not counted.
  bool admit(const Address& peer, Instant now, AddressUse*& use) noexcept;
  void leave(AddressUse* use) noexcept {
    if (use != nullptr) --use->links;
  }
  std::size_t size() const noexcept { return table_.size(); }

 private:
  using Key = std::array<unsigned char, 16>;
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  static Key key_of(const Address& peer) noexcept;
  bool counted() const noexcept { return limits_.links != 0 || limits_.opens.limited(); }
  void refill(AddressUse& use, Instant now) const noexcept;
  void purge(Instant now) noexcept;

  AddressLimits limits_;
  std::unordered_map<Key, AddressUse, Hash> table_;
  std::size_t purge_at_ = 4'096;
};

}  // namespace chatroom::uv
