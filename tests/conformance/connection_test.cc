// The suite for Connection: pipes and sockets pass, and each kind of broken link is found.
#include <memory>

#include "catch.hpp"
#include "chatroom/adapters/json.h"
#include "chatroom/adapters/manual_loop.h"
#include "chatroom/adapters/pipe.h"
#include "chatroom/testing/conformance.h"

#if __has_include(<uv.h>)
#include "chatroom/adapters/uv.h"
#include "chatroom/adapters/websocket.h"
#endif

using namespace chatroom;
using namespace chatroom::testing;

namespace {

bool names(const Conformance& found, std::string_view promise) {
  return found.text().find(promise) != std::string::npos;
}

// ---- Pipes

class PipeLink final : public LinkUnderTest {
 public:
  explicit PipeLink(PipeOptions options) : options_(std::move(options)) {}

  EventLoop& loop() override { return loop_; }
  ClientOptions client() override {
    ClientOptions peer{.kind = options_.codec, .framing = options_.framing};
    if (options_.codec == CodecKind::json) peer.codec = &json_;
    return peer;
  }
  EnginePorts ports() override { return {.json = &json_}; }
  Status connect(Engine& engine, Client& peer) override {
    pipe_ = std::make_unique<Pipe>(engine, peer, options_);
    return pipe_->open();
  }
  void run() override {
    loop_.advance(Duration::ms(1));
    while (pipe_->pump(loop_.now())) {
    }
  }
  void hold(bool held) override { pipe_->stall(Pipe::Way::to_client, held); }
  void hang_up() override { pipe_->reset(); }
  bool ended() override { return pipe_->ended(); }
  ~PipeLink() { CHECK(pipe_->breach() == ""); }

 private:
  const PipeOptions options_;
  ManualLoop loop_;
  JsonCodec json_;
  std::unique_ptr<Pipe> pipe_;
};

Conformance check_pipe(const PipeOptions& options) {
  return check_connection([options] { return std::make_unique<PipeLink>(options); });
}

// ---- A link with one thing wrong

class BrokenLink final : public LinkUnderTest, private Connection {
 public:
  enum class Fault {
    none,
    loses_bytes,
    doubles_bytes,
    says_taken,
    never_writable,
    endless,
    close_drops,
    close_waits,
    never_closed,
    forgets_hang_up,
    loses_while_paused,
    loses_input,
  };
  explicit BrokenLink(Fault fault) : fault_(fault) {}

  EventLoop& loop() override { return loop_; }
  Status connect(Engine& engine, Client& peer) override {
    engine_ = &engine;
    peer_ = &peer;
    const Result<SessionId> opened = engine.open(*this, {});
    if (!opened) return opened.error();
    session_ = *opened;
    open_ = true;
    return {};
  }
  void run() override {
    loop_.advance(Duration::ms(1));
    if (!held_ && !gone_) deliver();
    if (!open_) return;
    const bool input = !paused_ && !closing_ && !gone_ && !peer_->pending().empty();
    const bool writable = blocked_ && !closing_ && to_peer_.size() < kHolds / 2;
    const bool waited = fault_ != Fault::close_waits && loop_.now() >= give_up_;
    const bool over = (closing_ && (to_peer_.empty() || waited)) || gone_;
    if (fault_ == Fault::loses_while_paused && paused_) peer_->sent(peer_->pending().size());
    if (!input && !writable && !over) return;
    Engine::Turn turn(*engine_);
    if (writable && fault_ != Fault::never_writable) {
      blocked_ = false;
      turn.on_writable(session_);
    }
    if (input) take_input(turn);
    if (!over || (gone_ && fault_ == Fault::forgets_hang_up)) return;
    if (closing_ && fault_ == Fault::never_closed) return;
    open_ = false;
    turn.on_closed(session_);
  }
  void hold(bool held) override { held_ = held; }
  void hang_up() override { gone_ = true; }
  bool ended() override { return closing_ && to_peer_.empty(); }

