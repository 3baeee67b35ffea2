// Rooms with a receive budget, as the engine drives them: a record of the pool each, users kept
// known while a repeat names them, and the heap that says when a window ends.
#include "room/state.h"

namespace chatroom::room {

// ---- The record

bool Tables::budget(Room& room, const RoomPolicy& policy) noexcept {
  const bool wanted = policy.receive_normal_per_s > 0 || policy.receive_high_per_s > 0;
  if (!wanted) {
    drop_budget(room);
    return true;
  }
  if (room.overload != nullptr) return true;
  room.overload = overloads.make(base::HashKey{random.next(), random.next()});
  return room.overload != nullptr;
}

void Tables::drop_budget(Room& room) noexcept {
  if (room.overload == nullptr) return;
  Repeats& repeats = room.overload->repeats();
  for (UserIndex user = repeats.pop(); user != kNone; user = repeats.pop()) release_user(user);
  windows.remove(room.id.index);
  overloads.destroy(room.overload);
  room.overload = nullptr;
}

// ---- A message

Showing Registry::show(RoomId id, UserIndex author, const Outgoing& message, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr || room->overload == nullptr || author == kNone) return {};
  const ChannelIndex channel = t.find_channel(*room, message.channel);
  if (channel == kNone) return {};
  Overload& overload = *room->overload;
  RoomPolicy policy = room->policy;
  if (policy.durability == Durability::before) policy.merge_repeats = false;
  const Showing showing = overload.decide(policy, author, channel, message, now);
  if (showing.kept != kNone) ++t.user(showing.kept).references;
  if (showing.let_go != kNone) t.release_user(showing.let_go);
  t.windows.set(id.index, overload.window_end().us);
  return showing;
}

void Registry::showed(RoomId id, const Showing& showing, std::uint64_t offset) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr || room->overload == nullptr) return;
  if (showing.repeat != Repeats::kNoPlace)
    room->overload->repeats().at(showing.repeat).first = offset;
}

void Registry::pressed(RoomId id, Instant now) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr || room->overload == nullptr) return;
  room->overload->pressed(now);
  tables_->windows.set(id.index, room->overload->window_end().us);
}

bool Registry::take_rung_change(RoomId id) noexcept {
  Room* room = tables_->find_room(id);
  return room != nullptr && room->overload != nullptr && room->overload->take_change();
}

bool Registry::take_rate(RoomId id, ShownRate& rate) noexcept {
  Room* room = tables_->find_room(id);
  return room != nullptr && room->overload != nullptr && room->overload->take_rate(rate);
}

void Registry::rate_untold(RoomId id) noexcept {
  Room* room = tables_->find_room(id);
  if (room != nullptr && room->overload != nullptr) room->overload->rate_untold();
}

Rung Registry::rung(RoomId id) const noexcept {
  const Room* room = tables_->find_room(id);
  return room == nullptr || room->overload == nullptr ? Rung::normal : room->overload->rung();
}

void Registry::remember_key(RoomId id, UserIndex author, std::string_view key, std::uint64_t offset,
                            Instant now) noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr || key.empty() || author == kNone) return;
  t.keys.remember(t.keys.print(id.index, room->epoch, t.user(author).id.view(), key), offset, now);
}

// ---- The end of a window

Instant Registry::next_overload_due() const noexcept {
  return tables_->windows.empty() ? Instant::never() : Instant{tables_->windows.top_key()};
}

bool Registry::end_window(Instant now, WindowEnd& ended) noexcept {
  Tables& t = *tables_;
  if (t.windows.empty() || t.windows.top_key() > now.us) return false;
  Room& room = t.room(t.windows.top());
  Overload& overload = *room.overload;
  Repeats& repeats = overload.repeats();
  for (UserIndex user = repeats.pop_unused(); user != kNone; user = repeats.pop_unused()) {
    t.release_user(user);
  }
  ended = {room.id, overload.end_window(room.policy, now)};
  if (overload.window_end() == Instant::never()) {
    t.windows.remove(room.id.index);
  } else {
    t.windows.set(room.id.index, overload.window_end().us);
  }
  return true;
}

void Registry::tell_later(RoomId id, ChannelIndex channel, std::uint32_t sampled) noexcept {
  Room* room = tables_->find_room(id);
  if (room != nullptr && room->overload != nullptr) room->overload->tell_later(channel, sampled);
}

Repeat* Registry::next_release(RoomId id, Instant now) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr || room->overload == nullptr) return nullptr;
  return room->overload->next_release(room->policy, now);
}

}  // namespace chatroom::room
