// Link: one socket, as small as it can be: an idle session costs this record and nothing else. What
// only some need for a while (a deadline, output that the kernel did not take) is an Errand.
#pragma once

#include <string>

#include "chatroom/byte_filter.h"
#include "chatroom/connection.h"
#include "chatroom/types.h"

namespace chatroom::uv {

class Links;
class Link;
struct AddressUse;

// What a link holds while it is being opened or closed, or has output of its own.
struct Errand {
  Link* link = nullptr;
  Errand* previous = nullptr;
  Errand* next = nullptr;
  Instant deadline = Instant::never();
  enum class Stage : std::uint8_t { none, opening, closing } stage = Stage::none;
  std::string tail;  // output ahead of the session's; `sent` of it are gone
  std::size_t sent = 0;

  std::size_t waiting() const noexcept { return tail.size() - sent; }
};

class Link final : public Connection {
 public:
  std::size_t write(std::span<const Bytes> pieces) noexcept override;
  void pause(bool paused) noexcept override;
  void close(CloseCode code) noexcept override;

 private:
  friend class Links;
  friend class LinkSink;

  enum Flag : std::uint16_t {
    kSession = 1,      // has one; on_closed is owed
    kConnecting = 2,   // a client's, not connected yet
    kHandshake = 4,    // its filter has not opened it yet
    kHeld = 8,         // inside on_open: the session's bytes wait for the filter's answer
    kPaused = 16,      // the session wants no bytes now
    kBlocked = 32,     // took less than offered: on_writable is owed
    kWatchWrite = 64,  // what the poller was asked for
    kEnding = 128,     // close once the tail has left
    kClosing = 256,    // FIN is sent, waiting for the peer's
    kBroken = 512,     // an error; the end comes with the next round
    kGone = 1024,      // closed; freed at the end of the round
  };
  bool has(unsigned flags) const noexcept { return (flags_ & flags) != 0; }
  void set(unsigned flag) noexcept { flags_ = static_cast<std::uint16_t>(flags_ | flag); }
  void clear(unsigned flag) noexcept { flags_ = static_cast<std::uint16_t>(flags_ & ~flag); }
  std::size_t waiting() const noexcept { return errand_ == nullptr ? 0 : errand_->waiting(); }

  inline Links& links() noexcept;  // whose slab it lies in

  ByteFilter* filter_ = nullptr;
  ByteFilter::State state_;
  Errand* errand_ = nullptr;
  union {
    AddressUse* address_ = nullptr;
    Link* next_;  // among the free, or among the gone
  };
  SessionId session_;
  int fd_ = -1;
  std::uint16_t flags_ = 0;
};

// Links lie in slabs whose addresses are multiples of their size, so that a link finds its owner at
// the beginning of its slab. A slab is address space: its pages come with the first link in each.
inline constexpr std::size_t kLinkSlabBytes = std::size_t{1} << 20;

struct alignas(64) LinkSlab {
  Links* links = nullptr;
  Link* first() noexcept { return reinterpret_cast<Link*>(this + 1); }
};
inline constexpr std::size_t kLinksPerSlab = (kLinkSlabBytes - sizeof(LinkSlab)) / sizeof(Link);

inline Links& Link::links() noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(this) & ~(kLinkSlabBytes - 1);
  return *reinterpret_cast<LinkSlab*>(address)->links;
}

}  // namespace chatroom::uv
