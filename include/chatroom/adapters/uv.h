// The libuv adapter: a loop, a server that feeds an engine from sockets, a dialer for tools.
//
//   uv::Loop loop;                                       // or uv::Loop(your uv_loop_t*)
//   auto engine = Engine::create(options, {.loop = &loop});
//   WebSocketServer browsers;
//   uv::Server server(loop, **engine);
//   auto ws = server.listen({.host = "0.0.0.0", .port = 8080, .filter = &browsers});
//   auto tcp = server.listen({.port = 9000});
//   loop.stop_on_signals();
//   loop.run();
//
// Thread: all of it on the loop's, except Loop::wake. Destroy in the reverse order.
#pragma once

#include <memory>
#include <string>

#include "chatroom/byte_filter.h"
#include "chatroom/error.h"
#include "chatroom/event_loop.h"

struct uv_loop_s;

namespace chatroom {
class Engine;
}

namespace chatroom::uv {

class Loop final : public EventLoop {
 public:
  Loop();                            // a loop of its own
  explicit Loop(uv_loop_s* theirs);  // on the host's, which runs it and outlives this by one round
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run() noexcept;                      // until stop()
  bool run_for(Duration at_most) noexcept;  // true: stop() was called meanwhile
  void stop() noexcept;
  // SIGINT and SIGTERM call `callback(context)` on the loop's thread. Again replaces it.
  void on_signals(void (*callback)(void*), void* context) noexcept;
  void stop_on_signals() noexcept;
  uv_loop_s* native() noexcept;

  Instant now() noexcept override;
  void set_alarm(Instant at) noexcept override;
  void wake() noexcept override;
  void entropy(MutableBytes out) noexcept override;
  void attach(LoopClient* client) noexcept override;

 private:
  struct State;
  State* state_;
};

// How ready sockets are found. `automatic`: on Linux one epoll descriptor of our own behind a
// single uv_poll_t, so that one callback is one Engine::Turn over all of them; elsewhere a
// uv_poll_t for each socket, and a turn for each.
enum class Polling : std::uint8_t { automatic, per_socket };

struct ServerOptions {
  std::uint32_t connections = 65'536;  // all listeners; above: 503, or closed at once (TCP)
  std::uint32_t upgrading = 1'024;     // sockets without a session; above: the oldest is closed
  Duration upgrade_deadline = Duration::s(10);  // absolute, from accept: closed
  // Per peer address (IPv6: per /64); above: 503, or closed at once. Loopback is exempt by default:
  // a reverse proxy on the same machine brings everybody from there.
  std::uint32_t connections_per_address = 64;
  Rate opens_per_address{10, 20};
  bool exempt_loopback = true;
  // What the kernel may hold for one socket.
  std::uint32_t send_buffer_bytes = 128 * 1024;
  std::uint32_t unsent_bytes = 16 * 1024;
  Duration close_linger = Duration::ms(100);  // taken bytes may still leave; then forced
  // One, shared by all sockets. What was read is carried out before anybody else is read from, so
  // this is also how much of one peer the others wait for.
  std::uint32_t read_buffer_bytes = 16 * 1024;
  std::uint32_t accepts_per_round = 64;
  Polling polling = Polling::automatic;
};

struct ListenOptions {
  std::string host = "127.0.0.1";  // a numeric address: "0.0.0.0", "::"
  std::uint16_t port = 0;          // 0: any; listen() answers which
  int backlog = 1'024;
  // Several servers, each on its own thread, listen to one port; the system spreads connections.
  bool share_port = false;
  // Null: bare TCP, outer frames with FlatBuffers. Must outlive the server.
  ByteFilter* filter = nullptr;
};

struct ServerStats {
  std::uint64_t open = 0;       // sockets now
  std::uint64_t upgrading = 0;  // of them, without a session yet
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;        // by a limit of ServerOptions or by the engine
  std::uint64_t accept_failed = 0;  // no descriptor or memory left in the process or the system
  std::uint64_t timed_out = 0;      // upgrade deadline
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t memory_bytes = 0;  // records and buffers of the adapter itself
};

class Server final {
 public:
  Server(Loop& loop, Engine& engine, const ServerOptions& options = {});
  ~Server();  // closes listeners and sockets; the engine gets its on_closed calls from here
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The port it listens on. Fails with `detail` holding the system's errno. As often as wanted.
  [[nodiscard]] Result<std::uint16_t> listen(const ListenOptions& options) noexcept;
  void stop_listening() noexcept;  // sockets that are open stay (drain)
  ServerStats stats() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The other side, for tools: many thousands of client connections from one process.
using DialId = Handle<struct DialTag>;

// Re-entry: every call on the Dialer is allowed from here.
class DialHandler {
 public:
  virtual void on_open(DialId) noexcept {}                     // connected, handshake done
  virtual void on_bytes(DialId, Bytes) noexcept {}             // links without a filter
  virtual void on_frame(DialId, FrameKind, Bytes) noexcept {}  // pings are answered already
  virtual void on_writable(DialId) noexcept {}                 // room again after a refused send
  // Exactly once for each dial that was answered with an id. `error`: errno, 0 if none.
  virtual void on_closed(DialId, CloseCode code, int error) noexcept = 0;

 protected:
  ~DialHandler() = default;
};

struct DialerOptions {
  Duration connect_deadline = Duration::s(10);  // absolute, with the handshake
  std::uint32_t send_bytes = 256 * 1024;        // waiting for one socket; above: send refuses
  std::uint32_t read_buffer_bytes = 64 * 1024;
  std::uint32_t receive_buffer_bytes = 0;  // SO_RCVBUF; 0: the system's
  Polling polling = Polling::automatic;
};

struct DialOptions {
  std::string host = "127.0.0.1";  // a numeric address or "localhost"
  std::uint16_t port = 0;
  std::string from;  // source address; empty: any. One gives about 28,000 connections to one place
  // Null: bytes as they are. Or a WebSocketClient; must outlive the dialer.
  ByteFilter* filter = nullptr;
};

class Dialer final {
 public:
  explicit Dialer(Loop& loop, const DialerOptions& options = {});
  ~Dialer();  // handlers are told of nothing any more
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  Result<DialId> dial(const DialOptions& options, DialHandler& handler) noexcept;
  // All or nothing; false: no room (on_writable follows) or gone.
  bool send(DialId id, Bytes bytes) noexcept;                    // links without a filter
  bool send(DialId id, FrameKind kind, Bytes payload) noexcept;  // links with one
  std::size_t waiting_bytes(DialId id) const noexcept;
  void pause(DialId id, bool paused) noexcept;  // stops reading: a stalled reader, for tests
  void close(DialId id, CloseCode code = CloseCode::normal) noexcept;
  void reset(DialId id) noexcept;  // RST, without a word
  std::size_t open() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chatroom::uv
