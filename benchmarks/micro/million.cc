// A million members of one room: what a session costs in memory, what a message to all costs after
// churn, and how long one call takes that may do only a part of it.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <chrono>

#include "null_room.h"

namespace chatroom::bench {
namespace {

// CPU time of this thread: what others do on the machine is not in it.
double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

// Everybody left and came back in random order. One message, sent in calls of 100,000 sends each.
void million(benchmark::State& state) {
  const auto members = static_cast<std::uint32_t>(state.range(0));
  NullRoom room(members);
  const auto resident = static_cast<double>(resident_bytes() - room.resident_before);
  room.churn(1);
  std::vector<double> sweeps;
  double longest = 0;
  for (auto _ : state) {
    room.room.broadcast({.text = kText});
    double sweep = 0;
    for (bool more = true; more;) {
      const double begin = cpu_ms();
      more = room.engine->advance(room.now, {.sends = 100'000}) <= room.now;
      const double slice = cpu_ms() - begin;
      longest = std::max(longest, slice);
      sweep += slice;
    }
    sweeps.push_back(sweep);
  }
  std::sort(sweeps.begin(), sweeps.end());
  state.counters["resident_per_session"] = resident / members;
  state.counters["asked_per_session"] = static_cast<double>(room.memory.bytes) / members;
  state.counters["sweep_ms_median"] = sweeps[sweeps.size() / 2];
  state.counters["sweep_ms_greatest"] = sweeps.back();
  state.counters["slice_ms_greatest"] = longest;
}
BENCHMARK(million)->Arg(1'000'000)->Iterations(20)->Unit(benchmark::kMillisecond);

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
