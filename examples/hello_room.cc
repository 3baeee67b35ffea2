// A room, two people in it, nothing else: no socket, no thread, no file. The smallest program that
// shows the engine at work, and the one in the README.
#include <cstdio>

#include "chatroom/adapters/manual_loop.h"
#include "chatroom/chatroom.h"

using namespace chatroom;

struct Screen final : LocalMember {
  explicit Screen(const char* name) : owner(name) {}
  void on_event(const Event& event) noexcept override {
    if (event.type != EventType::message) return;
    const std::string_view who = event.message.user.empty() ? "the host" : event.message.user;
    std::printf("%s sees %.*s: %.*s\n", owner, static_cast<int>(who.size()), who.data(),
                static_cast<int>(event.message.text.size()), event.message.text.data());
  }
  const char* owner;
};

int main() {
  ManualLoop loop;
  Screen alice_screen("alice"), bob_screen("bob");  // members outlive the engine
  auto engine = Engine::create({.seed = 1}, {.loop = &loop});
  if (!engine) return 1;
  Engine& chat = **engine;

  auto lobby = chat.open_room("lobby", {});
  auto alice = chat.open_local(alice_screen, {.user = "alice"});
  auto bob = chat.open_local(bob_screen, {.user = "bob"});
  if (!lobby || !alice || !bob) return 1;
  chat.join(*alice, {.room = "lobby"});
  chat.join(*bob, {.room = "lobby"});
  chat.publish(*alice, {.room = "lobby", .text = "hello"});
  lobby->broadcast({.kind = Kind::notice, .text = "welcome, both of you"});
  loop.advance(Duration::ms(1));  // time is yours: now everybody is told
}
