// World and its users: links are pumped and the loop is run until nothing moves.
#include "chatroom/testing/world.h"

#include <algorithm>
#include <utility>

#include "chatroom/assert.h"

namespace chatroom::testing {

namespace {

// A world that does not come to rest has a bug in it: a test is better stopped than left running.
constexpr int kRoundsMax = 100'000;

Told told_of(const Message& message) {
  Told told;
  told.type = EventType::message;
  told.room = message.room;
  told.channel = message.channel;
  told.user = message.user;
  told.nick = message.nick;
  told.text = message.text;
  told.kind = message.kind.name;
  told.data = as_text(message.data.bytes);
  told.offset = message.offset;
  told.role = message.role;
  return told;
}

Told told_of(const Event& event) {
  Told told;
  if (event.type == EventType::message || event.type == EventType::direct) {
    told = told_of(event.message);
    told.type = event.type;
    return told;
  }
  told.type = event.type;
  told.op = event.op;
  told.error = event.error;
  told.room = event.room;
  told.channel = event.channel;
  told.user = event.user;
  told.text = event.text;
  told.data = as_text(event.data.bytes);
  told.epoch = event.epoch;
  told.offset = event.offset;
  told.online = event.online;
  told.role = event.role;
  told.gap = event.gap;
  told.reason = event.reason;
  told.was_recovering = event.was_recovering;
  told.recovered = event.recovered;
  told.more = event.more;
  for (const Member& member : event.members) told.members.emplace_back(member.user);
  for (const Message& message : event.messages) told.messages.push_back(told_of(message));
  return told;
}

Told take(std::deque<Told>& from) {
  if (from.empty()) return {};
  Told first = std::move(from.front());
  from.pop_front();
  return first;
}

}  // namespace

// ---- User

User::User(World& world, std::string name, std::string token, const PipeOptions& link)
    : world_(world),
      name_(std::move(name)),
      token_(std::move(token)),
      link_(link),
      client_({.codec = &world.codec_for(link.codec),
               .kind = link.codec,
               .framing = link.framing,
               .pending_max = 1'024},
              *this) {
  CHATROOM_ASSERT(client_.ready());
}

void User::connect() {
  pipe_ = std::make_unique<Pipe>(*world_.engine_, client_, link_);
  const Status opened = pipe_->open();
  CHATROOM_ASSERT(bool(opened));
  if (link_.identity != nullptr) return world_.run();
  if (world_.options_.ports.auth == nullptr) {
    static_cast<void>(wait(client_.auth({.user = name_, .nick = name_})));
  } else {
    static_cast<void>(wait(client_.auth({.token = token_.empty() ? name_ : token_})));
  }
}

void User::on_event(const Event& event) noexcept {
  all_.push_back(told_of(event));
  const Told& told = all_.back();
  if (event.type == EventType::message) {
    messages_.push_back(told);
  } else if (event.type != EventType::answer && event.type != EventType::hello) {
    events_.push_back(told);
  } else if (event.id == awaited_ && awaited_ != 0) {
    answer_ = told;
  }
}

Verdict User::wait(Client::Asked asked) {
  Verdict verdict;
  if (!asked) {
    verdict.answered = true;
    verdict.error = asked.error().code;
    verdict.rule = rule_of(asked.error());
    return verdict;
  }
  awaited_ = *asked;
  answer_.reset();
  world_.run();
  awaited_ = 0;
  if (!answer_) return verdict;
  verdict.answered = true;
  verdict.error = answer_->error.code;
  verdict.rule = rule_of(answer_->error);
  verdict.retry_after_ms = answer_->error.retry_after_ms;
  verdict.told = std::move(*answer_);
  return verdict;
}

Verdict User::join(std::string_view room) { return join({.room = room}); }
Verdict User::join(const ClientJoin& join) {
  room_ = join.room;
  return wait(client_.join(join));
}
Verdict User::leave(std::string_view room) { return wait(client_.leave(room)); }
Verdict User::say(std::string_view text) { return say(room_, text); }
Verdict User::say(std::string_view room, std::string_view text) {
  return publish({.room = room, .text = text});
}
Verdict User::publish(const Outgoing& message) { return wait(client_.publish(message)); }
Verdict User::whisper(std::string_view user, std::string_view text) {
  return wait(client_.send_to(user, {.text = text}));
}
Verdict User::history(const ClientHistory& history) { return wait(client_.history(history)); }
Verdict User::who(std::string_view room) { return wait(client_.presence({.room = room})); }
Verdict User::call(std::string_view room, std::string_view name, std::string_view json) {
  return wait(client_.call(room, name, {Data::Form::json, as_bytes(json)}));
}
Verdict User::ask(const Command& command) { return wait(client_.ask(command)); }

Told User::next() { return take(messages_); }
Told User::next_event() { return take(events_); }
Told User::next_event(EventType type) {
  while (!events_.empty()) {
    Told told = take(events_);
    if (told.type == type) return told;
  }
  return {};
}
std::vector<std::string> User::texts() {
  std::vector<std::string> texts;
  while (!messages_.empty()) texts.push_back(take(messages_).text);
  return texts;
}

void User::stall(bool stalled) {
  pipe_->stall(Pipe::Way::to_client, stalled);
  world_.run();
}
void User::disconnect() {
  pipe_->reset();
  world_.run();
}
void User::reconnect() {
  if (!pipe_->done()) disconnect();
  client_.restart();
  connect();
}
bool User::connected() const noexcept { return !pipe_->ended(); }
CloseCode User::close_code() const noexcept { return pipe_->close_code(); }

// ---- World

World::World(const WorldOptions& options) : options_(options) {
  CHATROOM_ASSERT(flatbuffers_.ready());
  EnginePorts ports = options_.ports;
  if (ports.loop == nullptr) ports.loop = &loop_;
  options_.engine.open_server = options_.engine.open_server || ports.auth == nullptr;
  options_.engine.open_rooms = options_.engine.open_rooms || ports.rules == nullptr;
  Result<EnginePtr> created = Engine::create(options_.engine, ports);
  CHATROOM_ASSERT(bool(created));
  engine_ = std::move(*created);
}

// The engine goes first: then no link has to be wound down.
World::~World() { engine_.reset(); }

Codec& World::codec_for(CodecKind kind) {
  if (kind == CodecKind::flatbuffers) return flatbuffers_;
  CHATROOM_ASSERT(options_.ports.json != nullptr);
  return *options_.ports.json;
}

User& World::user(std::string_view name, std::string_view token) {
  for (const auto& user : users_) {
    if (user->name() == name) return *user;
  }
  return another(name, token);
}

User& World::another(std::string_view name, std::string_view token) {
  return over(options_.link, name, token);
}

User& World::over(const PipeOptions& link, std::string_view name, std::string_view token) {
  users_.emplace_back(new User(*this, std::string(name), std::string(token), link));
  User& user = *users_.back();
  user.connect();  // runs the world, with this user in it
  return user;
}

Room World::room(std::string_view key) {
  if (Result<Room> known = engine_->room(key)) return *known;
  Result<Room> opened = engine_->open_room(key, options_.engine.new_room_policy);
  CHATROOM_ASSERT(bool(opened));
  return *opened;
}

void World::run() {
  for (int round = 0; round < kRoundsMax; ++round) {
    bool moved = loop_.run_once();
    for (std::size_t i = 0; i < users_.size(); ++i) {
      moved = users_[i]->pipe_->pump(loop_.now()) || moved;
    }
    if (!moved) return;
  }
  const bool the_world_comes_to_rest = false;
  CHATROOM_ASSERT(the_world_comes_to_rest);
}

void World::pass(Duration time) {
  const Instant end = loop_.now() + time;
  for (;;) {
    run();
    Instant next = loop_.alarm();
    for (const auto& user : users_) next = std::min(next, user->pipe_->next_due());
    if (next > end) break;
    loop_.advance(std::max(next, loop_.now()) - loop_.now());
  }
  loop_.advance(end - loop_.now());
  run();
}

std::string World::breach() const {
  for (const auto& user : users_) {
    if (!user->pipe_->breach().empty()) return user->name() + ": " + user->pipe_->breach();
  }
  return {};
}

}  // namespace chatroom::testing
