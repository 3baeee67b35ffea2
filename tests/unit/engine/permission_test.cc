// Who may do what: a small model of the protocol's words beside the engine, and a million random
// users, rooms and operations on which both must agree.
#include <array>
#include <optional>
#include <random>
#include <string>

#include "catch.hpp"
#include "chatroom/adapters/manual_loop.h"
#include "chatroom/engine.h"

using namespace chatroom;

namespace {

constexpr std::size_t kUsers = 6;
constexpr std::size_t kRooms = 3;
const std::array<Op, 18> kOps{Op::mute,         Op::unmute,        Op::ban,      Op::unban,
                              Op::kick,         Op::allow,         Op::disallow, Op::set_role,
                              Op::clear,        Op::set_policy,    Op::pin,      Op::set_attribute,
                              Op::open_channel, Op::close_channel, Op::publish,  Op::shadow_mute,
                              Op::subscribe,    Op::unsubscribe};

// The model: what each user is in each room, and what the protocol says that this allows.
struct Place {
  bool in = true;
  bool banned = false, muted = false, self_muted = false, allowed = false;
  Role role = Role::member;
  std::optional<Role> lasting;
  Role inner = Role::visitor;  // given in the channel of some
  bool on_inner = false;
};
struct Model {
  std::array<std::array<Place, kUsers>, kRooms> places{};
  std::array<bool, kRooms> mute_all{}, members_only{};
  std::array<Role, kRooms> access{};

  bool reads(std::size_t room, std::size_t user) const {
    const Place& place = places[room][user];
    return place.role >= access[room] || place.inner != Role::visitor;
  }
  // Nobody stays on a channel that he may not read.
  void enforce() {
    for (std::size_t room = 0; room < kRooms; ++room) {
      for (std::size_t user = 0; user < kUsers; ++user) {
        Place& place = places[room][user];
        place.on_inner = place.on_inner && place.in && reads(room, user);
      }
    }
  }
  // In the channel of some: its roles, its door, and speaking there.
  Errc act_inside(std::size_t room, std::size_t user, Op op, std::size_t target, Role to) {
    Place& actor = places[room][user];
    Place& other = places[room][target];
    if (!actor.in) return Errc::not_member;
    const Role rank = std::max(actor.role, actor.inner);
    if (op == Op::subscribe || op == Op::unsubscribe) {
      if (op == Op::subscribe && !reads(room, user)) return Errc::forbidden;
      actor.on_inner = op == Op::subscribe;
      return Errc::ok;
    }
    if (op == Op::open_channel) {
      if (actor.role < Role::admin || to > actor.role || !reads(room, user)) {
        return Errc::forbidden;
      }
      access[room] = to;
    } else if (op == Op::set_role) {
      const Role from =
          std::max(other.in ? other.role : other.lasting.value_or(Role::member), other.inner);
      if (!reads(room, user) || rank < Role::admin || rank <= from || rank <= to) {
        return Errc::forbidden;
      }
      other.inner = to;
    } else {  // publish
      if (!actor.on_inner) return Errc::not_member;
      if (actor.muted || actor.self_muted) return Errc::muted;
      if (rank < Role::member) return Errc::forbidden;
      if (mute_all[room] && !actor.allowed && rank < Role::moderator) return Errc::mode_restricted;
      const bool one_of_them = actor.lasting || rank >= Role::speaker;
      if (members_only[room] && !one_of_them) return Errc::mode_restricted;
    }
    enforce();
    return Errc::ok;
  }

