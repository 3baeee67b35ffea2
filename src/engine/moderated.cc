// What moderation and settings do: to the room, to those in it, to what was said; who is told, and
// the audit trail. By a member whose rank was asked (moderation.cc), or by the host.
#include <algorithm>

#include "base/checked.h"
#include "chatroom/codec_checks.h"
#include "engine/cross.h"
#include "engine/host_input.h"

namespace chatroom {

using engine::HostOp;
using engine::Packer;

namespace {

// How times are told: milliseconds, 0 for no end.
std::int64_t told(Instant end) noexcept { return end == Instant::never() ? 0 : end.unix_ms(); }

std::string_view bounded(std::string_view reason) noexcept {
  return reason.size() <= kReasonBytesMax ? reason : std::string_view{};
}

Event about(const room::RoomView& room, const Command& command, std::string_view by) noexcept {
  Event event;
  event.type = EventType::moderation;
  event.room = room.key;
  event.action = name_of(command.op);
  event.user = command.user;
  event.by = by;
  event.text = command.reason;
  return event;
}

}  // namespace

Status Engine::State::moderate(RoomId room, const Actor& actor, const Command& command) noexcept {
  if (is_mirror(room)) return moderate_there(room, command);
  dirty = true;
  switch (command.op) {
    case Op::mute:
    case Op::unmute:
    case Op::ban:
    case Op::unban:
    case Op::kick:
    case Op::allow:
    case Op::disallow:
    case Op::shadow_mute:
      return sanction(room, actor, command);
    case Op::release:
    case Op::reject:
      return decide_held(room, actor, command);
    case Op::set_role:
      return change_role(room, actor, command);
    case Op::recall:
    case Op::clear:
      return take_back(room, actor, command);
    case Op::pin:
    case Op::unpin:
    case Op::set_attribute:
      return change_board(room, actor, command);
    case Op::open_channel:
    case Op::close_channel:
      return change_channel(room, actor, command);
    case Op::invite:
    case Op::approve:
      return let_in(room, actor, command);
    case Op::dequeue:
    case Op::call_next:
      return move_line(room, actor, command);
    case Op::set_policy: {
      const Status done = change_policy(room, command.policy);
      if (done) note_moderation(room, actor, command, 0);
      return done;
    }
    case Op::close_room:
      note_moderation(room, actor, command, 0);
      close_room(room, LeaveReason::room_closed);
      return {};
    default:
      return Errc::unsupported;
  }
}

Status Engine::State::sanction(RoomId room, const Actor& actor, const Command& command) noexcept {
  const bool timed = command.for_ms != 0;
  const auto most = static_cast<std::uint64_t>(INT64_MAX / 2'000);
  const auto ms = static_cast<std::int64_t>(std::min(command.for_ms, most));
  const Instant until =
      timed ? Instant{base::saturating_add(now.us, ms * 1'000)} : Instant::never();
  const bool bans = command.op == Op::ban || command.op == Op::unban;
  const bool shadows = command.op == Op::shadow_mute;
  const bool of_oneself = !actor.host && command.user == actor.user;
  const room::Measure measure = bans         ? room::Measure::ban
                                : shadows    ? room::Measure::shadow_mute
                                : of_oneself ? room::Measure::self_mute
                                             : room::Measure::mute;
  Event event = about(rooms.view(room), command, actor.user);
  const Sanctions before = rooms.sanctions(room, command.user, now);
  Status done;
  if (command.op == Op::mute || command.op == Op::ban || shadows) {
    const Result<Instant> end = rooms.impose(room, command.user, measure, until, now);
    if (!end) return end.error();
    event.until_ms = told(*end);
  } else if (command.op == Op::unmute || command.op == Op::unban) {
    rooms.lift(room, command.user, measure);
    if (measure == room::Measure::mute) {
      rooms.lift(room, command.user, room::Measure::shadow_mute);
    }
  } else if (command.op != Op::kick) {
    done = rooms.allow(room, command.user, command.op == Op::allow);
    if (!done) return done;
  }
  if (command.op != Op::kick && !of_oneself) mark_unsaved(room);  // wishes are not kept
  const bool secret = before.shadow_muted && !before.muted && command.op == Op::unmute;
  const room::UserIndex user = rooms.find_user(command.user);
  if (of_oneself) {
    // Whoever is muted by others would say his reason to them.
    Command wish = command;
    wish.reason = event.text = {};
    note_moderation(room, actor, wish, event.until_ms);
    tell_user(room, user, event);
    if (CHATROOM_PLANTED(own_mute_told)) tell_staff(room, event, room::kNone, room::kNone);
    return {};
  }
  note_moderation(room, actor, command, event.until_ms);
  if (shadows || secret) {
    tell_staff(room, event, user, room::kNone);  // he knows nothing of it
  } else {
    tell_moderation(room, event);
  }
  if (command.clear && !CHATROOM_PLANTED(clear_flag_forgotten)) clean_up(room, actor, command);
  if (command.op != Op::kick && command.op != Op::ban) return {};
  if (command.op == Op::ban) end_waiting(room, command.user);
  event.reason = command.op == Op::ban ? LeaveReason::banned : LeaveReason::kicked;
  remove_user(room, rooms.find_user(command.user), event);
  return {};
}

// All the user's sessions at once: nothing of the room is offered to them after this.
void Engine::State::remove_user(RoomId room, room::UserIndex user, const Event& left) noexcept {
  if (user == room::kNone || rooms.member(room, user) == room::kNone) return;
  for (room::MembershipIndex at = rooms.first_of_user(room, user); at != room::kNone;) {
    const std::uint32_t session = rooms.view(at).session;
    at = rooms.next_of_user(at);
    remove_from_room(room, session, left);
    if (CHATROOM_PLANTED(kick_leaves_one_session)) return;
  }
}

// In the same order: and what the user said.
void Engine::State::clean_up(RoomId room, const Actor& actor, const Command& command) noexcept {
  Command clear = command;
  clear.op = Op::clear;
  static_cast<void>(take_back(room, actor, clear));
}

Status Engine::State::change_role(RoomId room, const Actor& actor,
                                  const Command& command) noexcept {
  if (!command.channel.empty()) return change_channel_role(room, actor, command);
  const Role lasting = rooms.lasting_role(room, command.user);
  const Result<room::RoleChange> change = rooms.set_role(room, command.user, command.role);
  if (!change) return change.error();
  Event event = about(rooms.view(room), command, actor.user);
  event.role = command.role;
  if (rooms.lasting_role(room, command.user) != lasting || cluster != nullptr) mark_unsaved(room);
  note_moderation(room, actor, command, 0);
  tell_moderation(room, event);
  enforce_channels(room, rooms.find_user(command.user));
  return {};
}

// ---- What was said

Status Engine::State::take_back(RoomId room, const Actor& actor, const Command& command) noexcept {
  Event event;
  event.room = rooms.view(room).key;
  if (command.op == Op::recall) {
    if (!rooms.author(room, command.offset)) return Errc::not_found;
    rooms.recall(room, command.offset);
    event.type = EventType::message_removed;
    event.offset = command.offset;
  } else {
    rooms.clear(room, CHATROOM_PLANTED(clear_takes_all) ? std::string_view{} : command.user);
    event.type = EventType::messages_cleared;
    event.user = command.user;
  }
  struct Look {
    room::Registry& rooms;
    RoomId room;
  } look{rooms, room};
  fanout.recall_where(
      room.index,
      [](void* context, std::uint64_t offset) {
        const auto& at = *static_cast<Look*>(context);
        return at.rooms.is_recalled(at.room, offset) && !CHATROOM_PLANTED(recalled_still_sent);
      },
      &look);
  if (command.op == Op::clear) {
    publish_recalled(room);
    reject_held_of(room, command.user, actor.user);
  }
  note_moderation(room, actor, command, 0);
  const Result<fanout::Appended> appended =
      append(room, {.priority = Priority::high, .reliable = true}, event);
  if (!appended)
    note({.type = HostEventType::overload, .room = event.room, .error = appended.error()});
  if (rooms.unpin_recalled(room)) tell_pinned(room);
  return {};
}

// ---- What everybody sees

Status Engine::State::change_board(RoomId room, const Actor& actor,
                                   const Command& command) noexcept {
  if (command.op == Op::set_attribute && !command.user.empty()) {  // of a member: presence tells
    const room::UserIndex user = rooms.find_user(command.user);
    const bool own = !actor.host && actor.user == command.user && user != room::kNone;
    if (own && rooms.sanctioned(room, user, room::Measure::shadow_mute, now).code != Errc::ok) {
      return {};  // nobody sees what it shows
    }
    const Status set = rooms.set_attribute(room, command.user, command.key, command.value);
    if (set) note_moderation(room, actor, command, 0);
    return set;
  }
  RoomState changed;
  if (command.op == Op::set_attribute) {
    const Status set = rooms.set_attribute(room, command.key, command.value);
    if (!set) return set;
    const Attribute attribute{command.key, command.value.value_or(""), !command.value};
    changed.attributes = std::span{&attribute, 1};
    tell_room_state(room, changed);
  } else if (command.op == Op::pin) {
    const Result<bool> pinned = rooms.pin(room, command.offset);
    if (!pinned) return pinned.error();
    if (*pinned) tell_pinned(room);
  } else if (rooms.unpin(room, command.offset) && !CHATROOM_PLANTED(unpin_untold)) {
    tell_pinned(room);
  }
  mark_unsaved(room);
  note_moderation(room, actor, command, 0);
  return {};
}

void Engine::State::tell_pinned(RoomId room) noexcept {
  RoomState changed;
  changed.has_pinned = true;
  changed.pinned = rooms.state(room).pinned;
  tell_room_state(room, changed);
}

Status Engine::State::change_channel(RoomId room, const Actor& actor,
                                     const Command& command) noexcept {
  const bool opens = command.op == Op::open_channel;
  const std::string_view creator = actor.host ? std::string_view{} : actor.user;
  room::ChannelIndex channel = rooms.channel(room, command.channel);
  if (channel == room::kNone && !opens) return Errc::not_found;
  if (channel == room::kNone) {
    const Result<room::ChannelIndex> opened = rooms.open_channel(room, command.channel, creator);
    if (!opened) return opened.error();
    channel = *opened;
  } else if (opens && rooms.is_closed(room, channel) && !actor.host &&
             !room::may(actor.role, room::Operation::close_channel)) {
    return Errc::forbidden;  // who may not close it may not open it again
  }
  if (command.access) {
    if (const Status done = rooms.restrict(room, channel, *command.access); !done) return done;
  }
  // Who only says for whom it is does not open it again.
  if (!command.access) rooms.set_closed(room, channel, !opens);
  RoomState changed;
  changed.channels = rooms.state(room).channels;
  tell_room_state(room, changed);
  if (command.access) enforce_channels(room);
  mark_unsaved(room);
  note_moderation(room, actor, command, 0);
  return {};
}

Status Engine::State::change_policy(RoomId room, const PolicyPatch& patch) noexcept {
  if (patch.password && ports.passwords == nullptr) return Errc::unsupported;
  const RoomPolicy before = *rooms.view(room).policy;
  RoomPolicy policy = before;
  policy.slow_mode_s = patch.slow_mode_s.value_or(policy.slow_mode_s);
  policy.mute_all = patch.mute_all.value_or(policy.mute_all);
  policy.moderated = patch.moderated.value_or(policy.moderated);
  policy.max_members = patch.max_members.value_or(policy.max_members);
  policy.line_length = patch.line_length.value_or(policy.line_length);
  policy.hands = patch.hands.value_or(policy.hands);
  policy.members_only = patch.members_only.value_or(policy.members_only);
  policy.followers_only = patch.followers_only.value_or(policy.followers_only);
  policy.emote_only = patch.emote_only.value_or(policy.emote_only);
  policy.duplicate_s = patch.duplicate_s.value_or(policy.duplicate_s);
  const Status set = set_policy(room, policy);
  if (!set || !patch.password) return set;
  // Last, since it puts people out; where it finds no place, all is as it was.
  const Status changed = change_password(room, patch);
  if (!changed) {
    static_cast<void>(set_policy(room, before));
  } else {
    publish_policy(room);  // with the password in it
  }
  return changed;
}

// ---- Who is told

// The person always; the whole room if it is one of those that moderate in public.
void Engine::State::tell_moderation(RoomId room, const Event& event) noexcept {
  const bool leaves = event.action == name_of(Op::kick) || event.action == name_of(Op::ban);
  const bool everybody = rooms.view(room).policy->public_moderation;
  const room::UserIndex user = rooms.find_user(event.user);
  // Who leaves now is told by itself: what stands in the log will not reach him.
  if (user != room::kNone && (leaves || !everybody)) {
    fanout::PrivateOptions how;
    if (!leaves) how = {.room = room.index, .barrier = fanout.head(room.index)};
    for (room::MembershipIndex at = rooms.first_of_user(room, user); at != room::kNone;
         at = rooms.next_of_user(at)) {
      push(rooms.view(at).session, event, how);
    }
  }
  if (!everybody) return;
  const Result<fanout::Appended> appended =
      append(room, {.priority = Priority::high, .reliable = true}, event);
  if (!appended)
    note({.type = HostEventType::overload, .room = event.room, .error = appended.error()});
}

void Engine::State::note_moderation(RoomId room, const Actor& actor, const Command& command,
                                    std::int64_t until_ms) noexcept {
  const room::RoomView view = rooms.view(room);
  note({.type = HostEventType::moderated,
        .user = command.user,
        .room = view.key,
        .position = {view.position.epoch, command.offset},
        .op = command.op,
        .by = actor.user,
        .text = bounded(command.reason),
        .until_ms = until_ms});
}

// The host of a follower acts on a room that lives elsewhere.
Status Engine::State::moderate_there(RoomId room, const Command& command) noexcept {
  return ask_home(room, HostOp::moderate, 0, [&](Packer& to) { pack(to, command); }).error();
}

}  // namespace chatroom
