// Decide: which function answers which op, and where answers and refusals go.
#include "engine/state.h"

namespace chatroom {

Engine::State::Outcome Engine::State::decide(const Caller& caller,
                                             const Command& command) noexcept {
  switch (command.op) {
    case Op::auth:
      return decide_auth(caller, command);
    case Op::join:
      return decide_join(caller, command);
    case Op::publish:
      return decide_publish(caller, command);
    case Op::leave:
      return decide_leave(caller, command);
    case Op::subscribe:
    case Op::unsubscribe:
    case Op::switch_channel:
      return decide_channels(caller, command);
    case Op::history:
      return decide_history(caller, command);
    case Op::send_to:
      return decide_send_to(caller, command);
    case Op::presence:
      return decide_presence(caller, command);
    case Op::call:
      return decide_call(caller, command);
    case Op::ping: {
      Event pong;
      answer(caller, pong);
      return {};
    }
    default:
      return Errc::unsupported;
  }
}

void Engine::State::execute(const Caller& caller, const Command& command) noexcept {
  const Outcome outcome = decide(caller, command);
  if (!outcome.ok()) refuse(caller, outcome.error);
}

// A call of the host's on behalf of a session: the same way as the session's own command.
Result<Ticket> Engine::State::host_call(SessionId id, const Command& command, Tag tag) noexcept {
  record(engine::Record::command, [&](engine::Packer& to) {
    to.handle(id);
    to.u64(tag);
    pack(to, command);
  });
  const TurnScope turn{*this};
  SessionRecord* record = slots.get(id);
  if (record == nullptr || record->stage != engine::Stage::open) return Errc::not_found;
  if (record->protocol.state != session::State::usable) return Errc::unauthorized;
  const std::uint64_t ticket = next_ticket++;
  dirty = true;
  const Outcome outcome =
      decide({.session = id, .id = 0, .op = command.op, .host = true, .tag = tag, .ticket = ticket},
             command);
  if (!outcome.ok()) return outcome.error;
  return Ticket{ticket, outcome.position};
}

// Fills in what every answer has. Host calls are answered by their return value; members inside the
// host see the event as well, since it carries what a join brings.
void Engine::State::answer(const Caller& caller, Event& event) noexcept {
  const SessionRecord* record = slots.get(caller.session);
  if (record == nullptr) return;
  if (caller.host ? record->local == nullptr : caller.id == 0) return;
  event.type = EventType::answer;
  event.op = caller.op;
  event.id = caller.id;
  push(caller.session.index, event);
}

void Engine::State::refuse(const Caller& caller, Error error) noexcept {
  ++counters.refused;
  if (caller.host) {
    note({.type = HostEventType::refused,
          .session = caller.session,
          .tag = caller.tag,
          .ticket = caller.ticket,
          .error = error});
    return;
  }
  if (caller.id == 0) return;
  push(caller.session.index, session::refusal(caller.id, caller.op, error));
}

void Engine::State::push(std::uint32_t session, const Event& event,
                         const fanout::PrivateOptions& how) noexcept {
  if (!fanout.has_outlet(session)) return;
  if (fanout.push_private(session, event, how) != fanout::Pushed::too_large) return;
  CHATROOM_ASSERT(event.type == EventType::answer);  // events of ours have bounded parts
  push(session, session::refusal(event.id, event.op, {Errc::too_large, 0, 0}));
}

void Engine::State::push_control(std::uint32_t session, wire::WebsocketOpcode opcode,
                                 Bytes payload) noexcept {
  if (!fanout.has_outlet(session)) return;
  std::byte frame[wire::kWebsocketHeaderBytesMax + wire::kWebsocketControlBytesMax];
  const std::size_t header = wire::write_websocket_header(
      opcode, payload.size(), std::span{frame}.first<wire::kWebsocketHeaderBytesMax>());
  if (!payload.empty()) std::memcpy(frame + header, payload.data(), payload.size());
  fanout.push_raw(session, Bytes{frame, header + payload.size()});
}

}  // namespace chatroom