  static Role least(Op op, bool about_all) {
    if (op == Op::open_channel || op == Op::publish) return Role::member;
    if (op == Op::set_role || op == Op::set_policy || op == Op::close_channel) return Role::admin;
    return op == Op::clear && about_all ? Role::admin : Role::moderator;
  }
  static bool lasts(Role role) {
    return role == Role::owner || role == Role::admin || role == Role::member;
  }
  // Of somebody who is not in: only what lasts, and visitor takes it away.
  static bool can_be(const Place& place, Role to) {
    return place.in || lasts(to) || (to == Role::visitor && place.lasting);
  }
  static void become(Place& place, Role to) {
    if (place.in) place.role = to;
    if (lasts(to)) place.lasting = to;
    if (to == Role::visitor) place.lasting.reset();
  }
  Errc act(std::size_t room, std::size_t user, Op op, std::size_t target, bool about_all, Role to) {
    Place& actor = places[room][user];
    Place& other = places[room][target];
    if (!actor.in) return Errc::not_member;
    if (op == Op::publish && (actor.muted || actor.self_muted)) return Errc::muted;
    if ((op == Op::mute || op == Op::unmute) && user == target) {
      actor.self_muted = op == Op::mute;
      return Errc::ok;
    }
    if (actor.role < least(op, about_all)) return Errc::forbidden;
    const bool on_user = op <= Op::set_role || op == Op::allow || op == Op::disallow ||
                         op == Op::shadow_mute || (op == Op::clear && !about_all);
    const Role rank = other.in ? other.role : other.lasting.value_or(Role::member);
    if (on_user && op != Op::publish && actor.role <= rank) return Errc::forbidden;
    if (op == Op::set_role && actor.role <= to) return Errc::forbidden;
    if (op == Op::publish) {
      const bool free = actor.allowed || actor.role >= Role::moderator;
      if (mute_all[room] && !free) return Errc::mode_restricted;
      const bool one_of_them = actor.lasting || actor.role >= Role::speaker;
      return members_only[room] && !one_of_them ? Errc::mode_restricted : Errc::ok;
    }
    if (op == Op::pin || op == Op::close_channel) return Errc::not_found;
    if (op == Op::set_role && !can_be(other, to)) return Errc::not_found;
    if (op == Op::mute || op == Op::unmute) other.muted = op == Op::mute;
    if (op == Op::ban || op == Op::unban) other.banned = op == Op::ban;
    if (op == Op::allow || op == Op::disallow) other.allowed = op == Op::allow;
    if (op == Op::kick || op == Op::ban) other.in = false;
    if (op == Op::set_role) become(other, to);
    if (op == Op::set_policy) mute_all[room] = about_all, members_only[room] = to == Role::owner;
    return Errc::ok;
  }
  Errc join(std::size_t room, std::size_t user) {
    Place& place = places[room][user];
    if (place.in) return Errc::already_member;
    if (place.banned) return Errc::banned;
    place.in = true;
    place.role = place.lasting.value_or(Role::member);
    return Errc::ok;
  }
};

struct Silent final : LocalMember {
  void on_event(const Event&) noexcept override {}
};

// Four handfuls of members and the host, who keeps things moving: or all would soon be banned.
void compare(std::uint64_t seed, int triples) {
  ManualLoop loop;
  EngineOptions options;
  options.seed = seed;
  options.limits.room_publishes = options.limits.joins_in_all = Rate::unlimited();
  options.limits.user_publishes = Rate::unlimited();
  options.limits.publishes = options.limits.joins = options.limits.commands = Rate::unlimited();
  options.limits.sessions = 64;
  Result<EnginePtr> made = Engine::create(options, {.loop = &loop});
  REQUIRE(made);
  Engine& engine = **made;
  Model model;
  std::array<Silent, kUsers> silent;
  std::array<std::string, kUsers> names;
  std::array<SessionId, kUsers> sessions;
  const std::array<std::string, kRooms> keys{"a", "b", "c"};
  for (const std::string& key : keys) {
    REQUIRE(engine.open_room(key, {.history_messages = 0}));
    REQUIRE(engine.room(key)->open_channel("inner"));
  }
  for (std::size_t i = 0; i < kUsers; ++i) {
    names[i] = "user" + std::to_string(i);
    sessions[i] = *engine.open_local(silent[i], {.user = names[i]});
    for (const std::string& key : keys) REQUIRE(engine.join(sessions[i], {.room = key}));
  }
  std::mt19937_64 random(seed);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  int wrong = 0;
  for (int i = 0; i < triples && wrong == 0; ++i) {
    Engine::Turn turn(engine);
    const std::size_t room = pick(kRooms), user = pick(kUsers), target = pick(kUsers);
    const auto role = static_cast<Role>(pick(6));
    if (pick(16) == 0) {  // the host
      CHECK(engine.room(keys[room])->unban(names[target]));
      model.places[room][target].banned = false;
      const bool set = static_cast<bool>(engine.room(keys[room])->set_role(names[target], role));
      CHECK(set == Model::can_be(model.places[room][target], role));
      if (set) Model::become(model.places[room][target], role);
      model.enforce();
      continue;
    }
    Errc expected{}, got{};
    const Op op = kOps[pick(kOps.size())];
    const bool all = pick(2) == 0;
    const bool chooses = op == Op::subscribe || op == Op::unsubscribe;
    const bool inside =
        chooses ||
        ((op == Op::set_role || op == Op::publish || op == Op::open_channel) && pick(2) == 0);
    if (pick(4) == 0) {
      expected = model.join(room, user);
      got = engine.join(sessions[user], {.room = keys[room]}).error().code;
    } else {
      Command command;
      command.op = op;
      command.room = keys[room];
      const bool about_user = op != Op::clear || !all;
      if (about_user) command.user = names[target];
      command.role = role;
      command.offset = 1;
      command.key = "k";
      command.value = "v";
      command.channel = op == Op::close_channel ? "gone" : "main";
      if (op == Op::set_role) command.channel = {};
      if (inside) command.channel = command.out.channel = "inner";
      if (inside && op == Op::open_channel) command.access = role;
      if (chooses || op == Op::open_channel) command.user = {};
      command.policy.mute_all = all;
      command.policy.members_only = role == Role::owner;
      if (op == Op::set_attribute || op == Op::publish) command.user = {};
      if (op == Op::publish) {
        command.key = {};
        command.out.room = keys[room];
        command.out.text = "x";
        command.has_text = true;
      }
      expected = inside ? model.act_inside(room, user, op, target, role)
                        : model.act(room, user, op, target, all, role);
      model.enforce();
      got = engine.command(sessions[user], command).error().code;
    }
    INFO(i << " " << name_of(op) << " of " << names[target] << " by " << names[user]);
    if (got != expected) {
      ++wrong;
      CHECK(name_of(got) == name_of(expected));
    }
  }
}

}  // namespace

TEST_CASE("a million random users, rooms and operations are decided as the model says") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) compare(seed, 100'000);
}
