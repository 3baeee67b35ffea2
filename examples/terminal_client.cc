// A chat client for the terminal: TCP, FlatBuffers frames, the library's client role.
//
//   ./terminal_client HOST PORT NAME [ROOM]
//   Lines are said; /who lists, /back N shows older messages, /quit leaves.
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "chatroom/client.h"
#include "chatroom/flatbuffers.h"

using namespace chatroom;

namespace {

int connect_to(const char* host, const char* port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host, port, &hints, &found) != 0) return -1;
  int fd = -1;
  for (const addrinfo* at = found; at != nullptr && fd < 0; at = at->ai_next) {
    fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
      close(fd);
      fd = -1;
    }
  }
  freeaddrinfo(found);
  return fd;
}

// How many bytes at the front of `text` a terminal would obey: controls, C1 controls (U+0080 to
// U+009F), what turns the direction of writing (U+202A to U+202E, U+2066 to U+2069).
std::size_t obeyed(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) return 2;
  if (byte(0) != 0xe2) return 0;
  if (byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae) return 3;
  return byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9 ? 3 : 0;
}

// What others wrote, without that.
std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t hidden = obeyed(text);
    if (hidden == 0) out += text[0];
    text.remove_prefix(hidden == 0 ? 1 : hidden);
  }
  return out;
}

class Screen final : public ClientHandler {
 public:
  void on_event(const Event& event) noexcept override {
    switch (event.type) {
      case EventType::message:
        return print(event.message);
      case EventType::answer:
        return on_answer(event);
      case EventType::gap:
        std::printf("-- %llu messages are missing here\n",
                    static_cast<unsigned long long>(event.gap.count));
        return;
      case EventType::left:
        std::printf("-- left: %s\n", std::string(name_of(event.reason)).c_str());
        return;
      default:
        return;
    }
  }

 private:
  static void print(const Message& message) {
    const std::string_view who = message.nick.empty() ? message.user : message.nick;
    std::printf("%s: %s\n", who.empty() ? "*" : shown(who).c_str(), shown(message.text).c_str());
  }
  static void on_answer(const Event& event) {
    if (event.error.code != Errc::ok) {
      std::printf("-- %s\n", shown(event.text).c_str());
      return;
    }
    for (const Message& message : event.messages) print(message);
    if (event.op == Op::join) {
      std::printf("-- in %s with %llu others\n", shown(event.room).c_str(),
                  static_cast<unsigned long long>(event.online > 0 ? event.online - 1 : 0));
    }
    for (const Member& member : event.members) std::printf("-- %s\n", shown(member.user).c_str());
  }
};

Instant now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

// False: time to go.
bool obey(Client& client, const std::string& room, const std::string& line) {
  if (line == "/quit") return false;
  if (line == "/who") {
    client.presence({.room = room});
  } else if (line.rfind("/back", 0) == 0) {
    const auto limit = static_cast<std::uint32_t>(std::strtoul(line.c_str() + 5, nullptr, 10));
    client.history({.room = room, .limit = limit == 0 ? 20 : limit});
  } else if (!line.empty()) {
    client.publish({.room = room, .text = line});
  }
  return true;
}

int chat(int fd, Client& client, const std::string& room) {
  std::string typed;
  char buffer[16 * 1024];
  for (bool going = true; going && !client.ended();) {
    const bool waiting = !client.pending().empty();
    pollfd ready[] = {{fd, static_cast<short>(waiting ? POLLIN | POLLOUT : POLLIN), 0},
                      {STDIN_FILENO, POLLIN, 0}};
    const std::int64_t ms = (client.next_beat() - now()).in_ms();
    poll(ready, 2, static_cast<int>(ms < 0 ? 0 : ms > 60'000 ? 60'000 : ms));
    if (!client.beat(now())) return std::fputs("the server fell silent\n", stderr), 1;
    if ((ready[0].revents & (POLLIN | POLLHUP)) != 0) {
      const ssize_t size = read(fd, buffer, sizeof(buffer));
      if (size <= 0) return std::fputs("the server closed\n", stderr), 1;
      if (!client.on_bytes(as_bytes({buffer, static_cast<std::size_t>(size)}))) break;
    }
    if ((ready[1].revents & (POLLIN | POLLHUP)) != 0) {
      const ssize_t size = read(STDIN_FILENO, buffer, sizeof(buffer));
      going = size > 0;
      if (going) typed.append(buffer, static_cast<std::size_t>(size));
      for (std::size_t end; going && (end = typed.find('\n')) != typed.npos;) {
        going = obey(client, room, typed.substr(0, end));
        typed.erase(0, end + 1);
      }
    }
    const Bytes out = client.pending();
    if (out.empty()) continue;
    const ssize_t size = send(fd, out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size > 0) client.sent(static_cast<std::size_t>(size));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fputs("usage: terminal_client HOST PORT NAME [ROOM]\n", stderr), 2;
  const std::string room = argc > 4 ? argv[4] : "live/1";
  const int fd = connect_to(argv[1], argv[2]);
  if (fd < 0) return std::fputs("cannot connect\n", stderr), 1;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  FlatbuffersCodec codec;
  Screen screen;
  Client client({.codec = &codec}, screen);
  client.auth({.user = argv[3]});
  client.join({.room = room, .recent = 20});
  const int code = chat(fd, client, room);
  close(fd);
  return code;
}
