#include "engine/questions.h"

#include <algorithm>

#include "base/plant.h"
#include "engine/abroad.h"

namespace chatroom {

using engine::QuestionKind;

namespace {

// Whether it is about something that is to be said.
bool says(QuestionKind kind) noexcept {
  return kind == QuestionKind::publish || kind == QuestionKind::follower ||
         kind == QuestionKind::filter;
}

// Calls and profiles change nothing, so the session goes on meanwhile; all else changes what later
// commands meet.
bool asks_only(QuestionKind kind) noexcept {
  return kind == QuestionKind::call || kind == QuestionKind::profile ||
         kind == QuestionKind::profile_wanted;
}

}  // namespace

// What holds nobody up could be asked without end: of it a session has a few open, and all of them
// half of the places, so that decisions always find one.
bool Engine::State::may_ask(QuestionKind kind, const Caller& caller) const noexcept {
  if (!asks_only(kind) || CHATROOM_PLANTED(asks_not_bounded)) return true;
  const SessionRecord* const record = slots.get(caller.session);
  if (record != nullptr && record->asks >= engine::kAsksMost) return false;
  return idle_questions < options.limits.questions / 2;
}

// False: no memory for the waiting command.
bool Engine::State::keep_question(Question question, QuestionKind kind, const Caller& caller,
                                  const Command& command) noexcept {
  engine::Packer to{scratch.packed};
  pack(to, command);
  CHATROOM_ASSERT(to.ok());
  Pending& pending = *questions.get(question);
  if (!pending.command.push(blocks, to.bytes())) return false;
  pending.kind = kind;
  pending.session = caller.session;
  pending.id = caller.id;
  pending.host = caller.host;
  pending.tag = caller.tag;
  pending.ticket = caller.ticket;
  pending.asked = std::min(caller.asked, now);  // the first question's, if this follows one
  pending.sent = now;
  pending.said = caller.said;
  if (says(kind)) pending.room = rooms.find(command.room);
  if (cluster != nullptr && command.op == Op::join) {
    pending.joins = engine::hash_of_room(command.room);
  }
  pending.timer.index = question.index;
  wheel.schedule(pending.timer, now + options.limits.question_deadline);
  SessionRecord* const record = slots.get(caller.session);
  if (asks_only(kind)) {
    ++idle_questions;
    if (record != nullptr) ++record->asks;
  } else if (!caller.host) {
    record->waiting = question.index;
  }
  return true;
}

Status Engine::State::take_answer(Question question, const Answer& answer) noexcept {
  Pending* pending = questions.get(question);
  if (pending == nullptr || pending->command.empty()) return Errc::not_found;
  if (pending->kind == QuestionKind::around) return Errc::not_found;  // not the host's
  dirty = true;
  if (pending->kind == QuestionKind::direct_here) {
    engine::finish_direct_here(*this, question, answer);
    return {};
  }
  pending->command.pop(blocks, scratch.unpacked);
  engine::Unpacker from{scratch.unpacked};
  Command command;
  engine::Lists lists;
  unpack(from, command, lists);
  const QuestionKind kind = pending->kind;
  const Caller caller{.session = pending->session,
                      .id = pending->id,
                      .op = command.op,
                      .host = pending->host,
                      .tag = pending->tag,
                      .ticket = pending->ticket,
                      .asked = pending->asked,
                      .said = pending->said};
  const base::FixedText<128> key{command.room};  // the scratch may be another's by then
  const RoomId room = pending->room;
  const Instant sent = pending->sent;
  pending->said = {};  // the caller has it now
  forget_question(question);
  if (kind == QuestionKind::profile) {
    finish_profile(command.user, engine::checked(answer));
    return {};
  }
  port_answered(kind, answer, sent);

  SessionRecord* record = slots.get(caller.session);
  if (record == nullptr || record->stage != engine::Stage::open) {
    rooms.forget_said(caller.said);
    return {};
  }
  if (record->waiting == question.index) record->waiting = SessionRecord::kNothing;
  // A room that was closed and opened again is another one: nobody said it there.
  const bool elsewhere =
      says(kind) && rooms.find(command.room) != room && !CHATROOM_PLANTED(late_answer_ignores_room);
  const Outcome outcome =
      elsewhere ? Outcome{Errc::not_member} : settle(kind, caller, command, answer);
  if (!outcome.ok()) {
    if (says(kind)) forgive(caller, room, command);
    refuse(caller, outcome.error, key.view());
  }
  release_held(caller.session);
  return {};
}

Engine::State::Outcome Engine::State::settle(QuestionKind kind, const Caller& caller,
                                             const Command& command, const Answer& given) noexcept {
  const Answer answer = engine::checked(given);
  switch (kind) {
    case QuestionKind::auth:
      return settle_auth(caller, answer);
    case QuestionKind::missing_room:
      return settle_missing_room(caller, command, answer);
    case QuestionKind::join:
      return settle_join(caller, command, answer);
    case QuestionKind::load:
      return settle_loaded(caller, command, answer);
    case QuestionKind::publish:
      return settle_publish(caller, command, answer);
    case QuestionKind::call:
      return settle_call(caller, command, answer);
    case QuestionKind::home:
      return settle_home(caller, command);
    case QuestionKind::follower:
      return settle_follower(caller, command, answer);
    case QuestionKind::filter:
      return settle_filter(caller, command, answer);
    case QuestionKind::set_password:
      return settle_set_password(caller, command, answer);
    case QuestionKind::password:
      return settle_password(caller, command, answer);
    case QuestionKind::direct:
      return settle_direct(caller, command, answer);
    case QuestionKind::around:
    case QuestionKind::direct_here:
      break;  // have ways of their own (direct.cc)
    case QuestionKind::block:
      return settle_block(caller, answer);
    case QuestionKind::profile:
    case QuestionKind::profile_wanted:
      return settle_profile(caller, answer);
  }
  return Errc::internal;
}

void Engine::State::forget_question(Question question) noexcept {
  Pending* pending = questions.get(question);
  if (pending == nullptr) return;
  if (asks_only(pending->kind)) {
    --idle_questions;
    if (SessionRecord* const record = slots.get(pending->session)) --record->asks;
  }
  rooms.forget_said(pending->said);  // it will not be said
  wheel.cancel(pending->timer);
  pending->command.clear(blocks);
  questions.erase(question);
}

// The host said nothing in time: the stated default.
void Engine::State::on_question_deadline(Question question) noexcept {
  const Pending* pending = questions.get(question);
  if (pending == nullptr) return;
  if (pending->kind == QuestionKind::around) return engine::finish_around(*this, question, 0);
  const Errc code = pending->kind == QuestionKind::auth ? Errc::unauthorized : Errc::internal;
  Answer answer = Answer::refuse(code);
  answer.error.detail = kTemporary;
  engine::BrokenPort port;
  if (pending->kind == QuestionKind::auth && engine::port_of(pending->kind, port)) {
    port_worked(port, false, pending->sent);
  }
  static_cast<void>(take_answer(question, answer));
}

}  // namespace chatroom
