// Trace: what the sessions of few users do and are told, step by step, as host events. For all
// others it costs one bit that is looked at where a command comes in and where an answer goes out.
#include "base/utf8.h"
#include "engine/host_input.h"
#include "engine/state.h"

namespace chatroom {

std::string_view name_of(TraceStep step) noexcept {
  constexpr std::string_view kNames[kTraceSteps] = {"signed_in", "command",  "answered",
                                                    "refused",   "told",     "gap",
                                                    "reading",   "writable", "closed"};
  const auto at = static_cast<std::size_t>(step);
  return at < kTraceSteps ? kNames[at] : std::string_view{};
}

Status Engine::State::set_trace(std::string_view user, bool on) noexcept {
  if (!base::valid_name(user, 64)) return Errc::bad_request;
  std::size_t at = 0;
  while (at < traced.size() && traced[at].view() != user) ++at;
  const bool known = at < traced.size();
  if (on && !known && !traced.push_back(base::FixedText<64>{user})) return Errc::limit_reached;
  if (!on && !known) return Errc::not_found;
  if (!on) traced.erase(at);
  const room::UserIndex who = rooms.find_user(user);
  if (who == room::kNone) return {};
  for (room::SessionIndex session = rooms.first_session(who); session != room::kNone;
       session = rooms.next_session(session)) {
    if (!is_guest(session)) slots.at(session)->traced = on;
  }
  return {};
}

// A session that signed in.
void Engine::State::begin_trace(SessionId id, std::string_view user) noexcept {
  for (const base::FixedText<64>& one : traced) {
    if (one.view() == user) slots.get(id)->traced = true;
  }
  trace(id.index, {.step = TraceStep::signed_in});
}

void Engine::State::trace(std::uint32_t session, HostEvent event) noexcept {
  const SessionRecord* record = slots.at(session);
  if (record == nullptr || !record->traced) return;
  const room::UserIndex user = rooms.user_of(session);
  event.type = HostEventType::traced;
  event.session = id_of(session);
  if (user != room::kNone) event.user = rooms.user(user).id;
  note(event);
}

// With what the room still has for it: how far behind it reads.
void Engine::State::trace_command(const Caller& caller, const Command& command) noexcept {
  const SessionRecord* record = slots.get(caller.session);
  if (record == nullptr || !record->traced) return;
  HostEvent event{.room = command.room,
                  .tag = caller.tag,
                  .op = command.op,
                  .count = 0,
                  .step = TraceStep::command,
                  .id = caller.id};
  if (const RoomId room = rooms.find(command.room); room) {
    const Ledger behind = fanout.ledger_of(room.index, caller.session.index);
    for (const Ledger::Class& one : behind.by_priority) event.count += one.pending;
  }
  trace(caller.session.index, event);
}

// What it is told beside what whole rooms are.
void Engine::State::trace_told(std::uint32_t session, const Event& event) noexcept {
  const bool answers = event.type == EventType::answer || event.type == EventType::error;
  const bool refused = event.error.code != Errc::ok;
  trace(session, {.room = event.room,
                  .reason = event.reason,
                  .error = event.error,
                  .gap = event.gap,
                  .op = event.op,
                  .text = name_of(event.type),
                  .count = event.verdict,
                  .step = !answers  ? TraceStep::told
                          : refused ? TraceStep::refused
                                    : TraceStep::answered,
                  .id = event.id});
}

Status Engine::trace(std::string_view user, bool on) noexcept {
  if (const Error error = engine::admit(state_->options.limits, user.size());
      error.code != Errc::ok) {
    return error;
  }
  state_->record(engine::Record::trace, [&](engine::Packer& to) {
    to.text(user);
    to.flag(on);
  });
  const TurnScope turn{*state_};
  return state_->set_trace(user, on);
}

}  // namespace chatroom
