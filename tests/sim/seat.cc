// A member at one of several engines: what it may be told, and in what order.
#include "sim/cluster_world.h"

namespace chatroom::sim {

void Seat::fail(const std::string& what) const {
  cluster_.report().fail(Verdict::correctness, "%s at engine %u: %s", user.c_str(), engine,
                         what.c_str());
}

void Seat::on_closed(CloseCode) noexcept {
  open = false;
  rooms.clear();
  joining.clear();
  asked.reset();
  cluster_.gone(*this);
}

void Seat::on_answer(const Event& event, const std::string& room) {
  if (event.op == Op::join && event.error.code != Errc::ok) joining.erase(room);
  if (event.error.code != Errc::ok) return;
  const bool tells_its_op =
      event.op == Op::join || event.op == Op::publish || event.op == Op::send_to;
  if (!tells_its_op && asked) {
    const Asked done = *asked;
    asked.reset();
    if (!done.verb) return static_cast<void>(rooms.erase(done.leaves));
    cluster_.wardens().answered(user, role, *done.verb, Errc::ok, cluster_.now());
  }
  if (event.op != Op::join) return;
  if (rooms.count(room) != 0) fail("joined " + room + " twice");
  const auto since = joining.find(room);
  if (since != joining.end()) {
    if (cluster_.wardens().barred(room, user, since->second)) fail("is banned, and in " + room);
    joining.erase(since);
  }
  rooms[room] = {std::string{event.epoch}, event.offset};
}

void Seat::on_event(const Event& event) noexcept {
  const std::string room{event.type == EventType::message ? event.message.room : event.room};
  const auto at = rooms.find(room);
  cluster_.report().note("hears", user, room, static_cast<std::uint64_t>(event.type),
                         event.type == EventType::message ? event.message.offset
                         : event.type == EventType::answer
                             ? static_cast<std::uint64_t>(event.op) * 1000 +
                                   static_cast<std::uint64_t>(event.error.code)
                             : event.offset);
  switch (event.type) {
    case EventType::answer:
      on_answer(event, room);
      break;
    case EventType::left:
      rooms.erase(room);
      break;
    case EventType::reset:
      cluster_.counted(false);
      if (at == rooms.end()) fail("a reset of " + room + ", where it is not");
      at->second = {std::string{event.epoch}, event.offset};
      break;
    case EventType::gap:
      cluster_.counted(true);
      if (room.empty()) break;  // of what was told to it alone
      if (at == rooms.end()) fail("a gap of " + room + ", where it is not");
      if (event.gap.to > at->second.offset) {
        std::uint64_t next = at->second.offset + 1;
        while (next < event.gap.from && cluster_.wardens().may_lack(room, next)) ++next;
        if (event.gap.from > next) fail("a gap that begins too late");
        at->second.offset = event.gap.to;
      }
      break;
    case EventType::message: {
      if (at == rooms.end()) fail("a message of " + room + ", where it is not");
      std::uint64_t next = at->second.offset + 1;
      while (next < event.message.offset && cluster_.wardens().may_lack(room, next)) ++next;
      if (event.message.offset != next) {
        fail("in " + room + " " + std::to_string(event.message.offset) + " after " +
             std::to_string(at->second.offset));
      }
      at->second.offset = event.message.offset;
      cluster_.seen(*this, room, at->second, event.message);
      break;
    }
    case EventType::direct:
      cluster_.directs().hear(user + " " + std::to_string(ear), user, event);
      break;
    case EventType::presence:
    case EventType::room_state:
    case EventType::message_removed:
    case EventType::messages_cleared:
      if (at == rooms.end()) fail("news of " + room + ", where it is not");
      break;
    default:
      break;
  }
}

}  // namespace chatroom::sim
