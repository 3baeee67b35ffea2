// Spread: what a turn says to whole rooms at its end, once for all that happened in it.
#include <algorithm>

#include "engine/latest.h"
#include "engine/state.h"

namespace chatroom {

namespace {

// A frame holds at most 240 members (wire/WIRE.md): larger changes are told in parts, each with the
// same version.
constexpr std::size_t kChangesPerEvent = 200;

template <class T>
std::span<const T> cut_front(std::span<const T>& rest) noexcept {
  const std::size_t size = std::min(rest.size(), kChangesPerEvent);
  const std::span<const T> front = rest.first(size);
  rest = rest.subspan(size);
  return front;
}

}  // namespace

void Engine::State::spread() noexcept {
  end_windows();
  tend_lines();
  tell_receipts();
  tell_likes();
  for (RoomId room = rooms.next_presence(now); room; room = rooms.next_presence(now)) {
    spread_presence(room);
  }
}

// Lossy. A member that loses one is told so by a gap, and all who should have had one that the log
// had no place for by a count, a little later; `presence` brings the list.
void Engine::State::spread_presence(RoomId room) noexcept {
  room::PresenceChange change = rooms.take_presence(room, now);
  if (is_mirror(room)) return;  // its home tells it
  Event event;
  event.type = EventType::presence;
  event.room = rooms.view(room).key;
  event.online = change.online;
  event.presence_version = change.version;
  event.changes = change.changes;
  const fanout::EntryMeta meta{.priority = Priority::normal,
                               .latest = change.exact ? 0 : engine::kPresenceKey};
  do {
    event.joins = cut_front(change.joins);
    event.leaves = cut_front(change.leaves);
    const Result<fanout::Appended> told = append(room, meta, event);
    if (told && !told->sampled) continue;
    const Error error = told ? Error{Errc::room_overloaded, kTemporary, 0} : told.error();
    note({.type = HostEventType::overload, .room = event.room, .error = error});
    rooms.presence_untold(room, now);
    return;
  } while (!change.joins.empty() || !change.leaves.empty());
}

}  // namespace chatroom
