// Reader: frames out of what a server wrote: outer frames, or WebSocket frames as a server sends
// them (whole and unmasked). Written without the engine's own code, which it checks.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "chatroom/framing.h"
#include "chatroom/types.h"
#include "sim/stay.h"

namespace chatroom::sim {

class Reader final {
 public:
  struct Whole {
    Frame frame;
    FrameKind kind = FrameKind::binary;
    bool deflated = false;
    std::string all;          // header and payload
    std::size_t payload = 0;  // where it begins
    Bytes body() const noexcept { return as_bytes(std::string_view{all}.substr(payload)); }
  };

  explicit Reader(Framing framing) noexcept : framing_(framing) {}

  // A write begins at this place of the stream.
  void write_at(std::uint64_t start, Instant now) {
    if (writes_.empty() || writes_.back().start != start)
      writes_.push_back({start, ++writes_seen_, now});
  }
  void feed(Bytes bytes) { buffer_.append(as_text(bytes)); }
  // False: no whole frame is there.
  bool next(Whole& whole);
  // What was fed makes no sense.
  bool broken() const noexcept { return broken_; }

 private:
  struct Write {
    std::uint64_t start;
    std::uint64_t number;
    Instant at;
  };
  bool read_header(std::size_t& header, std::size_t& size, FrameKind& kind);

  const Framing framing_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t position_ = 0;
  std::deque<Write> writes_;
  std::uint64_t writes_seen_ = 0;
  bool broken_ = false;
};

}  // namespace chatroom::sim
