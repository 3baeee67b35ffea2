#include "sim/desk.h"

#include <algorithm>
#include <functional>

#include "sim/world.h"

namespace chatroom::sim {

namespace {

constexpr std::uint32_t kClerks = 7;
constexpr std::uint64_t kStream = 7'200;

}  // namespace

// ---- One of them

Clerk::Clerk(Desk& desk, World& world, std::uint32_t index)
    : user("~d" + std::to_string(index)), desk_(desk), world_(world) {}

void Clerk::open() {
  opened = true;
  const Result<SessionId> made = world_.engine().open_local(*this, {.user = user});
  opened = static_cast<bool>(made);
  if (!opened) return;
  world_.session_opened();
  session = *made;
}

void Clerk::on_event(const Event& event) noexcept {
  world_.count_event(event);
  switch (event.type) {
    case EventType::direct:
      return desk_.told_direct(*this, event.message);
    case EventType::left:
      in = false;
      return;
    case EventType::message:
    case EventType::presence:
    case EventType::room_state:
    case EventType::message_removed:
    case EventType::messages_cleared:
    case EventType::gap:
      if (!in && !expected) {
        desk_.fail(*this, "hears of it (" + std::string{name_of(event.type)} + ") and is not in");
      }
      return;
    default:
      return;
  }
}

void Clerk::on_closed(CloseCode) noexcept {
  opened = in = expected = waits = hand = on_inner = false;
}

// ---- All of them

Desk::Desk(World& world) : world_(world), random_(world.plan().seed, kStream) {}

void Desk::fail(const Clerk& who, const std::string& what) const {
  world_.report().fail(Verdict::correctness, "the desk: %s: %s", who.user.c_str(), what.c_str());
}

void Desk::start() {
  if (!world_.plan().desk) return;
  for (std::uint32_t i = 0; i < kClerks; ++i) {
    clerks_.push_back(std::make_unique<Clerk>(*this, world_, i));
  }
  open_room();
  world_.schedule().after(Duration::ms(150), [this] { act(); });
}

void Desk::open_room() {
  RoomPolicy policy;
  policy.by_invitation = true;
  policy.owner = clerks_[0]->user;
  policy.applications = 4;
  policy.hands = 4;
  policy.duplicate_s = kDuplicateS;
  policy.merge_duplicates = true;
  policy.durability = Durability::none;
  policy.idle_close = Duration{0};
  Result<Room> opened = world_.engine().open_room(kRoom, policy);
  if (!opened) fail(*clerks_[0], "cannot be opened");
  static_cast<void>(opened->open_channel(kHall));
  static_cast<void>(opened->restrict_channel(kInner, access_ = Role::moderator));
  clerks_[0]->lasting = true, clerks_[0]->kept = Role::owner;
  for (std::uint32_t i = 1; i < 5; ++i) {
    Clerk& one = *clerks_[i];
    one.lasting = true, one.kept = i == 1 ? Role::admin : Role::member;
    static_cast<void>(i == 1 ? opened->set_role(one.user, Role::admin) : opened->invite(one.user));
  }
}

void Desk::crashed() {
  if (!world_.plan().desk) return;
  for (auto& one : clerks_) {
    const auto index = static_cast<std::uint32_t>(&one - clerks_.data());
    one = std::make_unique<Clerk>(*this, world_, index);
  }
  spoken_.clear(), words_.clear(), undue_.clear();
  hall_closed_ = false;
  open_room();
}

Clerk* Desk::find(std::string_view user) {
  for (const auto& one : clerks_) {
    if (one->user == user) return one.get();
  }
  return nullptr;
}

void Desk::act() {
  if (settled_ || world_.ending() || !world_.busy()) return;
  world_.schedule().after(Duration::ms(random_.between(20, 300)), [this] { act(); });
  Clerk& who = *clerks_[random_.below(kClerks)];
  Clerk& other = *clerks_[random_.below(kClerks)];
  const std::uint32_t what = random_.below(100);
  if (!who.opened) return who.open();
  if (what < 5) return write(who, other);
  if (!who.in) return come(who);
  if (what < 45) return speak(who);
  if (what < 48) {
    if (world_.engine().leave(who.session, kRoom)) put_out(who);
  } else if (what < 58) {
    punish(who, other);
  } else if (what < 66) {
    pardon(who, other);
  } else if (what < 70) {
    of_oneself(who, other);
  } else if (what < 77) {
    promote(who, other);
  } else if (what < 86) {
    take_back(who, other);
  } else if (what < 93) {
    tend_channels(who, other);
  } else {
    tend_lines(who, other);
  }
  if (random_.chance(20)) check_history(who);
}

Command Desk::command(Op op, const Clerk* other) const {
  Command made;
  made.op = op;
  made.room = kRoom;
  if (other != nullptr) made.user = other->user;
  return made;
}

Errc Desk::ask(Clerk& who, const Command& command) {
  const Result<Ticket> done = world_.engine().command(who.session, command);
  return done ? Errc::ok : done.error().code;
}

bool Desk::judge(const Clerk& who, const Command& command, Errc done, bool may) const {
  const std::string what = std::string{name_of(command.op)} + " of " + std::string{command.user};
  world_.report().note("at the desk", who.user, what, static_cast<std::uint64_t>(done));
  if (done == Errc::ok && !may) fail(who, "may not, and does: " + what);
  if (done == Errc::forbidden && may) fail(who, "may, and is not let: " + what);
  return done == Errc::ok;
}

// ---- In and out

void Desk::come(Clerk& who) {
  const Instant now = world_.engine_now();
  if (!who.lasting && random_.chance(60)) {
    Command apply = command(Op::enqueue);
    apply.line = Line::apply;
    if (ask(who, apply) == Errc::ok) who.waits = true;
    return;
  }
  const std::string_view channels[] = {"main", kHall};
  who.expected = true;
  const Result<Ticket> joined =
      world_.engine().join(who.session, {.room = kRoom, .channels = channels});
  who.expected = false;
  if (!joined) {
    const Errc why = joined.error().code;
    if (why == Errc::banned && !who.banned.holds(now)) fail(who, "is not banned, and kept out");
    if (why == Errc::forbidden && who.lasting) fail(who, "was let in, and is kept out");
    return;
  }
  if (who.banned.holds(now)) fail(who, "is banned, and comes in");
  if (!who.lasting) fail(who, "comes in without having been invited");
  who.in = true;
  who.waits = who.hand = who.on_inner = false;
  who.role = who.kept;
}

void Desk::put_out(Clerk& other) { other.in = other.hand = other.on_inner = false; }

// Nobody stays on a channel that he may not read.
void Desk::enforce() {
  for (const auto& one : clerks_) one->on_inner = one->on_inner && one->in && reads(*one);
}

// ---- What they say

void Desk::speak(Clerk& who) {
  static constexpr const char* kTexts[] = {"hi", "yo", "oh", "well"};
  const Instant now = world_.engine_now();
  const std::string text = kTexts[random_.below(4)];
  const std::uint32_t where = random_.below(10);
  const char* const channel = where < 6 ? "main" : where < 8 ? kHall : kInner;
  const bool inside = channel == std::string_view{kInner};
  const Result<Room> room = world_.engine().room(kRoom);
  const std::uint64_t head = room->position().offset;
  const bool dumb = who.muted.holds(now) || who.self_muted.holds(now);
  const bool closed = channel == std::string_view{kHall} && hall_closed_;
  const auto known = words_.find(who.user + text);
  const bool again = known != words_.end() && now < known->second.at + Duration::s(kDuplicateS);
  const Result<Ticket> said =
      world_.engine().publish(who.session, {.room = kRoom, .channel = channel, .text = text});
  world_.report().note("says there", who.user, text, said ? said->position.offset : 0,
                       static_cast<std::uint64_t>(said ? Errc::ok : said.error().code));
  if (!said) {
    const Errc why = said.error().code;
    if (why == Errc::muted && !dumb) fail(who, "is not muted, and may not speak");
    if (why == Errc::mode_restricted && !closed) fail(who, "may not speak where all may");
    return;
  }
  if (dumb) fail(who, "is muted, and speaks");
  if (closed) fail(who, "speaks where nothing more is said");
  if (inside && !who.on_inner) fail(who, "speaks where it is not");
  const std::uint64_t offset = said->position.offset;
  if (offset > head) {
    if (again) fail(who, "says the same twice");
    spoken_.push_back({offset, who.user});
    words_[who.user + text] = {offset, now};
  } else if (!again || known->second.offset != offset) {
    fail(who, "is told of " + std::to_string(offset) + ", which is not what it said: " + text);
  }
}

void Desk::write(Clerk& who, Clerk& other) {
  if (&who == &other || !other.opened) return;
  const std::string letter = "letter " + std::to_string(++letters_);
  if (other.shielded || other.blocked.count(who.user) != 0) undue_.insert(letter);
  Command send = command(Op::send_to, &other);
  send.room = {};
  send.out.text = letter;
  send.has_text = true;
  static_cast<void>(ask(who, send));
}

void Desk::told_direct(const Clerk& to, const Message& message) {
  if (message.user == to.user) return;  // from another of its sessions
  if (undue_.count(std::string{message.text}) != 0) fail(to, "hears whom it blocked");
}

Answer Desk::on_direct(Question, const DirectRequest& request) noexcept {
  const Clerk* const to = find(request.to);
  Answer answer;
  if (to == nullptr || find(request.from) == nullptr) return answer;
  const bool blocks = to->shielded || to->blocked.count(std::string{request.from}) != 0;
  if (blocks) answer.verdict = Answer::Verdict::drop;
  return answer;
}

Answer Desk::on_block(Question, const BlockRequest& request) noexcept {
  Clerk* const who = find(request.user);
  if (who == nullptr) return Answer::pass();
  if (request.other.empty()) {
    who->shielded = request.blocks;
  } else if (request.blocks) {
    who->blocked.insert(std::string{request.other});
  } else {
    who->blocked.erase(std::string{request.other});
  }
  return Answer::pass();
}

// ---- Measures

void Desk::punish(Clerk& who, Clerk& other) {
  const std::uint32_t which = random_.below(3);
  const bool timed = random_.chance(80);
  const std::uint32_t ms = random_.between(1, 2'500);
  Command verb = command(which == 0 ? Op::mute : which == 1 ? Op::ban : Op::kick, &other);
  verb.clear = random_.chance(35);
  if (which != 2 && timed) verb.for_ms = ms;
  if (&who == &other && which == 0) return;  // of_oneself
  const bool may = who.role >= Role::moderator && outranks(who, other);
  if (!judge(who, verb, ask(who, verb), may)) return;
  Clerk::Measure& measure = which == 0 ? other.muted : other.banned;
  if (which != 2 && timed) measure.until = world_.engine_now() + Duration::ms(ms);
  if (which != 2 && !timed) measure.for_good = true;
  if (which != 0) put_out(other);
  if (verb.clear) forget(other.user);
  check_history(who);
}

void Desk::pardon(Clerk& who, Clerk& other) {
  const bool mutes = random_.chance(50);
  if (&who == &other && mutes) return;
  const Command verb = command(mutes ? Op::unmute : Op::unban, &other);
  const bool may = who.role >= Role::moderator && outranks(who, other);
  if (judge(who, verb, ask(who, verb), may)) (mutes ? other.muted : other.banned) = {};
}

void Desk::of_oneself(Clerk& who, Clerk& other) {
  const std::uint32_t what = random_.below(6);
  const std::uint32_t ms = random_.between(1, 1'500);
  if (what < 2) {
    Command verb = command(what == 0 ? Op::mute : Op::unmute, &who);
    if (what == 0) verb.for_ms = ms;
    if (!judge(who, verb, ask(who, verb), true)) return;
    who.self_muted = {};
    if (what == 0) who.self_muted.until = world_.engine_now() + Duration::ms(ms);
    return;
  }
  if (&who == &other) return;
  Command verb = command(what == 2  ? Op::shield
                         : what < 5 ? Op::block
                                    : Op::unblock,
                         what == 2 ? nullptr : &other);
  verb.room = {};
  if (what == 5 && random_.chance(70)) verb.user = {};
  const Errc done = ask(who, verb);
  const bool busy = done == Errc::internal && world_.plan().limits.questions < 64;
  if (done != Errc::ok && done != Errc::rate_limited && !busy)
    fail(who, "may not keep to itself: " + std::string{name_of(done)});
}

// ---- Roles and channels

void Desk::promote(Clerk& who, Clerk& other) {
  const auto to = static_cast<Role>(random_.below(5));
  const bool inside = random_.chance(40);
  Command verb = command(Op::set_role, &other);
  verb.role = to;
  if (inside) verb.channel = kInner;
  const Role mine = inside ? std::max(who.role, who.inner) : who.role;
  const Role from = inside ? std::max(rank(other), other.inner) : rank(other);
  const bool may = mine >= Role::admin && mine > from && mine > to && (!inside || reads(who));
  if (!judge(who, verb, ask(who, verb), may)) return;
  const bool lasts = to == Role::owner || to == Role::admin || to == Role::member;
  if (inside) {
    other.inner = to;
  } else {
    if (other.in) other.role = to;
    if (lasts) other.lasting = true, other.kept = to;
    if (to == Role::visitor) other.lasting = false;
  }
  enforce();
}

void Desk::tend_channels(Clerk& who, Clerk&) {
  const std::uint32_t what = random_.below(10);
  if (what < 5) {
    Command verb = command(what < 4 ? Op::subscribe : Op::unsubscribe);
    verb.channel = kInner;
    if (!judge(who, verb, ask(who, verb), what == 4 || reads(who))) return;
    who.on_inner = what < 4;
  } else if (what < 8) {
    const bool closes = random_.chance(40);
    Command verb = command(closes ? Op::close_channel : Op::open_channel);
    verb.channel = kHall;
    const bool may = who.role >= (closes || hall_closed_ ? Role::admin : Role::member);
    if (judge(who, verb, ask(who, verb), may)) hall_closed_ = closes;
  } else {
    Command verb = command(Op::open_channel);
    verb.channel = kInner;
    verb.access = random_.chance(50) ? Role::moderator : Role::speaker;
    const bool may = who.role >= Role::admin && reads(who);
    if (!judge(who, verb, ask(who, verb), may)) return;
    access_ = *verb.access;
    enforce();
  }
}

// ---- Lines

void Desk::tend_lines(Clerk& who, Clerk& other) {
  const std::uint32_t what = random_.below(5);
  if (what == 0) {
    Command verb = command(Op::enqueue);
    verb.line = Line::speak;
    if (ask(who, verb) == Errc::ok) who.hand = true;
    return;
  }
  if (what == 1) {
    Command verb = command(Op::call_next, &other);
    verb.line = Line::speak;
    if (!judge(who, verb, ask(who, verb), who.role >= Role::moderator)) return;
    if (!other.hand) fail(other, "is called without a hand up");
    other.hand = false;
    other.role = std::max(other.role, Role::speaker);
    return enforce();
  }
  const bool invites = what < 4;
  const Command verb = command(invites ? Op::invite : Op::approve, &other);
  const bool may = who.role >= Role::moderator;
  if (!judge(who, verb, ask(who, verb), may)) return;
  if (!invites && !other.waits) fail(other, "is approved without having applied");
  if (!other.lasting) other.lasting = true, other.kept = Role::member;
  other.waits = false;
}

// ---- What is taken back

void Desk::forget(const std::string& user) {
  for (Spoken& one : spoken_) one.gone = one.gone || user.empty() || one.user == user;
}

void Desk::take_back(Clerk& who, Clerk& other) {
  const std::uint32_t what = random_.below(10);
  if (what < 7) {
    if (spoken_.empty()) return;
    const std::size_t back = random_.below(12) % spoken_.size();
    Spoken& one = spoken_[spoken_.size() - 1 - back];
    Command verb = command(Op::recall);
    verb.offset = one.offset;
    const Errc done = ask(who, verb);
    if (one.gone && done == Errc::ok) fail(who, "takes back what is gone");
    const bool own = one.user == who.user;
    if (done == Errc::ok && !own && who.role < Role::moderator && who.inner < Role::moderator) {
      fail(who, "takes back another's words");
    }
    if (own && !one.gone && done == Errc::forbidden) fail(who, "may not take back its own words");
    if (done == Errc::ok) one.gone = true;
  } else {
    const bool all = what == 9;
    const Command verb = command(Op::clear, all ? nullptr : &other);
    const bool may =
        all ? who.role >= Role::admin : who.role >= Role::moderator && outranks(who, other);
    if (judge(who, verb, ask(who, verb), may)) forget(all ? std::string{} : other.user);
  }
  check_history(who);
}

// What the room still tells is exactly what was said and not taken back.
void Desk::check_history(const Clerk& who) {
  const Result<Room> room = world_.engine().room(kRoom);
  if (!room) fail(who, "the room is gone");
  std::vector<std::uint64_t> told;
  for (std::size_t before = SIZE_MAX; before != told.size();) {
    before = told.size();
    static_cast<void>(room->history(
        told.empty() ? 0 : told.back(), 100,
        [](void* context, const Message& message) {
          auto& all = *static_cast<std::vector<std::uint64_t>*>(context);
          all.push_back(message.offset);
        },
        &told));
    std::sort(told.begin(), told.end(), std::greater<>{});
  }
  auto at = spoken_.rbegin();
  for (auto one = told.begin(); one != told.end(); ++one, ++at) {
    while (at != spoken_.rend() && at->gone) ++at;
    if (at == spoken_.rend() || at->offset != *one) {
      fail(who, "reads " + std::to_string(*one) + ", which was taken back, or misses one before");
    }
  }
  while (at != spoken_.rend() && at->gone) ++at;
  const bool whole = world_.plan().limits.history_pool_bytes >= 4u << 20;
  if (whole && at != spoken_.rend() && spoken_.size() < 250) {
    fail(who, "cannot read " + std::to_string(at->offset) + ", which nobody took back");
  }
}

}  // namespace chatroom::sim
