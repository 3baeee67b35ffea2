// How sessions begin and end.
#include <algorithm>

#include "engine/abroad.h"
#include "engine/address.h"
#include "engine/host_input.h"
#include "engine/state.h"

namespace chatroom {

Result<SessionId> Engine::State::open(Connection& connection,
                                      const SessionOptions& session_options) noexcept {
  if (draining) return Errc::limit_reached;
  const SessionId id = slots.insert();
  if (!id) return Errc::limit_reached;
  const Status opened = open_record(id, connection, session_options);
  if (!opened) {
    slots.erase(id);
    return opened.error();
  }
  ++counters.sessions_opened;
  dirty = true;
  return id;
}

// On failure everything is as before, but for the empty slot.
Status Engine::State::open_record(SessionId id, Connection& connection,
                                  const SessionOptions& how) noexcept {
  if (how.identity == nullptr && options.limits.half_open == 0) return Errc::limit_reached;
  if (how.identity != nullptr) {
    const Status good = engine::check_host_identity(*how.identity);
    if (!good) return good;
  }
  SessionRecord& record = *slots.get(id);
  record.timer.index = id.index;
  if (addresses) {
    if (id.index >= address_of.size() && !address_of.resize(id.index + 1)) {
      return Errc::limit_reached;
    }
    address_of[id.index] = engine::address_of(how.peer, tries_key);
  }
  const fanout::OutletOptions outlet{
      .profile = {how.codec, how.framing},
      .compress = how.boundary == Boundary::stream ? how.compress : Compress::none,
      .boundary = how.boundary,
      .max_frame = how.max_frame};
  if (const Status made = fanout.open_outlet(id.index, connection, outlet); !made) return made;
  const Status begun = sessions.open(record.protocol,
                                     {.codec = how.codec,
                                      .framing = how.framing,
                                      .known = how.identity != nullptr,
                                      .deadline = how.deadline},
                                     now);
  Status status = begun;
  if (status && how.identity != nullptr) status = sign_in(id, *how.identity);
  if (status && how.identity == nullptr) {
    record.half_open = half_open_records.make();
    if (record.half_open == nullptr) status = Errc::limit_reached;
  }
  if (!status) {
    sessions.close(record.protocol);
    if (!CHATROOM_PLANTED(open_leaks_outlet)) fanout.close_outlet(id.index);
    return status;
  }
  if (how.identity == nullptr) {
    record.half_open->session = id;
    record.half_open->peer.assign(how.peer);
    half_open.push_back(*record.half_open);
    const bool many = half_open.size() > options.limits.half_open;
    if (many && !CHATROOM_PLANTED(half_open_not_counted)) evict_half_open();
  }
  push(id.index, sessions.hello());
  start_timer(record);
  if (how.identity != nullptr) {
    note({.type = HostEventType::session_ready,
          .session = id,
          .user = rooms.user(rooms.user_of(id.index)).id});
  }
  return {};
}

Result<SessionId> Engine::State::open_local(LocalMember& member,
                                            const Identity& identity) noexcept {
  // The link needs the session's name and the session its link: the name comes first.
  if (draining) return Errc::limit_reached;
  const SessionId id = slots.insert();
  if (!id) return Errc::limit_reached;
  engine::LocalLink* link = links.make(member, id, blocks, locals_ready);
  Status opened = Errc::limit_reached;
  if (link != nullptr) {
    const SessionOptions how{.boundary = Boundary::message,
                             .max_frame = engine::LocalLink::kFrameBytes,
                             .identity = &identity,
                             .peer = {}};
    slots.get(id)->local = true;
    slots.get(id)->link = link;
    opened = open_record(id, *link, how);
  }
  if (!opened) {
    if (link != nullptr) links.destroy(link);
    slots.erase(id);
    return opened.error();
  }
  ++counters.sessions_opened;
  dirty = true;
  return id;
}

// The one that has been at it longest makes place for the newcomer.
void Engine::State::evict_half_open() noexcept {
  // There is one: the limit was just exceeded.
  end_session(half_open.front()->session, CloseCode::server_error, LeaveReason::limit);
}

void Engine::State::forget_half_open(SessionRecord& record) noexcept {
  if (record.local || record.half_open == nullptr) return;
  half_open.remove(*record.half_open);
  half_open_records.destroy(record.half_open);
  record.half_open = nullptr;
}

// Ends it for everybody else at once; its last words go out at this turn's flush.
void Engine::State::end_session(SessionId id, CloseCode code, LeaveReason reason) noexcept {
  SessionRecord* record = slots.get(id);
  if (record == nullptr || record->stage != engine::Stage::open) return;
  if (record->guest) return end_guest(id.index, reason);
  record->stage = engine::Stage::closing;
  record->close_code = code;
  if (code == CloseCode::slow_consumer) ++counters.slow_consumers;
  leave_everything(id, reason);
  if (record->protocol.framing == Framing::websocket) {
    std::byte body[2];
    wire::write_websocket_close(static_cast<std::uint16_t>(code), body);
    push_control(id.index, wire::WebsocketOpcode::close, body);
  }
  CHATROOM_ASSERT(closing.push_back(id));  // reserved for every session
  dirty = true;
}

void Engine::State::leave_everything(SessionId id, LeaveReason reason) noexcept {
  SessionRecord& record = *slots.get(id);
  ++counters.sessions_closed;
  for (room::MembershipIndex at = rooms.first_of_session(id.index); at != room::kNone;) {
    const RoomId room = rooms.view(at).room;
    at = rooms.next_of_session(at);
    leave_room(room, id.index, reason);
  }
  const room::UserIndex user = rooms.user_of(id.index);
  const HostEvent closed{.type = HostEventType::session_closed,
                         .session = id,
                         .user = user == room::kNone ? std::string_view{} : rooms.user(user).id,
                         .reason = reason,
                         .close_code = record.close_code};
  note(closed);
  if (CHATROOM_PLANTED(session_closed_noted_twice)) note(closed);
  trace(id.index, {.reason = reason, .close_code = record.close_code, .step = TraceStep::closed});
  if (cluster != nullptr) engine::end_waits(*this, id);
  rooms.sign_out(id.index);
  sessions.close(record.protocol);
  wheel.cancel(record.timer);
  if (cluster != nullptr) abandon(waiting_for(record));
  // What it said to somebody arrives, or is pushed, all the same.
  const Pending* asked = questions.get(waiting_for(record));
  if (asked != nullptr && asked->kind == engine::QuestionKind::around) {
    stop_waiting(record, waiting_for(record));
  }
  if (record.waiting != SessionRecord::kNothing) {
    forget_question(questions.handle_at(record.waiting));
  }
  record.waiting = SessionRecord::kNothing;
  forget_held(record);
  forget_half_open(record);
}

// The connection is gone: nothing of the session is left.
void Engine::State::forget_session(SessionId id) noexcept {
  SessionRecord& record = *slots.get(id);
  // Its slot may be used again in this turn: each slot stands in that list once at most.
  if (record.stage == engine::Stage::closing) {
    for (std::size_t i = 0; i < closing.size(); ++i) {
      if (closing[i] != id) continue;
      closing.erase(i);
      break;
    }
  }
  if (fanout.has_outlet(id.index)) fanout.close_outlet(id.index);
  if (record.local) links.destroy(record.link);
  slots.erase(id);
}

// Members inside the host have no link that could be dead.
void Engine::State::start_timer(SessionRecord& record) noexcept {
  if (draining || record.local) return;  // draining: it has its moment to leave
  Instant next = sessions.next_deadline(record.protocol);
  const Instant readable = sessions.readable_at(record.protocol);
  if (readable > now) next = std::min(next, readable);
  if (next != Instant::never()) wheel.schedule(record.timer, next);
}

// Everybody is told a moment of its own, so that the clients do not come back all at once.
void Engine::State::drain(CloseCode code, Duration spread) noexcept {
  if (draining) return;
  draining = true;
  drain_code = code;
  dirty = true;
  const auto span_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(spread.in_ms(), 0)) + 1;
  for (std::uint32_t i = 0; i < slots.extent(); ++i) {
    SessionRecord* record = slots.at(i);
    if (record == nullptr || record->stage != engine::Stage::open || record->guest) continue;
    const auto after_ms = static_cast<std::int64_t>(random.below(span_ms));
    wheel.schedule(record->timer, now + Duration::ms(after_ms));
    Event event;
    event.type = EventType::reconnect;
    event.after_ms = static_cast<std::uint32_t>(after_ms);
    push(i, event);
  }
  for (RoomId room = rooms.first_room(); room; room = rooms.next_room(room)) mark_changed(room);
}

}  // namespace chatroom
