// A host program that knows nothing but what is installed: two members inside it talk. Built with
// and without exceptions and RTTI, in each of the ways in which a host can get the library.
#include "chatroom/chatroom.h"

#include <cstdio>
#include <string_view>

#include "chatroom/adapters/manual_loop.h"

namespace {

class Listener final : public chatroom::LocalMember {
 public:
  void on_event(const chatroom::Event& event) noexcept override {
    if (event.type != chatroom::EventType::message) return;
    if (event.message.text == "hello") ++heard_;
  }
  int heard() const { return heard_; }

 private:
  int heard_ = 0;
};

bool talk() {
  chatroom::ManualLoop loop;
  Listener alice;
  Listener bob;
  auto engine = chatroom::Engine::create({.seed = 1}, {.loop = &loop});
  if (!engine) return false;
  chatroom::Engine& rooms = **engine;
  auto lobby = rooms.open_room("lobby", {});
  auto a = rooms.open_local(alice, {.user = "alice"});
  auto b = rooms.open_local(bob, {.user = "bob"});
  if (!lobby || !a || !b) return false;
  rooms.join(*a, {.room = "lobby"});
  rooms.join(*b, {.room = "lobby"});
  rooms.publish(*a, {.room = "lobby", .text = "hello"});
  loop.advance(chatroom::Duration::ms(200));
  std::printf("alice heard %d, bob %d\n", alice.heard(), bob.heard());
  return alice.heard() == 1 && bob.heard() == 1;
}

}  // namespace

int main() {
  const bool heard = talk();
  std::puts(heard ? "heard" : "NOT heard");
  return heard ? 0 : 1;
}
