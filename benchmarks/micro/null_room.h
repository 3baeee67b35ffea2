// A room full of members whose connections take everything and do nothing: what the engine itself
// costs, without sockets.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "chatroom/chatroom.h"

namespace chatroom::bench {

// As large as an adapter's record, so that members are as scattered as they are in a server.
class NullConnection final : public Connection {
 public:
  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::size_t size = 0;
    for (const Bytes piece : pieces) size += piece.size();
    ++writes;
    return size;
  }
  void pause(bool) noexcept override {}
  void close(CloseCode) noexcept override {}

  std::uint64_t writes = 0;

 private:
  [[maybe_unused]] char padding_[104] = {};
};

class CountingMemory final : public Memory {
 public:
  void* allocate(std::size_t size, std::size_t align) noexcept override {
    ++allocations;
    bytes += size;
    return std::aligned_alloc(align, (size + align - 1) / align * align);
  }
  void release(void* block, std::size_t size, std::size_t) noexcept override {
    bytes -= size;
    std::free(block);
  }

  std::uint64_t allocations = 0;
  std::uint64_t bytes = 0;
};

inline Limits limits_for(std::uint32_t members) {
  Limits limits;
  limits.sessions = members + 16;
  limits.memberships = members + 16;
  limits.rooms = 64;
  limits.publishes = limits.user_publishes = Rate::unlimited();
  limits.joins = Rate::unlimited();
  limits.room_publishes = limits.joins_in_all = Rate::unlimited();
  limits.commands = Rate::unlimited();
  limits.room_writes = 0;  // what is measured is said in no time
  limits.heartbeat = limits.dead_after = Duration::s(1'000'000);  // nobody says a word here
  return limits;
}

// Bytes of this process that are in memory; 0 where the system does not say.
inline std::uint64_t resident_bytes() {
  unsigned long long pages = 0, resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%llu %llu", &pages, &resident) != 2) resident = 0;
  std::fclose(file);
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// A polled engine: time and flushes are the benchmark's.
class NullRoom {
 public:
  explicit NullRoom(std::uint32_t members)
      : connections(members),
        sessions(members, SessionId{1, 1}),
        resident_before(resident_bytes()) {
    auto made = Engine::create({.seed = 7, .start = now, .limits = limits_for(members)},
                               {.memory = &memory});
    if (!made) std::abort();
    engine = std::move(*made);
    room = *engine->open_room("plaza", {.history_messages = 100, .idle_close = {}});
    for (std::uint32_t i = 0; i < members; ++i) {
      const std::string user = "user-" + std::to_string(i);
      const Identity identity{.user = user};
      auto session = engine->open(connections[i], {.identity = &identity});
      if (!session) std::abort();
      sessions[i] = *session;
      join(i);
      if (i % 1'000 == 999) settle();
    }
    settle();
  }

  void join(std::uint32_t i) {
    if (!engine->join(sessions[i], {.room = "plaza"})) std::abort();
  }
  // Everybody leaves and comes back in random order: the sweep then meets the connections in an
  // order that no prefetcher knows.
  void churn(std::uint32_t seed) {
    std::vector<std::uint32_t> order(sessions.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), std::mt19937{seed});
    std::uint32_t done = 0;
    for (const std::uint32_t i : order) {
      engine->leave(sessions[i], "plaza");
      join(i);
      if (++done % 1'000 == 0) settle();
    }
    settle();
  }
  // Time passes until nothing is left to do (presence is told once a second).
  void settle() {
    now.us += 2'000'000;
    for (int i = 0; i < 3; ++i) engine->advance(now, {.sends = UINT32_MAX, .commands = UINT32_MAX});
  }
  void flush() { engine->advance(now, {.sends = UINT32_MAX, .commands = UINT32_MAX}); }

  Instant now{1'700'000'000'000'000};
  CountingMemory memory;
  std::vector<NullConnection> connections;
  std::vector<SessionId> sessions;
  std::uint64_t resident_before;  // without what the engine takes
  EnginePtr engine;
  Room room;
};

inline constexpr std::string_view kText =
    "what a play, did everybody see that? unbelievable, again please and slower this time !!!";

}  // namespace chatroom::bench
