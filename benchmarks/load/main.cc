// load: one server process on core 0, the client side in this process on core 1, real sockets.
//
//   load --server PATH [--floor PATH] [--rounds N] [--members N] [--rate N] [--burst N]
//        [--seconds N] [--port N]
//        [--flush-ms N]
//   load --server PATH --idle N [--servers N]
//   load --server PATH --everything N [--servers N]
//   load --server PATH --joins N [--floor PATH] [--rounds N]
//   load --server PATH --hall N [--rate N] [--seconds N] [--rounds N]
//   load --server PATH --tenants N [--rate N] [--seconds N] [--rounds N]
//   load --server PATH --stalled N [--members N] [--rate N] [--seconds N] [--rounds PAIRS]
//
// Prints one JSON line: deliveries a second, server CPU per delivery, latency percentiles, the
// bytes of one frame on the wire, and who was the bottleneck. A run in which the client side was it
// is void, and says so. With --floor the same against a bare server, one after the other for
// --rounds rounds, since a busy machine changes from minute to minute: each round gives one ratio,
// and the line has their median, least and greatest. With --idle only what an idle session in a
// room costs, among N of them, at so many servers at once: bytes, and CPU over 30 seconds, in which
// each is pinged; with --everything likewise where all that chatd has is on. With --joins what
// letting N in costs, with --hall what a small room and direct messages notice of a room of N, with
// --tenants of a room of N whose tenant says --rate where it bought a tenth of it, with --stalled
// what members notice of N more who never read.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "clients.h"
#include "idle.h"
#include "joins.h"
#include "neighbours.h"
#include "process.h"
#include "stalled.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string server = "build/release/examples/chatd";
  std::string floor;
  int members = 1'000;
  double rate = 50;
  int burst = 1;
  int rounds = 5;
  double seconds = 10;
  int flush_ms = 0;
  int idle = 0;
  bool everything = false;
  int servers = 1;
  int joins = 0;
  int hall = 0;
  int tenants = 0;
  int stalled = 0;
  int port = 28'080;
};

struct Measured {
  std::uint64_t expected = 0;
  std::uint64_t delivered = 0;
  double seconds = 0;
  double server_cpu = 0;
  double client_cpu = 0;
  std::size_t frame_bytes = 0;
  std::vector<double> latency_us;

  double cpu_us() const {
    return delivered == 0 ? 0 : server_cpu * 1e6 / static_cast<double>(delivered);
  }
  double latency(double share) {
    if (latency_us.empty()) return 0;
    std::sort(latency_us.begin(), latency_us.end());
    return latency_us[static_cast<std::size_t>(share * static_cast<double>(latency_us.size() - 1))];
  }
};

double own_cpu() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Measured run(const Options& options, load::Process& server, load::Clients& clients) {
  Measured out;
  if (!clients.open(options.members)) return out;
  clients.run_for(0.5);  // presence has settled
  clients.forget();
  const double server_before = server.cpu_seconds(), client_before = own_cpu();
  const auto begin = Clock::now();
  const double interval = options.burst / options.rate;
  std::uint64_t said = 0;
  for (double at = 0; at < options.seconds; at += interval) {
    for (int i = 0; i < options.burst; ++i) said += clients.publish();
    const double now = std::chrono::duration<double>(Clock::now() - begin).count();
    clients.run_for(std::max(0.0, at + interval - now));
  }
  out.expected = said * static_cast<std::uint64_t>(options.members);
  for (int i = 0; i < 50 && clients.delivered() < out.expected; ++i) clients.run_for(0.1);
  out.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  out.server_cpu = server.cpu_seconds() - server_before;
  out.client_cpu = own_cpu() - client_before;
  out.delivered = clients.delivered();
  out.frame_bytes = clients.frame_bytes();
  out.latency_us = clients.latencies();
  return out;
}

void print(const char* name, Measured& m) {
  const double server_share = m.server_cpu / m.seconds, client_share = m.client_cpu / m.seconds;
  const char* limit = client_share > 0.9 && client_share > server_share ? "client (void)"
                      : server_share > 0.9                              ? "server"
                                                                        : "neither";
  std::printf(
      "\"%s\":{\"expected\":%llu,\"delivered\":%llu,\"deliveries_per_s\":%.0f,"
      "\"server_cpu_us_per_delivery\":%.3f,\"server_core\":%.2f,\"client_core\":%.2f,"
      "\"p50_us\":%.0f,\"p99_us\":%.0f,\"p999_us\":%.0f,\"frame_bytes\":%zu,\"bottleneck\":\"%s\"}",
      name, static_cast<unsigned long long>(m.expected),
      static_cast<unsigned long long>(m.delivered), static_cast<double>(m.delivered) / m.seconds,
      m.cpu_us(), server_share, client_share, m.latency(0.5), m.latency(0.99), m.latency(0.999),
      m.frame_bytes, limit);
}

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--server") options.server = value;
    if (name == "--floor") options.floor = value;
    if (name == "--members") options.members = std::atoi(value);
    if (name == "--rate") options.rate = std::atof(value);
    if (name == "--burst") options.burst = std::atoi(value);
    if (name == "--seconds") options.seconds = std::atof(value);
    if (name == "--rounds") options.rounds = std::max(1, std::atoi(value));
    if (name == "--flush-ms") options.flush_ms = std::atoi(value);
    if (name == "--idle" || name == "--everything") options.idle = std::atoi(value);
    if (name == "--everything") options.everything = true;
    if (name == "--servers") options.servers = std::max(1, std::atoi(value));
    if (name == "--joins") options.joins = std::atoi(value);
    if (name == "--hall") options.hall = std::atoi(value);
    if (name == "--tenants") options.tenants = std::atoi(value);
    if (name == "--stalled") options.stalled = std::atoi(value);
    if (name == "--port") options.port = std::atoi(value);
  }
  return options;
}

