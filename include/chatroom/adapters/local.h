// LocalBroker: the Broker port for engines of one process, one per thread. What crosses is written
// once into a shared chunk and read there by every engine that wants it.
//
//   LocalBroker broker({.engines = 2});
//   auto one = Engine::create(options, {.loop = &loop_a, .broker = broker.port(0)});
//   auto two = Engine::create(options, {.loop = &loop_b, .broker = broker.port(1)});  // its thread
//
// A room's home is chosen by a keyed hash among the engines that live; it moves only when its
// engine goes. Every port counts as living from the start, so create all engines before the first
// session.
#pragma once

#include <memory>

#include "chatroom/broker.h"

namespace chatroom {

struct LocalBrokerOptions {
  std::uint32_t engines = 2;       // at most 64
  std::uint64_t hash_key[2] = {};  // which rooms live where: secret words, so that nobody can crowd
                                   // one engine by choosing names
  std::uint32_t mailbox_items = 16'384;  // from one engine to another, a power of two; a quarter is
                                         // the reserve of Delivery::certain
  std::uint64_t engine_bytes = 32ull << 20;  // chunks that one engine's output may hold, likewise
  // Of one engine, that others follow (about 200 bytes each, of the heap). One more: it and who
  // asked for that are parted, and the members come back by joining.
  std::uint32_t subscribed_rooms = 65'536;
};

struct LocalBrokerStats {       // of one engine
  std::uint64_t published = 0;  // entries that somebody wanted
  std::uint64_t crossed = 0;    // entries put into a mailbox: once for each engine
  std::uint64_t sent = 0;
  std::uint64_t refused = 0;  // a mailbox or the chunks were full
  std::uint64_t parted = 0;   // times that it and another engine lost sight of each other
  std::uint64_t wakes = 0;
  std::uint64_t chunk_bytes = 0;  // now
  std::uint64_t subscribed = 0;   // rooms of its own that others follow, now
};

// Thread: ports belong to their engines' threads; made and destroyed where no engine runs.
class LocalBroker final {
 public:
  explicit LocalBroker(const LocalBrokerOptions& options = {});
  ~LocalBroker();  // after the engines
  LocalBroker(const LocalBroker&) = delete;
  LocalBroker& operator=(const LocalBroker&) = delete;

  Broker* port(std::uint32_t engine) noexcept;
  // Which engine is home now. Any thread.
  std::uint32_t home_of(std::string_view room) const noexcept;
  LocalBrokerStats stats(std::uint32_t engine) const noexcept;  // from its thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chatroom
