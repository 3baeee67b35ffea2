#include "members.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace compare {

Members::Members(Protocol& protocol, int port)
    : protocol_(protocol), port_(port), poller_(epoll_create1(0)) {}

Members::~Members() {
  for (const Member& member : list_) close(member.fd);
  close(poller_);
}

void Members::fail(const Member& member, const char* what) {
  std::printf("{\"error\":\"member %u: %s\"}\n", member.number, what);
  std::exit(3);
}

void Members::connect(bool publisher) {
  Member& member = list_.emplace_back();
  member.number = static_cast<std::uint32_t>(list_.size() - 1);
  member.publisher = publisher;
  if (publisher) publisher_ = &member;
  member.fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  if (::connect(member.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail(member, std::strerror(errno));
  const int one = 1;
  setsockopt(member.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // Ten thousand ports would wait a minute each after every run: end with a reset instead.
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(member.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fcntl(member.fd, F_SETFL, O_NONBLOCK);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &member}};
  epoll_ctl(poller_, EPOLL_CTL_ADD, member.fd, &event);
  member.out += protocol_.greeting(member);
  flush(member);
}

bool Members::open(int members) {
  wanted_ = members;
  const bool apart = protocol_.publisher_is_apart();
  const int sockets = members + (apart ? 1 : 0);
  const std::int64_t end = now_us() + 60'000'000;
  for (int i = 0; i < sockets; ++i) {
    connect(i == (apart ? members : 0));
    // Not more at once than any server's backlog holds.
    while (i - joined_ >= 100 && now_us() < end) poll(now_us() + 10'000);
  }
  while (joined_ < sockets && now_us() < end) poll(now_us() + 10'000);
  return joined_ == sockets;
}

void Members::queue(std::string_view text) { publisher_->out += protocol_.publish(text); }

void Members::push() { flush(*publisher_); }

void Members::flush(Member& member) {
  const ssize_t took = send(member.fd, member.out.data(), member.out.size(), MSG_NOSIGNAL);
  if (took < 0 && errno != EAGAIN) fail(member, std::strerror(errno));
  if (took > 0) member.out.erase(0, static_cast<std::size_t>(took));
  if (member.out.empty() && took >= 0) return;
  epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.ptr = &member}};
  epoll_ctl(poller_, EPOLL_CTL_MOD, member.fd, &event);
}

void Members::poll(std::int64_t until_us) {
  epoll_event ready[64];
  const std::int64_t left = std::max<std::int64_t>(0, until_us - now_us());
  const timespec wait{.tv_sec = left / 1'000'000, .tv_nsec = left % 1'000'000 * 1'000};
  const int count = epoll_pwait2(poller_, ready, 64, &wait, nullptr);
  for (int i = 0; i < count; ++i) {
    Member& member = *static_cast<Member*>(ready[i].data.ptr);
    if ((ready[i].events & EPOLLOUT) != 0) {
      epoll_event event{.events = EPOLLIN, .data = {.ptr = &member}};
      epoll_ctl(poller_, EPOLL_CTL_MOD, member.fd, &event);
      flush(member);
    }
    if ((ready[i].events & ~static_cast<unsigned>(EPOLLOUT)) != 0) receive(member);
  }
}

void Members::receive(Member& member) {
  char buffer[128 * 1024];
  const ssize_t size = read(member.fd, buffer, sizeof buffer);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) fail(member, size == 0 ? "the server closed" : std::strerror(errno));
  const std::int64_t at = now_us();
  std::string_view bytes(buffer, static_cast<std::size_t>(size));
  if (!member.in.empty()) {
    member.in += bytes;
    bytes = member.in;
  }
  answer_.clear();
  for (;;) {
    const Found found = protocol_.next(member, bytes, answer_);
    if (found.what == Found::What::incomplete) break;
    if (found.what == Found::What::broken) fail(member, "an answer that is no welcome");
    bytes.remove_prefix(found.bytes);
    if (found.what == Found::What::message) {
      tally.received(++member.received, read_mark(found.text), at, found.bytes);
    } else if (found.what == Found::What::joined && !member.joined) {
      member.joined = true;
      ++joined_;
    }
  }
  member.in = std::string(bytes);
  if (answer_.empty()) return;
  member.out += answer_;
  flush(member);
}

}  // namespace compare
