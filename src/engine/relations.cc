// Between two people: direct messages, and who does not want any.
#include "base/plant.h"
#include "engine/abroad.h"

namespace chatroom {

using engine::QuestionKind;

Engine::State::Outcome Engine::State::decide_send_to(const Caller& caller,
                                                     const Command& command) noexcept {
  if (const Error error = engine::check_sizes(command.out, options.limits);
      error.code != Errc::ok) {
    return error;
  }
  const room::UserIndex to = rooms.find_user(command.user);
  const bool nowhere = to == room::kNone && cluster == nullptr;
  if (nowhere && !wants(WorkKind::push)) return Error{Errc::not_found, kTemporary, 0};
  const room::UserIndex from = rooms.user_of(caller.session.index);
  if (ports.relations == nullptr || from == to) {
    return settle_direct(caller, command, Answer::pass());
  }
  const DirectRequest request{
      .session = caller.session, .from = rooms.user(from).id, .to = command.user};
  return ask(QuestionKind::direct, caller, command,
             [&](Question question) { return ports.relations->on_direct(question, request); });
}

// What is dropped looks delivered: the same answer, and the sender's other sessions see it.
Engine::State::Outcome Engine::State::settle_direct(const Caller& caller, const Command& command,
                                                    const Answer& verdict) noexcept {
  if (verdict.verdict == Answer::Verdict::refuse) return engine::refused_by_host(verdict.error);
  const bool passes = verdict.verdict == Answer::Verdict::pass;
  if (!passes && verdict.verdict != Answer::Verdict::drop) {
    return Error{Errc::internal, kTemporary, 0};
  }
  const room::UserIndex to = rooms.find_user(command.user);
  const bool away = to == room::kNone;
  if (away && cluster == nullptr && !wants(WorkKind::push)) {
    return Error{Errc::not_found, kTemporary, 0};
  }
  const room::UserIndex from = rooms.user_of(caller.session.index);
  const room::UserView sender = rooms.user(from);
  Event event;
  event.type = EventType::direct;
  event.user = command.user;
  event.message.user = sender.id;
  event.message.nick = sender.nick;
  event.message.kind = command.out.kind;
  event.message.text = command.out.text;
  event.message.data = command.out.data;
  event.message.time_ms = now.unix_ms();
  const bool delivers = passes || CHATROOM_PLANTED(blocked_still_delivered);
  if (cluster != nullptr) {
    return engine::send_abroad(*this, caller, command.user, event, delivers);
  }
  const std::uint32_t reached = away ? 0 : send_direct(to, caller.session, event, delivers);
  if (away && delivers && !push_away(command.user, event.message)) {
    return Error{Errc::not_found, kTemporary, 0};
  }
  if (from != to) send_direct(from, caller.session, event, true);
  if (reached == 0 && from != to && !away) return Error{Errc::not_found, kTemporary, 0};
  if (delivers && reached > 0 && wants(WorkKind::direct)) {
    Work work{.kind = WorkKind::direct, .user = command.user, .message = event.message};
    hand_over(work);
  }
  Event reply;
  reply.sessions = reached;
  answer(caller, reply);
  return {};
}

// To all of the user's sessions but the one that sent it. Lossy there: nobody can be flooded out by
// somebody else's messages.
std::uint32_t Engine::State::send_direct(room::UserIndex to, SessionId from, const Event& event,
                                         bool delivers) noexcept {
  std::uint32_t reached = 0;
  for (room::SessionIndex session = rooms.first_session(to); session != room::kNone;
       session = rooms.next_session(session)) {
    if (session == from.index || !fanout.has_outlet(session)) continue;
    if (delivers) {
      fanout.push_private(session, event, {.lossy = true});
      trace_told(session, event);
    }
    ++reached;
  }
  return reached;
}

Engine::State::Outcome Engine::State::decide_block(const Caller& caller,
                                                   const Command& command) noexcept {
  if (ports.relations == nullptr) return Errc::unsupported;
  const std::string_view user = rooms.user(rooms.user_of(caller.session.index)).id;
  const std::string_view other = command.op == Op::shield ? std::string_view{} : command.user;
  if (other == user) return Errc::bad_request;
  const BlockRequest request{
      .session = caller.session, .user = user, .other = other, .blocks = command.op != Op::unblock};
  return ask(QuestionKind::block, caller, command,
             [&](Question question) { return ports.relations->on_block(question, request); });
}

Engine::State::Outcome Engine::State::settle_block(const Caller& caller,
                                                   const Answer& verdict) noexcept {
  if (verdict.verdict == Answer::Verdict::refuse) return verdict.error;
  if (verdict.verdict != Answer::Verdict::pass) return Error{Errc::internal, kTemporary, 0};
  Event event;
  answer(caller, event);
  return {};
}

}  // namespace chatroom
