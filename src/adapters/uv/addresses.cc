#include "uv/addresses.h"

#include <netinet/in.h>

#include <algorithm>

namespace chatroom::uv {

namespace {

std::int64_t cost_us(Rate rate) noexcept {
  return 1'000'000 / std::max<std::int64_t>(rate.per_second, 1);
}

}  // namespace

std::size_t Addresses::Hash::operator()(const Key& key) const noexcept {
  std::uint64_t words[2];
  std::memcpy(words, key.data(), sizeof words);
  std::uint64_t mixed = words[0] ^ (words[1] * 0x9E37'79B9'7F4A'7C15u);
  mixed ^= mixed >> 32;
  return static_cast<std::size_t>(mixed * 0xD6E8'FEB8'6659'FD93u);
}

Addresses::Key Addresses::key_of(const Address& peer) noexcept {
  Key key{};
  if (peer.get()->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&peer.storage);
    key[10] = key[11] = 0xFF;
    std::memcpy(key.data() + 12, &v4->sin_addr, 4);
    return key;
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&peer.storage);
  std::memcpy(key.data(), &v6->sin6_addr, 16);
  if (!IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) std::fill(key.begin() + 8, key.end(), 0);
  return key;
}

bool Addresses::admit(const Address& peer, Instant now, AddressUse*& use) noexcept {
  use = nullptr;
  if (!counted() || (limits_.exempt_loopback && is_loopback(peer))) return true;
  if (table_.size() >= purge_at_) purge(now);
  const auto [at, fresh] = table_.try_emplace(key_of(peer));
  AddressUse& found = at->second;
  if (fresh) {
    found.filled = now;
    found.tokens_us = std::int64_t{limits_.opens.burst} * cost_us(limits_.opens);
  }
  if (limits_.links != 0 && found.links >= limits_.links) return false;
  if (limits_.opens.limited()) {
    refill(found, now);
    if (found.tokens_us < cost_us(limits_.opens)) return false;
    found.tokens_us -= cost_us(limits_.opens);
  }
  ++found.links;
  use = &found;
  return true;
}

void Addresses::refill(AddressUse& use, Instant now) const noexcept {
  const std::int64_t full = std::int64_t{limits_.opens.burst} * cost_us(limits_.opens);
  const std::int64_t passed = std::max<std::int64_t>((now - use.filled).us, 0);
  use.tokens_us = passed >= full ? full : std::min(full, use.tokens_us + passed);
  use.filled = now;
}

// Forgets those that left long ago. Runs when the table has doubled since the last time.
void Addresses::purge(Instant now) noexcept {
  const std::int64_t full = std::int64_t{limits_.opens.burst} * cost_us(limits_.opens);
  std::erase_if(table_, [now, full](const auto& entry) {
    return entry.second.links == 0 && (now - entry.second.filled).us >= full;
  });
  purge_at_ = std::max<std::size_t>(4'096, table_.size() * 2);
}

}  // namespace chatroom::uv
