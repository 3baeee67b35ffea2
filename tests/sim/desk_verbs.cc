// What moderators, and all others, do at the desk; and what must come of it.
#include <algorithm>
#include <functional>

#include "sim/desk.h"
#include "sim/world.h"

namespace chatroom::sim {

void Desk::put_out(Clerk& other) {
  other.in = other.hand = other.on_inner = other.followed = false;
  if (other.far != nullptr) other.far->quiet();
}

// Nobody stays on a channel that he may not read.
void Desk::enforce() {
  for (const auto& one : clerks_) {
    one->on_inner = one->on_inner && one->in && reads(*one);
    if (one->in && std::max(one->role, one->inner) >= Role::moderator) one->guided = true;
  }
}

// ---- Measures

void Desk::punish(Clerk& who, Clerk& other) {
  static constexpr Op kOps[] = {Op::mute, Op::ban, Op::kick, Op::shadow_mute};
  const std::uint32_t which = random_.below(4);
  const bool timed = random_.chance(80);
  const std::uint32_t ms = random_.between(1, 2'500);
  Command verb = command(kOps[which], &other);
  verb.reason = "so it is";
  verb.clear = random_.chance(35);
  if (which != 2 && timed) verb.for_ms = ms;
  if (&who == &other && which == 0) return;  // of_oneself
  const bool may = who.role >= Role::moderator && outranks(who, other);
  order(who, verb, may, [this, &who, &other, which, timed, ms, all = verb.clear](const Done& done) {
    Clerk::Measure& measure = which == 0 ? other.muted : which == 3 ? other.shadow : other.banned;
    if (which != 2 && timed) {
      measure.until = done.now + Duration::ms(ms);
      measure.sure_until = done.asked + Duration::ms(ms);
    }
    if (which != 2 && !timed) measure.for_good = true;
    if (which == 1 || which == 2) put_out(other);
    if (all) forget(other.user);
    check_history(who);
  });
}

void Desk::pardon(Clerk& who, Clerk& other) {
  const std::uint32_t which = random_.below(5);
  if (&who == &other && which < 2) return;
  static constexpr Op kOps[] = {Op::unmute, Op::unmute, Op::unban, Op::allow, Op::disallow};
  const Command verb = command(kOps[which], &other);
  const bool may = who.role >= Role::moderator && outranks(who, other);
  order(who, verb, may, [&other, which](const Done&) {
    if (which < 2) other.muted = other.shadow = {};
    if (which == 2) other.banned = {};
    if (which > 2) other.allowed = which == 3;
  });
}

void Desk::of_oneself(Clerk& who, Clerk& other) {
  const std::uint32_t what = random_.below(6);
  const std::uint32_t ms = random_.between(1, 1'500);
  if (what < 2) {
    Command verb = command(what == 0 ? Op::mute : Op::unmute, &who);
    verb.reason = "my own";
    if (what == 0) verb.for_ms = ms;
    return order(who, verb, true, [&who, what, ms](const Done& done) {
      who.self_muted = {};
      if (what != 0) return;
      who.self_muted.until = done.now + Duration::ms(ms);
      who.self_muted.sure_until = done.asked + Duration::ms(ms);
    });
  }
  if (&who == &other) return;
  const Op op = what == 2 ? Op::shield : what < 5 ? Op::block : Op::unblock;
  Command verb = command(op, what == 2 ? nullptr : &other);
  verb.room = {};
  if (what == 5 && random_.chance(70)) verb.user = {};
  ask(who, verb, [this, &who](const Done& done) {
    const bool busy = done.code == Errc::internal && world_.plan().limits.questions < 64;
    if (done.code != Errc::ok && done.code != Errc::rate_limited && !busy) {
      fail(who, "may not keep to itself: " + std::string{name_of(done.code)});
    }
  });
}

// ---- Roles, modes and channels

void Desk::promote(Clerk& who, Clerk& other) {
  const auto to = static_cast<Role>(random_.below(5));
  const bool inside = random_.chance(40);
  Command verb = command(Op::set_role, &other);
  verb.role = to;
  if (inside) verb.channel = kInner;
  const Role mine = here(who, inside);
  const Role from = inside ? std::max(rank(other), other.inner) : rank(other);
  const bool may = mine >= Role::admin && mine > from && mine > to && (!inside || reads(who));
  const bool lasts = to == Role::owner || to == Role::admin || to == Role::member;
  order(who, verb, may, [this, &other, to, inside, lasts](const Done&) {
    if (inside) {
      other.inner = to;
    } else {
      if (other.in) other.role = to;
      if (lasts) other.lasting = true, other.kept = to;
      if (to == Role::visitor) other.lasting = false;
    }
    enforce();
  });
}

void Desk::change_modes(Clerk& who, Clerk&) {
  static constexpr bool Modes::*kModes[] = {&Modes::mute_all, &Modes::moderated, &Modes::members,
                                            &Modes::followers, &Modes::emotes};
  static constexpr std::optional<bool> PolicyPatch::*kPatches[] = {
      &PolicyPatch::mute_all, &PolicyPatch::moderated, &PolicyPatch::members_only,
      &PolicyPatch::followers_only, &PolicyPatch::emote_only};
  std::uint32_t which = random_.below(8);
  if (which >= 5) which = 3;  // the one that asks the host
  const bool on = !(modes_.*kModes[which]) && random_.chance(70);
  Command verb = command(Op::set_policy);
  verb.policy.*kPatches[which] = on;
  order(who, verb, who.role >= Role::admin,
        [this, which, on](const Done&) { modes_.*kModes[which] = on; });
}

void Desk::tend_channels(Clerk& who, Clerk&) {
  const std::uint32_t what = random_.below(10);
  if (what < 5) {
    Command verb = command(what < 4 ? Op::subscribe : Op::unsubscribe);
    verb.channel = kInner;
    return order(who, verb, what == 4 || reads(who),
                 [&who, what](const Done&) { who.on_inner = what < 4; });
  }
  if (what < 8) {
    const bool closes = random_.chance(40);
    Command verb = command(closes ? Op::close_channel : Op::open_channel);
    verb.channel = kHall;
    const bool may = who.role >= (closes || hall_closed_ ? Role::admin : Role::member);
    return order(who, verb, may, [this, closes](const Done&) { hall_closed_ = closes; });
  }
  Command verb = command(Op::open_channel);
  verb.channel = kInner;
  const Role access = random_.chance(50) ? Role::moderator : Role::speaker;
  verb.access = access;
  order(who, verb, who.role >= Role::admin && reads(who), [this, access](const Done&) {
    access_ = access;
    enforce();
  });
}

// ---- What all see, and what waits to be seen

void Desk::decorate(Clerk& who, Clerk&) {
  const std::uint32_t what = random_.below(4);
  const auto back = static_cast<std::size_t>(random_.below(8));
  if (what == 0 || back >= spoken_.size()) {
    Command verb = command(Op::set_attribute);
    verb.key = "topic";
    const std::string value = "words " + std::to_string(letters_);
    verb.value = value;
    return order(who, verb, who.role >= Role::moderator, nullptr);
  }
  const Spoken one = spoken_[spoken_.size() - 1 - back];
  Command verb = command(what == 1 ? Op::unpin : Op::pin);
  verb.offset = one.offset;
  const bool may = here(who, one.inside) >= Role::moderator && (!one.inside || reads(who));
  order(who, verb, may, [this, &who, one, pins = what != 1](const Done&) {
    if (pins && one.gone) fail(who, "pins what is gone");
  });
}

void Desk::review(Clerk& who, Clerk&) {
  struct Waits {
    std::uint64_t held;
    std::string user;
    bool inside;
  };
  std::vector<Waits> all;
  static_cast<void>(world_.engine().room(kRoom)->for_each_held(
      [](void* context, std::uint64_t held, const Message& message) {
        auto& to = *static_cast<std::vector<Waits>*>(context);
        to.push_back({held, std::string{message.user}, message.channel == kInner});
      },
      &all));
  const bool lists = random_.chance(30);
  if (lists || all.empty()) {
    return ask(who, command(Op::list_held), [this, &who](const Done& done) {
      const bool may = std::max(who.role, who.inner) >= Role::moderator;
      if (done.code == Errc::ok && !may) fail(who, "may not list what is held, and does");
    });
  }
  const Waits one = all[random_.below(static_cast<std::uint32_t>(all.size()))];
  const bool releases = random_.chance(60);
  Command verb = command(releases ? Op::release : Op::reject);
  verb.offset = one.held;
  const bool may = one.user != who.user && here(who, one.inside) >= Role::moderator &&
                   (!one.inside || reads(who));
  const std::uint64_t head = world_.engine().room(kRoom)->position().offset;
  order(who, verb, may, [this, &who, one, releases, head](const Done&) {
    const std::uint64_t now = world_.engine().room(kRoom)->position().offset;
    if (now != head + (releases ? 1 : 0)) fail(who, "releases what is not said, or rejects it");
    if (!releases) return;
    spoken_.push_back({now, one.user, false, one.inside});
    words_[one.user + "hm"].vague = true;
  });
}

// ---- Lines

void Desk::tend_lines(Clerk& who, Clerk& other) {
  const std::uint32_t what = random_.below(7);
  if (what == 0) {
    Command verb = command(Op::enqueue);
    verb.line = Line::speak;
    return ask(who, verb, [&who](const Done& done) {
      if (done.code == Errc::ok) who.hand = true;
    });
  }
  const bool may = who.role >= Role::moderator;
  if (what == 1) {
    Command verb = command(Op::call_next, &other);
    verb.line = Line::speak;
    return order(who, verb, may, [this, &other](const Done&) {
      if (!other.hand) fail(other, "is called without a hand up");
      other.hand = false;
      other.role = std::max(other.role, Role::speaker);
      enforce();
    });
  }
  if (what == 5) {
    Command verb = command(Op::waiting);
    verb.line = random_.chance(50) ? Line::speak : Line::apply;
    return order(who, verb, may, nullptr);
  }
  if (what == 6) {
    if (&who == &other) return;
    Command verb = command(Op::dequeue, &other);
    verb.line = Line::speak;
    return order(who, verb, may, [this, &other](const Done&) {
      if (!other.hand) fail(other, "is sent off without a hand up");
      other.hand = false;
    });
  }
  const bool invites = what < 4;
  const Command verb = command(invites ? Op::invite : Op::approve, &other);
  order(who, verb, may, [this, &other, invites](const Done&) {
    if (!invites && !other.waits_outside) fail(other, "is approved without having applied");
    if (invites_ && !other.lasting) other.lasting = true, other.kept = Role::member;
    other.waits_outside = false;
  });
}

// ---- What is taken back

void Desk::forget(const std::string& user) {
  for (Spoken& one : spoken_) one.gone = one.gone || user.empty() || one.user == user;
}

void Desk::take_back(Clerk& who, Clerk& other) {
  const std::uint32_t what = random_.below(10);
  if (what < 7) {
    if (spoken_.empty()) return;
    const std::size_t index = spoken_.size() - 1 - random_.below(12) % spoken_.size();
    Command verb = command(Op::recall);
    verb.offset = spoken_[index].offset;
    return ask(who, verb, [this, &who, index](const Done& done) {
      Spoken& one = spoken_[index];
      if (one.gone && done.code == Errc::ok) fail(who, "takes back what is gone");
      const bool own = one.user == who.user;
      const bool may = own || here(who, one.inside) >= Role::moderator;
      if (done.code == Errc::ok && !may) fail(who, "takes back another's words");
      if (own && !one.gone && done.code == Errc::forbidden) {
        fail(who, "may not take back its own words");
      }
      if (done.code == Errc::ok) one.gone = true;
      check_history(who);
    });
  }
  const bool all = what == 9;
  const Command verb = command(Op::clear, all ? nullptr : &other);
  const bool may =
      all ? who.role >= Role::admin : who.role >= Role::moderator && outranks(who, other);
  order(who, verb, may, [this, &who, user = all ? std::string{} : other.user](const Done&) {
    forget(user);
    check_history(who);
  });
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
