// ask(): the one mechanism for everything the host decides. The port answers now, or the command is
// packed away with its question until Engine::answer or the deadline.
#pragma once

#include "engine/host_input.h"
#include "engine/state.h"

namespace chatroom {

// While a port runs, calling back in is a bug.
class PortCall final {
 public:
  explicit PortCall(bool& in_port) noexcept : in_port_(in_port) {
    CHATROOM_ASSERT(!in_port_);
    in_port_ = true;
  }
  ~PortCall() { in_port_ = false; }
  PortCall(const PortCall&) = delete;
  PortCall& operator=(const PortCall&) = delete;

 private:
  bool& in_port_;
};

namespace engine {
// Which port such a question is to; false: to none that may be left alone (breakers.cc).
bool port_of(QuestionKind kind, BrokenPort& port) noexcept;
}  // namespace engine

template <class Ask>
Engine::State::Outcome Engine::State::ask(engine::QuestionKind kind, const Caller& caller,
                                          const Command& command, Ask call) noexcept {
  Answer answer;
  if (answer_for(kind, answer)) return settle(kind, caller, command, answer);
  if (!may_ask(kind, caller)) return Error{Errc::queue_full, kTemporary, 0};
  const Question question = questions.insert();
  if (!question) return Error{Errc::internal, kTemporary, 0};
  {
    const PortCall guard{in_port};
    answer = call(question);
  }
  if (engine::admit(options.limits, answer).code != Errc::ok) {
    answer = Answer::refuse(Errc::internal);
  }
  record(engine::Record::decision, [&](engine::Packer& to) { pack(to, answer); });
  if (answer.verdict != Answer::Verdict::later) {
    questions.erase(question);
    port_answered(kind, answer, now);
    return settle(kind, caller, command, answer);
  }
  if (keep_question(question, kind, caller, command)) return Outcome::later();
  questions.erase(question);
  return Error{Errc::internal, kTemporary, 0};
}

// A request to the Storage port; what it says before it returns is part of it.
template <class Call>
void Engine::State::ask_storage(Call call) noexcept {
  {
    const PortCall guard{in_port};
    call();
  }
  record(engine::Record::returned);
}

}  // namespace chatroom
