// The words of the protocol for the public enumerations. One table each, in the order of the
// enumerators, checked for length at compile time.
#include <algorithm>
#include <array>

#include "chatroom/command.h"
#include "chatroom/error.h"
#include "chatroom/event.h"
#include "chatroom/message.h"
#include "chatroom/observer.h"

namespace chatroom {

namespace {

template <std::size_t N, class Enum>
constexpr std::string_view lookup(const std::array<std::string_view, N>& words,
                                  Enum value) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? words[index] : std::string_view{"unknown"};
}

struct Refusal {
  std::string_view name;
  std::string_view message;
  bool temporary;
};
constexpr std::array<Refusal, kErrcCount> kRefusals{{
    {"ok", "Done.", false},
    {"bad_request", "The request is not well-formed.", false},
    {"unauthorized", "Sign in first, or the sign-in was not accepted.", false},
    {"token_expired", "The sign-in has expired; get a new one.", false},
    {"forbidden", "This is not allowed for your role.", false},
    {"not_found", "There is nothing of that name here.", false},
    {"not_member", "Join the room first.", false},
    {"already_member", "You are in this room already.", false},
    {"too_large", "This is longer than allowed.", false},
    {"rate_limited", "Too many at once; wait a moment.", true},
    {"slow_mode", "The room is in slow mode; wait a moment.", true},
    {"duplicate", "This was said already.", false},
    {"muted", "You are muted here.", false},
    {"banned", "You are banned here.", false},
    {"mode_restricted", "Only some may speak here at the moment.", false},
    {"filtered", "The message was not accepted by the room's filter.", false},
    {"held", "The message waits for a moderator.", false},
    {"room_full", "The room is full.", true},
    {"queue_full", "Too much is waiting already; try again.", true},
    {"room_overloaded", "The room is too busy; try again in a moment.", true},
    {"limit_reached", "A limit is reached.", false},
    {"position_lost", "What you missed is no longer kept.", false},
    {"wrong_password", "The password is wrong.", false},
    {"storage_failed", "It could not be stored; try again.", true},
    {"unsupported", "This server does not know how to do that.", false},
    {"internal", "Something went wrong on the server; try again.", true},
}};

struct RuleWord {
  std::string_view name;
  Scope scope;
};
constexpr std::array<RuleWord, kRuleCount> kRules{{
    {"none", Scope::none},
    {"host", Scope::none},
    {"rank", Scope::user},
    {"membership", Scope::session},
    {"command_rate", Scope::session},
    {"join_rate", Scope::session},
    {"publish_rate", Scope::user},
    {"slow_mode", Scope::user},
    {"mute", Scope::user},
    {"self_mute", Scope::user},
    {"ban", Scope::user},
    {"mute_all", Scope::room},
    {"moderated", Scope::room},
    {"members_only", Scope::room},
    {"followers_only", Scope::room},
    {"emote_only", Scope::room},
    {"channel_closed", Scope::channel},
    {"channel_private", Scope::channel},
    {"duplicate", Scope::user},
    {"filter", Scope::room},
    {"size", Scope::server},
    {"room_full", Scope::room},
    {"password", Scope::room},
    {"room_rate", Scope::room},
    {"room_budget", Scope::room},
    {"tenant_rate", Scope::tenant},
    {"address_rate", Scope::address},
    {"capacity", Scope::server},
    {"user_rate", Scope::user},
}};
constexpr std::array<std::string_view, kRuleCount> kRuleSentences{
    "No rule: the answer says what was wrong.",
    "A rule of the host.",
    "The user's role is too low for it.",
    "Its session was not in that room, or not on that channel.",
    "Its session sent too many commands.",
    "Its session joined too often.",
    "The user said too much in this room.",
    "The room was in slow mode.",
    "A moderator muted this user.",
    "The user muted itself.",
    "A moderator banned this user.",
    "The room was muted.",
    "Only speakers might speak in the room.",
    "Only lasting members might speak in the room.",
    "Only followers might speak in the room.",
    "Only emotes might be said in the room.",
    "The channel was closed.",
    "The channel is not for this user.",
    "The user had said the same a moment before.",
    "The word filter did not let it pass.",
    "It was longer than the limits allow.",
    "The room was full.",
    "The password was missing or wrong.",
    "All members of the room together said too much.",
    "The room's receive budget, or its log, was used up.",
    "The tenant had used up its budget.",
    "All sessions of the address together did too much.",
    "A limit of the whole server was reached."};

constexpr std::array<std::string_view, kScopeCount> kScopes{
    "none", "user", "session", "room", "channel", "tenant", "address", "server"};

constexpr std::array<std::string_view, 50> kOps{
    "none",          "auth",       "join",        "publish",    "leave",        "subscribe",
    "unsubscribe",   "switch",     "history",     "send_to",    "presence",     "call",
    "ping",          "mute",       "unmute",      "ban",        "unban",        "kick",
    "set_role",      "set_policy", "recall",      "clear",      "pin",          "unpin",
    "set_attribute", "list_rooms", "open_room",   "close_room", "open_channel", "close_channel",
    "apply",         "invite",     "approve",     "ack",        "enqueue",      "dequeue",
    "call_next",     "shield",     "block",       "unblock",    "allow",        "disallow",
    "release",       "reject",     "set_receive", "waiting",    "list_held",    "shadow_mute",
    "profile",       "unknown"};
static_assert(kOps.size() == static_cast<std::size_t>(Op::unknown) + 1);

constexpr std::array<std::string_view, 6> kRoles{"visitor",   "member", "speaker",
                                                 "moderator", "admin",  "owner"};
static_assert(kRoles.size() == static_cast<std::size_t>(Role::owner) + 1);

constexpr std::array<std::string_view, kPriorityCount> kPriorities{"high", "normal", "low"};

constexpr std::array<std::string_view, 19> kEvents{
    "none",     "hello",      "answer",     "error",           "message",          "direct",
    "presence", "room_state", "moderation", "message_removed", "messages_cleared", "gap",
    "left",     "reset",      "queue",      "called",          "receipt",          "reconnect",
    "held"};
static_assert(kEvents.size() == static_cast<std::size_t>(EventType::held) + 1);

constexpr std::array<std::string_view, 14> kLeaveReasons{
    "left",    "kicked",       "banned",           "room_closed",   "replaced",
    "dropped", "timed_out",    "slow_consumer",    "limit",         "shutdown",
    "moved",   "auth_expired", "password_changed", "protocol_error"};
static_assert(kLeaveReasons.size() == static_cast<std::size_t>(LeaveReason::protocol_error) + 1);

constexpr std::array<std::string_view, 4> kGapReasons{"slow_consumer", "sampled", "budget",
                                                      "history_lost"};
static_assert(kGapReasons.size() == static_cast<std::size_t>(GapReason::history_lost) + 1);

constexpr std::array<std::string_view, 18> kHostEvents{
    "session_ready", "session_closed", "room_opened", "room_closed", "joined",      "left",
    "published",     "refused",        "dropped",     "events_lost", "overload",    "moderated",
    "held",          "breaker",        "likes",       "traced",      "copies_lost", "unkept"};
static_assert(kHostEvents.size() == static_cast<std::size_t>(HostEventType::unkept) + 1);

constexpr std::array<std::string_view, 5> kRungs{"normal", "merge", "sample", "high_only",
                                                 "read_only"};
static_assert(kRungs.size() == static_cast<std::size_t>(Rung::read_only) + 1);

constexpr std::array<std::string_view, kLines> kLineNames{"room", "speak", "apply"};

}  // namespace

