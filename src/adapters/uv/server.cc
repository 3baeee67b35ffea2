// uv::Server: listeners, and links whose input is an Engine::Turn: one turn for all that is ready
// in one round of the loop.
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "chatroom/adapters/uv.h"
#include "chatroom/engine.h"
#include "uv/addresses.h"
#include "uv/links.h"
#include "uv/socket.h"

namespace chatroom::uv {

namespace {

constexpr Duration kAcceptPause = Duration::ms(100);
constexpr std::uint32_t kRefusing = 64;  // links past the limit, let in to hear why
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\n"
    "Connection: close\r\n\r\n";

class EngineIntake final : public Intake {
 public:
  EngineIntake(Engine& engine, void (*acceptable)(void* server, void* listener), void* server)
      : engine_(engine), acceptable_(acceptable), server_(server) {}

  void begin_round() noexcept override { turn_.emplace(engine_); }
  void end_round() noexcept override { turn_.reset(); }
  Result<SessionId> open(Link& link, const SessionOptions& options) noexcept override {
    if (links->stats().open > connections) return Errc::limit_reached;
    return engine_.open(link, options);
  }
  bool admitted(SessionId session) noexcept override { return !engine_.user_of(session).empty(); }
  void on_bytes(SessionId session, Bytes bytes) noexcept override {
    turn_->on_bytes(session, bytes);
  }
  void on_frame(SessionId session, FrameKind kind, Bytes payload) noexcept override {
    turn_->on_frame(session, kind, payload);
  }
  void on_fault(SessionId session, CloseCode code) noexcept override {
    turn_->on_fault(session, code);
  }
  void on_writable(SessionId session) noexcept override { turn_->on_writable(session); }
  void on_closed(SessionId session, int) noexcept override { turn_->on_closed(session); }
  void on_acceptable(void* listener) noexcept override { acceptable_(server_, listener); }

  const Links* links = nullptr;
  std::uint32_t connections = UINT32_MAX;

 private:
  Engine& engine_;
  void (*acceptable_)(void*, void*);
  void* server_;
  std::optional<Engine::Turn> turn_;
};

struct Listener {
  int fd = -1;
  ByteFilter* filter = nullptr;
};

LinksOptions links_options(const ServerOptions& options) {
  return {.opening = options.upgrade_deadline,
          .closing = options.close_linger,
          .opening_links = options.upgrading,
          .read_buffer_bytes = options.read_buffer_bytes,
          .polling = options.polling};
}

}  // namespace

struct Server::State final : LinkOwner {
  State(Loop& on, Engine& engine, const ServerOptions& given)
      : loop(on),
        options(given),
        socket_options{.send_buffer_bytes = given.send_buffer_bytes,
                       .unsent_bytes = given.unsent_bytes},
        addresses({.links = given.connections_per_address,
                   .opens = given.opens_per_address,
                   .exempt_loopback = given.exempt_loopback}),
        intake(
            engine,
            [](void* self, void* listener) {
              static_cast<State*>(self)->accept_some(*static_cast<Listener*>(listener));
            },
            this),
        spare(open_spare()),
        resume(
            on.native(), [](void* self) { static_cast<State*>(self)->accept_again(); }, this),
        links(on, intake, this, links_options(given)) {
    intake.links = &links;
    intake.connections = given.connections;
  }
  ~State() { stop(); }

  void on_released(AddressUse* address) noexcept override { addresses.leave(address); }
  void accept_some(Listener& listener) noexcept;
  bool shed(Listener& listener) noexcept;
  void take(Listener& listener, int fd, const Address& peer) noexcept;
  void accept_again() noexcept;
  void stop() noexcept;

