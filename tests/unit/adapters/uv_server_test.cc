// uv::Server with a real engine behind it: chat over both transports, pages, limits, no descriptors
// left.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <memory>

#include "chatroom/adapters/json.h"
#include "chatroom/adapters/websocket.h"
#include "chatroom/engine.h"
#include "uv_harness.h"

namespace chatroom::uv_test {

namespace {

class Pages final : public HttpHandler {
 public:
  bool on_request(const HttpRequest& request, HttpResponse& response) noexcept override {
    if (request.path == "/healthz") {
      response.body = "ok\n";
      return true;
    }
    if (request.path == "/big") {
      response.body.assign(3'000'000, 'b');
      return true;
    }
    return false;
  }
};

struct Host {
  explicit Host(uv::ServerOptions options = {}, Limits limits = {}) {
    EngineOptions engine_options;
    engine_options.open_server = true;
    engine_options.open_rooms = true;
    engine_options.limits = limits;
    Result<EnginePtr> made = Engine::create(engine_options, {.loop = &loop, .json = &json});
    REQUIRE(made);
    engine = std::move(*made);
    WebSocketOptions websocket;
    websocket.http = &pages;
    filter = std::make_unique<WebSocketServer>(websocket);
    server = std::make_unique<uv::Server>(loop, *engine, options);
    const auto ws = server->listen({.filter = filter.get()});
    REQUIRE(ws);
    ws_port = *ws;
    const auto tcp = server->listen({});
    REQUIRE(tcp);
    tcp_port = *tcp;
  }

