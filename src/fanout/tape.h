// Tape: an array that grows at its end and is given back at its beginning, in chunks of one pool of
// the engine. Positions are virtual: they go on rising while the chunks below are reused.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/pool.h"
#include "chatroom/limits.h"
#include "chatroom/types.h"

namespace chatroom::fanout {

// The one pool of log bytes. A chunk is 4 KiB; with windows over 2 MiB larger, so that one chunk of
// pointers is always enough to find the others.
class ChunkPool final {
 public:
  ChunkPool(Memory& memory, const Limits& limits) noexcept
      : shift_(shift_for(limits)), blocks_(memory, shape(limits)) {}

  std::byte* take() noexcept { return static_cast<std::byte*>(blocks_.take()); }
  void give(std::byte* chunk) noexcept { blocks_.give(chunk); }

  unsigned shift() const noexcept { return shift_; }
  std::size_t chunk_bytes() const noexcept { return std::size_t{1} << shift_; }
  std::size_t bytes_in_use() const noexcept { return blocks_.bytes_in_use(); }
  static base::BlockPool::Shape shape(const Limits& limits) noexcept;

 private:
  static unsigned shift_for(const Limits& limits) noexcept;

  unsigned shift_;
  base::BlockPool blocks_;
};

// 32 bytes while empty. The element size must divide 4096.
class Tape final {
 public:
  Tape() noexcept = default;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  std::uint64_t begin() const noexcept { return begin_; }
  std::uint64_t end() const noexcept { return end_; }
  std::uint32_t chunks() const noexcept { return chunks_; }

  // Takes the chunks for everything before `end`. False: the pool is dry, or the tape would be
  // longer than one directory; nothing changed.
  [[nodiscard]] bool grow(ChunkPool& pool, std::uint64_t end) noexcept;
  // How many chunks `grow` would take.
  std::uint32_t missing(const ChunkPool& pool, std::uint64_t end) const noexcept;
  void commit(std::uint64_t end) noexcept { end_ = end; }
  // Gives back what `grow` took and nobody committed.
  void shrink(ChunkPool& pool) noexcept;
  // Gives back the chunks that lie wholly before `position`.
  void drop_before(ChunkPool& pool, std::uint64_t position) noexcept;
  // Gives everything back; positions begin at 0 again.
  void clear(ChunkPool& pool) noexcept;

  void write(const ChunkPool& pool, std::uint64_t position, Bytes bytes) noexcept;
  std::byte* at(const ChunkPool& pool, std::uint64_t position) const noexcept {
    if (!directory_) return place_ + (position & (pool.chunk_bytes() - 1));
    const std::uint64_t ordinal = (position >> pool.shift()) - (begin_ >> pool.shift());
    return chunk(pool, ordinal) + (position & (pool.chunk_bytes() - 1));
  }
  // How many bytes lie together in memory from here on.
  static std::size_t together(const ChunkPool& pool, std::uint64_t position) noexcept {
    return pool.chunk_bytes() - (position & (pool.chunk_bytes() - 1));
  }

 private:
  std::byte* chunk(const ChunkPool& pool, std::uint64_t ordinal) const noexcept;
  std::byte** slot(const ChunkPool& pool, std::uint64_t ordinal) const noexcept;
  bool add(ChunkPool& pool) noexcept;

  std::uint64_t begin_ = 0;  // within the first chunk
  std::uint64_t end_ = 0;
  std::byte* place_ = nullptr;  // the only chunk, or with `directory_` a chunk of pointers
  std::uint32_t chunks_ = 0;
  std::uint32_t first_ : 31 = 0;  // where the oldest pointer stands in the directory
  std::uint32_t directory_ : 1 = 0;
};

}  // namespace chatroom::fanout
