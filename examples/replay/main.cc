// replay: puts a crowd into a room of a running server and checks what every member receives.
#include <sys/resource.h>

#include <cinttypes>
#include <cstdio>
#include <memory>

#include "chatroom/codec_checks.h"
#include "member.h"
#include "options.h"
#include "script.h"

namespace replayer {
namespace {

using namespace chatroom;

constexpr std::size_t kDialingMax = 100;
constexpr std::uint64_t kAheadMax = 1'000;        // of the slowest member
constexpr std::int64_t kPatienceUs = 10'000'000;  // without progress at the end
constexpr std::int64_t kGentleUs = 250'000;  // a crowd's member keeps below a server's usual rate

// FNV-1a.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// A member is an open file; shells often hand out far fewer than the system would give.
void raise_open_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

class Replay final : public LoopClient {
 public:
  Replay(const Options& options, Script& script)
      : options_(options),
        script_(script),
        account_(options.members),
        dialer_(loop_),
        crew_(dialer_, account_, options.room),
        websocket_(client_options(options)) {}

  int run() {
    add_members();
    loop_.attach(this);
    loop_.on_signals([](void* replay) { static_cast<Replay*>(replay)->stopping_ = true; }, this);
    const bool ready = gather();
    if (ready) {
      started_us_ = tick_us_ = now_us();
      loop_.set_alarm(loop_.now());
      while (!finished()) {
        loop_.run_for(Duration::ms(100));
        each_second();
      }
    }
    for (auto& member : members_) member->leave();
    return report(ready);
  }

  void on_loop() noexcept override {
    if (started_us_ != 0) pump();
  }

 private:
  static WebSocketClientOptions client_options(const Options& options) {
    WebSocketClientOptions out;
    out.host = options.ws.host + ":" + std::to_string(options.ws.port);
    return out;
  }

  void add_members() {
    for (std::size_t i = 0; i < options_.members; ++i) {
      const bool tcp = options_.over_tcp && (!options_.over_ws || i % 2 == 0);
      const std::string user = "crowd-" + std::to_string(i + 1);
      account_.add_member(i, user);
      members_.push_back(std::make_unique<Member>(crew_, i, user, script_.name_of(i),
                                                  tcp ? Profile::flatbuffers : Profile::json));
    }
  }

  // Everybody into the room; false: not everybody came.
  bool gather() {
    std::size_t dialed = 0;
    while (crew_.joined < members_.size() && crew_.failed.empty() && !stopping_) {
      while (dialed < members_.size() && crew_.connecting < kDialingMax) {
        if (!members_[dialed]->dial(way_of(dialed))) return false;
        ++dialed;
      }
      loop_.run_for(Duration::ms(5));
      const std::int64_t now = now_us();
      if (now - tick_us_ < 1'000'000) continue;
      tick_us_ = now;
      std::fprintf(stderr, "replay: %zu of %zu members joined\n", crew_.joined, members_.size());
    }
    return crew_.joined == members_.size();
  }
  uv::DialOptions way_of(std::size_t member) {
    const bool tcp = options_.over_tcp && (!options_.over_ws || member % 2 == 0);
    const Place& place = tcp ? options_.tcp : options_.ws;
    uv::DialOptions dial;
    dial.host = place.host;
    dial.port = place.port;
    dial.filter = tcp ? nullptr : &websocket_;
    return dial;
  }

  // Sends what is due, as far as the slowest member allows, and says when to come again.
  void pump() noexcept {
    const std::int64_t now = now_us();
    const std::uint64_t least = account_.slowest();
    while (!sent_all_) {
      if (!has_line_ && !take_line()) break;
      const double due = static_cast<double>(line_.t_ms) * 1'000 / options_.speed;
      const auto wait = static_cast<std::int64_t>(due) - (now - started_us_);
      if (wait > 0) return loop_.set_alarm(loop_.now() + Duration{wait});
      if (account_.totals().sent - least >= kAheadMax ||
          !speaker(now).publish(line_.text, line_.kind)) {
        return loop_.set_alarm(loop_.now() + Duration::ms(1));
      }
      has_line_ = false;
    }
  }
  bool take_line() {
    while (script_.next(line_)) {
      if (line_.text.empty() || line_.text.size() > crew_.text_bytes) {
        ++skipped_;
        continue;
      }
      last_t_ms_ = line_.t_ms;
      return has_line_ = true;
    }
    stop_sending();
    return false;
  }
  void stop_sending() {
    if (sent_all_) return;
    sent_all_ = true;
    sent_all_us_ = progress_us_ = now_us();
  }
  // In a made-up crowd somebody else speaks up when the one whose turn it is has just spoken.
  Member& speaker(std::int64_t now) {
    std::size_t index = static_cast<std::size_t>(hash_of(line_.user) % members_.size());
    for (std::size_t i = 0; options_.generated() && i < members_.size(); ++i) {
      if (now - members_[index]->spoke_us() > kGentleUs) break;
      index = (index + 1) % members_.size();
    }
    return *members_[index];
  }

