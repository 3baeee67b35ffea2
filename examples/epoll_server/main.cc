// A server for browsers without libuv: the host's own epoll loop, its own sockets, the WebSocket
// filter of the library between them. What a host does that has a loop already.
//
//   ./epoll_server [PORT]
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "chatroom/adapters/json.h"
#include "chatroom/adapters/websocket.h"
#include "peer.h"

using namespace chatroom;

namespace {

constexpr std::size_t kPeersMax = 1'000;  // more are closed at once

volatile std::sig_atomic_t ending = 0;

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return -1;
  return listen(fd, 128) == 0 ? fd : -1;
}

class Acceptor final : public Watcher {
 public:
  Acceptor(Service& service, int fd) : service_(service), fd_(fd) {
    service_.loop.watch(fd_, EPOLLIN, this);
  }
  ~Acceptor() {
    close(fd_);
    close(spare_);
  }

  void on_ready(std::uint32_t) override {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE) turn_away();
      return;
    }
    if (peers_.size() >= kPeersMax) {
      close(fd);
      return;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const int unsent = 16 * 1024;  // what is late should wait in the engine, where it can be merged
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    peers_.push_back(std::make_unique<Peer>(service_, fd, service_.loop.now() + Duration::s(10)));
  }
  // Peers whose socket has ended are destroyed here, and nowhere else.
  void sweep() {
    const Instant now = service_.loop.now();
    std::erase_if(peers_, [now](const auto& peer) { return peer->finished(now); });
  }

 private:
  // Out of files: who waits is let in with the spare one and goes at once, else the listener would
  // be ready for ever.
  void turn_away() {
    close(spare_);
    close(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
    spare_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }

  Service& service_;
  const int fd_;
  int spare_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 8080);
  std::signal(SIGINT, [](int) { ending = 1; });
  std::signal(SIGTERM, [](int) { ending = 1; });

  EpollLoop loop;
  JsonCodec json;
  auto engine =
      Engine::create({.open_server = true, .open_rooms = true}, {.loop = &loop, .json = &json});
  const int listener = listen_on(port);
  if (!engine || listener < 0) return std::perror("epoll_server"), 1;
  WebSocketServer browsers;
  Service service{**engine, browsers, loop};
  Acceptor acceptor(service, listener);
  std::printf("ws://127.0.0.1:%d/chat\n", port);
  std::fflush(stdout);

  std::optional<Engine::Turn> turn;
  while (ending == 0) {
    loop.run_once(
        Duration::ms(100),
        [&] {
          turn.emplace(**engine);
          service.turn = &*turn;
        },
        [&] {
          acceptor.sweep();
          service.turn = nullptr;
          turn.reset();  // one flush for all that was read
        });
  }
  engine->reset();  // before the peers that it knows
}
