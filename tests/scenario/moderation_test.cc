// Moderation by members and by the host, in the words of the protocol: who may do what to whom,
// what the person is told, and what then holds.
#include "scenario/engines.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string done(int id) { return R"({"id":)" + std::to_string(id) + R"(,"ok":{}})"; }
std::string no(std::string_view code) {
  return R"({"id":*,"error":{"code":")" + std::string(code) + "\",*";
}
std::string on(std::string_view op, std::string_view user, std::string_view more = "") {
  return R"({"id":9,"op":")" + std::string(op) + R"(","room":"r","user":")" + std::string(user) +
         "\"" + std::string(more) + "}";
}
std::string says(std::string_view text) {
  return R"({"id":8,"op":"publish","room":"r","text":")" + std::string(text) + R"("})";
}

}  // namespace

TEST_CASE("a mute holds until its end, is told to the person, and can be lifted", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(owned());
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    Peer& carol = stage.member(carrier, "carol", "r");
    alice.forget(), bob.forget(), carol.forget();

    CHECK(alice.ask(on("mute", "bob", R"(,"for_ms":60000,"reason":"loud")")) == done(9));
    const auto told = bob.events("moderation");
    REQUIRE(told.size() == 1);
    CHECK_LIKE(told[0],
               R"({"event":"moderation","room":"r","action":"mute","user":"bob","by":"alice",)"
               R"("until":*,"text":"loud"})");
    CHECK(carol.events("moderation").empty());
    CHECK_LIKE(bob.ask(says("x")), R"(*"muted"*"temporary":false,"retry_after_ms":60000,*)");
    stage.pass_alive(Duration::ms(59'999));
    CHECK_LIKE(bob.ask(says("x")), R"(*"muted"*"retry_after_ms":1,*)");
    stage.pass(Duration::ms(1));
    CHECK_LIKE(bob.ask(says("x")), R"({"id":8,"ok":*)");

    // Until it is lifted; a timed one beside it shortens nothing; lifting ends both.
    CHECK(alice.ask(on("mute", "bob")) == done(9));
    CHECK(alice.ask(on("mute", "bob", R"(,"for_ms":10)")) == done(9));
    stage.pass(Duration::s(20));
    const std::string refused = bob.ask(says("x"));
    CHECK_LIKE(refused, R"(*"muted"*)");
    CHECK(refused.find("retry_after_ms") == std::string::npos);
    CHECK(alice.ask(on("unmute", "bob")) == done(9));
    CHECK_LIKE(bob.ask(says("x")), R"({"id":8,"ok":*)");
    // A later timed one replaces the earlier.
    CHECK(alice.ask(on("mute", "bob", R"(,"for_ms":60000)")) == done(9));
    CHECK(alice.ask(on("mute", "bob", R"(,"for_ms":1000)")) == done(9));
    stage.pass(Duration::ms(1'000));
    CHECK_LIKE(bob.ask(says("x")), R"({"id":8,"ok":*)");
  }
}

TEST_CASE("a mute outlives leaving, and one of somebody absent waits for him", "[scenario]") {
  Stage stage(owned());
  Peer& alice = stage.member(kWsJson, "alice", "r");
  CHECK(alice.ask(on("mute", "bob")) == done(9));
  Peer& bob = stage.member(kTcp, "bob", "r");
  CHECK_LIKE(bob.ask(says("x")), no("muted"));
  bob.ask(R"({"id":3,"op":"leave","room":"r"})");
  bob.ask(R"({"id":4,"op":"join","room":"r"})");
  CHECK_LIKE(bob.ask(says("x")), no("muted"));
  CHECK(stage.room("r").sanctions("bob").muted);
}

TEST_CASE("a ban takes all sessions out at once and keeps them out", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(owned());
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    Peer& again = stage.member(carrier, "bob", "r");
    CHECK(alice.ask(on("ban", "bob", R"(,"for_ms":5000,"reason":"spam")")) == done(9));
    alice.ask(says("after"));
    stage.run();
    for (Peer* peer : {&bob, &again}) {
      const auto heard = peer->all();
      REQUIRE(heard.size() >= 2);
      CHECK_LIKE(heard[heard.size() - 2], R"({"event":"moderation",*"action":"ban"*)");
      CHECK_LIKE(heard.back(),
                 R"({"event":"left","room":"r","reason":"banned","by":"alice","text":"spam",*)");
    }
    CHECK_LIKE(bob.ask(R"({"id":3,"op":"join","room":"r"})"),
               R"({"id":3,"error":{"code":"banned",*"retry_after_ms":5000,*)");
    CHECK(bob.closed() == 0);
    stage.pass(Duration::s(5));
    CHECK_LIKE(bob.ask(R"({"id":3,"op":"join","room":"r"})"), R"({"id":3,"ok":*)");
    // Mutes and bans do not know each other.
    CHECK(alice.ask(on("mute", "bob")) == done(9));
    CHECK(alice.ask(on("ban", "bob")) == done(9));
    CHECK(alice.ask(on("unban", "bob")) == done(9));
    CHECK_LIKE(bob.ask(R"({"id":3,"op":"join","room":"r"})"), R"({"id":3,"ok":*)");
    CHECK_LIKE(bob.ask(says("x")), no("muted"));
  }
}

TEST_CASE("a kick says who and why, and one may come back", "[scenario]") {
  Stage stage(owned());
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  bob.forget();
  CHECK(alice.ask(on("kick", "bob", R"(,"reason":"enough")")) == done(9));
  CHECK(alice.ask(on("kick", "bob")) == done(9));  // repeating is fine
  const auto left = bob.events("left");
  REQUIRE(left.size() == 1);
  CHECK(left[0] == R"({"event":"left","room":"r","reason":"kicked","by":"alice","text":"enough"})");
  CHECK_LIKE(bob.ask(R"({"id":3,"op":"join","room":"r"})"), R"({"id":3,"ok":*)");
}

TEST_CASE("only a higher rank acts on a lower, present or not", "[scenario]") {
  Stage stage(owned());
  Peer& owner = stage.member(kWsJson, "owner", "r");
  Peer& mod = stage.member(kTcp, "mod", "r");
  Peer& bob = stage.member(kWsFb, "bob", "r");
  CHECK(owner.ask(on("set_role", "mod", R"(,"role":"moderator")")) == done(9));
  CHECK_LIKE(mod.events("moderation").at(0),
             R"(*"action":"set_role","user":"mod","role":"moderator",*)");
  for (const char* op : {"mute", "unmute", "ban", "unban", "kick", "allow", "disallow"}) {
    INFO(op);
    CHECK_LIKE(bob.ask(on(op, "carol")), no("forbidden"));
    CHECK_LIKE(mod.ask(on(op, "owner")), no("forbidden"));
    const bool of_oneself = op == std::string_view("mute") || op == std::string_view("unmute");
    CHECK_LIKE(mod.ask(on(op, "mod")), of_oneself ? done(9) : no("forbidden"));
    CHECK(mod.ask(on(op, "carol")) == done(9));
  }
  CHECK_LIKE(mod.ask(on("set_role", "bob", R"(,"role":"speaker")")), no("forbidden"));
  CHECK_LIKE(owner.ask(on("set_role", "bob", R"(,"role":"owner")")), no("forbidden"));
  CHECK(owner.ask(on("set_role", "absent", R"(,"role":"admin")")) == done(9));
  CHECK_LIKE(mod.ask(on("kick", "absent")), no("forbidden"));
  CHECK_LIKE(owner.ask(on("set_role", "absent", R"(,"role":"moderator")")), no("not_found"));
  CHECK_LIKE(bob.ask(R"({"id":9,"op":"set_policy","room":"r","policy":{}})"), no("forbidden"));
  CHECK_LIKE(mod.ask(R"({"id":9,"op":"close_room","room":"r"})"), no("forbidden"));
  Peer& stranger = stage.user(kTcp, "stranger");
  CHECK_LIKE(stranger.ask(on("mute", "bob")), no("not_member"));
}

TEST_CASE("a muted room lets moderators and those allowed speak", "[scenario]") {
  Stage stage(owned());
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  Peer& carol = stage.member(kTcp, "carol", "r");
  carol.forget();
  CHECK(alice.ask(R"({"id":9,"op":"set_policy","room":"r","policy":{"mute_all":true}})") ==
        done(9));
  CHECK_LIKE(carol.events("room_state").at(0), R"(*"changed":{"policy":{*"mute_all":true,*)");
  CHECK(alice.ask(on("allow", "bob")) == done(9));
  CHECK_LIKE(bob.ask(says("x")), R"({"id":8,"ok":*)");
  CHECK_LIKE(carol.ask(says("x")), no("mode_restricted"));
  CHECK(alice.ask(on("disallow", "bob")) == done(9));
  CHECK_LIKE(bob.ask(says("x")), no("mode_restricted"));
  CHECK_LIKE(alice.ask(says("x")), R"({"id":8,"ok":*)");
  CHECK(
      alice.ask(
          R"({"id":9,"op":"set_policy","room":"r","policy":{"mute_all":false,"slow_mode_s":5}})") ==
      done(9));
  stage.pass(Duration::s(5));
  CHECK_LIKE(bob.ask(says("x")), R"({"id":8,"ok":*)");
  CHECK_LIKE(bob.ask(says("x")), R"(*"slow_mode"*"retry_after_ms":5000,*)");
  CHECK_LIKE(alice.ask(R"({"id":9,"op":"set_policy","room":"r","policy":{"password":"x"}})"),
             no("unsupported"));
}

TEST_CASE("what is recalled or cleared is in no answer any more", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(owned());
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    Peer& carol = stage.member(carrier, "carol", "r");
    alice.ask(says("one"));
    bob.ask(says("two"));
    bob.ask(says("three"));
    carol.ask(says("four"));
    stage.run();
    carol.forget();
    const auto recall = [](int offset) {
      return R"({"id":9,"op":"recall","room":"r","offset":)" + std::to_string(offset) + "}";
    };
    CHECK_LIKE(bob.ask(recall(1)), no("forbidden"));
    CHECK(bob.ask(recall(2)) == done(9));
    CHECK_LIKE(bob.ask(recall(2)), no("not_found"));
    CHECK_LIKE(bob.ask(recall(99)), no("not_found"));
    CHECK(carol.events("message_removed") ==
          std::vector<std::string>{R"({"event":"message_removed","room":"r","offset":2})"});
    const std::string history = R"({"id":7,"op":"history","room":"r"})";
    std::string page = carol.ask(history);
    CHECK_LIKE(page, R"(*"one"*"three"*"four"*)");
    CHECK(page.find("two") == std::string::npos);
    CHECK_LIKE(carol.ask(on("clear", "bob")), no("forbidden"));
    CHECK(alice.ask(on("clear", "bob")) == done(9));
    page = carol.ask(history);
    CHECK_LIKE(page, R"(*"one"*"four"*)");
    CHECK(page.find("three") == std::string::npos);
    CHECK(carol.events("messages_cleared").size() == 1);
    CHECK(alice.ask(R"({"id":9,"op":"clear","room":"r"})") == done(9));
    CHECK_LIKE(carol.ask(history), R"(*"messages":[],"more":false}})");
    CHECK(carol.events("messages_cleared") ==
          std::vector<std::string>{R"({"event":"messages_cleared","room":"r"})"});
    CHECK_LIKE(alice.ask(says("five")), R"(*"offset":5}})");  // places are not given twice
  }
}

TEST_CASE("a message that was recalled is not sent to who has not got it", "[scenario]") {
  Stage stage(owned());
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& slow = stage.member(kTcp, "slow", "r");
  slow.stall(true);
  for (int i = 0; i < 3; ++i) alice.ask(says("shame " + std::to_string(i)));
  CHECK(alice.ask(R"({"id":9,"op":"recall","room":"r","offset":2})") == done(9));
  slow.stall(false);
  stage.run();
  std::string all;
  for (const std::string& one : slow.all()) all += one;
  CHECK_LIKE(all, R"(*"shame 0"*"shame 2"*"message_removed"*)");
  CHECK(all.find("shame 1") == std::string::npos);
}

TEST_CASE("pins and attributes are told, and shown to who joins", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(owned());
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    alice.ask(says("rules"));
    stage.run();
    bob.forget();
    const auto set = [](const char* key, const char* value) {
      return std::string(R"({"id":9,"op":"set_attribute","room":"r","key":")") + key +
             R"(","value":)" + value + "}";
    };
    CHECK_LIKE(bob.ask(R"({"id":9,"op":"pin","room":"r","offset":1})"), no("forbidden"));
    CHECK(alice.ask(R"({"id":9,"op":"pin","room":"r","offset":1})") == done(9));
    CHECK_LIKE(alice.ask(R"({"id":9,"op":"pin","room":"r","offset":7})"), no("not_found"));
    CHECK(alice.ask(set("topic", R"("cats \"and\" dogs")")) == done(9));
    CHECK(alice.ask(set("mood", R"("")")) == done(9));
    CHECK(
        bob.events("room_state") ==
        std::vector<std::string>{
            R"({"event":"room_state","room":"r","changed":{"pinned":[1]}})",
            R"({"event":"room_state","room":"r","changed":{"attributes":{"topic":"cats \"and\" dogs"}}})",
            R"({"event":"room_state","room":"r","changed":{"attributes":{"mood":""}}})"});
    Peer& carol = stage.user(carrier, "carol");
    CHECK_LIKE(carol.ask(R"({"id":3,"op":"join","room":"r"})"),
               R"(*"attributes":{"topic":"cats \"and\" dogs","mood":""},"pinned":[1],*)");
    CHECK(alice.ask(set("topic", "null")) == done(9));
    CHECK(alice.ask(R"({"id":9,"op":"recall","room":"r","offset":1})") == done(9));
    CHECK(bob.events("room_state") ==
          std::vector<std::string>{
              R"({"event":"room_state","room":"r","changed":{"attributes":{"topic":null}}})",
              R"({"event":"room_state","room":"r","changed":{"pinned":[]}})"});
    const std::string big = "\"" + std::string(512, 'x') + "\"";
    CHECK(alice.ask(set("a", big.c_str())) == done(9));
    CHECK(alice.ask(set("b", big.c_str())) == done(9));
    CHECK(alice.ask(set("c", big.c_str())) == done(9));
    CHECK_LIKE(alice.ask(set("d", big.c_str())), no("limit_reached"));
  }
}