  bool finished() {
    const std::int64_t now = now_us();
    if (stopping_ || crew_.closed > 0 || (!crew_.failed.empty())) stop_sending();
    if (options_.seconds > 0 && now - started_us_ >= options_.seconds * 1'000'000) stop_sending();
    if (!sent_all_) return false;
    if (crew_.closed > 0 || account_.totals().delivered >= account_.expected()) return true;
    if (account_.totals().delivered != progress_) {
      progress_ = account_.totals().delivered;
      progress_us_ = now;
    }
    return now - progress_us_ > kPatienceUs;
  }

  void each_second() {
    const std::int64_t now = now_us();
    if (now - tick_us_ < 1'000'000) return;
    const Totals& totals = account_.totals();
    const auto rate =
        static_cast<double>(totals.delivered - told_) * 1e6 / static_cast<double>(now - tick_us_);
    std::fprintf(stderr,
                 "replay: %4" PRId64 " s  sent %" PRIu64 "  delivered %" PRIu64
                 "  (%.0f/s)  missing %" PRIu64 "\n",
                 (now - started_us_) / 1'000'000, totals.sent, totals.delivered, rate,
                 account_.lost());
    told_ = totals.delivered;
    tick_us_ = now;
    for (auto& member : members_) member->ping_if_quiet(now);
  }

  int report(bool ready) {
    const Totals& totals = account_.totals();
    const std::int64_t end = now_us();
    const double seconds = ready ? static_cast<double>(end - started_us_) / 1e6 : 0;
    const double sending = ready ? static_cast<double>(sent_all_us_ - started_us_) / 1e3 : 0;
    const double speed = sending > 0 ? static_cast<double>(last_t_ms_) / sending : 0;
    if (!script_.error.empty()) std::fprintf(stderr, "replay: %s\n", script_.error.c_str());
    if (!crew_.failed.empty()) std::fprintf(stderr, "replay: %s\n", crew_.failed.c_str());
    const bool good = ready && script_.error.empty() && crew_.failed.empty() && crew_.closed == 0 &&
                      account_.lost() == 0 && totals.duplicated == 0 && totals.reordered == 0 &&
                      totals.corrupted == 0 && (options_.generated() || totals.refused == 0);
    std::fprintf(stderr, "replay: %s\n", good ? "everything arrived once and in order" : "failed");
    std::fflush(stderr);
    std::printf(options_.json
                    ? "{\"sent\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"expected\":%" PRIu64
                      ",\"delivered\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"duplicated\":%" PRIu64
                      ",\"reordered\":%" PRIu64 ",\"p50_us\":%" PRIu64 ",\"p99_us\":%" PRIu64
                      ",\"speed_achieved\":%.2f,\"seconds\":%.2f,\"refused\":%" PRIu64
                      ",\"foreign\":%" PRIu64 ",\"closed\":%zu}\n"
                    : "sent %" PRIu64 ", skipped %" PRIu64 ", expected %" PRIu64
                      ", delivered %" PRIu64 ", lost %" PRIu64 ", duplicated %" PRIu64
                      ", reordered %" PRIu64 "; p50 %" PRIu64 " us, p99 %" PRIu64
                      " us; speed %.2f, %.2f s; refused %" PRIu64 ", by others %" PRIu64
                      ", closed %zu\n",
                totals.sent, skipped_ + script_.unreadable, account_.expected(), totals.delivered,
                account_.lost(), totals.duplicated, totals.reordered,
                account_.latencies().percentile(0.5), account_.latencies().percentile(0.99), speed,
                seconds, totals.refused, totals.foreign, crew_.closed);
    return good ? 0 : 1;
  }

  const Options& options_;
  Script& script_;
  Account account_;
  uv::Loop loop_;
  uv::Dialer dialer_;
  Crew crew_;
  WebSocketClient websocket_;
  std::vector<std::unique_ptr<Member>> members_;

  Line line_;
  bool has_line_ = false;
  bool sent_all_ = false;
  bool stopping_ = false;
  std::int64_t started_us_ = 0;
  std::int64_t sent_all_us_ = 0;
  std::int64_t last_t_ms_ = 0;
  std::int64_t tick_us_ = 0;
  std::int64_t progress_us_ = 0;
  std::uint64_t progress_ = 0;
  std::uint64_t told_ = 0;
  std::uint64_t skipped_ = 0;
};

}  // namespace
}  // namespace replayer

int main(int argc, char** argv) {
  replayer::Options options;
  const int code = replayer::parse_options(argc, argv, options);
  if (code != 0) return code - 1;
  const auto script = options.generated() ? replayer::make_crowd(options.seed, options.rate)
                                          : replayer::open_trace(options.trace, options.lines);
  if (!script->error.empty()) {
    std::fprintf(stderr, "replay: %s\n", script->error.c_str());
    return 2;
  }
  replayer::raise_open_files();
  return replayer::Replay(options, *script).run();
}
