// The host to many at once: users outside rooms, those of a role or a tag, all rooms of a tenant;
// and what is to be said later. None of it is kept, but what is said in rooms.
#include "engine/abroad.h"
#include "engine/host_input.h"

namespace chatroom {

using engine::admit;
using engine::Packer;
using engine::Record;
using engine::Scheduled;

namespace {

// Checked as what a peer sends is.
Status ready(Outgoing& message, const Limits& limits) noexcept {
  if (const Status good = engine::check_host_message(message); !good) return good;
  return engine::check_sizes(message, limits);
}

}  // namespace

// ---- To users

Result<std::uint32_t> Engine::State::send_to_users(std::span<const std::string_view> users,
                                                   const Outgoing& given) noexcept {
  Outgoing message = given;
  if (const Status good = ready(message, options.limits); !good) return good.error();
  dirty = true;
  std::uint32_t reached = 0;
  for (const std::string_view name : users) {
    const room::UserIndex user = rooms.find_user(name);
    const bool away = user == room::kNone;
    if (away && cluster == nullptr && !wants(WorkKind::push)) continue;
    Event event;
    event.type = EventType::direct;
    event.user = name;
    event.message.kind = message.kind;
    event.message.text = message.text;
    event.message.data = message.data;
    event.message.time_ms = now.unix_ms();
    const std::uint32_t here = away ? 0 : send_direct(user, SessionId{}, event, true);
    reached += here;
    if (cluster != nullptr) {
      engine::send_elsewhere(*this, name, event, here);
    } else if (away) {
      static_cast<void>(push_away(name, event.message));
    }
  }
  return reached;
}

Event Engine::State::message_of_host(RoomId room, const Outgoing& message) noexcept {
  Event event;
  event.type = EventType::message;
  event.room = rooms.view(room).key;
  event.message.room = event.room;
  event.message.channel = message.channel;
  event.message.kind = message.kind;
  event.message.text = message.text;
  event.message.data = message.data;
  event.message.priority = message.priority;
  event.message.time_ms = now.unix_ms();
  return event;
}

// Behind what the room said up to here; lossy, as all is that others cause.
void Engine::State::push_to_member(RoomId room, room::UserIndex user, const Event& event) noexcept {
  const fanout::PrivateOptions here{
      .room = room.index, .barrier = fanout.head(room.index), .lossy = true};
  for (room::MembershipIndex at = rooms.first_of_user(room, user); at != room::kNone;
       at = rooms.next_of_user(at)) {
    push(rooms.view(at).session, event, here);
  }
}

Result<std::uint32_t> Engine::State::send_group(RoomId room, bool by_tag, std::uint64_t which,
                                                const Outgoing& given) noexcept {
  if (!rooms.is_open(room)) return Errc::not_found;
  Outgoing message = given;
  if (const Status good = ready(message, options.limits); !good) return good.error();
  if (is_mirror(room)) {
    const Result<Ticket> sent = ask_home(room, engine::HostOp::send_group, 0, [&](Packer& to) {
      to.flag(by_tag);
      to.u64(which);
      pack(to, message);
    });
    if (!sent) return sent.error();
    return 0u;
  }
  dirty = true;
  const Event event = message_of_host(room, message);
  std::uint32_t reached = 0;
  for (room::MemberIndex at = rooms.first_member(room); at != room::kNone;
       at = rooms.next_member(at)) {
    const Member member = rooms.describe(at);
    const bool meant =
        by_tag ? rooms.tag(at) == which : static_cast<std::uint64_t>(member.role) >= which;
    if (!meant) continue;
    push_to_member(room, rooms.find_user(member.user), event);
    ++reached;
  }
  return reached;
}

// ---- To rooms

Result<std::uint32_t> Engine::State::broadcast_rooms(std::string_view prefix,
                                                     const Outgoing& given) noexcept {
  Outgoing message = given;
  if (const Status good = ready(message, options.limits); !good) return good.error();
  std::uint32_t said = 0;
  for (RoomId room = rooms.first_room(); room; room = rooms.next_room(room)) {
    if (is_mirror(room) || !rooms.view(room).key.starts_with(prefix)) continue;
    if (rooms.channel(room, message.channel) == room::kNone) continue;
    if (broadcast(room, message, 0)) ++said;
  }
  return said;
}

// ---- Later

Result<ScheduleId> Engine::State::schedule(RoomId room, Instant at, const Outgoing& given,
                                           Tag tag) noexcept {
  if (!rooms.is_open(room)) return Errc::not_found;
  Outgoing message = given;
  if (const Status good = ready(message, options.limits); !good) return good.error();
  const ScheduleId id = scheduled.insert();
  if (!id) return Errc::limit_reached;
  Scheduled& later = *scheduled.get(id);
  Packer to{scratch.packed};
  pack(to, message);
  if (!to.ok() || !later.message.push(blocks, to.bytes())) {
    scheduled.erase(id);
    return Errc::limit_reached;
  }
  later.timer.index = id.index;
  later.room = room;
  later.tag = tag;
  wheel.schedule(later.timer, at);
  dirty = true;
  return id;
}

Status Engine::State::cancel(ScheduleId id) noexcept {
  Scheduled* later = scheduled.get(id);
  if (later == nullptr) return Errc::not_found;
  wheel.cancel(later->timer);
  later->message.clear(blocks);
  scheduled.erase(id);
  return {};
}

void Engine::State::on_scheduled(ScheduleId id) noexcept {
  Scheduled& later = *scheduled.get(id);
  const std::size_t size = later.message.pop(blocks, scratch.unpacked);
  const RoomId room = later.room;
  const Tag tag = later.tag;
  scheduled.erase(id);
  engine::Unpacker from{Bytes{scratch.unpacked}.first(size)};
  engine::Lists lists;
  Outgoing message;
  unpack(from, message, lists);
  const Result<Ticket> said = broadcast(room, message, tag);
  if (!said) note({.type = HostEventType::refused, .tag = tag, .error = said.error()});
}

void Engine::State::forget_scheduled(RoomId room) noexcept {
  if (scheduled.size() == 0) return;
  for (std::uint32_t i = 0; i < scheduled.extent(); ++i) {
    const Scheduled* later = scheduled.at(i);
    if (later != nullptr && later->room == room) static_cast<void>(cancel(scheduled.handle_at(i)));
  }
}

// ---- The host's calls

Result<std::uint32_t> Engine::send_to(std::span<const std::string_view> users,
                                      const Outgoing& message) noexcept {
  if (users.size() > kMentionsPerMessage) return Errc::bad_request;
  std::size_t bytes = 0;
  for (const std::string_view user : users) bytes += user.size();
  for (const Error& error :
       {admit(state_->options.limits, message), admit(state_->options.limits, bytes)}) {
    if (error.code != Errc::ok) return error;
  }
  state_->record(Record::send_to_users, [&](Packer& to) {
    to.u8(static_cast<std::uint8_t>(users.size()));
    for (const std::string_view user : users) to.text(user);
    pack(to, message);
  });
  const TurnScope turn{*state_};
  return state_->send_to_users(users, message);
}

Result<std::uint32_t> Engine::broadcast(std::string_view prefix, const Outgoing& message) noexcept {
  for (const Error& error :
       {admit(state_->options.limits, message), admit(state_->options.limits, prefix.size())}) {
    if (error.code != Errc::ok) return error;
  }
  state_->record(Record::broadcast_rooms, [&](Packer& to) {
    to.text(prefix);
    pack(to, message);
  });
  const TurnScope turn{*state_};
  const Result<std::uint32_t> said = state_->broadcast_rooms(prefix, message);
  if (said && state_->cluster != nullptr) {
    engine::broadcast_elsewhere(*state_, prefix, message);
  }
  return said;
}

Status Engine::cancel(ScheduleId id) noexcept {
  state_->record(Record::cancel, [&](Packer& to) { to.handle(id); });
  const TurnScope turn{*state_};
  return state_->cancel(id);
}

namespace {

// The recording says which group, and the replay asks for the same.
Result<std::uint32_t> to_group(Engine::State* state, RoomId room, bool by_tag, std::uint64_t which,
                               const Outgoing& message) noexcept {
  if (state == nullptr) return Errc::not_found;
  if (const Error error = admit(state->options.limits, message); error.code != Errc::ok) {
    return error;
  }
  state->record(Record::room_send_group, [&](Packer& to) {
    to.handle(room);
    to.flag(by_tag);
    to.u64(which);
    pack(to, message);
  });
  const TurnScope turn{*state};
  return state->send_group(room, by_tag, which, message);
}

}  // namespace

Result<std::uint32_t> Room::send_to_role(Role least, const Outgoing& message) noexcept {
  Engine::State* state = engine_ == nullptr ? nullptr : engine_->state_;
  return to_group(state, id_, false, static_cast<std::uint64_t>(least), message);
}
Result<std::uint32_t> Room::send_to_tag(Tag tag, const Outgoing& message) noexcept {
  return to_group(engine_ == nullptr ? nullptr : engine_->state_, id_, true, tag, message);
}

Result<ScheduleId> Room::schedule(Instant at, const Outgoing& message, Tag tag) noexcept {
  if (engine_ == nullptr) return Errc::not_found;
  Engine::State& state = *engine_->state_;
  if (const Error error = admit(state.options.limits, message); error.code != Errc::ok) {
    return error;
  }
  state.record(Record::room_schedule, [&](Packer& to) {
    to.handle(id_);
    to.i64(at.us);
    to.u64(tag);
    pack(to, message);
  });
  const TurnScope turn{state};
  return state.schedule(id_, at, message, tag);
}

}  // namespace chatroom
