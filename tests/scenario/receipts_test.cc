// Receipts: members say up to where they have read; the others are told, by name or by count.
#include <algorithm>

#include "scenario/engines.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

StageOptions with_receipts() {
  StageOptions options;
  options.engine.new_room_policy.receipts = true;
  return options;
}
std::string ack(int offset) {
  return R"({"id":5,"op":"ack","room":"r","offset":)" + std::to_string(offset) + "}";
}
void talk(Peer& who, int messages) {
  for (int i = 0; i < messages; ++i) who.ask(R"({"id":8,"op":"publish","room":"r","text":"x"})");
}

}  // namespace

TEST_CASE("members say up to where they have read, and the others are told who", "[receipts]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(with_receipts());
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    talk(alice, 5);
    alice.forget();
    CHECK(bob.ask(ack(3)) == R"({"id":5,"ok":{"read":3,"unread":2}})");
    CHECK(alice.events("receipt") ==
          std::vector<std::string>{R"({"event":"receipt","room":"r","offset":3,"user":"bob"})"});
    // Nobody reads backwards, nor what was not said.
    CHECK(bob.ask(ack(2)) == R"({"id":5,"ok":{"read":3,"unread":2}})");
    CHECK(alice.events("receipt").empty());
    CHECK(bob.ask(ack(99)) == R"({"id":5,"ok":{"read":5,"unread":0}})");

    // Whoever comes back knows what is unread.
    bob.ask(R"({"id":3,"op":"leave","room":"r"})");
    talk(alice, 4);
    CHECK_LIKE(bob.ask(R"({"id":2,"op":"join","room":"r"})"), R"(*"read":5,"unread":4}})");
  }
}

TEST_CASE("a large room is told how many have read, once a second", "[receipts]") {
  StageOptions options = with_receipts();
  options.engine.limits.receipts_exact = 2;
  Stage stage(options);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  Peer& carol = stage.member(kLink, "carol", "r");
  talk(alice, 3);
  alice.forget();
  bob.ask(ack(3));
  CHECK(alice.events("receipt") ==
        std::vector<std::string>{R"({"event":"receipt","room":"r","offset":3,"count":1})"});
  carol.ask(ack(2));
  alice.ask(ack(3));
  CHECK(alice.events("receipt").empty());
  stage.pass(Duration::s(1));
  CHECK(alice.events("receipt") ==
        std::vector<std::string>{R"({"event":"receipt","room":"r","offset":3,"count":2})"});
  stage.pass(Duration::s(5));
  CHECK(alice.events("receipt").empty());
}

TEST_CASE("rooms that ask for no receipts keep none, and places are bounded", "[receipts]") {
  Stage plain;
  Peer& alice = plain.member(kTcp, "alice", "r");
  CHECK_LIKE(alice.ask(ack(1)), R"(*"unsupported"*)");
  StageOptions options = with_receipts();
  options.engine.limits.read_positions = 2;
  Stage stage(options);
  std::vector<Peer*> all;
  for (const char* name : {"a", "b", "c"}) all.push_back(&stage.member(kWsJson, name, "r"));
  talk(*all[0], 3);
  for (Peer* peer : all) CHECK_LIKE(peer->ask(ack(2)), R"({"id":5,"ok":*)");
  all[0]->ask(R"({"id":3,"op":"leave","room":"r"})");
  const std::string back = all[0]->ask(R"({"id":2,"op":"join","room":"r"})");
  CHECK(back.find("unread") == std::string::npos);  // the one that moved longest ago is forgotten
  all[2]->ask(R"({"id":3,"op":"leave","room":"r"})");
  CHECK_LIKE(all[2]->ask(R"({"id":2,"op":"join","room":"r"})"), R"(*"read":2,"unread":1}})");
  // Another room has none to give up.
  Peer& other = stage.member(kTcp, "x", "s");
  other.ask(R"({"id":8,"op":"publish","room":"s","text":"x"})");
  CHECK_LIKE(other.ask(R"({"id":5,"op":"ack","room":"s","offset":1})"), R"(*"limit_reached"*)");
}

TEST_CASE("members at another engine read and are told alike", "[receipts]") {
  Engines server(2, with_receipts().engine);
  const std::string room = server.room_of(0);
  Peer& alice = server.member(0, kWsJson, "alice", room);
  Peer& bob = server.member(1, kTcp, "bob", room);
  server.ask(alice, R"({"id":8,"op":"publish","room":")" + room + R"(","text":"x"})");
  server.run();
  CHECK(server.ask(bob, R"({"id":5,"op":"ack","room":")" + room + R"(","offset":1})") ==
        R"({"id":5,"ok":{"read":1,"unread":0}})");
  CHECK(alice.events("receipt").size() == 1);
}
