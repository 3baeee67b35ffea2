// When the home of a room is lost its policy is not: who was banned stays out, who kept order keeps
// it, wherever the room goes on. And lists of rooms show those of all engines.
#include <set>

#include "scenario/engines.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string in(const std::string& room, std::string_view op, std::string_view more = "") {
  return R"({"id":5,"op":")" + std::string(op) + R"(","room":")" + room + "\"" + std::string(more) +
         "}";
}
constexpr std::string_view kDone = R"({"id":5,"ok":{}})";

// A room of the first of three engines that goes to `heir` when that one is lost.
std::string room_with_heir(Engines& server, std::uint32_t heir) {
  LocalBrokerOptions options;
  options.engines = 3;
  LocalBroker after(options);
  static_cast<void>(after.port(0)->attach(nullptr));
  after.port(0)->detach();
  for (int i = 0;; ++i) {
    const std::string name = "room" + std::to_string(i);
    if (server.broker.home_of(name) == 0 && after.home_of(name) == heir) return name;
  }
}

}  // namespace

TEST_CASE("bans, roles and attributes outlive the engine that was their room's home",
          "[broker][heirs]") {
  for (const std::uint32_t heir : {1u, 2u}) {  // a follower, and one that never heard of the room
    INFO("heir " << heir);
    EngineOptions options = open_options();
    options.new_room_policy.owner = "boss";
    Engines server(3, options);
    const std::string room = room_with_heir(server, heir);
    Peer& boss = server.member(1, kWsJson, "boss", room);
    Peer& alice = server.member(1, kTcp, "alice", room);
    Peer& bob = server.member(1, kTcp, "bob", room);
    Peer& mallory = server.member(1, kTcp, "mallory", room);
    CHECK(server.ask(boss, in(room, "ban", R"(,"user":"mallory","reason":"spam")")) == kDone);
    CHECK(server.ask(boss, in(room, "mute", R"(,"user":"bob")")) == kDone);
    CHECK(server.ask(boss, in(room, "set_role", R"(,"user":"alice","role":"moderator")")) == kDone);
    CHECK(server.ask(boss, in(room, "set_attribute", R"(,"key":"topic","value":"tea")")) == kDone);
    CHECK(server.ask(boss, in(room, "set_policy", R"(,"policy":{"slow_mode_s":7})")) == kDone);
    server.pass(Duration::s(2));
    server.lose(0);
    server.pass(Duration::s(1));
    CHECK(server.broker.home_of(room) == heir);
    CHECK(alice.events("reset").size() == 1);
    CHECK_LIKE(server.ask(mallory, in(room, "join")), R"(*"code":"banned",*)");
    CHECK_LIKE(server.ask(bob, in(room, "publish", R"(,"text":"hm")")), R"(*"code":"muted",*)");
    CHECK(server.ask(alice, in(room, "unmute", R"(,"user":"bob")")) == kDone);
    CHECK_LIKE(server.ask(bob, in(room, "publish", R"(,"text":"hm")")), R"({"id":5,"ok":*)");
    Peer& carol = server[2].user(kWsJson, "carol");
    CHECK_LIKE(server.ask(carol, in(room, "join")), R"(*"topic"*"tea"*)");
    // What was lifted stays lifted when the next home is lost too.
    CHECK(server.ask(boss, in(room, "unban", R"(,"user":"mallory")")) == kDone);
    if (heir != 2) continue;
    server.pass(Duration::s(2));
    server.lose(2);
    server.pass(Duration::s(1));
    CHECK_LIKE(server.ask(mallory, in(room, "join")), R"({"id":5,"ok":*)");
    CHECK_LIKE(server.ask(alice, in(room, "publish", R"(,"text":"on")")), R"({"id":5,"ok":*)");
  }
}

TEST_CASE("who came in before the heir knew of his ban leaves again", "[broker][heirs]") {
  EngineOptions options = open_options();
  options.new_room_policy.owner = "boss";
  Engines server(3, options);
  const std::string room = room_with_heir(server, 2);
  Peer& boss = server.member(1, kWsJson, "boss", room);
  Peer& mallory = server[2].user(kTcp, "mallory");
  CHECK(server.ask(boss, in(room, "ban", R"(,"user":"mallory")")) == kDone);
  server.pass(Duration::s(2));
  server.stages[0].reset();
  server[2].run();  // it knows that the home is lost; the follower does not yet
  CHECK_LIKE(mallory.ask(in(room, "join")), R"({"id":5,"ok":*)");
  server.run();
  CHECK_LIKE(mallory.events("left").at(0), R"(*"reason":"banned"*)");
  CHECK_LIKE(server.ask(mallory, in(room, "join")), R"(*"code":"banned",*)");
}

TEST_CASE("lists of rooms show those of all engines, each once", "[broker]") {
  EngineOptions options = open_options();
  options.new_room_policy.listed = true;
  Engines server(3, options);
  std::set<std::string> names;
  for (std::uint32_t home = 0; home < 3; ++home) {
    for (int i = 0; i < 3; ++i) {
      const std::string prefix = std::string(1, static_cast<char>('a' + i)) + "-";
      const std::string room = server.room_of(home, prefix);
      names.insert(room);
      // Followed elsewhere, where they are not listed twice.
      server.member((home + 1) % 3, kTcp, "u" + room, room);
    }
  }
  const auto list = [&](Peer& peer, const std::string& more) {
    std::multiset<std::string> seen;
    std::string cursor;
    for (int page = 0; page < 20; ++page) {
      const std::string answer =
          server.ask(peer, R"({"id":5,"op":"list_rooms")" + more +
                               (cursor.empty() ? "" : R"(,"cursor":")" + cursor + "\"") + "}");
      INFO(answer);
      REQUIRE(matches(answer, R"({"id":5,"ok":{*)"));
      for (std::size_t at = 0; (at = answer.find(R"({"room":")", at)) != std::string::npos;) {
        at += 9;
        seen.insert(answer.substr(at, answer.find('"', at) - at));
        if (answer.find(R"("online":1)", at) == std::string::npos) seen.insert("nobody in it");
      }
      const std::size_t next = answer.find(R"("next":")");
      if (next == std::string::npos) return seen;
      cursor = answer.substr(next + 8, answer.find('"', next + 8) - next - 8);
    }
    seen.insert("without end");
    return seen;
  };
  const std::multiset<std::string> all(names.begin(), names.end());
  Peer& alice = server[1].user(kWsJson, "alice");
  Peer& bob = server[2].user(kTcp, "bob");
  CHECK(list(alice, "") == all);
  CHECK(list(bob, R"(,"limit":2)") == all);
  CHECK(list(alice, R"(,"prefix":"b-")").size() == 3);
  CHECK_LIKE(server.ask(alice, R"({"id":5,"op":"list_rooms","cursor":"@"})"), R"(*"rooms":*)");
  // Nobody stays behind at the engines that were asked.
  CHECK(server[0].engine().metrics().sessions == 3);
  // Of a lost engine nothing is listed, and its cursor goes on at the next.
  server.lose(0);
  CHECK(list(alice, R"(,"cursor":"@00000000000000000000000000000001")").count("without end") == 0);
  CHECK(list(bob, R"(,"prefix":"c-")").size() >= 2);
}
