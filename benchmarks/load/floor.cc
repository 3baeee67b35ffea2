// The kernel's floor: a bare epoll server, no library, one send a member and loop pass. It speaks
// just enough WebSocket for the load tool: answers every upgrade with the same words, and turns
// each inbound frame that publishes into one frame of exactly --frame-bytes for every member, which
// carries the 16 digits of the sender's clock.
//
//   floor --port N --frame-bytes N [--join-sends N]
//
// With --join-sends it is a floor for joins: everybody who comes is sent so many frames, the last
// of them one that the load tool takes for the answer to its join.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kUpgraded =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Protocol: chatroom.v1.json\r\n\r\n";

struct Member {
  int fd = -1;
  bool upgraded = false;
  std::string in;
  std::size_t sent = 0;  // of the frames of this pass, where a send took less
};

std::string frame_of(std::size_t bytes, std::string_view text) {
  const std::size_t payload = bytes - (bytes <= 127 ? 2 : 4);
  std::string frame(1, '\x81');
  if (payload < 126) {
    frame.push_back(static_cast<char>(payload));
  } else {
    frame.push_back(126);
    frame.push_back(static_cast<char>(payload >> 8));
    frame.push_back(static_cast<char>(payload & 0xff));
  }
  frame += text;
  frame.resize(bytes, '.');
  return frame;
}

// Unmasks whole frames and collects the clocks of those that publish. True: one of them joins.
bool take_frames(Member& member, std::vector<std::string>& clocks) {
  bool joins = false;
  for (;;) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(member.in[i]); };
    if (member.in.size() < 6) return joins;
    std::size_t length = byte(1) & 0x7f, head = 2;
    if (length == 126) {
      length = static_cast<std::size_t>(byte(2) << 8 | byte(3));
      head = 4;
    }
    if (member.in.size() < head + 4 + length) return joins;
    std::string text(member.in, head + 4, length);
    for (std::size_t i = 0; i < length; ++i)
      text[i] = static_cast<char>(text[i] ^ member.in[head + i % 4]);
    member.in.erase(0, head + 4 + length);
    const std::size_t at = text.find("t=");
    if (at != std::string::npos) clocks.push_back(text.substr(at + 2, 16));
    joins = joins || text.find("\"id\":2") != std::string::npos;
  }
}

// As many sends as a join costs, on average; the last is what it waits for.
struct JoinAnswers {
  double each = 0;  // sends; 0: none
  double owed = 0;
  std::string filler, answer;

  void send_to(int fd) {
    for (owed += each; owed >= 1; --owed) {
      const std::string& frame = owed >= 2 ? filler : answer;
      static_cast<void>(send(fd, frame.data(), frame.size(), MSG_NOSIGNAL));
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  int port = 0;
  std::size_t frame_bytes = 200;
  JoinAnswers joins;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--port") == 0) port = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--frame-bytes") == 0)
      frame_bytes = std::strtoul(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--join-sends") == 0) joins.each = std::atof(argv[i + 1]);
  }
  joins.filler = frame_of(frame_bytes, "");
  joins.answer = frame_of(std::max<std::size_t>(frame_bytes, 32), R"({"id":2,"ok":true})");
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 4096) != 0) {
    return std::perror("floor: listen"), 1;
  }
  const int poller = epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);

  std::vector<Member> members(65'536);  // by descriptor
  std::vector<int> open;
  std::vector<std::string> clocks;
  std::vector<epoll_event> ready(1'024);
  char buffer[65'536];
  std::string pass;
  for (;;) {
    const int count = epoll_wait(poller, ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        for (int client; (client = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
          setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          event = {.events = EPOLLIN, .data = {.fd = client}};
          epoll_ctl(poller, EPOLL_CTL_ADD, client, &event);
          members[static_cast<std::size_t>(client)] = {.fd = client, .in = {}};
        }
        continue;
      }
      Member& member = members[static_cast<std::size_t>(fd)];
      const ssize_t size = read(fd, buffer, sizeof buffer);
      if (size <= 0) {
        std::erase(open, fd);
        close(fd);
        continue;
      }
      member.in.append(buffer, static_cast<std::size_t>(size));
      if (!member.upgraded) {
        const std::size_t end = member.in.find("\r\n\r\n");
        if (end == std::string::npos) continue;
        member.in.erase(0, end + 4);
        member.upgraded = true;
        if (send(fd, kUpgraded.data(), kUpgraded.size(), MSG_NOSIGNAL) < 0) continue;
        open.push_back(fd);
      }
      if (take_frames(member, clocks)) joins.send_to(fd);
    }
    if (clocks.empty()) continue;
    pass.clear();
    for (const std::string& clock : clocks) pass += frame_of(frame_bytes, "t=" + clock);
    clocks.clear();
    for (const int fd : open) {
      // A member that takes less loses the rest: on loopback with readers that keep up it never
      // does, and the load tool counts.
      static_cast<void>(send(fd, pass.data(), pass.size(), MSG_NOSIGNAL));
    }
  }
}
