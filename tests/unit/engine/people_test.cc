// People whom a room knows over a restart: lasting roles, who applied, up to where its members have
// read. A Stage that is destroyed is a crash; one that was drained first went in order.
#include "chatroom/adapters/memory.h"
#include "unit/engine/stored.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

void go_in_order(Stage& stage) {
  stage.engine().drain(CloseCode::shutdown, Duration::ms(10));
  stage.pass(Duration::ms(20));
  CHECK(stage.engine().drained());
}

StageOptions group_of(Storage& storage, Durability durability = Durability::behind) {
  StageOptions options = stored(storage, durability);
  RoomPolicy& policy = options.engine.new_room_policy;
  policy.by_invitation = true;
  policy.applications = 10;
  policy.receipts = true;
  policy.first_join_owns = true;
  return options;
}
std::string verb(std::string_view op, std::string_view more) {
  return R"({"id":9,"op":")" + std::string(op) + R"(","room":"r",)" + std::string(more) + "}";
}
const std::string kGood = R"({"id":9,"ok":{}})";
const std::string kJoin = R"({"id":2,"op":"join","room":"r"})";

}  // namespace

TEST_CASE("lasting roles outlive a restart, and nobody owns for coming first",
          "[engine][restart]") {
  for (const bool crash : {false, true}) {
    for (const Durability durability : {Durability::behind, Durability::before}) {
      INFO("crash: " << crash << " before: " << (durability == Durability::before));
      MemoryStorage storage;
      {
        Stage stage(group_of(storage, durability));
        Peer& boss = stage.member(kTcp, "boss", "r");
        CHECK(boss.ask(verb("invite", R"("user":"carol")")) == kGood);
        CHECK(boss.ask(verb("invite", R"("user":"dan")")) == kGood);
        CHECK(boss.ask(verb("set_role", R"("user":"dan","role":"admin")")) == kGood);
        stage.member(kWsJson, "carol", "r");
        if (!crash) go_in_order(stage);
      }
      Stage stage(group_of(storage, durability));
      Peer& eve = stage.user(kWsJson, "eve");
      CHECK_LIKE(eve.ask(kJoin), R"(*"forbidden"*)");
      Peer& carol = stage.user(kWsJson, "carol");
      CHECK_LIKE(carol.ask(kJoin), R"(*"role":"member"*)");
      Peer& dan = stage.user(kTcp, "dan");
      CHECK_LIKE(dan.ask(kJoin), R"(*"role":"admin"*)");
      Peer& boss = stage.user(kTcp, "boss");
      CHECK_LIKE(boss.ask(kJoin), R"(*"role":"owner"*)");
    }
  }
}

TEST_CASE("what was given while the room is loaded stands", "[engine][restart]") {
  MemoryStorage under;
  {
    Stage stage(group_of(under));
    Peer& boss = stage.member(kTcp, "boss", "r");
    CHECK(boss.ask(verb("invite", R"("user":"carol")")) == kGood);
  }
  testing::FaultyStorage storage(under);
  storage.late = true;
  Stage stage(group_of(storage));
  RoomPolicy policy = group_of(storage).engine.new_room_policy;
  Result<Room> room = stage.engine().open_room("r", policy);
  REQUIRE(room);
  CHECK(static_cast<bool>(room->set_role("carol", Role::admin)));
  storage.late = false;
  storage.deliver();
  stage.run();
  CHECK_LIKE(stage.user(kWsJson, "carol").ask(kJoin), R"(*"role":"admin"*)");
  CHECK_LIKE(stage.user(kWsJson, "boss").ask(kJoin), R"(*"role":"owner"*)");
}

