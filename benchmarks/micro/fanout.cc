// Fan-out without sockets: from `broadcast` until the last write took the bytes.
#include <benchmark/benchmark.h>

#include "null_room.h"

namespace chatroom::bench {
namespace {

void report(benchmark::State& state, double members) {
  state.counters["ns_per_delivery"] = benchmark::Counter(
      members * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void broadcast_in_join_order(benchmark::State& state) {
  const auto members = static_cast<std::uint32_t>(state.range(0));
  NullRoom room(members);
  for (auto _ : state) {
    room.room.broadcast({.text = kText});
    room.flush();
  }
  report(state, members);
}
BENCHMARK(broadcast_in_join_order)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void broadcast_after_churn(benchmark::State& state) {
  const auto members = static_cast<std::uint32_t>(state.range(0));
  NullRoom room(members);
  room.churn(1);
  for (auto _ : state) {
    room.room.broadcast({.text = kText});
    room.flush();
  }
  report(state, members);
}
BENCHMARK(broadcast_after_churn)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

// So many messages at once: a write a member for each 64 KiB of them, at 32, at 33 and at any
// number.
void burst(benchmark::State& state) {
  const auto members = static_cast<std::uint32_t>(state.range(0));
  const auto messages = static_cast<int>(state.range(1));
  NullRoom room(members);
  std::uint64_t writes = 0;
  for (const NullConnection& connection : room.connections) writes -= connection.writes;
  for (auto _ : state) {
    for (int i = 0; i < messages; ++i) room.room.broadcast({.text = kText});
    room.flush();
  }
  for (const NullConnection& connection : room.connections) writes += connection.writes;
  const auto turns = static_cast<double>(state.iterations());
  state.counters["writes_per_member"] = static_cast<double>(writes) / turns / members;
  report(state, static_cast<double>(messages) * members);
}
BENCHMARK(burst)
    ->ArgsProduct({{1'000, 10'000}, {1, 31, 32, 33, 64, 65, 128, 256, 512, 1'000}})
    ->Unit(benchmark::kMicrosecond);

// Members need not be paid for when something is said, only when it is sent.
void publish_without_flush(benchmark::State& state) {
  NullRoom room(static_cast<std::uint32_t>(state.range(0)));
  int said = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(room.room.broadcast({.text = kText}));
    if (++said % 256 == 0) {
      state.PauseTiming();
      room.flush();
      state.ResumeTiming();
    }
  }
}
BENCHMARK(publish_without_flush)->Arg(10)->Arg(100'000);

// 10,000 turns of publish and flush ask the Memory port for nothing.
void steady_turns(benchmark::State& state) {
  NullRoom room(1'000);
  for (int i = 0; i < 1'000; ++i) {
    room.room.broadcast({.text = kText});
    room.flush();
  }
  const std::uint64_t before = room.memory.allocations;
  for (auto _ : state) {
    room.room.broadcast({.text = kText});
    room.flush();
  }
  const std::uint64_t allocations = room.memory.allocations - before;
  state.counters["allocations"] = static_cast<double>(allocations);
  if (allocations != 0) state.SkipWithError("a steady turn asked for memory");
}
BENCHMARK(steady_turns)->Iterations(10'000);

}  // namespace
}  // namespace chatroom::bench
