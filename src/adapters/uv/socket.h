// The system's sockets, in the few verbs that the adapter needs. All calls that can fail answer a
// negative errno. Everything is non-blocking and closed on exec.
#pragma once

#include <sys/socket.h>

#include <span>
#include <string>

#include "chatroom/types.h"

namespace chatroom::uv {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

int parse_address(const std::string& host, std::uint16_t port, Address& out) noexcept;
std::uint16_t port_of(const Address& address) noexcept;
bool is_loopback(const Address& address) noexcept;

// "127.0.0.1:8080" or "[::1]:8080", without a heap.
struct AddressText {
  char text[64];
  std::size_t size = 0;
  std::string_view view() const noexcept { return {text, size}; }
};
AddressText text_of(const Address& address) noexcept;

// What accepted sockets inherit from their listener.
struct SocketOptions {
  std::uint32_t send_buffer_bytes = 0;  // 0: the system's
  std::uint32_t unsent_bytes = 0;       // likewise
  std::uint32_t receive_buffer_bytes = 0;
  bool share_port = false;
};

int listen_on(Address& address, int backlog, const SocketOptions& options) noexcept;  // descriptor
int accept_from(int listener, const SocketOptions& options, Address& peer) noexcept;  // likewise
int connect_to(const Address& address, const Address* from, const SocketOptions& options) noexcept;
int error_of(int fd) noexcept;  // what became of a connect: 0 or errno
bool peer_of(int fd, Address& peer) noexcept;

std::ptrdiff_t send_pieces(int fd, std::span<const Bytes> pieces) noexcept;
std::ptrdiff_t receive(int fd, MutableBytes out) noexcept;  // 0: the peer has closed
std::size_t unsent(int fd) noexcept;  // bytes that the peer has not acknowledged
void finish_writing(int fd) noexcept;
void close_socket(int fd) noexcept;
void reset_socket(int fd) noexcept;  // closes with RST: what was not sent is dropped
bool would_block(std::ptrdiff_t result) noexcept;
bool out_of_descriptors(std::ptrdiff_t result) noexcept;
int open_spare() noexcept;  // a descriptor to give up when there are no others

}  // namespace chatroom::uv
