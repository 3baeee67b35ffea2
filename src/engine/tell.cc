// Tell: the host hears what happened. The state is consistent, so everything may be called from
// here but the engine's end; what is called decides at once and is spread in a further round.
#include "engine/state.h"
#include "wire/outer.h"

namespace chatroom {

namespace {

// Of one event for the observer: names of 64 bytes, a room of 128, a reason of 200, numbers.
constexpr std::size_t kNoteBytes = 768;

}  // namespace

bool Engine::State::tell() noexcept {
  // Once a turn, so that a queue that stays full is no second flood.
  if (work_lost != 0) {
    note({.type = HostEventType::copies_lost, .count = std::exchange(work_lost, 0)});
  }
  if (events.empty() && locals_ready.empty() && events_lost == 0) return false;
  telling = true;
  tell_observer();
  tell_locals();
  telling = false;
  return true;
}

// Strings are copied: what they name may be gone when it is told.
void Engine::State::note(const HostEvent& event) noexcept {
  copy(event);
  if (ports.observer == nullptr) return;
  std::byte buffer[kNoteBytes];
  engine::Packer to{buffer};
  to.u8(static_cast<std::uint8_t>(event.type));
  to.u32(event.session.index);
  to.u32(event.session.generation);
  to.text(event.user);
  to.text(event.room);
  to.u8(static_cast<std::uint8_t>(event.reason));
  to.u16(static_cast<std::uint16_t>(event.close_code));
  to.u64(event.position.epoch);
  to.u64(event.position.offset);
  to.u64(event.tag);
  to.u64(event.ticket);
  to.u8(static_cast<std::uint8_t>(event.error.code));
  to.u16(event.error.detail);
  to.u32(event.error.retry_after_ms);
  to.u64(event.gap.from);
  to.u64(event.gap.to);
  to.u64(event.gap.count);
  to.flag(event.gap.lossy);
  to.flag(event.gap.reliable);
  to.u8(static_cast<std::uint8_t>(event.gap.reason));
  to.u8(static_cast<std::uint8_t>(event.rung));
  to.u8(static_cast<std::uint8_t>(event.op));
  to.text(event.by);
  to.text(event.text);
  to.i64(event.until_ms);
  to.u64(event.count);
  to.u8(static_cast<std::uint8_t>(event.step));
  to.u32(event.id);
  to.flag(event.resumed);
  // Part of the pool is for the one event that every host counts on.
  const bool vital = event.type == HostEventType::session_closed;
  const std::uint32_t most = options.limits.events / (event.type == HostEventType::traced ? 2 : 1);
  const bool room_left = events.size() < most || vital;
  // What does not fit is lost like what finds no place: texts come from outside.
  if (!to.ok() || !room_left || !events.push(event_blocks, to.bytes())) ++events_lost;
}

void Engine::State::tell_observer() noexcept {
  if (ports.observer == nullptr) return;
  if (events_lost != 0) {
    HostEvent lost;
    lost.type = HostEventType::events_lost;
    lost.gap.count = std::exchange(events_lost, 0);
    ports.observer->on_event(lost);
    record(engine::Record::told);
  }
  for (std::uint32_t left = events.size(); left > 0; --left) {
    std::byte buffer[kNoteBytes];
    const std::size_t size = events.pop(event_blocks, buffer);
    engine::Unpacker from{Bytes{buffer}.first(size)};
    HostEvent event;
    event.type = static_cast<HostEventType>(from.u8());
    event.session.index = from.u32();
    event.session.generation = from.u32();
    event.user = from.text();
    event.room = from.text();
    event.reason = static_cast<LeaveReason>(from.u8());
    event.close_code = static_cast<CloseCode>(from.u16());
    event.position.epoch = from.u64();
    event.position.offset = from.u64();
    event.tag = from.u64();
    event.ticket = from.u64();
    event.error.code = static_cast<Errc>(from.u8());
    event.error.detail = from.u16();
    event.error.retry_after_ms = from.u32();
    event.gap.from = from.u64();
    event.gap.to = from.u64();
    event.gap.count = from.u64();
    event.gap.lossy = from.flag();
    event.gap.reliable = from.flag();
    event.gap.reason = static_cast<GapReason>(from.u8());
    event.rung = static_cast<Rung>(from.u8());
    event.op = static_cast<Op>(from.u8());
    event.by = from.text();
    event.text = from.text();
    event.until_ms = from.i64();
    event.count = from.u64();
    event.step = static_cast<TraceStep>(from.u8());
    event.id = from.u32();
    event.resumed = from.flag();
    ports.observer->on_event(event);
    record(engine::Record::told);
  }
}

void Engine::State::tell_locals() noexcept {
  for (std::size_t left = locals_ready.size(); left > 0; --left) {
    const SessionId id = locals_ready[0];
    locals_ready.erase(0);
    tell_local(id);
  }
}

void Engine::State::tell_local(SessionId id) noexcept {
  SessionRecord* const session = slots.get(id);
  if (session == nullptr) return;
  // Stays until it is forgotten, below.
  engine::LocalLink& link = *session->link;
  link.told();
  for (std::uint32_t left = link.inbox().size(); left > 0; --left) {
    const std::size_t size = link.inbox().pop(blocks, scratch.told);
    Bytes rest = Bytes{scratch.told}.first(size);
    while (!rest.empty()) {
      const wire::OuterFrame frame = wire::read_outer_frame(rest, wire::kOuterBodyBytesMax);
      CHATROOM_ASSERT(frame.state == wire::OuterFrame::State::whole);
      rest = rest.subspan(frame.bytes);
      Event event;
      const Decoded decoded = local_codec.decode(frame.body, event);
      CHATROOM_ASSERT(static_cast<bool>(decoded.status));
      link.member().on_event(event);
      record(engine::Record::told);
    }
  }
  if (link.take_refused() && fanout.has_outlet(id.index)) {
    fanout.on_writable(id.index);
    dirty = true;
  }
  if (link.closed()) {
    link.member().on_closed(link.code());
    record(engine::Record::told);
    forget_session(id);
  }
}

}  // namespace chatroom
