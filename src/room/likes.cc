// Likes: in rooms with RoomPolicy::likes a number that goes up, told as such once a second. They
// cost the room one small record, and nothing in its log and history.
#include <algorithm>
#include <utility>

#include "base/plant.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

constexpr Duration kTellInterval = Duration::s(1);
constexpr std::uint64_t kLikesMax = (std::uint64_t{1} << 53) - 1;  // what the wire can say

}  // namespace

Likes* Tables::make_likes(Room& room) noexcept {
  if (room.likes == kNone) room.likes = likes.insert(room.id);
  return room.likes == kNone ? nullptr : likes.at(room.likes);
}

void Tables::drop_likes(Room& room) noexcept {
  if (room.likes == kNone) return;
  Likes& gone = *likes.at(room.likes);
  if (gone.linked()) liked.remove(gone);
  likes.erase(std::exchange(room.likes, kNone));
}

bool Registry::counts_likes(RoomId id) const noexcept {
  const Room* room = tables_->find_room(id);
  return room != nullptr && room->policy.likes;
}

// The room is told a second after the first like that it was not told of: so never twice in one.
bool Registry::like(RoomId id, std::uint64_t count, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  Likes* likes = room == nullptr ? nullptr : t.make_likes(*room);
  if (likes == nullptr) return false;
  likes->count = std::min(base::saturating_add(likes->count, count), kLikesMax);
  if (CHATROOM_PLANTED(last_like_untold) && likes->due.us != 0) return true;
  if (!likes->linked()) likes_untold(id, now);
  return true;
}

void Registry::likes_untold(RoomId id, Instant now) noexcept {
  Tables& t = *tables_;
  Likes& likes = *t.likes.at(t.find_room(id)->likes);
  CHATROOM_ASSERT(!likes.linked());
  likes.due = now + kTellInterval;  // the same for all, so the list is in the order of it
  if (CHATROOM_PLANTED(likes_told_at_once)) likes.due = now;
  t.liked.push_back(likes);
}

void Registry::hold_likes(RoomId id, std::uint64_t count) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr || !room->policy.likes) return;
  if (Likes* likes = t.make_likes(*room); likes != nullptr) likes->count = count;
}

std::uint64_t Registry::likes(RoomId id) const noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  return room == nullptr || room->likes == kNone ? 0 : t.likes.at(room->likes)->count;
}

RoomId Registry::next_likes(Instant now) noexcept {
  Likes* first = tables_->liked.front();
  if (first == nullptr || first->due > now) return {};
  tables_->liked.remove(*first);
  return first->room;
}

Instant Registry::next_likes_due() const noexcept {
  const Likes* first = tables_->liked.front();
  return first == nullptr ? Instant::never() : first->due;
}

}  // namespace chatroom::room
