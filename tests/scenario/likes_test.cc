// Likes: a number that goes up, told at most once a second, and always to the end.
#include "scenario/engines.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

StageOptions with_likes() {
  StageOptions options;
  options.engine.new_room_policy.likes = true;
  return options;
}

std::string like(int count, const std::string& more = {}) {
  return R"({"id":5,"op":"publish","room":"r","kind":"like","count":)" + std::to_string(count) +
         more + "}";
}

std::string told(int count) {
  return R"({"event":"room_state","room":"r","changed":{"likes":)" + std::to_string(count) + "}}";
}

std::size_t noted(Stage& stage, HostEventType type) {
  std::size_t count = 0;
  for (const auto& event : stage.observer.events) count += event.type == type;
  return count;
}

}  // namespace

TEST_CASE("likes add up and are told once a second, the last of them always", "[likes]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(with_likes());
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    stage.pass(Duration::s(2));
    alice.forget();
    for (int i = 1; i <= 5; ++i) {
      CHECK_LIKE(bob.ask(like(i)), R"({"id":5,"ok":{"epoch":"*"}})");  // it takes no place
    }
    CHECK(alice.events("room_state").empty());
    stage.pass(Duration::s(1));
    CHECK(alice.events("room_state") == std::vector<std::string>{told(15)});
    stage.pass(Duration::s(5));
    CHECK(alice.events("room_state").empty());
    for (int i = 0; i < 4; ++i) {
      bob.ask(like(1));
      stage.pass(Duration::ms(500));
    }
    stage.pass(Duration::s(1));
    const std::vector<std::string> heard = alice.events("room_state");
    REQUIRE(heard.size() == 2);
    CHECK(heard.back() == told(19));
    // Nothing of it in the room's history, nor a place.
    CHECK_LIKE(alice.ask(R"({"id":9,"op":"history","room":"r"})"), R"(*"messages":[]*)");
    CHECK(stage.engine().room("r")->position().offset == 0);
    CHECK(stage.engine().room("r")->likes() == 19);
    CHECK(noted(stage, HostEventType::published) == 0);
    CHECK(noted(stage, HostEventType::likes) == 3);
    // Whoever comes later is told at once.
    Peer& carol = stage.user(carrier, "carol");
    CHECK_LIKE(carol.ask(R"({"id":2,"op":"join","room":"r"})"), R"(*"state":{*"likes":19*)");
  }
}

TEST_CASE("who takes nothing for a while is told the last number, not each", "[likes]") {
  Stage stage(with_likes());
  Peer& slow = stage.member(kWsJson, "slow", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  stage.pass(Duration::s(2));
  slow.forget();
  slow.stall(true);
  for (int i = 0; i < 6; ++i) {
    bob.ask(like(10));
    stage.pass(Duration::s(1));
  }
  slow.stall(false);
  stage.pass(Duration::s(1));
  const std::vector<std::string> heard = slow.events("room_state");
  REQUIRE(!heard.empty());
  CHECK(heard.size() <= 2);  // one may have been begun
  CHECK(heard.back() == told(60));
  CHECK(slow.events("gap").empty());
}

TEST_CASE("likes hold for mutes, rates and keys, not for slow mode and modes", "[likes]") {
  StageOptions options;
  options.engine.limits.publishes = {5, 10};
  Stage stage(options);
  RoomPolicy policy;
  policy.likes = policy.mute_all = policy.moderated = policy.emote_only = true;
  policy.slow_mode_s = 60;
  policy.receive_normal_per_s = 1;
  Result<Room> room = stage.engine().open_room("r", policy);
  REQUIRE(room);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  CHECK_LIKE(alice.ask(like(3)), R"({"id":5,"ok":*)");
  CHECK_LIKE(alice.ask(like(4, R"(,"key":"k")")), R"({"id":5,"ok":*)");
  CHECK_LIKE(alice.ask(like(4, R"(,"key":"k")")), R"({"id":5,"ok":*)");  // the same ones
  CHECK(room->likes() == 7);
  CHECK(room->rung() == Rung::normal);
  REQUIRE(room->mute("alice"));
  CHECK_LIKE(alice.ask(like(1)), R"(*"muted"*)");
  REQUIRE(room->unmute("alice"));
  REQUIRE(room->shadow_mute("alice"));
  CHECK_LIKE(alice.ask(like(1)), R"({"id":5,"ok":{"epoch":"*"}})");
  CHECK(room->likes() == 7);
  REQUIRE(room->unmute("alice"));
  for (const int wrong : {0, 101}) {
    alice.forget();
    alice.frame(like(wrong));
    stage.run();
    CHECK_LIKE(alice.next(), R"(*"bad_request"*)");
  }
  std::string last;
  for (int i = 0; i < 20; ++i) last = alice.ask(like(1));
  CHECK_LIKE(last, R"(*"rate_limited"*)");
  Peer& carol = stage.user(kWsJson, "carol");
  CHECK_LIKE(carol.ask(like(1)), R"(*"not_member"*)");
}

TEST_CASE("a host adds likes, takes them away, and leaves them messages where none are counted",
          "[likes]") {
  Stage stage(with_likes());
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Result<Room> room = stage.engine().room("r");
  REQUIRE(room);
  stage.pass(Duration::s(2));
  alice.forget();
  const Result<Ticket> added = room->broadcast({.kind = Kind::like}, 7);
  REQUIRE(added);
  CHECK(added->position.offset == 0);
  REQUIRE(room->broadcast({.kind = Kind::like, .count = 4'000'000'000u}));
  REQUIRE(room->broadcast({.kind = Kind::like, .count = 4'000'000'000u}));
  stage.pass(Duration::s(1));
  CHECK(alice.events("room_state") ==
        std::vector<std::string>{
            R"({"event":"room_state","room":"r","changed":{"likes":8000000001}})"});
  REQUIRE(room->set_policy({}));
  CHECK(room->likes() == 0);
  CHECK_LIKE(alice.ask(like(3)), R"({"id":5,"ok":{"epoch":"*","offset":1}})");
  CHECK_LIKE(alice.events("message").back(), R"(*"kind":"like"*)");
  CHECK(alice.events("room_state").empty());
}

TEST_CASE("likes of members at another engine are counted at the room's home", "[likes]") {
  Engines server(2, with_likes().engine);
  const std::string room = server.room_of(0);
  Peer& alice = server.member(0, kWsJson, "alice", room);
  Peer& bob = server.member(1, kTcp, "bob", room);
  server.run();
  const std::string liked =
      R"({"id":8,"op":"publish","room":")" + room + R"(","kind":"like","count":9})";
  CHECK_LIKE(server.ask(bob, liked), R"({"id":8,"ok":{"epoch":"*"}})");
  CHECK_LIKE(server.ask(alice, liked), R"({"id":8,"ok":{"epoch":"*"}})");
  server.pass(Duration::s(1));
  for (Peer* peer : {&alice, &bob}) {
    const std::vector<std::string> heard = peer->events("room_state");
    REQUIRE(heard.size() == 1);
    CHECK_LIKE(heard[0], R"(*"changed":{"likes":18}})");
  }
}
