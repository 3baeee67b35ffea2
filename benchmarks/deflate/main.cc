// What compressed rooms save and cost: bytes and CPU per delivery, in both codecs, plain and
// deflated in both forms, without sockets (a send costs the kernel 4 to 7 us whatever its size).
//
//   deflate_rates [--members N] [--seconds N] [--level N] TRACE...
//
// Says the lines of recorded traces ({"t_ms":…,"user":"…","text":"…"}) at 20 and 100 messages a
// second of the room's clock, which goes on in steps of a millisecond; without a trace made-up
// ones. Rooms merge under load as in a server (Limits::room_writes).
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chatroom/adapters/json.h"
#include "chatroom/adapters/zlib.h"
#include "chatroom/chatroom.h"

namespace {

using namespace chatroom;

struct Said {
  std::string user;
  std::string text;
};

class Sink final : public Connection {
 public:
  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::size_t size = 0;
    for (const Bytes piece : pieces) size += piece.size();
    return size;
  }
  void pause(bool) noexcept override {}
  void close(CloseCode) noexcept override {}
};

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

// A line differs from a message event by its first key, so the codec can read it.
void read_trace(const char* path, std::vector<Said>& lines) {
  constexpr std::string_view kBegin = "{\"t_ms\":";
  JsonCodec codec;
  std::ifstream file(path);
  for (std::string text; lines.size() < 20'000 && std::getline(file, text);) {
    if (!text.starts_with(kBegin)) continue;
    const std::string frame = "{\"event\":\"message\",\"time\":" + text.substr(kBegin.size());
    Event event;
    if (!codec.decode(as_bytes(frame), event).status || event.message.text.empty()) continue;
    lines.push_back({std::string(event.message.user), std::string(event.message.text)});
  }
}

void make_up(std::vector<Said>& lines) {
  const char* words[] = {"what", "a", "play", "LUL", "again", "PogChamp", "no way", "gg", "hahaha"};
  for (unsigned i = 0; i < 5'000; ++i) {
    Said line{"user" + std::to_string(i * 7'919 % 400), {}};
    for (unsigned w = 0; w <= i * 31 % 7; ++w) {
      line.text += (w > 0 ? " " : "") + std::string(words[(i * 13 + w * 7) % 9]);
    }
    lines.push_back(line);
  }
}

struct How {
  CodecKind codec;
  Compress compress;
  std::uint32_t members;
  int seconds;
  int rate;
  int level;
};

void measure(const How& how, const std::vector<Said>& lines) {
  JsonCodec json;
  ZlibCompressor zlib({.level = how.level});
  Limits limits;
  limits.user_publishes = limits.publishes = limits.commands = limits.joins = Rate::unlimited();
  limits.room_publishes = limits.joins_in_all = Rate::unlimited();
  limits.heartbeat = limits.dead_after = Duration::s(1'000'000);
  limits.sessions_per_user = 0;
  Instant now{1'700'000'000'000'000};
  EnginePorts ports;
  ports.json = &json;
  ports.compressor = &zlib;
  EngineOptions options;
  options.seed = 7;
  options.start = now;
  options.limits = limits;
  auto engine = Engine::create(options, ports);
  if (!engine) std::abort();
  RoomPolicy policy;
  policy.compress = true;
  static_cast<void>((*engine)->open_room("live/1", policy));
  std::vector<Sink> sinks(how.members);
  std::vector<SessionId> sessions;
  for (std::uint32_t i = 0; i < how.members; ++i) {
    const std::string user = "viewer" + std::to_string(i);
    const Identity identity{.user = user};
    SessionOptions session;
    session.codec = how.codec;
    session.framing = Framing::websocket;
    session.compress = how.compress;
    session.identity = &identity;
    const auto opened = (*engine)->open(sinks[i], session);
    if (!opened) std::abort();
    static_cast<void>((*engine)->join(*opened, {.room = "live/1"}));
    sessions.push_back(*opened);
  }
  const auto pass = [&](int ms) {
    for (int i = 0; i < ms; ++i) {
      now.us += 1'000;
      while ((*engine)->advance(now) <= now) {
      }
    }
  };
  pass(3'000);
  const MetricsSnapshot before = (*engine)->metrics();
  const double began = cpu_us();
  std::size_t at = 0;
  for (int i = 0; i < how.seconds * how.rate; ++i) {
    const Said& line = lines[at++ % lines.size()];
    // Each user of the trace is one member here.
    const std::size_t speaker = std::hash<std::string>{}(line.user) % sessions.size();
    static_cast<void>((*engine)->publish(sessions[speaker], {.room = "live/1", .text = line.text}));
    pass(1'000 / how.rate);
  }
  pass(1'000);
  const double spent = cpu_us() - began;
  const MetricsSnapshot after = (*engine)->metrics();
  const double deliveries = static_cast<double>(after.ledger.by_priority[1].delivered -
                                                before.ledger.by_priority[1].delivered);
  const char* forms[] = {"plain", "chained", "alone"};
  std::printf("| %s | %d | %s | %.1f | %.3f | %llu | %llu |\n",
              how.codec == CodecKind::json ? "JSON" : "FlatBuffers", how.rate,
              forms[static_cast<int>(how.compress)],
              static_cast<double>(after.bytes_out - before.bytes_out) / deliveries,
              spent / deliveries, static_cast<unsigned long long>(after.writes - before.writes),
              static_cast<unsigned long long>(after.deflated_runs - before.deflated_runs));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  How how{CodecKind::json, Compress::none, 1'000, 10, 20, 6};
  std::vector<Said> lines;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word(argv[i]);
    if (word == "--members" && i + 1 < argc) {
      how.members = static_cast<std::uint32_t>(std::atoi(argv[++i]));
    } else if (word == "--seconds" && i + 1 < argc) {
      how.seconds = std::atoi(argv[++i]);
    } else if (word == "--level" && i + 1 < argc) {
      how.level = std::atoi(argv[++i]);
    } else {
      read_trace(argv[i], lines);
    }
  }
  std::printf("%zu lines%s, %u members, zlib level %d\n\n", lines.size(),
              lines.empty() ? " (made up instead)" : "", how.members, how.level);
  if (lines.empty()) make_up(lines);
  std::printf(
      "| codec | messages/s | form | bytes a delivery | CPU us a delivery | writes | runs |\n"
      "| --- | ---: | --- | ---: | ---: | ---: | ---: |\n");
  for (const CodecKind codec : {CodecKind::json, CodecKind::flatbuffers}) {
    for (const int rate : {20, 100}) {
      for (const Compress form : {Compress::none, Compress::chained, Compress::alone}) {
        how.codec = codec;
        how.rate = rate;
        how.compress = form;
        measure(how, lines);
      }
    }
  }
}
