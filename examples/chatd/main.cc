// chatd: rooms for browsers and native clients in one binary. What it is made of: an engine, the
// libuv adapter with a TCP and a WebSocket listener, the JSON codec, the page.
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "chatroom/adapters/json.h"
#include "chatroom/adapters/uv.h"
#include "chatroom/adapters/websocket.h"
#include "chatroom/chatroom.h"
#include "log.h"
#include "metrics_text.h"
#include "options.h"
#include "record_file.h"
#include "web.h"

namespace chatd {
namespace {

using namespace chatroom;

constexpr Duration kRound = Duration::ms(200);  // how often what is not an event is looked at

// Says what an operator wants to see; the engine logs its own troubles through LogSink.
class Teller final : public EngineObserver {
 public:
  explicit Teller(Log& log) : log_(log) {}
  void on_event(const HostEvent& event) noexcept override {
    const std::string user = escaped(event.user);
    const std::string room = escaped(event.room);
    switch (event.type) {
      case HostEventType::room_opened:
        return log_.info("room %s opened", room.c_str());
      case HostEventType::room_closed:
        return log_.info("room %s closed", room.c_str());
      case HostEventType::joined:
        return log_.debug("%s joined %s", user.c_str(), room.c_str());
      case HostEventType::left:
        return log_.debug("%s left %s: %s", user.c_str(), room.c_str(),
                          std::string(name_of(event.reason)).c_str());
      case HostEventType::session_closed:
        return log_.debug("session of %s closed: %d", user.empty() ? "nobody" : user.c_str(),
                          static_cast<int>(event.close_code));
      case HostEventType::dropped:
        return log_.debug("%s lost %llu entries of %s", user.c_str(),
                          static_cast<unsigned long long>(event.gap.count), room.c_str());
      case HostEventType::overload:
        if (event.error.code != Errc::ok) return log_.info("room %s is overloaded", room.c_str());
        return log_.info("room %s: %s", room.c_str(), std::string(name_of(event.rung)).c_str());
      default:
        return;
    }
  }

 private:
  Log& log_;
};

EngineOptions engine_options(const Options& options) {
  EngineOptions out;
  out.seed = options.seed;
  out.limits = options.limits;
  out.open_server = options.open;
  out.open_rooms = options.open;
  out.new_room_policy = options.policy;
  return out;
}

uv::ServerOptions server_options(const Options& options) {
  uv::ServerOptions out;
  out.connections = options.limits.sessions;
  out.connections_per_address = options.connections_per_address;
  out.opens_per_address = {options.opens_per_address, options.opens_per_address * 2};
  if (options.unlimited) {
    out.upgrading = out.connections;
    out.connections_per_address = out.connections;
    out.opens_per_address = Rate::unlimited();
  }
  return out;
}

// Each session is an open file; shells often hand out far fewer than the system would give.
void raise_open_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

class Program {
 public:
  explicit Program(const Options& options)
      : options_(options), web_(options.web_root), browsers_(websocket_options()), teller_(log_) {
    log_.set_level(options.log_level);
  }

  int run() {
    if (!options_.record.empty() && !record_.open(options_.record)) {
      log_.error("%s: %s", options_.record.c_str(), std::strerror(errno));
      return 1;
    }
    EnginePorts ports;
    ports.loop = &loop_;
    ports.json = &json_;
    ports.log = &log_;
    ports.observer = &teller_;
    if (record_.is_open()) ports.recorder = &record_;
    auto created = Engine::create(engine_options(options_), ports);
    if (!created) {
      log_.error("the engine: %s", std::string(message_of(created.error().code)).c_str());
      return 1;
    }
    engine_ = std::move(*created);
    uv::Server server(loop_, *engine_, server_options(options_));
    server_ = &server;
    answer_requests();
    if (!listen(options_.ws, &browsers_, "ws") || !listen(options_.tcp, nullptr, "tcp")) return 1;
    if (options_.open) log_.info("open: everybody is who he says he is");
    loop_.on_signals([](void* program) { static_cast<Program*>(program)->on_signal(); }, this);
    serve();
    return 0;
  }

 private:
  WebSocketOptions websocket_options() {
    WebSocketOptions out;
    out.origins = options_.origins;
    out.http = &web_;
    out.message_bytes = options_.limits.frame_bytes;
    out.message_bytes_before_admitted = options_.limits.frame_bytes_before_auth;
    return out;
  }

  bool listen(const std::vector<Address>& addresses, ByteFilter* filter, const char* what) {
    for (const Address& address : addresses) {
      uv::ListenOptions listen;
      listen.host = address.host;
      listen.port = address.port;
      listen.filter = filter;
      const auto port = server_->listen(listen);
      if (!port) {
        log_.error("%s %s:%u: %s", what, address.host.c_str(), unsigned{address.port},
                   std::strerror(port.error().detail));
        return false;
      }
      log_.info("listening on %s %s:%u", what, address.host.c_str(), unsigned{*port});
    }
    return true;
  }

  Numbers numbers() {
    return {engine_->metrics(), server_->stats(), browsers_.stats(),
            static_cast<double>((loop_.now() - started_).us) / 1e6, draining_};
  }
  void answer_requests() {
    web_.metrics = [this] { return metrics_text(numbers()); };
    web_.health = [this] { return health_json(numbers()); };
    web_.healthy = [this] { return !draining_; };
  }

  void on_signal() {
    if (draining_) {
      log_.info("second signal: ending at once");
      std::fflush(nullptr);
      std::_Exit(1);
    }
    draining_ = true;
    log_.info("draining %llu sessions over %lld s",
              static_cast<unsigned long long>(engine_->metrics().sessions),
              static_cast<long long>(options_.drain_s));
    server_->stop_listening();
    engine_->drain(CloseCode::shutdown, Duration::s(options_.drain_s));
    give_up_ = loop_.now() + Duration::s(options_.drain_s + 2);
  }

  void serve() {
    while (!draining_ || (!engine_->drained() && loop_.now() < give_up_)) {
      if (loop_.run_for(kRound)) break;
      if (!record_.flush()) log_.error("%s: recording stopped", options_.record.c_str());
    }
    const MetricsSnapshot end = engine_->metrics();
    log_.info("ended: %llu sessions served, %llu messages, %llu still there",
              static_cast<unsigned long long>(end.sessions_opened),
              static_cast<unsigned long long>(end.published),
              static_cast<unsigned long long>(end.sessions));
  }

  const Options& options_;
  Log log_;
  RecordFile record_;
  Web web_;
  WebSocketServer browsers_;
  Teller teller_;
  JsonCodec json_;
  uv::Loop loop_;
  EnginePtr engine_;
  uv::Server* server_ = nullptr;  // lives in run()
  const Instant started_ = loop_.now();
  Instant give_up_ = Instant::never();
  bool draining_ = false;
};

}  // namespace
}  // namespace chatd

int main(int argc, char** argv) {
  chatd::Options options;
  const chatd::Parsed parsed = chatd::parse_options(argc, argv, options);
  if (parsed.next == chatd::Parsed::Next::exit_ok) {
    std::fputs(parsed.text.c_str(), stdout);
    return 0;
  }
  if (parsed.next == chatd::Parsed::Next::exit_wrong) {
    std::fprintf(stderr, "chatd: %s\n", parsed.error.c_str());
    return 2;
  }
  chatd::raise_open_files();
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads the log may go; the rooms stay
  return chatd::Program(options).run();
}
