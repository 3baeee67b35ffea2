// Broker: what joins several engines to one chat server, so that a room spans all of them.
// Optional: without it an engine is home of all its rooms. Adapters: local.h (engines of one
// process).
//
// A room has one writer, its *home*: the engine that holds its lease. It decides everything (rules,
// limits, order). Engines that only have members of the room *follow*: they send what their members
// ask to the home, and bring what the home publishes to their members. Loss shows: the home counts
// its entries, and repeats its count after one that somebody missed; a follower that misses one
// tells its members a `gap`.
//
// What a broker promises: what one engine subscribes, publishes and sends arrives at another in the
// order of the calls, or not at all; where it lost something of Delivery::certain, both ends are
// told (on_peer_lost). Contents are the engines' own (src/engine/crossing.h); a broker over a
// network must seal them.
#pragma once

#include <span>

#include "chatroom/event_loop.h"
#include "chatroom/types.h"

namespace chatroom {

using PeerId = std::uint32_t;  // an engine, as its broker names it
inline constexpr PeerId kNoPeer = UINT32_MAX;
using Term = std::uint64_t;  // of a lease; rises when the home changes

// Who decides about a room. `home` kNoPeer: not known yet; commands are refused, temporary.
struct Lease {
  PeerId home = kNoPeer;
  Term term = 0;
};

enum class Delivery : std::uint8_t {
  usual,    // refused (false) when the receiver's mailbox is full
  certain,  // takes of the mailbox's reserve; when that is gone too, the two engines are parted:
            // both get on_peer_lost, and nothing sent before reaches anybody afterwards
};

// What comes in. Called from inside Broker::poll only; views live until the call returns.
class BrokerInbox {
 public:
  virtual void on_entry(std::string_view room, Term term, std::uint64_t sequence,
                        Bytes entry) noexcept = 0;
  virtual void on_message(PeerId from, Bytes message) noexcept = 0;
  // The engine is gone, or lost sight of: leases it held are somebody else's from here on (or still
  // its own, if it is only parted from us).
  virtual void on_peer_lost(PeerId peer) noexcept = 0;

 protected:
  ~BrokerInbox() = default;
};

// One engine's port. Thread: the engine's. Re-entry: only BrokerInbox, from poll, and from there
// everything here but poll. No call may block. Must outlive the engine, which calls attach once and
// detach once. Not together with a Recorder yet: Engine::create answers `unsupported`.
class Broker {
 public:
  // `loop` is woken (from any thread) when something came in; null: the host calls advance.
  virtual PeerId attach(EventLoop* loop) noexcept = 0;
  virtual void detach() noexcept = 0;

  // Who is home of the room, as far as on_peer_lost was told.
  virtual Lease claim(std::string_view room) noexcept = 0;
  // The other engines of the server, as far as on_peer_lost was told: who is asked where a user is,
  // and told what is for all rooms. At most `into.size()` of them (the engine asks for 64); how
  // many. Over a network this is what the broker knows of who is there anyway, to say who is lost;
  // one of whom it does not know yet is not asked, so nobody is found there.
  virtual std::uint32_t peers(std::span<PeerId> into) noexcept = 0;
  // From the home of the room, in effect before anything that this engine sends afterwards arrives.
  virtual void subscribe(std::string_view room) noexcept = 0;
  virtual void unsubscribe(std::string_view room) noexcept = 0;

  // Whether somebody may be subscribed: then `publish` is worth its bytes.
  virtual bool wanted(std::string_view room) noexcept = 0;
  // As home: one entry for all subscribers. Who has no room for it misses it (then false), and sees
  // that by the sequence of the next. `certain`: as for send.
  [[nodiscard]] virtual bool publish(std::string_view room, Term term, std::uint64_t sequence,
                                     Bytes entry, Delivery how) noexcept = 0;
  [[nodiscard]] virtual bool send(PeerId to, Bytes message, Delivery how) noexcept = 0;
  // The end of a turn's spread: what was published and sent leaves now at the latest.
  virtual void flush() noexcept = 0;

  // At most `most` inputs; true: there may be more. To be called in every turn of the loop.
  virtual bool poll(BrokerInbox& inbox, std::uint32_t most) noexcept = 0;

 protected:
  ~Broker() = default;
};

}  // namespace chatroom
