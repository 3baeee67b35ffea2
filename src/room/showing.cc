// Rooms with a receive budget, as the engine drives them: records of the pool, users kept known
// while a repeat names them, and the heap that says when a window ends.
#include "room/state.h"

namespace chatroom::room {

// ---- The records

bool Tables::budget(Room& room, const RoomPolicy& policy) noexcept {
  const bool apart = policy.channel_normal_per_s > 0 || policy.channel_high_per_s > 0;
  const bool wanted = apart || policy.receive_normal_per_s > 0 || policy.receive_high_per_s > 0;
  if (room.budgets != nullptr && (!wanted || room.budgets->apart != apart)) drop_budget(room);
  if (!wanted || room.budgets != nullptr) return true;
  room.budgets = budgets.make(apart);
  if (room.budgets == nullptr) return false;
  if (budget_of(room, 0) != nullptr) return true;
  budgets.destroy(std::exchange(room.budgets, nullptr));
  return false;
}

// For a channel: half of the records is for rooms, so that what is said in channels keeps no room
// from opening.
bool Tables::has_budget_left() const noexcept {
  return overloads.in_use() < limits.budget_rooms / 2;
}

// Made if it is not there: null, if there is no place for one more.
Overload* Tables::budget_of(Room& room, ChannelIndex channel) noexcept {
  Overload*& own = room.budgets->channels[channel];
  if (own != nullptr) return own;
  if (channel != 0 && !has_budget_left()) return nullptr;
  // Where the fan-out cannot follow, a channel that was quiet till now makes no difference.
  const Rung others = room.budgets->rung();
  const Rung start = others >= Rung::high_only ? others : Rung::normal;
  own = overloads.make(base::HashKey{random.next(), random.next()}, start);
  return own;
}

void Tables::drop_budget_of(Room& room, ChannelIndex channel) noexcept {
  Overload* const own = std::exchange(room.budgets->channels[channel], nullptr);
  if (own == nullptr) return;
  Repeats& repeats = own->repeats();
  for (UserIndex user = repeats.pop(); user != kNone; user = repeats.pop()) release_user(user);
  overloads.destroy(own);
}

void Tables::drop_budget(Room& room) noexcept {
  if (room.budgets == nullptr) return;
  for (ChannelIndex i = 0; i < kChannelsMax; ++i) drop_budget_of(room, i);
  windows.remove(room.id.index);
  budgets.destroy(std::exchange(room.budgets, nullptr));
}

void Tables::watch_windows(Room& room) noexcept {
  const Instant next = room.budgets->next_end();
  if (next == Instant::never()) return windows.remove(room.id.index);
  windows.set(room.id.index, next.us);
}

// ---- A message

Showing Registry::show(RoomId id, UserIndex author, const Outgoing& message, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr || room->budgets == nullptr || author == kNone) return {};
  const ChannelIndex channel = t.find_channel(*room, message.channel);
  if (channel == kNone) return {};
  Budgets& budgets = *room->budgets;
  if (budgets.apart) static_cast<void>(t.budget_of(*room, channel));
  Showing showing =
      budgets.of(channel).decide(t.share(*room, channel), author, channel, message, now);
  showing.budget = budgets.channels[channel] != nullptr ? channel : 0;
  if (showing.kept != kNone) ++t.user(showing.kept).references;
  if (showing.let_go != kNone) t.release_user(showing.let_go);
  t.watch_windows(*room);
  return showing;
}

Share Tables::share(Room& room, ChannelIndex channel) noexcept {
  Share share = room.budgets->share(room.policy, channel);
  if (room.policy.durability == Durability::before) share.merge = false;
  return share;
}

void Registry::showed(RoomId id, const Showing& showing, std::uint64_t offset) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr || room->budgets == nullptr || showing.repeat == Repeats::kNoPlace) return;
  room->budgets->of(showing.budget).repeats().at(showing.repeat).first = offset;
}

void Registry::pressed(RoomId id, Instant now) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr || room->budgets == nullptr) return;
  for (Overload* one : room->budgets->channels) {
    if (one != nullptr) one->pressed(now);  // the log is that of all of them
  }
  tables_->watch_windows(*room);
}

bool Registry::take_rung_change(RoomId id, ChannelIndex budget) noexcept {
  Overload* const one = tables_->overload(id, budget);
  return one != nullptr && one->take_change();
}

