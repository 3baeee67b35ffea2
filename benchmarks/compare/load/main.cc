// The load generator of the comparison: members of one room in one process, whatever the server
// speaks, and one window of messages. Prints one line of JSON.
//
//   compare_load --protocol chatd|websocket|nchan|socketio|nats|redis|mqtt --port N
//       [--members N] [--rate N | --burst N [--pause-ms N]] [--seconds N]
//       [--frame-bytes N | --text-bytes N] [--server-pid N]...
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "window.h"

namespace {

using namespace compare;

struct Options {
  std::string protocol = "chatd";
  int port = 0;
  int members = 1'000;
  std::size_t frame_bytes = 0, text_bytes = 100;
  std::vector<pid_t> server;
  Pattern pattern;
};

bool read_options(int argc, char** argv, Options& out) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* value = argv[i + 1];
    if (name == "--protocol")
      out.protocol = value;
    else if (name == "--port")
      out.port = std::atoi(value);
    else if (name == "--members")
      out.members = std::atoi(value);
    else if (name == "--rate")
      out.pattern.rate = std::atof(value);
    else if (name == "--burst")
      out.pattern.burst = std::atoi(value);
    else if (name == "--messages")
      out.pattern.messages = std::strtoul(value, nullptr, 10);
    else if (name == "--pause-ms")
      out.pattern.pause_ms = std::atoi(value);
    else if (name == "--seconds")
      out.pattern.seconds = std::atof(value);
    else if (name == "--grace-s")
      out.pattern.grace_s = std::atof(value);
    else if (name == "--frame-bytes")
      out.frame_bytes = std::strtoul(value, nullptr, 10);
    else if (name == "--text-bytes")
      out.text_bytes = std::strtoul(value, nullptr, 10);
    else if (name == "--server-pid")
      out.server.push_back(std::atoi(value));
    else
      return false;
  }
  return argc % 2 == 1;
}

// The text that makes this protocol's frame so long; 0: none does.
std::size_t text_for(const Protocol& protocol, std::size_t frame_bytes) {
  for (std::size_t text = frame_bytes; text > kMarkBytes; --text)
    if (protocol.frame_bytes(text) == frame_bytes) return text;
  return 0;
}

// Resident bytes of these processes.
double resident(const std::vector<pid_t>& processes) {
  double pages = 0;
  for (const pid_t process : processes) {
    const std::string path = "/proc/" + std::to_string(process) + "/statm";
    unsigned long size = 0, rss = 0;
    if (std::FILE* in = std::fopen(path.c_str(), "r")) {
      if (std::fscanf(in, "%lu %lu", &size, &rss) == 2) pages += static_cast<double>(rss);
      std::fclose(in);
    }
  }
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void print(const Measured& m, const Tally& tally) {
  const Histogram skew = tally.skew();
  std::printf(
      "\"said\":%llu,\"expected\":%llu,\"delivered\":%llu,\"disorder\":%llu,"
      "\"seconds\":%.4f,\"active_seconds\":%.4f,\"server_cpu_s\":%.6f,\"client_cpu_s\":%.6f,"
      "\"client_cpu_active_s\":%.6f,\"frame_bytes\":[%zu,%zu],",
      static_cast<unsigned long long>(m.said), static_cast<unsigned long long>(m.expected),
      static_cast<unsigned long long>(tally.delivered),
      static_cast<unsigned long long>(tally.disorder), m.seconds, m.active_seconds, m.server_cpu,
      m.client_cpu, m.client_cpu_active, tally.delivered > 0 ? tally.frame_least : 0,
      tally.frame_most);
  std::printf(
      "\"latency_us\":{\"p50\":%.0f,\"p99\":%.0f,\"p99.9\":%.0f,\"max\":%.0f},"
      "\"skew_us\":{\"p50\":%.0f,\"p99\":%.0f},\"said_late_us\":{\"p50\":%.0f,\"p99\":%.0f}}\n",
      tally.latency.quantile(0.5), tally.latency.quantile(0.99), tally.latency.quantile(0.999),
      tally.latency.quantile(1), skew.quantile(0.5), skew.quantile(0.99), m.late.quantile(0.5),
      m.late.quantile(0.99));
}

int run(const Options& options) {
  const auto protocol =
      make_protocol(options.protocol, "127.0.0.1:" + std::to_string(options.port));
  if (!protocol) return std::fputs("compare_load: no such protocol\n", stderr), 2;
  std::size_t text = options.text_bytes;
  if (options.frame_bytes > 0 && !protocol->frame_carries_number())
    text = text_for(*protocol, options.frame_bytes);
  if (text <= kMarkBytes + 8) return std::fputs("compare_load: no text is so long\n", stderr), 2;

  Members members(*protocol, options.port);
  const double resident_before = resident(options.server);
  const double cpu_before = cpu_seconds(options.server);
  const std::int64_t begin = now_us();
  if (!members.open(options.members)) {
    std::puts("{\"error\":\"not everybody could join within a minute\"}");
    return 3;
  }
  const double seconds = static_cast<double>(now_us() - begin) * 1e-6;
  const double join_cpu = cpu_seconds(options.server) - cpu_before;
  const double resident_after = resident(options.server);
  Speaker speaker(members, text, protocol->frame_carries_number());
  const Measured measured = run_window(members, speaker, options.pattern, options.server);
  const double everybody = options.members;
  std::printf(
      "{\"members\":%d,\"text_bytes\":%zu,\"join_seconds\":%.4f,\"join_cpu_us\":%.2f,"
      "\"resident_bytes_each\":%.0f,\"grace_s\":%.0f,",
      options.members, text, seconds, join_cpu * 1e6 / everybody,
      (resident_after - resident_before) / everybody, options.pattern.grace_s);
  print(measured, members.tally);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read_options(argc, argv, options)) {
    std::fputs("compare_load: see the top of benchmarks/compare/load/main.cc\n", stderr);
    return 2;
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  return run(options);
}