// One round: a fresh server, its members, the measurement. `frame_bytes`: what the floor sends.
bool measure(const Options& options, bool floor, std::size_t frame_bytes, Measured& out) {
  const std::string port = std::to_string(options.port + (floor ? 2 : 1));
  std::vector<std::string> command{options.server,
                                   "--ws",
                                   "127.0.0.1:" + port,
                                   "--open",
                                   "--unlimited",
                                   "--flush-ms",
                                   std::to_string(options.flush_ms)};
  if (floor) {
    command = {options.floor, "--port", port, "--frame-bytes", std::to_string(frame_bytes)};
  }
  load::Process server(command, 0);
  load::Clients clients("127.0.0.1", std::atoi(port.c_str()));
  clients.bare = floor;
  if (!clients.wait_for_server()) {
    std::fprintf(stderr, "load: %s does not answer\n", command.front().c_str());
    return false;
  }
  out = run(options, server, clients);
  return out.expected > 0;
}

// The round in the middle, by CPU per delivery; its lines are printed.
Measured& middle(std::vector<Measured>& rounds) {
  const auto at = rounds.begin() + static_cast<std::ptrdiff_t>(rounds.size() / 2);
  std::nth_element(rounds.begin(), at, rounds.end(),
                   [](const Measured& a, const Measured& b) { return a.cpu_us() < b.cpu_us(); });
  return *at;
}

void print_ratios(std::vector<double> ratios) {
  std::printf(",\"ratios\":[");
  for (std::size_t i = 0; i < ratios.size(); ++i)
    std::printf("%s%.3f", i == 0 ? "" : ",", ratios[i]);
  std::sort(ratios.begin(), ratios.end());
  const std::size_t half = ratios.size() / 2;
  const double median =
      ratios.size() % 2 == 1 ? ratios[half] : (ratios[half - 1] + ratios[half]) / 2;
  std::printf("],\"ratio\":%.3f,\"ratio_least\":%.3f,\"ratio_greatest\":%.3f", median,
              ratios.front(), ratios.back());
}

// Alternates the two sides. False: something did not start, or was lost.
bool compare(const Options& options) {
  const bool with_floor = !options.floor.empty();
  std::vector<Measured> engines, floors;
  std::vector<double> ratios;
  bool complete = true;
  for (int round = 0; round < (with_floor ? options.rounds : 1); ++round) {
    Measured& engine = engines.emplace_back();
    if (!measure(options, false, 0, engine)) return false;
    complete = complete && engine.delivered == engine.expected;
    if (!with_floor) break;
    Measured& floor = floors.emplace_back();
    if (!measure(options, true, engine.frame_bytes, floor)) return false;
    complete = complete && floor.delivered == floor.expected;
    ratios.push_back(engine.cpu_us() / floor.cpu_us());
    std::fprintf(stderr, "load: round %d: engine %.3f us, floor %.3f us\n", round + 1,
                 engine.cpu_us(), floor.cpu_us());
  }
  std::printf("{\"members\":%d,\"rate\":%.0f,\"burst\":%d,\"rounds\":%zu,\"complete\":%s,",
              options.members, options.rate, options.burst, engines.size(),
              complete ? "true" : "false");
  print("engine", middle(engines));
  if (with_floor) {
    std::printf(",");
    print("floor", middle(floors));
    print_ratios(std::move(ratios));
  }
  std::printf("}\n");
  return complete;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  load::pin_to(1);
  if (options.idle > 0) {
    return load::print_idle({.server = options.server,
                             .port = options.port,
                             .sessions = options.idle,
                             .servers = options.servers,
                             .everything = options.everything})
               ? 0
               : 1;
  }
  if (options.joins > 0) {
    return load::print_joins({.server = options.server,
                              .floor = options.floor,
                              .port = options.port,
                              .members = options.joins,
                              .rounds = options.rounds})
               ? 0
               : 1;
  }
  if (options.hall > 0) {
    load::Process server(
        {options.server, "--ws", "127.0.0.1:" + std::to_string(options.port), "--open",
         "--unlimited", "--max-sessions", std::to_string(options.hall + 64)},
        0);
    return load::print_neighbours(server, options.port, {}, options.hall, {0, options.rate},
                                  options.rounds, options.seconds)
               ? 0
               : 1;
  }
  if (options.tenants > 0) {
    // A tenant whose budget is a tenth of what its hall does, with a second in hand.
    const auto tenth = static_cast<int>(options.rate / 10);
    const std::string budget = "loud,publishes=" + std::to_string(tenth) +
                               ",writes=" + std::to_string(tenth * options.tenants);
    load::Process server({options.server, "--ws", "127.0.0.1:" + std::to_string(options.port),
                          "--open", "--unlimited", "--tenant", "calm", "--tenant", budget,
                          "--max-sessions", std::to_string(options.tenants + 64)},
                         0);
    const load::Names names{.calm = "calm/", .loud = "loud/"};
    return load::print_neighbours(server, options.port, names, options.tenants,
                                  {0, options.rate / 10, options.rate}, options.rounds,
                                  options.seconds)
               ? 0
               : 1;
  }
  if (options.stalled > 0) {
    return load::print_stalled({.server = options.server,
                                .port = options.port,
                                .members = options.members,
                                .stalled = options.stalled,
                                .pairs = options.rounds,
                                .rate = options.rate,
                                .seconds = options.seconds})
               ? 0
               : 1;
  }
  return compare(options) ? 0 : 1;
}