TEST_CASE("where all rooms have a named owner, opening one gives no rank", "[scenario]") {
  StageOptions options;
  options.engine.new_room_policy.owner = "boss";
  Stage stage(options);
  Peer& eve = stage.user(kWsJson, "eve");
  Peer& boss = stage.user(kWsJson, "boss");
  CHECK(eve.ask(R"({"id":9,"op":"open_room","room":"r"})") == done(9));
  CHECK_LIKE(eve.ask(R"({"id":9,"op":"join","room":"r"})"), R"(*"role":"member"*)");
  CHECK_LIKE(boss.ask(R"({"id":9,"op":"join","room":"r"})"), R"(*"role":"owner"*)");
  CHECK_LIKE(eve.ask(on("kick", "boss")), no("forbidden"));
  CHECK(boss.ask(on("kick", "eve")) == done(9));
}

TEST_CASE("many rooms that are not listed cost a command no more than others", "[scenario]") {
  StageOptions options;
  options.engine.limits.rooms = 3'000;
  Stage stage(options);
  for (int i = 0; i < 2'999; ++i) stage.room("hidden" + std::to_string(i));
  REQUIRE(stage.engine().open_room("shown", {.listed = true}));
  Peer& alice = stage.user(kWsJson, "alice");
  std::string cursor;
  std::string answer;
  int pages = 0;
  do {  // 1,024 rooms are looked at for a page
    answer = alice.ask(R"({"id":9,"op":"list_rooms")" + cursor + "}");
    REQUIRE_FALSE(answer.empty());
    const std::size_t next = answer.find(R"("next":")");
    cursor = next == std::string::npos ? std::string()
                                       : R"(,"cursor":")" + answer.substr(next + 8, 16) + "\"";
    ++pages;
  } while (!cursor.empty() && pages < 10);
  CHECK(pages == 3);
  CHECK_LIKE(answer, R"(*"rooms":[{"room":"shown"*)");
}

