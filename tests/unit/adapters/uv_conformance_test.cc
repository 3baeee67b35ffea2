// The Connection suite of chatroom/testing over real sockets: TCP, WebSocket with JSON, WebSocket
// with FlatBuffers, with both ways of polling.
#include <memory>

#include "chatroom/adapters/json.h"
#include "chatroom/adapters/websocket.h"
#include "chatroom/testing/conformance.h"
#include "uv_harness.h"

namespace chatroom::uv_test {

namespace {

struct Way {
  const char* protocol;  // null: bare TCP
  uv::Polling polling;
};

WebSocketClientOptions speaking(const char* protocol) {
  WebSocketClientOptions options;
  if (protocol != nullptr) options.protocol = protocol;
  return options;
}

class SocketLink final : public testing::LinkUnderTest, private uv::DialHandler {
 public:
  explicit SocketLink(Way way)
      : way_(way),
        browser_(speaking(way.protocol)),
        dialer_(loop_, {.receive_buffer_bytes = 8 * 1024, .polling = way.polling}) {}

  EventLoop& loop() override { return loop_; }
  EnginePorts ports() override { return {.json = &json_}; }
  ClientOptions client() override {
    ClientOptions options;
    if (way_.protocol == nullptr) return options;
    options.framing = Framing::websocket;
    if (std::string_view(way_.protocol) == "chatroom.v1.json") {
      options.codec = &peers_json_;
      options.kind = CodecKind::json;
    }
    return options;
  }
  Status connect(Engine& engine, chatroom::Client& peer) override {
    peer_ = &peer;
    uv::ServerOptions options;
    options.polling = way_.polling;
    server_ = std::make_unique<uv::Server>(loop_, engine, options);
    const bool websocket = way_.protocol != nullptr;
    const auto port = server_->listen({.filter = websocket ? &filter_ : nullptr});
    if (!port) return port.error();
    uv::DialOptions to;
    to.port = *port;
    if (websocket) to.filter = &browser_;
    const auto id = dialer_.dial(to, *this);
    if (!id) return id.error();
    id_ = *id;
    return wait(loop_, [this] { return opened_; }) ? Status{} : Status{Errc::internal};
  }
  void run() override {
    say();
    loop_.run_for(Duration::ms(1));
    say();
  }
  void hold(bool held) override { dialer_.pause(id_, held); }
  void hang_up() override { dialer_.reset(id_); }
  bool ended() override { return ended_; }
  void stop() override { server_.reset(); }

 private:
  void on_open(uv::DialId) noexcept override { opened_ = true; }
  void on_bytes(uv::DialId, Bytes bytes) noexcept override {
    static_cast<void>(peer_->on_bytes(bytes));
  }
  void on_frame(uv::DialId, FrameKind kind, Bytes payload) noexcept override {
    static_cast<void>(peer_->on_frame(kind, payload));
  }
  void on_closed(uv::DialId, CloseCode, int) noexcept override { ended_ = true; }

  void say() {
    if (way_.protocol == nullptr) {
      const std::size_t size = peer_->pending().size();
      if (size > 0 && dialer_.send(id_, peer_->pending())) peer_->sent(size);
      return;
    }
    chatroom::Client::OutFrame frame;
    while (peer_->pending_frame(frame) && dialer_.send(id_, frame.kind, frame.payload)) {
      peer_->frame_sent();
    }
  }

  const Way way_;
  uv::Loop loop_;
  JsonCodec json_;
  JsonCodec peers_json_;
  WebSocketServer filter_;
  WebSocketClient browser_;
  std::unique_ptr<uv::Server> server_;
  uv::Dialer dialer_;
  uv::DialId id_;
  chatroom::Client* peer_ = nullptr;
  bool opened_ = false;
  bool ended_ = false;
};

}  // namespace

TEST_CASE("sockets keep every promise of the Connection port", "[uv]") {
  for (const uv::Polling polling : {uv::Polling::automatic, uv::Polling::per_socket}) {
    for (const char* protocol :
         {static_cast<const char*>(nullptr), "chatroom.v1.json", "chatroom.v1.fb"}) {
      INFO((protocol == nullptr ? "TCP" : protocol));
      const auto found = testing::check_connection([=] {
        return std::make_unique<SocketLink>(Way{protocol, polling});
      });
      CHECK(found.text() == "");
      CHECK(found.checks > 10);
    }
  }
}

}  // namespace chatroom::uv_test
