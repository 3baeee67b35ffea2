// Taking back what was said: one message, all of a user's, everything; and what a room keeps in
// sight: pinned messages and words of its own.
#include "room/state.h"

namespace chatroom::room {

// The message's place in the ring; empty: it is not there, or was taken back.
History::Place Tables::find_message(const Room& room, std::uint64_t offset) noexcept {
  const std::uint32_t index = room.id.index;
  if (offset == 0 || history.count(index) == 0) return {};
  if (offset < history.first_offset(index) || offset > history.last_offset(index)) return {};
  const History::Place place = history.seek(index, offset);
  return History::head(place).recalled() ? History::Place{} : place;
}

Result<std::string_view> Registry::author(RoomId id, std::uint64_t offset) noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  const History::Place place = room == nullptr ? History::Place{} : t.find_message(*room, offset);
  if (!place) return Errc::not_found;
  t.arena.clear();
  return History::read(place, History::head(place), t.arena).user;
}

void Registry::recall(RoomId id, std::uint64_t offset) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return;
  if (const History::Place place = t.find_message(*room, offset)) History::recall(place);
}

void Registry::clear(RoomId id, std::string_view user) noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr) return;
  for (History::Place at = t.history.first(id.index); at; at = t.history.next(id.index, at)) {
    t.arena.clear();
    const History::Head head = History::head(at);
    if (head.recalled()) continue;
    if (user.empty() || History::read(at, head, t.arena).user == user) History::recall(at);
  }
}

bool Registry::is_recalled(RoomId id, std::uint64_t offset) noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr || offset == 0 || t.history.count(id.index) == 0) return false;
  if (offset < t.history.first_offset(id.index) || offset > t.history.last_offset(id.index)) {
    return false;
  }
  return !t.find_message(*room, offset);
}

// ---- The board

bool Tables::make_board(Room& room) noexcept {
  if (room.board == nullptr) room.board = boards.make();
  return room.board != nullptr;
}

void Tables::drop_board(Room& room) noexcept {
  if (room.board == nullptr) return;
  boards.destroy(room.board);
  room.board = nullptr;
}

Result<bool> Registry::pin(RoomId id, std::uint64_t offset) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr || !t.find_message(*room, offset)) return Errc::not_found;
  if (room->board != nullptr && room->board->pinned(offset)) return false;
  if (!t.make_board(*room) || !room->board->pin(offset)) return Errc::limit_reached;
  return true;
}

bool Registry::unpin(RoomId id, std::uint64_t offset) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr || room->board == nullptr || !room->board->pinned(offset)) return false;
  room->board->unpin(offset);
  if (room->board->empty()) tables_->drop_board(*room);
  return true;
}

bool Registry::unpin_recalled(RoomId id) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr || room->board == nullptr) return false;
  std::array<std::uint64_t, kPinsMax> gone{};
  std::size_t count = 0;
  for (const std::uint64_t offset : room->board->pins()) {
    if (is_recalled(id, offset)) gone[count++] = offset;
  }
  for (std::size_t i = 0; i < count; ++i) room->board->unpin(gone[i]);
  if (room->board->empty()) tables_->drop_board(*room);
  return count > 0;
}

Status Registry::set_attribute(RoomId id, std::string_view key,
                               std::optional<std::string_view> value) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  if (!value && room->board == nullptr) return {};
  if (!t.make_board(*room)) return Errc::limit_reached;
  const bool set = room->board->attributes.set(key, value);
  if (room->board->empty()) t.drop_board(*room);
  return set ? Status{} : Status{Errc::limit_reached};
}

void Registry::restore_pin(RoomId id, std::uint64_t offset) noexcept {
  Room* room = tables_->find_room(id);
  if (room != nullptr && tables_->make_board(*room)) static_cast<void>(room->board->pin(offset));
}

void Registry::set_closed(RoomId id, ChannelIndex channel, bool closed) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr) return;
  room->closed = closed ? room->closed | bit_of(channel) : room->closed & ~bit_of(channel);
}

bool Registry::is_closed(RoomId id, ChannelIndex channel) const noexcept {
  const Room* room = tables_->find_room(id);
  return room != nullptr && (room->closed & bit_of(channel)) != 0;
}

}  // namespace chatroom::room
