// Each call of the system and of libuv that the libuv adapter makes fails once: a server is
// started, two people talk over it, both ends through the adapter. Whatever failed: nothing
// crashes, whoever is not served is told that its connection ended, the next newcomer is served,
// and no descriptor is left behind.
//
//   torture_calls [--only N]      the N-th call alone
#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <uv.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chatroom/adapters/uv.h"
#include "chatroom/chatroom.h"
#include "chatroom/flatbuffers.h"
#include "wire/outer.h"

namespace {

struct Fault {
  long at = -1;  // the call that fails; -1: none
  long calls = 0;
  const char* fired = nullptr;  // which one it was
} fault;

// Whether this call is the one. `error`: what it fails with, as the system would.
bool fails(const char* call, int error) {
  if (fault.at < 0 || fault.calls++ != fault.at) return false;
  fault.fired = call;
  errno = error;
  return true;
}

}  // namespace

// NOLINTBEGIN: the linker's names
#define FAILING(name, error, result, parameters, arguments)    \
  extern "C" result __real_##name parameters;                  \
  extern "C" result __wrap_##name parameters;                  \
  extern "C" result __wrap_##name parameters {                 \
    return fails(#name, error) ? -1 : __real_##name arguments; \
  }

FAILING(socket, EMFILE, int, (int a, int b, int c), (a, b, c))
FAILING(bind, EADDRINUSE, int, (int a, const sockaddr* b, socklen_t c), (a, b, c))
FAILING(listen, EADDRINUSE, int, (int a, int b), (a, b))
FAILING(getsockname, ENOBUFS, int, (int a, sockaddr* b, socklen_t* c), (a, b, c))
FAILING(accept4, EMFILE, int, (int a, sockaddr* b, socklen_t* c, int d), (a, b, c, d))
FAILING(connect, ENETUNREACH, int, (int a, const sockaddr* b, socklen_t c), (a, b, c))
FAILING(getsockopt, ENOBUFS, int, (int a, int b, int c, void* d, socklen_t* e), (a, b, c, d, e))
FAILING(setsockopt, ENOMEM, int, (int a, int b, int c, const void* d, socklen_t e), (a, b, c, d, e))
FAILING(getpeername, ENOTCONN, int, (int a, sockaddr* b, socklen_t* c), (a, b, c))
FAILING(sendmsg, ENOBUFS, ssize_t, (int a, const msghdr* b, int c), (a, b, c))
FAILING(recv, ECONNRESET, ssize_t, (int a, void* b, size_t c, int d), (a, b, c, d))
FAILING(epoll_create1, EMFILE, int, (int a), (a))
FAILING(epoll_wait, EINTR, int, (int a, epoll_event* b, int c, int d), (a, b, c, d))

extern "C" int __real_epoll_ctl(int, int, int, epoll_event*);
extern "C" int __wrap_epoll_ctl(int, int, int, epoll_event*);
extern "C" int __wrap_epoll_ctl(int a, int operation, int c, epoll_event* d) {
  // Changing what is watched already cannot fail.
  if (operation == EPOLL_CTL_ADD && fails("epoll_ctl", ENOSPC)) return -1;
  return __real_epoll_ctl(a, operation, c, d);
}
extern "C" int __real_open(const char*, int, ...);
extern "C" int __wrap_open(const char*, int, ...);
extern "C" int __wrap_open(const char* path, int flags, ...) {
  return fails("open", EMFILE) ? -1 : __real_open(path, flags);
}
extern "C" int __real_uv_poll_init(uv_loop_t*, uv_poll_t*, int);
extern "C" int __wrap_uv_poll_init(uv_loop_t*, uv_poll_t*, int);
extern "C" int __wrap_uv_poll_init(uv_loop_t* loop, uv_poll_t* poll, int fd) {
  return fails("uv_poll_init", ENOMEM) ? UV_ENOMEM : __real_uv_poll_init(loop, poll, fd);
}
// NOLINTEND

namespace {

using namespace chatroom;

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "call %ld (%s): %s\n", fault.at, fault.fired == nullptr ? "-" : fault.fired,
               what);
  std::exit(1);
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

