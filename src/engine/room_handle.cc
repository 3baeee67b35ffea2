// Room and MemberHandle: what the host holds of a room.
#include "chatroom/room.h"

#include "engine/cross.h"
#include "engine/host_input.h"

namespace chatroom {

using engine::admit;
using engine::Packer;
using engine::Record;

bool Room::open() const noexcept {
  return engine_ != nullptr && engine_->state_->rooms.is_open(id_);
}

std::string_view Room::key() const noexcept {
  return open() ? engine_->state_->rooms.view(id_).key : std::string_view{};
}

Position Room::position() const noexcept {
  return open() ? engine_->state_->rooms.view(id_).position : Position{};
}

std::uint32_t Room::online() const noexcept { return open() ? engine_->state_->online(id_) : 0; }

std::uint64_t Room::likes() const noexcept {
  return engine_ == nullptr ? 0 : engine_->state_->rooms.likes(id_);
}

Rung Room::rung() const noexcept {
  return engine_ == nullptr ? Rung::normal : engine_->state_->rooms.rung(id_);
}

Rung Room::rung(std::string_view channel) const noexcept {
  if (engine_ == nullptr) return Rung::normal;
  const room::Registry& rooms = engine_->state_->rooms;
  return rooms.rung(id_, rooms.channel(id_, channel));
}

RoomPolicy Room::policy() const noexcept {
  return open() ? *engine_->state_->rooms.view(id_).policy : RoomPolicy{};
}

Result<Ticket> Room::broadcast(const Outgoing& message, Tag tag) noexcept {
  if (engine_ == nullptr) return Errc::not_found;
  Engine::State& state = *engine_->state_;
  if (const Error error = admit(state.options.limits, message); error.code != Errc::ok) {
    return error;
  }
  state.record(Record::room_broadcast, [&](Packer& to) {
    to.handle(id_);
    to.u64(tag);
    pack(to, message);
  });
  const TurnScope turn{state};
  return state.broadcast(id_, message, tag);
}

Result<Ticket> Room::send_to(std::string_view user, const Outgoing& message) noexcept {
  if (engine_ == nullptr) return Errc::not_found;
  Engine::State& state = *engine_->state_;
  if (const Error error = admit(state.options.limits, message); error.code != Errc::ok) {
    return error;
  }
  if (const Error error = admit(state.options.limits, user.size()); error.code != Errc::ok) {
    return error;
  }
  state.record(Record::room_send_to, [&](Packer& to) {
    to.handle(id_);
    to.text(user);
    pack(to, message);
  });
  const TurnScope turn{state};
  if (!open()) return Errc::not_found;
  const Status sent = state.send_in_room(id_, user, message);
  if (!sent) return sent.error();
  return Ticket{state.next_ticket++, {}};
}

Status Room::kick(std::string_view user, std::string_view text) noexcept {
  if (engine_ == nullptr) return Errc::not_found;
  if (const Error error = admit(engine_->state_->options.limits, user.size() + text.size());
      error.code != Errc::ok) {
    return error;
  }
  engine_->state_->record(Record::room_kick, [&](Packer& to) {
    to.handle(id_);
    to.text(user);
    to.text(text);
  });
  const TurnScope turn{*engine_->state_};
  return open() ? engine_->state_->kick(id_, user, text) : Status{Errc::not_found};
}

Status Room::set_role(std::string_view user, Role role) noexcept {
  if (engine_ == nullptr) return Errc::not_found;
  if (const Error error = admit(engine_->state_->options.limits, user.size());
      error.code != Errc::ok) {
    return error;
  }
  engine_->state_->record(Record::room_set_role, [&](Packer& to) {
    to.handle(id_);
    to.text(user);
    to.u8(static_cast<std::uint8_t>(role));
  });
  const TurnScope turn{*engine_->state_};
  if (!open()) return Errc::not_found;
  return engine_->state_->set_role(id_, user, role);
}

Status Room::set_policy(const RoomPolicy& policy) noexcept {
  if (engine_ == nullptr) return Errc::not_found;
  if (const Error error = admit(engine_->state_->options.limits, policy.owner.size());
      error.code != Errc::ok) {
    return error;
  }
  engine_->state_->record(Record::room_set_policy, [&](Packer& to) {
    to.handle(id_);
    pack(to, policy);
  });
  const TurnScope turn{*engine_->state_};
  return open() ? engine_->state_->set_policy(id_, policy) : Status{Errc::not_found};
}

Status Room::close() noexcept {
  if (engine_ == nullptr) return Errc::not_found;
  engine_->state_->record(Record::room_close, [&](Packer& to) { to.handle(id_); });
  const TurnScope turn{*engine_->state_};
  if (!open()) return Errc::not_found;
  if (engine_->state_->is_mirror(id_)) return engine_->state_->close_there(id_);
  engine_->state_->close_room(id_, LeaveReason::room_closed);
  return {};
}

MemberHandle Room::member(std::string_view user) noexcept {
  if (!open()) return {engine_, id_, room::kNone, 0};
  const room::Registry& rooms = engine_->state_->rooms;
  const room::UserIndex who = rooms.find_user(user);
  const room::MemberIndex at = rooms.member(id_, who);
  return {engine_, id_, who, at == room::kNone ? 0 : rooms.arrival(at)};
}

void Room::for_each_member(MemberVisitor visit, void* context) const noexcept {
  if (!open()) return;
  const room::Registry& rooms = engine_->state_->rooms;
  for (room::MemberIndex at = rooms.first_member(id_); at != room::kNone;
       at = rooms.next_member(at)) {
    Member member = rooms.describe(at);
    member.attributes = rooms.attributes(at);
    if (!visit(context, member)) return;
  }
}

Status Room::history(std::uint64_t before, std::uint32_t limit, MessageVisitor visit,
                     void* context) const noexcept {
  if (!open()) return Errc::not_found;
  Engine::State& state = *engine_->state_;
  const room::Page page = state.rooms.history(
      id_, {.before = before, .limit = std::min(limit, state.options.limits.page_messages)},
      state.now);
  for (const Message& message : page.messages) visit(context, message);
  return {};
}

bool MemberHandle::present() const noexcept { return member() != room::kNone; }

Role MemberHandle::role() const noexcept {
  return present() ? engine_->state_->rooms.role(room_, user_) : Role::visitor;
}

Tag MemberHandle::tag() const noexcept {
  return present() ? engine_->state_->rooms.tag(member()) : 0;
}

Status MemberHandle::set_tag(Tag tag) noexcept {
  if (!present()) return Errc::not_found;
  Engine::State& state = *engine_->state_;
  state.record(Record::member_set_tag, [&](Packer& to) {
    to.handle(room_);
    to.text(state.rooms.user(user_).id);
    to.u64(tag);
  });
  if (!state.rooms.set_tag(member(), tag)) return Errc::limit_reached;
  if (!state.is_mirror(room_)) return {};
  // Who sends to a tag looks at it where the room lives.
  const TurnScope turn{state};
  return state
      .ask_home(room_, engine::HostOp::set_tag, 0,
                [&](Packer& to) {
                  to.text(state.rooms.user(user_).id);
                  to.u64(tag);
                })
      .error();
}

Result<Ticket> MemberHandle::send(const Outgoing& message) noexcept {
  if (!present()) return Errc::not_found;
  return Room{engine_, room_}.send_to(engine_->state_->rooms.user(user_).id, message);
}

std::uint32_t MemberHandle::member() const noexcept {
  if (engine_ == nullptr || user_ == room::kNone) return room::kNone;
  if (!engine_->state_->rooms.is_open(room_)) return room::kNone;
  const room::Registry& rooms = engine_->state_->rooms;
  const room::MemberIndex at = rooms.member(room_, user_);
  // Indexes of users are used again; that stay is not.
  const bool same = at != room::kNone && rooms.arrival(at) == arrival_;
  return same || CHATROOM_PLANTED(stale_member_handle_used) ? at : room::MemberIndex{room::kNone};
}

}  // namespace chatroom
