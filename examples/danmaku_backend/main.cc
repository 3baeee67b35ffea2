// The backend of a live stream that embeds its chat: a busy room whose viewers are shown as much as
// a person can read, while gifts always come through.
//
//   danmaku_backend                    three seconds of a stream, a report, exit 0 if all held
//   danmaku_backend --serve PORT       goes on until Ctrl-C, with a page to look at it:
//                                      http://127.0.0.1:PORT/?room=live/1&name=you
//
// What it shows: a receive budget with merged repeats and a fair sample, gifts from another thread
// at high priority, likes as one number, a word that is masked, a moderator, a command answered
// late by a slow desk.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <thread>

#include "audience.h"
#include "chatroom/adapters/json.h"
#include "chatroom/adapters/uv.h"
#include "chatroom/adapters/websocket.h"
#include "page.h"
#include "rules.h"

using namespace chatroom;

namespace {

constexpr std::string_view kRoom = "live/1";
constexpr std::size_t kViewers = 300;
constexpr std::uint64_t kGifts = 12;
constexpr Duration kRound = Duration::ms(50);

RoomPolicy stream_policy() {
  RoomPolicy policy;
  policy.receive_normal_per_s = 20;  // what members are shown in a second ...
  policy.receive_high_per_s = 10;
  policy.merge_repeats = true;  // ... after what was said twice became one
  policy.likes = true;          // counted, told as a number once a second
  policy.owner = "streamer";
  return policy;
}

// Says how far the room had to go.
struct Operator final : EngineObserver {
  void on_event(const HostEvent& event) noexcept override {
    if (event.type == HostEventType::overload && event.error.code == Errc::ok) {
      std::printf("room %.*s: %s\n", static_cast<int>(event.room.size()), event.room.data(),
                  std::string(name_of(event.rung)).c_str());
    }
    if (event.type == HostEventType::moderated && event.op == Op::mute) ++muted;
  }
  int muted = 0;
};

// Gifts are paid for elsewhere; another thread shows them in the room.
void deliver_gifts(Remote room, const std::atomic<bool>& on_air) {
  for (std::uint64_t i = 1; i <= kGifts || on_air; ++i) {
    const std::string order = "order-" + std::to_string(i);
    const Outgoing gift{
        .kind = Kind::gift, .text = "a rose", .priority = Priority::high, .key = order};
    while (!room.broadcast(kRoom, gift, i)) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(i < kGifts ? 100 : 1'000));
  }
}

bool report(const Audience& audience, const Operator& events, Duration took) {
  const Viewer& one = audience.viewers().back();
  const auto count = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf("%zu messages said, %zu refused\n", audience.said(), audience.refused());
  std::printf("a viewer saw %llu of them, %llu frames for %llu repeats, and knows of %llu more\n",
              count(one.shown), count(one.merged), count(one.repeats), count(one.missed));
  std::printf("gifts: %llu of %llu\n", count(one.gifts), count(kGifts));
  std::uint64_t songs = 0;
  for (const Viewer& viewer : audience.viewers()) songs += viewer.songs;
  std::printf("likes: %llu of %llu, told %d times; the room shows %u of 1000 messages\n",
              count(one.likes), count(audience.likes()), one.likes_told, one.kept);
  std::printf("songs answered late: %llu\n", count(songs));
  // Twenty a second, and what the burst of the first second may hold.
  const auto budget = static_cast<std::uint64_t>(20 * (took.in_ms() / 1'000 + 2));
  const bool readable = one.shown > 20 && one.shown <= budget;
  // Once a second, from a second after the first on, and the last number.
  const bool liked = one.likes == audience.likes() && one.likes_told > 0 &&
                     one.likes_told <= took.in_ms() / 1'000 + 1;
  const bool told = one.merged > 0 && one.missed > 0 && audience.accounts_for_all(one);
  const bool sampled = one.rates_told > 0 && one.kept < 1'000;
  return readable && told && liked && sampled && !one.unmasked && one.gifts == kGifts &&
         songs == 5 && events.muted == 1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool serve = argc == 3 && std::string_view(argv[1]) == "--serve";
  uv::Loop loop;
  JsonCodec json;
  StreamRules rules;
  Operator events;
  auto engine = Engine::create(
      {.open_server = true}, {.loop = &loop, .json = &json, .rules = &rules, .observer = &events});
  if (!engine) return 1;
  auto room = (*engine)->open_room(kRoom, stream_policy());
  if (!room) return 1;

  Page page;
  WebSocketOptions websocket;
  websocket.http = &page;
  WebSocketServer browsers(websocket);
  uv::Server server(loop, **engine);
  if (serve) {
    const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
    if (!server.listen({.port = port, .filter = &browsers})) {
      return std::fprintf(stderr, "port %d is taken: choose another\n", port), 1;
    }
    loop.stop_on_signals();
    std::printf("http://127.0.0.1:%d/?room=live/1&name=you\n", port);
    std::fflush(stdout);
  }

  const Instant begin = loop.now();
  Audience audience(**engine, kRoom, kViewers);
  SongDesk desk((*engine)->remote());
  rules.desk = &desk;
  std::atomic<bool> on_air{serve};
  std::thread gifts(deliver_gifts, (*engine)->remote(), std::cref(on_air));
  room->set_role("viewer-0", Role::moderator);
  audience.wish_songs(5);
  // A moderator's order, as it would come from a browser.
  (*engine)->command(audience.viewers()[0].session, {.op = Op::mute,
                                                     .room = kRoom,
                                                     .user = "viewer-7",
                                                     .for_ms = 60'000,
                                                     .reason = "advertising"});
  for (int round = 0; serve || round < 60; ++round) {
    audience.shout(20);  // 400 a second
    audience.like(30);
    if (loop.run_for(kRound)) break;
  }
  on_air = false;
  gifts.join();
  loop.run_for(Duration::ms(1'200));  // the last merged frame and the last count
  const bool all = report(audience, events, loop.now() - begin);
  rules.desk = nullptr;
  return serve || all ? 0 : 1;
}