TEST_CASE("rooms and channels are opened, listed and closed by those who may", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options = owned();
    options.engine.new_room_policy.listed = true;
    Stage stage(options);
    Peer& alice = stage.user(carrier, "alice");
    Peer& bob = stage.user(carrier, "bob");
    CHECK(alice.ask(R"({"id":9,"op":"open_room","room":"r","policy":{"slow_mode_s":3}})") ==
          done(9));
    CHECK_LIKE(bob.ask(R"({"id":9,"op":"open_room","room":"r"})"), no("already_member"));
    CHECK_LIKE(bob.ask(R"({"id":9,"op":"join","room":"r"})"),
               R"(*"role":"member","state":{"policy":{"slow_mode_s":3,*"creator":"alice"*)");
    CHECK_LIKE(alice.ask(R"({"id":9,"op":"join","room":"r"})"), R"(*"role":"owner"*)");
    bob.ask(R"({"id":9,"op":"join","room":"s"})");
    bob.ask(R"({"id":9,"op":"join","room":"rest"})");
    const std::string page = bob.ask(R"({"id":9,"op":"list_rooms","prefix":"r","limit":1})");
    CHECK_LIKE(
        page,
        R"({"id":9,"ok":{"rooms":[{"room":"r","online":2,"created":*,"creator":"alice"}],"next":"*"}})");
    const std::string next = page.substr(page.find(R"("next":")") + 8, 16);
    CHECK_LIKE(
        bob.ask(R"({"id":9,"op":"list_rooms","prefix":"r","limit":1,"cursor":")" + next + "\"}"),
        R"({"id":9,"ok":{"rooms":[{"room":"rest",*}]}})");
    CHECK_LIKE(bob.ask(R"({"id":9,"op":"list_rooms","cursor":"gone"})"), no("position_lost"));

    bob.forget();
    CHECK(alice.ask(R"({"id":9,"op":"open_channel","room":"r","channel":"news"})") == done(9));
    CHECK(alice.ask(R"({"id":9,"op":"close_channel","room":"r","channel":"main"})") == done(9));
    const auto told = bob.events("room_state");
    REQUIRE(told.size() == 2);
    CHECK_LIKE(
        told[1],
        R"(*"channels":[{"name":"main","state":"closed"*},{"name":"news","state":"open","creator":"alice"}]*)");
    CHECK_LIKE(bob.ask(says("x")), no("mode_restricted"));
    CHECK_LIKE(bob.ask(R"({"id":9,"op":"open_channel","room":"r","channel":"main"})"),
               no("forbidden"));
    CHECK_LIKE(bob.ask(R"({"id":9,"op":"close_channel","room":"r","channel":"news"})"),
               no("forbidden"));
    CHECK(alice.ask(R"({"id":9,"op":"open_channel","room":"r","channel":"main"})") == done(9));
    CHECK_LIKE(bob.ask(says("x")), R"({"id":8,"ok":*)");

    CHECK_LIKE(bob.ask(R"({"id":9,"op":"close_room","room":"r"})"), no("forbidden"));
    bob.forget();
    CHECK(alice.ask(R"({"id":9,"op":"close_room","room":"r"})") == done(9));
    CHECK_LIKE(bob.events("left").at(0), R"(*"reason":"room_closed"*)");
    CHECK_LIKE(bob.ask(says("x")), no("not_member"));
  }
}

