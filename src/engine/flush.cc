// Flush: members behind their log get one gathered write each, within the budget; sessions that
// ended are offered what they still have coming and closed.
#include "engine/questions.h"

namespace chatroom {

void Engine::State::flush(Budget& budget, std::uint32_t& large) noexcept {
  take_doomed();
  close_marked();
  {
    const PortCall guard{in_port};
    const fanout::Flushed flushed = fanout.flush(now, budget, large);
    more_work = more_work || flushed.more;
    next_flush = flushed.next;
  }
  note_gaps();  // first: who was told may be among those who must go
  take_doomed();
  close_marked();
  note_gaps();
  fanout::SessionSlot relieved = fanout::kNoSlot;
  while (fanout.next_relieved(relieved)) {
    const SessionId id = id_of(relieved);
    if (slots.get(id) == nullptr) continue;
    dirty = true;  // what waited may be answered now, in a further round
    release_held(id);
  }
}

void Engine::State::note_gaps() noexcept {
  fanout::GapTold told;
  while (fanout.next_gap(told)) {
    const room::UserIndex user = rooms.user_of(told.session);
    note({.type = HostEventType::dropped,
          .session = id_of(told.session),
          .user = user == room::kNone ? std::string_view{} : rooms.user(user).id,
          .room = told.room == fanout::kNoSlot ? std::string_view{} : fanout.key(told.room),
          .gap = told.gap});
    trace(told.session,
          {.room = told.room == fanout::kNoSlot ? std::string_view{} : fanout.key(told.room),
           .gap = told.gap,
           .step = TraceStep::gap});
  }
}

void Engine::State::take_doomed() noexcept {
  fanout::Doomed doomed;
  while (fanout.next_doomed(doomed)) {
    const SessionId id = id_of(doomed.session);
    if (CHATROOM_PLANTED(slow_consumer_stays)) continue;
    if (id) end_session(id, doomed.code, LeaveReason::slow_consumer);
  }
}

void Engine::State::close_marked() noexcept {
  for (std::size_t i = 0; i < closing.size(); ++i) {
    const SessionId id = closing[i];
    SessionRecord* const session = slots.get(id);
    if (session == nullptr) continue;  // the peer was quicker
    const PortCall guard{in_port};
    Connection& connection = fanout.connection(id.index);
    fanout.flush_session(now, id.index);
    fanout.close_outlet(id.index);
    session->stage = engine::Stage::closed;
    connection.close(session->close_code);
    record(engine::Record::ended, [&](engine::Packer& to) {
      to.handle(id);
      to.u16(static_cast<std::uint16_t>(session->close_code));
    });
  }
  closing.clear();
}

}  // namespace chatroom
