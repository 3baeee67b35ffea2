#include "sim/reader.h"

namespace chatroom::sim {

bool Reader::read_header(std::size_t& header, std::size_t& size, FrameKind& kind) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(buffer_[at_ + i]));
  };
  const std::size_t have = buffer_.size() - at_;
  if (framing_ == Framing::outer) {
    if (have < 4) return false;
    broken_ = broken_ || (byte(0) != 0x30 && byte(0) != 0x31);
    header = 4;
    size = byte(1) | byte(2) << 8 | byte(3) << 16;
    return true;
  }
  if (have < 2) return false;
  const std::size_t more = byte(1) == 126 ? 2 : byte(1) == 127 ? 8 : 0;
  header = 2 + more;
  if (have < header) return false;
  size = more == 0 ? byte(1) : 0;
  for (std::size_t i = 0; i < more; ++i) size = size << 8 | byte(2 + i);
  switch (byte(0)) {
    case 0x81:
      kind = FrameKind::text;
      break;
    case 0x82:
      kind = FrameKind::binary;
      break;
    case 0x88:
      kind = FrameKind::close;
      break;
    case 0x89:
      kind = FrameKind::ping;
      break;
    case 0x8a:
      kind = FrameKind::pong;
      break;
    default:
      broken_ = true;
  }
  if (byte(1) > 127 || (kind != FrameKind::text && kind != FrameKind::binary && size > 125)) {
    broken_ = true;
  }
  return true;
}

bool Reader::next(Whole& whole) {
  std::size_t header = 0;
  std::size_t size = 0;
  if (broken_ || !read_header(header, size, whole.kind) || broken_) return false;
  if (buffer_.size() - at_ < header + size) return false;
  while (writes_.size() > 1 && writes_[1].start <= position_) writes_.pop_front();
  whole.frame = {.start = position_, .write = 0, .exact = true, .at = {}};
  if (!writes_.empty())
    whole.frame.write = writes_.front().number, whole.frame.at = writes_.front().at;
  whole.all.assign(buffer_, at_, header + size);
  whole.payload = header;
  whole.deflated = framing_ == Framing::outer && whole.all[0] == 0x31;
  at_ += header + size;
  position_ += header + size;
  if (at_ > 64 * 1'024 || at_ == buffer_.size()) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  return true;
}

}  // namespace chatroom::sim
