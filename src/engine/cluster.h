// Cluster: what an engine keeps because there are others. Made only with a Broker port; without one
// the pointer to it is null and nothing else changes.
//
// At home, a member who sits at another engine is a *guest*: a session slot without a connection.
// The rules, roles, rates, presence and idempotency of the room layer hold for it as for everybody,
// and what it is told goes to its engine instead of an outlet. At a follower the room is a
// *mirror*: a room of the registry with the local members only, and a log fed by the home's
// entries.
#pragma once

#include <algorithm>

#include "base/slot_map.h"
#include "base/table.h"
#include "base/vector.h"
#include "chatroom/broker.h"
#include "chatroom/limits.h"
#include "chatroom/room.h"
#include "engine/byte_queue.h"
#include "engine/waits.h"

namespace chatroom::engine {

// First the key: who it is at its own engine.
struct Guest {
  PeerId peer = kNoPeer;
  std::uint32_t index = 0;
  std::uint32_t generation = 0;

  SessionId session;         // here
  bool listed = false;       // in Cluster::leaving
  std::uint32_t missed = 0;  // what it was to be told and its engine's mailbox had no room for
};
using GuestId = Handle<struct GuestTag>;
using Guests = base::SlotMap<Guest, GuestId>;
struct GuestKey {
  const Guests* guests;
  std::string_view operator()(std::uint32_t guest) const noexcept {
    static_assert(offsetof(Guest, peer) == 0 && offsetof(Guest, generation) == 8);
    return {reinterpret_cast<const char*>(guests->at(guest)), 12};
  }
};

// The other engines, so that a question to all of them is a bit each. At most 64.
struct Peers {
  static constexpr std::uint32_t kMost = 64;
  static constexpr std::uint64_t bit(std::uint32_t at) noexcept { return std::uint64_t{1} << at; }
  // Of one that is known, or made known; 0: there is no place.
  std::uint64_t bit_of(PeerId peer) noexcept {
    const auto end = ids + kMost;
    auto at = std::find(ids, end, peer);
    if (at == end) at = std::find(ids, end, kNoPeer);
    if (at == end) return 0;
    *at = peer;
    return bit(static_cast<std::uint32_t>(at - ids));
  }
  void forget(PeerId peer) noexcept { std::replace(ids, ids + kMost, peer, kNoPeer); }
  PeerId ids[kMost];
  Peers() noexcept { std::fill(ids, ids + kMost, kNoPeer); }
};

// Beside each room of the registry, under the same index.
struct SharedRoom {
  bool mirror = false;        // its home is another engine
  bool attaching = false;     // mirror: no welcome came yet
  bool home_knows = false;    // mirror: it is ending because the home says so
  bool missed = false;        // home: a follower had no room for the newest entry
  bool kept = false;          // mirror: the host opened it here, so it stays when it is empty
  bool inherited = false;     // home: what the one before it knew
  bool record_moved = false;  // home: its record is not as it was told
  PeerId home = kNoPeer;
  Term term = 0;
  ByteQueue record;            // mirror: as its home told it last (heirs.h); to be dropped
  std::uint64_t sequence = 0;  // of the newest entry: published, or as mirror taken over
  // Mirrors.
  std::uint32_t online = 0;     // everywhere
  std::uint64_t lost = 0;       // entries that its members were not told they lost
  std::uint64_t lost_from = 0;  // offsets, 0: no kept ones among them
  std::uint64_t lost_to = 0;
  struct Theirs {  // of the home's policy, where the mirror has something else
    std::uint32_t max_members = 0;
    bool first_join_owns = false;
    bool by_invitation = false;
    Duration idle_close{0};
    Durability durability = Durability::none;
  } theirs;
};

struct Cluster {
  // A message with a page of history, or a frame as long as they may be, and what is around it.
  static constexpr std::size_t kMessageBytes = 192 * 1024;

  Cluster(Memory& memory, const Limits& limits, base::HashKey key) noexcept
      : guests(memory, limits.sessions),
        by_name(memory, key, limits.sessions, {&guests}),
        rooms(memory, limits.rooms),
        leaving(memory, limits.sessions),
        waits(memory, key, limits.line_places),
        out(memory, 2 * kMessageBytes) {}
  [[nodiscard]] bool reserve(const Limits& limits) noexcept {
    return rooms.resize(limits.rooms) && leaving.reserve(limits.sessions) &&
           out.resize(2 * kMessageBytes);
  }
  static std::uint64_t bytes_max(const Limits& limits) noexcept {
    return sizeof(Cluster) + Guests::bytes_max(limits.sessions) +
           base::Table<std::uint32_t, GuestKey>::bytes_max(limits.sessions) +
           base::Vector<SharedRoom>::bytes_max(limits.rooms) +
           base::Vector<GuestId>::bytes_max(limits.sessions) +
           Waits::bytes_max(limits.line_places) +
           base::Vector<std::byte>::bytes_max(2 * kMessageBytes);
  }

  // Messages are written into the first half, events for them encoded into the second.
  MutableBytes message() noexcept { return {out.data(), kMessageBytes}; }
  MutableBytes event() noexcept { return {out.data() + kMessageBytes, kMessageBytes}; }

  PeerId self = kNoPeer;
  Instant tell_losses = Instant::never();   // when next
  Instant tell_records = Instant::never();  // likewise
  Instant records_told{};
  std::uint64_t record_bytes = 0;  // that mirrors hold
  Guests guests;
  base::Table<std::uint32_t, GuestKey> by_name;
  base::Vector<SharedRoom> rooms;
  base::Vector<GuestId> leaving;  // perhaps in no room any more: looked at when it is safe
  Waits waits;                    // of our users, elsewhere
  Peers peers;                    // that were asked something
  base::Vector<std::byte> out;
};

}  // namespace chatroom::engine
