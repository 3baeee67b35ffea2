// Direct messages over several engines. Nobody knows where a user's sessions are, so all engines
// are asked, in one message each: those who have him deliver it, as their own Relations say, and
// answer how many sessions that were. Who is nowhere is pushed to.
#include "engine/abroad.h"

namespace chatroom::engine {

namespace {

// What was looked for a user for.
enum class Purpose : std::uint8_t {
  command,  // of a session, which is answered
  pretended,
  host,
  mention,
};

// What is kept while others are asked.
struct Sought {
  Purpose purpose = Purpose::command;
  std::string_view user;
  Message message;
  std::string_view mentions[kMentionsPerMessage];
};

void pack(Packer& to, Purpose purpose, std::string_view user, const Message& message) noexcept {
  to.u8(static_cast<std::uint8_t>(purpose));
  to.text(user);
  pack(to, message);
}
void unpack(Unpacker& from, Sought& kept) noexcept {
  kept.purpose = static_cast<Purpose>(from.u8());
  kept.user = from.text();
  unpack(from, kept.message, kept.mentions);
}

Search search_of(Purpose purpose) noexcept {
  switch (purpose) {
    case Purpose::command:
      return Search::ask;
    case Purpose::pretended:
      return Search::pretend;
    case Purpose::host:
      return Search::deliver;
    case Purpose::mention:
      break;
  }
  return Search::count;
}

Event event_of(const Message& message, std::string_view user) noexcept {
  Event event;
  event.type = EventType::direct;
  event.user = user;
  event.message = message;
  return event;
}

// What is known when all have answered, or nobody is waited for any more.
struct Found {
  std::uint32_t sessions = 0;
  std::uint64_t senders = 0;
  bool unasked = false;
  Error refused;
};

void push_to(Engine::State& state, const Sought& kept) noexcept {
  if (state.wants(WorkKind::push)) static_cast<void>(state.push_away(kept.user, kept.message));
}

// ok, or what the sender is told.
Error settle_found(Engine::State& state, SessionId from, const Sought& kept,
                   const Found& found) noexcept {
  const bool own = kept.user == kept.message.user;
  const bool delivers = kept.purpose == Purpose::command;
  if (found.sessions == 0 && !own) {
    if (found.refused.code != Errc::ok) return found.refused;
    if (!state.wants(WorkKind::push)) {
      return {found.unasked ? Errc::internal : Errc::not_found, kTemporary, 0};
    }
    if (delivers && !state.push_away(kept.user, kept.message)) {
      return {Errc::not_found, kTemporary, 0};
    }
  }
  const Event event = event_of(kept.message, kept.user);
  const room::UserIndex sender = state.rooms.find_user(kept.message.user);
  if (!own && sender != room::kNone) state.send_direct(sender, from, event, true);
  const Bytes frame = found.senders == 0 ? Bytes{} : state.encode_crossing(event);
  for (std::uint32_t i = 0; i < Peers::kMost && !own; ++i) {
    if ((found.senders & Peers::bit(i)) == 0) continue;
    const PeerId peer = state.cluster->peers.ids[i];
    static_cast<void>(state.cross(peer, Crossing::direct_echo, Delivery::usual,
                                  [&](Packer& to) { to.raw(frame); }));
  }
  if (delivers && found.sessions > 0 && state.wants(WorkKind::direct)) {
    Work work{.kind = WorkKind::direct, .user = kept.user, .message = kept.message};
    state.hand_over(work);
  }
  return {};
}

void answer_found(Engine::State& state, const Caller& caller, std::uint32_t sessions) noexcept {
  Event reply;
  reply.sessions = sessions;
  state.answer(caller, reply);
}

// Nobody else is asked, or all have said what they know.
void settle_unasked(Engine::State& state, const Sought& kept, const Found& found) noexcept {
  if (found.sessions == 0) push_to(state, kept);
  if (kept.purpose != Purpose::host || !found.unasked) return;
  state.note(
      {.type = HostEventType::refused, .user = kept.user, .error = {Errc::queue_full, 0, 0}});
}

// Asks all others. False: there is nobody to ask, or no place to remember it (`found.unasked`).
bool look_around(Engine::State& state, const Caller& caller, Purpose purpose, std::string_view user,
                 const Message& message, Found& found) noexcept {
  PeerId peers[Peers::kMost];
  std::uint32_t count = std::min(state.ports.broker->peers(peers), Peers::kMost);
  if (CHATROOM_PLANTED(others_not_asked)) count = 0;
  if (count == 0) return false;
  found.unasked = true;
  // What no session waits for could be many at once: decisions find half of the places free.
  const bool waited_for = purpose == Purpose::command || purpose == Purpose::pretended;
  if (!waited_for && state.questions.size() >= state.options.limits.questions / 2) return false;
  const Question question = state.questions.insert();
  if (!question) return false;
  Pending& pending = *state.questions.get(question);
  Packer kept{state.scratch.packed};
  pack(kept, purpose, user, message);
  CHATROOM_ASSERT(kept.ok());
  if (!pending.command.push(state.blocks, kept.bytes())) {
    state.questions.erase(question);
    return false;
  }
  pending.unasked = false;
  const Bytes frame =
      purpose == Purpose::mention ? Bytes{} : state.encode_crossing(event_of(message, user));
  for (const PeerId peer : std::span{peers}.first(count)) {
    const std::uint64_t bit = state.cluster->peers.bit_of(peer);
    const bool sent =
        bit != 0 && state.cross(peer, Crossing::direct, Delivery::usual, [&](Packer& to) {
          to.handle(question);
          to.u8(static_cast<std::uint8_t>(search_of(purpose)));
          to.text(user);
          to.raw(frame);
        });
    if (sent) pending.silent |= bit;
    if (!sent) pending.unasked = true;
  }
  if (pending.silent == 0) {
    state.forget_question(question);
    return false;
  }
  pending.kind = QuestionKind::around;
  pending.session = caller.session;
  pending.id = caller.id;
  pending.host = caller.host;
  pending.tag = caller.tag;
  pending.ticket = caller.ticket;
  pending.found = found.sessions;
  pending.timer.index = question.index;
  state.wheel.schedule(pending.timer, state.now + state.options.limits.question_deadline);
  if (caller.session && !caller.host) {
    state.slots.get(caller.session)->waiting = question.index;
  }
  return true;
}

}  // namespace

// ---- Where it is said

Engine::State::Outcome send_abroad(Engine::State& state, const Caller& caller,
                                   std::string_view user, const Event& event,
                                   bool delivers) noexcept {
  const room::UserIndex to = state.rooms.find_user(user);
  Found found;
  if (to != room::kNone) found.sessions = state.send_direct(to, caller.session, event, delivers);
  const Purpose purpose = delivers ? Purpose::command : Purpose::pretended;
  if (look_around(state, caller, purpose, user, event.message, found)) {
    return Engine::State::Outcome::later();
  }
  Sought kept;
  kept.purpose = purpose;
  kept.user = user;
  kept.message = event.message;
  const Error error = settle_found(state, caller.session, kept, found);
  if (error.code != Errc::ok) return error;
  answer_found(state, caller, found.sessions);
  return {};
}

void send_elsewhere(Engine::State& state, std::string_view user, const Event& event,
                    std::uint32_t reached) noexcept {
  Found found;
  found.sessions = reached;
  if (look_around(state, {}, Purpose::host, user, event.message, found)) return;
  Sought kept;
  kept.purpose = Purpose::host;
  kept.user = user;
  kept.message = event.message;
  settle_unasked(state, kept, found);
}

void push_if_away(Engine::State& state, std::string_view user, const Message& message) noexcept {
  if (state.rooms.find_user(user) != room::kNone) return;
  Found found;
  if (look_around(state, {}, Purpose::mention, user, message, found)) return;
  Sought kept;
  kept.purpose = Purpose::mention;
  kept.user = user;
  kept.message = message;
  settle_unasked(state, kept, found);
}

void take_direct_done(Engine::State& state, PeerId from, Unpacker& in) noexcept {
  const auto question = in.handle<Question>();
  const std::uint32_t sessions = in.u32();
  const bool sender = in.flag();
  const Error error = unpack_error(in);
  Pending* pending = state.questions.get(question);
  if (!in.ok() || pending == nullptr || pending->kind != QuestionKind::around) return;
  const std::uint64_t bit = state.cluster->peers.bit_of(from);
  if ((pending->silent & bit) == 0) return;
  pending->found += sessions;
  if (sender) pending->senders |= bit;
  if (error.code != Errc::ok) pending->refused = error;
  finish_around(state, question, bit);
}

void finish_around(Engine::State& state, Question question, std::uint64_t heard) noexcept {
  Pending& pending = *state.questions.get(question);
  if (heard == 0) pending.unasked = true;
  pending.silent &= heard == 0 ? 0 : ~heard;
  if (pending.silent != 0) return;
  state.dirty = true;
  pending.command.pop(state.blocks, state.scratch.unpacked);
  Unpacker from{state.scratch.unpacked};
  Sought kept;
  unpack(from, kept);
  const Found found{pending.found, pending.senders, pending.unasked, pending.refused};
  const Caller caller{.session = pending.session,
                      .id = pending.id,
                      .op = Op::send_to,
                      .host = pending.host,
                      .tag = pending.tag,
                      .ticket = pending.ticket};
  state.forget_question(question);
  if (kept.purpose != Purpose::command && kept.purpose != Purpose::pretended) {
    return settle_unasked(state, kept, found);
  }
  const Error error = settle_found(state, caller.session, kept, found);
  SessionRecord* record = state.slots.get(caller.session);
  if (record == nullptr || record->stage != Stage::open) return;
  state.stop_waiting(*record, question);
  if (error.code == Errc::ok) {
    answer_found(state, caller, found.sessions);
  } else {
    state.refuse(caller, error);
  }
  state.release_held(caller.session);
}

void lose_asked(Engine::State& state, PeerId peer) noexcept {
  const std::uint64_t bit = state.cluster->peers.bit_of(peer);
  for (std::uint32_t i = 0; i < state.questions.extent(); ++i) {
    Pending* pending = state.questions.at(i);
    if (pending == nullptr || pending->kind != QuestionKind::around) continue;
    pending->senders &= ~bit;
    if ((pending->silent & bit) == 0) continue;
    pending->unasked = true;
    finish_around(state, state.questions.handle_at(i), bit);
  }
  state.cluster->peers.forget(peer);
}

// ---- Where he may be

namespace {

Answer dropped() noexcept {
  Answer answer;
  answer.verdict = Answer::Verdict::drop;
  return answer;
}

void reply(Engine::State& state, PeerId to, Question question, std::uint32_t sessions, bool sender,
           Error error) noexcept {
  static_cast<void>(state.cross(to, Crossing::direct_done, Delivery::usual, [&](Packer& message) {
    message.handle(question);
    message.u32(sessions);
    message.flag(sender);
    pack(message, error);
  }));
}

// As its own Relations, or nobody, would have it.
void settle_here(Engine::State& state, PeerId from, Question asked, const Event& event,
                 const Answer& answer) noexcept {
  using Verdict = Answer::Verdict;
  const bool passes = answer.verdict == Verdict::pass;
  const room::UserIndex to = state.rooms.find_user(event.user);
  const room::UserIndex sender = state.rooms.find_user(event.message.user);
  const bool own = event.user == event.message.user;
  const bool here =
      !own && sender != room::kNone && state.send_direct(sender, SessionId{}, event, false) > 0;
  Error error;
  std::uint32_t sessions = 0;
  if (answer.verdict == Verdict::refuse) {
    error = refused_by_host(answer.error);
  } else if (!passes && answer.verdict != Verdict::drop) {
    error = {Errc::internal, kTemporary, 0};
  } else if (to != room::kNone) {
    const bool delivers = passes || CHATROOM_PLANTED(blocked_still_delivered);
    sessions = state.send_direct(to, SessionId{}, event, delivers);
  }
  reply(state, from, asked, sessions, here, error);
}

}  // namespace

void take_direct(Engine::State& state, PeerId from, Unpacker& in) noexcept {
  const auto asked = in.handle<Question>();
  const auto search = static_cast<Search>(in.u8());
  const std::string_view user = in.text();
  if (!in.ok()) return;
  Event event;
  if (search != Search::count && !state.decode_crossing(in.rest(), event)) return;
  event.user = user;
  const room::UserIndex to = state.rooms.find_user(user);
  const bool here = to != room::kNone && state.send_direct(to, SessionId{}, event, false) > 0;
  const bool asks = here && search == Search::ask && state.ports.relations != nullptr &&
                    event.user != event.message.user;
  if (!asks) {
    const bool silent = search == Search::pretend || search == Search::count;
    return settle_here(state, from, asked, event, silent ? dropped() : Answer::pass());
  }
  Answer answer;
  if (state.answer_for(QuestionKind::direct_here, answer)) {
    return settle_here(state, from, asked, event, checked(answer));
  }
  const Question question = state.questions.insert();
  if (!question) return settle_here(state, from, asked, event, Answer::refuse(Errc::internal));
  const DirectRequest request{.session = {}, .from = event.message.user, .to = user};
  {
    const PortCall guard{state.in_port};
    answer = state.ports.relations->on_direct(question, request);
  }
  if (answer.verdict != Answer::Verdict::later) {
    state.questions.erase(question);
    state.port_answered(QuestionKind::direct_here, answer, state.now);
    return settle_here(state, from, asked, event, checked(answer));
  }
  Pending& pending = *state.questions.get(question);
  Packer kept{state.scratch.packed};
  kept.handle(asked);
  pack(kept, Purpose::command, user, event.message);
  // Its engine may allow longer ones than this.
  if (!kept.ok() || !pending.command.push(state.blocks, kept.bytes())) {
    state.questions.erase(question);
    return settle_here(state, from, asked, event, Answer::refuse(Errc::internal));
  }
  pending.kind = QuestionKind::direct_here;
  pending.peer = from;
  pending.sent = state.now;
  pending.timer.index = question.index;
  // Before the sender's engine waits no longer.
  const Duration wait{state.options.limits.question_deadline.us / 2};
  state.wheel.schedule(pending.timer, state.now + wait);
}

void finish_direct_here(Engine::State& state, Question question, const Answer& answer) noexcept {
  Pending& pending = *state.questions.get(question);
  pending.command.pop(state.blocks, state.scratch.unpacked);
  Unpacker from{state.scratch.unpacked};
  const auto asked = from.handle<Question>();
  Sought kept;
  unpack(from, kept);
  const PeerId peer = pending.peer;
  const Instant sent = pending.sent;
  state.forget_question(question);
  state.port_answered(QuestionKind::direct_here, answer, sent);
  settle_here(state, peer, asked, event_of(kept.message, kept.user), checked(answer));
}

void take_direct_echo(Engine::State& state, Unpacker& in) noexcept {
  Event event;
  if (!in.ok() || !state.decode_crossing(in.rest(), event)) return;
  const room::UserIndex sender = state.rooms.find_user(event.message.user);
  if (sender != room::kNone) state.send_direct(sender, SessionId{}, event, true);
}

}  // namespace chatroom::engine
