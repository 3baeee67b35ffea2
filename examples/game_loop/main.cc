// Chat inside a game server: 60 ticks a second, everything on the game's thread and inside a fixed
// share of the tick; the game's own message link and memory; what happened is read once a tick from
// a queue of the library's. A match is one room: the lobby, two teams and the system are its
// channels, and each player sees his own of them in one timeline. Compiled without exceptions and
// RTTI, and no byte comes from the global heap.
#include <cstdio>
#include <new>

#include "arena.h"
#include "chatroom/chatroom.h"
#include "chatroom/event_queue.h"
#include "chatroom/flatbuffers.h"
#include "player.h"

using namespace chatroom;

namespace {

constexpr Duration kTick{16'667};
constexpr std::size_t kPlayers = 4;
constexpr int kTicks = 120;

Arena<(64u << 20)> arena;  // zero pages until they are used

// Nobody but the game itself speaks in `system`.
class GameRules final : public Rules {
 public:
  Answer before_publish(Question, const PublishRequest& request) noexcept override {
    const bool system = request.message->channel == "system";
    return system ? Answer::refuse(Errc::forbidden) : Answer::pass();
  }
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

Result<Room> open_match(Engine& engine) {
  auto room = engine.open_room(kRoom, {.reliable = true});
  if (!room) return room;
  for (const char* channel : {"red", "blue", "system"}) {
    if (const Status opened = room->open_channel(channel); !opened) return opened.error();
  }
  return room;
}

// What is said in the two seconds of this match.
void play(int tick, std::span<Player> players, Room& room) {
  Player& ben = players[1];
  if (tick == 20) {
    for (Player& player : players) player.say("main", "gl hf");
  }
  if (tick == 40) {
    for (Player& player : players) player.say(player.team, "left flank, now");
  }
  if (tick == 50) ben.say("system", "free skins at ...");  // refused
  if (tick == 60) {
    room.broadcast({.channel = "system", .kind = Kind::notice, .text = "ben changes sides"});
    ben.change_team("blue");
  }
  if (tick == 80) {
    for (Player& player : players) player.say(player.team, "regroup");
  }
}

bool as_it_should_be(std::span<const Player> players) {
  // Two of red at first, then one; two of blue, then three.
  const int team[kPlayers] = {2 + 1, 2 + 3, 2 + 3, 2 + 3};
  bool all = players[1].refused == 1;
  for (std::size_t i = 0; i < kPlayers; ++i) {
    const Player::Heard& heard = players[i].heard;
    std::printf("%s heard %d in the lobby, %d in its team, %d of the system\n", players[i].name,
                heard.lobby, heard.team, heard.system);
    all = all && heard.lobby == 4 && heard.team == team[i] && heard.system == 1 &&
          heard.others_team == 0 && heard.disordered == 0;
  }
  return all;
}

}  // namespace

int main() {
  EventQueue happened(arena, 256);
  FlatbuffersCodec codec(arena);  // the players' half; the engine has its own
  GameRules rules;
  Player players[kPlayers] = {{"ann", "red", codec, arena},
                              {"ben", "red", codec, arena},
                              {"cleo", "blue", codec, arena},
                              {"dora", "blue", codec, arena}};
  players[0].shows = true;

  Instant now{1'700'000'000'000'000};  // the game's clock
  EngineOptions options = small_engine();
  options.start = now;  // deadlines count from here
  std::printf("chat will never use more than %llu KiB\n",
              static_cast<unsigned long long>(plan(options.limits).ceiling_bytes / 1024));
  auto engine = Engine::create(options, {.memory = &arena, .rules = &rules, .observer = &happened});
  if (!engine) return std::fputs("the arena is too small\n", stderr), 1;
  auto room = open_match(**engine);
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
    for (Player& player : players) player.tick(now);
    play(tick, players, *room);
  }

  const bool all = as_it_should_be(players);
  std::printf("arena: %zu KiB used\n", arena.used() / 1024);
  engine->reset();
  return all ? 0 : 1;
}
