// The follower's half: commands of members go to the room's home, and what the home says goes into
// the log of the mirror (cluster.h). What comes back finds its command among the open questions.
#include <algorithm>

#include "engine/abroad.h"
#include "engine/host_input.h"

namespace chatroom {

using engine::Crossing;
using engine::HostOp;
using engine::Packer;
using engine::QuestionKind;
using engine::SharedRoom;
using engine::Unpacker;

namespace {

constexpr Duration kHomeDeadline = Duration::s(2);  // for an answer: then `internal`, temporary

// A question as 32 bits, never 0, since that is what an answer carries. It takes many generations
// of one slot for two to be alike.
std::uint32_t generations(std::uint32_t questions) noexcept {
  return std::max<std::uint32_t>(UINT32_MAX / std::max<std::uint32_t>(questions, 1), 2) - 1;
}
std::uint32_t request_of(Question question, std::uint32_t questions) noexcept {
  return 1 + question.index + question.generation % generations(questions) * questions;
}

}  // namespace

// ---- Commands

// True: the room's home is elsewhere, and `outcome` says what became of the command for now.
bool Engine::State::follow(const Caller& caller, const Command& command,
                           Outcome& outcome) noexcept {
  if (is_guest(caller.session.index)) return false;
  switch (command.op) {
    case Op::join:
    case Op::publish:
    case Op::subscribe:
    case Op::unsubscribe:
    case Op::switch_channel:
    case Op::history:
    case Op::presence:
    case Op::open_room:
    case Op::ack:
    case Op::apply:
    case Op::enqueue:
    case Op::dequeue:
    case Op::waiting:
    case Op::list_held:
      break;
    default:
      if (!engine::moderates(command.op)) return false;
      break;
  }
  const RoomId room = rooms.find(command.room);
  if (room && !is_mirror(room)) return false;
  const bool joins = command.op == Op::join;
  const bool opens = command.op == Op::open_room;
  const bool outside = engine::waits_outside(command);
  if (!room && !joins && !opens && !outside) return false;
  if (room && opens) return false;  // it is there already, whose ever it is
  const bool member = room && rooms.membership(room, caller.session.index) != room::kNone;
  const bool wrong = outside ? member && command.op != Op::dequeue : !opens && joins == member;
  if (wrong) {
    outcome = joins || outside ? Errc::already_member : Errc::not_member;
    return true;
  }
  if (outside) {
    const Error full = engine::may_wait(*this, caller.session, command);
    if (full.code != Errc::ok) {
      outcome = full;
      return true;
    }
  }
  const PeerId home =
      room ? cluster->rooms[room.index].home : ports.broker->claim(command.room).home;
  if (home == cluster->self) return false;
  if (home == kNoPeer) {
    outcome = Error{Errc::internal, kTemporary, 0};
    return true;
  }
  if (!room && joins) ports.broker->subscribe(command.room);
  outcome = submit(home, caller, command);
  return true;
}

Engine::State::Outcome Engine::State::submit(PeerId home, const Caller& caller,
                                             const Command& command) noexcept {
  const Question question = questions.insert();
  if (!question) return Error{Errc::internal, kTemporary, 0};
  if (!keep_question(question, QuestionKind::home, caller, command)) {
    questions.erase(question);
    return Error{Errc::internal, kTemporary, 0};
  }
  Pending& pending = *questions.get(question);
  pending.peer = home;
  const Duration wait = std::min(kHomeDeadline, options.limits.question_deadline);
  wheel.schedule(pending.timer, now + wait);
  const bool joins = command.op == Op::join;
  // As somebody who is not known there.
  const bool comes = joins || command.op == Op::open_room || command.op == Op::list_rooms ||
                     engine::waits_outside(command);
  const bool sent = cross(home, Crossing::submit, Delivery::usual, [&](Packer& to) {
    to.u32(request_of(question, options.limits.questions));
    to.handle(caller.session);
    to.flag(comes);
    if (comes) pack(to, engine::identity_of(rooms.user(rooms.user_of(caller.session.index))));
    pack(to, command);
  });
  if (sent) return Outcome::later();
  SessionRecord* record = slots.get(caller.session);
  stop_waiting(*record, question);
  forget_question(question);
  if (joins) stop_following(command.room);
  return Error{Errc::room_overloaded, 0, 0};
}

// The home did not answer in time, or is lost. Should it have let somebody in, he is out again.
Engine::State::Outcome Engine::State::settle_home(const Caller& caller,
                                                  const Command& command) noexcept {
  if (command.op == Op::join) {
    give_up_join(caller.session, command.room);
    stop_following(command.room);
  }
  if (engine::waits_outside(command)) {
    // It may have given him a place.
    begin_wait(*this, caller.session, ports.broker->claim(command.room).home, command);
  }
  return Error{Errc::internal, kTemporary, 0};
}

// The host may have several joins of one session under way. One that failed must not put out whom
// another let in: while one is left, its answer decides.
void Engine::State::give_up_join(SessionId session, std::string_view room) noexcept {
  const RoomId known = rooms.find(room);
  if (known && rooms.membership(known, session.index) != room::kNone) return;
  const std::uint64_t hash = engine::hash_of_room(room);
  for (std::uint32_t i = 0; i < questions.extent(); ++i) {
    Pending* pending = questions.at(i);
    if (pending == nullptr || pending->kind != QuestionKind::home) continue;
    if (pending->session != session || pending->joins != hash) continue;
    pending->decides = true;
    return;
  }
  tell_gone(session, room);
}

// Whether a join of that room is under way to its home.
bool Engine::State::somebody_comes(std::string_view room) const noexcept {
  const std::uint64_t hash = engine::hash_of_room(room);
  for (std::uint32_t i = 0; i < questions.extent(); ++i) {
    const Pending* pending = questions.at(i);
    if (pending == nullptr || pending->kind != QuestionKind::home) continue;
    if (pending->joins == hash && !pending->command.empty()) return true;
  }
  return false;
}

// Nobody got in, or nobody is left: what the room says is not worth its bytes here.
void Engine::State::stop_following(std::string_view room) noexcept {
  if (!rooms.find(room) && !somebody_comes(room)) ports.broker->unsubscribe(room);
}

void Engine::State::tell_gone(SessionId session, std::string_view room) noexcept {
  const PeerId home = ports.broker->claim(room).home;
  if (home == cluster->self || home == kNoPeer) return;
  static_cast<void>(cross(home, Crossing::gone, Delivery::certain, [&](Packer& to) {
    to.text(room);
    to.handle(session);
  }));
}

// The session ends while its command is under way: whatever the home decides, it is gone.
void Engine::State::abandon(Question question) noexcept {
  Pending* pending = questions.get(question);
  if (pending == nullptr || pending->kind != QuestionKind::home) return;
  static_cast<void>(cross(pending->peer, Crossing::gone, Delivery::certain, [&](Packer& to) {
    to.text({});
    to.handle(pending->session);
  }));
  if (pending->joins == 0 || pending->command.empty()) return;
  // Not into the scratch for commands: one of another session may be at work.
  Unpacker from{Bytes{cluster->event()}.first(pending->command.pop(blocks, cluster->event()))};
  Command command;
  engine::Lists lists;
  unpack(from, command, lists);
  stop_following(command.room);
}

// A member of a mirror went.
void Engine::State::leave_home(RoomId room, std::uint32_t session) noexcept {
  const SharedRoom& shared = cluster->rooms[room.index];
  if (shared.home_knows || CHATROOM_PLANTED(goodbye_not_crossed)) return;
  static_cast<void>(cross(shared.home, Crossing::gone, Delivery::certain, [&](Packer& to) {
    to.text(rooms.view(room).key);
    to.handle(id_of(session));
  }));
}

void Engine::State::take_reply(PeerId from, Unpacker& in) noexcept {
  const std::uint32_t request = in.u32();
  const auto session = in.handle<SessionId>();
  const room::ChannelMask mask = in.u32();
  const bool joins = in.flag();
  const std::uint32_t most = options.limits.questions;
  const Question question = questions.handle_at((request - 1) % most);
  Pending* pending = questions.get(question);
  const bool known = request != 0 && pending != nullptr && pending->kind == QuestionKind::home &&
                     pending->peer == from && pending->session == session &&
                     request_of(question, most) == request;
  if (!known) return;  // too late: it was refused already
  const RoomId room = joins ? take_welcome(from, in, true) : RoomId{};
  Event event;
  const bool good = in.ok() && decode_crossing(in.rest(), event);

  pending->command.pop(blocks, scratch.unpacked);
  Unpacker packed{scratch.unpacked};
  Command command;
  engine::Lists lists;
  unpack(packed, command, lists);
  const Caller caller{.session = session,
                      .id = pending->id,
                      .op = command.op,
                      .host = pending->host,
                      .tag = pending->tag,
                      .ticket = pending->ticket};
  const bool decides = pending->decides;
  forget_question(question);
  SessionRecord* record = slots.get(session);
  if (record == nullptr || record->stage != engine::Stage::open) {
    if (command.op == Op::join) stop_following(command.room);
    if (!joins) return;
    static_cast<void>(cross(from, Crossing::gone, Delivery::certain, [&](Packer& to) {
      to.text({});
      to.handle(session);
    }));
    return;
  }
  stop_waiting(*record, question);
  Error error = good ? event.error : Error{Errc::internal, kTemporary, 0};
  if (error.code == Errc::ok) {
    if (engine::waits_outside(command) && command.op != Op::dequeue) {
      begin_wait(*this, session, from, command);
    }
    engine::PageCursor space;
    if (command.op == Op::list_rooms)
      event.next = engine::next_list(*this, from, event.next, space);
    error = settle_reply(caller, command, room, mask, event);
  }
  if (error.code != Errc::ok) {
    if (decides) give_up_join(session, command.room);
    if (command.op == Op::join) stop_following(command.room);
    refuse(caller, error, command.room);
  }
  release_held(session);
}

Error Engine::State::settle_reply(const Caller& caller, const Command& command, RoomId joined,
                                  room::ChannelMask mask, Event& event) noexcept {
  const std::uint32_t session = caller.session.index;
  const RoomId room = command.op == Op::join ? joined : rooms.find(command.room);
  const bool mirrored = room && is_mirror(room);
  switch (command.op) {
    case Op::join: {
      const Status entered = mirrored ? enter_mirror(room, session, mask)
                                      : Status{Error{Errc::internal, kTemporary, 0}};
      if (!entered) {
        tell_gone(caller.session, command.room);
        return entered.error();
      }
      engine::end_wait_of_joined(*this, caller.session, command.room);
      answer_page(caller, event, command.has_since);
      note({.type = HostEventType::joined,
            .session = caller.session,
            .user = rooms.user(rooms.user_of(session)).id,
            .room = command.room,
            .tag = caller.tag,
            .ticket = caller.ticket,
            .resumed = event.recovered});
      return {};
    }
    case Op::subscribe:
    case Op::unsubscribe:
    case Op::switch_channel: {
      const room::MembershipIndex at = mirrored ? rooms.membership(room, session) : room::kNone;
      if (at == room::kNone) return {Errc::not_member, 0, 0};
      if (const Status set = fanout.set_mask(room.index, session, mask); !set) return set.error();
      rooms.set_mask(at, mask);
      answer(caller, event);
      return {};
    }
    case Op::publish:
      answer(caller, event);
      if (caller.host) {
        note({.type = HostEventType::published,
              .session = caller.session,
              .user = rooms.user(rooms.user_of(session)).id,
              .room = command.room,
              .position = {room::epoch_from(event.epoch), event.offset},
              .tag = caller.tag,
              .ticket = caller.ticket});
      }
      return {};
    case Op::history:
      answer_page(caller, event, command.has_after);
      return {};
    default:
      answer(caller, event);
      return {};
  }
}

// The home said which channels: here nobody knows who may.
Status Engine::State::enter_mirror(RoomId room, std::uint32_t session,
                                   room::ChannelMask mask) noexcept {
  const Result<room::Joined> joined = rooms.join(room, session, {}, now);
  if (!joined) return joined.error();
  rooms.set_mask(joined->membership, mask);
  const Status placed = fanout.attach(room.index, session, mask);
  if (!placed) static_cast<void>(rooms.leave(room, session, now));
  return placed;
}

void Engine::State::take_told(PeerId from, Unpacker& in) noexcept {
  const auto session = in.handle<SessionId>();
  const RoomId room = rooms.find(in.text());
  const bool lossy = in.flag();
  Event event;
  const SessionRecord* record = slots.get(session);
  if (record == nullptr || record->stage != engine::Stage::open || record->guest) return;
  if (!in.ok() || !decode_crossing(in.rest(), event)) return;
  if (event.type == EventType::left) {
    const RoomId left = rooms.find(event.room);
    if (!left || !is_mirror(left) || cluster->rooms[left.index].home != from) return;
    if (rooms.membership(left, session.index) == room::kNone) return;
    SharedRoom& shared = cluster->rooms[left.index];
    const bool before = std::exchange(shared.home_knows, true);
    leave_room(left, session.index, event.reason);
    shared.home_knows = before;
  }
  fanout::PrivateOptions how{.lossy = lossy};
  if (room && rooms.membership(room, session.index) != room::kNone) {
    how.room = room.index;
    how.barrier = fanout.head(room.index);
  }
  push(session.index, event, how);
}

// ---- The host's handle of a mirror

Result<Ticket> Engine::State::broadcast_there(RoomId room, const Outgoing& message,
                                              Tag tag) noexcept {
  return ask_home(room, HostOp::broadcast, tag, [&](Packer& to) { pack(to, message); });
}
Status Engine::State::send_there(RoomId room, std::string_view user,
                                 const Outgoing& message) noexcept {
  return ask_home(room, HostOp::send_to, 0,
                  [&](Packer& to) {
                    to.text(user);
                    pack(to, message);
                  })
      .error();
}
Status Engine::State::kick_there(RoomId room, std::string_view user,
                                 std::string_view text) noexcept {
  return ask_home(room, HostOp::kick, 0,
                  [&](Packer& to) {
                    to.text(user);
                    to.text(text);
                  })
      .error();
}
Status Engine::State::set_role_there(RoomId room, std::string_view user, Role role) noexcept {
  return ask_home(room, HostOp::set_role, 0,
                  [&](Packer& to) {
                    to.text(user);
                    to.u8(static_cast<std::uint8_t>(role));
                  })
      .error();
}
Status Engine::State::set_policy_there(RoomId room, const RoomPolicy& policy) noexcept {
  return ask_home(room, HostOp::set_policy, 0, [&](Packer& to) { pack(to, policy); }).error();
}
Status Engine::State::close_there(RoomId room) noexcept {
  return ask_home(room, HostOp::close, 0, [](Packer&) {}).error();
}

void Engine::State::take_host_done(Unpacker& in) noexcept {
  const auto op = static_cast<HostOp>(in.u8());
  HostEvent event{.type = HostEventType::published};
  event.ticket = in.u64();
  event.tag = in.u64();
  event.room = in.text();
  event.error = engine::unpack_error(in);
  event.position.epoch = in.u64();
  event.position.offset = in.u64();
  if (!in.ok()) return;
  if (event.error.code != Errc::ok) event.type = HostEventType::refused;
  if (event.type == HostEventType::refused || op == HostOp::broadcast) note(event);
}

}  // namespace chatroom
