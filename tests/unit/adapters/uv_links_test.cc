// Sockets over real loopback, without an engine: partial writes, closing, pausing, deadlines, and
// many at once; with both ways of polling.
#include <cerrno>
#include <chrono>
#include <memory>

#include "chatroom/adapters/websocket.h"
#include "uv_harness.h"

namespace chatroom::uv_test {

namespace {

using uv::Polling;

uv::LinksOptions polled(Polling polling) {
  uv::LinksOptions options;
  options.polling = polling;
  return options;
}
uv::DialerOptions dialer_polled(Polling polling, std::uint32_t receive = 0) {
  uv::DialerOptions options;
  options.polling = polling;
  options.receive_buffer_bytes = receive;
  return options;
}
std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 31 + i / 977) % 26);
  return text;
}

}  // namespace

TEST_CASE("bytes go both ways, whoever polls", "[uv]") {
  for (const Polling polling : {Polling::automatic, Polling::per_socket}) {
    uv::Loop loop;
    EchoServer server(loop, polled(polling));
    uv::Dialer dialer(loop, dialer_polled(polling));
    Client client;
    const uv::DialId id = dial(dialer, client, server.port);
    REQUIRE(wait(loop, [&] { return client.opened == 1; }));
    CHECK(dialer.send(id, as_bytes("hello")));
    REQUIRE(wait(loop, [&] { return client.got == "hello"; }));
    CHECK(server.intake.peers[0].peer.starts_with("127.0.0.1:"));
    dialer.close(id);
    REQUIRE(wait(loop, [&] { return client.closed == 1; }));
    CHECK(server.intake.peers[0].closed == 1);
    CHECK(server.links.stats().open == 0);
    CHECK_FALSE(dialer.send(id, as_bytes("gone")));
  }
}

TEST_CASE("a reader that stalls is offered no more until it reads, and loses nothing", "[uv]") {
  for (const Polling polling : {Polling::automatic, Polling::per_socket}) {
    uv::Loop loop;
    EchoServer server(loop, polled(polling));
    server.intake.echo = false;
    uv::Dialer dialer(loop, dialer_polled(polling, 8 * 1024));
    Client client;
    const uv::DialId id = dial(dialer, client, server.port);
    REQUIRE(wait(loop, [&] { return client.opened == 1 && server.intake.peers.size() == 1; }));
    dialer.pause(id, true);
    const std::string text = pattern(3'000'000);
    EchoIntake::Peer& peer = server.intake.peers[0];
    server.intake.say(peer, text);
    loop.run_for(Duration::ms(100));
    // What the kernel took is bounded, and the loop did not spin on a full socket.
    CHECK(server.intake.taken_bytes < 1'000'000);
    CHECK_FALSE(peer.wanted.empty());
    const int rounds = server.intake.rounds;
    loop.run_for(Duration::ms(50));
    CHECK(server.intake.rounds - rounds <= 2);
    dialer.pause(id, false);
    REQUIRE(wait(loop, [&] { return client.got.size() == text.size(); }));
    CHECK(client.got == text);
    CHECK(peer.writable > 0);
  }
}