 private:
  static constexpr std::size_t kHolds = 32 * 1024;

  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::string offered;
    for (const Bytes piece : pieces) offered += as_text(piece);
    std::size_t taken = std::min(offered.size(), kHolds - std::min(kHolds, to_peer_.size()));
    if (fault_ == Fault::endless) taken = offered.size();
    to_peer_.append(offered, 0, taken);
    ++writes_;
    if (fault_ == Fault::loses_bytes && writes_ % 50 == 0 && !to_peer_.empty()) to_peer_.pop_back();
    if (fault_ == Fault::says_taken) return offered.size();
    blocked_ = taken < offered.size();
    if (blocked_ && fault_ == Fault::doubles_bytes) to_peer_ += offered[taken];
    return taken;
  }
  void pause(bool paused) noexcept override { paused_ = paused; }
  void close(CloseCode) noexcept override {
    closing_ = true;
    give_up_ = loop_.now() + Duration::ms(100);
    if (fault_ == Fault::close_drops) to_peer_.clear();
  }

  void deliver() {
    if (to_peer_.empty()) return;
    const std::string bytes = std::exchange(to_peer_, {});
    static_cast<void>(peer_->on_bytes(as_bytes(bytes)));
  }
  void take_input(Engine::Turn& turn) {
    const Bytes all = peer_->pending();
    const Bytes bytes = all.first(std::min<std::size_t>(all.size(), 16 * 1024));
    const bool lost = fault_ == Fault::loses_input && ++inputs_ % 10 == 0;
    if (!lost) turn.on_bytes(session_, bytes);
    peer_->sent(bytes.size());
  }

  const Fault fault_;
  ManualLoop loop_;
  Engine* engine_ = nullptr;
  Client* peer_ = nullptr;
  SessionId session_;
  std::string to_peer_;
  Instant give_up_ = Instant::never();
  int writes_ = 0;
  int inputs_ = 0;
  bool open_ = false;
  bool blocked_ = false;
  bool closing_ = false;
  bool paused_ = false;
  bool held_ = false;
  bool gone_ = false;
};

Conformance check_broken(BrokenLink::Fault fault) {
  return check_connection([fault] { return std::make_unique<BrokenLink>(fault); });
}

}  // namespace

