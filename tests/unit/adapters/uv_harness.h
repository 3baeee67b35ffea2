// What the uv tests share: an echo server over Links without an engine, a client that remembers,
// and a wait that fails instead of hanging.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chatroom/adapters/uv.h"
#include "uv/links.h"
#include "uv/socket.h"

namespace chatroom::uv_test {

// Runs the loop until `done` or five seconds have passed.
inline bool wait(uv::Loop& loop, const std::function<bool()>& done) {
  const Instant end = loop.now() + Duration::s(5);
  while (!done() && loop.now() < end) loop.run_for(Duration::ms(2));
  return done();
}

// Echoes bytes and frames (as server frames up to 125 bytes). What it does with a link can be
// changed by the test.
class EchoIntake final : public uv::Intake {
 public:
  struct Peer {
    uv::Link* link = nullptr;
    SessionOptions options;
    std::string peer;
    std::string got;
    std::string wanted;  // still to be written
    int writable = 0;
    int closed = 0;
    int fault = 0;
  };

  void begin_round() noexcept override { ++rounds; }
  void end_round() noexcept override {}
  Result<SessionId> open(uv::Link& link, const SessionOptions& options) noexcept override {
    if (full) return Errc::limit_reached;
    Peer peer;
    peer.link = &link;
    peer.options = options;
    peer.peer = options.peer;
    peers.push_back(peer);
    return SessionId{static_cast<std::uint32_t>(peers.size() - 1), 1};
  }
  bool admitted(SessionId) noexcept override { return true; }
  void on_bytes(SessionId session, Bytes bytes) noexcept override {
    Peer& peer = peers[session.index];
    peer.got += as_text(bytes);
    if (echo) say(peer, as_text(bytes));
  }
  void on_frame(SessionId session, FrameKind kind, Bytes payload) noexcept override {
    Peer& peer = peers[session.index];
    peer.got += as_text(payload);
    if (kind == FrameKind::close) return connection(peer).close(CloseCode::normal);
    std::string frame{static_cast<char>(kind == FrameKind::text ? 0x81 : 0x82),
                      static_cast<char>(payload.size())};
    if (echo) say(peer, frame.append(as_text(payload)));
  }
  void on_fault(SessionId session, CloseCode code) noexcept override {
    peers[session.index].fault = static_cast<int>(code);
    connection(peers[session.index]).close(code);
  }
  void on_writable(SessionId session) noexcept override {
    Peer& peer = peers[session.index];
    ++peer.writable;
    push(peer);
  }
  void on_closed(SessionId session, int) noexcept override { ++peers[session.index].closed; }
  void on_acceptable(void* listener) noexcept override {
    for (;;) {
      uv::Address peer;
      const int fd = uv::accept_from(*static_cast<int*>(listener), {}, peer);
      if (fd < 0) return;
      links->add(
          {.fd = fd, .filter = filter, .address = nullptr, .connecting = false, .session = {}});
    }
  }

  static Connection& connection(Peer& peer) { return *peer.link; }
  void say(Peer& peer, std::string_view text) {
    peer.wanted += text;
    if (peer.wanted.size() == text.size()) push(peer);
  }
  // Offers what is wanted in two pieces, and keeps what was not taken.
  void push(Peer& peer) {
    while (!peer.wanted.empty()) {
      const std::string_view all = std::string_view(peer.wanted).substr(0, 60'000);
      const std::size_t half = all.size() / 2;
      std::vector<Bytes> pieces;
      if (half > 0) pieces.push_back(as_bytes(all.substr(0, half)));
      pieces.push_back(as_bytes(all.substr(half)));
      const std::size_t offered = all.size();
      const std::size_t taken = connection(peer).write(pieces);
      taken_bytes += taken;
      peer.wanted.erase(0, taken);
      if (taken < offered) return;
    }
  }

  uv::Links* links = nullptr;
  ByteFilter* filter = nullptr;
  bool echo = true;
  bool full = false;
  int rounds = 0;
  std::size_t taken_bytes = 0;
  std::vector<Peer> peers;
};

struct EchoServer {
  explicit EchoServer(uv::Loop& loop, uv::LinksOptions options = {}, ByteFilter* filter = nullptr)
      : links(loop, intake, nullptr, options) {
    intake.links = &links;
    intake.filter = filter;
    uv::Address address;
    REQUIRE(uv::parse_address("127.0.0.1", 0, address) == 0);
    listener =
        uv::listen_on(address, 1'024, {.send_buffer_bytes = 128 * 1024, .unsent_bytes = 16 * 1024});
    REQUIRE(listener >= 0);
    port = uv::port_of(address);
    REQUIRE(links.watch_listener(listener, &listener));
  }
  ~EchoServer() {
    links.unwatch_listener(listener);
    uv::close_socket(listener);
  }

  EchoIntake intake;
  uv::Links links;
  int listener = -1;
  std::uint16_t port = 0;
};

// A client that remembers everything.
class Client final : public uv::DialHandler {
 public:
  void on_open(uv::DialId given) noexcept override {
    id = given;
    ++opened;
    if (first) first();
  }
  void on_bytes(uv::DialId, Bytes bytes) noexcept override { got += as_text(bytes); }
  void on_frame(uv::DialId, FrameKind kind, Bytes payload) noexcept override {
    if (kind == FrameKind::text || kind == FrameKind::binary) got += as_text(payload);
    frames.emplace_back(as_text(payload));
  }
  void on_writable(uv::DialId) noexcept override { ++writable; }
  void on_closed(uv::DialId, CloseCode with, int what) noexcept override {
    ++closed;
    code = with;
    error = what;
  }

  std::function<void()> first;
  uv::DialId id;
  int opened = 0;
  int closed = 0;
  int writable = 0;
  int error = 0;
  CloseCode code = CloseCode::normal;
  std::string got;
  std::vector<std::string> frames;
};

inline uv::DialId dial(uv::Dialer& dialer, Client& client, std::uint16_t port,
                       ByteFilter* filter = nullptr, std::string from = {}) {
  const Result<uv::DialId> id = dialer.dial(
      {.host = "127.0.0.1", .port = port, .from = std::move(from), .filter = filter}, client);
  REQUIRE(id);
  return *id;
}

}  // namespace chatroom::uv_test
