// One of those at the desk.
#include "sim/desk.h"
#include "sim/world.h"

namespace chatroom::sim {

Clerk::Clerk(Desk& desk, World& world, std::uint32_t index, bool remote)
    : user("~d" + std::to_string(index)),
      far(remote ? std::make_unique<Far>(world, *this, index) : nullptr),
      follows(index % 2 == 0),
      desk_(desk),
      world_(world) {}

void Clerk::fail(const std::string& what) const { desk_.fail(*this, what); }

void Clerk::open() {
  if (opening) return;
  ++lives;
  if (far != nullptr) {
    opening = far->open();  // it is open when the server has said hello
    return;
  }
  opened = true;
  const Result<SessionId> made = world_.engine().open_local(*this, {.user = user});
  opened = static_cast<bool>(made);
  if (!opened) return;
  world_.session_opened();
  session = *made;
}

void Clerk::on_event(const Event& event) noexcept {
  hear(event);
  switch (event.type) {
    case EventType::message:
    case EventType::presence:
    case EventType::room_state:
    case EventType::message_removed:
    case EventType::messages_cleared:
    case EventType::gap:
      if (!in && !expected && !event.room.empty()) {
        fail("hears of it (" + std::string{name_of(event.type)} + ") and is not in");
      }
      return;
    default:
      return;
  }
}

void Clerk::hear(const Event& event) {
  // What is said in the shadow is in nobody's account.
  const bool shown = event.type != EventType::message || event.message.offset != 0;
  if (shown) world_.count_event(event);
  desk_.told(*this, event);
}

void Clerk::on_closed(CloseCode code) noexcept {
  if (far != nullptr && !desk_.over() && !world_.ending() && world_.busy()) {
    fail("was closed: " + std::to_string(static_cast<int>(code)));
  }
  opened = opening = in = expected = hand = on_inner = false;
}

}  // namespace chatroom::sim
