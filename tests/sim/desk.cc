#include "sim/desk.h"

#include <algorithm>
#include <utility>

#include "sim/world.h"

namespace chatroom::sim {

namespace {

constexpr std::uint32_t kClerks = 7;
constexpr std::uint64_t kStream = 7'200;

}  // namespace

Desk::Desk(World& world)
    : world_(world),
      random_(world.plan().seed, kStream),
      late_(world.plan().seed, kStream + 1),
      invites_(world.plan().seed % 2 == 0) {}

void Desk::fail(const Clerk& who, const std::string& what) const {
  world_.report().fail(Verdict::correctness, "the desk: %s: %s", who.user.c_str(), what.c_str());
}

void Desk::start() {
  if (!world_.plan().desk) return;
  crashed();
  world_.schedule().after(Duration::ms(150), [this] { act(); });
}

// The owner or the admin comes over the wire in every world; of the others some.
void Desk::crashed() {
  if (!world_.plan().desk) return;
  const std::uint64_t both = world_.plan().seed % 3;
  clerks_.clear();
  for (std::uint32_t i = 0; i < kClerks; ++i) {
    const bool remote = i < 2 ? both == 2 || both == i : (world_.plan().seed >> i) % 4 == 0;
    clerks_.push_back(std::make_unique<Clerk>(*this, world_, i, remote));
  }
  spoken_.clear(), words_.clear(), undue_.clear(), due_.clear();
  hall_closed_ = false;
  modes_ = {};
  open_room();
}

void Desk::open_room() {
  RoomPolicy policy;
  policy.by_invitation = invites_;
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
  for (std::uint32_t i = 1; i < (invites_ ? 5u : 2u); ++i) {
    Clerk& one = *clerks_[i];
    one.lasting = true, one.kept = i == 1 ? Role::admin : Role::member;
    static_cast<void>(i == 1 ? opened->set_role(one.user, Role::admin) : opened->invite(one.user));
  }
}

Clerk* Desk::find(std::string_view user) {
  for (const auto& one : clerks_) {
    if (one->user == user) return one.get();
  }
  return nullptr;
}

// A command is on the wire. It is not held up for long.
bool Desk::busy() {
  for (const auto& one : clerks_) {
    if (!one->waits()) continue;
    if (one->far->asked_at() + Duration::s(20) < world_.now()) fail(*one, "was never answered");
    return true;
  }
  return false;
}

void Desk::act() {
  if (settled_ || world_.ending() || !world_.busy()) return;
  world_.schedule().after(Duration::ms(random_.between(20, 300)), [this] { act(); });
  if (busy()) return;
  Clerk& who = *clerks_[random_.below(kClerks)];
  Clerk& other = *clerks_[random_.below(kClerks)];
  const std::uint32_t what = random_.below(120);
  if (!who.opened) return who.open();
  if (what < 6) return write(who, other);
  if (!who.in) return come(who);
  if (what < 48) return speak(who);
  struct Choice {
    std::uint32_t below;
    void (Desk::*act)(Clerk& who, Clerk& other);
  };
  static constexpr Choice kChoices[] = {{60, &Desk::punish},      {68, &Desk::pardon},
                                        {74, &Desk::of_oneself},  {81, &Desk::promote},
                                        {90, &Desk::take_back},   {97, &Desk::tend_channels},
                                        {104, &Desk::tend_lines}, {109, &Desk::change_modes},
                                        {113, &Desk::decorate},   {116, &Desk::review}};
  for (const Choice& choice : kChoices) {
    if (what < choice.below) return (this->*choice.act)(who, other);
  }
  ask(who, command(Op::leave), [this, &who](const Done& done) {
    if (done.code == Errc::ok) put_out(who);
    check_history(who);
  });
}

// ---- How a thing is asked

Command Desk::command(Op op, const Clerk* other) const {
  Command made;
  made.op = op;
  made.room = kRoom;
  if (other != nullptr) made.user = other->user;
  return made;
}

void Desk::ask(Clerk& who, const Command& command, Then then) {
  if (who.far != nullptr) return who.far->ask(command, std::move(then));
  const Instant now = world_.engine_now();
  const Result<Ticket> done = world_.engine().command(who.session, command);
  then({done ? Errc::ok : done.error().code, done ? done->position.offset : 0, now, now});
}

bool Desk::judge(const Clerk& who, const std::string& what, Errc done, bool may) const {
  world_.report().note("at the desk", who.user, what, static_cast<std::uint64_t>(done));
  if (done == Errc::ok && !may) fail(who, "may not, and does: " + what);
  if (done == Errc::forbidden && may) fail(who, "may, and is not let: " + what);
  return done == Errc::ok;
}

// `then` only if it was done.
void Desk::order(Clerk& who, const Command& verb, bool may, Then then) {
  const std::string what = std::string{name_of(verb.op)} + " of " + std::string{verb.user};
  ask(who, verb, [this, &who, what, may, then = std::move(then)](const Done& done) {
    if (judge(who, what, done.code, may) && then) then(done);
  });
}

// ---- In

void Desk::come(Clerk& who) {
  if (invites_ && !who.lasting && random_.chance(60)) {
    Command apply = command(Op::enqueue);
    apply.line = Line::apply;
    // From here on it may stand in line, and does so when its session is gone too.
    const bool before = std::exchange(who.waits_outside, true);
    return ask(who, apply, [&who, before](const Done& done) {
      if (done.code != Errc::ok) who.waits_outside = before;
    });
  }
  static constexpr std::string_view kChannels[] = {"main", kHall};
  Command join = command(Op::join);
  join.channels = kChannels;
  who.expected = true;
  ask(who, join, [this, &who](const Done& done) {
    who.expected = false;
    const bool barred = invites_ && !who.lasting;
    if (done.code != Errc::ok) {
      if (done.code == Errc::banned && !who.banned.may_hold(done.asked)) {
        fail(who, "is not banned, and kept out");
      }
      if (done.code == Errc::forbidden && !barred) fail(who, "was let in, and is kept out");
      return;
    }
    if (who.banned.holds(done.now)) fail(who, "is banned, and comes in");
    if (barred) fail(who, "comes in without having been invited");
    who.in = true;
    who.waits_outside = who.hand = who.on_inner = who.followed = false;
    who.role = who.lasting ? who.kept : Role::member;
    who.guided = who.guided || std::max(who.role, who.inner) >= Role::moderator;
  });
}

// ---- What they say

// Whether a mode keeps it from being said.
bool Desk::closed_to(const Clerk& who, const std::string& text, bool inside) const {
  const Role role = here(who, inside);
  const bool guides = role >= Role::moderator;
  const bool one_of_them = who.lasting || role >= Role::speaker;
  return (modes_.mute_all && !guides && !who.allowed) ||
         (modes_.moderated && role < Role::speaker) || (modes_.members && !one_of_them) ||
         (modes_.followers && !one_of_them && !(who.follows && world_.plan().rules)) ||
         (modes_.emotes && !guides && text[0] != ':');
}

void Desk::speak(Clerk& who) {
  static constexpr const char* kTexts[] = {"hi", "yo", "oh", ":wave:", "hm"};
  const std::string text = kTexts[random_.below(5)];
  const std::uint32_t where = random_.below(10);
  const std::string channel = where < 6 ? "main" : where < 8 ? kHall : kInner;
  const std::uint64_t head = world_.engine().room(kRoom)->position().offset;
  Command say = command(Op::publish);
  say.out.room = kRoom;
  say.out.channel = channel;
  say.out.text = text;
  say.has_text = true;
  ask(who, say, [this, &who, text, channel, head](const Done& done) {
    spoke(who, text, channel, head, done);
  });
}

void Desk::spoke(Clerk& who, const std::string& text, const std::string& channel,
                 std::uint64_t head, const Done& done) {
  world_.report().note("says there", who.user, text, done.offset,
                       static_cast<std::uint64_t>(done.code));
  const Spoken how{done.offset, who.user, false, channel == kInner};
  const bool closed = channel == kHall && hall_closed_;
  if (done.code == Errc::held && !world_.plan().reviewed)
    fail(who, "was held, and nobody wanted that");
  if (done.code == Errc::mode_restricted && closed) return;
  if (done.code != Errc::ok) return check_refused(who, how, text, done);
  if (closed) fail(who, "speaks where nothing more is said");
  // What was said already is answered before the host is asked who follows.
  if (done.offset == 0 || done.offset > head) check_said(who, how, text, done);
  Words& known = words_[who.user + text];
  const bool never = known.offset == 0 && !known.vague;
  const Duration span = Duration::s(kDuplicateS);
  if (done.offset > head) {
    if (!never && !known.vague && done.now < known.since + span) fail(who, "says the same twice");
    if (who.shadow.holds(done.now)) fail(who, "is muted in the shadow, and shown to all");
    spoken_.push_back(how);
    known = {done.offset, done.asked, done.now, false};
  } else if (done.offset == 0) {
    if (!who.shadow.may_hold(done.asked) && !known.vague) fail(who, "is heard by nobody");
    known.vague = true;
  } else if (!known.vague && (done.asked >= known.until + span || known.offset != done.offset)) {
    fail(who, "is told of " + std::to_string(done.offset) + ", not of what it said: " + text);
  }
}

void Desk::check_said(const Clerk& who, const Spoken& how, const std::string& text,
                      const Done& done) const {
  if (who.muted.holds(done.now) || who.self_muted.holds(done.now)) fail(who, "is muted and speaks");
  if (how.inside && !who.on_inner) fail(who, "speaks where it is not");
  if (here(who, how.inside) < Role::member) fail(who, "is a visitor and speaks");
  if (closed_to(who, text, how.inside)) fail(who, "speaks in a mode that is not for it");
}

void Desk::check_refused(const Clerk& who, const Spoken& how, const std::string& text,
                         const Done& done) const {
  const bool dumb = who.muted.may_hold(done.asked) || who.self_muted.may_hold(done.asked);
  if (done.code == Errc::muted && !dumb) fail(who, "is not muted, and may not speak");
  if (done.code == Errc::mode_restricted && !closed_to(who, text, how.inside)) {
    fail(who, "may not speak in a mode that is for it");
  }
  const bool visits = here(who, how.inside) < Role::member;
  if (done.code == Errc::forbidden && !visits) fail(who, "may speak, and is not let");
  if (done.code == Errc::not_member && !how.inside) fail(who, "is in, and may not speak");
}

Answer Desk::on_follower(const PublishRequest& request) {
  Clerk* const who = find(request.user);
  if (who == nullptr) return Answer::refuse(Errc::mode_restricted);
  if (!modes_.followers) fail(*who, "is asked whether it follows, in a room for all");
  if (who->followed) fail(*who, "is asked twice in one stay whether it follows");
  who->followed = who->follows;
  return who->follows ? Answer::pass() : Answer::refuse(Errc::mode_restricted);
}

Answer Desk::on_text(const PublishRequest& request) const {
  Answer answer;
  if (request.message->text == "hm") answer.verdict = Answer::Verdict::hold;
  return answer;
}

// ---- Between two

bool Desk::friends(const Clerk& one, const Clerk& other) {
  return (one.user.back() + other.user.back()) % 3 == 0;
}

void Desk::write(Clerk& who, Clerk& other) {
  if (&who == &other || !other.opened) return;
  const std::string letter = "letter " + std::to_string(++letters_);
  const bool blocked =
      other.blocked.count(who.user) != 0 || (other.shielded && !friends(who, other));
  if (blocked) undue_.insert(letter);
  const std::uint32_t life = other.lives;
  Command send = command(Op::send_to, &other);
  send.room = {};
  send.out.text = letter;
  send.has_text = true;
  due_[letter] = {other.user, life};  // it may be told within the call
  ask(who, send, [this, &who, &other, letter, blocked, life](const Done& done) {
    const bool busy = done.code == Errc::rate_limited || done.code == Errc::internal;
    if (done.code != Errc::ok && !busy && other.lives == life) {
      fail(who, "is told of a letter: " + std::string{name_of(done.code)});
    }
    if (done.code != Errc::ok || blocked) due_.erase(letter);
  });
}

void Desk::told(Clerk& to, const Event& event) {
  const Message& message = event.message;
  if (event.type == EventType::direct) {
    if (message.user == to.user) return;  // from another of its sessions
    const std::string letter{message.text};
    if (undue_.count(letter) != 0) fail(to, "hears whom it blocked");
    due_.erase(letter);
  } else if (event.type == EventType::message && message.room == kRoom && message.offset == 0) {
    if (message.user != to.user) fail(to, "hears who is muted in the shadow");
  } else if (event.type == EventType::moderation && !event.by.empty()) {
    const bool own = event.by == event.user;
    if (own && event.user != to.user) fail(to, "is told of another's mute of himself");
    if (own && !event.text.empty()) fail(to, "is told a reason for a mute of its own");
    if (event.action == "shadow_mute" && event.user == to.user) {
      fail(to, "is told that it is muted in the shadow");
    }
  } else if (event.type == EventType::held && message.user != to.user && !to.guided) {
    fail(to, "is told of what is held");
  } else if (event.type == EventType::gap && event.room.empty()) {
    std::erase_if(due_, [&](const auto& one) { return one.second.to == to.user; });
  }
}

void Desk::check_end() const {
  for (const auto& [letter, to] : due_) {
    for (const auto& one : clerks_) {
      if (one->user == to.to && one->opened && one->lives == to.life) {
        fail(*one, "never got " + letter);
      }
    }
  }
}

// Now, or a little later: what holds is what holds then.
Answer Desk::on_direct(Question question, const DirectRequest& request) noexcept {
  const auto decide = [this](const std::string& from, const std::string& to) {
    const Clerk* const one = find(from);
    const Clerk* const other = find(to);
    Answer answer;
    if (one == nullptr || other == nullptr) return answer;
    const bool blocks =
        other->blocked.count(from) != 0 || (other->shielded && !friends(*one, *other));
    if (blocks) answer.verdict = Answer::Verdict::drop;
    return answer;
  };
  const std::string from{request.from};
  const std::string to{request.to};
  if (find(from) == nullptr || !find(from)->far || !late_.chance(30)) return decide(from, to);
  const std::uint64_t life = world_.lives();
  world_.schedule().after(Duration::ms(late_.between(1, 300)), [=, this] {
    if (life == world_.lives()) {
      static_cast<void>(world_.engine().answer(question, decide(from, to)));
    }
  });
  return Answer::later();
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

}  // namespace chatroom::sim
