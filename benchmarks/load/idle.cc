#include "idle.h"

#include <cstdio>
#include <fstream>
#include <vector>

#include "clients.h"
#include "process.h"

namespace load {

namespace {

struct Idle {
  double bytes = -1;   // a session
  double cpu_us = 0;   // a session and second
  double process = 0;  // private bytes of the server with everybody in
};

// Where processes of clients meet: a byte from each when all its sessions are in, one back when all
// are.
struct Meeting {
  int arrived[2] = {-1, -1}, go[2] = {-1, -1};

  bool make() { return pipe(arrived) == 0 && pipe(go) == 0; }
  bool wait() const {
    char byte = '!';
    return write(arrived[1], &byte, 1) == 1 && read(go[0], &byte, 1) == 1;
  }
  bool release(int count) const {
    char byte = 0;
    for (int i = 0; i < count; ++i) {
      if (read(arrived[0], &byte, 1) != 1) return false;
    }
    for (int i = 0; i < count; ++i) {
      if (write(go[1], &byte, 1) != 1) return false;
    }
    return true;
  }
};

// What can be on at once: rates, budgets of the room and its channels, slow mode, receipts, a word
// filter, tenants, copies, and who is traced. Loopback has no counts by address.
constexpr char kWords[] = "/tmp/chatroom_load_words";
constexpr char kTraced[] = "/tmp/chatroom_load_traced";

void write_files() {
  std::ofstream words(kWords);
  for (int i = 0; i < 1'000; ++i) words << "word" << i << '\n';
  std::ofstream(kTraced) << "all/m1\nall/m2\n";
}

std::vector<std::string> all_options() {
  return {"--tenant",
          "all,sessions=1000000,commands=1000000,publishes=1000000,writes=1000000",
          "--words",
          kWords,
          "--trace",
          kTraced,
          "--inspect",
          "--compress",
          "--receipts",
          "--channel",
          "side",
          "--channel",
          "staff=moderator",
          "--slow-mode-s",
          "5",
          "--receive-normal",
          "20",
          "--receive-high",
          "10",
          "--channel-normal",
          "10",
          "--channel-high",
          "5",
          "--merge-repeats",
          "--audit",
          "/dev/null",
          "--sessions",
          "/dev/null",
          "--copies",
          "/dev/null"};
}

Idle measure(const IdleOptions& options, int number, const Meeting* meeting) {
  const std::string host = "127.0.0." + std::to_string(number + 1);
  const int port = options.port + number;
  std::vector<std::string> command{
      options.server, "--ws",           host + ":" + std::to_string(port),
      "--open",       "--max-sessions", std::to_string(options.sessions + 64)};
  for (const std::string& option :
       options.everything ? all_options() : std::vector<std::string>{"--unlimited"}) {
    command.push_back(option);
  }
  Process server(command, 0);
  Clients clients(host, port);
  if (options.everything) {
    clients.everything = true;
    clients.prefix = "all/m";
    clients.room = "all/load";
    clients.ahead = 64;  // so that each is served before its auth deadline, on a busy machine too
  }
  const int first = options.sessions / 10;
  if (!clients.wait_for_server() || !clients.open(1) || !clients.publish()) return {};
  if (!clients.open(first - 1)) return {};
  clients.run_for(2);
  const std::uint64_t before = server.private_bytes();
  if (!clients.open(options.sessions - first)) return {};
  clients.run_for(3);
  if (meeting != nullptr && !meeting->wait()) return {};
  const std::uint64_t after = server.private_bytes();
  constexpr double kSeconds = 30;
  const double cpu = server.cpu_seconds();
  clients.run_for(kSeconds);
  return {static_cast<double>(after - before) / (options.sessions - first),
          (server.cpu_seconds() - cpu) * 1e6 / kSeconds / options.sessions,
          static_cast<double>(after)};
}

// In a process of its own: a process may open only so many files.
pid_t start(const IdleOptions& options, int number, const Meeting& meeting, int result) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const Idle idle = measure(options, number, &meeting);
  if (idle.bytes < 0) meeting.wait();  // so that the others are not held up
  _exit(write(result, &idle, sizeof idle) == sizeof idle ? 0 : 1);
}

std::vector<Idle> measure_all(const IdleOptions& options) {
  if (options.servers <= 1) return {measure(options, 0, nullptr)};
  Meeting meeting;
  int results[2];
  if (!meeting.make() || pipe(results) != 0) return {};
  std::vector<pid_t> children;
  for (int i = 0; i < options.servers; ++i) {
    children.push_back(start(options, i, meeting, results[1]));
  }
  meeting.release(options.servers);
  std::vector<Idle> all(static_cast<std::size_t>(options.servers));
  for (Idle& idle : all) {
    if (read(results[0], &idle, sizeof idle) != sizeof idle) idle = {};
  }
  for (const pid_t pid : children) waitpid(pid, nullptr, 0);
  return all;
}

}  // namespace

bool print_idle(const IdleOptions& options) {
  if (options.everything) write_files();
  const std::vector<Idle> all = measure_all(options);
  if (all.empty()) return false;
  Idle sum{.bytes = 0};
  bool complete = true;
  for (const Idle& idle : all) {
    complete = complete && idle.bytes > 0;
    sum.bytes += idle.bytes / static_cast<double>(all.size());
    sum.cpu_us += idle.cpu_us / static_cast<double>(all.size());
    sum.process += idle.process;
  }
  std::printf(
      "{\"everything\":%s,\"servers\":%d,\"idle_sessions\":%d,\"complete\":%s,\"bytes_per_idle_"
      "session\":%.0f,"
      "\"cpu_us_per_s\":%.3f,\"servers_mib\":%.1f,\"extrapolated_mib_a_million\":%.0f}\n",
      options.everything ? "true" : "false", options.servers, options.sessions * options.servers,
      complete ? "true" : "false", sum.bytes, sum.cpu_us, sum.process / 1048576,
      sum.bytes * 1e6 / 1048576);
  return complete;
}

}  // namespace load
