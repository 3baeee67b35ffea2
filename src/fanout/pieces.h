// Pieces: the gathered write that is being put together, within Connection's bounds.
#pragma once

#include <cstdint>

#include "fanout/private_items.h"
#include "fanout/tape.h"

namespace chatroom::fanout {

inline constexpr std::uint32_t kPiecesMax = 64;
inline constexpr std::uint32_t kWriteBytesMax = 64 * 1024;

class Pieces final {
 public:
  enum class Added : std::uint8_t { whole, clipped, none };

  Pieces() noexcept = default;
  void reset(std::uint32_t bytes_max) noexcept {
    count_ = bytes_ = 0;
    bytes_max_ = bytes_max;
  }

  // A frame goes in whole or not at all; only one that is alone and longer than the write may be is
  // clipped, and its other part goes with the next write.
  Added add(const ChunkPool& pool, const Tape& tape, std::uint64_t begin,
            std::uint64_t end) noexcept;
  Added add(Item& item) noexcept;  // from item.sent on
  void add(Bytes run) noexcept { append(run.data(), static_cast<std::uint32_t>(run.size())); }

  std::span<const Bytes> span() const noexcept { return {list_, count_}; }
  std::uint32_t bytes() const noexcept { return bytes_; }

 private:
  void append(const std::byte* data, std::uint32_t size) noexcept;

  std::uint32_t count_ = 0;
  std::uint32_t bytes_ = 0;
  std::uint32_t bytes_max_ = kWriteBytesMax;
  Bytes list_[kPiecesMax];
};

}  // namespace chatroom::fanout
