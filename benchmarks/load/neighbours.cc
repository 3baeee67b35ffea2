#include "neighbours.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "clients.h"

namespace load {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kSmall = 10;         // members of the small room
constexpr double kSmallRate = 20;  // messages a second there, and direct ones as many

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

// The members of the large room, in a process of their own: says so many messages a second until it
// is killed. Writes a byte to `ready` once everybody is in.
[[noreturn]] void be_the_hall(int port, const Names& names, int members, double rate, int ready) {
  setpriority(PRIO_PROCESS, 0, 10);  // who measures goes first
  sched_param least{.sched_priority = 1};
  if (sched_getscheduler(0) == SCHED_FIFO) sched_setscheduler(0, SCHED_FIFO, &least);  // too
  Clients hall("127.0.0.1", port);
  hall.room = names.loud + "hall";
  hall.prefix = names.loud + "h";
  if (!hall.open(members)) _exit(1);
  hall.run_for(1);
  if (write(ready, "!", 1) != 1) _exit(1);
  // It reads four times a second only, many messages at once: who reads each by itself needs the
  // core of those who measure, and is full before the server is.
  auto next = Clock::now();
  for (int i = 0;; ++i) {
    hall.publish();
    next += std::chrono::microseconds(static_cast<long>(1e6 / rate));
    if (i % std::max(1, static_cast<int>(rate / 4)) == 0) hall.run_for(0.02);
    hall.forget();
    std::this_thread::sleep_until(next);
  }
}

struct Latency {
  double room_p50 = 0, room_p99 = 0, direct_p50 = 0, direct_p99 = 0;
};

Latency look(Clients& room, Clients& pair, double seconds) {
  room.forget();
  pair.forget();
  const auto begin = Clock::now();
  for (int i = 0; std::chrono::duration<double>(Clock::now() - begin).count() < seconds; ++i) {
    room.publish();
    room.run_for(0.5 / kSmallRate);
    pair.direct();
    pair.run_for(0.5 / kSmallRate);
  }
  room.run_for(1);
  pair.run_for(1);
  return {percentile(room.latencies(), 0.5), percentile(room.latencies(), 0.99),
          percentile(pair.latencies(), 0.5), percentile(pair.latencies(), 0.99)};
}

}  // namespace

bool print_neighbours(Process& server, int port, const Names& names, int members, double rate,
                      double seconds) {
  Clients room("127.0.0.1", port), pair("127.0.0.1", port);
  room.room = names.calm + "small";
  room.prefix = names.calm + "s";
  pair.room = names.calm + "pair";
  pair.prefix = names.calm + "p";
  room.timed_every = pair.timed_every = 1;
  if (!room.wait_for_server() || !room.open(kSmall) || !pair.open(2)) return false;
  const Latency idle = look(room, pair, seconds);

  int ready[2];
  if (pipe(ready) != 0) return false;
  const pid_t hall = fork();
  if (hall == 0) be_the_hall(port, names, members, rate, ready[1]);
  close(ready[1]);
  char byte;
  const bool in = read(ready[0], &byte, 1) == 1;
  close(ready[0]);
  Latency busy;
  double share = 0;
  if (in) {
    room.run_for(1);
    pair.run_for(1);
    const double cpu = server.cpu_seconds();
    const auto begin = Clock::now();
    busy = look(room, pair, seconds);
    share =
        (server.cpu_seconds() - cpu) / std::chrono::duration<double>(Clock::now() - begin).count();
  }
  kill(hall, SIGKILL);
  waitpid(hall, nullptr, 0);
  std::printf(
      "{\"hall_members\":%d,\"hall_per_s\":%.1f,\"server_core\":%.2f,"
      "\"room_p50_us\":[%.0f,%.0f],\"room_p99_us\":[%.0f,%.0f],"
      "\"direct_p50_us\":[%.0f,%.0f],\"direct_p99_us\":[%.0f,%.0f],"
      "\"room_ratio\":%.2f,\"direct_ratio\":%.2f}\n",
      members, rate, share, idle.room_p50, busy.room_p50, idle.room_p99, busy.room_p99,
      idle.direct_p50, busy.direct_p50, idle.direct_p99, busy.direct_p99,
      busy.room_p99 / idle.room_p99, busy.direct_p99 / idle.direct_p99);
  return in;
}

}  // namespace load