bool Registry::take_rate(RoomId id, ChannelIndex budget, ShownRate& rate) noexcept {
  Overload* const one = tables_->overload(id, budget);
  return one != nullptr && one->take_rate(rate);
}

void Registry::rate_untold(RoomId id, ChannelIndex budget) noexcept {
  Overload* const one = tables_->overload(id, budget);
  if (one != nullptr) one->rate_untold();
}

void Registry::tell_rate_again(RoomId id, ChannelMask mask) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr || room->budgets == nullptr || !room->budgets->apart) return;
  for (ChannelIndex i = 0; i < kChannelsMax; ++i) {
    Overload* const one = room->budgets->channels[i];
    if (one != nullptr && (mask & bit_of(i)) != 0) one->tell_again();
  }
}

Overload* Tables::overload(RoomId id, ChannelIndex budget) noexcept {
  Room* room = find_room(id);
  return room == nullptr || room->budgets == nullptr ? nullptr : room->budgets->channels[budget];
}

bool Registry::budgets_apart(RoomId id) const noexcept {
  const Room* room = tables_->find_room(id);
  return room != nullptr && room->budgets != nullptr && room->budgets->apart;
}

Rung Registry::rung(RoomId id) const noexcept {
  const Room* room = tables_->find_room(id);
  return room == nullptr || room->budgets == nullptr ? Rung::normal : room->budgets->rung();
}

Rung Registry::rung(RoomId id, ChannelIndex channel) const noexcept {
  const Room* room = tables_->find_room(id);
  if (room == nullptr || room->budgets == nullptr || channel >= room->channels) return Rung::normal;
  const Budgets& budgets = *room->budgets;
  const bool own = budgets.channels[channel] != nullptr;
  if (!budgets.apart || own || !tables_->has_budget_left()) {
    return budgets.of(channel).rung();
  }
  return Rung::normal;  // nobody speaks there, so nothing is left out
}

ChannelMask Registry::rates_told(RoomId id) const noexcept {
  const Room* room = tables_->find_room(id);
  ChannelMask told = 0;
  for (ChannelIndex i = 0; i < kChannelsMax && room != nullptr && room->budgets != nullptr; ++i) {
    const Overload* const one = room->budgets->channels[i];
    if (one != nullptr && one->rate_told().rung != Rung::normal) told |= bit_of(i);
  }
  return told;
}

void Registry::remember_key(RoomId id, UserIndex author, std::string_view key, std::uint64_t offset,
                            Instant now) noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr || key.empty() || author == kNone) return;
  t.keys.remember(t.keys.print(id.index, room->epoch, t.user(author).id(), key), offset, now);
}

// ---- The end of a window

Instant Registry::next_overload_due() const noexcept {
  return tables_->windows.empty() ? Instant::never() : Instant{tables_->windows.top_key()};
}

bool Registry::end_window(Instant now, WindowEnd& ended) noexcept {
  Tables& t = *tables_;
  if (t.windows.empty() || t.windows.top_key() > now.us) return false;
  Room& room = t.room(t.windows.top());
  Budgets& budgets = *room.budgets;
  ChannelIndex at = 0;
  while (budgets.channels[at] == nullptr || budgets.channels[at]->window_end() > now) ++at;
  Overload& overload = *budgets.channels[at];
  Repeats& repeats = overload.repeats();
  for (UserIndex user = repeats.pop_unused(); user != kNone; user = repeats.pop_unused()) {
    t.release_user(user);
  }
  ended = {room.id, at, overload.end_window(t.share(room, at), now)};
  budgets.divide(room.policy);
  t.watch_windows(room);
  return true;
}

void Registry::tell_later(RoomId id, ChannelIndex channel, std::uint32_t sampled) noexcept {
  Room* room = tables_->find_room(id);
  if (room != nullptr && room->budgets != nullptr) {
    room->budgets->of(channel).tell_later(channel, sampled);
  }
}

void Registry::let_go(RoomId id, ChannelIndex budget) noexcept {
  Tables& t = *tables_;
  const Overload* const one = t.overload(id, budget);
  if (budget == 0 || one == nullptr || one->window_end() != Instant::never()) return;
  t.drop_budget_of(t.room(id.index), budget);
}

Repeat* Registry::next_release(RoomId id, ChannelIndex budget, Instant now) noexcept {
  Overload* const one = tables_->overload(id, budget);
  if (one == nullptr) return nullptr;
  return one->next_release(tables_->share(tables_->room(id.index), budget), now);
}

}  // namespace chatroom::room
