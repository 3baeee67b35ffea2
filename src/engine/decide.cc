// Decide: which function answers which op, and where answers and refusals go.
#include <algorithm>

#include "engine/host_input.h"
#include "engine/state.h"

namespace chatroom {

bool engine::moderates(Op op) noexcept {
  return (op >= Op::mute && op <= Op::set_attribute) || op == Op::close_room ||
         op == Op::open_channel || op == Op::close_channel || op == Op::allow ||
         op == Op::disallow || op == Op::call_next || op == Op::invite || op == Op::approve ||
         op == Op::release || op == Op::reject || op == Op::shadow_mute;
}

using engine::moderates;

// Before anything of a command is looked at: what belongs to other tenants is not there, with the
// answers of what is not there; and what all clients of a tenant, or of the engine, share.
Error Engine::State::check_shared(const Caller& caller, const Command& command) noexcept {
  if (command.op == Op::auth) return {};
  const room::UserIndex user = rooms.user_of(caller.session.index);
  if (rooms.apart() && user != room::kNone && !CHATROOM_PLANTED(tenant_stranger_let_in)) {
    const std::string_view own = tenant_of(rooms.user(user).id);
    const bool enters = command.op == Op::join || command.op == Op::open_room;
    if (!command.room.empty() && tenant_of(command.room) != own) {
      return {enters ? Errc::not_found : Errc::not_member};
    }
    if (!command.user.empty() && tenant_of(command.user) != own) {
      return {Errc::not_found, kTemporary, 0};
    }
  }
  if (caller.host || is_guest(caller.session.index)) return {};
  if (addresses && command.op != Op::leave) {
    const Error refused = charge_address(caller.session);
    if (refused.code != Errc::ok) return refused;
  }
  if (rooms.apart() && user != room::kNone && command.op != Op::leave) {
    const Error refused = rooms.charge_command(rooms.user(user).id, now);
    if (refused.code != Errc::ok) {
      SessionRecord& record = *slots.get(caller.session);
      sessions.charge(record.protocol, options.limits.inbound.per_second, now);
      return refused;
    }
  }
  return command.op == Op::join ? admit_join() : Error{};
}

// One command of whoever shares this session's address. A refused one also counts against its
// session's Limits::inbound like a second's bytes, so that who sends on is read from more slowly.
Error Engine::State::charge_address(SessionId session) noexcept {
  const std::uint64_t address = address_of[session.index];
  if (address == 0) return {};
  const Rate rate = options.limits.address_commands;
  const Duration wait = addresses->wait(address, rate, now);
  if (wait.us > 0 && !CHATROOM_PLANTED(address_not_counted)) {
    sessions.charge(slots.get(session)->protocol, options.limits.inbound.per_second, now);
    return refusal(Errc::rate_limited, Rule::address_rate, base::retry_after_ms(wait));
  }
  addresses->take(address, rate, now);
  return {};
}

// A storm is let in at the rate that all share. The others are told moments one after the other,
// so that they do not come back all at once; nobody is told to wait for more than half a minute.
Error Engine::State::admit_join() noexcept {
  constexpr Duration kLongest = Duration::s(30);
  const Rate rate = options.limits.joins_in_all;
  const Duration wait = joins_in_all.take(rate, now);
  if (wait.us == 0) return {};
  if (wait == base::Bucket::kForever) return refusal(Errc::rate_limited, Rule::capacity);
  if (next_join < now + wait || next_join > now + kLongest) next_join = now + wait;
  const std::uint32_t retry_ms = base::retry_after_ms(next_join - now);
  next_join = next_join + Duration{std::max<std::int64_t>(1'000'000 / rate.per_second, 1)};
  return refusal(Errc::rate_limited, Rule::capacity, retry_ms);
}

Engine::State::Outcome Engine::State::decide(const Caller& caller,
                                             const Command& command) noexcept {
  if (const Error error = check_shared(caller, command); error.code != Errc::ok) return error;
  if (Outcome outcome; cluster != nullptr && follow(caller, command, outcome)) return outcome;
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
    case Op::open_room:
      return decide_open_room(caller, command);
    case Op::list_rooms:
      return decide_list_rooms(caller, command);
    case Op::ack:
      return decide_ack(caller, command);
    case Op::apply:
    case Op::enqueue:
      return decide_enqueue(caller, command);
    case Op::dequeue:
      return command.user.empty() ? decide_dequeue(caller, command)
                                  : decide_moderation(caller, command);
    case Op::waiting:
      return decide_waiting(caller, command);
    case Op::list_held:
      return decide_list_held(caller, command);
    case Op::shield:
    case Op::block:
    case Op::unblock:
      return decide_block(caller, command);
    case Op::set_receive:
      return decide_receive(caller, command);
    case Op::profile:
      return decide_profile(caller, command);
    default:
      return moderates(command.op) ? decide_moderation(caller, command)
                                   : Outcome{Errc::unsupported};
  }
}

