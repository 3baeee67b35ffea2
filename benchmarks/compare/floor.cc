// What the kernel asks of any server that spreads messages over TCP: a bare epoll loop without a
// library, TCP_NODELAY, one WebSocket frame a message as long as the publisher's text makes it.
//
//   compare_floor --port N [--merge]
//
// Without --merge each delivery is one send; with it each member gets one send a pass of the loop,
// which carries all frames that the pass brought. It knows no names, rooms or rules. A member whose
// socket is full goes on where it stopped once it is writable, since bursts do fill sockets; the
// log is kept until the slowest has it, without a limit, as only a floor may.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kUpgraded =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

struct Member {
  bool upgraded = false;
  bool blocked = false;
  std::size_t at = 0;  // so much of the log it has
  std::string in;      // of a publisher: frames that are not whole yet
};

class Floor {
 public:
  Floor(int listener, bool merge) : listener_(listener), merge_(merge) {
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
  }

  [[noreturn]] void serve() {
    std::vector<epoll_event> ready(1'024);
    for (;;) {
      const int count = epoll_wait(poller_, ready.data(), static_cast<int>(ready.size()), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = ready[static_cast<std::size_t>(i)];
        if (event.data.fd == listener_) {
          accept_all();
        } else if ((event.events & EPOLLOUT) != 0) {
          members_[index(event.data.fd)].blocked = false;
          --blocked_;
          watch(EPOLL_CTL_MOD, event.data.fd, EPOLLIN);
          late_.push_back(event.data.fd);
        } else {
          receive(event.data.fd);
        }
      }
      spread();
    }
  }

 private:
  static std::size_t index(int fd) { return static_cast<std::size_t>(fd); }

  void watch(int what, int fd, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    epoll_ctl(poller_, what, fd, &event);
  }

  void accept_all() {
    for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      const int one = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      watch(EPOLL_CTL_ADD, fd, EPOLLIN);
      if (index(fd) >= members_.size()) members_.resize(index(fd) + 1);
      members_[index(fd)] = {};
    }
  }

  void receive(int fd) {
    Member& member = members_[index(fd)];
    const ssize_t size = read(fd, buffer_, sizeof buffer_);
    if (size <= 0) {
      if (member.blocked) --blocked_;
      std::erase(open_, fd);
      close(fd);
      return;
    }
    member.in.append(buffer_, static_cast<std::size_t>(size));
    if (!member.upgraded) {
      const std::size_t end = member.in.find("\r\n\r\n");
      if (end == std::string::npos) return;
      member.in.erase(0, end + 4);
      member.upgraded = true;
      member.at = log_.size();
      if (send(fd, kUpgraded.data(), kUpgraded.size(), MSG_NOSIGNAL) > 0) open_.push_back(fd);
    }
    take_frames(member.in);
  }

  // Each whole frame of a publisher becomes one for everybody, unmasked, with the same text.
  void take_frames(std::string& in) {
    std::size_t at = 0;
    for (;;) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in[at + i]); };
      if (in.size() - at < 6) break;
      std::size_t length = byte(1) & 0x7f, head = 2;
      if (length == 126) {
        length = static_cast<std::size_t>(byte(2) << 8 | byte(3));
        head = 4;
      }
      if (in.size() - at < head + 4 + length) break;
      log_.push_back('\x81');
      log_.append(in, at + 1, head - 1);
      log_[log_.size() - head + 1] &= 0x7f;  // no mask from here on
      for (std::size_t i = 0; i < length; ++i)
        log_.push_back(static_cast<char>(byte(head + 4 + i) ^ byte(head + i % 4)));
      ends_.push_back(log_.size());
      at += head + 4 + length;
    }
    in.erase(0, at);
  }

  void spread() {
    for (const int fd : late_) catch_up(fd);
    late_.clear();
    if (merge_) {
      if (spread_ < ends_.size())
        for (const int fd : open_) catch_up(fd);
    } else {
      for (std::size_t begin, i = spread_; i < ends_.size(); ++i) {
        begin = i == 0 ? 0 : ends_[i - 1];
        for (const int fd : open_)
          if (members_[index(fd)].at == begin) offer(fd, ends_[i]);
      }
    }
    spread_ = ends_.size();
    if (blocked_ > 0 || log_.empty()) return;
    for (const int fd : open_) members_[index(fd)].at = 0;
    log_.clear();
    ends_.clear();
    spread_ = 0;
  }

  void catch_up(int fd) {
    Member& member = members_[index(fd)];
    if (merge_) {
      if (member.at < log_.size()) offer(fd, log_.size());
      return;
    }
    for (const std::size_t end : ends_)
      if (end > member.at && !member.blocked) offer(fd, end);
  }

  // One send, from where the member is to `end`.
  void offer(int fd, std::size_t end) {
    Member& member = members_[index(fd)];
    if (member.blocked) return;
    const ssize_t took = send(fd, log_.data() + member.at, end - member.at, MSG_NOSIGNAL);
    if (took > 0) member.at += static_cast<std::size_t>(took);
    if (member.at == end) return;
    member.blocked = true;
    watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
    ++blocked_;
  }

  const int listener_;
  const bool merge_;
  const int poller_ = epoll_create1(0);
  std::vector<Member> members_;   // by descriptor
  std::vector<int> open_, late_;  // late: writable again in this pass
  int blocked_ = 0;               // members whose socket is full
  std::string log_;
  std::vector<std::size_t> ends_;  // of the frames in it
  std::size_t spread_ = 0;         // frames that were offered
  char buffer_[65'536];
};

}  // namespace

int main(int argc, char** argv) {
  int port = 0;
  bool merge = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--merge") == 0) merge = true;
    if (std::strcmp(argv[i], "--port") == 0 && i + 1 < argc) port = std::atoi(argv[++i]);
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 4096) != 0) {
    return std::perror("compare_floor: listen"), 1;
  }
  Floor(listener, merge).serve();
}
