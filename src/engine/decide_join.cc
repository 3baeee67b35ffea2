// Coming, going and choosing channels.
#include <algorithm>

#include "engine/abroad.h"

namespace chatroom {

using engine::QuestionKind;

namespace {

constexpr std::string_view kMainOnly[] = {"main"};

std::span<const std::string_view> channels_of(const Command& command) noexcept {
  return command.channels.empty() ? std::span<const std::string_view>{kMainOnly} : command.channels;
}

JoinRequest request_of(SessionId session, std::string_view user, const Command& command) noexcept {
  return {.session = session, .user = user, .room = command.room, .password = command.password};
}

}  // namespace

Engine::State::Outcome Engine::State::decide_join(const Caller& caller,
                                                  const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  if (room) {
    if (rooms.membership(room, caller.session.index) != room::kNone) return Errc::already_member;
    const room::UserIndex user = rooms.user_of(caller.session.index);
    const Error banned = rooms.sanctioned(room, user, room::Measure::ban, now);
    if (banned.code != Errc::ok && !CHATROOM_PLANTED(ban_not_enforced)) return banned;
    return ask_join(caller, command);
  }
  if (options.open_rooms) return open_and_join(caller, command);
  if (ports.rules == nullptr) return Errc::not_found;
  const std::string_view user = rooms.user(rooms.user_of(caller.session.index)).id;
  return ask(QuestionKind::missing_room, caller, command, [&](Question question) {
    return ports.rules->on_missing_room(question, request_of(caller.session, user, command));
  });
}

Engine::State::Outcome Engine::State::settle_missing_room(const Caller& caller,
                                                          const Command& command,
                                                          const Answer& verdict) noexcept {
  if (verdict.verdict == Answer::Verdict::refuse) return engine::refused_by_host(verdict.error);
  if (verdict.verdict != Answer::Verdict::pass) return Errc::not_found;
  return command.op == Op::open_room ? open_permitted(caller, command)
                                     : open_and_join(caller, command);
}

Engine::State::Outcome Engine::State::open_and_join(const Caller& caller,
                                                    const Command& command) noexcept {
  if (!rooms.find(command.room)) {  // somebody else's question may have opened it meanwhile
    const std::string_view user = rooms.user(rooms.user_of(caller.session.index)).id;
    const Result<RoomId> opened = open_room(command.room, options.new_room_policy, user);
    if (!opened) return opened.error();
  }
  return ask_join(caller, command);
}

Engine::State::Outcome Engine::State::ask_join(const Caller& caller,
                                               const Command& command) noexcept {
  if (ports.rules == nullptr) return settle_join(caller, command, Answer::pass());
  const std::string_view user = rooms.user(rooms.user_of(caller.session.index)).id;
  return ask(QuestionKind::join, caller, command, [&](Question question) {
    return ports.rules->on_join(question, request_of(caller.session, user, command));
  });
}

Engine::State::Outcome Engine::State::settle_join(const Caller& caller, const Command& command,
                                                  const Answer& verdict) noexcept {
  if (verdict.verdict == Answer::Verdict::refuse) return engine::refused_by_host(verdict.error);
  if (verdict.verdict != Answer::Verdict::pass) return Errc::forbidden;
  const RoomId room = rooms.find(command.room);
  if (!room) return Errc::not_found;  // closed while the host thought
  const engine::RoomRecord* record = record_of(room);
  if (record != nullptr && record->loading) {
    return record->failed ? storage_is_down() : wait_for_room(caller, command, room);
  }
  return ask_password(caller, room, command);
}

// The room's history is being loaded: the join is taken up again when it is there.
Engine::State::Outcome Engine::State::wait_for_room(const Caller& caller, const Command& command,
                                                    RoomId room) noexcept {
  const Question question = questions.insert();
  if (question && keep_question(question, QuestionKind::load, caller, command)) {
    questions.get(question)->room = room;
    questions.get(question)->opens = command.op == Op::open_room;
    return Outcome::later();
  }
  if (question) questions.erase(question);
  return Error{Errc::internal, kTemporary, 0};
}

Engine::State::Outcome Engine::State::settle_loaded(const Caller& caller, const Command& command,
                                                    const Answer& verdict) noexcept {
  if (verdict.verdict == Answer::Verdict::refuse) return verdict.error;  // it could not be loaded
  return command.op == Op::open_room ? settle_open_room(caller, command)
                                     : settle_join(caller, command, verdict);
}

Engine::State::Outcome Engine::State::perform_join(const Caller& caller, RoomId room,
                                                   const Command& command) noexcept {
  const std::uint32_t session = caller.session.index;
  const Result<room::Joined> joined = rooms.join(room, session, channels_of(command), now);
  if (!joined) return joined.error();
  const bool guest = is_guest(session);
  const Status placed = guest ? Status{} : fanout.attach(room.index, session, joined->mask);
  if (!placed) {
    static_cast<void>(rooms.leave(room, session, now));
    return placed.error();
  }
  const RoomPolicy& policy = *rooms.view(room).policy;
  if (cluster != nullptr && (policy.line_length != 0 || policy.by_invitation)) {
    // He may have waited here by another of his sessions.
    engine::doubt_guests_of(*this, rooms.user_of(session));
  }
  const bool resumed = answer_join(caller, room, command, *joined);
  replace_sessions(room, rooms.user_of(session));
  if (joined->state_changed) {
    const RoomState all = rooms.state(room);
    RoomState changed;
    changed.channels = all.channels;
    tell_room_state(room, changed);
    mark_unsaved(room);
  }
  if (joined->owns) mark_unsaved(room);
  if (guest) return {};  // its own engine tells
  note({.type = HostEventType::joined,
        .session = caller.session,
        .user = rooms.user(rooms.user_of(session)).id,
        .room = rooms.view(room).key,
        .tag = caller.tag,
        .ticket = caller.ticket,
        .resumed = resumed});
  return {};
}

// Of more sessions of one user than the room has place for, the oldest leave.
void Engine::State::replace_sessions(RoomId room, room::UserIndex user) noexcept {
  const std::uint32_t most = rooms.view(room).policy->sessions_per_user;
  if (most == 0 || is_mirror(room)) return;
  std::uint32_t count = 0;
  for (room::MembershipIndex at = rooms.first_of_user(room, user); at != room::kNone;
       at = rooms.next_of_user(at)) {
    ++count;
  }
  for (; count > most; --count) {
    const std::uint32_t oldest = rooms.view(rooms.first_of_user(room, user)).session;
    remove_from_room(room, oldest, LeaveReason::replaced);
  }
}

// Everything up to the head of this moment, where the member's cursor stands already. True: it came
// back, and that is all that it missed.
bool Engine::State::answer_join(const Caller& caller, RoomId room, const Command& command,
                                const room::Joined& joined) noexcept {
  const room::RoomView view = rooms.view(room);
  const room::EpochText epoch = room::epoch_text(view.position.epoch);
  Event event;
  event.room = view.key;
  event.epoch = epoch.view();
  event.offset = view.position.offset;
  event.online = view.users;
  event.role = joined.role;
  event.was_recovering = command.has_since;
  std::uint64_t read = 0;
  if (rooms.read_position(room, rooms.user_of(caller.session.index), read)) {
    event.read = read;
    event.unread = event.offset - std::min(read, event.offset);
  }
  room::Page page;
  if (command.has_since) {
    const Position since{room::epoch_from(command.since_epoch), command.since_offset};
    const room::Recovery recovery = rooms.recover(room, since, joined.mask, now);
    event.recovered = recovery.recovered;
    page = recovery.page;
  } else if (command.recent != 0) {
    const std::uint32_t count = std::min(command.recent, options.limits.page_messages);
    page = rooms.recent(room, joined.mask, count, now);
    page.more = page.more || (record_of(room) != nullptr && oldest_in_ring(room) > 1);
  }
  event.state = rooms.state_for(room, rooms.user_of(caller.session.index));
  event.messages = page.messages;
  event.more = page.more;
  answer_page(caller, event, command.has_since);
  return event.recovered;
}

Engine::State::Outcome Engine::State::decide_leave(const Caller& caller,
                                                   const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  if (!room || rooms.membership(room, caller.session.index) == room::kNone) {
    return Errc::not_member;
  }
  leave_room(room, caller.session.index, LeaveReason::left);
  Event event;
  event.room = command.room;
  answer(caller, event);
  return {};
}

Engine::State::Outcome Engine::State::decide_channels(const Caller& caller,
                                                      const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  const std::uint32_t session = caller.session.index;
  const room::MembershipIndex membership = room ? rooms.membership(room, session) : room::kNone;
  if (membership == room::kNone) return Errc::not_member;
  const room::ChannelMask before = rooms.view(membership).mask;

  Result<room::Subscribed> done = Errc::unsupported;
  if (command.op == Op::subscribe) done = rooms.subscribe(room, session, command.channel);
  if (command.op == Op::unsubscribe) done = rooms.unsubscribe(room, session, command.channel);
  if (command.op == Op::switch_channel) {
    done = rooms.switch_channel(room, session, command.from, command.to);
  }
  if (!done) return done.error();
  const bool guest = is_guest(session);
  const Status set = guest ? Status{} : fanout.set_mask(room.index, session, done->mask);
  if (!set) {
    rooms.set_mask(membership, before);
    return set.error();
  }
  const room::RoomView view = rooms.view(room);
  const room::EpochText epoch = room::epoch_text(view.position.epoch);
  Event event;
  event.room = view.key;
  event.epoch = epoch.view();
  event.offset = view.position.offset;
  answer(caller, event);
  rooms.tell_rate_again(room, done->mask & ~before);
  if (done->state_changed) {
    const RoomState all = rooms.state(room);
    RoomState changed;
    changed.channels = all.channels;
    tell_room_state(room, changed);
    mark_unsaved(room);
  }
  return {};
}

}  // namespace chatroom