std::string_view name_of(Errc code) noexcept {
  return kRefusals[std::min<std::size_t>(static_cast<std::size_t>(code), kErrcCount - 1)].name;
}
std::string_view message_of(Errc code) noexcept {
  return kRefusals[std::min<std::size_t>(static_cast<std::size_t>(code), kErrcCount - 1)].message;
}
bool is_temporary(Errc code) noexcept {
  return kRefusals[std::min<std::size_t>(static_cast<std::size_t>(code), kErrcCount - 1)].temporary;
}
Errc errc_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kRefusals.size(); ++i) {
    if (kRefusals[i].name == name) return static_cast<Errc>(i);
  }
  return Errc::internal;
}

namespace {
// A rule of a later version is shown as `capacity`: the server's own, and it says no more.
std::size_t place_of(Rule rule) noexcept {
  return static_cast<std::size_t>(static_cast<int>(rule) < kRuleCount ? rule : Rule::capacity);
}
}  // namespace

std::string_view name_of(Rule rule) noexcept { return kRules[place_of(rule)].name; }
std::string_view message_of(Rule rule) noexcept { return kRuleSentences[place_of(rule)]; }
std::string_view name_of(Scope scope) noexcept { return lookup(kScopes, scope); }
Rule rule_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    if (kRules[i].name == name) return static_cast<Rule>(i);
  }
  return Rule::none;
}
Scope scope_of(Rule rule) noexcept { return kRules[place_of(rule)].scope; }
Rule usual_rule(Errc code) noexcept {
  switch (code) {
    case Errc::forbidden:
      return Rule::rank;
    case Errc::not_member:
      return Rule::membership;
    case Errc::slow_mode:
      return Rule::slow_mode;
    case Errc::duplicate:
      return Rule::duplicate;
    case Errc::muted:
      return Rule::mute;
    case Errc::banned:
      return Rule::ban;
    case Errc::filtered:
    case Errc::held:
      return Rule::filter;
    case Errc::too_large:
      return Rule::size;
    case Errc::room_full:
      return Rule::room_full;
    case Errc::wrong_password:
      return Rule::password;
    case Errc::room_overloaded:
      return Rule::room_budget;
    case Errc::queue_full:
    case Errc::limit_reached:
      return Rule::capacity;
    default:
      return Rule::none;
  }
}

std::string_view name_of(Op op) noexcept { return lookup(kOps, op); }

Op op_from(std::string_view name) noexcept {
  // "none" and "unknown" are ours, not words of the protocol.
  const auto last = kOps.end() - 1;
  const auto found = std::find(kOps.begin() + 1, last, name);
  return found == last ? Op::unknown : static_cast<Op>(found - kOps.begin());
}

std::string_view name_of(Role role) noexcept { return lookup(kRoles, role); }
std::string_view name_of(Priority priority) noexcept { return lookup(kPriorities, priority); }
std::string_view name_of(EventType type) noexcept { return lookup(kEvents, type); }
std::string_view name_of(LeaveReason reason) noexcept { return lookup(kLeaveReasons, reason); }
std::string_view name_of(GapReason reason) noexcept { return lookup(kGapReasons, reason); }
std::string_view name_of(HostEventType type) noexcept { return lookup(kHostEvents, type); }
std::string_view name_of(Rung rung) noexcept { return lookup(kRungs, rung); }
std::string_view name_of(Line line) noexcept { return lookup(kLineNames, line); }

}  // namespace chatroom
