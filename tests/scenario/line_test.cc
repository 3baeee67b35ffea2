// The line in front of a full room, and the hands of those who would like to speak, in the words of
// the protocol.
#include <algorithm>

#include "scenario/engines.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

StageOptions with_lines() {
  StageOptions options;
  options.engine.new_room_policy.owner = "boss";
  options.engine.new_room_policy.max_members = 2;
  options.engine.new_room_policy.line_length = 2;
  options.engine.new_room_policy.hands = 8;
  return options;
}

// A room that one applies for, and whose owner decides.
StageOptions by_invitation() {
  StageOptions options;
  options.engine.new_room_policy = RoomPolicy::group(10);
  options.engine.new_room_policy.owner = "boss";
  return options;
}
constexpr std::string_view kApply = R"({"id":5,"op":"apply","room":"r"})";

std::string line(std::string_view op, std::string_view which, std::string_view more = "") {
  return R"({"id":5,"op":")" + std::string(op) + R"(","room":"r","line":")" + std::string(which) +
         "\"" + std::string(more) + "}";
}
bool has(const std::vector<std::string>& told, const std::string& what) {
  return std::find(told.begin(), told.end(), what) != told.end();
}
constexpr std::string_view kDone = R"({"id":5,"ok":{}})";
constexpr std::string_view kJoin = R"({"id":2,"op":"join","room":"r"})";

}  // namespace

TEST_CASE("newcomers of a full room wait in line, hear where they stand, and are called",
          "[line]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(with_lines());
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    Peer& carol = stage.user(carrier, "carol");
    Peer& dave = stage.user(carrier, "dave");
    Peer& erin = stage.user(carrier, "erin");
    carol.forget(), dave.forget(), alice.forget(), bob.forget();
    CHECK_LIKE(carol.ask(kJoin), R"({"id":2,"error":{"code":"room_full",*)");
    CHECK(carol.ask(line("enqueue", "room")) == kDone);
    CHECK(carol.next() == R"({"event":"queue","room":"r","line":"room","position":1})");
    CHECK(dave.ask(line("enqueue", "room")) == kDone);
    CHECK(dave.next() == R"({"event":"queue","room":"r","line":"room","position":2})");
    CHECK_LIKE(erin.ask(line("enqueue", "room")), R"(*"queue_full"*)");
    CHECK_LIKE(alice.ask(line("enqueue", "room")), R"(*"already_member"*)");
    CHECK(stage.room("r").waiting(Line::room) == 2);

    bob.ask(R"({"id":3,"op":"leave","room":"r"})");
    CHECK_LIKE(carol.next(), R"({"event":"called","room":"r","line":"room","until":*})");
    CHECK_LIKE(bob.ask(kJoin), R"(*"room_full"*)");  // the place is kept
    stage.pass(Duration::s(1));
    CHECK(dave.next() == R"({"event":"queue","room":"r","line":"room","position":1})");
    const auto told = alice.events("queue");
    REQUIRE_FALSE(told.empty());
    CHECK(told.back() == R"({"event":"queue","room":"r","line":"room","waiting":1})");
    CHECK_LIKE(carol.ask(kJoin), R"({"id":2,"ok":*)");

    // Whoever was called and does not come is told that it was in vain.
    alice.ask(R"({"id":3,"op":"leave","room":"r"})");
    CHECK_LIKE(dave.next(), R"({"event":"called",*)");
    stage.pass_alive(Duration::s(31));
    CHECK(dave.events("queue").back() ==
          R"({"event":"queue","room":"r","line":"room","position":0})");
    CHECK_LIKE(bob.ask(kJoin), R"({"id":2,"ok":*)");
  }
}

