// Frames from a hostile peer: whatever comes, whole and in pieces give the same, nothing stays
// held, and what is handed on keeps the filter's promises. First byte: how to cut, which role.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "chatroom/adapters/websocket.h"

namespace {

using namespace chatroom;

void require(bool good) {
  if (!good) std::abort();
}

class Sink final : public FilterSink {
 public:
  bool on_open(const LinkInfo&) noexcept override { return true; }
  bool on_bytes(MutableBytes) noexcept override { std::abort(); }
  bool on_frame(FrameKind kind, Bytes payload) noexcept override {
    require(!ended);
    const bool control = kind != FrameKind::text && kind != FrameKind::binary;
    require(payload.size() <= (control ? 125 : kMessageBytes));
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
  void on_output(Bytes bytes) noexcept override { sent += as_text(bytes); }
  void on_end() noexcept override { ended = true; }

  static constexpr std::size_t kMessageBytes = 4096;
  std::string told;
  std::string sent;
  bool ended = false;
};

constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: chatroom.v1.json\r\n\r\n";

void feed(ByteFilter& filter, ByteFilter::State& state, Sink& sink, std::string_view bytes,
          std::size_t step) {
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    const Bytes piece = as_bytes(bytes.substr(i, step));
    std::vector<std::byte> copy(piece.begin(), piece.end());
    filter.feed(state, copy, sink);
  }
}

std::string play_server(std::string_view stream, std::size_t step) {
  WebSocketOptions options;
  options.message_bytes = Sink::kMessageBytes;
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

std::string play_client(std::string_view stream, std::size_t step) {
  WebSocketClientOptions options;
  options.message_bytes = Sink::kMessageBytes;
  WebSocketClient client(options);
  WebSocketServer server;
  ByteFilter::State client_state;
  ByteFilter::State server_state;
  Sink at_client;
  Sink at_server;
  client.start(client_state, at_client);
  feed(server, server_state, at_server, at_client.sent, 1'000);
  feed(client, client_state, at_client, at_server.sent, 1'000);
  require(!at_client.ended);
  feed(client, client_state, at_client, stream, step);
  client.stop(client_state);
  server.stop(server_state);
  return at_client.told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = 1 + (data[0] & 0x3F);
  const bool server = (data[0] & 0x80) == 0;
  const std::size_t whole = std::max<std::size_t>(stream.size(), 1);
  if (server) {
    require(play_server(stream, whole) == play_server(stream, step));
  } else {
    require(play_client(stream, whole) == play_client(stream, step));
  }
  return 0;
}
