#include "neighbours.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <new>
#include <string>
#include <thread>

#include "clients.h"

namespace load {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kSmall = 10;         // members of the small room
constexpr double kSmallRate = 50;  // messages a second there, and direct ones as many

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

// What the process of the large room is told while it runs: how much to say.
using Rate = std::atomic<double>;
static_assert(Rate::is_always_lock_free);

// The members of the large room, in a process of their own: says `rate` messages a second, which
// may change, until it is killed. Writes a byte to `ready` once everybody is in.
[[noreturn]] void be_the_hall(int port, const Names& names, int members, const Rate& rate,
                              int ready) {
  setpriority(PRIO_PROCESS, 0, 10);  // who measures goes first
  sched_param least{.sched_priority = 1};
  if (sched_getscheduler(0) == SCHED_FIFO) sched_setscheduler(0, SCHED_FIFO, &least);  // too
  Clients hall("127.0.0.1", port);
  hall.room = names.loud + "hall";
  hall.prefix = names.loud + "h";
  if (!hall.open(members)) _exit(1);
  hall.run_for(1);
  if (write(ready, "!", 1) != 1) _exit(1);
  // Blindly: who looks at each message needs the core of those who measure, and is full before the
  // server is. Within 40 ms: then the system's timers for delayed acknowledgements would run,
  // thousands at a tick, on the server's core, 1 to 2 ms in the middle of one of its sends. People
  // who are elsewhere have theirs elsewhere.
  constexpr double kReads = 40;  // a second, of each
  hall.listen_blindly();
  auto next = Clock::now();
  for (;;) {
    const double now_at = rate.load();
    const double pace = now_at > 0 ? now_at : 20;
    if (now_at > 0) hall.publish();
    hall.gulp(static_cast<std::size_t>(members * kReads / pace) + 1);
    next += std::chrono::microseconds(static_cast<long>(1e6 / pace));
    std::this_thread::sleep_until(next);
  }
}

struct Looked {
  std::vector<double> room, direct;  // us, of all rounds
  std::vector<double> room_p99, direct_p99;
  double share = 0;  // of a core that the server took, over all rounds
};

void look(Clients& room, Clients& pair, double seconds, Looked& out) {
  room.forget();
  pair.forget();
  const auto begin = Clock::now();
  for (int i = 0; std::chrono::duration<double>(Clock::now() - begin).count() < seconds; ++i) {
    room.publish();
    room.run_for(0.5 / kSmallRate);
    pair.direct();
    pair.run_for(0.5 / kSmallRate);
  }
  room.run_for(0.2);
  pair.run_for(0.2);
  out.room.insert(out.room.end(), room.latencies().begin(), room.latencies().end());
  out.direct.insert(out.direct.end(), pair.latencies().begin(), pair.latencies().end());
  out.room_p99.push_back(percentile(room.latencies(), 0.99));
  out.direct_p99.push_back(percentile(pair.latencies(), 0.99));
}

// The ratio of each round: median, least, greatest.
void print_ratios(const char* name, const std::vector<double>& with,
                  const std::vector<double>& without) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < with.size(); ++i) ratios.push_back(with[i] / without[i]);
  std::printf(",\"%s\":[%.2f,%.2f,%.2f]", name, percentile(ratios, 0.5), percentile(ratios, 0),
              percentile(ratios, 1));
}

void print(const std::vector<double>& rates, const std::vector<Looked>& seen, double seconds) {
  std::printf("{\"samples\":[%zu,%zu]", seen[0].room.size(), seen[0].direct.size());
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const Looked& now = seen[i];
    const double rounds = static_cast<double>(now.room_p99.size());
    std::printf(
        ",\n \"at_%.0f\":{\"server_core\":%.2f,\"room_p50_us\":%.0f,\"room_p99_us\":%.0f,"
        "\"direct_p50_us\":%.0f,\"direct_p99_us\":%.0f",
        rates[i], now.share / (rounds * seconds), percentile(now.room, 0.5),
        percentile(now.room, 0.99), percentile(now.direct, 0.5), percentile(now.direct, 0.99));
    for (std::size_t less = 0; less < i; ++less) {
      const std::string over = std::to_string(static_cast<int>(rates[less]));
      print_ratios(("room_over_" + over).c_str(), now.room_p99, seen[less].room_p99);
      print_ratios(("direct_over_" + over).c_str(), now.direct_p99, seen[less].direct_p99);
    }
    std::printf("}");
  }
  std::printf("}\n");
}

}  // namespace

bool print_neighbours(Process& server, int port, const Names& names, int members,
                      const std::vector<double>& rates, int rounds, double seconds) {
  Clients room("127.0.0.1", port), pair("127.0.0.1", port);
  room.room = names.calm + "small";
  room.prefix = names.calm + "s";
  pair.room = names.calm + "pair";
  pair.prefix = names.calm + "p";
  room.timed_every = pair.timed_every = 1;
  if (!room.wait_for_server() || !room.open(kSmall) || !pair.open(2)) return false;

  void* shared =
      mmap(nullptr, sizeof(Rate), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int ready[2];
  if (shared == MAP_FAILED || pipe(ready) != 0) return false;
  Rate& rate = *new (shared) Rate(0);
  const pid_t hall = fork();
  if (hall == 0) be_the_hall(port, names, members, rate, ready[1]);
  close(ready[1]);
  char byte;
  const bool in = read(ready[0], &byte, 1) == 1;
  close(ready[0]);
  std::vector<Looked> seen(rates.size());
  for (int round = 0; in && round < rounds; ++round) {
    for (std::size_t i = 0; i < rates.size(); ++i) {
      rate = rates[i];
      room.run_for(0.5);  // what was said at the rate before has gone out
      pair.run_for(0.5);
      const double cpu = server.cpu_seconds();
      look(room, pair, seconds, seen[i]);
      seen[i].share += server.cpu_seconds() - cpu;
    }
  }
  kill(hall, SIGKILL);
  waitpid(hall, nullptr, 0);
  if (in) print(rates, seen, seconds);
  return in;
}

}  // namespace load
