// Leases: what a link holds while a header, a frame or a message of it is incomplete, and the bound
// on all of that together. Between messages a link holds nothing.
#pragma once

#include "chatroom/types.h"
#include "websocket/utf8.h"

namespace chatroom::websocket {

inline constexpr std::size_t kControlBytes = 125;  // RFC 6455 5.5
inline constexpr std::size_t kHeaderBytes = 14;    // the longest frame header

struct Partial {
  std::byte header[kHeaderBytes];  // of a header cut short
  std::uint8_t header_size = 0;
  std::uint8_t opcode = 0;   // of the frame whose payload is coming
  std::uint8_t message = 0;  // opcode of the open message, 0: none
  bool fin = false;
  bool in_payload = false;
  bool deflated = false;  // the open message
  Utf8 utf8;
  std::uint32_t mask = 0;
  std::uint64_t remaining = 0;  // payload bytes to come of this frame
  std::byte* data = nullptr;    // the message so far
  std::size_t size = 0;
  std::size_t capacity = 0;
  Partial* next = nullptr;  // among the spares
  std::uint8_t control_size = 0;
  std::byte control[kControlBytes];
};

// One for all links of a filter.
class Leases {
 public:
  explicit Leases(std::uint64_t bytes_max) noexcept : bytes_max_(bytes_max) {}
  ~Leases();
  Leases(const Leases&) = delete;
  Leases& operator=(const Leases&) = delete;

  Partial* take() noexcept;                 // null: the bound is reached, or there is no memory
  void give_back(Partial*& held) noexcept;  // null is fine
  // Room for `bytes` more of the message. Grows with what arrived, never with what a header
  // promised.
  bool reserve(Partial& held, std::size_t bytes) noexcept;

  // For what else is held under the same bound (upgrade heads).
  bool hold(std::size_t bytes) noexcept;
  void unhold(std::size_t bytes) noexcept { bytes_ -= bytes; }

  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t links() const noexcept { return links_; }

 private:
  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  std::uint64_t links_ = 0;
  Partial* spare_ = nullptr;  // leases given back, for the next one
  std::uint32_t spares_ = 0;
};

}  // namespace chatroom::websocket
