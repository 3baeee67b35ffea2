// Rooms with a receive budget: what becomes of a message that is not shown, and what a window of a
// second leaves to tell. Which is which is decided in room/overload.h.
#include <utility>

#include "engine/latest.h"
#include "engine/state.h"

namespace chatroom {

Engine::State::Outcome Engine::State::withhold(const Caller& caller, RoomId room,
                                               const Outgoing& message,
                                               const room::Showing& showing) noexcept {
  using Way = room::Showing::Way;
  const room::UserIndex author = rooms.user_of(caller.session.index);
  if (showing.way == Way::refused) {
    return Error{Errc::room_overloaded, kTemporary, showing.retry_after_ms};
  }
  const room::ChannelIndex channel = rooms.channel(room, message.channel);
  const fanout::EntryMeta meta{.priority = message.priority,
                               .channel = static_cast<std::uint8_t>(channel)};
  const bool merged = showing.way == Way::merged;
  fanout.withhold(room.index, meta, merged ? fanout::Withheld::merged : fanout::Withheld::sampled);
  rooms.remember_key(room, author, message.key, showing.first, now);
  rooms.place_said(caller.said, showing.first);
  if (!merged) echo(room, author, channel, message);
  const Position place{rooms.view(room).position.epoch, showing.first};
  answer_publish(caller, place);
  return Outcome::at(place);
}

// One's own message is always seen, by all of one's sessions that read the channel.
void Engine::State::echo(RoomId room, room::UserIndex author, room::ChannelIndex channel,
                         const Outgoing& message) noexcept {
  if (CHATROOM_PLANTED(sampled_not_echoed)) return;
  Outgoing volatile_copy = message;
  volatile_copy.keep = false;
  volatile_copy.key = {};
  const Result<room::Committed> stamped = rooms.stamp(room, author, volatile_copy, 1, now);
  if (!stamped) return;
  Event event;
  event.type = EventType::message;
  event.room = stamped->message.room;
  event.message = stamped->message;
  const fanout::PrivateOptions here{
      .room = room.index, .barrier = fanout.head(room.index), .lossy = true};
  for (room::MembershipIndex at = rooms.first_of_user(room, author); at != room::kNone;
       at = rooms.next_of_user(at)) {
    const room::MembershipView view = rooms.view(at);
    if ((view.mask & room::bit_of(channel)) != 0) push(view.session, event, here);
  }
}

void Engine::State::tell_rung(RoomId room, room::ChannelIndex budget) noexcept {
  if (!rooms.take_rung_change(room, budget)) return;
  HostEvent event{.type = HostEventType::overload, .room = rooms.view(room).key};
  event.rung = rooms.rung(room, budget);
  if (rooms.budgets_apart(room)) event.text = rooms.channel_name(room, budget);
  note(event);
}

// Members hear what share they are shown, before the count of what they were not.
void Engine::State::tell_rate(RoomId room, room::ChannelIndex budget) noexcept {
  room::ShownRate rate;
  if (!rooms.take_rate(room, budget, rate)) return;
  if (!say_rate(room, budget, rooms.budgets_apart(room), rate)) rooms.rate_untold(room, budget);
}

// Of a channel's own budget only those hear who are on the channel.
bool Engine::State::say_rate(RoomId room, room::ChannelIndex budget, bool apart,
                             const room::ShownRate& rate) noexcept {
  Event event;
  event.type = EventType::room_state;
  event.room = rooms.view(room).key;
  event.state.has_rate = true;
  event.state.rung = rate.rung;
  event.state.kept = rate.kept;
  fanout::EntryMeta meta{
      .priority = Priority::high, .reliable = true, .latest = engine::kRateKey + budget};
  if (apart) {
    event.channel = rooms.channel_name(room, budget);
    meta.channel = static_cast<std::uint8_t>(budget);
  }
  const Result<fanout::Appended> told = append(room, meta, event);
  return told && !told->sampled;
}

void Engine::State::end_windows() noexcept {
  for (room::WindowEnd ended; rooms.end_window(now, ended);) {
    tell_rung(ended.room, ended.budget);
    tell_rate(ended.room, ended.budget);
    release_repeats(ended.room, ended.budget);
    tell_sampled(ended.room, ended.sampled);
    rooms.let_go(ended.room, ended.budget);
  }
}

void Engine::State::release_repeats(RoomId room, room::ChannelIndex budget) noexcept {
  for (room::Repeat* held = rooms.next_release(room, budget, now); held != nullptr;
       held = rooms.next_release(room, budget, now)) {
    const std::uint32_t count = std::exchange(held->count, 0);
    if (CHATROOM_PLANTED(repeats_lost)) continue;
    const Outgoing message{.channel = rooms.channel_name(room, held->channel),
                           .kind = {held->kind.view()},
                           .text = held->text.view(),
                           .priority = held->priority};
    Result<room::Committed> stamped = rooms.stamp(room, held->author, message, 1, now);
    if (stamped) {
      stamped->message.count = count;
      stamped->message.first = held->first;
      if (spread_message(room, *stamped, held->author, message, 0)) continue;
    }
    held->count = count;  // the next window tries again
    return;
  }
}

// Only `gap` means loss: how much of each channel was not shown. Reliable, so that it adds up.
void Engine::State::tell_sampled(RoomId room, const room::Sampled& sampled) noexcept {
  for (room::ChannelIndex channel = 0; channel < room::kChannelsMax; ++channel) {
    if (sampled[channel] == 0) continue;
    Event event;
    event.type = EventType::gap;
    event.room = rooms.view(room).key;
    event.channel = rooms.channel_name(room, channel);
    event.gap = {.count = sampled[channel], .lossy = true, .reason = GapReason::sampled};
    const fanout::EntryMeta meta{.priority = Priority::high,
                                 .reliable = true,
                                 .channel = static_cast<std::uint8_t>(channel)};
    const Result<fanout::Appended> told = append(room, meta, event);
    if (told) continue;
    rooms.tell_later(room, channel, sampled[channel]);
    rooms.pressed(room, now);
    note({.type = HostEventType::overload, .room = event.room, .error = told.error()});
  }
}

}  // namespace chatroom
