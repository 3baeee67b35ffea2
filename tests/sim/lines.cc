#include "sim/lines.h"

#include <algorithm>
#include <cinttypes>

#include "sim/world.h"

namespace chatroom::sim {

namespace {

constexpr std::uint32_t kWaiting = 6;

}  // namespace

// ---- One who waits

Waiting::Waiting(Lines& lines, World& world, std::uint32_t index)
    : lines_(lines),
      world_(world),
      index_(index),
      user_("~q" + std::to_string(index)),
      random_(world.plan().seed, 8'000 + index) {}

void Waiting::open() {
  if (world_.ending()) return;
  opened_ = true;
  const Result<SessionId> opened = world_.engine().open_local(*this, {.user = user_});
  opened_ = static_cast<bool>(opened);
  if (!opened_) return;
  world_.session_opened();
  session_ = *opened;
}

void Waiting::act() {
  const std::uint32_t what = random_.below(100);
  if (!opened_) {
    if (!lines_.settled()) open();
  } else if (!lines_.settled() && what < 4) {
    lines_.went(index_);
    static_cast<void>(world_.engine().close(session_, CloseCode::normal));
  } else if (!lines_.settled() && in_ && what >= 40) {
    if (what < 85) give();
    if (what >= 70) read();
    if (what >= 55) like();
  } else if (!lines_.settled() && in_ && what < 25) {
    if (world_.engine().leave(session_, Lines::kRoom)) in_ = false;
  } else if (!lines_.settled() && !in_ && what < 50) {
    join();
  } else if (!lines_.settled() && !in_ && what < 58) {
    ask(Op::dequeue);
  } else if (!lines_.settled() && !in_ && asked_) {
    ask(Op::enqueue);
  }
  if (world_.ending()) return;
  world_.schedule().after(Duration::ms(random_.between(30, 700)), [this] { act(); });
}

void Waiting::join() {
  const Result<Ticket> joined = world_.engine().join(session_, {.room = Lines::kRoom});
  asked_ = !joined && joined.error().code == Errc::room_full;
  if (!joined) return;
  in_ = true;
  lines_.joined(index_);
}

void Waiting::ask(Op op) {
  Command command;
  command.op = op;
  command.room = Lines::kRoom;
  // What comes of it may be told before the call returns.
  const bool fresh = op == Op::enqueue && !lines_.waits(index_);
  if (fresh) lines_.lined_up(index_);
  const Result<Ticket> done = world_.engine().command(session_, command);
  if (op == Op::dequeue ? static_cast<bool>(done) : fresh && !done) lines_.went(index_);
}

void Waiting::give() {
  Outgoing gift;
  gift.room = Lines::kRoom;
  gift.kind = Kind::gift;
  gift.text = random_.chance(70) ? "rose" : "boat";
  static_cast<void>(world_.engine().publish(session_, gift));
}

void Waiting::read() {
  if (newest_ == 0) return;
  Command command;
  command.op = Op::ack;
  command.room = Lines::kRoom;
  command.offset = newest_ - random_.below(2) * random_.below(3) % newest_;
  static_cast<void>(world_.engine().command(session_, command));
}

void Waiting::like() {
  const std::uint32_t count = random_.between(1, 9);
  const Outgoing likes{.room = Lines::kRoom, .kind = Kind::like, .count = count};
  if (world_.engine().publish(session_, likes)) lines_.liked(count);
}

void Waiting::see_likes(std::uint64_t count) {
  if (count < likes_ || count > lines_.likes()) {
    world_.report().fail(Verdict::correctness,
                         "%s was told %" PRIu64 " likes of %" PRIu64 " after %" PRIu64,
                         user_.c_str(), count, lines_.likes(), likes_);
  }
  likes_ = count;
}

void Waiting::see_gift(const Message& message) {
  newest_ = std::max(newest_, message.offset);
  const std::string key = std::string{message.user} + "/" + std::string{message.text};
  const auto at = given_.find(key);
  if (at != given_.end()) {
    const Given& last = at->second;
    const std::int64_t since_ms = message.time_ms - last.at_ms;
    const bool on = message.count == last.count + 1 && message.first == last.first &&
                    since_ms <= Lines::kGiftWindowMs;
    const bool anew = message.count == 1 && since_ms >= Lines::kGiftWindowMs - 1;
    if (!on && !anew) {
      world_.report().fail(Verdict::correctness, "%s: a gift counts %u after %u", key.c_str(),
                           message.count, last.count);
    }
  }
  const std::uint64_t first = message.count > 1 ? message.first : message.offset;
  given_[key] = {first, message.count, message.time_ms};
}

void Waiting::on_event(const Event& event) noexcept {
  world_.count_event(event);
  if (event.type == EventType::answer && event.op == Op::join) given_.clear(), read_.clear();
  if (event.type == EventType::answer && event.op == Op::join && event.error.code == Errc::ok) {
    likes_ = event.state.likes.value_or(0);
  }
  if (event.type == EventType::room_state && event.state.likes) see_likes(*event.state.likes);
  if (event.type == EventType::message) see_gift(event.message);
  if (event.type == EventType::receipt) {
    std::uint64_t& before = read_[std::string{event.user}];
    if (event.offset < before) {
      world_.report().fail(Verdict::correctness, "%s reads backwards", user_.c_str());
    }
    before = event.offset;
  }
  if (event.type == EventType::left) in_ = false;
  // Who came in by itself at its turn may be told of the turn afterwards.
  if (event.type == EventType::called && !in_) lines_.called(index_, event.until_ms);
  if (event.type != EventType::queue || event.waiting) return;
  told_ = event.place;
  if (event.place == 0) lines_.removed(index_);
}

void Waiting::on_closed(CloseCode) noexcept {
  opened_ = in_ = asked_ = false;
  lines_.went(index_);
}

// ---- All of them

Lines::Lines(World& world) : world_(world) {}

void Lines::start() {
  if (!world_.plan().lines) return;
  open_room();
  for (std::uint32_t i = 0; i < kWaiting; ++i) {
    members_.push_back(std::make_unique<Waiting>(*this, world_, i));
    Waiting* const member = members_.back().get();
    world_.schedule().after(Duration::ms(200 + 50 * i), [member] { member->act(); });
  }
}

void Lines::open_room() {
  RoomPolicy policy;
  policy.max_members = kMembers;
  policy.line_length = 4;
  policy.line_hold = Duration::ms(900);
  policy.durability = Durability::none;
  policy.idle_close = Duration{0};
  policy.gift_window = Duration::ms(kGiftWindowMs);
  policy.receipts = true;
  policy.likes = true;
  static_cast<void>(world_.engine().open_room(kRoom, policy));
}

void Lines::crashed() {
  if (!world_.plan().lines) return;
  line_.clear(), news_.clear(), called_.clear();
  free_since_ = Instant::never();
  likes_ = 0;
  for (const auto& member : members_) member->crashed();
  open_room();
}

bool Lines::waits(std::uint32_t who) const {
  return called_.count(who) != 0 || news_.count(who) != 0 ||
         std::find(line_.begin(), line_.end(), who) != line_.end();
}
void Lines::lined_up(std::uint32_t who) {
  line_.push_back(who);
  world_.report().note("lines up", std::to_string(who), {}, line_.size());
}
void Lines::went(std::uint32_t who) {
  std::erase(line_, who);
  called_.erase(who), news_.erase(who);
}
void Lines::called(std::uint32_t who, std::int64_t until_ms) {
  world_.report().note("is called", std::to_string(who), {}, static_cast<std::uint64_t>(until_ms));
  if (called_.count(who) == 0) news_.insert(who);  // else: told again, since it asked again
}
void Lines::removed(std::uint32_t who) {
  // Its turn is over; or it went by itself, which we know, and may be back by now.
  called_.erase(who), news_.erase(who);
}
void Lines::joined(std::uint32_t who) {
  const bool was_called = called_.count(who) != 0 || news_.count(who) != 0;
  // Who was called in this turn stands in it until the step is checked. The first of the others may
  // come in by itself where a place became free in this turn.
  const bool somebody_waits = std::any_of(line_.begin(), std::find(line_.begin(), line_.end(), who),
                                          [&](std::uint32_t one) { return news_.count(one) == 0; });
  if (!was_called && somebody_waits) {
    world_.report().fail(Verdict::correctness, "~q%u joined before those who wait", who);
  }
  went(who);
}

void Lines::check_step() {
  if (members_.empty()) return;
  while (!line_.empty() && news_.erase(line_.front()) != 0) {
    called_.insert(line_.front());
    line_.pop_front();
  }
  if (!news_.empty()) {
    world_.report().fail(Verdict::correctness, "~q%u was called before those who came first",
                         *news_.begin());
  }
  const Result<Room> room = world_.engine().room(kRoom);
  if (!room) return;
  if (room->online() > kMembers) {
    world_.report().fail(Verdict::correctness, "%u are in a room for %u", room->online(), kMembers);
  }
  const bool free = room->online() + called_.size() < kMembers && !line_.empty();
  if (!free) free_since_ = Instant::never();
  if (free && free_since_ == Instant::never()) free_since_ = world_.now();
  if (free && world_.now() > free_since_ + Duration::s(1)) {
    world_.report().fail(Verdict::liveness, "~q%u waits before a free place", line_.front());
  }
}

void Lines::likes_told(std::uint64_t count) {
  const Duration since = world_.now() - likes_told_;
  if (count > likes_ || since < Duration::s(1)) {
    world_.report().fail(Verdict::correctness,
                         "%" PRIu64 " likes of %" PRIu64 " were told %lld ms after the last", count,
                         likes_, static_cast<long long>(since.in_ms()));
  }
  likes_told_ = world_.now();
}

void Lines::check_end() const {
  const Result<Room> room = world_.engine().room(kRoom);
  const std::uint64_t counted = room && !members_.empty() ? room->likes() : likes_;
  if (counted != likes_) {
    world_.report().fail(Verdict::correctness, "%" PRIu64 " likes were counted as %" PRIu64, likes_,
                         counted);
  }
  for (const auto& member : members_) {
    if (!member->opened() || !member->in() || member->likes() == likes_) continue;
    world_.report().fail(Verdict::liveness, "~q%u knows of %" PRIu64 " likes of %" PRIu64,
                         member->index(), member->likes(), likes_);
  }
  for (std::size_t i = 0; i < line_.size(); ++i) {
    const Waiting& member = *members_[line_[i]];
    if (!member.opened() || member.told() == i + 1) continue;
    world_.report().fail(Verdict::liveness, "~q%u stands at %zu and was told %u", member.index(),
                         i + 1, member.told());
  }
}

}  // namespace chatroom::sim
