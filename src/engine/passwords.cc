// Rooms with a password: whoever joins says it once a session, until it changes. What checks it is
// slow on purpose, so it is the host's (decision.h) and answers later; what is wrong is counted
// before it is checked, so that many tries at once are no way around the count.
#include <algorithm>

#include "base/plant.h"
#include "base/siphash.h"
#include "chatroom/codec_checks.h"
#include "engine/questions.h"

namespace chatroom {

using engine::Passed;
using engine::QuestionKind;

namespace {

// The protocol's `rate_limited`, with the time until one more is looked at.
Error too_many(std::int64_t wait_us) noexcept {
  return refusal(Errc::rate_limited, Rule::password, base::retry_after_ms(Duration{wait_us}));
}

}  // namespace

// Who may change the password need not say it.
bool Engine::State::is_free_to_enter(RoomId room, room::UserIndex user) const noexcept {
  return room::may(rooms.rank(room, rooms.user(user).id), room::Operation::set_policy);
}

// One place for each pair: where two meet, one of them says his password again.
Passed& Engine::State::passed_at(SessionId session, RoomId room) noexcept {
  const std::uint64_t mixed =
      (std::uint64_t{session.index} << 32 | room.index) * 0x9e3779b97f4a7c15;
  return known_passwords[static_cast<std::size_t>((mixed >> 32) % known_passwords.size())];
}

// Where two users meet they share their tries: the key keeps that from being arranged.
std::int64_t& Engine::State::tries_of(std::string_view room, std::string_view user) noexcept {
  const std::uint64_t mixed = base::siphash(tries_key, room) * 31 + base::siphash(tries_key, user);
  return wrong_tries[static_cast<std::size_t>((mixed >> 32) % wrong_tries.size())];
}

// Before it is looked at; whoever was right gets it back.
Error Engine::State::take_try(std::string_view room, std::string_view user) noexcept {
  std::int64_t& full_us = tries_of(room, user);
  const std::int64_t wait_us = options.limits.password_wait.us;
  const std::int64_t after_us = std::max(full_us, now.us) + wait_us;
  const std::int64_t over_us =
      after_us - now.us - wait_us * std::int64_t{options.limits.password_tries};
  if (over_us > 0 && !CHATROOM_PLANTED(wrong_passwords_free)) return too_many(over_us);
  full_us = after_us;
  return {};
}

// The last thing before somebody is in: what the room has is loaded, and the host had its say.
Engine::State::Outcome Engine::State::ask_password(const Caller& caller, RoomId room,
                                                   const Command& command) noexcept {
  const room::Registry::Password secret = rooms.password(room);
  const room::UserIndex user = rooms.user_of(caller.session.index);
  if (secret.version == 0 || CHATROOM_PLANTED(password_not_asked) || is_free_to_enter(room, user)) {
    return perform_join(caller, room, command);
  }
  const Error wrong = refusal(Errc::wrong_password, Rule::password);
  if (ports.passwords == nullptr) return wrong;  // brought back from a storage: nobody can tell
  const Passed& known = passed_at(caller.session, room);
  if (known.session == caller.session && known.room == room && known.version == secret.version) {
    return perform_join(caller, room, command);
  }
  if (command.password.empty()) return wrong;
  const std::string_view id = rooms.user(user).id;
  if (const Error error = take_try(command.room, id); error.code != Errc::ok) return error;
  Command asked = command;
  asked.since_version = secret.version;  // a join reads none: which one this answer is about
  return ask(QuestionKind::password, caller, asked, [&](Question question) {
    return ports.passwords->on_try(question, {.session = caller.session,
                                              .user = id,
                                              .room = command.room,
                                              .password = command.password,
                                              .stored = secret.stored});
  });
}

Engine::State::Outcome Engine::State::settle_password(const Caller& caller, const Command& command,
                                                      const Answer& verdict) noexcept {
  const RoomId room = rooms.find(command.room);
  if (!room) return Errc::not_found;  // closed meanwhile
  const bool right = verdict.verdict == Answer::Verdict::pass;
  const bool wrong = !right && verdict.error.code == Errc::wrong_password;
  if (wrong) return refusal(Errc::wrong_password, Rule::password);
  const room::UserIndex user = rooms.user_of(caller.session.index);
  tries_of(command.room, rooms.user(user).id) -= options.limits.password_wait.us;
  if (!right) {
    return verdict.verdict == Answer::Verdict::refuse ? verdict.error
                                                      : Error{Errc::internal, kTemporary, 0};
  }
  const std::uint64_t version = rooms.password(room).version;
  // Another one since, or a room of the same name: all of it again.
  if (version != command.since_version) return decide_join(caller, command);
  passed_at(caller.session, room) = {caller.session, room, version};
  if (rooms.membership(room, caller.session.index) != room::kNone) return Errc::already_member;
  return perform_join(caller, room, command);
}

Engine::State::Outcome Engine::State::ask_set_password(const Caller& caller,
                                                       const Command& command) noexcept {
  if (ports.passwords == nullptr) return Errc::unsupported;
  const std::string_view user = rooms.user(rooms.user_of(caller.session.index)).id;
  // His own, whatever the room: anybody may name rooms that are nobody's.
  if (const Error error = take_try("", user); error.code != Errc::ok) return error;
  return ask(QuestionKind::set_password, caller, command, [&](Question question) {
    return ports.passwords->on_set(question, {.session = caller.session,
                                              .user = user,
                                              .room = command.room,
                                              .password = *command.policy.password,
                                              .stored = {}});
  });
}

Engine::State::Outcome Engine::State::settle_set_password(const Caller& caller,
                                                          const Command& command,
                                                          const Answer& verdict) noexcept {
  if (verdict.verdict == Answer::Verdict::refuse) return verdict.error;
  if (verdict.verdict != Answer::Verdict::pass || verdict.text.empty() ||
      verdict.text.size() > kPasswordBytesMax) {
    return Error{Errc::internal, kTemporary, 0};
  }
  Command made = command;
  made.policy.password = verdict.text;
  return command.op == Op::open_room ? open_for(caller, made)
                                     : perform_moderation(caller, made, true);
}

Status Engine::State::change_password(RoomId room, const PolicyPatch& patch) noexcept {
  const std::uint64_t before = rooms.password(room).version;
  if (const Status set = rooms.set_password(room, *patch.password); !set) return set;
  const std::uint64_t after = rooms.password(room).version;
  if ((before != 0) != (after != 0)) {
    RoomState changed = rooms.state(room);
    changed.channels = {};
    changed.attributes = {};
    changed.pinned = {};
    changed.created_ms = 0;
    changed.creator = {};
    tell_room_state(room, changed);
  }
  if (!patch.expel || after == 0) return {};
  for (room::MembershipIndex at = rooms.first_of_room(room); at != room::kNone;) {
    const room::MembershipView member = rooms.view(at);
    at = rooms.next_of_room(at);
    if (room::may(member.role, room::Operation::set_policy)) continue;
    remove_from_room(room, member.session, LeaveReason::password_changed);
  }
  return {};
}

Status Room::set_password(std::string_view stored, bool expel) noexcept {
  Command command;
  command.op = Op::set_policy;
  command.policy.password = stored;
  command.policy.expel = expel;
  return moderate(command);
}

}  // namespace chatroom
