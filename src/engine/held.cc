// What a filter or the host held: it waits for a moderator, who lets it be said or not. Bounded by
// Limits::held_messages, of one room a quarter; past that the oldest is rejected: the room's, or
// that of whoever has the most waiting. It is the home's and goes with the room.
#include "engine/held.h"

#include "base/plant.h"
#include "base/siphash.h"
#include "engine/host_input.h"
#include "engine/state.h"

namespace chatroom {

using engine::HeldMessage;

namespace {

using State = Engine::State;

constexpr std::size_t kFieldBytes = 512;  // of a `held` event beside what is said
constexpr std::size_t kEscapedMost = 6;   // bytes that JSON makes of one

// What waits, with its message in views of the scratch, until that is used again.
struct Unpacked {
  Unpacked(State& state, HeldMessage& waits) noexcept {
    engine::Unpacker from{state.held_messages.read(waits, state.scratch.page)};
    unpack(from, message, lists);
  }
  Outgoing message;
  engine::Lists lists;
};

Event about(State& state, const HeldMessage& waits, const Outgoing& message,
            std::string_view action) noexcept {
  const room::UserView author = state.rooms.user(waits.author);
  Event event;
  event.type = EventType::held;
  event.action = action;
  event.room = state.rooms.view(waits.room).key;
  event.held = waits.number;
  event.message = {.room = event.room,
                   .channel = message.channel,
                   .user = author.id,
                   .nick = author.nick,
                   .role = state.rooms.rank_in(waits.room, author.id, waits.channel),
                   .kind = message.kind,
                   .text = message.text,
                   .data = message.data,
                   .priority = message.priority,
                   .reply_to = message.reply_to,
                   .mentions = message.mentions,
                   .time_ms = waits.time_ms};
  return event;
}

// Those who may review hear that it waits, and so does the host.
void tell_it_waits(State& state, const HeldMessage& waits, const Outgoing& message) noexcept {
  const Event event = about(state, waits, message, "hold");
  state.tell_staff(waits.room, event, room::kNone, waits.channel);
  state.note({.type = HostEventType::held,
              .user = event.message.user,
              .room = event.room,
              .position = {state.rooms.view(waits.room).position.epoch, waits.number}});
}

void drop(State& state, HeldMessage& waits) noexcept {
  state.rooms.let_go_user(waits.author);
  state.held_messages.remove(waits);
}

void reject(State& state, HeldMessage& waits, std::string_view by, std::string_view why) noexcept {
  const Unpacked unpacked{state, waits};
  Event event = about(state, waits, unpacked.message, "reject");
  event.by = by;
  event.text = why;
  state.tell_user(waits.room, waits.author, event);
  state.tell_staff(waits.room, event, waits.author, waits.channel);
  drop(state, waits);
}

// Said now, at the place of now: what the room decided about since holds no more for it. What is
// stored first goes to the storage only, and is said when that has it.
Status say_released(State& state, HeldMessage& waits, const Outgoing& message,
                    std::uint64_t& offset) noexcept {
  const RoomId room = waits.room;
  // Its author lost the answer and said it again; one of the two was released already.
  Position first;
  if (state.rooms.answered(room, waits.author, message.key, state.now, first)) {
    offset = first.offset;
    return {};
  }
  if (state.rooms.channel(room, message.channel) == room::kNone) return Errc::not_found;
  if (state.stores_first(room)) {
    // What is stored first is said by somebody who is there.
    if (state.rooms.user(waits.author).sessions == 0) return Errc::not_found;
    const State::Caller nobody{.session = {}, .id = 0, .op = Op::publish, .ticket = waits.number};
    const State::Outcome taken = state.publish_before(nobody, room, waits.author, message);
    if (!taken.ok()) return taken.error;
    state.held_messages.release(waits);
    return {};
  }
  const Result<Position> said = state.say(room, waits.author, message, 0);
  if (!said) return said.error();
  offset = said->offset;
  return {};
}

// What a publish that no session waits for had been held as. Null: it was not, or its room is gone.
HeldMessage* released_as(State& state, const State::Caller& caller) noexcept {
  if (caller.host || caller.session || caller.ticket == 0) return nullptr;
  return state.held_messages.find_released(caller.ticket);
}

}  // namespace

// `held`, or why it cannot wait.
Error Engine::State::hold(RoomId room, room::UserIndex author, const Outgoing& message) noexcept {
  if (const Error error = engine::check_sizes(message, options.limits); error.code != Errc::ok) {
    return error;
  }
  // Tenants are counted apart; where there are none, rooms.
  const auto owner = [&](RoomId one) -> std::uint64_t {
    return rooms.apart() ? base::siphash(tries_key, tenant_of(rooms.view(one).key)) : one.index;
  };
  if (!held_messages.has_place(room)) return refusal(Errc::filtered, Rule::capacity);
  if (HeldMessage* const one = held_messages.in_the_way(room, owner)) reject(*this, *one, {}, {});
  engine::Packer to{scratch.packed};
  pack(to, message);
  HeldMessage* const waits = to.ok() ? held_messages.add(room, to.bytes()) : nullptr;
  if (waits == nullptr) return refusal(Errc::filtered, Rule::capacity);
  waits->author = author;
  waits->channel = rooms.channel(room, message.channel);
  waits->time_ms = now.unix_ms();
  rooms.hold_user(author);
  tell_it_waits(*this, *waits, message);
  return refusal(Errc::held, Rule::filter);
}

Status Engine::State::decide_held(RoomId room, const Actor& actor,
                                  const Command& command) noexcept {
  HeldMessage* const waits = held_messages.find(room, command.offset);
  if (waits == nullptr) return Errc::not_found;
  const room::UserIndex author = waits->author;
  if (!actor.host && actor.user == rooms.user(author).id) return Errc::forbidden;
  Command noted = command;
  base::FixedText<64> name;
  name.assign(rooms.user(author).id);
  noted.user = name.view();
  if (command.op == Op::reject && !CHATROOM_PLANTED(rejected_still_said)) {
    reject(*this, *waits, actor.user, command.reason);
    note_moderation(room, actor, noted, 0);
    return {};
  }
  const Unpacked unpacked{*this, *waits};
  std::uint64_t offset = 0;
  const Status done = say_released(*this, *waits, unpacked.message, offset);
  if (!done) return done;
  Event event = about(*this, *waits, unpacked.message, "release");
  event.by = actor.user;
  event.message.offset = offset;
  tell_user(room, author, event);
  tell_staff(room, event, author, waits->channel);
  note_moderation(room, actor, noted, 0);
  if (!waits->released) drop(*this, *waits);
  return {};
}

void Engine::State::released_stored(const Caller& caller) noexcept {
  if (HeldMessage* const one = released_as(*this, caller)) drop(*this, *one);
}

// The storage did not take it: it waits at its place again, and its moderators hear of it.
void Engine::State::released_refused(const Caller& caller) noexcept {
  HeldMessage* const one = released_as(*this, caller);
  if (one == nullptr) return;
  held_messages.wait_again(*one);
  tell_it_waits(*this, *one, Unpacked{*this, *one}.message);
}

void Engine::State::reject_held_of(RoomId room, std::string_view user,
                                   std::string_view by) noexcept {
  for (HeldMessage* at = held_messages.after(room, 0); at != nullptr;) {
    HeldMessage& one = *at;
    at = held_messages.next(one);
    if (user.empty() || rooms.user(one.author).id == user) reject(*this, one, by, {});
  }
}

// The room ends, which is all that anybody is told.
void Engine::State::drop_held_of(RoomId room) noexcept {
  while (HeldMessage* const one = held_messages.any_of(room)) drop(*this, *one);
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
  for (HeldMessage* at = held_messages.after(room, command.after); at != nullptr;
       at = held_messages.next(*at)) {
    if (!may_review(room, reader, at->channel)) continue;
    const Unpacked unpacked{*this, *at};
    const Outgoing& message = unpacked.message;
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
    const Event event = about(*this, *at, message, "hold");
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
  for (HeldMessage* at = state.held_messages.after(id_, 0); at != nullptr;) {
    const std::uint64_t number = at->number;
    visit(context, number, about(state, *at, Unpacked{state, *at}.message, {}).message);
    at = state.held_messages.after(id_, number);
  }
  return {};
}

}  // namespace chatroom
