#include "worker.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace chatd {

using namespace chatroom;

namespace {

constexpr Duration kRound = Duration::ms(200);  // how often what is not an event is looked at

EngineOptions engine_options(const Options& options, std::uint32_t index) {
  EngineOptions out;
  out.seed = options.seed == 0 ? 0 : options.seed + index;
  out.limits = options.limits;
  out.open_server = options.open;
  out.open_rooms = options.open;
  out.new_room_policy = options.policy;
  return out;
}

uv::ServerOptions server_options(const Options& options) {
  uv::ServerOptions out;
  out.connections = (options.limits.sessions + options.threads - 1) / options.threads;
  out.connections_per_address = options.connections_per_address;
  out.opens_per_address = {options.opens_per_address, options.opens_per_address * 2};
  if (options.unlimited) {
    out.upgrading = out.connections;
    out.connections_per_address = out.connections;
    out.opens_per_address = Rate::unlimited();
  }
  return out;
}

// All fields are counts: of several threads, their sums.
template <class T>
void add(T& to, const T& from) {
  using Words = std::array<std::uint64_t, sizeof(T) / sizeof(std::uint64_t)>;
  auto sum = std::bit_cast<Words>(to);
  const auto more = std::bit_cast<Words>(from);
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
  to = std::bit_cast<T>(sum);
}

// 0, or why nobody else may listen there. Listeners that share a port would share it with another
// process of ours as well, and each would get a part of the connections.
int taken(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  if (getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0) return 0;
  const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
  const int on = 1;
  int error = 0;
  if (fd >= 0) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 && errno == EADDRINUSE) error = errno;
    close(fd);
  }
  freeaddrinfo(found);
  return error;
}

}  // namespace

void Teller::on_event(const HostEvent& event) noexcept {
  sessions_.write_session(event, loop_.now().unix_ms());
  const std::string user = escaped(event.user);
  const std::string room = escaped(event.room);
  switch (event.type) {
    case HostEventType::room_opened:
      on_room(event.room);
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
    case HostEventType::traced:
      return log_trace(log_, event);
    case HostEventType::copies_lost:
      return log_.info("%llu copies were lost", static_cast<unsigned long long>(event.count));
    case HostEventType::moderated:
      return audit_.write(event, loop_.now().unix_ms());
    default:
      return;
  }
}

void Teller::on_room(std::string_view key) {
  if (channels_.empty()) return;
  Result<Room> room = engine_->room(key);
  if (!room) return;  // closed again in the same turn
  for (const NamedChannel& channel : channels_) {
    Status done = room->open_channel(channel.name);
    if (done && channel.access != Role::visitor) {
      done = room->restrict_channel(channel.name, channel.access);
    }
    if (!done) log_.error("channel %s cannot be", escaped(channel.name).c_str());
  }
}

Worker::Worker(const Options& options, Log& log, Shared& shared, std::uint32_t index,
               Broker* broker)
    : options_(options),
      log_(log),
      shared_(shared),
      index_(index),
      broker_(broker),
      web_(options.web_root),
      browsers_(websocket_options()),
      passwords_({.memory_bytes = std::uint64_t{options.password_mib} << 20}),
      trace_(options.trace) {}

WebSocketOptions Worker::websocket_options() {
  WebSocketOptions out;
  out.origins = options_.origins;
  out.http = &web_;
  out.message_bytes = options_.limits.frame_bytes;
  if (options_.policy.compress) out.compressor = &zlib_;
  out.message_bytes_before_admitted = options_.limits.frame_bytes_before_auth;
  return out;
}

int Worker::run() {
  if (!create()) shared_.failed = true;
  shared_.ready.arrive_and_wait();
  if (shared_.failed) return give_up();
  uv::Server server(loop_, *engine_, server_options(options_));
  server_ = &server;
  web_.metrics = [this] { return metrics_text(all_numbers()); };
  web_.health = [this] { return health_json(all_numbers()); };
  if (options_.inspect) {
    web_.inspect = [this] { return inspect_json(*engine_, loop_.now().unix_ms()); };
  }
  web_.healthy = [this] { return !shared_.draining; };
  // The first binds the ports, then the others share them.
  if (index_ == 0) {
    if (!listen_all(server)) shared_.failed = true;
    shared_.listening.count_down();
  } else {
    shared_.listening.count_down();
    shared_.listening.wait();
    if (!shared_.failed && !listen_all(server)) shared_.failed = true;
  }
  if (shared_.failed) return give_up();
  if (index_ == 0 && options_.open) log_.info("open: everybody is who he says he is");
  serve();
  return shared_.failed ? 1 : 0;
}

int Worker::give_up() {
  --shared_.threads_running;
  shared_.ended.count_down();
  return 1;
}