TEST_CASE("the host moderates without rank, in public where the room wants it", "[scenario]") {
  Stage stage;
  Room room = stage.room("r");
  RoomPolicy policy = room.policy();
  policy.public_moderation = true;
  CHECK(room.set_policy(policy));
  Peer& bob = stage.member(kWsJson, "bob", "r");
  Peer& carol = stage.member(kTcp, "carol", "r");
  bob.forget();
  CHECK(room.set_role("bob", Role::owner));
  CHECK(room.mute("bob", Duration::s(5), "hush"));
  CHECK(room.mute("", Duration::s(5)).error().code == Errc::bad_request);
  stage.run();
  CHECK(bob.events("moderation").size() == 2);
  const auto seen = carol.events("moderation");
  REQUIRE(seen.size() == 2);
  CHECK_LIKE(
      seen[1],
      R"({"event":"moderation","room":"r","action":"mute","user":"bob","until":*,"text":"hush"})");
  CHECK(room.sanctions("bob").muted_until == stage.loop.now() + Duration::s(5));
  CHECK_LIKE(bob.ask(says("x")), no("muted"));
  CHECK(room.ban("bob", {}, "out"));
  stage.run();
  CHECK(bob.events("left").size() == 1);
  CHECK(carol.events("moderation").size() == 1);
  CHECK(room.sanctions("bob").banned);
  CHECK(room.unban("bob"));
  CHECK_FALSE(room.sanctions("bob").banned);
  CHECK(room.broadcast({.text = "hello"}));
  CHECK(room.pin(1));
  CHECK(room.set_attribute("topic", "t"));
  CHECK(room.erase_attribute("topic"));
  CHECK(room.recall(1));
  CHECK(room.clear());
  CHECK(room.recall(1).error().code == Errc::not_found);
  // Who, what, when, why: one event each for what was done.
  std::size_t trail = 0;
  for (const auto& event : stage.observer.events) trail += event.type == HostEventType::moderated;
  CHECK(trail == 9);
}

