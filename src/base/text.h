// Where names live: TextPool keeps many small strings in blocks of few sizes; FixedText is a short
// string in place.
#pragma once

#include <array>
#include <cstring>
#include <utility>

#include "base/bounded_memory.h"
#include "base/pool.h"
#include "chatroom/types.h"

namespace chatroom::base {

// A string owned by a TextPool: one pointer, empty by default. Copies name the same bytes; exactly
// one of them goes to TextPool::drop.
class Text {
 public:
  Text() noexcept = default;
  std::string_view view() const noexcept {
    return at_ == nullptr ? std::string_view{} : std::string_view{at_ + kHeader, size()};
  }
  explicit operator bool() const noexcept { return at_ != nullptr; }

 private:
  friend class TextPool;
  static constexpr std::size_t kHeader = 2;  // its length
  explicit Text(char* at) noexcept : at_(at) {}
  std::size_t size() const noexcept {
    std::uint16_t size;
    std::memcpy(&size, at_, sizeof(size));
    return size;
  }
  char* at_ = nullptr;
};

class TextPool final {
 public:
  static constexpr std::size_t kTextMax = 390;  // a user's id, nick and info and anything shorter

  TextPool(Memory& memory, std::size_t bytes_max) noexcept;

  // A copy of `text`; `kept` false: the pool is full. Empty text needs no block and always works.
  [[nodiscard]] bool keep(std::string_view text, Text& kept) noexcept;
  // Gives it back and empties it. Empty: nothing.
  void drop(Text& text) noexcept;
  // Keeps the new, then drops the old; false: nothing changed.
  [[nodiscard]] bool replace(Text& text, std::string_view by) noexcept;

  std::size_t bytes_in_use() const noexcept;
  std::size_t bytes_held() const noexcept { return memory_.bytes_held(); }

 private:
  // With the length in front, a name of 14 bytes takes 16.
  static constexpr std::array<std::uint16_t, 12> kSizes{16, 24,  32,  40,  48,  64,
                                                        80, 104, 136, 200, 264, 392};
  template <std::size_t... kClass>
  TextPool(Memory& memory, std::size_t bytes_max, std::index_sequence<kClass...>) noexcept;
  static std::size_t class_of(std::size_t text_bytes) noexcept;

  BoundedMemory memory_;
  std::array<BlockPool, kSizes.size()> pools_;
};

template <std::size_t N>
class FixedText {
 public:
  FixedText() noexcept = default;
  explicit FixedText(std::string_view text) noexcept { assign(text); }
  // What does not fit is cut off; true: it all fit.
  bool assign(std::string_view text) noexcept {
    size_ = static_cast<std::uint16_t>(std::min(text.size(), N));
    if (size_ > 0) std::memcpy(bytes_, text.data(), size_);
    return text.size() <= N;
  }
  std::string_view view() const noexcept { return {bytes_, size_}; }

 private:
  static_assert(N <= UINT16_MAX);
  std::uint16_t size_ = 0;
  char bytes_[N];
};

}  // namespace chatroom::base
