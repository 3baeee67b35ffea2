// A first real server: browsers over WebSocket with JSON, native clients over TCP with FlatBuffers,
// in the same rooms. Anybody is who he says he is, so it listens on this machine only.
//
//   ./uv_server            then, in a browser's console:
//   s = new WebSocket('ws://127.0.0.1:8080/chat', 'chatroom.v1.json'); s.onmessage = console.log
//   s.send('{"id":1,"op":"auth","user":"alice"}'); s.send('{"id":2,"op":"join","room":"lobby"}')
#include <cstdio>

#include "chatroom/adapters/json.h"
#include "chatroom/adapters/uv.h"
#include "chatroom/adapters/websocket.h"
#include "chatroom/chatroom.h"

using namespace chatroom;

// Says hello to everybody who comes in: what a host does with its rooms.
struct Greeter final : EngineObserver {
  void on_event(const HostEvent& event) noexcept override {
    if (event.type != HostEventType::joined) return;
    char text[160];
    std::snprintf(text, sizeof(text), "%.*s is here", static_cast<int>(event.user.size()),
                  event.user.data());
    auto room = engine->room(event.room);
    if (room) room->broadcast({.kind = Kind::notice, .text = text, .keep = false});
  }
  Engine* engine = nullptr;
};

int main() {
  uv::Loop loop;
  JsonCodec json;
  Greeter greeter;
  auto engine = Engine::create({.open_server = true, .open_rooms = true},
                               {.loop = &loop, .json = &json, .observer = &greeter});
  if (!engine) return 1;
  greeter.engine = &**engine;

  WebSocketServer browsers;  // no page here: chatd serves one
  uv::Server server(loop, **engine);
  const auto ws = server.listen({.port = 8080, .filter = &browsers});
  const auto tcp = server.listen({.port = 9000});
  if (!ws || !tcp) return std::fputs("ports 8080 and 9000 must be free\n", stderr), 1;
  std::printf("ws://127.0.0.1:%d/chat and 127.0.0.1:%d, Ctrl-C ends\n", *ws, *tcp);
  loop.stop_on_signals();
  loop.run();
}