bool Worker::create() {
  if (!options_.record.empty() && !record_.open(options_.record)) {
    log_.error("%s: %s", options_.record.c_str(), std::strerror(errno));
    return false;
  }
  if (!options_.words.empty() && !read_words(options_.words, words_, log_)) return false;
  if (!options_.audit.empty() && !teller_.audit(options_.audit)) {
    log_.error("%s: %s", options_.audit.c_str(), std::strerror(errno));
    return false;
  }
  if (!options_.sessions.empty() && !teller_.sessions(options_.sessions, options_.sessions_per_s)) {
    log_.error("%s: %s", options_.sessions.c_str(), std::strerror(errno));
    return false;
  }
  if (!options_.copies.empty()) {
    if (!copies_.open(options_.copies)) {
      log_.error("%s: %s", options_.copies.c_str(), std::strerror(errno));
      return false;
    }
    copier_ = std::make_unique<SlowWorker>(copies_);
  }
  EnginePorts ports;
  ports.slow_work = copier_.get();
  ports.passwords = &passwords_;
  ports.relations = shared_.relations;
  if (!options_.profiles.empty()) ports.profiles = &shared_.profiles;
  if (words_.size() > 0) ports.filter = &words_;
  ports.loop = &loop_;
  ports.json = &json_;
  ports.log = &log_;
  ports.observer = &teller_;
  ports.broker = broker_;
  if (options_.policy.compress) ports.compressor = &zlib_;
  if (record_.is_open()) ports.recorder = &record_;
  auto created = Engine::create(engine_options(options_, index_), ports);
  if (!created) {
    log_.error("the engine: %s", std::string(message_of(created.error().code)).c_str());
    return false;
  }
  engine_ = std::move(*created);
  teller_.attach(&*engine_);
  for (const NamedTenant& tenant : options_.tenants) {
    if (engine_->set_tenant(tenant.name, tenant.policy)) continue;
    log_.error("tenant %s cannot be", tenant.name.c_str());
    return false;
  }
  passwords_.attach(engine_->remote());
  trace_.look(*engine_, log_);
  return true;
}

bool Worker::listen_all(uv::Server& server) {
  std::size_t number = 0;
  for (const Address& address : options_.ws) {
    if (!listen(server, number++, address, &browsers_, "ws")) return false;
  }
  for (const Address& address : options_.tcp) {
    if (!listen(server, number++, address, nullptr, "tcp")) return false;
  }
  return true;
}

bool Worker::listen(uv::Server& server, std::size_t number, const Address& address,
                    ByteFilter* filter, const char* what) {
  uv::ListenOptions listen;
  listen.host = address.host;
  listen.port = index_ == 0 ? address.port : shared_.ports[number];
  listen.filter = filter;
  listen.share_port = options_.threads > 1;
  const int error = listen.share_port && index_ == 0 ? taken(address) : 0;
  if (error != 0) {
    log_.error("%s %s:%u: %s", what, address.host.c_str(), unsigned{address.port},
               std::strerror(error));
    return false;
  }
  const auto port = server.listen(listen);
  if (!port) {
    log_.error("%s %s:%u: %s", what, address.host.c_str(), unsigned{address.port},
               std::strerror(port.error().detail));
    return false;
  }
  if (index_ != 0) return true;
  shared_.ports.push_back(*port);
  log_.info("listening on %s %s:%u", what, address.host.c_str(), unsigned{*port});
  return true;
}

Numbers Worker::own_numbers() {
  return {engine_->metrics(), server_->stats(), browsers_.stats(),
          static_cast<double>((loop_.now() - started_).us) / 1e6, draining_};
}

// The others' as of their last round.
Numbers Worker::all_numbers() {
  Numbers all = own_numbers();
  const std::lock_guard guard(shared_.mutex);
  for (std::uint32_t i = 0; i < shared_.numbers.size(); ++i) {
    if (i == index_) continue;
    add(all.engine, shared_.numbers[i].engine);
    add(all.sockets, shared_.numbers[i].sockets);
    add(all.websocket, shared_.numbers[i].websocket);
  }
  return all;
}

void Worker::take_signals() {
  loop_.on_signals([](void* worker) { static_cast<Worker*>(worker)->on_signal(); }, this);
}

void Worker::on_signal() {
  if (shared_.draining.exchange(true)) {
    log_.info("second signal: ending at once");
    teller_.flush();
    log_.flush(true);
    std::fflush(nullptr);
    std::_Exit(1);
  }
  log_.info("draining %llu sessions over %lld s",
            static_cast<unsigned long long>(all_numbers().engine.sessions),
            static_cast<long long>(options_.drain_s));
  start_draining();
}

void Worker::start_draining() {
  draining_ = true;
  server_->stop_listening();
  engine_->drain(CloseCode::shutdown, Duration::s(options_.drain_s));
  give_up_ = loop_.now() + Duration::s(options_.drain_s + 2);
}

// No engine goes before the last has drained: their rooms would look for another home.
void Worker::serve() {
  bool running = true;
  while (shared_.threads_running > 0) {
    if (loop_.run_for(kRound)) break;
    trace_.look(*engine_, log_);
    if (!record_.flush()) log_.error("%s: recording stopped", options_.record.c_str());
    teller_.flush();
    if (options_.threads > 1) {
      const Numbers numbers = own_numbers();
      const std::lock_guard guard(shared_.mutex);
      shared_.numbers[index_] = numbers;
    }
    if (shared_.failed) shared_.draining = true;
    if (shared_.draining && !draining_) start_draining();
    if (running && draining_ && (engine_->drained() || loop_.now() >= give_up_)) {
      running = false;
      --shared_.threads_running;
    }
  }
  shared_.ended.arrive_and_wait();
  teller_.flush();
  if (index_ != 0) return;
  const MetricsSnapshot end = all_numbers().engine;
  log_.info("ended: %llu sessions served, %llu messages, %llu still there",
            static_cast<unsigned long long>(end.sessions_opened),
            static_cast<unsigned long long>(end.published),
            static_cast<unsigned long long>(end.sessions));
}

}  // namespace chatd
