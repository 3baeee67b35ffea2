#include "sim/cluster.h"

#include <algorithm>
#include <cinttypes>

#include "sim/cluster_world.h"

namespace chatroom::sim {

namespace {

constexpr Instant kBegin{1'700'000'000'000'000};

}  // namespace

Cluster::Cluster(std::uint64_t seed, Report& report)
    : random_(seed, 80),
      wardings_(seed, 81),
      engines_(random_.between(2, 3)),
      net_(seed, engines_),
      report_(report),
      schedule_(kBegin),
      wardens_(seed, report),
      directs_(report) {
  for (std::uint32_t i = 0; i < engines_; ++i) make_node(seed, i);
  const std::uint32_t seats = random_.between(5, 12);
  for (std::uint32_t i = 0; i < seats; ++i) {
    Role role = random_.chance(15) ? Role::visitor : Role::member;
    // Two who may moderate, at two engines: for most rooms not at their home.
    if (i == 0) role = Role::admin;
    if (i == 1) role = Role::moderator;
    seats_.push_back(std::make_unique<Seat>(*this, i % engines_, "u" + std::to_string(i), role));
  }
}

ClusterOutcome Cluster::run() {
  for (std::uint32_t i = 0; i < engines_; ++i) tick(i);
  for (std::size_t i = 0; i < seats_.size(); ++i) plan(i);
  trouble();
  run_until(kBegin + Duration::s(25));
  settle();
  outcome_.parted = net_.parted();
  outcome_.verbs = wardens_.done();
  for (auto& node : nodes_) node->engine.reset();
  return outcome_;
}

// ---- What seats tell

void Cluster::seen(const Seat& seat, const std::string& room, const Seat::Place& place,
                   const Message& message) {
  const std::uint64_t serial =
      message.text.empty() ? 0 : std::strtoull(message.text.data() + 1, nullptr, 10);
  const auto said = said_.find(serial);
  const auto wrong = [&](const char* what) {
    report_.fail(Verdict::correctness, "%s heard #%" PRIu64 " in %s at %" PRIu64 ": wrong %s",
                 seat.user.c_str(), serial, room.c_str(), message.offset, what);
  };
  if (said == said_.end()) wrong("text");
  if (said->second.room != room) wrong("room");
  if (said->second.user != message.user) wrong("user");
  if (said->second.visitor) wrong("right: a visitor spoke");
  const std::string& user = said->second.user;
  if (!user.empty() && wardens_.silent(room, user, said->second.role, said->second.asked)) {
    wrong("right: its author had been silenced");
  }
  const auto [at, fresh] = logs_[room + place.epoch].at.emplace(message.offset, serial);
  if (!fresh && at->second != serial) wrong("place: another stands there");
  if (fresh && said->second.placed) wrong("place: it stands somewhere else too");
  said->second.placed = true;
  ++outcome_.heard;
}

void Cluster::gone(const Seat& seat) {
  std::map<Tag, const void*>& waiting = nodes_[seat.engine]->watch.waiting;
  std::erase_if(waiting, [&](const auto& one) { return one.second == &seat; });
}

void Cluster::make_node(std::uint64_t seed, std::uint32_t i) {
  nodes_.push_back(std::make_unique<Node>());
  EngineOptions options;
  options.seed = seed * 8 + i + 1;
  options.start = kBegin;
  options.open_server = true;
  options.open_rooms = true;
  options.new_room_policy.idle_close = Duration::s(random_.between(2, 60));
  options.limits.sessions = 64;
  options.limits.rooms = 16;
  options.limits.memberships = 256;
  options.limits.window_bytes = random_.chance(30) ? 16'384 : 262'144;
  options.limits.log_pool_bytes = 2u << 20;
  options.limits.private_pool_bytes = 2u << 20;
  options.limits.input_pool_bytes = 1u << 20;
  options.limits.history_pool_bytes = 2u << 20;
  options.limits.waiting_bytes = 2u << 20;
  options.limits.room_publishes = options.limits.joins_in_all = Rate::unlimited();
  options.limits.user_publishes = Rate::unlimited();
  options.limits.commands = options.limits.publishes = options.limits.joins = Rate::unlimited();
  EnginePorts ports;
  ports.broker = net_.port(i);
  nodes_[i]->watch.heard = [this, i](const HostEvent& event) { told(i, event); };
  ports.observer = &nodes_[i]->watch;
  Result<EnginePtr> made = Engine::create(options, ports);
  if (!made) report_.fail(Verdict::correctness, "no engine");
  nodes_[i]->engine = std::move(*made);
}

// Engines look in when they like.
void Cluster::tick(std::uint32_t i) {
  Node& node = *nodes_[i];
  if (!node.engine) return;
  net_.at(schedule_.now());
  if (schedule_.now() >= node.asleep_until) {
    static_cast<void>(node.engine->advance(schedule_.now()));
  }
  schedule_.after(Duration::ms(calm_ ? 5 : random_.between(1, 40)), [this, i] { tick(i); });
}

void Cluster::run_until(Instant end) {
  while (!schedule_.empty() && schedule_.next() <= end) {
    report_.at(schedule_.next());
    net_.at(schedule_.next());
    schedule_.run_one();
  }
}

void Cluster::plan(std::size_t i) {
  schedule_.after(Duration::ms(random_.between(10, 400)), [this, i] {
    if (calm_) return;
    act(*seats_[i]);
    plan(i);
  });
}

void Cluster::enter(Seat& seat) {
  Engine* engine = engine_of(seat);
  if (engine == nullptr || seat.open) return;
  seat.open = true;
  ++seat.ear;
  const Result<SessionId> opened =
      engine->open_local(seat, {.user = seat.user, .nick = {}, .info = {}, .role = seat.role});
  seat.open = static_cast<bool>(opened);
  if (opened) seat.session = *opened;
}

void Cluster::act(Seat& seat) {
  Engine* engine = engine_of(seat);
  if (engine == nullptr) return;
  if (!seat.open) return enter(seat);
  const std::string room = some_room();
  if (seat.role >= Role::moderator ? wardings_.chance(40) : wardings_.chance(5)) moderate(seat);
  const std::uint32_t what = random_.below(100);
  if (what < 20) return join(seat, room);
  if (what < 28) {
    if (seat.asked) return;
    seat.asked = {++tags_, room, {}};
    if (!engine->leave(seat.session, room, tags_)) seat.asked.reset();
  } else if (what < 75) {
    publish(seat, room);
  } else if (what < 80) {
    for (int i = 0; i < 20; ++i) broadcast(*engine, room);
  } else if (what < 86) {
    broadcast(*engine, room);
  } else if (what < 89) {
    const std::string victim =
        seats_[random_.below(static_cast<std::uint32_t>(seats_.size()))]->user;
    if (Result<Room> there = engine->room(room)) static_cast<void>(there->kick(victim));
  } else if (what < 92) {
    static_cast<void>(engine->close(seat.session, CloseCode::normal));
  } else {
    const std::uint32_t to = random_.below(static_cast<std::uint32_t>(seats_.size()));
    directs_.send(*engine, seat.session, seat.user, seats_[to]->user);
  }
}

// One thing at a time, so that it is known what an answer is to.
void Cluster::moderate(Seat& seat) {
  if (seat.asked) return;
  const std::string room = "hall" + std::to_string(wardings_.below(3));
  const Seat& target = *seats_[wardings_.below(static_cast<std::uint32_t>(seats_.size()))];
  const auto at = seat.rooms.find(room);
  const std::uint64_t newest = at == seat.rooms.end() ? 0 : at->second.offset;
  Verb verb = wardens_.choose(room, {target.user, target.role}, newest);
  wardens_.asks(seat.user, seat.role, verb);
  report_.note("orders", seat.user, room, static_cast<std::uint64_t>(verb.op), verb.offset);
  seat.asked = {++tags_, {}, verb};
  const Result<Ticket> asked = engine_of(seat)->command(seat.session, verb.command(), tags_);
  if (asked) return;
  seat.asked.reset();
  wardens_.answered(seat.user, seat.role, verb, asked.error().code, schedule_.now());
}

// Refusals that come late the host is told of, not the member. A room that ends forgets.
void Cluster::told(std::uint32_t engine, const HostEvent& event) {
  const std::string room{event.room};
  if (event.type == HostEventType::room_closed && net_.home_of(room) == engine) {
    wardens_.home_lost(room);
  }
  if (event.type != HostEventType::refused || event.tag == 0) return;
  for (const auto& seat : seats_) {
    if (seat->engine != engine || !seat->asked || seat->asked->tag != event.tag) continue;
    const std::optional<Verb> verb = seat->asked->verb;
    seat->asked.reset();
    if (!verb) continue;
    wardens_.answered(seat->user, seat->role, *verb, event.error.code, schedule_.now());
  }
}

void Cluster::join(Seat& seat, const std::string& room) {
  Watch& watch = nodes_[seat.engine]->watch;
  const Tag tag = ++tags_;
  watch.waiting[tag] = &seat;
  seat.joining.emplace(room, schedule_.now());
  JoinOptions how;
  how.room = room;
  if (!engine_of(seat)->join(seat.session, how, tag)) watch.waiting.erase(tag);
}

std::uint64_t Cluster::register_word(const std::string& room, const std::string& user, Role role) {
  said_[++outcome_.said] = {room, user, schedule_.now(), role, role == Role::visitor, false};
  return outcome_.said;
}

void Cluster::publish(Seat& seat, const std::string& room) {
  const std::string text = "#" + std::to_string(register_word(room, seat.user, seat.role)) + " " +
                           std::string(random_.below(600), 'x');
  Watch& watch = nodes_[seat.engine]->watch;
  const Tag tag = ++tags_;
  watch.waiting[tag] = &seat;
  Outgoing message;
  message.room = room;
  message.text = text;
  if (!engine_of(seat)->publish(seat.session, message, tag)) watch.waiting.erase(tag);
}

void Cluster::broadcast(Engine& engine, const std::string& room) {
  Result<Room> there = engine.room(room);
  if (!there) return;
  const std::string text = "#" + std::to_string(register_word(room, {}, Role::owner)) + " news";
  Outgoing message;
  message.text = text;
  static_cast<void>(there->broadcast(message));
}

void Cluster::trouble() {
  if (random_.chance(60)) {
    for (int i = 0; i < 4; ++i) {
      schedule_.after(Duration::ms(random_.between(1'000, 22'000)), [this] {
        const std::uint32_t a = random_.below(engines_);
        const std::uint32_t b = (a + 1 + random_.below(engines_ - 1)) % engines_;
        report_.note("parts", {}, {}, a, b);
        net_.part(a, b);
      });
    }
  }
  for (std::uint32_t i = 0; i < 5; ++i) {
    schedule_.after(Duration::ms(random_.between(1'000, 22'000)), [this] {
      Node& node = *nodes_[random_.below(engines_)];
      node.asleep_until = schedule_.now() + Duration::ms(random_.between(200, 4'000));
    });
  }
  if (!random_.chance(50)) return;
  const std::uint32_t victim = random_.below(engines_);
  schedule_.after(Duration::ms(random_.between(4'000, 20'000)), [this, victim] { lose(victim); });
}

void Cluster::lose(std::uint32_t victim) {
  report_.note("an engine is lost", {}, {}, victim);
  ++outcome_.lost;
  for (const auto& seat : seats_) {
    if (seat->engine == victim) seat->open = false, seat->rooms.clear();
  }
  for (int i = 0; i < 3; ++i) {
    const std::string room = "hall" + std::to_string(i);
    if (net_.home_of(room) == victim) wardens_.home_lost(room);
  }
  nodes_[victim]->engine.reset();
}

ClusterOutcome run_cluster(std::uint64_t seed, Report& report) {
  return Cluster{seed, report}.run();
}

}  // namespace chatroom::sim
