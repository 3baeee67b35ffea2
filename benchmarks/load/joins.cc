#include "joins.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "clients.h"
#include "process.h"

namespace load {

namespace {

using Clock = std::chrono::steady_clock;

struct Joined {
  double cpu_us = 0;  // of the server, a join
  double seconds = 0;
  double writes = 0;  // of the server, a join; 0: it does not say
  double frames = 0, bytes = 0;
  std::uint32_t most_frames = 0, most_bytes = 0;
};

// A counter of the server's /metrics; 0: none.
double counter(int port, const std::string& name) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string get = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  std::string text;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      send(fd, get.data(), get.size(), MSG_NOSIGNAL) > 0) {
    char buffer[4096];
    for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
  }
  close(fd);
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::atof(text.c_str() + at + name.size() + 2);
}

bool let_in(const std::vector<std::string>& command, const JoinOptions& options, int port,
            bool floor, Joined& out) {
  Process server(command, 0);
  Clients clients("127.0.0.1", port);
  if (!clients.wait_for_server()) return false;
  const double cpu = server.cpu_seconds();
  const auto begin = Clock::now();
  if (!clients.open(options.members)) return false;
  out.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  out.cpu_us = (server.cpu_seconds() - cpu) * 1e6 / options.members;
  if (!floor) out.writes = counter(port, "chatroom_writes_total") / options.members;
  out.frames = static_cast<double>(clients.heard().frames) / options.members;
  out.bytes = static_cast<double>(clients.heard().bytes) / options.members;
  clients.run_for(3);  // the last of presence
  out.most_frames = clients.heard().most_frames;
  out.most_bytes = clients.heard().most_bytes;
  return true;
}

double middle(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

}  // namespace

bool print_joins(const JoinOptions& options) {
  std::vector<double> ours, floors, ratios;
  Joined engine, floor;
  for (int round = 0; round < options.rounds; ++round) {
    const int port = options.port + 2 * (round % 8);  // the last one's sockets still wait
    if (!let_in({options.server, "--ws", "127.0.0.1:" + std::to_string(port), "--open",
                 "--unlimited", "--max-sessions", std::to_string(options.members + 64)},
                options, port, false, engine)) {
      return false;
    }
    ours.push_back(engine.cpu_us);
    if (options.floor.empty()) continue;
    const double size = engine.frames > 0 ? engine.bytes / engine.frames : 100;
    if (!let_in(
            {options.floor, "--port", std::to_string(port + 1), "--frame-bytes",
             std::to_string(static_cast<int>(size)), "--join-sends", std::to_string(engine.writes)},
            options, port + 1, true, floor)) {
      return false;
    }
    floors.push_back(floor.cpu_us);
    ratios.push_back(engine.cpu_us / floor.cpu_us);
    std::fprintf(stderr, "load: round %d: engine %.1f us a join, floor %.1f us\n", round + 1,
                 engine.cpu_us, floor.cpu_us);
  }
  std::printf(
      "{\"members\":%d,\"join_cpu_us\":%.1f,\"floor_cpu_us\":%.1f,\"ratio\":%.2f,"
      "\"joins_per_s\":%.0f,\"writes_per_join\":%.2f,\"frame_bytes\":%.0f,"
      "\"most_presence_frames_a_second\":%u,\"most_presence_bytes_a_second\":%u}\n",
      options.members, middle(ours), middle(floors), middle(ratios),
      options.members / engine.seconds, engine.writes, engine.bytes / std::max(1.0, engine.frames),
      engine.most_frames, engine.most_bytes);
  return true;
}

}  // namespace load
