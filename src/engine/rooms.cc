// Rooms and those in them: what decide and the host's handles do alike.
#include "engine/host_input.h"
#include "engine/state.h"

namespace chatroom {

fanout::LogOptions engine::log_options(const RoomPolicy& policy) noexcept {
  return {.reliable = policy.reliable,
          .flush_interval_min = policy.flush_interval_min,
          .compress = policy.compress};
}

fanout::LogOptions Engine::State::log_options(RoomId room,
                                              const RoomPolicy& policy) const noexcept {
  fanout::LogOptions log = engine::log_options(policy);
  if (rooms.apart()) log.tenant = rooms.tenant_index(tenant_of(rooms.view(room).key));
  return log;
}

Result<RoomId> Engine::State::open_room(std::string_view key, const RoomPolicy& policy,
                                        std::string_view creator) noexcept {
  // Two homes of one room would be two rooms.
  if (cluster != nullptr && !is_home(ports.broker->claim(key))) {
    return Error{Errc::internal, kTemporary, 0};
  }
  const Result<RoomId> room = rooms.open(key, policy, creator, now);
  if (!room) return room;
  const room::RoomView view = rooms.view(*room);
  const bool stored = ports.storage != nullptr && view.policy->durability != Durability::none;
  if (stored && !creator.empty() && !can_load()) {  // as if its load had failed
    rooms.close(*room);
    return storage_is_down();
  }
  const Status log = fanout.open_log(room->index, view.key, log_options(*room, policy));
  if (!log) {
    rooms.close(*room);
    return log.error();
  }
  share_room(*room);
  dirty = true;
  note({.type = HostEventType::room_opened, .user = creator, .room = view.key});
  start_loading(*room);
  return room;
}

void Engine::State::close_room(RoomId room, LeaveReason reason) noexcept {
  if (!CHATROOM_PLANTED(lines_end_first)) save_closing(room);  // who applied goes with the line
  end_line(room);
  forget_scheduled(room);
  drop_held_of(room);
  publish_closed(room, reason);
  for (room::MembershipIndex at = rooms.first_of_room(room); at != room::kNone;) {
    const std::uint32_t session = rooms.view(at).session;
    at = rooms.next_of_room(at);
    if (is_guest(session)) {  // its engine was told once for all
      leave_room(room, session, reason);
      doubt_guest(session);
      continue;
    }
    remove_from_room(room, session, reason);
  }
  const bool mirror = is_mirror(room);
  if (!mirror) note({.type = HostEventType::room_closed, .room = rooms.view(room).key});
  if (CHATROOM_PLANTED(lines_end_first)) save_closing(room);
  forget_record(room);
  fanout.close_log(room.index);
  rooms.close(room);
  if (cluster != nullptr) unshare_room(room);
  dirty = true;
}

// The fan-out lets go first: nothing of the room is offered after this.
void Engine::State::leave_room(RoomId room, std::uint32_t session, LeaveReason reason) noexcept {
  if (!CHATROOM_PLANTED(leave_keeps_cursor)) fanout.detach(room.index, session);
  if (!is_guest(session)) {
    note({.type = HostEventType::left,
          .session = id_of(session),
          .user = rooms.user(rooms.user_of(session)).id,
          .room = rooms.view(room).key,
          .reason = reason});
  }
  static_cast<void>(rooms.leave(room, session, now));
  if (draining) mark_changed(room);  // without members it can be stored to its end
  if (is_mirror(room)) leave_home(room, session);
  dirty = true;
}

// `left`: reason, by, text, until_ms.
void Engine::State::remove_from_room(RoomId room, std::uint32_t session,
                                     const Event& left) noexcept {
  leave_room(room, session, left.reason);
  Event event;
  event.type = EventType::left;
  event.room = rooms.view(room).key;
  event.reason = left.reason;
  event.by = left.by;
  event.text = left.text;
  event.until_ms = left.until_ms;
  push(session, event);
}

// As the host: no limits of members, rules or mutes; the room's durability holds.
Result<Ticket> Engine::State::broadcast(RoomId room, const Outgoing& given, Tag tag) noexcept {
  if (!rooms.is_open(room)) return Errc::not_found;
  Outgoing message = given;
  if (const Status good = engine::check_host_message(message); !good) return good.error();
  if (is_mirror(room)) return broadcast_there(room, message, tag);
  if (message.kind == Kind::like && rooms.counts_likes(room)) {
    return like_as_host(room, message, tag);
  }
  dirty = true;
  const std::uint64_t ticket = next_ticket++;
  if (stores_first(room)) {
    const Caller host{.session = {}, .op = Op::publish, .host = true, .tag = tag, .ticket = ticket};
    const Outcome taken = publish_before(host, room, room::kNone, message);
    if (!taken.ok()) return taken.error;
    return Ticket{ticket, {}};
  }
  const Result<Position> said = say(room, room::kNone, message, tag);
  if (!said) return said.error();
  return Ticket{ticket, *said};
}

Status Engine::State::kick(RoomId room, std::string_view user, std::string_view text) noexcept {
  if (text.size() > options.limits.text_bytes) return Errc::too_large;
  if (const Status good = engine::check_host_text(text); !good) return good;
  if (is_mirror(room)) return kick_there(room, user, text);
  const room::UserIndex who = rooms.find_user(user);
  if (who == room::kNone || rooms.member(room, who) == room::kNone) return Errc::not_found;
  Command command;
  command.op = Op::kick;
  command.user = user;
  command.reason = text;
  return moderate(room, {.host = true}, command);
}

Status Engine::State::set_policy(RoomId room, const RoomPolicy& policy) noexcept {
  if (is_mirror(room)) return set_policy_there(room, policy);
  const Rung rung = rooms.rung(room);
  const room::ChannelMask told = rooms.rates_told(room);
  const bool apart = rooms.budgets_apart(room);
  const Result<room::PolicyChange> change = rooms.set_policy(room, policy, now);
  if (!change) return change.error();
  if (rooms.rung(room) != rung) {  // its budget is gone, and the ladder with it
    note({.type = HostEventType::overload, .room = rooms.view(room).key});
  }
  // Its members may know of a rung that it has no record of any more.
  const room::ChannelMask known = apart == rooms.budgets_apart(room) ? rooms.rates_told(room) : 0;
  for (room::ChannelIndex i = 0; i < room::kChannelsMax; ++i) {
    if ((told & ~known & room::bit_of(i)) != 0) static_cast<void>(say_rate(room, i, apart, {}));
  }
  fanout.set_log_options(room.index, engine::log_options(policy));
  if (change->visible) tell_room_state(room, change->state);
  mark_unsaved(room);
  publish_policy(room);
  dirty = true;
  return {};
}

Status Engine::State::set_role(RoomId room, std::string_view user, Role role) noexcept {
  if (is_mirror(room)) return set_role_there(room, user, role);
  Command command;
  command.op = Op::set_role;
  command.user = user;
  command.role = role;
  return moderate(room, {.host = true}, command);
}

// From the host to one user of the room: not kept, takes no offset.
Status Engine::State::send_in_room(RoomId room, std::string_view user,
                                   const Outgoing& given) noexcept {
  Outgoing message = given;
  if (const Status good = engine::check_host_message(message); !good) return good;
  if (const Error error = engine::check_sizes(message, options.limits); error.code != Errc::ok) {
    return error;
  }
  if (is_mirror(room)) return send_there(room, user, message);
  const room::UserIndex who = rooms.find_user(user);
  if (who == room::kNone || rooms.member(room, who) == room::kNone) return Errc::not_found;
  push_to_member(room, who, message_of_host(room, message));
  dirty = true;
  return {};
}

void Engine::State::tell_room_state(RoomId room, const RoomState& changed) noexcept {
  Event event;
  event.type = EventType::room_state;
  event.room = rooms.view(room).key;
  event.state = changed;
  // Reliable: a setting that a member missed would stay wrong on its screen for ever.
  const Result<fanout::Appended> told =
      append(room, {.priority = Priority::high, .reliable = true}, event);
  if (!told) note({.type = HostEventType::overload, .room = event.room, .error = told.error()});
}

}  // namespace chatroom
