// A head from a hostile peer: whole and in pieces it gets the same one answer, or none yet; a
// session only with a 101. First byte: how to cut.
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
  bool on_open(const LinkInfo& info) noexcept override {
    require(info.framing == Framing::websocket);
    require(sent.empty() && !opened);
    opened = true;
    return true;
  }
  bool on_bytes(MutableBytes) noexcept override { std::abort(); }
  bool on_frame(FrameKind, Bytes) noexcept override {
    require(opened && !ended);
    return true;
  }
  void on_fault(CloseCode) noexcept override {
    require(opened && !ended);
    ended = true;
  }
  void on_output(Bytes bytes) noexcept override {
    require(sent.empty());
    sent = as_text(bytes);
  }
  void on_end() noexcept override {
    require(!opened && !ended && sent.starts_with("HTTP/1.1 "));
    ended = true;
  }

  std::string sent;
  bool opened = false;
  bool ended = false;
};

class Pages final : public HttpHandler {
 public:
  bool on_request(const HttpRequest& asked, HttpResponse& response) noexcept override {
    require(asked.path.starts_with("/"));
    response.body = "page";
    return asked.path == "/";
  }
};

std::string play(std::string_view stream, std::size_t step) {
  Pages pages;
  WebSocketOptions options;
  options.http = &pages;
  WebSocketServer filter(options);
  ByteFilter::State state;
  Sink sink;
  for (std::size_t i = 0; i < stream.size(); i += step) {
    const Bytes piece = as_bytes(stream.substr(i, step));
    std::vector<std::byte> copy(piece.begin(), piece.end());
    filter.feed(state, copy, sink);
  }
  filter.stop(state);
  require(filter.stats().held_bytes == 0);
  require(sink.opened == sink.sent.starts_with("HTTP/1.1 101 "));
  return sink.sent;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = 1 + (data[0] & 0x7F);
  require(play(stream, std::max<std::size_t>(stream.size(), 1)) == play(stream, step));
  return 0;
}
