// Who is this: the auth command, and how an identity becomes a signed-in session.
#include "engine/questions.h"

namespace chatroom {

using engine::QuestionKind;

Engine::State::Outcome Engine::State::decide_auth(const Caller& caller,
                                                  const Command& command) noexcept {
  SessionRecord& record = *slots.get(caller.session);
  if (caller.host || record.protocol.state != session::State::authenticating) {
    return Errc::bad_request;
  }
  // Sessions cannot be resumed yet.
  if (!command.resume.empty()) return settle_auth(caller, Answer::refuse(Errc::unauthorized));
  if (ports.auth != nullptr) {
    const AuthRequest request{.session = caller.session,
                              .token = command.token,
                              .user = command.user,
                              .nick = command.nick,
                              .peer = record.half_open->peer.view()};
    return ask(QuestionKind::auth, caller, command,
               [&](Question question) { return ports.auth->on_auth(question, request); });
  }
  if (!options.open_server || !command.token.empty()) {
    return settle_auth(caller, Answer::refuse(Errc::unauthorized));
  }
  char guest[] = "guest-00000000";
  Identity identity{.user = command.user, .nick = command.nick, .info = {}};
  if (identity.user.empty()) {
    std::uint64_t word = random.next();
    for (std::size_t i = 6; i < sizeof guest - 1; ++i, word >>= 4) {
      guest[i] = "0123456789abcdef"[word & 0xf];
    }
    identity.user = {guest, sizeof guest - 1};
  }
  return settle_auth(caller, Answer::as(identity));
}

// Any failure is answered and then closes the connection, within the adapter's 100 ms.
Engine::State::Outcome Engine::State::settle_auth(const Caller& caller,
                                                  const Answer& verdict) noexcept {
  SessionRecord& record = *slots.get(caller.session);
  Error error;
  if (verdict.verdict != Answer::Verdict::pass) {
    error = verdict.verdict == Answer::Verdict::refuse ? verdict.error
                                                       : Error{Errc::unauthorized, 0, 0};
  } else {
    error = sign_in(caller.session, verdict.identity).error();
  }
  if (error.code != Errc::ok) {
    refuse(caller, error);
    if (sessions.refuse(record.protocol) && !CHATROOM_PLANTED(failed_auth_stays_open)) {
      end_session(caller.session, CloseCode::bad_token, LeaveReason::left);
    }
    return {};
  }
  sessions.accept(record.protocol);
  forget_half_open(record);
  session::AuthTexts texts;
  const room::UserView user = rooms.user(rooms.user_of(caller.session.index));
  Event event = sessions.auth_ok(record.protocol, caller.id, user.id, texts);
  answer(caller, event);
  note({.type = HostEventType::session_ready, .session = caller.session, .user = user.id});
  start_timer(record);
  return {};
}

// The session joins its user; of too many, the oldest goes.
Status Engine::State::sign_in(SessionId id, const Identity& identity) noexcept {
  const Result<room::UserIndex> user = rooms.sign_in(id.index, identity);
  if (!user) return user.error();
  const std::uint32_t most = options.limits.sessions_per_user;
  while (most != 0 && rooms.user(*user).sessions > most) {
    end_session(id_of(rooms.first_session(*user)), CloseCode::replaced, LeaveReason::replaced);
  }
  if (!traced.empty()) begin_trace(id, identity.user);
  return {};
}

}  // namespace chatroom