TEST_CASE("who applied and went is still asked about, over a restart too", "[engine][restart]") {
  MemoryStorage storage;
  {
    Stage stage(group_of(storage));
    stage.member(kTcp, "boss", "r");
    for (const char* name : {"ann", "bea", "cid", "dee"}) {
      Peer& one = stage.user(kTcp, name);
      CHECK(one.ask(R"({"id":9,"op":"apply","room":"r"})") == kGood);
      one.drop();
      stage.run();
    }
    Peer& dee = stage.user(kWsJson, "dee");
    CHECK(dee.ask(verb("dequeue", R"("line":"apply")")) == kGood);
  }
  Stage stage(group_of(storage));
  Peer& boss = stage.member(kTcp, "boss", "r");
  CHECK_LIKE(boss.ask(verb("waiting", R"("line":"apply")")),
             R"(*"waiting":3,"members":[{"user":"ann"*"bea"*"cid"*)");
  CHECK(boss.ask(verb("approve", R"("user":"bea")")) == kGood);
  CHECK_LIKE(boss.ask(verb("approve", R"("user":"bea")")), R"(*"not_found"*)");
  CHECK(boss.ask(verb("dequeue", R"("line":"apply","user":"cid")")) == kGood);
  CHECK(boss.ask(verb("call_next", R"("line":"apply")")) == kGood);
  CHECK_LIKE(boss.ask(verb("call_next", R"("line":"apply")")), R"(*"not_found"*)");
  CHECK_LIKE(stage.user(kWsJson, "ann").ask(kJoin), R"(*"role":"member"*)");
  CHECK_LIKE(stage.user(kWsJson, "bea").ask(kJoin), R"(*"role":"member"*)");
  CHECK_LIKE(stage.user(kWsJson, "cid").ask(kJoin), R"(*"forbidden"*)");
  // Who comes back finds its place in the line, once.
  Peer& eli = stage.user(kTcp, "eli");
  CHECK(eli.ask(R"({"id":9,"op":"apply","room":"r"})") == kGood);
  eli.drop();
  stage.run();
  Peer& back = stage.user(kTcp, "eli");
  CHECK(back.ask(R"({"id":9,"op":"apply","room":"r"})") == kGood);
  CHECK_LIKE(boss.ask(verb("waiting", R"("line":"apply")")), R"(*"waiting":1,*)");
}

TEST_CASE("read positions outlive a restart, a crash but for the last seconds",
          "[engine][restart]") {
  for (const int seconds : {9, 10}) {
    for (const bool crash : {false, true}) {
      INFO(seconds << " s, crash: " << crash);
      MemoryStorage storage;
      {
        Stage stage(group_of(storage));
        Peer& boss = stage.member(kTcp, "boss", "r");
        for (int i = 0; i < 5; ++i) {
          CHECK_LIKE(boss.ask(R"({"id":5,"op":"publish","room":"r","text":"x"})"), R"(*"ok"*)");
        }
        CHECK_LIKE(boss.ask(verb("ack", R"("offset":3)")), R"(*"read":3,"unread":2*)");
        stage.pass(Duration::s(seconds));
        if (!crash) go_in_order(stage);
      }
      Stage stage(group_of(storage));
      const std::string joined = stage.user(kTcp, "boss").ask(kJoin);
      const bool kept = !crash || seconds == 10;
      CHECK((joined.find(R"("read":3,"unread":2)") != std::string::npos) == kept);
    }
  }
}

TEST_CASE("a room's record holds a thousand members, who is muted and who read last",
          "[engine][restart]") {
  MemoryStorage storage;
  const auto name_of = [](int i) { return "somebody-with-a-name-" + std::to_string(10'000 + i); };
  const auto many = [&storage] {
    StageOptions options = group_of(storage);
    options.engine.limits.lasting_roles = options.engine.limits.sessions = 2'048;
    options.engine.limits.sanctions = 1'024;
    return options;
  };
  {
    Stage stage(many());
    Peer& boss = stage.member(kTcp, "boss", "r");
    Room room = stage.room("r");
    for (int i = 0; i < 1'000; ++i) CHECK(static_cast<bool>(room.invite(name_of(i))));
    for (int i = 0; i < 300; ++i) {
      CHECK(static_cast<bool>(room.mute("noisy-" + std::to_string(i), Duration::s(3'600))));
    }
    CHECK(static_cast<bool>(room.set_role("zoe", Role::admin)));
    CHECK_LIKE(boss.ask(R"({"id":5,"op":"publish","room":"r","text":"x"})"), R"(*"ok"*)");
    CHECK_LIKE(boss.ask(verb("ack", R"("offset":1)")), R"(*"read":1*)");
    go_in_order(stage);
  }
  Stage stage(many());
  CHECK_LIKE(stage.user(kTcp, "boss").ask(kJoin), R"(*"role":"owner"*"read":1*)");
  CHECK_LIKE(stage.user(kTcp, "zoe").ask(kJoin), R"(*"role":"admin"*)");
  int in = 0;
  for (int i = 0; i < 1'000; i += 50) {
    Peer& one = stage.user(kTcp, name_of(i));
    in += matches(one.ask(kJoin), R"(*"role":"member"*)");
    one.drop();
    stage.run();
  }
  CHECK(in == 20);
  CHECK(stage.room("r").sanctions("noisy-299").muted);
}