TEST_CASE("a place in line goes with the connection, with a ban and with the room", "[line]") {
  Stage stage(with_lines());
  stage.member(kTcp, "alice", "r");
  stage.member(kWsJson, "bob", "r");
  Peer& boss = stage.member(kWsJson, "boss", "r");  // the owner needs no place
  Peer& carol = stage.user(kTcp, "carol");
  Peer& dave = stage.user(kWsFb, "dave");
  CHECK(carol.ask(line("enqueue", "room")) == kDone);
  CHECK(dave.ask(line("enqueue", "room")) == kDone);
  dave.forget();
  carol.drop();
  stage.pass(Duration::s(1));
  CHECK(dave.next() == R"({"event":"queue","room":"r","line":"room","position":1})");
  CHECK_LIKE(boss.ask(R"({"id":5,"op":"ban","room":"r","user":"dave"})"), kDone);
  CHECK(dave.next() == R"({"event":"queue","room":"r","line":"room","position":0})");
  CHECK_LIKE(dave.ask(line("enqueue", "room")), R"(*"banned"*)");
  Peer& erin = stage.user(kLink, "erin");
  CHECK(erin.ask(line("enqueue", "room")) == kDone);
  erin.forget();
  CHECK(erin.ask(line("dequeue", "room")) == kDone);
  CHECK(erin.next() == R"({"event":"queue","room":"r","line":"room","position":0})");
  CHECK_LIKE(erin.ask(line("dequeue", "room")), R"(*"not_found"*)");
  CHECK(erin.ask(line("enqueue", "room")) == kDone);
  erin.forget();
  CHECK(static_cast<bool>(stage.room("r").close()));
  CHECK(erin.events("queue").back() ==
        R"({"event":"queue","room":"r","line":"room","position":0})");
  CHECK_LIKE(erin.ask(line("dequeue", "room")), R"(*"not_found"*)");
}

TEST_CASE("a larger room calls more of those who wait", "[line]") {
  Stage stage(with_lines());
  stage.member(kTcp, "alice", "r");
  stage.member(kWsJson, "bob", "r");
  Peer& boss = stage.member(kWsJson, "boss", "r");
  Peer& carol = stage.user(kTcp, "carol");
  Peer& dave = stage.user(kWsFb, "dave");
  CHECK(carol.ask(line("enqueue", "room")) == kDone);
  CHECK(dave.ask(line("enqueue", "room")) == kDone);
  boss.forget();
  CHECK(boss.ask(R"({"id":5,"op":"set_policy","room":"r","policy":{"max_members":4,"hands":2}})") ==
        kDone);
  CHECK_LIKE(boss.events("room_state").back(), R"(*"max_members":4,"line_length":2,"hands":2,*)");
  CHECK(carol.events("called").size() == 1);  // boss, alice, bob, and one more
  CHECK(dave.events("called").empty());
}

TEST_CASE("members raise a hand, moderators see who and let them speak", "[line]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options = with_lines();
    options.engine.new_room_policy.max_members = 0;
    options.engine.new_room_policy.moderated = true;
    Stage stage(options);
    Peer& boss = stage.member(carrier, "boss", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    Peer& carol = stage.member(carrier, "carol", "r");
    Peer& dave = stage.member(carrier, "dave", "r");
    const std::string says = R"({"id":8,"op":"publish","room":"r","text":"x"})";
    for (Peer* peer : {&bob, &carol, &dave}) {
      CHECK(peer->ask(line("enqueue", "speak")) == kDone);
    }
    CHECK(has(dave.events("queue"), R"({"event":"queue","room":"r","line":"speak","position":3})"));
    CHECK_LIKE(bob.ask(line("waiting", "speak")), R"(*"forbidden"*)");
    CHECK_LIKE(bob.ask(line("call_next", "speak")), R"(*"forbidden"*)");
    CHECK_LIKE(boss.ask(line("waiting", "speak", R"(,"limit":2)")),
               R"({"id":5,"ok":{"waiting":3,"members":[{"user":"bob",*{"user":"carol",*]}})");
    bob.forget(), carol.forget(), dave.forget();

    // The one that was asked for by name, then who stands first; one is sent off.
    CHECK(boss.ask(line("call_next", "speak", R"(,"user":"carol")")) == kDone);
    CHECK(carol.events("called") ==
          std::vector<std::string>{R"({"event":"called","room":"r","line":"speak","until":0})"});
    CHECK_LIKE(carol.ask(says), R"({"id":8,"ok":*)");
    CHECK_LIKE(bob.ask(says), R"(*"mode_restricted"*)");
    CHECK(boss.ask(line("dequeue", "speak", R"(,"user":"bob")")) == kDone);
    CHECK(has(bob.events("queue"), R"({"event":"queue","room":"r","line":"speak","position":0})"));
    CHECK(boss.ask(line("call_next", "speak")) == kDone);
    CHECK_LIKE(dave.ask(says), R"({"id":8,"ok":*)");
    CHECK_LIKE(boss.ask(line("call_next", "speak")), R"(*"not_found"*)");
  }
}

