// Compressor: deflate (RFC 1951) for rooms whose policy says `compress`, and for what clients send
// deflated. adapters/zlib.h is one; the core links none.
//
// A *chain* is a row of messages of which each may refer to those before it in the row, never to
// anything older. So one chain can be given to everybody who gets all of it, whatever each of them
// got before: a run of a room's entries is deflated once and shared.
#pragma once

#include "chatroom/types.h"

namespace chatroom {

// Thread: the engine's; one instance may serve an engine and the filters of its thread, since none
// of them keeps anything in it between two calls of theirs. Re-entry: none. A message is as in RFC
// 7692: raw deflate, ended by a sync flush whose last four bytes (00 00 ff ff) are left out.
class Compressor {
 public:
  // What `deflate` may need at most for so many bytes.
  static constexpr std::size_t worst_bytes(std::size_t bytes) noexcept {
    return bytes + bytes / 64 + 64;
  }

  // Begins a chain whose messages refer back at most 2^window_bits bytes (9 to 15).
  virtual void restart(std::uint8_t window_bits) noexcept = 0;
  // The next message of the chain; `payload` is the whole of it. Answers the bytes written to
  // `out`; 0: no memory, or no place. Then the chain is over, and its last message counts as not
  // written.
  virtual std::size_t deflate(std::span<const Bytes> payload, MutableBytes out) noexcept = 0;

  enum class Outcome : std::uint8_t {
    whole,
    too_large,  // it would be longer than `out`: stopped there
    bad,        // not deflate, or it refers to what was before it
    no_memory,
  };
  struct Inflated {
    Outcome outcome = Outcome::bad;
    std::size_t size = 0;  // written to `out`
  };
  // A message that stands alone. Never writes past `out`, whatever the message promises.
  virtual Inflated inflate(Bytes message, MutableBytes out) noexcept = 0;

 protected:
  ~Compressor() = default;
};

// What a client reads deflated messages with. It keeps what came before as its window, so each
// client has one of its own. Thread and re-entry: the client's.
class Inflater {
 public:
  // A new link: nothing was before.
  virtual void restart() noexcept = 0;
  // The next deflated message of this link. Never writes past `out`. After anything but `whole`
  // nothing more is asked of it before restart().
  virtual Compressor::Inflated inflate(Bytes message, MutableBytes out) noexcept = 0;

 protected:
  ~Inflater() = default;
};

// How far a deflated message of a peer may grow: at most twenty times its size, but short ones may
// always be as long as what strangers may send; and never over `limit`.
constexpr std::size_t inflated_bytes_max(std::size_t message, std::size_t limit) noexcept {
  constexpr std::size_t kRatio = 20;
  constexpr std::size_t kAlways = 6 * 1024;
  const std::size_t grown = message > limit / kRatio ? limit : message * kRatio;
  return grown > kAlways ? grown : limit < kAlways ? limit : kAlways;
}

}  // namespace chatroom
