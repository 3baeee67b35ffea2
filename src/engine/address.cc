#include "engine/address.h"

#include <array>

namespace chatroom::engine {

namespace {

constexpr std::size_t kGroups = 8;  // of sixteen bits
constexpr std::size_t kNetwork = 4;

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The groups of hexadecimal digits in `text`; false: something else stands there, or too much.
bool read_groups(std::string_view text, std::array<std::uint16_t, kGroups>& to,
                 std::size_t& count) noexcept {
  count = 0;
  while (!text.empty()) {
    const std::string_view group = text.substr(0, text.find(':'));
    if (group.empty() || group.size() > 4 || count == kGroups) return false;
    unsigned value = 0;
    for (const char c : group) {
      if (digit_of(c) < 0) return false;
      value = value << 4 | static_cast<unsigned>(digit_of(c));
    }
    to[count++] = static_cast<std::uint16_t>(value);
    text.remove_prefix(group.size());
    if (text == ":") return false;
    if (!text.empty()) text.remove_prefix(1);
  }
  return true;
}

// The network of an IPv6 address. A mapped IPv4 one (`::ffff:192.0.2.7`) is no such form.
bool read_network(std::string_view text, std::array<std::uint16_t, kNetwork>& network) noexcept {
  const std::size_t gap = text.find("::");
  std::array<std::uint16_t, kGroups> front{};
  std::array<std::uint16_t, kGroups> back{};
  std::size_t before = 0;
  std::size_t behind = 0;
  const bool open = gap != std::string_view::npos;
  if (!read_groups(text.substr(0, gap), front, before)) return false;
  if (open) text.remove_prefix(gap + 2);
  if (open && !read_groups(text, back, behind)) return false;
  if (open ? before + behind >= kGroups : before != kGroups) return false;
  for (std::size_t i = 0; i < behind; ++i) front[kGroups - behind + i] = back[i];
  for (std::size_t i = 0; i < kNetwork; ++i) network[i] = front[i];
  return true;
}

std::string_view without_port(std::string_view peer) noexcept {
  if (peer.starts_with('[')) {
    const std::size_t end = peer.find(']');
    if (end == std::string_view::npos) return peer;
    peer.remove_prefix(1);
    return peer.substr(0, end - 1);
  }
  const std::size_t colon = peer.find(':');
  const bool port = colon != std::string_view::npos && peer.find(':', colon + 1) == peer.npos;
  return port ? peer.substr(0, colon) : peer;
}

}  // namespace

std::uint64_t address_of(std::string_view peer, base::HashKey key) noexcept {
  const std::string_view address = without_port(peer);
  if (address.empty()) return 0;
  std::array<std::uint16_t, kNetwork> network{};
  const bool v6 = read_network(address, network);
  const std::uint64_t hash = v6 ? base::siphash(key, std::as_bytes(std::span{network}))
                                : base::siphash(key, as_bytes(address));
  return hash | 1;  // never 0
}

}  // namespace chatroom::engine