TEST_CASE("the host calls and sends off through its handle", "[line]") {
  Stage stage(with_lines());
  Peer& alice = stage.member(kTcp, "alice", "r");
  Peer& bob = stage.member(kWsJson, "bob", "r");
  CHECK(alice.ask(line("enqueue", "speak")) == kDone);
  CHECK(bob.ask(line("enqueue", "speak")) == kDone);
  Room room = stage.room("r");
  CHECK(room.waiting(Line::speak) == 2);
  CHECK(static_cast<bool>(room.send_off(Line::speak, "alice")));
  CHECK(room.send_off(Line::speak, "alice").error().code == Errc::not_found);
  CHECK(static_cast<bool>(room.call_next(Line::speak)));
  CHECK(bob.events("called").size() == 1);
  CHECK(room.member("bob").role() == Role::speaker);
  CHECK(room.call_next(Line::room).error().code == Errc::not_found);
}

TEST_CASE("hands are raised from any engine", "[line]") {
  Engines server(2, with_lines().engine);
  const std::string room = server.room_of(0);
  const auto ask = [&](Peer& who, std::string_view op, std::string_view which) {
    return server.ask(who, R"({"id":5,"op":")" + std::string(op) + R"(","room":")" + room +
                               R"(","line":")" + std::string(which) + R"("})");
  };
  Peer& boss = server.member(0, kWsJson, "boss", room);
  Peer& alice = server.member(1, kTcp, "alice", room);
  alice.say(R"({"id":5,"op":"enqueue","room":")" + room + R"(","line":"speak"})");
  server.run();
  CHECK(has(alice.events("queue"),
            R"({"event":"queue","room":")" + room + R"(","line":"speak","position":1})"));
  CHECK(ask(boss, "call_next", "speak") == kDone);
  server.run();
  CHECK(alice.events("called").size() == 1);
}

TEST_CASE("a room by invitation lets in who was invited or approved, and keeps it so", "[line]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(by_invitation());
    Peer& boss = stage.member(carrier, "boss", "r");
    Peer& alice = stage.user(carrier, "alice");
    Peer& bob = stage.user(carrier, "bob");
    Peer& carol = stage.user(carrier, "carol");
    const auto on = [](std::string_view op, std::string_view user) {
      return R"({"id":5,"op":")" + std::string(op) + R"(","room":"r","user":")" +
             std::string(user) + "\"}";
    };
    CHECK_LIKE(alice.ask(kJoin), R"({"id":2,"error":{"code":"forbidden",*)");
    CHECK_LIKE(alice.ask(line("enqueue", "room")), R"(*"forbidden"*)");
    CHECK(alice.ask(kApply) == kDone);
    CHECK(bob.ask(kApply) == kDone);
    CHECK_LIKE(boss.ask(line("waiting", "apply")),
               R"(*"waiting":2,*"user":"alice",*"user":"bob",*)");
    CHECK_LIKE(boss.ask(on("approve", "carol")), R"(*"not_found"*)");
    alice.forget(), bob.forget();
    CHECK(boss.ask(on("approve", "alice")) == kDone);
    CHECK(alice.events("called") ==
          std::vector<std::string>{R"({"event":"called","room":"r","line":"apply","until":0})"});
    CHECK_LIKE(alice.ask(kJoin), R"({"id":2,"ok":*)");
    CHECK_LIKE(alice.ask(on("invite", "carol")), R"(*"forbidden"*)");
    CHECK(boss.ask(line("dequeue", "apply", R"(,"user":"bob")")) == kDone);
    CHECK(has(bob.events("queue"), R"({"event":"queue","room":"r","line":"apply","position":0})"));
    CHECK_LIKE(bob.ask(kJoin), R"(*"forbidden"*)");
    CHECK(boss.ask(on("invite", "carol")) == kDone);
    CHECK_LIKE(carol.ask(kApply), R"(*"already_member"*)");
    CHECK_LIKE(carol.ask(kJoin), R"({"id":2,"ok":*)");
    // Lasting: who left may come back.
    carol.ask(R"({"id":3,"op":"leave","room":"r"})");
    CHECK_LIKE(carol.ask(kJoin), R"({"id":2,"ok":*)");
    CHECK(static_cast<bool>(stage.room("r").invite("bob")));
    CHECK_LIKE(bob.ask(kJoin), R"({"id":2,"ok":*)");
  }
}

