// Deflated messages of a hostile peer: whole and in pieces they give the same, no message is longer
// than its limits, and nothing stays held. First byte: how to cut, and whether the rest is one
// message's deflate or a stream of frames.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "chatroom/adapters/websocket.h"
#include "chatroom/adapters/zlib.h"

namespace {

using namespace chatroom;

constexpr std::size_t kMessageBytes = 16 * 1024;

void require(bool good) {
  if (!good) std::abort();
}

class Sink final : public FilterSink {
 public:
  bool on_open(const LinkInfo& info) noexcept override {
    require(info.compress != Compress::none);
    return true;
  }
  bool on_bytes(MutableBytes) noexcept override { std::abort(); }
  bool on_frame(FrameKind kind, Bytes payload) noexcept override {
    require(!ended && payload.size() <= kMessageBytes);
    told += static_cast<char>('0' + static_cast<int>(kind));
    told += as_text(payload);
    ended = kind == FrameKind::close;
    return true;
  }
  void on_fault(CloseCode code) noexcept override {
    require(!ended);
    ended = true;
    told += "fault" + std::to_string(static_cast<int>(code));
  }
  void on_output(Bytes) noexcept override {}
  void on_end() noexcept override { ended = true; }

  std::string told;
  bool ended = false;
};

constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    "Sec-WebSocket-Protocol: chatroom.v1.json\r\n\r\n";

void feed(ByteFilter& filter, ByteFilter::State& state, Sink& sink, std::string_view bytes,
          std::size_t step) {
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    const Bytes piece = as_bytes(bytes.substr(i, step));
    std::vector<std::byte> copy(piece.begin(), piece.end());
    filter.feed(state, copy, sink);
  }
}

std::string play(Compressor& compressor, std::string_view stream, std::size_t step) {
  WebSocketOptions options;
  options.message_bytes = kMessageBytes;
  options.compressor = &compressor;
  WebSocketServer filter(options);
  ByteFilter::State state;
  Sink sink;
  feed(filter, state, sink, kUpgrade, kUpgrade.size());
  require(!sink.ended);
  feed(filter, state, sink, stream, step);
  filter.stop(state);
  require(filter.stats().held_bytes == 0);
  return sink.told;
}

// One binary message, whose mask is nothing.
std::string framed(std::string_view body) {
  std::string frame("\xc2\xfe", 2);
  frame += static_cast<char>(body.size() >> 8);
  frame += static_cast<char>(body.size() & 0xff);
  frame.append(4, '\0');
  return frame.append(body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  static ZlibCompressor compressor;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = 1 + (data[0] & 0x3F);
  std::string stream(rest);
  if ((data[0] & 0x80) == 0 && rest.size() >= 126 && rest.size() < 65'536) stream = framed(rest);
  const std::size_t whole = std::max<std::size_t>(stream.size(), 1);
  require(play(compressor, stream, whole) == play(compressor, stream, step));
  // The port itself, with a place of any size: never a byte behind it (ASan looks).
  std::vector<std::byte> place(size % 300);
  const auto done = compressor.inflate(as_bytes(rest), place);
  require(done.size <= place.size());
  return 0;
}