TEST_CASE("sanctions and boards are bounded in number, and timed ones make room", "[scenario]") {
  StageOptions options = owned();
  options.engine.limits.sanctions = 2;
  options.engine.limits.board_rooms = 1;
  Stage stage(options);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  CHECK(alice.ask(on("mute", "a", R"(,"for_ms":1000)")) == done(9));
  CHECK(alice.ask(on("ban", "b")) == done(9));
  CHECK(alice.ask(on("mute", "b")) == done(9));
  CHECK_LIKE(alice.ask(on("mute", "c")), no("limit_reached"));
  CHECK(alice.ask(on("unmute", "b")) == done(9));
  CHECK_LIKE(alice.ask(on("mute", "c")), no("limit_reached"));
  stage.pass(Duration::s(1));
  CHECK(alice.ask(on("mute", "c")) == done(9));
  CHECK(alice.ask(on("unban", "b")) == done(9));
  CHECK(alice.ask(on("ban", "d")) == done(9));
  alice.ask(R"({"id":3,"op":"join","room":"s"})");
  CHECK(alice.ask(R"({"id":9,"op":"set_attribute","room":"r","key":"k","value":"v"})") == done(9));
  CHECK_LIKE(alice.ask(R"({"id":9,"op":"set_attribute","room":"s","key":"k","value":"v"})"),
             no("limit_reached"));
  CHECK(alice.ask(R"({"id":9,"op":"set_attribute","room":"r","key":"k","value":null})") == done(9));
  CHECK(alice.ask(R"({"id":9,"op":"set_attribute","room":"s","key":"k","value":"v"})") == done(9));
}