void Engine::State::execute(const Caller& caller, const Command& command) noexcept {
  const Outcome outcome = decide(caller, command);
  if (!outcome.ok()) refuse(caller, outcome.error, command.room);
}

// A call of the host's on behalf of a session: the same way as the session's own command.
Result<Ticket> Engine::State::host_call(SessionId id, const Command& command, Tag tag) noexcept {
  if (const Error error = engine::admit(options.limits, command); error.code != Errc::ok) {
    return error;
  }
  record(engine::Record::command, [&](engine::Packer& to) {
    to.handle(id);
    to.u64(tag);
    pack(to, command);
  });
  const TurnScope turn{*this};
  SessionRecord* record = slots.get(id);
  if (record == nullptr || record->stage != engine::Stage::open) return Errc::not_found;
  if (record->protocol.state != session::State::usable) return Errc::unauthorized;
  Command checked = command;
  if (const Status good = engine::check_host_command(checked); !good) return good.error();
  const std::uint64_t ticket = next_ticket++;
  dirty = true;
  const Caller caller{
      .session = id, .id = 0, .op = command.op, .host = true, .tag = tag, .ticket = ticket};
  trace_command(caller, checked);
  const Outcome outcome = decide(caller, checked);
  if (!outcome.ok()) return explained(outcome.error);
  return Ticket{ticket, outcome.position};
}

// Fills in what every answer has. Host calls are answered by their return value; members inside the
// host see the event as well, since it carries what a join brings.
void Engine::State::answer(const Caller& caller, Event& event) noexcept {
  if (!wants_answer(caller)) return;
  event.type = EventType::answer;
  event.op = caller.op;
  event.id = caller.id;
  push(caller.session.index, event);
}

bool Engine::State::wants_answer(const Caller& caller) const noexcept {
  const SessionRecord* record = slots.get(caller.session);
  if (record == nullptr) return false;
  return caller.host ? record->local : caller.id != 0;
}

// An answer with messages. Their bytes hang on the codec (JSON writes a control character in six),
// so a page that fits by count and cost may not fit a frame: then it is halved until it does, and
// says that there is more. `oldest`: which end the reader began at.
void Engine::State::answer_page(const Caller& caller, Event& event, bool oldest) noexcept {
  if (!wants_answer(caller)) return;
  const std::uint32_t to = caller.session.index;
  const bool guest = is_guest(to);
  if (!guest && !fanout.has_outlet(to)) return;
  event.type = EventType::answer;
  event.op = caller.op;
  event.id = caller.id;
  const auto fits = [&]() noexcept {
    return guest ? push_to_guest(to, event, {})
                 : fanout.push_private(to, event) != fanout::Pushed::too_large;
  };
  while (!fits()) {
    if (event.messages.empty()) return refuse(caller, {Errc::too_large, 0, 0});
    const std::size_t half = event.messages.size() / 2;
    event.messages = oldest ? event.messages.first(half) : event.messages.last(half);
    event.more = true;
  }
  trace_told(to, event);
}

void Engine::State::refuse(const Caller& caller, Error error, std::string_view room) noexcept {
  ++counters.refused;
  if (caller.host) {
    note({.type = HostEventType::refused,
          .session = caller.session,
          .tag = caller.tag,
          .ticket = caller.ticket,
          .error = explained(error)});
    return;
  }
  if (caller.id == 0) return released_refused(caller);
  // What waited for storage may be refused when its session is gone, and its place another's.
  if (slots.get(caller.session) == nullptr) return;
  const std::uint32_t to =
      caller.session.index ^ (CHATROOM_PLANTED(refusal_to_neighbour) ? 1u : 0u);
  Event refusal = session::refusal(caller.id, caller.op, error);
  refusal.room = room;
  push(to, refusal);
}

void Engine::State::push(std::uint32_t session, const Event& event,
                         const fanout::PrivateOptions& how) noexcept {
  if (is_guest(session)) {
    if (push_to_guest(session, event, how)) return;
  } else {
    if (!fanout.has_outlet(session)) return;
    if (event.error.code != Errc::ok && event.verdict == 0 && options.limits.refusals != 0) {
      return push_refusal(session, event);
    }
    const bool fits = fanout.push_private(session, event, how) != fanout::Pushed::too_large;
    if (fits) return trace_told(session, event);
  }
  CHATROOM_ASSERT(event.type == EventType::answer);  // events of ours have bounded parts
  push(session, session::refusal(event.id, event.op, {Errc::too_large, 0, 0}));
}

// Told by the engine that the session is at, so that its number means something there.
void Engine::State::push_refusal(std::uint32_t session, Event event) noexcept {
  const room::UserIndex user = rooms.user_of(session);
  event.verdict =
      refusals.add({.time_ms = now.unix_ms(),
                    .session = id_of(session),
                    .user = user == room::kNone ? std::string_view{} : rooms.user(user).id,
                    .room = event.room,
                    .op = event.op,
                    .error = event.error});
  if (CHATROOM_PLANTED(verdict_of_another)) ++event.verdict;
  push(session, event);
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
