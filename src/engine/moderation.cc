// Moderation and settings by members: which command needs what rank, and what a room answers. What
// then happens is the same for the host (moderated.cc).
#include <algorithm>

#include "engine/abroad.h"

namespace chatroom {

using room::Operation;

namespace {

// What a verb asks of whoever uses it, and whether it is done to somebody, whom he must outrank.
struct Needs {
  Operation operation = Operation::close_room;
  bool outrank = false;
};

Needs needs_of(const Command& command) noexcept {
  switch (command.op) {
    case Op::mute:
    case Op::unmute:
    case Op::shadow_mute:
      return {Operation::mute, true};
    case Op::release:
    case Op::reject:
      return {Operation::review, false};
    case Op::ban:
    case Op::unban:
      return {Operation::ban, true};
    case Op::kick:
      return {Operation::kick, true};
    case Op::allow:
    case Op::disallow:
      return {Operation::allow, true};
    case Op::clear:
      return command.user.empty() ? Needs{Operation::clear_all, false}
                                  : Needs{Operation::clear_user, true};
    case Op::pin:
    case Op::unpin:
      return {Operation::pin, false};
    case Op::invite:
    case Op::approve:
      return {Operation::invite, false};
    case Op::dequeue:
    case Op::call_next:
      return {Operation::call_next, false};
    case Op::set_attribute:
      return {Operation::set_attribute, false};
    case Op::set_policy:
      return {Operation::set_policy, false};
    case Op::open_channel:
      return {Operation::open_channel, false};
    case Op::close_channel:
      return {Operation::close_channel, false};
    default:
      return {Operation::close_room, false};
  }
}

}  // namespace

// Of a channel that is there; for whom it is to be says nobody to whom it is closed.
bool Engine::State::may_read(RoomId room, const Actor& actor, std::string_view name) noexcept {
  const room::ChannelIndex channel = rooms.channel(room, name);
  if (channel == room::kNone || CHATROOM_PLANTED(channel_opened_unread)) return true;
  return (rooms.readable(room, rooms.find_user(actor.user)) & room::bit_of(channel)) != 0;
}

// Of oneself whoever may speak; of others who may mute them.
Error Engine::State::may_set_attribute_of(RoomId room, const Actor& actor,
                                          const Command& command) noexcept {
  const Error forbidden{Errc::forbidden, 0, 0};
  if (command.user != actor.user) {
    const bool higher = room::may(actor.role, Operation::mute) &&
                        (room::outranks(actor.role, rooms.rank(room, command.user)) ||
                         CHATROOM_PLANTED(rank_not_asked));
    return higher ? Error{} : forbidden;
  }
  if (!room::may(actor.role, Operation::publish)) return forbidden;
  if (!command.value) return {};
  // What it may not say it may not show either.
  const room::UserIndex user = rooms.find_user(actor.user);
  return rooms.sanctioned(room, user, room::Measure::mute, now);
}

// ok, or why not: forbidden, not_found.
Error Engine::State::may_moderate(RoomId room, const Actor& actor,
                                  const Command& command) noexcept {
  if (actor.host) return {};
  const Error forbidden{Errc::forbidden, 0, 0};
  if (command.op == Op::set_role && !command.channel.empty()) {
    return may_set_channel_role(room, actor, command);
  }
  if (command.op == Op::set_role) {
    const Role from = rooms.rank(room, command.user);
    return room::may_set_role(actor.role, from, command.role) ? Error{} : forbidden;
  }
  if (command.op == Op::recall) {
    const Result<std::string_view> author = rooms.author(room, command.offset);
    if (!author) return author.error();
    if (*author == actor.user && !actor.user.empty()) return {};
    const Result<Role> here = rank_at_message(room, actor, command);
    if (!here) return here.error();
    const Result<room::ChannelIndex> channel = rooms.channel_of(room, command.offset);
    const Result<std::string_view> who = rooms.author(room, command.offset);
    const bool lower = !who->empty() && room::outranks(*here, rooms.rank_in(room, *who, *channel));
    return lower && room::may(*here, Operation::recall_any) ? Error{} : forbidden;
  }
  if ((command.op == Op::mute || command.op == Op::unmute) && command.user == actor.user &&
      !command.clear) {
    return {};  // of oneself
  }
  if (command.op == Op::set_attribute && !command.user.empty()) {
    return may_set_attribute_of(room, actor, command);
  }
  const Needs needs = needs_of(command);
  const Result<Role> here = rank_at_message(room, actor, command);
  if (!here) return here.error();
  if (!room::may(*here, needs.operation)) return forbidden;
  if (command.op == Op::open_channel && command.access) {
    const bool good = room::may(actor.role, Operation::restrict_channel) &&
                      may_read(room, actor, command.channel);
    return good && *command.access <= actor.role ? Error{} : forbidden;
  }
  if (command.clear && !room::may(actor.role, Operation::clear_user)) return forbidden;
  if (!needs.outrank || CHATROOM_PLANTED(rank_not_asked)) return {};
  return room::outranks(actor.role, rooms.rank(room, command.user)) ? Error{} : forbidden;
}

Engine::State::Outcome Engine::State::decide_moderation(const Caller& caller,
                                                        const Command& command) noexcept {
  return perform_moderation(caller, command, false);
}

// `made`: a password in it is what is to be stored.
Engine::State::Outcome Engine::State::perform_moderation(const Caller& caller,
                                                         const Command& command,
                                                         bool made) noexcept {
  const RoomId room = rooms.find(command.room);
  const std::uint32_t session = caller.session.index;
  if (!room || rooms.membership(room, session) == room::kNone) return Errc::not_member;
  const room::UserIndex user = rooms.user_of(session);
  // Copied: what is done may change what it is known by.
  base::FixedText<64> name;
  name.assign(rooms.user(user).id);
  const Actor actor{.user = name.view(), .role = rooms.role(room, user)};
  if (const Error error = may_moderate(room, actor, command); error.code != Errc::ok) return error;
  // A new password is made something of first, and then all of this is looked at again.
  const bool makes = command.op == Op::set_policy && !command.policy.password.value_or("").empty();
  if (makes && !made) return ask_set_password(caller, command);
  if (const Status done = moderate(room, actor, command); !done) return done.error();
  Event event;
  answer(caller, event);
  return {};
}

// ---- Rooms

Engine::State::Outcome Engine::State::decide_open_room(const Caller& caller,
                                                       const Command& command) noexcept {
  if (rooms.find(command.room)) return Errc::already_member;
  if (options.open_rooms) return open_permitted(caller, command);
  if (ports.rules == nullptr) return Errc::forbidden;
  const std::string_view user = rooms.user(rooms.user_of(caller.session.index)).id;
  return ask(engine::QuestionKind::missing_room, caller, command, [&](Question question) {
    return ports.rules->on_missing_room(
        question, {.session = caller.session, .user = user, .room = command.room});
  });
}

// Only now is something made of its password, which is slow on purpose.
Engine::State::Outcome Engine::State::open_permitted(const Caller& caller,
                                                     const Command& command) noexcept {
  if (!command.policy.password.value_or("").empty()) return ask_set_password(caller, command);
  return open_for(caller, command);
}

// Until its storage has said whether it knows the room, nobody owns it by opening it.
Engine::State::Outcome Engine::State::open_for(const Caller& caller,
                                               const Command& command) noexcept {
  if (rooms.find(command.room)) return Errc::already_member;
  const std::string_view user = rooms.user(rooms.user_of(caller.session.index)).id;
  const Result<RoomId> room = open_room(command.room, options.new_room_policy, user);
  if (!room) return room.error();
  const engine::RoomRecord* record = record_of(*room);
  if (record != nullptr && record->loading) return wait_for_room(caller, command, *room);
  return own_room(caller, *room, command);
}

Engine::State::Outcome Engine::State::settle_open_room(const Caller& caller,
                                                       const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  if (!room) return Errc::not_found;  // closed meanwhile
  const engine::RoomRecord* record = record_of(room);
  // It was there before: it is open now, as if somebody had joined it, with all that it had.
  const bool found = record != nullptr && record->found;
  if (found && !CHATROOM_PLANTED(stored_room_taken)) return Errc::already_member;
  return own_room(caller, room, command);
}

// Who opens a room owns it, unless all rooms are somebody's already.
Engine::State::Outcome Engine::State::own_room(const Caller& caller, RoomId room,
                                               const Command& command) noexcept {
  const std::string_view user = rooms.user(rooms.user_of(caller.session.index)).id;
  RoomPolicy policy = *rooms.view(room).policy;
  policy.first_join_owns = false;
  Status done = rooms.set_policy(room, policy, now).error();
  if (done && policy.owner.empty()) done = rooms.set_role(room, user, Role::owner).error();
  if (done && policy.owner.empty()) mark_unsaved(room);
  if (done) done = change_policy(room, command.policy);
  if (!done) {
    close_room(room, LeaveReason::room_closed);
    return done.error();
  }
  Event event;
  answer(caller, event);
  return {};
}

// Over several engines a page is of one of them, this one first; `next` goes on to the others.
Engine::State::Outcome Engine::State::decide_list_rooms(const Caller& caller,
                                                        const Command& command) noexcept {
  const bool guest = is_guest(caller.session.index);
  if (PeerId peer = kNoPeer; !guest && cluster != nullptr) {
    Command there = command;
    if (engine::lists_elsewhere(*this, command.cursor, peer, there.cursor)) {
      return submit(peer, caller, there);
    }
  }
  constexpr std::uint32_t kDefault = 50;
  constexpr std::size_t kMost = 100;
  constexpr std::uint32_t kLooked = 1'024;  // rooms a command, so that a rare prefix costs no more
  RoomEntry entries[kMost];
  const std::size_t limit =
      std::min<std::size_t>(command.limit == 0 ? kDefault : command.limit, kMost);
  const bool apart = rooms.apart() && !CHATROOM_PLANTED(tenant_stranger_let_in);
  const std::string_view own = tenant_of(rooms.user(rooms.user_of(caller.session.index)).id);
  RoomId at = rooms.first_room();
  if (!command.cursor.empty()) {
    const std::uint64_t both = room::epoch_from(command.cursor);
    at = {static_cast<std::uint32_t>(both >> 32), static_cast<std::uint32_t>(both)};
    if (!rooms.is_open(at)) return Errc::position_lost;
  }
  Event event;
  std::size_t count = 0;
  std::uint32_t looked = 0;
  for (; at && count < limit && looked < kLooked; at = rooms.next_room(at), ++looked) {
    if (is_mirror(at)) continue;
    const room::RoomView view = rooms.view(at);
    if (!view.policy->listed || !view.key.starts_with(command.name)) continue;
    if (apart && tenant_of(view.key) != own) continue;
    entries[count++] = {view.key, online(at), view.created.unix_ms(), view.creator};
  }
  event.rooms = std::span{entries}.first(count);
  // The cursor says no name: the next room may be one that is not shown.
  const room::EpochText next = room::epoch_text(std::uint64_t{at.index} << 32 | at.generation);
  if (at) event.next = next.view();
  engine::PageCursor others;
  if (!at && !guest && cluster != nullptr)
    event.next = engine::next_list(*this, kNoPeer, {}, others);
  answer(caller, event);
  return {};
}

}  // namespace chatroom
