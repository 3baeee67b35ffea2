// Likes: counted where they are published, told once a second. What a member is told last is right
// whatever it missed before, so a newer number replaces an older one that was not sent yet.
#include "engine/latest.h"
#include "engine/state.h"

namespace chatroom {

// In place of a message: it is answered without one.
Engine::State::Outcome Engine::State::decide_like(const Caller& caller, RoomId room,
                                                  const Outgoing& message, bool counts) noexcept {
  const room::UserIndex author = rooms.user_of(caller.session.index);
  if (counts && !rooms.like(room, message.count, now)) return Errc::limit_reached;
  rooms.remember_key(room, author, message.key, 0, now);
  const Position place{rooms.view(room).position.epoch, 0};
  answer_publish(caller, place);
  return Outcome::at(place);
}

Result<Ticket> Engine::State::like_as_host(RoomId room, const Outgoing& message, Tag tag) noexcept {
  if (!rooms.like(room, message.count, now)) return Errc::limit_reached;
  dirty = true;
  const Ticket ticket{next_ticket++, {rooms.view(room).position.epoch, 0}};
  if (tag != 0) {
    note({.type = HostEventType::published,
          .room = rooms.view(room).key,
          .position = ticket.position,
          .tag = tag,
          .ticket = ticket.id});
  }
  return ticket;
}

// Reliable: a number that stands still for ever must be the last one.
void Engine::State::tell_likes() noexcept {
  for (RoomId room = rooms.next_likes(now); room; room = rooms.next_likes(now)) {
    Event event;
    event.type = EventType::room_state;
    event.room = rooms.view(room).key;
    event.state.likes = rooms.likes(room);
    const fanout::EntryMeta meta{
        .priority = Priority::high, .reliable = true, .latest = engine::kLikesKey};
    const Result<fanout::Appended> told = append(room, meta, event);
    if (!told || told->sampled) {
      rooms.likes_untold(room, now);
      continue;
    }
    note({.type = HostEventType::likes, .room = event.room, .count = *event.state.likes});
  }
}

}  // namespace chatroom
