#include "fanout/pieces.h"

#include <algorithm>

namespace chatroom::fanout {

void Pieces::append(const std::byte* data, std::uint32_t size) noexcept {
  bytes_ += size;
  if (count_ > 0 && list_[count_ - 1].data() + list_[count_ - 1].size() == data) {
    list_[count_ - 1] = {list_[count_ - 1].data(), list_[count_ - 1].size() + size};
  } else {
    list_[count_++] = {data, size};
  }
}

Pieces::Added Pieces::add(const ChunkPool& pool, const Tape& tape, std::uint64_t begin,
                          std::uint64_t end) noexcept {
  const std::uint64_t cap = std::min<std::uint64_t>(bytes_max_ - bytes_, end - begin);
  const std::uint64_t crossings = ((end - 1) >> pool.shift()) - (begin >> pool.shift());
  Added added = Added::whole;
  if (cap < end - begin || count_ + crossings + 1 > kPiecesMax) {
    if (bytes_ > 0) return Added::none;
    end = begin + cap;
    added = Added::clipped;
  }
  while (begin < end && count_ < kPiecesMax) {
    const std::uint64_t size = std::min<std::uint64_t>(Tape::together(pool, begin), end - begin);
    append(tape.at(pool, begin), static_cast<std::uint32_t>(size));
    begin += size;
  }
  return added;
}

Pieces::Added Pieces::add(Item& item) noexcept {
  const std::uint32_t size = item.size - item.sent;
  const std::uint32_t blocks = size / std::uint32_t{sizeof(Block::bytes)} + 2;
  Added added = Added::whole;
  std::uint32_t left = size;
  if (size > bytes_max_ - bytes_ || count_ + blocks > kPiecesMax) {
    if (bytes_ > 0) return Added::none;
    left = std::min(size, bytes_max_);
    added = Added::clipped;
  }
  std::uint32_t at = item.sent;
  while (left > 0 && count_ < kPiecesMax) {
    const Bytes piece = PrivateStore::piece(item, at);
    const auto taken = std::min(left, static_cast<std::uint32_t>(piece.size()));
    append(piece.data(), taken);
    at += taken;
    left -= taken;
  }
  return added;
}

}  // namespace chatroom::fanout
