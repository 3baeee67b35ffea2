// Chat inside a game server: 60 ticks a second, everything on the game's thread and inside a fixed
// share of the tick; the game's own message link and memory; what happened is read once a tick from
// a queue of the library's. Compiled without exceptions and RTTI, and no byte comes from the global
// heap.
#include <cstdio>
#include <new>

#include "arena.h"
#include "chatroom/chatroom.h"
#include "chatroom/client.h"
#include "chatroom/event_queue.h"
#include "chatroom/flatbuffers.h"
#include "link.h"

using namespace chatroom;

namespace {

constexpr Duration kTick{16'667};
constexpr std::size_t kPlayers = 4;
constexpr int kTicks = 120;

Arena<(64u << 20)> arena;  // zero pages until they are used

// A game client: the library's client role at the far end of a link.
class Player final : public ClientHandler {
 public:
  Player(const char* player, Codec& codec)
      : name(player), client({.codec = &codec, .memory = &arena}, *this) {}

  void enter() {
    client.auth({.user = name});
    client.join({.room = "match/7"});
  }
  void on_event(const Event& event) noexcept override {
    if (event.type == EventType::message) ++heard;
  }
  void tick(Instant now) noexcept {
    client.beat(now);
    while (!link.to_client.front().empty()) {
      if (!client.on_bytes(link.to_client.front())) return;
      link.to_client.pop();
    }
    const Bytes out = client.pending();
    const Bytes piece = out.first(out.size() < kFrameBytes ? out.size() : kFrameBytes);
    if (!piece.empty() && link.to_server.push({&piece, 1})) client.sent(piece.size());
  }

  const char* name;
  Client client;
  Link link;
  SessionId session;
  std::uint64_t heard = 0;
};

// What the network thread of a game would have ready at the beginning of a tick.
void feed(Engine& engine, std::span<Player> players) {
  Engine::Turn turn(engine);
  for (Player& player : players) {
    while (player.link.reading && !player.link.to_server.front().empty()) {
      turn.on_bytes(player.session, player.link.to_server.front());
      player.link.to_server.pop();
    }
    if (player.link.blocked && player.link.to_client.front().empty()) {
      player.link.blocked = false;
      turn.on_writable(player.session);
    }
    if (player.link.closing) {
      player.link.closing = false;
      turn.on_closed(player.session);
    }
  }
}

EngineOptions small_engine() {
  EngineOptions options;
  options.seed = 7;  // a game without a loop has no entropy to give
  options.open_server = true;
  options.limits.sessions = 64;
  options.limits.half_open = 64;
  options.limits.rooms = 8;
  options.limits.memberships = 64;
  options.limits.keys = 256;
  options.limits.questions = 16;
  options.limits.storage_waiting = 16;
  options.limits.mailbox_messages = 64;
  options.limits.mailbox_bytes = 64 * 1024;
  options.limits.window_bytes = 256 * 1024;
  options.limits.log_pool_bytes = 1u << 20;
  options.limits.private_pool_bytes = 1u << 20;
  options.limits.input_pool_bytes = 1u << 20;
  options.limits.history_pool_bytes = 1u << 20;
  return options;
}

}  // namespace

int main() {
  EventQueue happened(arena, 256);
  FlatbuffersCodec codec(arena);  // the players' half; the engine has its own
  Player players[kPlayers] = {{"ann", codec}, {"ben", codec}, {"cleo", codec}, {"dora", codec}};

  Instant now{1'700'000'000'000'000};  // the game's clock
  EngineOptions options = small_engine();
  options.start = now;  // deadlines count from here
  std::printf("chat will never use more than %llu KiB\n",
              static_cast<unsigned long long>(plan(options.limits).ceiling_bytes / 1024));
  auto engine = Engine::create(options, {.memory = &arena, .observer = &happened});
  if (!engine) return std::fputs("the arena is too small\n", stderr), 1;
  auto room = (*engine)->open_room("match/7", {.reliable = true});
  if (!room) return 1;
  for (Player& player : players) {
    auto session = (*engine)->open(
        player.link,
        {.boundary = Boundary::message, .max_frame = kFrameBytes, .peer = player.name});
    if (!session) return 1;
    player.session = *session;
    player.enter();
  }

  for (int tick = 0; tick < kTicks; ++tick, now = now + kTick) {
    // Before: input, physics, the rest of the game.
    feed(**engine, players);
    (*engine)->advance(now, {.sends = 64, .commands = 128});  // never more than this in one tick
    for (HostEvent event; happened.poll(event);) {
      if (event.type != HostEventType::joined && event.type != HostEventType::left) continue;
      std::printf("tick %3d: %.*s %s\n", tick, static_cast<int>(event.user.size()),
                  event.user.data(), name_of(event.type).data());
    }
    for (Player& player : players) {
      player.tick(now);
      const bool talks = tick >= 30 && tick < 90 && tick % 10 == 0;
      if (talks) player.client.publish({.room = "match/7", .text = "gg"});
    }
    if (tick == 60) room->broadcast({.kind = Kind::notice, .text = "one minute left"});
  }

  bool all = true;
  for (const Player& player : players) {
    std::printf("%s heard %llu\n", player.name, static_cast<unsigned long long>(player.heard));
    all = all && player.heard == 6 * kPlayers + 1;
  }
  std::printf("arena: %zu KiB used\n", arena.used() / 1024);
  engine->reset();
  return all ? 0 : 1;
}
