#include "clients.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace load {

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
      .count();
}

bool has(const char* frame, std::size_t size, const char* word) {
  return memmem(frame, size, word, std::strlen(word)) != nullptr;
}

}  // namespace

struct Clients::Member {
  int fd = -1;
  std::uint32_t number = 0;
  bool upgraded = false;
  std::int64_t shown_us = 0;  // that it is there, listening blindly
  std::int64_t second = 0;    // presence since then:
  std::uint32_t frames = 0, bytes = 0;
  std::string in;  // an incomplete frame, or the answer to the upgrade
};

Clients::Clients(std::string host, int port)
    : host_(std::move(host)), port_(port), poller_(epoll_create1(0)) {}

Clients::~Clients() {
  for (const auto& member : members_) close(member->fd);
  close(poller_);
}

bool Clients::wait_for_server() {
  for (int i = 0; i < 100; ++i) {
    Member probe;
    const bool up = connect(probe);
    if (probe.fd >= 0) close(probe.fd);
    if (up) return true;
    usleep(50'000);
  }
  return false;
}

bool Clients::connect(Member& member) {
  member.fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  inet_pton(AF_INET, host_.c_str(), &address.sin_addr);
  if (::connect(member.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return false;
  const int one = 1;
  setsockopt(member.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fcntl(member.fd, F_SETFL, O_NONBLOCK) == 0;
}

bool Clients::open(int members) {
  const std::uint64_t wanted = joined_ + static_cast<std::uint64_t>(members);
  for (int i = 0; i < members; ++i) {
    auto member = std::make_unique<Member>();
    member->number = static_cast<std::uint32_t>(members_.size());
    if (!connect(*member)) return std::perror("load: connect"), false;
    epoll_event event{.events = EPOLLIN, .data = {.ptr = member.get()}};
    epoll_ctl(poller_, EPOLL_CTL_ADD, member->fd, &event);
    const std::string upgrade = "GET /chat HTTP/1.1\r\nHost: " + host_ + ":" +
                                std::to_string(port_) +
                                "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                                "dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                "Sec-WebSocket-Protocol: chatroom.v1.json\r\n\r\n";
    if (send(member->fd, upgrade.data(), upgrade.size(), MSG_NOSIGNAL) < 0) return false;
    members_.push_back(std::move(member));
    if (i % 64 == 63) run_for(0.002);
    for (int waits = 0; waits < 600 && members_.size() > joined_ + ahead; ++waits) run_for(0.01);
  }
  for (int i = 0; i < 600 && joined_ < wanted; ++i) run_for(0.05);
  return joined_ >= wanted;
}

bool Clients::stall(int members) {
  const std::size_t first = members_.size();
  if (!open(members)) return false;
  for (std::size_t i = first; i < members_.size(); ++i) {
    epoll_ctl(poller_, EPOLL_CTL_DEL, members_[i]->fd, nullptr);
  }
  return true;
}

void Clients::listen_blindly() {
  for (const auto& member : members_) epoll_ctl(poller_, EPOLL_CTL_DEL, member->fd, nullptr);
}

void Clients::gulp(std::size_t members) {
  constexpr std::int64_t kShown = 20'000'000;  // before it is pinged, or taken for dead
  const std::int64_t now = now_us();
  for (std::size_t i = 0; i < members; ++i) {
    Member& member = *members_[next_gulp_++ % members_.size()];
    // For TCP the system drops so much without a copy.
    if (recv(member.fd, nullptr, 1u << 20, MSG_TRUNC | MSG_DONTWAIT) == 0) {
      std::fputs("load: a connection ended\n", stderr);
      std::exit(1);
    }
    if (now - member.shown_us < kShown) continue;
    // The first time at any moment within the span, so that they do not all speak at once.
    const bool first = member.shown_us == 0;
    const auto part = kShown * static_cast<std::int64_t>(member.number);
    member.shown_us = first ? now - part / static_cast<std::int64_t>(members_.size()) : now;
    answer_ping(member, "", 0);
  }
}

// A masked frame with a mask of zeros: the payload as it is.
void Clients::say(Member& member, const std::string& json) {
  std::string frame(1, '\x81');
  if (json.size() < 126) {
    frame.push_back(static_cast<char>(0x80 | json.size()));
  } else {
    frame.push_back(static_cast<char>(0xfe));
    frame.push_back(static_cast<char>(json.size() >> 8));
    frame.push_back(static_cast<char>(json.size() & 0xff));
  }
  frame.append(4, '\0');
  frame += json;
  if (send(member.fd, frame.data(), frame.size(), MSG_NOSIGNAL) < 0) std::perror("load: send");
}

// What is said: the moment, and words.
std::string Clients::text() {
  char moment[32];
  std::snprintf(moment, sizeof moment, "t=%016lld", static_cast<long long>(now_us()));
  return std::string(moment) +
         " one hundred bytes of text make a message of ordinary length here, as people write "
         "it....";
}
bool Clients::publish() {
  say(*members_.front(), R"({"op":"publish","room":")" + room + R"(","text":")" + text() + "\"}");
  return true;
}
bool Clients::direct() {
  say(*members_.front(),
      R"({"op":"send_to","user":")" + prefix + R"(1","text":")" + text() + "\"}");
  return true;
}

void Clients::run_for(double seconds) {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  epoll_event ready[512];
  for (;;) {
    const double left = std::chrono::duration<double>(end - Clock::now()).count();
    const int count = epoll_wait(poller_, ready, 512, left > 0 ? static_cast<int>(left * 1000) : 0);
    for (int i = 0; i < count; ++i) receive(*static_cast<Member*>(ready[i].data.ptr));
    if (left <= 0) return;
  }
}

void Clients::forget() {
  delivered_ = 0;
  latencies_.clear();
}

void Clients::receive(Member& member) {
  static char buffer[256 * 1024];
  const ssize_t size = read(member.fd, buffer, sizeof buffer);
  if (size <= 0) {
    std::fputs("load: a connection ended\n", stderr);
    std::exit(1);
  }
  const char* at = buffer;
  std::size_t left = static_cast<std::size_t>(size);
  if (!member.in.empty() || !member.upgraded) {
    member.in.append(buffer, left);
    at = member.in.data();
    left = member.in.size();
  }
  if (!member.upgraded) {
    const std::size_t end = member.in.find("\r\n\r\n");
    if (end == std::string::npos) return;
    member.upgraded = true;
    at += end + 4;
    left -= end + 4;
    if (bare) {
      ++joined_;
    } else {
      sign_in(member);
    }
  }
  while (left >= 2) {
    std::size_t length = static_cast<unsigned char>(at[1]) & 0x7f, head = 2;
    if (length == 126) {
      head = 4;
      if (left < head) break;
      length = static_cast<std::size_t>(static_cast<unsigned char>(at[2]) << 8 |
                                        static_cast<unsigned char>(at[3]));
    }
    if (left < head + length) break;
    if (at[0] == '\x89') {
      answer_ping(member, at + head, length);
    } else {
      take(member, at + head, length, head + length);
    }
    at += head + length;
    left -= head + length;
  }
  const std::string rest(at, left);
  member.in = rest;
}

void Clients::sign_in(Member& member) {
  const std::string number = std::to_string(member.number);
  const std::string nick = everything ? R"(,"nick":"Guest no. )" + number + '"' : "";
  say(member, R"({"id":1,"op":"auth","user":")" + prefix + number + '"' + nick + "}");
  say(member, R"({"id":2,"op":"join","room":")" + room + "\"}");
}

