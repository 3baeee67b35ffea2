// Peers: their links, and what they make of what they hear.
#include "sim/peer.h"

#include <cinttypes>

#include "sim/host.h"
#include "sim/world.h"

namespace chatroom::sim {

namespace {

LinkShape draw_shape(World& world, Random& random, bool listener) {
  const Plan& plan = world.plan();
  LinkShape shape;
  const bool json = random.chance(40);
  const bool websocket = random.chance(json ? 90 : 20);
  shape.codec = json ? CodecKind::json : CodecKind::flatbuffers;
  shape.framing = websocket || (json && !plan.json_outer) ? Framing::websocket : Framing::outer;
  if (shape.framing == Framing::outer && random.chance(plan.message_links)) {
    shape.boundary = Boundary::message;
    shape.max_frame = random.chance(50) ? 1'200 : random.between(256, 4'000);
  }
  shape.window = plan.window_min + random.below(plan.window_max - plan.window_min + 1);
  if (listener) shape.window = 4'096;
  shape.latency_us = random.below(plan.latency_us_max) + 100;
  if (listener) shape.boundary = Boundary::stream;
  return shape;
}

}  // namespace

Peer::Peer(World& world, const User& user, std::uint32_t index, bool listener)
    : world_(world),
      user_(user),
      index_(index),
      listener_(listener),
      random_(world.plan().seed, 100 + index),
      odd_(world.plan().seed, 9'000 + index),
      knocks_(world.plan().seed, 19'000 + index),
      wishes_(world.plan().seed, 29'000 + index),
      shape_(draw_shape(world, random_, listener)),
      inflater_(world.deflater()),
      eyes_(world.truth(), world.report(), user.id + "." + std::to_string(index)) {}

const std::string& Peer::user() const noexcept { return user_.id; }

void Peer::fail(const std::string& what) {
  world_.report().fail(Verdict::correctness, "%s: %s", eyes_.who().c_str(), what.c_str());
}

void Peer::start(Duration after) {
  world_.schedule().after(after, [this] { connect(); });
}

void Peer::connect() {
  if (world_.ending() || link_ != nullptr || retired_) return;
  link_ = std::make_shared<Link>(world_, *this, shape_, eyes_.who(),
                                 10'000 + index_ * 1'000 + ++connects_);
  SessionOptions options;
  options.codec = shape_.codec;
  options.framing = shape_.framing;
  options.boundary = shape_.boundary;
  options.max_frame = shape_.max_frame;
  options.peer = "198.51.100.7";
  world_.link_made(link_);
  const Identity identity = user_.identity();
  if (user_.known) options.identity = &identity;
  const Result<SessionId> opened = world_.engine().open(*link_, options);
  if (!opened) {
    link_.reset();
    start(Duration::ms(random_.between(100, 1'000)));
    return;
  }
  world_.session_opened();
  world_.report().note("opens", eyes_.who(), {}, opened->index, connects_);
  link_->opened(*opened);
  if (client_ == nullptr || random_.chance(20)) {
    ClientOptions how;
    how.codec = &world_.codec(shape_.codec);
    how.kind = shape_.codec;
    how.framing = shape_.framing;
    how.dead_after = Duration::s(1'000);
    const bool stream = shape_.framing == Framing::outer && shape_.boundary == Boundary::stream;
    if (world_.plan().deflates && stream && index_ % 3 != 0) how.inflater = &inflater_;
    client_ = std::make_unique<Client>(how, *this);
  } else {
    client_->restart();
  }
  const Faults& faults = world_.plan().faults;
  manner_ = Manner::normal;
  if (!user_.known && !listener_ && world_.faulty()) {
    if (random_.per_mille(faults.dawdle)) manner_ = Manner::dawdling;
    if (random_.per_mille(faults.hostile)) {
      manner_ = static_cast<Manner>(1 + random_.below(3));
    }
  }
  usable_ = silent_ = nonsense_sent_ = false;
  accepted_ = 0;
  places_.clear();
  ++life_;
}

// Who are we? Some begin with something else.
void Peer::greet() {
  beat();
  if (user_.known) return on_ready();
  switch (manner_) {
    case Manner::normal:
      break;
    case Manner::early_join: {
      Asked early;
      early.op = Op::join;
      early.room = world_.room_key(0);
      remember(client_->join({.room = early.room}), early);
      break;
    }
    case Manner::oversized: {
      const std::string big(world_.plan().limits.frame_bytes_before_auth + 200, 'x');
      Asked early;
      early.op = Op::auth;
      remember(client_->auth({.token = big}), early);
      break;
    }
    case Manner::garbage: {
      std::string bytes(random_.between(4, 300), '\0');
      for (char& byte : bytes) byte = static_cast<char>(random_.below(256));
      bytes[0] = '\x7f';
      if (shape_.framing == Framing::outer) {
        link_->send(as_bytes(bytes));
      } else if (shape_.codec == CodecKind::json) {
        link_->send_frame(FrameKind::text, as_bytes("[1,2"));
      } else {
        link_->send_frame(FrameKind::text, as_bytes("{}"));
      }
      break;
    }
    case Manner::dawdling:
      return dawdle(0);
  }
  if (manner_ == Manner::garbage || manner_ == Manner::oversized) {
    nonsense_sent_ = true;
    return flush();
  }
  const std::string role = std::to_string(static_cast<int>(user_.role));
  const std::string token = user_.id + " " + role;
  ClientAuth auth{.token = token, .user = {}, .nick = {}, .resume = {}};
  if (!world_.plan().ask_auth)
    auth = {.token = {}, .user = user_.id, .nick = user_.nick, .resume = {}};
  Asked asked;
  asked.op = Op::auth;
  remember(client_->auth(auth), asked);
  flush();
}

// A byte now and then, of a frame that never ends.
void Peer::dawdle(std::size_t sent) {
  if (link_ == nullptr || link_->over()) return;
  static constexpr std::string_view kBegin{"\x30\x40\x00\x00", 4};
  const std::string_view byte = sent < kBegin.size() ? kBegin.substr(sent, 1) : "z";
  if (shape_.framing == Framing::outer) {
    link_->send(as_bytes(byte));
  } else {
    link_->send_frame(FrameKind::ping, as_bytes(byte));
  }
  const std::uint64_t life = life_;
  world_.schedule().after(Duration::ms(400), [this, life, sent] {
    if (life == life_ && sent < 40) dawdle(sent + 1);
  });
}

void Peer::on_ready() {
  usable_ = true;
  if (!unsure_.empty() || settled_ || listener_) join_something();
  plan_next();
}

void Peer::on_frame(const Reader::Whole& whole) {
  frame_ = whole.frame;
  counted_ = false;
  Status status;
  if (shape_.framing == Framing::outer) {
    const Bytes all = as_bytes(whole.all);
    const std::size_t cut = random_.below(static_cast<std::uint32_t>(all.size()));
    status = client_->on_bytes(all.first(cut));
    if (status) status = client_->on_bytes(all.subspan(cut));
  } else {
    status = client_->on_frame(whole.kind, whole.body());
  }
  if (!counted_) world_.count_entry(shape_.codec, whole);
  if (!status && status.error().code != Errc::not_found) {
    fail("could not read what the server sent: " + std::string{name_of(status.error().code)});
  }
  const std::vector<Todo> todo = std::move(todo_);
  todo_.clear();
  for (const Todo& one : todo) {
    switch (one.what) {
      case Todo::What::greet:
        greet();
        break;
      case Todo::What::ready:
        on_ready();
        break;
      case Todo::What::list:
        ask_list(one.room, {});
        break;
      case Todo::What::next_list:
        ask_list(one.room, one.cursor);
        break;
      case Todo::What::catch_up:
        catch_up(one.room);
        break;
    }
  }
  flush();
}

void Peer::on_event(const Event& event) noexcept {
  counted_ = true;
  world_.count_event(event);
  if (event.type == EventType::hello) todo_.push_back({Todo::What::greet, {}, {}});
  if (event.type == EventType::direct) on_direct(event);
  if (event.type == EventType::answer) return on_answer(event);
  if (!usable_ && !user_.known && event.type != EventType::hello &&
      event.type != EventType::error && event.type != EventType::reconnect) {
    if (!link_->corrupted()) fail("heard of the world before it was let in");
  }
  eyes_.on_event(event, frame_, nullptr);
}

void Peer::on_answer(const Event& event) {
  const auto at = asked_.find(event.id);
  if (at == asked_.end()) {
    // Its own pings are the client's business.
    if (link_->corrupted() || event.op == Op::ping) return;
    fail("an answer to " + std::to_string(event.id) + ", which it did not ask (any more)");
  }
  const Asked asked = std::move(at->second);
  asked_.erase(at);
  check_rate(event.error);
  const bool ok = event.error.code == Errc::ok;
  if (!ok && !link_->corrupted()) {
    check_refusal(asked, event.error);
    check_verdict(asked, event);
  }
  if (asked.nonsense)
    world_.report().note("spoke nonsense", eyes_.who(), name_of(event.error.code));
  if (asked.nonsense && ok && !link_->corrupted()) fail("nonsense was taken for a command");
  if (asked.op != Op::auth && asked.op != Op::ping && ok && !usable_ && !link_->corrupted()) {
    fail("was served before it was let in");
  }
  if (ok && asked.op == Op::auth) {
    if (event.user != user_.id && !link_->corrupted()) fail("was taken for somebody else");
    usable_ = true;
    todo_.push_back({Todo::What::ready, {}, {}});
  }
  if (ok) check_inside(asked);
  eyes_.on_event(event, frame_, &asked);
  if (ok && asked.op == Op::publish && event.offset != 0) check_order(event, asked);
  if (ok && asked.op == Op::publish && event.offset == 0) check_shadow(asked);
  if (asked.op == Op::publish && event.error.code != Errc::rate_limited) {
    unsure_.erase(asked.serial);
  }
  if (!ok) {
    // Where a room closed while its storage was at work, nobody knows how that ended.
    const bool unknown = event.error.code == Errc::internal && world_.store() != nullptr;
    if (asked.op == Op::publish && !unknown && !link_->corrupted()) {
      world_.truth().refused(asked.serial, event.error.code);
    }
    return;
  }
  if (asked.op == Op::join) {
    world_.report().note("joined", eyes_.who(), asked.room, event.offset, event.recovered);
    todo_.push_back({Todo::What::list, asked.room, {}});
    if (event.more && event.recovered) todo_.push_back({Todo::What::catch_up, asked.room, {}});
  }
  if (asked.op == Op::history && asked.recover) {
    todo_.push_back({Todo::What::catch_up, asked.room, {}});
  }
  if (asked.op == Op::presence && !event.next.empty()) {
    todo_.push_back({Todo::What::next_list, asked.room, std::string{event.next}});
  }
  if (asked.op == Op::profile && !link_->corrupted() &&
      as_text(event.data.bytes) != Host::profile_of(asked.channel)) {
    fail("was shown somebody else's profile");
  }
  if (asked.op == Op::call && asked.serial != 0) {
    const std::string data = "{\"call\":" + std::to_string(asked.serial) + "}";
    if (as_text(event.data.bytes) != data && !link_->corrupted()) fail("a call came back changed");
  }
}

// What takes a place got none: then somebody wanted that.
void Peer::check_shadow(const Asked& asked) {
  const Said* said = world_.truth().find(asked.serial);
  if (!world_.plan().shadowed || said == nullptr || said->tainted || said->dropped) return;
  if (!said->takes_place()) return;
  if (world_.host().moderators().ever_in_shadow(asked.room, user_.id)) return;
  fail("was told that nobody sees what it says in " + asked.room);
}

// Answers may overtake each other, commands may not: what was said first stands first.
void Peer::check_order(const Event& event, const Asked& asked) {
  const Said* said = world_.truth().find(asked.serial);
  if (asked.again || said == nullptr || said->dropped || link_->corrupted()) return;
  std::map<std::uint32_t, std::uint64_t>& places = places_[asked.room + std::string{event.epoch}];
  const auto at = places.emplace(event.id, event.offset).first;
  const auto wrong = [&](const auto& one, const auto& other) {
    fail("its command " + std::to_string(one.first) + " took effect after " +
         std::to_string(other.first));
  };
  if (at != places.begin() && std::prev(at)->second >= at->second) wrong(*std::prev(at), *at);
  if (std::next(at) != places.end() && std::next(at)->second <= at->second) {
    wrong(*at, *std::next(at));
  }
}

void Peer::on_direct(const Event& event) {
  Message message = event.message;
  const Said* said = world_.truth().find(Truth::serial_of(message));
  if (said == nullptr || said->tainted || link_->corrupted()) return;
  if (said->user != message.user || said->text != message.text) fail("a direct message changed");
  if (said->to != event.user) fail("a direct message is for somebody else");
  if (said->to != user_.id && said->user != user_.id) fail("heard somebody else's direct message");
}

void Peer::flush() {
  if (link_ == nullptr || link_->over() || silent_) return;
  if (shape_.framing == Framing::outer) {
    const Bytes pending = client_->pending();
    const std::size_t size = pending.size();
    if (size > 0) link_->send(pending);
    client_->sent(size);
  } else {
    Client::OutFrame frame;
    while (client_->pending_frame(frame)) {
      link_->send_frame(frame.kind, frame.payload);
      client_->frame_sent();
    }
  }
  if (!link_->corrupted()) return;
  // What it said may be anything now; soon it starts afresh.
  eyes_.taint();
  for (const auto& [id, asked] : asked_) {
    if (Said* said = world_.truth().find(asked.serial); said != nullptr) said->tainted = true;
    unsure_.erase(asked.serial);
  }
  const std::uint64_t life = life_;
  world_.schedule().after(Duration::ms(random_.between(20, 300)), [this, life] {
    if (life == life_) abort();
  });
}

void Peer::beat() {
  const std::uint64_t life = life_;
  if (link_ == nullptr || link_->over()) return;
  if (listener_ && usable_ && eyes_.stays().empty()) join_something();
  if (!client_->beat(world_.now()) && !client_->ended()) fail("heard nothing for too long");
  flush();
  world_.schedule().after(Duration::ms(500), [this, life] {
    if (life == life_) beat();
  });
}

void Peer::on_link_closed() {
  world_.report().note("link over", eyes_.who(), {}, static_cast<std::uint64_t>(link_->code()));
  const bool replaced = link_->code() == CloseCode::replaced;
  const bool blamed = link_->closing() && (link_->code() == CloseCode::protocol_error ||
                                           link_->code() == CloseCode::bad_data);
  if (blamed && manner_ == Manner::normal && !link_->corrupted()) {
    fail("was closed for what it never did");
  }
  eyes_.end_session();
  asked_.clear();
  link_.reset();
  ++life_;
  usable_ = false;
  start(Duration::ms(replaced ? random_.between(2'000, 6'000) : random_.between(50, 1'500)));
}

// The server forgot its keys too: what was not answered is not tried again.
void Peer::crashed() {
  unsure_.clear();
  if (link_ != nullptr) on_link_closed();
}

void Peer::abort() {
  if (link_ == nullptr || link_->over()) return;
  const std::shared_ptr<Link> link = link_;
  link->abort();
  on_link_closed();
}

void Peer::stall(Duration how_long) {
  if (link_ != nullptr) link_->stall(how_long);
}

// What time must have brought about.
void Peer::check_deadlines() {
  if (link_ == nullptr || link_->over() || link_->closing()) return;
  const Limits& limits = world_.plan().limits;
  const Instant late = world_.now() + Duration{-2'000'000};
  const auto dead = [&](const char* what) {
    world_.report().fail(Verdict::liveness,
                         "%s was not closed: %s (open for %" PRId64 " ms, last heard %" PRId64
                         " ms ago, dead after %" PRId64 ")",
                         eyes_.who().c_str(), what, (world_.now() - link_->opened_at()).in_ms(),
                         (world_.now() - link_->heard_at()).in_ms(), limits.dead_after.in_ms());
  };
  // While the engine does not read it cannot hear, so that does not count as silence.
  if (!link_->paused() && link_->heard_at() + limits.dead_after < late) {
    dead("it said nothing for too long");
  }
  // These never send what could let them in, whatever else they do or do not get to do.
  const bool hostile = manner_ == Manner::oversized || manner_ == Manner::garbage;
  if ((hostile || manner_ == Manner::dawdling) &&
      link_->opened_at() + limits.auth_deadline < late) {
    dead("it never authenticated");
  }
  if (hostile && nonsense_sent_ && link_->all_heard() && link_->heard_at() < late) {
    dead("it sent what nobody may send");
  }
}

void Peer::check_end() {
  if (retired_) return;
  if (link_ == nullptr || link_->over() || link_->closing() || !usable_) {
    world_.report().fail(Verdict::liveness, "%s is not back", eyes_.who().c_str());
  }
  for (const auto& [id, asked] : asked_) {
    world_.report().fail(Verdict::liveness,
                         "%s never got an answer to %u (%s in %s, asked %" PRId64 " ms ago)",
                         eyes_.who().c_str(), id, std::string{name_of(asked.op)}.c_str(),
                         asked.room.c_str(), (world_.now() - asked.at).in_ms());
  }
}

}  // namespace chatroom::sim
