// What one call may take: `advance` with a budget of 1,000 sends while a million members of one
// room wait for a message.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>

#include "null_room.h"

namespace chatroom::bench {
namespace {

void advance_in_a_million(benchmark::State& state) {
  NullRoom room(1'000'000);
  std::vector<double> calls_us;
  for (auto _ : state) {
    room.room.broadcast({.text = kText});
    for (bool more = true; more;) {
      const auto begin = std::chrono::steady_clock::now();
      const Instant next = room.engine->advance(room.now, {.sends = 1'000});
      const auto end = std::chrono::steady_clock::now();
      calls_us.push_back(std::chrono::duration<double, std::micro>(end - begin).count());
      more = next <= room.now;
    }
  }
  std::sort(calls_us.begin(), calls_us.end());
  const auto at = [&](double share) {
    return calls_us[static_cast<std::size_t>(share * static_cast<double>(calls_us.size() - 1))];
  };
  state.counters["calls"] = static_cast<double>(calls_us.size());
  state.counters["p50_us"] = at(0.5);
  state.counters["p99_us"] = at(0.99);
  state.counters["p999_us"] = at(0.999);
  state.counters["max_us"] = at(1);
  state.counters["memory_per_session"] =
      static_cast<double>(room.memory.bytes) / static_cast<double>(room.sessions.size());
}
BENCHMARK(advance_in_a_million)->Iterations(10)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace chatroom::bench
