// The client's half against the server's half, in memory.
#include "catch.hpp"
#include "websocket/echo.h"

namespace chatroom::websocket_test {

namespace {

// What a tool's side of a link saw.
class Tool final : public FilterSink {
 public:
  bool on_open(const LinkInfo& info) noexcept override {
    opened = true;
    codec = info.codec;
    return true;
  }
  bool on_bytes(MutableBytes) noexcept override { return false; }
  bool on_frame(FrameKind kind, Bytes payload) noexcept override {
    got.push_back({kind, std::string(as_text(payload))});
    return true;
  }
  void on_fault(CloseCode code) noexcept override { fault = static_cast<int>(code); }
  void on_output(Bytes bytes) noexcept override { sent += as_text(bytes); }
  void on_end() noexcept override { ended = true; }

  bool opened = false;
  bool ended = false;
  int fault = 0;
  CodecKind codec = CodecKind::json;
  std::string sent;
  std::vector<Said> got;
};

void give(WebSocketClient& client, ByteFilter::State& state, Tool& tool, std::string_view text,
          bool bytewise) {
  std::string copy(text);
  const std::size_t step = bytewise ? 1 : copy.size();
  for (std::size_t i = 0; i < copy.size(); i += step) {
    client.feed(state, {reinterpret_cast<std::byte*>(copy.data()) + i, step}, tool);
  }
}
std::string server_frame(unsigned opcode, std::string payload, bool fin = true) {
  return encode({.opcode = opcode, .payload = std::move(payload), .fin = fin, .masked = false});
}
std::string wrap(WebSocketClient& client, ByteFilter::State& state, FrameKind kind,
                 std::string_view payload) {
  std::string out(payload.size() + ByteFilter::kWrapBytes, '\0');
  out.resize(client.wrap(state, kind, as_bytes(payload),
                         {reinterpret_cast<std::byte*>(out.data()), out.size()}));
  return out;
}

}  // namespace

TEST_CASE("client and server halves understand each other", "[websocket]") {
  for (const bool bytewise : {false, true}) {
    for (const char* protocol : {"chatroom.v1.json", "chatroom.v1.fb"}) {
      WebSocketServer server;
      WebSocketClientOptions options;
      options.protocol = protocol;
      WebSocketClient client(options);
      ByteFilter::State state;
      Tool tool;
      Echo echo(server);
      client.start(state, tool);
      echo.feed(tool.sent, bytewise);
      give(client, state, tool, echo.http, bytewise);
      REQUIRE(tool.opened);
      CHECK(echo.info.codec == tool.codec);
      for (const std::size_t size : {0u, 1u, 125u, 126u, 65'535u}) {
        const std::string payload(size, 'z');
        echo.feed(wrap(client, state, FrameKind::text, payload), bytewise);
        REQUIRE_FALSE(echo.said.empty());
        CHECK(echo.said.back() == Said{FrameKind::text, payload});
        give(client, state, tool, server_frame(1, payload), bytewise);
        REQUIRE_FALSE(tool.got.empty());
        CHECK(tool.got.back() == Said{FrameKind::text, payload});
      }
      echo.feed(wrap(client, state, FrameKind::ping, "p"), bytewise);
      CHECK(echo.said.back() == Said{FrameKind::pong, "p"});
      echo.feed(wrap(client, state, FrameKind::close, std::string("\x03\xe8", 2)), bytewise);
      CHECK(echo.close_code() == 1000);
      client.stop(state);
    }
  }
}

TEST_CASE("the client refuses what a server must not send", "[websocket]") {
  const auto fault = [](const std::string& stream) {
    WebSocketServer server;
    WebSocketClient client;
    ByteFilter::State state;
    Tool tool;
    Echo echo(server);
    client.start(state, tool);
    echo.feed(tool.sent);
    give(client, state, tool, echo.http + stream, false);
    client.stop(state);
    return tool.fault;
  };
  CHECK(fault(server_frame(1, "fine")) == 0);
  CHECK(fault(encode({.payload = "masked"})) == 1002);
  CHECK(fault(server_frame(3, "")) == 1002);
  CHECK(fault(server_frame(1, "\xff")) == 1007);
  CHECK(fault(server_frame(2, std::string(2'000'000, 'x'))) == 1009);
}

TEST_CASE("a refused or strange handshake ends the client's link", "[websocket]") {
  const auto end = [](std::string_view answer) {
    WebSocketClient client;
    ByteFilter::State state;
    Tool tool;
    client.start(state, tool);
    give(client, state, tool, answer, true);
    client.stop(state);
    CHECK_FALSE(tool.opened);
    CHECK(tool.ended);
    return client.last_status();
  };
  CHECK(end("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n") == 503);
  CHECK(end("HTTP/1.1 200 OK\r\n\r\nhello") == 200);
  CHECK(end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n"
            "Sec-WebSocket-Protocol: chatroom.v1.json\r\n\r\n") == 101);
  CHECK(end("SSH-2.0-OpenSSH\r\n\r\n") == 0);
  CHECK(end(std::string(5'000, 'x')) == 0);
}

}  // namespace chatroom::websocket_test
