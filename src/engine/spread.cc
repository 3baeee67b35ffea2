// Spread: what a turn says to whole rooms at its end, once for all that happened in it.
#include "engine/state.h"

namespace chatroom {

namespace {

// Presence that only counts has one key in each room: who has not sent the last count yet gets the
// newer one instead.
constexpr std::uint64_t kCountKey = 1;

}  // namespace

void Engine::State::spread() noexcept {
  for (RoomId room = rooms.next_presence(now); room; room = rooms.next_presence(now)) {
    spread_presence(room);
  }
}

// Lossy: the version tells a member that it missed something, and `presence` brings the list.
void Engine::State::spread_presence(RoomId room) noexcept {
  const room::PresenceChange change = rooms.take_presence(room, now);
  Event event;
  event.type = EventType::presence;
  event.room = rooms.view(room).key;
  event.online = change.online;
  event.presence_version = change.version;
  event.joins = change.joins;
  event.leaves = change.leaves;
  const fanout::EntryMeta meta{.priority = Priority::normal,
                               .latest = change.exact ? 0 : kCountKey};
  const Result<fanout::Appended> told = fanout.append(room.index, meta, event);
  if (!told) note({.type = HostEventType::overload, .room = event.room, .error = told.error()});
}

}  // namespace chatroom