// Signs in, joins, says one thing and waits until it hears it.
class Person final : public uv::DialHandler {
 public:
  Person(uv::Dialer& dialer, std::uint16_t port, const char* name) : dialer_(dialer), name_(name) {
    uv::DialOptions options;
    options.port = port;
    const Result<uv::DialId> dialed = dialer.dial(options, *this);
    ended = !dialed;
    if (dialed) id_ = *dialed;
  }
  void on_open(uv::DialId id) noexcept override {
    say(id, {.op = Op::auth, .user = name_});
    say(id, {.op = Op::join, .room = "r"});
    say(id, {.op = Op::publish, .room = "r", .out = {.text = name_}});
  }
  void on_bytes(uv::DialId, Bytes bytes) noexcept override {
    unread_ += as_text(bytes);
    for (;;) {
      const auto frame = wire::read_outer_frame(as_bytes(unread_), wire::kOuterBodyBytesMax);
      require(frame.state != wire::OuterFrame::State::wrong_type, "bytes that are no frame");
      if (frame.state != wire::OuterFrame::State::whole) return;
      Event event;
      require(bool(codec_.decode(frame.body, event).status), "a frame that no client reads");
      if (event.type == EventType::message && event.message.user == name_) heard = true;
      unread_.erase(0, frame.bytes);
    }
  }
  void on_closed(uv::DialId, CloseCode, int) noexcept override { ended = true; }
  void close() {
    if (!ended) dialer_.close(id_);
  }

  bool heard = false;
  bool ended = false;

 private:
  void say(uv::DialId id, const Command& command) {
    std::byte frame[1'024];
    const std::size_t size =
        codec_.encode(command, std::span(frame).subspan(wire::kOuterHeaderBytes));
    wire::write_outer_header(wire::OuterType::plain, size,
                             std::span(frame).first<wire::kOuterHeaderBytes>());
    static_cast<void>(dialer_.send(id, Bytes(frame).first(wire::kOuterHeaderBytes + size)));
  }

  uv::Dialer& dialer_;
  std::string name_;
  FlatbuffersCodec codec_;
  uv::DialId id_;
  std::string unread_;
};

template <class Done>
bool wait(uv::Loop& loop, Done done) {
  for (int i = 0; i < 500 && !done(); ++i) loop.run_for(Duration::ms(10));
  return done();
}

// False: there was no such call any more.
bool survive(long which, uv::Polling polling) {
  const std::size_t before = open_descriptors();
  {
    uv::Loop loop;
    EngineOptions options;
    options.open_server = options.open_rooms = true;
    Result<EnginePtr> engine = Engine::create(options, {.loop = &loop});
    require(bool(engine), "create");
    fault = {.at = which};
    uv::ServerOptions server_options;
    server_options.polling = polling;
    uv::Server server(loop, **engine, server_options);
    Result<std::uint16_t> port = server.listen({});
    if (!port) {
      require(fault.fired != nullptr && port.error().detail != 0, "listen says what is wrong");
      port = server.listen({});
    }
    require(bool(port), "the second listen works");
    uv::DialerOptions dialer_options;
    dialer_options.polling = polling;
    uv::Dialer dialer(loop, dialer_options);
    Person alice(dialer, *port, "alice"), bob(dialer, *port, "bob");
    require(wait(loop, [&] { return (alice.heard || alice.ended) && (bob.heard || bob.ended); }),
            "somebody is neither served nor told");
    Person carol(dialer, *port, "carol");
    require(wait(loop, [&] { return carol.heard || carol.ended; }), "a newcomer waits for ever");
    const bool fired = fault.fired != nullptr;
    std::optional<Person> dave;  // lives until all connections have ended
    if (fired) {
      fault.at = -1;
      dave.emplace(dialer, *port, "dave");
      require(wait(loop, [&] { return dave->heard; }), "who comes afterwards is not served");
      dave->close();
    }
    alice.close(), bob.close(), carol.close();
    require(wait(loop, [&] { return dialer.open() == 0 && server.stats().open == 0; }),
            "connections that do not end");
    fault.at = -1;
    server.stop_listening();
    if (!fired) return false;
  }
  fault.at = which;  // for the message
  require(open_descriptors() == before, "a descriptor is left behind");
  fault.at = -1;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const long only = argc == 3 && std::string_view(argv[1]) == "--only" ? std::atol(argv[2]) : -1;
  for (const uv::Polling polling : {uv::Polling::automatic, uv::Polling::per_socket}) {
    survive(-1, polling);  // libuv keeps a few descriptors of the process from its first loop on
    if (only >= 0) {
      survive(only, polling);
      continue;
    }
    long calls = 0;
    while (survive(calls, polling)) ++calls;
    std::printf("%s: %ld calls failed, each once\n",
                polling == uv::Polling::automatic ? "one epoll" : "a poll for each socket", calls);
    if (calls < 50) return 1;  // the linker did not put ours in front
  }
  return 0;
}
