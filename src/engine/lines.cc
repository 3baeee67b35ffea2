// Lines: who waits for a place in a full room, who would like to speak. Whose turn it is the room
// layer says (room/line.cc); here it is told, and a speaker gets his role.
#include <algorithm>

#include "base/plant.h"
#include "engine/abroad.h"
#include "engine/latest.h"

namespace chatroom {

namespace {

constexpr std::uint32_t kWaitingDefault = 50;

std::uint64_t count_key(Line line) noexcept {
  return engine::kLineKey + static_cast<std::uint64_t>(line);
}

}  // namespace

Engine::State::Outcome Engine::State::decide_enqueue(const Caller& caller,
                                                     const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  if (!room) return Errc::not_found;
  const room::UserIndex user = rooms.user_of(caller.session.index);
  const std::uint32_t waited = rooms.waiting(room, command.line);
  const Result<std::uint32_t> place = rooms.enqueue(room, user, command.line, now);
  if (!place) return place.error();
  if (command.line == Line::apply && rooms.waiting(room, command.line) != waited) {
    mark_unsaved(room);
  }
  Event event;
  answer(caller, event);
  if (*place != 0) tell_line(room, {.line = command.line, .user = user, .number = *place});
  return {};
}

Engine::State::Outcome Engine::State::decide_dequeue(const Caller& caller,
                                                     const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  if (!room) return Errc::not_found;
  const room::UserIndex user = rooms.user_of(caller.session.index);
  if (const Status gone = rooms.dequeue(room, user, command.line); !gone) return gone.error();
  if (command.line == Line::apply) mark_unsaved(room);
  Event event;
  answer(caller, event);
  tell_line(room, {.line = command.line, .user = user});  // its other sessions too
  return {};
}

Engine::State::Outcome Engine::State::decide_waiting(const Caller& caller,
                                                     const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  const std::uint32_t session = caller.session.index;
  if (!room || rooms.membership(room, session) == room::kNone) return Errc::not_member;
  const Role role = rooms.role(room, rooms.user_of(session));
  if (!room::may(role, room::Operation::call_next)) return Errc::forbidden;
  const std::uint32_t limit = command.limit == 0 ? kWaitingDefault : command.limit;
  Event event;
  event.room = rooms.view(room).key;
  event.waiting = rooms.waiting(room, command.line);
  event.members =
      rooms.list_line(room, command.line, std::min(limit, options.limits.page_messages));
  answer(caller, event);
  return {};
}

// A lasting role, for who has none yet; who applied is no longer in that line. Told to whom it is
// about, if he is here.
Status Engine::State::let_in(RoomId room, const Actor& actor, const Command& command) noexcept {
  const Status applied = rooms.dequeue(room, rooms.known_user(command.user), Line::apply);
  if (command.op == Op::approve && !applied) return applied;
  const bool was = rooms.is_invited(room, command.user);
  if (!was) {
    if (const Status given = rooms.invite(room, command.user); !given) return given;
  }
  if (applied || !was) mark_unsaved(room);
  note_moderation(room, actor, command, 0);
  if (cluster != nullptr) {
    Event event;
    event.type = EventType::called;
    event.room = rooms.view(room).key;
    event.line = name_of(Line::apply);
    engine::tell_everywhere(*this, command.user, event);
    return {};
  }
  const room::UserIndex user = rooms.find_user(command.user);
  if (user == room::kNone) return {};
  tell_line(room, {.what = room::LineNews::What::called, .line = Line::apply, .user = user});
  return {};
}

// Who was banned has nothing to wait for, in front of the room or for an answer; who is gone too.
void Engine::State::end_waiting(RoomId room, std::string_view who) noexcept {
  const room::UserIndex user = rooms.find_user(who);
  for (const Line line : {Line::room, Line::apply}) {
    if (line == Line::apply && CHATROOM_PLANTED(banned_still_applies)) continue;
    const Status gone = rooms.dequeue(room, rooms.known_user(who), line);
    if (gone && user != room::kNone) tell_line(room, {.line = line, .user = user});
  }
}

// A moderator, or the host, calls somebody or sends him off.
Status Engine::State::move_line(RoomId room, const Actor& actor, const Command& command) noexcept {
  if (command.op == Op::dequeue) {
    const room::UserIndex known = rooms.known_user(command.user);
    if (const Status gone = rooms.dequeue(room, known, command.line); !gone) return gone;
    if (command.line == Line::apply) mark_unsaved(room);
    note_moderation(room, actor, command, 0);
    const room::UserIndex user = rooms.find_user(command.user);  // who applied may be gone
    if (user != room::kNone) tell_line(room, {.line = command.line, .user = user});
    return {};
  }
  if (command.line == Line::apply) {
    base::FixedText<64> who{command.user};
    const std::span<const Member> first = rooms.list_line(room, Line::apply, 1);
    if (command.user.empty() && !first.empty()) who.assign(first[0].user);
    Command done = command;
    done.op = Op::approve;
    done.user = who.view();
    return let_in(room, actor, done);
  }
  const Result<room::UserIndex> user = rooms.call_next(room, command.line, command.user, now);
  if (!user) return user.error();
  Command done = command;
  done.user = rooms.user(*user).id;
  note_moderation(room, actor, done, 0);
  if (command.line == Line::room) return {};  // tend_lines tells it
  tell_line(room, {.what = room::LineNews::What::called, .line = Line::speak, .user = *user});
  if (rooms.role(room, *user) >= Role::speaker) return {};
  done.op = Op::set_role;
  done.role = Role::speaker;
  return change_role(room, actor, done);
}

// ---- Who is told: all sessions of the user

void Engine::State::tell_line(RoomId room, const room::LineNews& news) noexcept {
  using What = room::LineNews::What;
  Event event;
  event.type = news.what == What::called ? EventType::called : EventType::queue;
  event.room = rooms.view(room).key;
  event.line = name_of(news.line);
  if (news.what == What::count) {
    event.waiting = news.number;
    // A log without room for it will hear of the next change.
    static_cast<void>(
        append(room, {.priority = Priority::normal, .latest = count_key(news.line)}, event));
    return;
  }
  if (news.what == What::place) event.place = news.number;
  if (news.until != Instant::never()) event.until_ms = news.until.unix_ms();
  if (cluster != nullptr) return engine::tell_line_user(*this, news.user, event);
  for (room::SessionIndex session = rooms.first_session(news.user); session != room::kNone;
       session = rooms.next_session(session)) {
    push(session, event);
  }
}

namespace {

struct Teller {
  Engine::State& state;
  RoomId room;
  static void tell(void* context, const room::LineNews& news) {
    const Teller& teller = *static_cast<Teller*>(context);
    teller.state.tell_line(teller.room, news);
  }
};

}  // namespace

void Engine::State::tend_lines() noexcept {
  for (RoomId room = rooms.next_line(now); room; room = rooms.next_line(now)) {
    Teller teller{*this, room};
    rooms.tend_line(room, now, Teller::tell, &teller);
  }
}

void Engine::State::end_line(RoomId room) noexcept {
  Teller teller{*this, room};
  rooms.end_line(room, Teller::tell, &teller);
}

}  // namespace chatroom