void Clients::hear_join(Member& member, const char* frame, std::size_t size) {
  const bool joined = has(frame, size, "\"id\":2,\"ok\"");
  if (joined && everything) {
    say(member, R"({"id":3,"op":"ack","room":")" + room + R"(","offset":1})");
  }
  if (has(frame, size, everything ? "\"id\":3,\"ok\"" : "\"id\":2,\"ok\"")) ++joined_;
  if (!has(frame, size, "\"error\":")) return;
  std::fprintf(stderr, "load: member %u was told %.*s\n", member.number, static_cast<int>(size),
               frame);
}

void Clients::answer_ping(Member& member, const char* payload, std::size_t size) {
  std::string pong("\x8a\x80\0\0\0\0", 6);
  pong[1] = static_cast<char>(0x80 | size);
  pong.append(payload, size);
  if (send(member.fd, pong.data(), pong.size(), MSG_NOSIGNAL) < 0) std::perror("load: pong");
}

void Clients::hear(Member& member, const char* frame, std::size_t size, std::size_t whole) {
  ++heard_.frames;
  heard_.bytes += whole;
  if (!has(frame, size, "\"event\":\"presence\"")) return;
  constexpr int kExact = 500;  // up to here everybody is told of everybody
  const char* online = static_cast<const char*>(memmem(frame, size, "\"online\":", 9));
  if (online == nullptr || std::atoi(online + 9) <= kExact) return;
  // Nine tenths of a second: the way here takes one frame longer than another.
  const std::int64_t now = now_us();
  if (now - member.second >= 900'000) {
    member.second = now;
    member.frames = member.bytes = 0;
  }
  member.frames += 1;
  member.bytes += static_cast<std::uint32_t>(whole);
  heard_.most_frames = std::max(heard_.most_frames, member.frames);
  heard_.most_bytes = std::max(heard_.most_bytes, member.bytes);
}

void Clients::take(Member& member, const char* frame, std::size_t size, std::size_t whole) {
  const char* clock = static_cast<const char*>(memmem(frame, size, "t=0", 3));
  if (clock == nullptr) {
    hear_join(member, frame, size);
    return hear(member, frame, size, whole);
  }
  const bool message =
      has(frame, size, "\"event\":\"message\"") || has(frame, size, "\"event\":\"direct\"");
  if (!bare && !message) return;
  ++delivered_;
  frame_bytes_ = whole;
  if (member.number % timed_every == 0) {
    latencies_.push_back(static_cast<double>(now_us() - std::strtoll(clock + 2, nullptr, 10)));
  }
}

}  // namespace load
