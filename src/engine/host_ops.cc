// What a follower's host does with its handle of a room is done at the room's home.
#include "engine/cross.h"
#include "engine/host_input.h"

namespace chatroom {

using engine::Crossing;
using engine::HostOp;
using engine::Packer;
using engine::Unpacker;

void Engine::State::take_host_op(PeerId from, Unpacker& in) noexcept {
  const auto op = static_cast<HostOp>(in.u8());
  const std::uint64_t ticket = in.u64();
  const Tag tag = in.u64();
  const std::string_view key = in.text();
  const RoomId room = rooms.find(key);
  Result<Ticket> done = Errc::not_found;
  if (room && !is_mirror(room)) done = perform_host_op(room, op, in);
  if (!in.ok()) return;
  static_cast<void>(cross(from, Crossing::host_done, Delivery::usual, [&](Packer& to) {
    to.u8(static_cast<std::uint8_t>(op));
    to.u64(ticket);
    to.u64(tag);
    to.text(key);
    pack(to, done ? Error{} : done.error());
    to.u64(done ? done->position.epoch : 0);
    to.u64(done ? done->position.offset : 0);
  }));
}

Result<Ticket> Engine::State::perform_host_op(RoomId room, HostOp op, Unpacker& in) noexcept {
  const auto result = [](Status status) -> Result<Ticket> {
    if (!status) return status.error();
    return Ticket{};
  };
  engine::Lists lists;
  switch (op) {
    case HostOp::broadcast: {
      Outgoing message;
      unpack(in, message, lists);
      return broadcast(room, message, 0);
    }
    case HostOp::send_to: {
      const std::string_view user = in.text();
      Outgoing message;
      unpack(in, message, lists);
      return result(send_in_room(room, user, message));
    }
    case HostOp::kick: {
      const std::string_view user = in.text();
      return result(kick(room, user, in.text()));
    }
    case HostOp::set_role: {
      const std::string_view user = in.text();
      return result(set_role(room, user, static_cast<Role>(in.u8())));
    }
    case HostOp::set_policy: {
      RoomPolicy policy;
      unpack(in, policy);
      return result(set_policy(room, policy));
    }
    case HostOp::moderate: {
      Command command;
      unpack(in, command, lists);
      return result(moderate(room, {.host = true}, command));
    }
    case HostOp::send_group: {
      const bool by_tag = in.flag();
      const std::uint64_t which = in.u64();
      Outgoing message;
      unpack(in, message, lists);
      const Result<std::uint32_t> sent = send_group(room, by_tag, which, message);
      if (!sent) return sent.error();
      return Ticket{};
    }
    case HostOp::set_tag: {
      const room::MemberIndex member = rooms.member(room, rooms.find_user(in.text()));
      if (member == room::kNone) return Errc::not_found;
      rooms.set_tag(member, in.u64());
      return Ticket{};
    }
    case HostOp::close:
      close_room(room, LeaveReason::room_closed);
      return Ticket{};
  }
  return Errc::bad_request;
}

}  // namespace chatroom
