// What a filter or the host held: it waits for a moderator, who lets it be said or not. Bounded by
// Limits::held_messages, of one room a quarter; past that the oldest is rejected: the room's, or
// that of whoever has the most waiting. It is the home's and goes with the room.
#include <algorithm>
#include <array>

#include "base/plant.h"
#include "base/siphash.h"
#include "engine/host_input.h"
#include "engine/state.h"

namespace chatroom {

using engine::HeldMessage;

namespace {

constexpr std::size_t kFieldBytes = 512;  // of a `held` event beside what is said
constexpr std::size_t kEscapedMost = 6;   // bytes that JSON makes of one

}  // namespace

// `held`, or why it cannot wait.
Error Engine::State::hold(RoomId room, room::UserIndex author, const Outgoing& message) noexcept {
  if (const Error error = engine::check_sizes(message, options.limits); error.code != Errc::ok) {
    return error;
  }
  std::uint32_t here = 0;
  HeldMessage* oldest_here = nullptr;
  for (HeldMessage* at = held_messages.front(); at != nullptr; at = held_messages.next(*at)) {
    if (at->room != room) continue;
    if (here++ == 0) oldest_here = at;
  }
  const std::uint32_t most = options.limits.held_messages;
  if (here >= std::max(most / 4, 1u)) {
    reject_held(*oldest_here, {}, {});
  } else if (held_messages.size() >= most && !held_messages.empty()) {
    reject_held(*oldest_of_most(room), {}, {});
  }
  HeldMessage* const waits = held_records.make();
  if (waits == nullptr) return refusal(Errc::filtered, Rule::capacity);
  engine::Packer to{scratch.packed};
  pack(to, message);
  if (!to.ok() || !waits->packed.push(blocks, to.bytes())) {
    held_records.destroy(waits);
    return refusal(Errc::filtered, Rule::capacity);
  }
  waits->number = next_held++;
  waits->room = room;
  waits->author = author;
  waits->channel = rooms.channel(room, message.channel);
  waits->time_ms = now.unix_ms();
  rooms.hold_user(author);
  held_messages.push_back(*waits);
  Event event = about_held(*waits, message);
  event.action = "hold";
  tell_staff(room, event, room::kNone, waits->channel);
  note({.type = HostEventType::held,
        .user = rooms.user(author).id,
        .room = event.room,
        .position = {rooms.view(room).position.epoch, waits->number}});
  return refusal(Errc::held, Rule::filter);
}

// Of whoever has the most waiting, with the one that comes: a tenant; where there are none, a room.
// So nobody's flood takes a place from those who have few. Counted in groups, which may meet.
HeldMessage* Engine::State::oldest_of_most(RoomId newcomer) noexcept {
  constexpr std::size_t kGroups = 256;
  std::array<std::uint32_t, kGroups> counts{};
  const auto group = [&](RoomId room) -> std::uint32_t& {
    const std::uint64_t owner =
        rooms.apart() ? base::siphash(tries_key, tenant_of(rooms.view(room).key)) : room.index;
    return counts[owner % kGroups];
  };
  std::uint32_t most = ++group(newcomer);
  for (HeldMessage* at = held_messages.front(); at != nullptr; at = held_messages.next(*at)) {
    most = std::max(most, ++group(at->room));
  }
  HeldMessage* oldest = held_messages.front();
  while (group(oldest->room) != most) oldest = held_messages.next(*oldest);
  return oldest;
}

// Views of the scratch, until it is used again.
void Engine::State::unpack_held(HeldMessage& waits, Outgoing& message,
                                engine::Lists& lists) noexcept {
  const std::size_t size = waits.packed.pop(blocks, scratch.page);
  const Bytes bytes = Bytes{scratch.page}.first(size);
  static_cast<void>(waits.packed.push(blocks, bytes));  // its blocks were just given back
  engine::Unpacker from{bytes};
  unpack(from, message, lists);
}

Event Engine::State::about_held(const HeldMessage& waits, const Outgoing& message) noexcept {
  const room::UserView author = rooms.user(waits.author);
  Event event;
  event.type = EventType::held;
  event.room = rooms.view(waits.room).key;
  event.held = waits.number;
  event.message = {.room = event.room,
                   .channel = message.channel,
                   .user = author.id,
                   .nick = author.nick,
                   .role = rooms.rank_in(waits.room, author.id, waits.channel),
                   .kind = message.kind,
                   .text = message.text,
                   .data = message.data,
                   .priority = message.priority,
                   .reply_to = message.reply_to,
                   .mentions = message.mentions,
                   .time_ms = waits.time_ms};
  return event;
}

HeldMessage* Engine::State::find_held(RoomId room, std::uint64_t number) noexcept {
  HeldMessage* waits = held_messages.front();
  while (waits != nullptr && (waits->number != number || waits->room != room)) {
    waits = held_messages.next(*waits);
  }
  return waits;
}

Status Engine::State::decide_held(RoomId room, const Actor& actor,
                                  const Command& command) noexcept {
  HeldMessage* const waits = find_held(room, command.offset);
  if (waits == nullptr) return Errc::not_found;
  const room::UserIndex author = waits->author;
  if (!actor.host && actor.user == rooms.user(author).id) return Errc::forbidden;
  Command noted = command;
  base::FixedText<64> name;
  name.assign(rooms.user(author).id);
  noted.user = name.view();
  if (command.op == Op::reject && !CHATROOM_PLANTED(rejected_still_said)) {
    reject_held(*waits, actor.user, command.reason);
    note_moderation(room, actor, noted, 0);
    return {};
  }
  Outgoing message;
  engine::Lists lists;
  unpack_held(*waits, message, lists);
  std::uint64_t offset = 0;
  const Status done = release_held_message(*waits, message, offset);
  if (!done) return done;
  Event event = about_held(*waits, message);
  event.action = "release";
  event.by = actor.user;
  event.message.offset = offset;
  tell_user(room, author, event);
  tell_staff(room, event, author, waits->channel);
  note_moderation(room, actor, noted, 0);
  if (!waits->released) drop_held(*waits);
  return {};
}

// It is said now, at the place of now: what the room decided about since holds no more for it.
Status Engine::State::release_held_message(HeldMessage& waits, const Outgoing& message,
                                           std::uint64_t& offset) noexcept {
  const RoomId room = waits.room;
  // Its author lost the answer and said it again; one of the two was released already.
  Position first;
  if (rooms.answered(room, waits.author, message.key, now, first)) {
    offset = first.offset;
    return {};
  }
  if (rooms.channel(room, message.channel) == room::kNone) return Errc::not_found;
  if (stores_first(room)) {
    // What is stored first is said by somebody who is there.
    if (rooms.user(waits.author).sessions == 0) return Errc::not_found;
    const Caller nobody{.session = {}, .id = 0, .op = Op::publish, .ticket = waits.number};
    const Outcome taken = publish_before(nobody, room, waits.author, message);
    if (!taken.ok()) return taken.error;
    held_messages.remove(waits);
    released_messages.push_back(waits);
    waits.released = true;
    return {};
  }
  const Result<Position> said = say(room, waits.author, message, 0);
  if (!said) return said.error();
  offset = said->offset;
  return {};
}

// What a publish that no session waits for had been held as. Null: it was not, or its room is gone.
HeldMessage* Engine::State::find_released(const Caller& caller) noexcept {
  if (caller.host || caller.session || caller.ticket == 0) return nullptr;
  HeldMessage* waits = released_messages.front();
  while (waits != nullptr && waits->number != caller.ticket) waits = released_messages.next(*waits);
  return waits;
}

// The storage did not take it: it waits at its place again, and its moderators hear of it.
void Engine::State::hold_again(HeldMessage& waits) noexcept {
  released_messages.remove(waits);
  waits.released = false;
  HeldMessage* at = held_messages.front();
  while (at != nullptr && at->number < waits.number) at = held_messages.next(*at);
  if (at == nullptr) {
    held_messages.push_back(waits);
  } else {
    held_messages.insert_before(*at, waits);
  }
  Outgoing message;
  engine::Lists lists;
  unpack_held(waits, message, lists);
  Event event = about_held(waits, message);
  event.action = "hold";
  tell_staff(waits.room, event, room::kNone, waits.channel);
  note({.type = HostEventType::held,
        .user = rooms.user(waits.author).id,
        .room = event.room,
        .position = {rooms.view(waits.room).position.epoch, waits.number}});
}

void Engine::State::reject_held(HeldMessage& waits, std::string_view by,
                                std::string_view why) noexcept {
  Outgoing message;
  engine::Lists lists;
  unpack_held(waits, message, lists);
  Event event = about_held(waits, message);
  event.action = "reject";
  event.by = by;
  event.text = why;
  tell_user(waits.room, waits.author, event);
  tell_staff(waits.room, event, waits.author, waits.channel);
  drop_held(waits);
}

void Engine::State::reject_held_of(RoomId room, std::string_view user,
                                   std::string_view by) noexcept {
  for (HeldMessage* at = held_messages.front(); at != nullptr;) {
    HeldMessage& one = *at;
    at = held_messages.next(one);
    if (one.room != room) continue;
    if (user.empty() || rooms.user(one.author).id == user) reject_held(one, by, {});
  }
}

void Engine::State::drop_held(HeldMessage& waits) noexcept {
  rooms.let_go_user(waits.author);
  waits.packed.clear(blocks);
  (waits.released ? released_messages : held_messages).remove(waits);
  held_records.destroy(&waits);
}

// The room ends, which is all that anybody is told.
void Engine::State::drop_held_of(RoomId room) noexcept {
  for (auto* list : {&held_messages, &released_messages}) {
    for (HeldMessage* at = list->front(); at != nullptr;) {
      HeldMessage& one = *at;
      at = list->next(one);
      if (one.room == room) drop_held(one);
    }
  }
}

// A few at a time, as the events that were told when they came; `more`: ask again after the last.
Engine::State::Outcome Engine::State::decide_list_held(const Caller& caller,
                                                       const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  const std::uint32_t session = caller.session.index;
  if (!room || rooms.membership(room, session) == room::kNone) return Errc::not_member;
  const room::UserIndex reader = rooms.user_of(session);
  bool reviews = room::may(rooms.role(room, reader), room::Operation::review);
  for (room::ChannelIndex i = 0; i < room::kChannelsMax; ++i) {
    reviews = reviews || may_review(room, reader, i);
  }
  if (!reviews) return Errc::forbidden;
  Event answer_event;
  std::size_t bytes = 0;
  for (HeldMessage* at = held_messages.front(); at != nullptr; at = held_messages.next(*at)) {
    if (at->room != room || at->number <= command.after) continue;
    if (!may_review(room, reader, at->channel)) continue;
    Outgoing message;
    engine::Lists lists;
    unpack_held(*at, message, lists);
    const std::size_t size = message.text.size() + message.data.bytes.size();
    const std::size_t most = kFieldBytes + kEscapedMost * size;
    // Whoever asks must not be closed for what others said: half of what may wait for him, here or
    // at the engine that he is connected to.
    const std::size_t used = std::max<std::size_t>(bytes, fanout.private_bytes(session));
    if (used > 0 && used + most > options.limits.private_bytes / 2) {
      answer_event.more = true;
      break;
    }
    bytes += most;
    Event event = about_held(*at, message);
    event.action = "hold";
    push(session, event, {.room = room.index, .barrier = fanout.head(room.index)});
  }
  answer(caller, answer_event);
  return {};
}

// What others cause must never close anybody: it is lossy.
void Engine::State::tell_user(RoomId room, room::UserIndex user, const Event& event) noexcept {
  if (rooms.member(room, user) == room::kNone) return;
  const fanout::PrivateOptions how{
      .room = room.index, .barrier = fanout.head(room.index), .lossy = true};
  for (room::MembershipIndex at = rooms.first_of_user(room, user); at != room::kNone;
       at = rooms.next_of_user(at)) {
    push(rooms.view(at).session, event, how);
  }
}

// Who may review in that channel; kNone: in the room.
void Engine::State::tell_staff(RoomId room, const Event& event, room::UserIndex but,
                               room::ChannelIndex channel) noexcept {
  for (std::uint32_t at = rooms.next_staff(room, room::kNone); at != room::kNone;
       at = rooms.next_staff(room, at)) {
    const room::UserIndex user = rooms.staff_user(at);
    if (user != but && may_review(room, user, channel)) tell_user(room, user, event);
  }
}

Status Room::for_each_held(HeldVisitor visit, void* context) const noexcept {
  if (!open()) return Errc::not_found;
  Engine::State& state = *engine_->state_;
  // By number, since the visitor may decide this one or any other, or close the room.
  const auto next = [&](std::uint64_t past) {
    HeldMessage* at = state.held_messages.front();
    while (at != nullptr && (at->room != id_ || at->number <= past)) {
      at = state.held_messages.next(*at);
    }
    return at;
  };
  for (HeldMessage* at = next(0); at != nullptr;) {
    const std::uint64_t number = at->number;
    Outgoing message;
    engine::Lists lists;
    state.unpack_held(*at, message, lists);
    visit(context, number, state.about_held(*at, message).message);
    at = next(number);
  }
  return {};
}

}  // namespace chatroom