TEST_CASE("who was given a role does not stand among those who applied", "[line]") {
  Stage stage(by_invitation());
  Peer& boss = stage.member(kWsJson, "boss", "r");
  Peer& alice = stage.user(kWsJson, "alice");
  CHECK(alice.ask(kApply) == kDone);
  CHECK(boss.ask(R"({"id":5,"op":"set_role","room":"r","user":"alice","role":"member"})") == kDone);
  CHECK_LIKE(boss.ask(line("waiting", "apply")), R"({"id":5,"ok":{"waiting":0,*)");
  CHECK_LIKE(alice.ask(kJoin), R"({"id":2,"ok":*)");
  CHECK_LIKE(boss.ask(R"({"id":5,"op":"approve","room":"r","user":"alice"})"), R"(*"not_found"*)");
}

TEST_CASE("who is banned has applied for nothing", "[line]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(by_invitation());
    Peer& boss = stage.member(carrier, "boss", "r");
    Peer& alice = stage.user(carrier, "alice");
    Peer& bob = stage.user(carrier, "bob");
    CHECK(alice.ask(kApply) == kDone);
    CHECK(bob.ask(kApply) == kDone);
    bob.drop();  // who is gone likewise
    alice.forget();
    for (const char* who : {"alice", "bob"}) {
      CHECK(boss.ask(R"({"id":5,"op":"ban","room":"r","user":")" + std::string(who) + "\"}") ==
            kDone);
    }
    CHECK(
        has(alice.events("queue"), R"({"event":"queue","room":"r","line":"apply","position":0})"));
    CHECK_LIKE(boss.ask(line("waiting", "apply")), R"({"id":5,"ok":{"waiting":0,*)");
    CHECK_LIKE(alice.ask(kApply), R"(*"banned"*)");
    CHECK(boss.ask(R"({"id":5,"op":"unban","room":"r","user":"alice"})") == kDone);
    CHECK_LIKE(boss.ask(R"({"id":5,"op":"approve","room":"r","user":"alice"})"),
               R"(*"not_found"*)");
  }
}

TEST_CASE("the usual kinds of rooms differ in what they promise", "[line]") {
  CHECK_FALSE(RoomPolicy::plaza().reliable);
  CHECK(RoomPolicy::plaza().max_members == 0);
  CHECK(RoomPolicy::group(7).max_members == 7);
  CHECK(RoomPolicy::group().reliable);
  CHECK(RoomPolicy::sensitive().durability == Durability::before);
  CHECK(RoomPolicy::sensitive().by_invitation);
}

TEST_CASE("who was let into a room by invitation stays when its home is lost", "[line]") {
  EngineOptions options = open_options();
  options.new_room_policy = RoomPolicy::group(10);
  options.new_room_policy.owner = "boss";
  Engines server(3, options);
  const std::string room = server.room_of(0);
  server.member(1, kWsJson, "boss", room);
  Peer& mallory = server[1].user(kTcp, "mallory");
  const std::string join = R"({"id":2,"op":"join","room":")" + room + "\"}";
  CHECK_LIKE(server.ask(mallory, join), R"(*"forbidden"*)");
  CHECK(static_cast<bool>(server[1].engine().room(room)->invite("alice")));
  server.run();
  Peer& alice = server.member(2, kTcp, "alice", room);
  server.lose(0);
  server.pass(Duration::s(1));
  CHECK(alice.events("left").empty());
  CHECK_LIKE(server.ask(mallory, join), R"(*"forbidden"*)");
}
