#include "stalled.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "clients.h"
#include "process.h"

namespace load {

namespace {

using Clock = std::chrono::steady_clock;

struct Run {
  bool complete = false;
  double p99_us = 0;
  double private_bytes = 0;
};

Run run(const StalledOptions& options, int stalled) {
  Run out;
  Process server({options.server, "--ws", "127.0.0.1:" + std::to_string(options.port), "--open",
                  "--unlimited", "--max-sessions", std::to_string(options.members + stalled + 64)},
                 0);
  Clients clients("127.0.0.1", options.port);
  if (!clients.wait_for_server() || !clients.open(options.members)) return out;
  if (stalled > 0 && !clients.stall(stalled)) return out;
  clients.run_for(0.5);
  clients.forget();
  const auto begin = Clock::now();
  std::uint64_t said = 0;
  for (double at = 0; at < options.seconds; at += 1 / options.rate) {
    said += clients.publish();
    const double now = std::chrono::duration<double>(Clock::now() - begin).count();
    clients.run_for(std::max(0.0, at + 1 / options.rate - now));
  }
  const std::uint64_t expected = said * static_cast<std::uint64_t>(options.members);
  for (int i = 0; i < 50 && clients.delivered() < expected; ++i) clients.run_for(0.1);
  out.complete = clients.delivered() == expected;
  std::vector<double> latencies = clients.latencies();
  if (latencies.empty()) return out;
  const auto at = latencies.begin() +
                  static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(latencies.size() - 1));
  std::nth_element(latencies.begin(), at, latencies.end());
  out.p99_us = *at;
  out.private_bytes = static_cast<double>(server.private_bytes());
  return out;
}

// The ranks between which the median of `count` values lies with 95 %.
std::pair<std::size_t, std::size_t> ranks(std::size_t count) {
  double below = 0, chance = 1;
  for (std::size_t i = 0; i < count; ++i) chance /= 2;
  std::size_t rank = 0;
  while (rank < count / 2 && below + chance <= 0.025) {
    below += chance;
    chance = chance * static_cast<double>(count - rank) / static_cast<double>(rank + 1);
    ++rank;
  }
  const std::size_t first = rank == 0 ? 0 : rank - 1;
  return {first, count - 1 - first};
}

}  // namespace

bool print_stalled(const StalledOptions& options) {
  std::vector<double> ratios;
  double more_bytes = 0;
  bool complete = true;
  for (int pair = 0; pair < options.pairs; ++pair) {
    Run without, with;
    for (int turn = 0; turn < 2; ++turn) {
      if ((pair + turn) % 2 == 0) {
        without = run(options, 0);
      } else {
        with = run(options, options.stalled);
      }
    }
    complete = complete && without.complete && with.complete;
    if (without.p99_us <= 0 || with.p99_us <= 0) return false;
    ratios.push_back(with.p99_us / without.p99_us);
    more_bytes = std::max(more_bytes, with.private_bytes - without.private_bytes);
    std::fprintf(stderr, "load: pair %d of %d: p99 %.0f us without, %.0f us with: %.2f\n", pair + 1,
                 options.pairs, without.p99_us, with.p99_us, ratios.back());
  }
  std::sort(ratios.begin(), ratios.end());
  const auto [first, last] = ranks(ratios.size());
  const std::size_t half = ratios.size() / 2;
  const double median =
      ratios.size() % 2 == 1 ? ratios[half] : (ratios[half - 1] + ratios[half]) / 2;
  std::printf(
      "{\"members\":%d,\"stalled\":%d,\"rate\":%.0f,\"pairs\":%d,\"complete\":%s,"
      "\"p99_ratio\":%.3f,\"p99_ratio_95\":[%.3f,%.3f],\"more_bytes_per_stalled\":%.0f}\n",
      options.members, options.stalled, options.rate, options.pairs, complete ? "true" : "false",
      median, ratios[first], ratios[last], more_bytes / std::max(1, options.stalled));
  return complete;
}

}  // namespace load
