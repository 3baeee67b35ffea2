// ByteBuffer: bytes that come in at the end and leave at the front, in one piece, with a bound. The
// client's half of the layer reads and writes through it.
#pragma once

#include <cstddef>

#include "chatroom/memory.h"
#include "chatroom/types.h"

namespace chatroom::session {

class ByteBuffer final {
 public:
  ByteBuffer(Memory& memory, std::size_t bytes_max) noexcept
      : memory_(memory), bytes_max_(bytes_max) {}
  ~ByteBuffer() { release(); }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;

  // Room for `bytes` more behind the end, good until the next call; empty: over the bound, or no
  // memory.
  MutableBytes place(std::size_t bytes) noexcept;
  // The first `bytes` of the place belong to the buffer now.
  void commit(std::size_t bytes) noexcept;
  // False: over the bound, or no memory; nothing was added.
  bool append(Bytes bytes) noexcept;
  void drop_front(std::size_t bytes) noexcept;
  void release() noexcept;  // empties it and gives the memory back

  Bytes bytes() const noexcept { return {data_ + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  std::size_t left() const noexcept { return bytes_max_ - (end_ - begin_); }

 private:
  Memory& memory_;
  const std::size_t bytes_max_;
  std::byte* data_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace chatroom::session
