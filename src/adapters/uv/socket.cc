#include "uv/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace chatroom::uv {

namespace {

constexpr std::size_t kPieces = 64;

#ifdef MSG_NOSIGNAL
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;
#endif

void set_int(int fd, int level, int name, int value) noexcept {
  static_cast<void>(setsockopt(fd, level, name, &value, sizeof value));
}

void apply(int fd, const SocketOptions& options) noexcept {
  set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
#ifdef SO_NOSIGPIPE
  set_int(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
  if (options.send_buffer_bytes != 0) {
    set_int(fd, SOL_SOCKET, SO_SNDBUF, static_cast<int>(options.send_buffer_bytes));
  }
  if (options.receive_buffer_bytes != 0) {
    set_int(fd, SOL_SOCKET, SO_RCVBUF, static_cast<int>(options.receive_buffer_bytes));
  }
#ifdef TCP_NOTSENT_LOWAT
  if (options.unsent_bytes != 0) {
    set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(options.unsent_bytes));
  }
#endif
}

int open_socket(int family) noexcept {
#ifdef SOCK_NONBLOCK
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
  const int fd = socket(family, SOCK_STREAM, 0);
  if (fd >= 0) {
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
#endif
  return fd < 0 ? -errno : fd;
}

int fail_and_close(int fd) noexcept {
  const int error = errno;
  ::close(fd);
  return -error;
}

}  // namespace

int parse_address(const std::string& host, std::uint16_t port, Address& out) noexcept {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const char* const text = host == "localhost" ? "127.0.0.1" : host.c_str();
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
    return 0;
  }
  if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.size = sizeof v6;
    return 0;
  }
  return -EINVAL;
}

std::uint16_t port_of(const Address& address) noexcept {
  if (address.get()->sa_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port);
}

bool is_loopback(const Address& address) noexcept {
  if (address.get()->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
    return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
  return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
         (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127);
}

AddressText text_of(const Address& address) noexcept {
  AddressText out{};
  char host[INET6_ADDRSTRLEN] = "";
  const bool v4 = address.get()->sa_family == AF_INET;
  if (v4) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr, host,
              sizeof host);
  } else {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr, host,
              sizeof host);
  }
  const int size = std::snprintf(out.text, sizeof out.text, v4 ? "%s:%u" : "[%s]:%u", host,
                                 static_cast<unsigned>(port_of(address)));
  out.size = std::min(static_cast<std::size_t>(std::max(size, 0)), sizeof out.text - 1);
  return out;
}

int listen_on(Address& address, int backlog, const SocketOptions& options) noexcept {
  const int fd = open_socket(address.get()->sa_family);
  if (fd < 0) return fd;
  set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.share_port) set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  apply(fd, options);
  if (bind(fd, address.get(), address.size) != 0 || listen(fd, backlog) != 0) {
    return fail_and_close(fd);
  }
  address.size = sizeof address.storage;
  if (getsockname(fd, address.get(), &address.size) != 0) return fail_and_close(fd);
  return fd;
}

int accept_from(int listener, const SocketOptions& options, Address& peer) noexcept {
  peer.size = sizeof peer.storage;
#ifdef __linux__
  static_cast<void>(options);  // inherited from the listener
  const int fd = accept4(listener, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return fd < 0 ? -errno : fd;
#else
  const int fd = accept(listener, peer.get(), &peer.size);
  if (fd < 0) return -errno;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  apply(fd, options);
  return fd;
#endif
}

int connect_to(const Address& address, const Address* from, const SocketOptions& options) noexcept {
  const int fd = open_socket(address.get()->sa_family);
  if (fd < 0) return fd;
  apply(fd, options);
  if (from != nullptr) {
#ifdef IP_BIND_ADDRESS_NO_PORT
    set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);  // a port for each pair, not each source
#endif
    if (bind(fd, from->get(), from->size) != 0) return fail_and_close(fd);
  }
  if (connect(fd, address.get(), address.size) != 0 && errno != EINPROGRESS) {
    return fail_and_close(fd);
  }
  return fd;
}

int error_of(int fd) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

bool peer_of(int fd, Address& peer) noexcept {
  peer.size = sizeof peer.storage;
  return getpeername(fd, peer.get(), &peer.size) == 0;
}

std::ptrdiff_t send_pieces(int fd, std::span<const Bytes> pieces) noexcept {
  iovec vectors[kPieces];
  const std::size_t count = std::min(pieces.size(), kPieces);
  for (std::size_t i = 0; i < count; ++i) {
    // sendmsg reads only; its type was made before const.
    vectors[i].iov_base = const_cast<std::byte*>(pieces[i].data());
    vectors[i].iov_len = pieces[i].size();
  }
  msghdr message{};
  message.msg_iov = vectors;
  message.msg_iovlen = count;
  for (;;) {
    const ssize_t sent = sendmsg(fd, &message, kSendFlags);
    if (sent >= 0) return sent;
    if (errno != EINTR) return -errno;
  }
}

std::ptrdiff_t receive(int fd, MutableBytes out) noexcept {
  for (;;) {
    const ssize_t got = recv(fd, out.data(), out.size(), 0);
    if (got >= 0) return got;
    if (errno != EINTR) return -errno;
  }
}

std::size_t unsent(int fd) noexcept {
  int bytes = 0;
#ifdef SIOCOUTQ
  if (ioctl(fd, SIOCOUTQ, &bytes) != 0) return 0;
#elif defined(SO_NWRITE)
  socklen_t size = sizeof bytes;
  if (getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &size) != 0) return 0;
#endif
  return static_cast<std::size_t>(std::max(bytes, 0));
}

void finish_writing(int fd) noexcept { static_cast<void>(shutdown(fd, SHUT_WR)); }
void close_socket(int fd) noexcept { ::close(fd); }

void reset_socket(int fd) noexcept {
  const linger none{.l_onoff = 1, .l_linger = 0};
  static_cast<void>(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none));
  ::close(fd);
}

bool would_block(std::ptrdiff_t result) noexcept {
  return result == -EAGAIN || result == -EWOULDBLOCK;
}
bool out_of_descriptors(std::ptrdiff_t result) noexcept {
  return result == -EMFILE || result == -ENFILE || result == -ENOBUFS || result == -ENOMEM;
}
int open_spare() noexcept { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace chatroom::uv