TEST_CASE("closing delivers every byte that was taken, then ends", "[uv]") {
  uv::Loop loop;
  EchoServer server(loop);
  server.intake.echo = false;
  uv::Dialer dialer(loop);
  Client client;
  const uv::DialId id = dial(dialer, client, server.port);
  REQUIRE(wait(loop, [&] { return server.intake.peers.size() == 1 && client.opened == 1; }));
  EchoIntake::Peer& peer = server.intake.peers[0];
  // The peer's own bytes lie unread at the server when it closes: no reset may come of that.
  CHECK(dialer.send(id, as_bytes(std::string(100'000, 'u'))));
  server.intake.say(peer, pattern(60'000));
  const std::size_t taken = server.intake.taken_bytes;
  CHECK(taken > 0);
  EchoIntake::connection(peer).close(CloseCode::normal);
  CHECK(peer.closed == 0);  // never from inside the call
  REQUIRE(wait(loop, [&] { return client.closed == 1 && peer.closed == 1; }));
  CHECK(client.got == pattern(60'000).substr(0, taken));
  CHECK(client.error == 0);
  const std::array<Bytes, 1> more = {as_bytes("more")};
  CHECK(peer.link->write(more) == 0);
}

TEST_CASE("a peer that reads nothing cannot hold up a close", "[uv]") {
  uv::Loop loop;
  EchoServer server(loop);
  server.intake.echo = false;
  uv::Dialer dialer(loop, dialer_polled(Polling::automatic, 4 * 1024));
  Client client;
  const uv::DialId id = dial(dialer, client, server.port);
  REQUIRE(wait(loop, [&] { return server.intake.peers.size() == 1 && client.opened == 1; }));
  dialer.pause(id, true);
  EchoIntake::Peer& peer = server.intake.peers[0];
  server.intake.say(peer, pattern(1'000'000));
  EchoIntake::connection(peer).close(CloseCode::slow_consumer);
  const Instant begin = loop.now();
  REQUIRE(wait(loop, [&] { return peer.closed == 1; }));
  CHECK((loop.now() - begin).in_ms() >= 90);
  CHECK((loop.now() - begin).in_ms() < 1'000);
  dialer.pause(id, false);
  REQUIRE(wait(loop, [&] { return client.closed == 1; }));
  CHECK(client.error == ECONNRESET);  // forced: the kernel keeps nothing for it
}

TEST_CASE("both sides closing, resetting or vanishing end in one on_closed each", "[uv]") {
  for (const Polling polling : {Polling::automatic, Polling::per_socket}) {
    for (const int how : {0, 1, 2, 3}) {
      uv::Loop loop;
      EchoServer server(loop, polled(polling));
      uv::Dialer dialer(loop, dialer_polled(polling));
      Client client;
      const uv::DialId id = dial(dialer, client, server.port);
      REQUIRE(wait(loop, [&] { return server.intake.peers.size() == 1 && client.opened == 1; }));
      EchoIntake::Peer& peer = server.intake.peers[0];
      if (how != 1) dialer.close(id);
      if (how == 1) dialer.reset(id);
      if (how == 2) EchoIntake::connection(peer).close(CloseCode::normal);
      if (how == 3) EchoIntake::connection(peer).pause(true);  // does not see the end at once
      if (how == 3) {
        loop.run_for(Duration::ms(20));
        EchoIntake::connection(peer).close(CloseCode::normal);
        EchoIntake::connection(peer).close(CloseCode::normal);
      }
      REQUIRE(wait(loop, [&] { return client.closed == 1 && peer.closed == 1; }));
      loop.run_for(Duration::ms(150));
      CHECK(client.closed == 1);
      CHECK(peer.closed == 1);
      CHECK(server.links.stats().open == 0);
    }
  }
}

TEST_CASE("a link that was reset with bytes unread is read to its end", "[uv]") {
  for (const Polling polling : {Polling::automatic, Polling::per_socket}) {
    uv::Loop loop;
    uv::LinksOptions options = polled(polling);
    options.read_buffer_bytes = 1'024;
    EchoServer server(loop, options);
    server.intake.echo = false;
    uv::Address address;
    REQUIRE(uv::parse_address("127.0.0.1", server.port, address) == 0);
    const int fd = uv::connect_to(address, nullptr, {});
    REQUIRE(fd >= 0);
    REQUIRE(wait(loop, [&] { return server.intake.peers.size() == 1; }));
    // Both are there before the loop looks again: three reads, the last of which names the reset.
    const std::string text = pattern(1'500);
    const std::array<Bytes, 1> pieces = {as_bytes(text)};
    REQUIRE(uv::send_pieces(fd, pieces) == static_cast<std::ptrdiff_t>(text.size()));
    uv::reset_socket(fd);
    REQUIRE(wait(loop, [&] { return server.intake.peers[0].closed == 1; }));
    CHECK(server.links.stats().open == 0);
  }
}

TEST_CASE("a paused link reads nothing until it goes on", "[uv]") {
  for (const Polling polling : {Polling::automatic, Polling::per_socket}) {
    uv::Loop loop;
    EchoServer server(loop, polled(polling));
    uv::Dialer dialer(loop, dialer_polled(polling));
    Client client;
    const uv::DialId id = dial(dialer, client, server.port);
    REQUIRE(wait(loop, [&] { return server.intake.peers.size() == 1 && client.opened == 1; }));
    EchoIntake::Peer& peer = server.intake.peers[0];
    EchoIntake::connection(peer).pause(true);
    CHECK(dialer.send(id, as_bytes("waiting")));
    loop.run_for(Duration::ms(30));
    CHECK(peer.got.empty());
    EchoIntake::connection(peer).pause(false);
    REQUIRE(wait(loop, [&] { return client.got == "waiting"; }));
  }
}

TEST_CASE("the dialer bounds what waits for one socket, and says when there is room", "[uv]") {
  uv::Loop loop;
  EchoServer server(loop);
  server.intake.echo = false;
  uv::DialerOptions options;
  options.send_bytes = 100'000;
  uv::Dialer dialer(loop, options);
  Client client;
  const uv::DialId id = dial(dialer, client, server.port);
  REQUIRE(wait(loop, [&] { return server.intake.peers.size() == 1 && client.opened == 1; }));
  EchoIntake::connection(server.intake.peers[0]).pause(true);
  const std::string piece = pattern(50'000);
  std::size_t sent = 0;
  while (sent < 100'000'000 && dialer.send(id, as_bytes(piece))) sent += piece.size();
  CHECK(sent < 100'000'000);
  CHECK(dialer.waiting_bytes(id) <= 100'000);
  CHECK(client.writable == 0);
  EchoIntake::connection(server.intake.peers[0]).pause(false);
  REQUIRE(wait(loop, [&] { return client.writable == 1; }));
  REQUIRE(wait(loop, [&] { return server.intake.peers[0].got.size() == sent; }));
  CHECK(dialer.send(id, as_bytes("more")));
}

TEST_CASE("nobody listening, and a server that says nothing, end a dial", "[uv]") {
  uv::Loop loop;
  uv::DialerOptions options;
  options.connect_deadline = Duration::ms(80);
  WebSocketClient websocket;
  uv::Dialer dialer(loop, options);
  Client refused;
  std::uint16_t port = 0;
  {
    EchoServer gone(loop);
    port = gone.port;
  }
  dial(dialer, refused, port);
  REQUIRE(wait(loop, [&] { return refused.closed == 1; }));
  CHECK(refused.error == ECONNREFUSED);
  CHECK(refused.opened == 0);

  EchoServer silent(loop);
  silent.intake.echo = false;
  Client waiting;
  dial(dialer, waiting, silent.port, &websocket);
  REQUIRE(wait(loop, [&] { return waiting.closed == 1; }));
  CHECK(waiting.error == ETIMEDOUT);
  CHECK(dialer.open() == 0);
}

TEST_CASE("WebSocket frames travel over real sockets, after a 101", "[uv]") {
  uv::Loop loop;
  WebSocketServer filter;
  EchoServer server(loop, {}, &filter);
  WebSocketClient websocket;
  uv::Dialer dialer(loop);
  Client client;
  const uv::DialId id = dial(dialer, client, server.port, &websocket);
  CHECK_FALSE(dialer.send(id, FrameKind::text, as_bytes("too early")));
  REQUIRE(wait(loop, [&] { return client.opened == 1; }));
  CHECK_FALSE(dialer.send(id, as_bytes("bare bytes")));
  CHECK(dialer.send(id, FrameKind::text, as_bytes("hello")));
  REQUIRE(wait(loop, [&] { return client.got == "hello"; }));
  const EchoIntake::Peer& peer = server.intake.peers[0];
  CHECK(peer.options.framing == Framing::websocket);
  CHECK(peer.options.codec == CodecKind::json);
  // What the upgrade has used of the ten seconds is gone.
  CHECK(peer.options.deadline < loop.now() + Duration::s(10));
  CHECK(peer.options.deadline > loop.now() + Duration::s(5));
  dialer.close(id);
  REQUIRE(wait(loop, [&] { return client.closed == 1; }));
  CHECK(client.code == CloseCode::normal);

  Client no_room;
  server.intake.full = true;
  dial(dialer, no_room, server.port, &websocket);
  REQUIRE(wait(loop, [&] { return no_room.closed == 1; }));
  CHECK(no_room.opened == 0);
  CHECK(websocket.last_status() == 503);
}

TEST_CASE("a session that writes inside its opening comes after the 101", "[uv]") {
  // Opens, and at once writes a frame, as an engine that flushed early would.
  struct Eager final : uv::Intake {
    void begin_round() noexcept override {}
    void end_round() noexcept override {}
    Result<SessionId> open(uv::Link& opened, const SessionOptions&) noexcept override {
      link = &opened;
      write();
      return SessionId{0, 1};
    }
    bool admitted(SessionId) noexcept override { return true; }
    void on_bytes(SessionId, Bytes) noexcept override {}
    void on_frame(SessionId, FrameKind, Bytes) noexcept override {}
    void on_fault(SessionId, CloseCode) noexcept override {}
    void on_writable(SessionId) noexcept override { write(); }
    void on_closed(SessionId, int) noexcept override {}
    void on_acceptable(void* listener) noexcept override {
      uv::Address peer;
      links->add({.fd = uv::accept_from(*static_cast<int*>(listener), {}, peer),
                  .filter = filter,
                  .address = nullptr,
                  .connecting = false,
                  .session = {}});
    }
    void write() noexcept {
      const std::array<Bytes, 1> hello = {as_bytes("\x81\x05hello")};
      taken += static_cast<Connection*>(link)->write(hello);
    }
    uv::Links* links = nullptr;
    ByteFilter* filter = nullptr;
    uv::Link* link = nullptr;
    std::size_t taken = 0;
  };
  uv::Loop loop;
  WebSocketServer filter;
  Eager eager;
  eager.filter = &filter;
  uv::Links links(loop, eager, nullptr, {});
  eager.links = &links;
  uv::Address address;
  REQUIRE(uv::parse_address("127.0.0.1", 0, address) == 0);
  int listener = uv::listen_on(address, 10, {});
  REQUIRE(listener >= 0);
  REQUIRE(links.watch_listener(listener, &listener));
  WebSocketClient websocket;
  uv::Dialer dialer(loop);
  Client client;
  dial(dialer, client, uv::port_of(address), &websocket);
  REQUIRE(wait(loop, [&] { return client.got == "hello"; }));
  CHECK(eager.taken == 7);
  links.unwatch_listener(listener);
  uv::close_socket(listener);
}

TEST_CASE("five thousand connections live in one process, cheaply", "[uv]") {
  uv::Loop loop;
  EchoServer server(loop);
  uv::Dialer dialer(loop);
  constexpr int kClients = 5'000;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<uv::DialId> ids;
  int opened = 0;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<Client>());
    clients.back()->first = [&opened] { ++opened; };
    ids.push_back(dial(dialer, *clients.back(), server.port, nullptr,
                       "127.0.0." + std::to_string(2 + i % 4)));
    if (i % 500 == 499) REQUIRE(wait(loop, [&] { return opened == i + 1; }));
  }
  REQUIRE(wait(loop, [&] { return server.links.stats().open == kClients; }));
  CHECK(server.links.stats().memory_bytes < 64 * 1024 + 96u * (kClients + 256));
  for (const uv::DialId id : ids) CHECK(dialer.send(id, as_bytes("x")));
  REQUIRE(wait(loop, [&] {
    for (const auto& client : clients) {
      if (client->got != "x") return false;
    }
    return true;
  }));
  // One round serves many sockets.
  CHECK(server.intake.rounds < kClients * 2);
  for (const uv::DialId id : ids) dialer.close(id);
  REQUIRE(wait(loop, [&] { return dialer.open() == 0 && server.links.stats().open == 0; }));
  for (const EchoIntake::Peer& peer : server.intake.peers) {
    if (peer.closed != 1) CHECK(peer.closed == 1);
  }
}

}  // namespace chatroom::uv_test
