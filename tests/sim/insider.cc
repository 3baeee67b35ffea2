#include "sim/insider.h"

#include "sim/host.h"
#include "sim/world.h"

namespace chatroom::sim {

Insider::Insider(World& world, Kind kind, User user, std::uint32_t index)
    : world_(world),
      kind_(kind),
      user_(std::move(user)),
      index_(index),
      random_(world.plan().seed, 5'000 + index),
      eyes_(world.truth(), world.report(), user_.id + ".in" + std::to_string(index)) {}

void Insider::start(Duration after) {
  world_.schedule().after(after, [this] { open(); });
}

void Insider::open() {
  if (opened_ || retired_ || world_.ending()) return;
  opened_ = true;  // it may hear something before the call returns
  const Result<SessionId> opened = world_.engine().open_local(*this, user_.identity());
  if (!opened) {
    opened_ = false;
    return start(Duration::ms(500));
  }
  world_.session_opened();
  session_ = *opened;
  if (kind_ == Kind::witness) return;
  if (kind_ == Kind::crowd) {
    join(world_.room_key(0), index_ + 1);
  } else if (settled_) {
    settle();
  }
  plan_next();
}

void Insider::join(const std::string& room, std::uint32_t channels) {
  // Of a refusal that came late the host was told, not the member.
  const auto before = joins_.find(room);
  if (before != joins_.end() && world_.now() > before->second.at + Duration::s(6)) {
    joins_.erase(before);
  }
  if (!opened_ || joins_.count(room) != 0) return;
  std::string_view names[kChannelsMax];
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < kChannelsMax; ++i) {
    if ((channels >> i & 1) != 0) names[count++] = channel_name(i);
  }
  Asked asked;
  asked.op = Op::join;
  asked.at = world_.now();
  asked.room = room;
  asked.channels = channels;
  JoinOptions options;
  options.room = room;
  options.channels = {names, count};
  if (kind_ == Kind::member && random_.chance(40)) asked.recent = options.recent = 10;
  const bool known = joins_.emplace(room, asked).second;
  const Result<Ticket> ticket = world_.engine().join(session_, options);
  if (!ticket) {
    world_.report().note("may not join", user_.id, name_of(ticket.error().code));
    if (known) joins_.erase(room);
  }
}

void Insider::on_event(const Event& event) noexcept {
  if (!opened_) {
    world_.report().fail(Verdict::correctness, "%s heard something after on_closed",
                         eyes_.who().c_str());
  }
  world_.count_event(event);
  if (event.type == EventType::answer) return on_answer(event);
  if (kind_ == Kind::witness) return witness(event);
  eyes_.on_event(event, {.start = 0, .write = world_.steps(), .exact = false, .at = world_.now()},
                 nullptr);
}

// Answers carry no id in here, but what they answer.
void Insider::on_answer(const Event& event) {
  const std::string room{event.room};
  Asked asked;
  if (event.op == Op::join) {
    const auto at = joins_.find(room);
    if (at == joins_.end()) return;
    asked = at->second;
    joins_.erase(at);
  } else if (event.op != Op::publish) {
    if (changes_.empty()) return;
    asked = changes_.front();
    changes_.pop_front();
  } else {
    return;  // to publish: the call said it already
  }
  if (kind_ == Kind::witness) {
    if (asked.op != Op::join) return;
    world_.report().note("witness joins", user_.id, room, event.offset,
                         static_cast<std::uint64_t>(event.error.code));
    if (event.error.code != Errc::ok) return;
    world_.truth().check_reopened(room, event.epoch, event.offset);
    Life& life = world_.truth().life(room, event.epoch);
    life.witnessed = true;
    if (life.entries.empty()) life.begins = event.offset;
    life.behind = event.offset;
    life.openings.push_back(world_.now());
    if (world_.plan().storage.on) {
      life.history_least =
          std::min({life.history_least, world_.host().policy_of(room).history_messages,
                    world_.plan().limits.page_messages});
    }
    life.reliable = world_.host().policy_of(room).reliable;
    watched_[room] = &life;
    return;
  }
  eyes_.on_event(event, {.start = 0, .write = world_.steps(), .exact = false, .at = world_.now()},
                 &asked);
}

void Insider::witness(const Event& event) {
  const std::string room{event.type == EventType::message ? event.message.room : event.room};
  const auto at = watched_.find(room);
  switch (event.type) {
    case EventType::message: {
      const Said* said = world_.truth().find(Truth::serial_of(event.message));
      if (said != nullptr && !said->to.empty()) return;
      if (said != nullptr && world_.truth().is_echo(*said, event.message)) {
        world_.report().fail(Verdict::correctness, "the witness of %s had somebody's echo",
                             room.c_str());
      }
      [[fallthrough]];
    }
    case EventType::presence:
    case EventType::room_state:
    case EventType::message_removed:
    case EventType::messages_cleared:
      if (at == watched_.end()) {
        world_.report().fail(Verdict::correctness, "the witness of %s heard of it too early",
                             room.c_str());
      }
      if (event.type == EventType::message) {
        world_.truth().sight(*at->second, event.message, "the witness");
      }
      if (event.type == EventType::room_state && world_.report().tracing()) {
        world_.report().note("witness hears settings", user_.id, room, identity_of(event.state));
      }
      if (event.type == EventType::room_state && event.state.has_pinned) {
        world_.truth().told_pins(*at->second, event.state.pinned);
      }
      world_.truth().append(*at->second, event);
      break;
    case EventType::gap:
      if (event.gap.reason == GapReason::sampled && at != watched_.end()) {
        at->second->sampled_told += event.gap.count;
        break;
      }
      if (at != watched_.end()) at->second->whole = false;
      world_.report().note("witness lost", user_.id, room, event.gap.count);
      break;
    case EventType::left:
      if (at != watched_.end()) watched_.erase(at);
      break;
    default:
      break;
  }
}

void Insider::on_closed(CloseCode code) noexcept {
  if (!opened_) {
    world_.report().fail(Verdict::correctness, "%s was closed twice", eyes_.who().c_str());
  }
  opened_ = false;
  world_.report().note("insider closed", eyes_.who(), {}, static_cast<std::uint64_t>(code));
  for (auto& [room, life] : watched_) life->whole = false;
  watched_.clear();
  joins_.clear();
  changes_.clear();
  eyes_.end_session();
  if (kind_ != Kind::witness) start(Duration::ms(random_.between(200, 2'000)));
}

// Unlike on_closed, nothing was lost that anybody could have been told.
void Insider::crashed() {
  opened_ = false;
  watched_.clear();
  joins_.clear();
  changes_.clear();
  eyes_.end_session();
  if (kind_ == Kind::witness) return open();
  start(Duration::ms(random_.between(20, 2'000)));
}

void Insider::plan_next() {
  if (settled_) return;
  world_.schedule().after(Duration::ms(random_.between(100, 1'500)), [this] { act(); });
}

void Insider::act() {
  if (!opened_ || settled_ || !world_.busy()) return;
  const std::string room = world_.room_key(random_.below(world_.plan().rooms));
  if (kind_ == Kind::crowd) {
    if (eyes_.stay(world_.room_key(0)) == nullptr) join(world_.room_key(0), index_ + 1);
  } else if (eyes_.stay(room) == nullptr) {
    join(room, random_.below((1u << world_.plan().channels) - 1) + 1);
  } else if (random_.chance(10)) {
    leave(room);
  } else if (random_.chance(20)) {
    change_channels(room);
  } else {
    publish(room);
  }
  plan_next();
}

void Insider::leave(const std::string& room) {
  Asked asked;
  asked.op = Op::leave;
  asked.room = room;
  changes_.push_back(asked);
  if (!world_.engine().leave(session_, room)) changes_.pop_back();
}

void Insider::change_channels(const std::string& room) {
  Asked asked;
  asked.room = room;
  asked.channel = channel_name(random_.below(world_.plan().channels));
  asked.channels = channel_bit(asked.channel);
  asked.op = random_.chance(50) ? Op::subscribe : Op::unsubscribe;
  const Result<Room> there = world_.engine().room(room);
  asked.placed = true;
  asked.after = there ? there->position().offset : 0;
  changes_.push_back(asked);
  const Result<Ticket> done = asked.op == Op::subscribe
                                  ? world_.engine().subscribe(session_, room, asked.channel)
                                  : world_.engine().unsubscribe(session_, room, asked.channel);
  if (!done) changes_.pop_back();
}

void Insider::publish(const std::string& room) {
  if (!opened_) return;
  Said said;
  said.room = room;
  said.user = user_.id;
  said.text = "from inside";
  if (random_.chance(world_.plan().habits.latest)) said.latest = "k0";
  if (random_.chance(world_.plan().habits.fleeting)) said.keep = false;
  const std::uint64_t serial = world_.truth().say(said);
  const Result<Ticket> ticket =
      world_.engine().publish(session_, world_.truth().find(serial)->outgoing());
  if (!ticket) {
    world_.truth().refused(serial);
    return;
  }
  if (ticket->position.offset != 0) {
    world_.truth().placed(serial, epoch_text(ticket->position.epoch), ticket->position.offset);
  }
  // As early as slow mode allows, and half a millisecond earlier.
  const std::uint32_t slow_s = world_.host().policy_of(room).slow_mode_s;
  if (slow_s == 0 || !random_.chance(60)) return;
  const Duration wait{std::int64_t{slow_s} * 1'000'000 - (random_.chance(60) ? 500 : 0)};
  world_.schedule().after(wait, [this, room] {
    if (opened_ && world_.busy() && eyes_.stay(room) != nullptr) publish(room);
  });
}

void Insider::retire() {
  retired_ = true;
  if (opened_) static_cast<void>(world_.engine().close(session_, CloseCode::normal));
}

void Insider::settle() {
  settled_ = true;
  if (!opened_ || kind_ == Kind::witness) return;
  if (kind_ == Kind::crowd) {
    if (eyes_.stay(world_.room_key(0)) == nullptr) join(world_.room_key(0), index_ + 1);
    return;
  }
  for (std::uint32_t i = 0; i < world_.plan().rooms; ++i) {
    if (eyes_.stay(world_.room_key(i)) == nullptr) join(world_.room_key(i), 1);
  }
}

void Insider::check_end() const {
  if (!opened_ && !retired_) {
    world_.report().fail(Verdict::liveness, "%s is not back", eyes_.who().c_str());
  }
}

}  // namespace chatroom::sim
