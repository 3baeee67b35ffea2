// PackedAttributes: keys and values one behind the other in a block of fixed size, in the order of
// setting. What a room or a member has of them is read by everybody and changed seldom.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "chatroom/event.h"

namespace chatroom::room {

// At most `Count`, whose keys and values take `Bytes` together.
template <std::size_t Count, std::size_t Bytes>
class PackedAttributes final {
 public:
  bool empty() const noexcept { return count_ == 0; }
  std::size_t size() const noexcept { return count_; }
  std::size_t text_bytes() const noexcept { return used_ - kHead * count_; }

  // No value: deletes. False: no room for it, and nothing changed.
  bool set(std::string_view key, std::optional<std::string_view> value) noexcept {
    std::size_t at = 0;
    std::size_t old = 0;
    for (; at < used_; at += size_at(at)) {
      if (key_at(at) != key) continue;
      old = size_at(at);
      break;
    }
    const std::size_t fresh = value ? kHead + key.size() + value->size() : 0;
    if (used_ - old + fresh > bytes_.size()) return false;
    if (old == 0 && value && count_ == Count) return false;
    if (old != 0) {
      std::memmove(bytes_.data() + at, bytes_.data() + at + old, used_ - at - old);
      used_ = static_cast<std::uint16_t>(used_ - old);
      --count_;
    }
    if (!value) return true;
    char* to = bytes_.data() + used_;
    to[0] = static_cast<char>(key.size());
    to[1] = static_cast<char>(value->size() & 0xff);
    to[2] = static_cast<char>(value->size() >> 8);
    std::memcpy(to + kHead, key.data(), key.size());
    if (!value->empty()) std::memcpy(to + kHead + key.size(), value->data(), value->size());
    used_ = static_cast<std::uint16_t>(used_ + fresh);
    ++count_;
    return true;
  }
  // In the order of setting. How many.
  std::size_t list(std::span<Attribute> out) const noexcept {
    std::size_t count = 0;
    for (std::size_t at = 0; at < used_ && count < out.size(); at += size_at(at)) {
      const std::size_t key = byte(at);
      out[count++] = {key_at(at), {bytes_.data() + at + kHead + key, size_at(at) - kHead - key}};
    }
    return count;
  }

 private:
  static constexpr std::size_t kHead = 3;  // length of the key, of the value
  std::size_t byte(std::size_t at) const noexcept { return static_cast<unsigned char>(bytes_[at]); }
  std::size_t size_at(std::size_t at) const noexcept {
    return kHead + byte(at) + byte(at + 1) + (byte(at + 2) << 8);
  }
  std::string_view key_at(std::size_t at) const noexcept {
    return {bytes_.data() + at + kHead, byte(at)};
  }

  std::uint8_t count_ = 0;
  std::uint16_t used_ = 0;
  std::array<char, Bytes + kHead * Count> bytes_{};
};

}  // namespace chatroom::room
