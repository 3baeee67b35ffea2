#include "session/byte_buffer.h"

#include <algorithm>
#include <cstring>

#include "chatroom/assert.h"

namespace chatroom::session {

namespace {

constexpr std::size_t kAlign = alignof(std::max_align_t);
constexpr std::size_t kFirst = 512;

}  // namespace

MutableBytes ByteBuffer::place(std::size_t bytes) noexcept {
  const std::size_t held = end_ - begin_;
  if (bytes > left()) return {};
  if (bytes <= capacity_ - end_) return {data_ + end_, bytes};
  if (held + bytes > capacity_) {
    const std::size_t wanted = std::max({kFirst, held + bytes, 2 * capacity_});
    const std::size_t capacity = std::min(wanted, std::max(bytes_max_, kFirst));
    void* const place = memory_.allocate(capacity, kAlign);
    if (place == nullptr) return {};
    std::byte* const data = static_cast<std::byte*>(place);
    if (held > 0) std::memcpy(data, data_ + begin_, held);
    release();
    data_ = data;
    capacity_ = capacity;
  } else if (held > 0) {
    std::memmove(data_, data_ + begin_, held);
  }
  begin_ = 0;
  end_ = held;
  return {data_ + end_, bytes};
}

void ByteBuffer::commit(std::size_t bytes) noexcept {
  CHATROOM_ASSERT(bytes <= capacity_ - end_);
  end_ += bytes;
}

bool ByteBuffer::append(Bytes bytes) noexcept {
  if (bytes.empty()) return true;
  const MutableBytes to = place(bytes.size());
  if (to.empty()) return false;
  std::memcpy(to.data(), bytes.data(), bytes.size());
  commit(bytes.size());
  return true;
}

void ByteBuffer::drop_front(std::size_t bytes) noexcept {
  CHATROOM_ASSERT(bytes <= end_ - begin_);
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void ByteBuffer::release() noexcept {
  if (data_ != nullptr) memory_.release(data_, capacity_, kAlign);
  data_ = nullptr;
  begin_ = end_ = capacity_ = 0;
}

}  // namespace chatroom::session