  uv::Loop loop;
  JsonCodec json;
  Pages pages;
  EnginePtr engine;
  std::unique_ptr<WebSocketServer> filter;
  std::unique_ptr<uv::Server> server;
  std::uint16_t ws_port = 0;
  std::uint16_t tcp_port = 0;
};

// A plain client that sends one text and takes what comes.
struct Plain {
  Plain(Host& host, uv::Dialer& dialer, std::uint16_t port, std::string text) {
    client.first = [this, &dialer, text] { dialer.send(client.id, as_bytes(text)); };
    id = dial(dialer, client, port);
    static_cast<void>(host);
  }
  Client client;
  uv::DialId id;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("two browsers chat through server and engine", "[uv]") {
  for (const uv::Polling polling : {uv::Polling::automatic, uv::Polling::per_socket}) {
    uv::ServerOptions options;
    options.polling = polling;
    Host host(options);
    WebSocketClient websocket;
    uv::Dialer dialer(host.loop);
    Client alice;
    Client bob;
    const uv::DialId a = dial(dialer, alice, host.ws_port, &websocket);
    const uv::DialId b = dial(dialer, bob, host.ws_port, &websocket);
    REQUIRE(wait(host.loop, [&] { return has(alice.got, "hello") && has(bob.got, "hello"); }));
    const auto say = [&dialer](uv::DialId id, std::string_view json) {
      CHECK(dialer.send(id, FrameKind::text, as_bytes(json)));
    };
    say(a, R"({"id":1,"op":"auth","user":"alice"})");
    say(b, R"({"id":1,"op":"auth","user":"bob"})");
    say(a, R"({"id":2,"op":"join","room":"r"})");
    say(b, R"({"id":2,"op":"join","room":"r"})");
    REQUIRE(
        wait(host.loop, [&] { return has(alice.got, R"("id":2)") && has(bob.got, R"("id":2)"); }));
    say(a, R"({"id":3,"op":"publish","room":"r","text":"hi bob"})");
    REQUIRE(wait(host.loop, [&] { return has(bob.got, "hi bob") && has(alice.got, "hi bob"); }));
    CHECK(host.server->stats().open == 2);
    CHECK(host.server->stats().upgrading == 0);
    dialer.close(a);
    REQUIRE(wait(host.loop, [&] { return alice.closed == 1; }));
    REQUIRE(wait(host.loop, [&] { return host.server->stats().open == 1; }));
    // Frames that break RFC 6455 end the link with their code.
    CHECK(dialer.send(b, FrameKind::text, as_bytes("\xff\xfe")));
    REQUIRE(wait(host.loop, [&] { return bob.closed == 1; }));
    CHECK(bob.code == CloseCode::bad_data);
    REQUIRE(wait(host.loop, [&] { return host.engine->metrics().sessions == 0; }));
  }
}

TEST_CASE("a bare TCP peer that speaks nonsense is closed, the others stay", "[uv]") {
  Host host;
  WebSocketClient websocket;
  uv::Dialer dialer(host.loop);
  Client good;
  dial(dialer, good, host.ws_port, &websocket);
  Plain bad(host, dialer, host.tcp_port, std::string(40, '\xee'));
  REQUIRE(wait(host.loop, [&] { return bad.client.closed == 1; }));
  CHECK(good.closed == 0);
  CHECK(host.engine->metrics().sessions_closed == 1);
}

TEST_CASE("the port of the chat serves pages, also to slow readers", "[uv]") {
  Host host;
  uv::DialerOptions slow;
  slow.receive_buffer_bytes = 8 * 1024;
  uv::Dialer dialer(host.loop, slow);
  Plain health(host, dialer, host.ws_port, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  Plain nothing(host, dialer, host.ws_port, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  Plain big(host, dialer, host.ws_port, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  Plain odd(host, dialer, host.ws_port, "\x16\x03\x01");
  for (Plain* each : {&health, &nothing, &odd}) {
    REQUIRE(wait(host.loop, [&] { return each->client.closed == 1; }));
  }
  CHECK(has(health.client.got, "HTTP/1.1 200 OK"));
  CHECK(health.client.got.ends_with("ok\n"));
  CHECK(has(nothing.client.got, "HTTP/1.1 404"));
  CHECK(has(odd.client.got, "HTTP/1.1 400"));
  REQUIRE(wait(host.loop, [&] { return big.client.closed == 1; }));
  const std::size_t body = big.client.got.find("\r\n\r\n") + 4;
  CHECK(big.client.got.size() - body == 3'000'000);
  CHECK(host.server->stats().open == 0);
  CHECK(host.engine->metrics().sessions_opened == 0);
}

TEST_CASE("the deadline of an upgrade is absolute: a byte now and then does not move it", "[uv]") {
  uv::ServerOptions options;
  options.upgrade_deadline = Duration::ms(150);
  Host host(options);
  uv::Dialer dialer(host.loop);
  Plain slow(host, dialer, host.ws_port, "GET /chat HT");
  const Instant begin = host.loop.now();
  while (slow.client.closed == 0 && host.loop.now() < begin + Duration::s(3)) {
    host.loop.run_for(Duration::ms(20));
    static_cast<void>(dialer.send(slow.id, as_bytes("T")));
  }
  CHECK(slow.client.closed == 1);
  CHECK((host.loop.now() - begin).in_ms() >= 140);
  CHECK((host.loop.now() - begin).in_ms() < 1'000);
  CHECK(host.server->stats().timed_out == 1);
  CHECK(host.filter->stats().held_bytes == 0);
}

TEST_CASE("past the number of half-open sockets the oldest goes", "[uv]") {
  uv::ServerOptions options;
  options.upgrading = 3;
  Host host(options);
  uv::Dialer dialer(host.loop);
  std::vector<std::unique_ptr<Plain>> plains;
  for (int i = 0; i < 5; ++i) {
    plains.push_back(std::make_unique<Plain>(host, dialer, host.ws_port, "GET "));
    REQUIRE(wait(host.loop, [&] {
      return host.server->stats().accepted == static_cast<std::uint64_t>(i + 1);
    }));
  }
  REQUIRE(wait(host.loop,
               [&] { return plains[0]->client.closed == 1 && plains[1]->client.closed == 1; }));
  CHECK(host.server->stats().upgrading == 3);
  CHECK(plains[4]->client.closed == 0);
}

TEST_CASE("a full server answers 503, and closes bare links", "[uv]") {
  uv::ServerOptions options;
  options.connections = 2;
  Host host(options);
  WebSocketClient websocket;
  uv::Dialer dialer(host.loop);
  Client first;
  Client second;
  Client third;
  dial(dialer, first, host.ws_port, &websocket);
  dial(dialer, second, host.ws_port, &websocket);
  REQUIRE(wait(host.loop, [&] { return first.opened == 1 && second.opened == 1; }));
  const uv::DialId id = dial(dialer, third, host.ws_port, &websocket);
  static_cast<void>(id);
  REQUIRE(wait(host.loop, [&] { return third.closed == 1; }));
  CHECK(websocket.last_status() == 503);
  Plain bare(host, dialer, host.tcp_port, "");
  REQUIRE(wait(host.loop, [&] { return bare.client.closed == 1; }));
  CHECK(host.server->stats().refused >= 1);
  CHECK(first.closed + second.closed == 0);
}

TEST_CASE("one address has so many sockets and opens so many a second", "[uv]") {
  uv::ServerOptions options;
  options.exempt_loopback = false;
  options.connections_per_address = 3;
  options.opens_per_address = {1'000, 1'000};
  Host host(options);
  uv::Dialer dialer(host.loop);
  std::vector<std::unique_ptr<Client>> clients;
  const auto connect = [&](std::string from) {
    clients.push_back(std::make_unique<Client>());
    return dial(dialer, *clients.back(), host.tcp_port, nullptr, from);
  };
  uv::DialId one;
  for (int i = 0; i < 4; ++i) one = connect("127.0.0.5");
  const auto closed = [&] {
    int count = 0;
    for (const auto& client : clients) count += client->closed;
    return count;
  };
  REQUIRE(wait(host.loop, [&] { return closed() == 1; }));
  connect("127.0.0.6");
  REQUIRE(wait(host.loop, [&] { return host.server->stats().open == 4; }));
  // A place that was given up can be taken again.
  for (const auto& client : clients) {
    if (client->closed == 0) {
      dialer.close(client->id);
      break;
    }
  }
  REQUIRE(wait(host.loop, [&] { return host.server->stats().open == 3; }));
  connect("127.0.0.5");
  REQUIRE(wait(host.loop, [&] { return host.server->stats().open == 4; }));
  CHECK(host.server->stats().refused == 1);

  uv::ServerOptions slow;
  slow.exempt_loopback = false;
  slow.opens_per_address = {1, 2};
  Host second(slow);
  uv::Dialer to_second(second.loop);
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<Client>());
    dial(to_second, *clients.back(), second.tcp_port);
  }
  REQUIRE(wait(second.loop, [&] { return second.server->stats().accepted == 5; }));
  CHECK(second.server->stats().refused == 3);
}

TEST_CASE("without descriptors left the server sheds and does not spin", "[uv]") {
  Host host;
  std::vector<int> sockets;
  for (int i = 0; i < 20; ++i) {
    sockets.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  }
  const int next = open("/dev/null", O_RDONLY);
  REQUIRE(next >= 0);
  close(next);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next) + 3;  // room for three more
  REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
  uv::Address address;
  uv::parse_address("127.0.0.1", host.tcp_port, address);
  for (const int fd : sockets) connect(fd, address.get(), address.size);
  const std::clock_t cpu = std::clock();
  host.loop.run_for(Duration::ms(300));
  const double spent = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  const uv::ServerStats stats = host.server->stats();
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(stats.open == 3);
  CHECK(stats.accept_failed == 17);
  CHECK(spent < 0.15);
  // Those that were shed know it.
  int told = 0;
  for (const int fd : sockets) {
    char byte = 0;
    const ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
    told += got == 0 || (got < 0 && errno == ECONNRESET) ? 1 : 0;
  }
  CHECK(told == 17);
  for (const int fd : sockets) close(fd);
  WebSocketClient websocket;
  uv::Dialer dialer(host.loop);
  Client after;
  dial(dialer, after, host.ws_port, &websocket);
  REQUIRE(wait(host.loop, [&] { return after.opened == 1; }));
}

TEST_CASE("a port that is taken and an address that is none are told by errno", "[uv]") {
  Host host;
  const auto taken = host.server->listen({.port = host.ws_port, .filter = host.filter.get()});
  REQUIRE_FALSE(taken);
  CHECK(taken.error().detail == EADDRINUSE);
  const auto name = host.server->listen({.host = "no.such.host"});
  REQUIRE_FALSE(name);
  CHECK(name.error().detail == EINVAL);
}

TEST_CASE("after stop_listening nobody new comes, and who is there stays", "[uv]") {
  Host host;
  WebSocketClient websocket;
  uv::Dialer dialer(host.loop);
  Client here;
  dial(dialer, here, host.ws_port, &websocket);
  REQUIRE(wait(host.loop, [&] { return here.opened == 1; }));
  host.server->stop_listening();
  Client late;
  dial(dialer, late, host.ws_port, &websocket);
  REQUIRE(wait(host.loop, [&] { return late.closed == 1; }));
  CHECK(late.error == ECONNREFUSED);
  CHECK(here.closed == 0);
  // A drain tells everybody and ends them; the server goes before the engine.
  host.engine->drain(CloseCode::shutdown, Duration::ms(50));
  REQUIRE(wait(host.loop, [&] { return here.closed == 1; }));
  CHECK(here.code == CloseCode::shutdown);
  REQUIRE(wait(host.loop, [&] { return host.engine->drained(); }));
}

TEST_CASE("destroying a server ends its sessions at the engine", "[uv]") {
  Host host;
  WebSocketClient websocket;
  uv::Dialer dialer(host.loop);
  Client here;
  dial(dialer, here, host.ws_port, &websocket);
  REQUIRE(wait(host.loop, [&] { return has(here.got, "hello"); }));
  host.server.reset();
  CHECK(host.engine->metrics().sessions == 0);
  REQUIRE(wait(host.loop, [&] { return here.closed == 1; }));
}

TEST_CASE("a member who reads nothing is told or closed, the others lose nothing", "[uv]") {
  Host host;
  uv::DialerOptions small;
  small.receive_buffer_bytes = 8 * 1024;
  WebSocketClient websocket;
  uv::Dialer dialer(host.loop, small);
  Client reader;
  Client stalled;
  const uv::DialId a = dial(dialer, reader, host.ws_port, &websocket);
  const uv::DialId b = dial(dialer, stalled, host.ws_port, &websocket);
  REQUIRE(wait(host.loop, [&] { return reader.opened == 1 && stalled.opened == 1; }));
  for (const auto& [id, name] : {std::pair{a, "alice"}, {b, "bob"}}) {
    const std::string auth = R"({"id":1,"op":"auth","user":")" + std::string(name) + R"("})";
    CHECK(dialer.send(id, FrameKind::text, as_bytes(auth)));
    CHECK(dialer.send(id, FrameKind::text, as_bytes(R"({"id":2,"op":"join","room":"r"})")));
  }
  REQUIRE(wait(host.loop,
               [&] { return has(reader.got, R"("id":2)") && has(stalled.got, R"("id":2)"); }));
  dialer.pause(b, true);
  const Result<Room> room = host.engine->room("r");
  REQUIRE(room);
  const std::string text(2'000, 't');
  constexpr int kMessages = 2'000;
  for (int i = 0; i < kMessages; ++i) {
    Outgoing message;
    message.text = text;
    static_cast<void>(Room(*room).broadcast(message));
    // In step with the one who reads, however slow the machine is.
    const std::size_t said = static_cast<std::size_t>(i) * text.size();
    if (i % 20 == 0) wait(host.loop, [&] { return reader.got.size() + 100'000 >= said; });
  }
  const auto count = [&reader, &text] {
    std::size_t found = 0;
    for (std::size_t at = reader.got.find(text); at != std::string::npos;
         at = reader.got.find(text, at + text.size())) {
      ++found;
    }
    return found;
  };
  CHECK(wait(host.loop, [&] { return count() == kMessages; }));
  dialer.pause(b, false);
  REQUIRE(wait(host.loop, [&] { return has(stalled.got, "\"gap\"") || stalled.closed == 1; }));
  CHECK(reader.closed == 0);
}

}  // namespace chatroom::uv_test
