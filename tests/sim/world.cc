// The world's order: events, turns, steps; and what must hold after each of them.
#include "sim/world.h"

#include <algorithm>
#include <cinttypes>

#include "base/plant.h"
#include "sim/host.h"
#include "sim/insider.h"
#include "sim/loop.h"
#include "sim/peer.h"
#include "sim/store.h"

namespace chatroom::sim {

namespace {

constexpr Instant kStart{1'700'000'000'000'000};
constexpr std::uint64_t kStepsMost = 3'000'000;

}  // namespace

World::World(const Plan& plan, const Mode& mode, Report& report)
    : plan_(plan),
      mode_(mode),
      report_(report),
      schedule_(kStart),
      quiet_at_(kStart + plan.busy),
      last_tick_(kStart),
      truth_(plan_, report),
      json_(std::make_unique<JsonCodec>()),
      peer_json_(std::make_unique<JsonCodec>()),
      peer_flatbuffers_(std::make_unique<FlatbuffersCodec>()),
      over_random_(plan.seed, 60) {
  build();
}

World::~World() { schedule_.clear(); }

Codec& World::codec(CodecKind kind) noexcept {
  if (kind == CodecKind::json) return *peer_json_;
  return *peer_flatbuffers_;
}

const User* World::user(std::string_view id) const noexcept {
  for (const User& user : users_) {
    if (user.id == id) return &user;
  }
  return nullptr;
}

void World::build() {
  Random random{plan_.seed, 1};
  for (std::uint32_t i = 0; i < plan_.users; ++i) {
    User user;
    user.id = "u" + std::to_string(i);
    user.known = random.chance(plan_.known);
    const bool named = user.known || plan_.ask_auth;
    user.nick = random.chance(50) ? "N\u00e9" + std::to_string(i) : "";
    if (named) user.info = random.chance(50) ? "{\"level\":" + std::to_string(i) + "}" : "";
    const std::uint32_t fate = random.below(100);
    if (named) {
      user.role = fate < 55   ? Role::member
                  : fate < 65 ? Role::visitor
                  : fate < 75 ? Role::speaker
                  : fate < 88 ? Role::moderator
                  : fate < 95 ? Role::admin
                              : Role::owner;
    }
    users_.push_back(user);
  }
  if (mode_.extra_member) {
    User extra;
    extra.id = "x";
    extra.known = true;
    users_.push_back(extra);
  }
  host_ = std::make_unique<Host>(*this);
  loop_ = std::make_unique<Loop>(*this, mode_.entropy);
  if (plan_.record) recording_ = std::make_unique<Recording>();
  if (plan_.storage.on) {
    store_ = std::make_unique<Store>(*this);
    truth_.ask_storage(store_.get());
  }
  start_engine();
  truth_.ask_position([this](const std::string& room) {
    const Result<Room> there = engine_->room(room);
    return there ? there->position() : Position{};
  });
  ceiling_ = chatroom::plan(plan_.limits).ceiling_bytes;
  std::uint32_t index = 0;
  const auto add = [&](Insider::Kind kind, const User& user) {
    insiders_.push_back(std::make_unique<Insider>(*this, kind, user, index++));
  };
  for (std::uint32_t i = 0; i < plan_.crowd; ++i) {
    User user;
    user.id = "c" + std::to_string(i);
    add(Insider::Kind::crowd, user);
  }
  for (std::uint32_t i = 0; i < plan_.locals; ++i) {
    add(Insider::Kind::member, users_[random.below(plan_.users)]);
  }
  for (std::uint32_t i = 0; plan_.witness && i < plan_.rooms; ++i) {
    User user;
    user.id = "~" + room_key(i);
    add(Insider::Kind::witness, user);
    insiders_.back()->open();
  }
  for (const auto& insider : insiders_) {
    if (insider->kind() != Insider::Kind::witness) {
      insider->start(Duration::ms(random.below(2'000)));
    }
  }
  for (std::uint32_t i = 0; i < plan_.peers; ++i) {
    peers_.push_back(std::make_unique<Peer>(*this, users_[i % plan_.users], i, false));
    const std::uint32_t wait = random.below(1'500);
    peers_.back()->start(Duration::ms(plan_.rush ? wait / 500 : wait));
  }
  Random fate{plan_.seed, 71};
  for (std::uint32_t i = 0; i < plan_.storage.crashes; ++i) {
    const Instant at = kStart + Duration::ms(fate.between(3'000, 28'000));
    schedule_.at(at, [this] { crash(); });
    // Rooms that end in order, go on, and are cut in mid sentence.
    schedule_.at(at + Duration::ms(-1'500), [this] { host_->close_stored(); });
    schedule_.at(at + Duration{-500}, [this] { host_->speak_last(); });
  }
  if (!mode_.extra_member) return;
  peers_.push_back(std::make_unique<Peer>(*this, users_.back(), plan_.peers, true));
  Peer* const extra = peers_.back().get();
  extra->start(Duration::ms(500));
  if (!mode_.extra_stalls) return;
  schedule_.at(kStart + Duration::s(3), [this, extra] { extra->stall(quiet_at_ - now()); });
}

// Each life of the process has a seed of its own, as if from entropy.
void World::start_engine() {
  EngineOptions options;
  options.seed = plan_.seed + 1 + (lives_ - 1) * 1'000'003;
  options.limits = plan_.limits;
  options.open_server = !plan_.ask_auth;
  options.open_rooms = plan_.open_rooms;
  options.new_room_policy = plan_.policies[0];
  options.new_room_policy.idle_close = Duration::s(3);
  options.budget = plan_.budget;
  if (plan_.over > 0) options.budget.over = over, options.budget.arg = this;
  options.slow_work = kCopies | (plan_.pushes ? kPushes : 0);
  EnginePorts ports;
  ports.loop = plan_.polled ? nullptr : loop_.get();
  ports.memory = &heap_;
  ports.json = json_.get();
  ports.auth = plan_.ask_auth ? host_.get() : nullptr;
  ports.rules = plan_.rules ? host_.get() : nullptr;
  ports.profiles = plan_.rules ? host_.get() : nullptr;
  ports.filter = plan_.reviewed ? &reviewers_ : nullptr;
  ports.observer = host_.get();
  ports.relations = plan_.desk ? &desk_ : nullptr;
  ports.recorder = recording_.get();
  ports.storage = store_.get();
  ports.compressor = plan_.deflates ? &deflater_ : nullptr;
  ports.slow_work = copies_.on() ? &copies_ : nullptr;
  Result<EnginePtr> created = Engine::create(options, ports);
  if (!created) {
    report_.fail(Verdict::correctness, "no engine: %s",
                 std::string{name_of(created.error().code)}.c_str());
  }
  engine_ = std::move(*created);
  tenants_.declare();
  if (plan_.traced && !engine_->trace(users_.front().id, true)) {
    report_.fail(Verdict::correctness, "the first user cannot be traced");
  }
  // What it is asked before it knows the time would be late at once.
  if (plan_.polled && plan_.storage.on) static_cast<void>(engine_->advance(now()));
}

// The process dies between two turns and comes back at once, over the same storage.
void World::crash() {
  end_turn();
  report_.note("crash", {}, {}, lives_);
  ++lives_;
  store_->crash();
  truth_.closed({}, now());
  engine_.reset();
  copies_.crashed();
  if (heap_.held() != 0) {
    report_.fail(Verdict::correctness, "%" PRIu64 " bytes were not given back by a crash",
                 heap_.held());
  }
  for (const std::weak_ptr<Link>& link : links_) {
    if (const std::shared_ptr<Link> there = link.lock(); there != nullptr) there->die();
  }
  links_.clear();
  std::fill(std::begin(counted_), std::end(counted_), 0);
  sessions_ = 0;
  start_engine();
  host_->crashed();
  for (const auto& peer : peers_) peer->crashed();
  for (const auto& insider : insiders_) insider->crashed();
  host_->reopen();
  lines_.crashed();
  desk_.crashed();
  rungs_.crashed();
  tenants_.crashed();
}

bool World::over(void* world) noexcept {
  World& self = *static_cast<World*>(world);
  return self.over_random_.chance(self.plan_.over);
}

// ---- Turns

Engine::Turn& World::turn() {
  if (!turn_) turn_.emplace(*engine_);
  return *turn_;
}

void World::end_turn() noexcept { turn_.reset(); }

// A host without a loop looks in every few milliseconds.
void World::tick() {
  end_turn();
  last_tick_ = now();
  Budget budget = plan_.budget;
  if (plan_.over > 0) budget.over = over, budget.arg = this;
  engine_->advance(now(), budget);
  schedule_.after(plan_.tick, [this] { tick(); });
}

void World::step() {
  report_.at(schedule_.next());
  schedule_.run_one();
  if (turn_ && (!plan_.group_turns || schedule_.next() > now())) end_turn();
  ++steps_;
  if (!turn_) check_step();
  if (steps_ > kStepsMost) {
    report_.fail(Verdict::liveness, "too many steps: something spins");
  }
}

void World::run_until(Instant end) {
  while (!schedule_.empty() && schedule_.next() <= end) step();
  end_turn();
}

Outcome World::run() {
  report_.at(now());
  host_->start();
  lines_.start();
  desk_.start();
  reviewers_.start();
  tenants_.start();
  copies_.start();
  rungs_.start();
  if (plan_.polled) tick();
  for (std::int64_t at = 0; at < plan_.busy.us + 20'000'000; at += 500'000) {
    schedule_.at(kStart + Duration{at}, [this] {
      for (const auto& peer : peers_) peer->check_deadlines();
    });
  }
  run_until(quiet_at_);
  finish();
  Outcome outcome;
  outcome.hash = hash_.value();
  Hash others;
  for (auto& [who, link] : taken_) {
    link.flush();
    if (who.substr(0, 2) != "x.") others.add(link.hash.value());
  }
  outcome.others_hash = others.value();
  outcome.said = truth_.said();
  outcome.sessions = sessions_;
  outcome.steps = steps_;
  for (const std::uint64_t count : counted_) outcome.delivered += count;
  return outcome;
}

// ---- What is watched

void World::hash_write(std::string_view who, std::span<const Bytes> pieces,
                       std::size_t taken) noexcept {
  // Where one piece ends and the next begins is the log's own business.
  std::string bytes;
  for (const Bytes piece : pieces) bytes.append(as_text(piece));
  Hash one;
  one.add(static_cast<std::uint64_t>(now().us));
  one.add(who);
  one.add(bytes);
  one.add(taken);
  hash_.add(one.value());
  Taken& link = taken_[std::string{who}];
  if (link.at != now()) link.flush();
  link.at = now();
  link.bytes.append(bytes, 0, taken);
  if (report_.tracing()) report_.note("write", who, {}, taken, one.value() % 1'000'000);
}

void World::Taken::flush() {
  hash.add(static_cast<std::uint64_t>(at.us));
  hash.add(std::string_view{bytes});
  bytes.clear();
}

void World::link_closed(Link& link) { turn().on_closed(link.session()); }

void World::count_event(const Event& event) {
  switch (event.type) {
    case EventType::message: {
      const Said* said = truth_.find(Truth::serial_of(event.message));
      if (said != nullptr && !said->to.empty()) return;
      if (said != nullptr && truth_.is_echo(*said, event.message)) return;
      ++counted_[static_cast<int>(event.message.priority)];
      break;
    }
    case EventType::receipt:
      ++counted_[static_cast<int>(Priority::low)];
      break;
    case EventType::queue:
      if (!event.waiting) return;  // to this one alone
      [[fallthrough]];
    case EventType::presence:
      ++counted_[static_cast<int>(Priority::normal)];
      break;
    case EventType::gap:
      if (event.gap.reason != GapReason::sampled) break;
      [[fallthrough]];  // an entry like any other
    case EventType::room_state:
    case EventType::message_removed:
    case EventType::messages_cleared:
      ++counted_[static_cast<int>(Priority::high)];
      break;
    default:
      break;
  }
}

void World::count_entry(CodecKind kind, const Reader::Whole& whole) {
  if (whole.kind != FrameKind::text && whole.kind != FrameKind::binary) return;
  Bytes body = whole.body();
  if (whole.deflated) {
    const std::string* const plain = deflater_.find(body).plain;
    body = plain == nullptr ? Bytes{} : as_bytes(*plain);
  }
  Event event;
  if (!body.empty() && codec(kind).decode(body, event).status) count_event(event);
}

void World::check_step() {
  if (heap_.held() > ceiling_) {
    report_.fail(Verdict::correctness, "%" PRIu64 " bytes are held, %" PRIu64 " were planned",
                 heap_.held(), ceiling_);
  }
  if (!engine_) return;
  const MetricsSnapshot metrics = engine_->metrics();
  check_ledger(metrics.ledger);
  check_limits(metrics);
  lines_.check_step();
  tenants_.check_step();
}

void World::check_ledger(const Ledger& ledger) {
  for (int i = 0; i < kPriorityCount; ++i) {
    const Ledger::Class& one = ledger.by_priority[i];
    const std::uint64_t sum =
        one.delivered + one.merged + one.sampled + one.dropped + one.closed + one.pending;
    if (one.admitted == sum) continue;
    report_.fail(Verdict::correctness,
                 "the ledger does not balance (class %d): admitted %" PRIu64 ", sum %" PRIu64, i,
                 one.admitted, sum);
  }
}

void World::check_limits(const MetricsSnapshot& metrics) {
  const Limits& limits = plan_.limits;
  const auto bound = [&](const char* what, std::uint64_t value, std::uint64_t most) {
    if (value <= most) return;
    report_.fail(Verdict::correctness, "%s is %" PRIu64 ", over %" PRIu64, what, value, most);
  };
  bound("sessions", metrics.sessions, limits.sessions);
  bound("sessions_half_open", metrics.sessions_half_open, limits.half_open);
  bound("rooms", metrics.rooms, limits.rooms);
  bound("memberships", metrics.memberships, limits.memberships);
  bound("log_bytes", metrics.log_bytes, limits.log_pool_bytes);
  bound("private_bytes", metrics.private_bytes, limits.private_pool_bytes);
  bound("history_bytes", metrics.history_bytes, limits.history_pool_bytes);
  bound("questions_waiting", metrics.questions_waiting, limits.questions);
  bound("memory_bytes", metrics.memory_bytes, ceiling_);
  if (metrics.memory_bytes != heap_.held()) {
    report_.fail(Verdict::correctness, "memory_bytes says %" PRIu64 ", held are %" PRIu64,
                 metrics.memory_bytes, heap_.held());
  }
}

}  // namespace chatroom::sim
