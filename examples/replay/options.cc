#include "options.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace replayer {
namespace {

constexpr char kHelp[] =
    R"(replay: many members in one room, saying what a recorded trace or a made-up crowd says;
every member checks everything that it receives.

usage: replay (--trace FILE | --generate SEED) [options]

  --trace FILE        lines of {"t_ms":…,"user":"…","text":"…"}
  --generate SEED     a crowd with the habits of real rooms, until --seconds or Ctrl-C
  --rate R            its messages a second, on average (8)
  --speed X           times the pace of the script (1)
  --members N         connections; a user of the script speaks through number hash mod N (40)
  --transport KIND    tcp (FlatBuffers), ws (JSON, default) or both (half and half)
  --ws HOST:PORT      where the server's WebSocket listener is (127.0.0.1:8080)
  --tcp HOST:PORT     where its TCP listener is
  --room NAME         (live/1)
  --lines N           of the trace at most
  --seconds N         stop sending after N seconds
  --json              end with one JSON line on stdout instead of a sentence
  --help

Sends at most 1,000 messages ahead of the slowest member. Lines that the protocol would refuse are
skipped. Exit: 0 all delivered in order; 1 something was lost, doubled, reordered or refused, or a
connection ended; 2 wrong options.
)";

bool read_place(std::string_view text, Place& out) {
  const std::size_t colon = text.rfind(':');
  std::string_view port = text;
  if (colon != text.npos) {
    port = text.substr(colon + 1);
    std::string_view host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    if (!host.empty()) out.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  }
  out.port = static_cast<std::uint16_t>(std::strtoul(std::string(port).c_str(), nullptr, 10));
  return out.port != 0;
}

bool read_transport(std::string_view word, Options& options) {
  options.over_tcp = word == "tcp" || word == "both";
  options.over_ws = word == "ws" || word == "both";
  return options.over_tcp || options.over_ws;
}

template <class Number>
bool read_number(const char* text, Number least, Number& out) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || value < static_cast<double>(least)) return false;
  out = static_cast<Number>(value);
  return true;
}

bool apply(std::string_view name, const char* value, Options& options) {
  if (name == "--trace") return options.trace = value, true;
  if (name == "--generate")
    return options.trace.clear(), read_number(value, std::uint64_t{0}, options.seed);
  if (name == "--rate") return read_number(value, 0.001, options.rate);
  if (name == "--speed") return read_number(value, 0.001, options.speed);
  if (name == "--members") return read_number(value, std::size_t{1}, options.members);
  if (name == "--lines") return read_number(value, std::uint64_t{1}, options.lines);
  if (name == "--seconds") return read_number(value, std::int64_t{0}, options.seconds);
  if (name == "--room") return options.room = value, true;
  if (name == "--ws") return read_place(value, options.ws);
  if (name == "--tcp") return read_place(value, options.tcp);
  if (name == "--transport") return read_transport(value, options);
  return false;
}

int wrong(const std::string& sentence) {
  std::fprintf(stderr, "replay: %s; see --help\n", sentence.c_str());
  return 3;
}

}  // namespace

int parse_options(int argc, char** argv, Options& options) {
  bool has_script = false;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--help" || name == "-h") return std::fputs(kHelp, stdout), 1;
    if (name == "--json") {
      options.json = true;
      continue;
    }
    has_script = has_script || name == "--trace" || name == "--generate";
    if (i + 1 == argc) return wrong(name + " needs a value, or is unknown");
    if (!apply(name, argv[++i], options)) return wrong(name + " cannot be " + argv[i]);
  }
  if (!has_script) return wrong("--trace FILE or --generate SEED is needed");
  if (options.over_tcp && options.tcp.port == 0)
    return wrong("--transport tcp needs --tcp HOST:PORT");
  return 0;
}

}  // namespace replayer
