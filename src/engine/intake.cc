// Intake: bytes, frames, timers and mail become commands, in the order of their arrival.
#include "engine/state.h"
#include "wire/outer.h"

namespace chatroom {

namespace {

constexpr std::size_t kClientHeaderBytes = 6;  // of a WebSocket frame, at least: 2 and its mask

}  // namespace

void Engine::State::take_bytes(SessionId id, Bytes bytes) noexcept {
  SessionRecord* record = slots.get(id);
  if (record == nullptr || record->stage != engine::Stage::open) return;
  if (record->protocol.framing != Framing::outer) return;
  sessions.charge(record->protocol, bytes.size(), now);
  const Bytes rest = must_wait(*record, id) ? bytes : read(id, bytes);
  if (!rest.empty()) hold(*record, std::span{&rest, 1});
  pace_reading(*record, id);
  count_input(bytes.size());
}

// Steps over the bytes until they are used up, the session ended, or the next command has to wait:
// then it answers the rest, to be held, since commands of a session take effect in order.
Bytes Engine::State::read(SessionId id, Bytes bytes) noexcept {
  for (;;) {
    SessionRecord* record = slots.get(id);
    if (record == nullptr || record->stage != engine::Stage::open) return {};
    if (answers_wait(*record, id)) return bytes;
    const session::Intake intake = sessions.next(record->protocol, bytes, now);
    if (intake.type == session::Intake::Type::none) return {};
    handle(id, intake);
  }
}

void Engine::State::take_frame(SessionId id, FrameKind kind, Bytes payload) noexcept {
  SessionRecord* record = slots.get(id);
  if (record == nullptr || record->stage != engine::Stage::open) return;
  if (record->protocol.framing != Framing::websocket) return;
  sessions.charge(record->protocol, kClientHeaderBytes + payload.size(), now);
  const bool control = kind != FrameKind::text && kind != FrameKind::binary;
  if (must_wait(*record, id) && !control) {
    const std::byte tag = static_cast<std::byte>(kind);
    const Bytes pieces[] = {{&tag, 1}, payload};
    hold(*record, pieces);
  } else {
    handle(id, sessions.frame(record->protocol, kind, payload, now));
  }
  count_input(payload.size());
}

void Engine::State::handle(SessionId id, const session::Intake& intake) noexcept {
  using Type = session::Intake::Type;
  switch (intake.type) {
    case Type::none:
      return;
    case Type::command:
      ++counters.commands;
      trace_command({.session = id, .id = intake.command->id, .op = intake.command->op},
                    *intake.command);
      execute({.session = id, .id = intake.command->id, .op = intake.command->op}, *intake.command);
      break;
    case Type::refuse:
      ++counters.refused;
      push(id.index, intake.reply());
      break;
    case Type::deflate: {
      fanout.set_compress(id.index, Compress::chained);
      std::byte frame[wire::kOuterHeaderBytes];
      wire::write_outer_header(wire::OuterType::deflated, 0, frame);
      fanout.push_raw(id.index, frame);
      break;
    }
    case Type::pong:
      push_control(id.index, wire::WebsocketOpcode::pong, intake.payload);
      break;
    case Type::close: {
      using Farewell = session::Intake::Farewell;
      if (intake.farewell == Farewell::reply) push(id.index, intake.reply());
      if (CHATROOM_PLANTED(malformed_not_closed)) return;
      end_session(
          id, intake.code,
          intake.farewell == Farewell::echo ? LeaveReason::left : LeaveReason::protocol_error);
      return;
    }
  }
  if (SessionRecord* record = slots.get(id); record != nullptr) pace_reading(*record, id);
}

void Engine::State::take_fault(SessionId id, CloseCode code) noexcept {
  SessionRecord* record = slots.get(id);
  if (record == nullptr || record->stage != engine::Stage::open) return;
  end_session(id, code, LeaveReason::protocol_error);
  count_input(0);
}

void Engine::State::take_writable(SessionId id) noexcept {
  SessionRecord* record = slots.get(id);
  if (record == nullptr || record->stage == engine::Stage::closed) return;
  if (fanout.has_outlet(id.index)) fanout.on_writable(id.index);
  trace(id.index, {.step = TraceStep::writable});
  count_input(0);
}

void Engine::State::take_closed(SessionId id) noexcept {
  SessionRecord* record = slots.get(id);
  if (record == nullptr) return;
  CHATROOM_ASSERT(!record->gone);
  record->gone = true;
  if (record->stage == engine::Stage::open) {
    record->close_code = CloseCode::going_away;
    leave_everything(id, LeaveReason::dropped);
  }
  forget_session(id);
  count_input(0);
}

// A command waits while the host thinks about the one before, and while there might be no place for
// its answer: who asks for many pages at once gets them as fast as it takes them.
bool Engine::State::answers_wait(const SessionRecord& record, SessionId id) const noexcept {
  return record.waiting != SessionRecord::kNothing || fanout.half_full(id.index);
}
bool Engine::State::must_wait(const SessionRecord& record, SessionId id) const noexcept {
  return answers_wait(record, id) || record.held != nullptr;
}

// Input of a session whose next command has to wait. Reading is paused, so little more comes than
// was on its way; who sends on regardless is closed at the frame limit.
void Engine::State::hold(SessionRecord& record, std::span<const Bytes> pieces) noexcept {
  std::size_t size = 0;
  for (const Bytes piece : pieces) size += piece.size();
  const std::size_t most = 2 * std::size_t{options.limits.frame_bytes};
  const SessionId id = id_of(record.timer.index);
  if (record.held == nullptr) record.held = held_queues.make();
  if (record.held == nullptr || record.held->bytes() + size > most ||
      !record.held->push(blocks, pieces)) {
    end_session(id, CloseCode::overloaded, LeaveReason::limit);
    return;
  }
  record.protocol.heard = now;
  pace_reading(record, id);
}

// The next command waits too: what is behind it goes back to the front, whence it came.
void Engine::State::hold_again(SessionId id, Bytes rest) noexcept {
  SessionRecord& record = *slots.get(id);
  if (record.held == nullptr) record.held = held_queues.make();
  const bool kept = record.held != nullptr &&
                    (CHATROOM_PLANTED(held_order_lost) ? record.held->push(blocks, rest)
                                                       : record.held->push_front(blocks, rest));
  if (!kept) {
    end_session(id, CloseCode::overloaded, LeaveReason::limit);
    return;
  }
  pace_reading(record, id);
}

void Engine::State::release_held(SessionId id) noexcept {
  for (;;) {
    SessionRecord* record = slots.get(id);
    if (record == nullptr || record->stage != engine::Stage::open) return;
    if (record->held == nullptr || answers_wait(*record, id)) {
      pace_reading(*record, id);
      return;
    }
    const bool outer = record->protocol.framing == Framing::outer;
    const std::size_t size = record->held->front_size();
    record->held->pop(blocks, scratch.held);
    if (record->held->empty()) forget_held(*record);
    const Bytes bytes = Bytes{scratch.held}.first(size);
    if (outer) {
      const Bytes rest = read(id, bytes);
      if (!rest.empty()) return hold_again(id, rest);
    } else {
      const auto kind = static_cast<FrameKind>(bytes.front());
      handle(id, sessions.frame(record->protocol, kind, bytes.subspan(1), now));
    }
  }
}

void Engine::State::forget_held(SessionRecord& record) noexcept {
  if (record.held == nullptr) return;
  record.held->clear(blocks);
  held_queues.destroy(record.held);
  record.held = nullptr;
}

// Nobody is read from whose commands wait, who does not take the answers to them, or who sent more
// than its rate; then its timer says when it may go on.
void Engine::State::pace_reading(SessionRecord& record, SessionId id) noexcept {
  if (record.stage != engine::Stage::open) return;
  const bool fast = sessions.readable_at(record.protocol) > now;
  const bool pause = record.held != nullptr || fanout.half_full(id.index) || fast;
  if (fast) start_timer(record);
  if (pause == record.paused) return;
  record.paused = pause;
  trace(id.index, {.count = pause ? 0u : 1u, .step = TraceStep::reading});
  fanout.connection(id.index).pause(pause);
}

void Engine::State::take_mail(std::uint32_t& commands) noexcept {
  while (commands > 0) {
    const std::size_t size = mailbox->take(scratch.mail);
    if (size == 0) return;
    --commands;
    dirty = true;
    record(
        engine::Record::mail, [](engine::Packer&) {}, Bytes{scratch.mail}.first(size));
    engine::Unpacker from{Bytes{scratch.mail}.first(size)};
    const auto type = static_cast<engine::MailType>(from.u8());
    if (type == engine::MailType::answer) {
      Question question;
      question.index = from.u32();
      question.generation = from.u32();
      Answer answer;
      unpack(from, answer);
      static_cast<void>(take_answer(question, answer));  // stale: it was too late
      continue;
    }
    HostEvent result{.type = HostEventType::refused, .tag = from.u64()};
    const RoomId room = rooms.find(from.text());
    if (room) result.room = rooms.view(room).key;
    Status status;
    if (!room) {
      status = Errc::not_found;
    } else if (type == engine::MailType::kick) {
      const std::string_view user = from.text();
      status = kick(room, user, from.text());
    } else {
      const bool direct = type == engine::MailType::send_to;
      const std::string_view user = direct ? from.text() : std::string_view{};
      Outgoing message;
      engine::Lists lists;
      unpack(from, message, lists);
      if (direct) {
        status = send_in_room(room, user, message);
      } else if (const Result<Ticket> said = broadcast(room, message, result.tag); !said) {
        status = said.error();
      } else {
        continue;  // told as published
      }
    }
    result.error = status.error();
    note(result);
  }
}

void Engine::State::take_timers(std::uint32_t& commands) noexcept {
  commands -=
      static_cast<std::uint32_t>(wheel.advance(now, commands, [this](base::TimerNode& node) {
        const auto& timer = static_cast<engine::Timer&>(node);
        switch (static_cast<engine::TimerKind>(timer.kind())) {
          case engine::TimerKind::session:
          case engine::TimerKind::drain:
            on_session_timer(id_of(timer.index));
            break;
          case engine::TimerKind::question:
            on_question_deadline(questions.handle_at(timer.index));
            break;
          case engine::TimerKind::scheduled:
            on_scheduled(scheduled.handle_at(timer.index));
            break;
        }
      }));
  fanout.doom_stalled(now);
  rooms.forget_sanctions(now);
  retry_failed_appends();
  keep_reads();
  while (commands > 0) {
    const RoomId idle = rooms.idle_room(now);
    if (!idle) break;
    close_room(idle, LeaveReason::room_closed);
    --commands;
  }
  if (commands == 0) more_work = true;
}

void Engine::State::on_session_timer(SessionId id) noexcept {
  SessionRecord* record = slots.get(id);
  if (record == nullptr || record->stage != engine::Stage::open) return;
  if (draining) {
    end_session(id, drain_code, LeaveReason::shutdown);
    return;
  }
  const session::Action action = sessions.on_deadline(record->protocol, now);
  switch (action.type) {
    case session::Action::Type::none:
      break;
    case session::Action::Type::send_ping:
      push_control(id.index, wire::WebsocketOpcode::ping, {});
      break;
    case session::Action::Type::close:
      end_session(id, action.code, LeaveReason::timed_out);
      return;
  }
  pace_reading(*record, id);
  start_timer(*record);
}

}  // namespace chatroom
