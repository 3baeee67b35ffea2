// Breakers: when ports fail, what is said instead of asking them, and who is told.
#include "engine/breaker.h"

#include "engine/host_input.h"
#include "engine/questions.h"

namespace chatroom {

using engine::BrokenPort;
using engine::QuestionKind;

// Calls are between a client and the host, loads and homes have ways of their own. Profiles have no
// breaker: what they cannot do concerns one question.
bool engine::port_of(QuestionKind kind, BrokenPort& port) noexcept {
  switch (kind) {
    case QuestionKind::auth:
      port = BrokenPort::auth;
      return true;
    case QuestionKind::missing_room:
    case QuestionKind::join:
    case QuestionKind::publish:
    case QuestionKind::follower:
      port = BrokenPort::rules;
      return true;
    case QuestionKind::filter:
      port = BrokenPort::filter;
      return true;
    case QuestionKind::set_password:
    case QuestionKind::password:
      port = BrokenPort::passwords;
      return true;
    case QuestionKind::direct:
    case QuestionKind::direct_here:
    case QuestionKind::block:
      port = BrokenPort::relations;
      return true;
    case QuestionKind::call:
    case QuestionKind::load:
    case QuestionKind::home:
    case QuestionKind::around:
    case QuestionKind::profile:
    case QuestionKind::profile_wanted:
      return false;
  }
  return false;
}

Duration Engine::State::broken_for(BrokenPort port) const noexcept {
  return breakers[static_cast<std::size_t>(port)].open_for(now);
}

Error Engine::State::broken(Errc code, Duration wait) noexcept {
  ++counters.breaker_refused;
  return {code, kTemporary, base::retry_after_ms(wait)};
}

// What is taken for the port's answer while it is not asked. False: it is.
bool Engine::State::answer_for(QuestionKind kind, Answer& answer) noexcept {
  BrokenPort port;
  if (!engine::port_of(kind, port)) return false;
  const Duration wait = broken_for(port);
  if (wait.us == 0) return false;
  const Errc code = kind == QuestionKind::auth ? Errc::unauthorized : Errc::internal;
  if (kind != QuestionKind::filter) {
    answer = Answer::refuse(code);
    answer.error = broken(code, wait);
  } else if (options.unfiltered == Unfiltered::hold) {
    ++counters.breaker_refused;
    answer.verdict = Answer::Verdict::hold;
  }
  return true;
}

void Engine::State::port_answered(QuestionKind kind, const Answer& answer, Instant asked) noexcept {
  BrokenPort port;
  if (!engine::port_of(kind, port)) return;
  const bool refused = answer.verdict == Answer::Verdict::refuse;
  port_worked(port, !(refused && answer.error.code == Errc::internal), asked);
}

void Engine::State::port_worked(BrokenPort port, bool worked, Instant asked) noexcept {
  engine::Breaker& breaker = breakers[static_cast<std::size_t>(port)];
  if (!(worked ? breaker.answered(now, asked) : breaker.failed(options.limits, now, asked))) return;
  if (!worked) ++counters.breaker_trips;
  constexpr std::string_view kWorks = "breaker: a port answers again";
  constexpr std::string_view kFails = "breaker: a port fails";
  log(LogLevel::warning, worked ? kWorks : kFails);
  note({.type = HostEventType::breaker,
        .text = engine::kPortNames[static_cast<std::size_t>(port)],
        .until_ms = worked ? 0 : breaker.until().unix_ms()});
}

}  // namespace chatroom