TEST_CASE("pipes keep the promises of Connection") {
  SECTION("a stream") { REQUIRE(check_pipe({}).text() == ""); }
  SECTION("a stream in small pieces") {
    auto number = std::make_shared<std::size_t>(0);
    const auto split = [number](std::size_t available) {
      return std::min<std::size_t>(available, 1 + (*number)++ * 7'919 % 3'000);
    };
    REQUIRE(check_pipe({.split = split}).text() == "");
  }
  SECTION("a slow stream") { REQUIRE(check_pipe({.delay = Duration::ms(20)}).text() == ""); }
  SECTION("messages") {
    REQUIRE(check_pipe({.boundary = Boundary::message, .max_frame = 1'200}).text() == "");
  }
  SECTION("the shortest messages") {
    REQUIRE(check_pipe({.boundary = Boundary::message, .max_frame = 256}).text() == "");
  }
  SECTION("WebSocket frames of JSON") {
    REQUIRE(check_pipe({.codec = CodecKind::json, .framing = Framing::websocket}).text() == "");
  }
  SECTION("WebSocket frames of FlatBuffers") {
    REQUIRE(check_pipe({.framing = Framing::websocket}).text() == "");
  }
}

TEST_CASE("broken links are found") {
  using Fault = BrokenLink::Fault;
  REQUIRE(check_broken(Fault::none).text() == "");
  const std::pair<Fault, std::string_view> rows[] = {
      {Fault::loses_bytes, "write: what was taken arrives"},
      {Fault::doubles_bytes, "write: what was not taken was neither sent nor kept"},
      {Fault::says_taken, "write: takes less when the peer reads nothing"},
      {Fault::never_writable, "on_writable: comes when a blocked link can take more"},
      {Fault::endless, "write: takes less when the peer reads nothing"},
      {Fault::close_drops, "close: what was taken arrives before the end"},
      {Fault::close_waits, "close: gives up on a peer that reads nothing"},
      {Fault::never_closed, "close: on_closed follows"},
      {Fault::forgets_hang_up, "on_closed: comes when the peer is gone"},
      {Fault::loses_while_paused, "pause: what came meanwhile is handed over afterwards"},
      {Fault::loses_input, "on_bytes: all that the peer says arrives"},
  };
  for (const auto& [fault, promise] : rows) {
    const Conformance found = check_broken(fault);
    INFO(promise << "\nfound:\n" << found.text());
    CHECK(names(found, promise));
  }
}

#if __has_include(<uv.h>)

namespace {

// A socket of this machine, from a uv::Server to a uv::Dialer.
class SocketLink final : public LinkUnderTest, private uv::DialHandler {
 public:
  SocketLink(bool websocket, uv::Polling polling) : websocket_(websocket), polling_(polling) {}

  EventLoop& loop() override { return loop_; }
  ClientOptions client() override {
    if (!websocket_) return {};
    return {.codec = &json_, .kind = CodecKind::json, .framing = Framing::websocket};
  }
  EnginePorts ports() override { return {.json = &json_}; }
  Status connect(Engine& engine, Client& peer) override {
    peer_ = &peer;
    server_ = std::make_unique<uv::Server>(loop_, engine, uv::ServerOptions{.polling = polling_});
    dialer_ = std::make_unique<uv::Dialer>(
        loop_, uv::DialerOptions{.receive_buffer_bytes = 16 * 1024, .polling = polling_});
    const auto port = server_->listen({.filter = websocket_ ? &browsers_ : nullptr});
    if (!port) return port.error();
    uv::DialOptions options;
    options.port = *port;
    options.filter = websocket_ ? &web_ : nullptr;
    const Result<uv::DialId> dialed = dialer_->dial(options, *this);
    if (!dialed) return dialed.error();
    dialed_ = *dialed;
    for (int i = 0; i < 1'000 && !connected_; ++i) loop_.run_for(Duration::ms(1));
    return connected_ ? Status() : Status(Errc::internal);
  }
  void run() override {
    say();
    loop_.run_for(Duration::ms(1));
  }
  void hold(bool held) override { dialer_->pause(dialed_, held); }
  void hang_up() override { dialer_->reset(dialed_); }
  bool ended() override { return closed_; }
  void stop() override {
    dialer_.reset();
    server_.reset();
  }

 private:
  void say() {
    if (closed_) return;
    if (!websocket_) {
      const Bytes bytes = peer_->pending();
      if (!bytes.empty() && dialer_->send(dialed_, bytes)) peer_->sent(bytes.size());
      return;
    }
    Client::OutFrame frame;
    while (peer_->pending_frame(frame) && dialer_->send(dialed_, frame.kind, frame.payload)) {
      peer_->frame_sent();
    }
  }
  void on_open(uv::DialId) noexcept override { connected_ = true; }
  void on_bytes(uv::DialId, Bytes bytes) noexcept override {
    static_cast<void>(peer_->on_bytes(bytes));
  }
  void on_frame(uv::DialId, FrameKind kind, Bytes payload) noexcept override {
    static_cast<void>(peer_->on_frame(kind, payload));
  }
  void on_closed(uv::DialId, CloseCode, int) noexcept override { closed_ = true; }

  const bool websocket_;
  const uv::Polling polling_;
  uv::Loop loop_;
  JsonCodec json_;
  WebSocketServer browsers_;
  WebSocketClient web_;
  Client* peer_ = nullptr;
  std::unique_ptr<uv::Server> server_;
  std::unique_ptr<uv::Dialer> dialer_;
  uv::DialId dialed_;
  bool connected_ = false;
  bool closed_ = false;
};

}  // namespace

TEST_CASE("sockets keep the promises of Connection") {
  const auto check = [](bool websocket, uv::Polling polling) {
    return check_connection([=] { return std::make_unique<SocketLink>(websocket, polling); });
  };
  SECTION("TCP") { REQUIRE(check(false, uv::Polling::automatic).text() == ""); }
  SECTION("TCP, one poll for each") { REQUIRE(check(false, uv::Polling::per_socket).text() == ""); }
  SECTION("WebSocket") { REQUIRE(check(true, uv::Polling::automatic).text() == ""); }
}

#endif
