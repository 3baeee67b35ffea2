#include "fanout/tape.h"

#include <algorithm>
#include <cstring>

namespace chatroom::fanout {

namespace {

constexpr unsigned kShiftMin = 12;

constexpr std::uint64_t pointers_in(std::uint64_t chunk_bytes) noexcept {
  return chunk_bytes / sizeof(std::byte*);
}

}  // namespace

unsigned ChunkPool::shift_for(const Limits& limits) noexcept {
  unsigned shift = kShiftMin;
  while (pointers_in(1ull << shift) << shift < limits.window_bytes) ++shift;
  return shift;
}

base::BlockPool::Shape ChunkPool::shape(const Limits& limits) noexcept {
  const std::size_t chunk_bytes = std::size_t{1} << shift_for(limits);
  return {chunk_bytes, std::max<std::size_t>(1, limits.log_pool_bytes / chunk_bytes), 64};
}

std::byte** Tape::slot(const ChunkPool& pool, std::uint64_t ordinal) const noexcept {
  const std::uint64_t mask = pointers_in(pool.chunk_bytes()) - 1;
  return reinterpret_cast<std::byte**>(place_) + ((first_ + ordinal) & mask);
}

std::byte* Tape::chunk(const ChunkPool& pool, std::uint64_t ordinal) const noexcept {
  CHATROOM_ASSERT(ordinal < chunks_);
  return directory_ ? *slot(pool, ordinal) : place_;
}

std::uint32_t Tape::missing(const ChunkPool& pool, std::uint64_t end) const noexcept {
  const std::uint64_t first = begin_ >> pool.shift();
  const std::uint64_t last = (end + pool.chunk_bytes() - 1) >> pool.shift();
  return last - first > chunks_ ? static_cast<std::uint32_t>(last - first - chunks_) : 0;
}

bool Tape::add(ChunkPool& pool) noexcept {
  if (chunks_ >= pointers_in(pool.chunk_bytes())) return false;
  std::byte* fresh = pool.take();
  if (fresh == nullptr) return false;
  if (chunks_ == 0 && !directory_) {
    place_ = fresh;
  } else {
    if (!directory_) {
      std::byte* directory = pool.take();
      if (directory == nullptr) return pool.give(fresh), false;
      std::byte* only = place_;
      place_ = directory;
      directory_ = 1;
      first_ = 0;
      *slot(pool, 0) = only;
    }
    *slot(pool, chunks_) = fresh;
  }
  ++chunks_;
  return true;
}

bool Tape::grow(ChunkPool& pool, std::uint64_t end) noexcept {
  for (std::uint32_t count = missing(pool, end); count > 0; --count) {
    if (!add(pool)) return shrink(pool), false;
  }
  return true;
}

void Tape::shrink(ChunkPool& pool) noexcept {
  const std::uint64_t first = begin_ >> pool.shift();
  const std::uint64_t used = ((end_ + pool.chunk_bytes() - 1) >> pool.shift()) - first;
  while (chunks_ > used) {
    pool.give(chunk(pool, chunks_ - 1));
    --chunks_;
  }
}

void Tape::drop_before(ChunkPool& pool, std::uint64_t position) noexcept {
  CHATROOM_ASSERT(position <= end_);
  if (position <= begin_) return;
  std::uint64_t whole = (position >> pool.shift()) - (begin_ >> pool.shift());
  const std::uint64_t mask = pointers_in(pool.chunk_bytes()) - 1;
  for (; whole > 0; --whole) {
    pool.give(chunk(pool, 0));
    --chunks_;
    if (directory_) first_ = static_cast<std::uint32_t>((first_ + 1) & mask) & 0x7fffffffu;
  }
  begin_ = position;
}

void Tape::clear(ChunkPool& pool) noexcept {
  while (chunks_ > 0) {
    pool.give(chunk(pool, chunks_ - 1));
    --chunks_;
  }
  if (directory_) pool.give(place_);
  place_ = nullptr;
  directory_ = 0;
  first_ = 0;
  begin_ = end_ = 0;
}

void Tape::write(const ChunkPool& pool, std::uint64_t position, Bytes bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), together(pool, position));
    std::memcpy(at(pool, position), bytes.data(), size);
    bytes = bytes.subspan(size);
    position += size;
  }
}

}  // namespace chatroom::fanout