  Loop& loop;
  ServerOptions options;
  SocketOptions socket_options;
  Addresses addresses;
  EngineIntake intake;
  int spare;  // given up for a moment when there are no descriptors left
  Timer resume;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t accept_failed = 0;
  Links links;  // last: goes first, and still calls the others
};

Server::Server(Loop& loop, Engine& engine, const ServerOptions& options)
    : state_(std::make_unique<State>(loop, engine, options)) {}
Server::~Server() = default;

Result<std::uint16_t> Server::listen(const ListenOptions& options) noexcept {
  State& s = *state_;
  const auto failed = [](int error) {
    return Error{Errc::bad_request, static_cast<std::uint16_t>(-error), 0};
  };
  Address address;
  const int parsed = parse_address(options.host, options.port, address);
  if (parsed < 0) return failed(parsed);
  SocketOptions inherited = s.socket_options;
  inherited.share_port = options.share_port;
  const int fd = listen_on(address, options.backlog, inherited);
  if (fd < 0) return failed(fd);
  auto listener = std::make_unique<Listener>(Listener{fd, options.filter});
  if (!s.links.watch_listener(fd, listener.get())) {
    close_socket(fd);
    return failed(-ENOMEM);
  }
  s.listeners.push_back(std::move(listener));
  return port_of(address);
}

void Server::stop_listening() noexcept { state_->stop(); }

ServerStats Server::stats() const noexcept {
  const Links::Stats& links = state_->links.stats();
  return {.open = links.open,
          .upgrading = links.opening,
          .accepted = state_->accepted,
          .refused = state_->refused,
          .accept_failed = state_->accept_failed,
          .timed_out = links.timed_out,
          .bytes_in = links.bytes_in,
          .bytes_out = links.bytes_out,
          .memory_bytes = links.memory_bytes};
}

// The records stay: an event for one may still wait in this round.
void Server::State::stop() noexcept {
  resume.stop();
  for (const std::unique_ptr<Listener>& listener : listeners) {
    if (listener->fd < 0) continue;
    links.unwatch_listener(listener->fd);
    close_socket(std::exchange(listener->fd, -1));
  }
  if (spare >= 0) close_socket(std::exchange(spare, -1));
}

void Server::State::accept_some(Listener& listener) noexcept {
  for (std::uint32_t i = 0; i < options.accepts_per_round && listener.fd >= 0; ++i) {
    Address peer;
    const int fd = accept_from(listener.fd, socket_options, peer);
    if (fd >= 0) {
      ++accepted;
      take(listener, fd, peer);
    } else if (would_block(fd)) {
      return;
    } else if (out_of_descriptors(fd)) {
      if (!shed(listener)) return;
    }  // else: that one connection was gone again
  }
}

// No descriptors left: the connection waiting is taken with the spare one and closed, so that its
// peer knows and the listener does not stay ready for ever. False: not even that; accepting rests.
bool Server::State::shed(Listener& listener) noexcept {
  if (spare >= 0) {
    close_socket(std::exchange(spare, -1));
    Address peer;
    const int fd = accept_from(listener.fd, socket_options, peer);
    if (fd >= 0) reset_socket(fd);
    spare = open_spare();
    if (would_block(fd)) return false;  // the system looks for a descriptor first, for a peer then
    ++accept_failed;
    if (fd >= 0 && spare >= 0) return true;
  } else {
    ++accept_failed;
    spare = open_spare();
  }
  for (const std::unique_ptr<Listener>& each : listeners) {
    if (each->fd >= 0) links.set_listener(each->fd, each.get(), false);
  }
  resume.start(kAcceptPause);
  return false;
}

void Server::State::accept_again() noexcept {
  for (const std::unique_ptr<Listener>& each : listeners) {
    if (each->fd >= 0) links.set_listener(each->fd, each.get(), true);
  }
}

void Server::State::take(Listener& listener, int fd, const Address& peer) noexcept {
  AddressUse* address = nullptr;
  // A filter says 503 in its own time; a bare link is closed at once.
  const std::uint32_t more = listener.filter != nullptr ? kRefusing : 0;
  const bool room = links.stats().open < std::uint64_t{options.connections} + more;
  if (!room || !addresses.admit(peer, loop.now(), address)) {
    ++refused;
    if (listener.filter != nullptr) {
      // Its request is not waited for; what it then sends may cost it this answer.
      const Bytes pieces[] = {as_bytes(kFull)};
      static_cast<void>(send_pieces(fd, pieces));
    }
    return close_socket(fd);
  }
  const Link* const link = links.add({.fd = fd,
                                      .filter = listener.filter,
                                      .address = address,
                                      .connecting = false,
                                      .session = {}});
  if (link == nullptr) ++refused;
}

}  // namespace chatroom::uv