TEST_CASE("members of other engines moderate and are moderated alike", "[scenario]") {
  EngineOptions options = open_options();
  options.new_room_policy.first_join_owns = true;
  Engines server(2, options);
  const std::string room = server.room_of(0);
  Peer& alice = server.member(1, kWsJson, "alice", room);  // owns it from afar
  Peer& bob = server.member(0, kTcp, "bob", room);
  Peer& carol = server.member(1, kTcp, "carol", room);
  const auto to = [&](std::string text) {
    for (std::size_t at = 0; (at = text.find("\"r\"")) != std::string::npos;) {
      text.replace(at, 3, "\"" + room + "\"");
    }
    return text;
  };
  CHECK(server.ask(alice, to(on("mute", "carol"))) == done(9));
  CHECK_LIKE(server.ask(carol, to(says("x"))), no("muted"));
  CHECK_LIKE(server.ask(bob, to(says("one"))), R"({"id":8,"ok":*)");
  server.run();
  CHECK(server.ask(alice, to(R"({"id":9,"op":"recall","room":"r","offset":1})")) == done(9));
  server.run();
  CHECK(carol.events("message_removed").size() == 1);
  CHECK_LIKE(server.ask(carol, to(on("kick", "bob"))), no("forbidden"));
  CHECK(server.ask(alice, to(on("ban", "carol"))) == done(9));
  server.run();
  CHECK(carol.events("left").size() == 1);
  CHECK_LIKE(server.ask(carol, to(R"({"id":3,"op":"join","room":"r"})")), no("banned"));
  CHECK(server[1].engine().room(room)->unban("carol"));
  server.run();
  CHECK_LIKE(server.ask(carol, to(R"({"id":3,"op":"join","room":"r"})")), R"({"id":3,"ok":*)");
}
