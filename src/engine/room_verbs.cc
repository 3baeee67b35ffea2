// Room: moderation and settings by the host. Each is a command without a session, recorded as such.
#include "chatroom/room.h"

#include "engine/host_input.h"
#include "engine/state.h"

namespace chatroom {

namespace {

Command on_user(Op op, std::string_view user, std::string_view reason = {},
                Duration time = {}) noexcept {
  Command command;
  command.op = op;
  command.user = user;
  command.reason = reason;
  // Shorter than a millisecond is not for good.
  if (time.us > 0) command.for_ms = static_cast<std::uint64_t>((time.us + 999) / 1'000);
  return command;
}

Command on_message(Op op, std::uint64_t offset) noexcept {
  Command command;
  command.op = op;
  command.offset = offset;
  return command;
}

Command on_channel(Op op, std::string_view name) noexcept {
  Command command;
  command.op = op;
  command.channel = name;
  return command;
}

}  // namespace

Status Engine::State::host_moderate(RoomId room, const Command& given) noexcept {
  if (const Error error = engine::admit(options.limits, given); error.code != Errc::ok) {
    return error;
  }
  record(engine::Record::room_moderate, [&](engine::Packer& to) {
    to.handle(room);
    pack(to, given);
  });
  const TurnScope turn{*this};
  if (!rooms.is_open(room)) return Errc::not_found;
  Command command = given;
  command.room = rooms.view(room).key;
  if (const Status good = engine::check_host_command(command); !good) return good.error();
  return moderate(room, {.host = true}, command);
}

Status Room::moderate(const Command& command) noexcept {
  return engine_ == nullptr ? Status{Errc::not_found}
                            : engine_->state_->host_moderate(id_, command);
}

Status Room::mute(std::string_view user, Duration time, std::string_view reason) noexcept {
  return moderate(on_user(Op::mute, user, reason, time));
}
Status Room::unmute(std::string_view user, std::string_view reason) noexcept {
  return moderate(on_user(Op::unmute, user, reason));
}
Status Room::ban(std::string_view user, Duration time, std::string_view reason) noexcept {
  return moderate(on_user(Op::ban, user, reason, time));
}
Status Room::unban(std::string_view user, std::string_view reason) noexcept {
  return moderate(on_user(Op::unban, user, reason));
}
Status Room::shadow_mute(std::string_view user, Duration time, std::string_view reason) noexcept {
  return moderate(on_user(Op::shadow_mute, user, reason, time));
}
Status Room::release(std::uint64_t held) noexcept {
  return moderate(on_message(Op::release, held));
}
Status Room::reject(std::uint64_t held, std::string_view reason) noexcept {
  Command command = on_message(Op::reject, held);
  command.reason = reason;
  return moderate(command);
}
Status Room::allow(std::string_view user) noexcept { return moderate(on_user(Op::allow, user)); }
Status Room::disallow(std::string_view user) noexcept {
  return moderate(on_user(Op::disallow, user));
}
Status Room::recall(std::uint64_t offset) noexcept {
  return moderate(on_message(Op::recall, offset));
}
Status Room::clear(std::string_view user) noexcept { return moderate(on_user(Op::clear, user)); }
Status Room::pin(std::uint64_t offset) noexcept { return moderate(on_message(Op::pin, offset)); }
Status Room::unpin(std::uint64_t offset) noexcept {
  return moderate(on_message(Op::unpin, offset));
}
Status Room::open_channel(std::string_view name) noexcept {
  return moderate(on_channel(Op::open_channel, name));
}
Status Room::close_channel(std::string_view name) noexcept {
  return moderate(on_channel(Op::close_channel, name));
}

Status Room::invite(std::string_view user) noexcept { return moderate(on_user(Op::invite, user)); }
Status Room::call_next(Line line, std::string_view user) noexcept {
  Command command = on_user(Op::call_next, user);
  command.line = line;
  return moderate(command);
}
Status Room::send_off(Line line, std::string_view user) noexcept {
  if (user.empty()) return Errc::bad_request;
  Command command = on_user(Op::dequeue, user);
  command.line = line;
  return moderate(command);
}
std::uint32_t Room::waiting(Line line) const noexcept {
  return open() ? engine_->state_->rooms.waiting(id_, line) : 0;
}

Status Room::set_attribute(std::string_view key, std::string_view value) noexcept {
  Command command;
  command.op = Op::set_attribute;
  command.key = key;
  command.value = value;
  return moderate(command);
}

Status Room::erase_attribute(std::string_view key) noexcept {
  Command command;
  command.op = Op::set_attribute;
  command.key = key;
  return moderate(command);
}

Status Room::set_attribute(std::string_view user, std::string_view key,
                           std::string_view value) noexcept {
  if (user.empty()) return Errc::bad_request;  // of the room: the other one
  Command command;
  command.op = Op::set_attribute;
  command.user = user;
  command.key = key;
  command.value = value;
  return moderate(command);
}

Status Room::erase_attribute(std::string_view user, std::string_view key) noexcept {
  if (user.empty()) return Errc::bad_request;
  Command command;
  command.op = Op::set_attribute;
  command.user = user;
  command.key = key;
  return moderate(command);
}

Sanctions Room::sanctions(std::string_view user) const noexcept {
  if (!open()) return {};
  return engine_->state_->rooms.sanctions(id_, user, engine_->state_->now);
}

}  // namespace chatroom
