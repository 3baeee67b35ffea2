// What members show of themselves: who may set it, who is told, and what stays of it: nothing.
#include "scenario/engines.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string set(const std::string& room, const std::string& user, const std::string& key,
                const std::string& value) {
  return R"({"id":9,"op":"set_attribute","room":")" + room + R"(","user":")" + user +
         R"(","key":")" + key + R"(","value":)" + value + "}";
}
constexpr std::string_view kDone = R"({"id":9,"ok":{}})";
std::string no(const std::string& code) { return R"({"id":9,"error":{"code":")" + code + "*"; }
const std::string kList = R"({"id":8,"op":"presence","room":"r"})";


}  // namespace

TEST_CASE("what a member shows is told to the room and stands in the list", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(owned());
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    stage.run();
    alice.forget();
    CHECK(bob.ask(set("r", "bob", "mood", R"("\"fine\"")")) == kDone);
    CHECK(alice.events("presence") ==
          std::vector<std::string>{
              R"({"event":"presence","room":"r","online":2,"version":3,)"
              R"("changes":[{"user":"bob","attributes":{"mood":"\"fine\""}}]})"});
    CHECK_LIKE(alice.ask(kList), R"(*{"user":"bob","nick":"bob","role":"member","since":*,)"
                                 R"("attributes":{"mood":"\"fine\""}}]}})");
    // Two in one turn are told together.
    alice.forget();
    stage.in_one_turn([&] {
      bob.say(set("r", "bob", "team", R"("red")"));
      bob.say(set("r", "bob", "mood", "null"));
    });
    const std::vector<std::string> told = alice.events("presence");
    REQUIRE(told.size() == 1);
    CHECK_LIKE(told[0], R"(*"changes":[{"user":"bob","attributes":{"team":"red"}}]})");
    CHECK_LIKE(bob.ask(R"({"id":2,"op":"leave","room":"r"})"), R"({"id":2,"ok":*)");
    CHECK_LIKE(bob.ask(R"({"id":3,"op":"join","room":"r"})"), R"({"id":3,"ok":*)");
    const std::string list = alice.ask(kList);
    CHECK(list.find("attributes") == std::string::npos);
  }
}

TEST_CASE("one sets one's own and moderators those of whom they outrank", "[scenario]") {
  Stage stage(owned());
  Peer& owner = stage.member(kWsJson, "owner", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  Peer& carol = stage.member(kWsFb, "carol", "r");
  CHECK_LIKE(bob.ask(set("r", "carol", "k", R"("v")")), no("forbidden"));
  CHECK_LIKE(bob.ask(set("r", "owner", "k", R"("v")")), no("forbidden"));
  CHECK(owner.ask(set("r", "carol", "k", R"("v")")) == kDone);
  CHECK_LIKE(owner.ask(set("r", "nobody", "k", R"("v")")), no("not_found"));
  CHECK_LIKE(owner.ask(set("s", "carol", "k", R"("v")")), no("not_member"));
  CHECK(carol.ask(set("r", "carol", "k", "null")) == kDone);
  REQUIRE(stage.room("r").set_role("carol", Role::moderator));
  REQUIRE(stage.room("r").set_role("bob", Role::moderator));
  CHECK_LIKE(bob.ask(set("r", "carol", "k", R"("v")")), no("forbidden"));  // no higher
  REQUIRE(stage.room("r").set_role("bob", Role::visitor));
  CHECK_LIKE(bob.ask(set("r", "bob", "k", R"("v")")), no("forbidden"));
  CHECK(carol.ask(set("r", "bob", "k", R"("v")")) == kDone);
  CHECK_LIKE(bob.ask(set("r", "bob", "k", "null")), no("forbidden"));
  CHECK_LIKE(owner.ask(set("r", "carol", "k", "\"" + std::string(300, 'x') + "\"")),
             no("limit_reached"));
}

TEST_CASE("who may not speak may not say it this way either", "[scenario]") {
  Stage stage(owned());
  Peer& owner = stage.member(kWsJson, "owner", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  CHECK(bob.ask(set("r", "bob", "a", R"("before")")) == kDone);
  REQUIRE(stage.room("r").mute("bob"));
  CHECK_LIKE(bob.ask(set("r", "bob", "k", R"("v")")), no("muted"));
  CHECK(bob.ask(set("r", "bob", "a", "null")) == kDone);
  CHECK(owner.ask(set("r", "bob", "k", R"("v")")) == kDone);
  REQUIRE(stage.room("r").unmute("bob"));
  REQUIRE(stage.room("r").shadow_mute("bob"));
  CHECK(bob.ask(set("r", "bob", "ads", R"("buy")")) == kDone);
  CHECK(owner.ask(kList).find("ads") == std::string::npos);
}

TEST_CASE("the host sets what members show and sees it", "[scenario]") {
  Stage stage;
  Peer& bob = stage.member(kWsJson, "bob", "r");
  bob.forget();
  Room room = stage.room("r");
  CHECK(room.set_attribute("bob", "level", "7"));
  CHECK(room.set_attribute("nobody", "level", "7").error().code == Errc::not_found);
  CHECK(room.set_attribute("", "level", "7").error().code == Errc::bad_request);
  CHECK(room.erase_attribute("", "level").error().code == Errc::bad_request);
  stage.run();
  CHECK_LIKE(bob.next(), R"(*"changes":[{"user":"bob","attributes":{"level":"7"}}]})");
  std::string seen;
  room.for_each_member(
      [](void* context, const Member& member) {
        for (const Attribute& one : member.attributes) {
          *static_cast<std::string*>(context) +=
              std::string{one.key} + "=" + std::string{one.value};
        }
        return true;
      },
      &seen);
  CHECK(seen == "level=7");
  CHECK(room.erase_attribute("bob", "level"));
  stage.run();
  CHECK_LIKE(bob.next(), R"(*"changes":[{"user":"bob","attributes":{}}]})");
}

TEST_CASE("in a crowd what members show is asked for and not told by name", "[scenario]") {
  StageOptions options;
  options.engine.limits.presence_exact = 2;
  Stage stage(options);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  stage.member(kTcp, "carol", "r");
  stage.pass(Duration::s(2));
  alice.forget();
  CHECK(bob.ask(set("r", "bob", "k", R"("v")")) == kDone);
  stage.pass(Duration::s(2));
  for (const std::string& one : alice.events("presence")) {
    CHECK(one.find("bob") == std::string::npos);
  }
  CHECK_LIKE(alice.ask(kList), R"(*"user":"bob"*"attributes":{"k":"v"}*"carol"*)");
}

TEST_CASE("what members show is the same seen from every engine", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Peer& home = server.member(0, kTcp, "home", room);
  Peer& away = server.member(1, kWsJson, "away", room);
  CHECK(server.ask(away, set(room, "away", "k", R"("v")")) == kDone);
  server.run();
  CHECK_LIKE(home.events("presence").back(),
             R"(*"changes":[{"user":"away","attributes":{"k":"v"}}]})");
  CHECK(server.ask(home, set(room, "home", "k", R"("w")")) == kDone);
  server.run();
  CHECK_LIKE(away.events("presence").back(),
             R"(*"changes":[{"user":"home","attributes":{"k":"w"}}]})");
  const std::string list =
      server.ask(away, R"({"id":10,"op":"presence","room":")" + room + R"("})");
  CHECK_LIKE(list, R"(*"home"*"attributes":{"k":"w"}*"away"*"attributes":{"k":"v"}*)");
  REQUIRE(server[1].engine().room(room)->set_attribute("home", "k", "x"));
  server.run();
  CHECK_LIKE(away.events("presence").back(),
             R"(*"changes":[{"user":"home","attributes":{"k":"x"}}]})");
}

TEST_CASE("data over its bound is too large whatever stands in it", "[scenario]") {
  for (const Carrier& carrier : {kTcp, kWsJson}) {
    INFO(carrier.name);
    Limits limits = quiet_limits();
    JsonCodec json({.max_data = limits.data_bytes});
    EnginePorts ports;
    ports.json = &json;
    Stage stage({.ports = ports, .record = false});
    Peer& alice = stage.member(carrier, "alice", "r");
    const std::string deep = std::string(15'000, '[') + std::string(15'000, ']');
    if (carrier.codec == CodecKind::json) {
      alice.frame(R"({"id":9,"op":"publish","room":"r","text":"x","data":)" + deep + "}");
    } else {
      Command command;
      command.op = Op::publish;
      command.id = 9;
      command.room = "r";
      command.out.text = "x";
      command.out.data = {Data::Form::json, as_bytes(deep)};
      std::vector<std::byte> out(64 * 1024);
      out.resize(tool_flatbuffers().encode(command, out));
      alice.frame(Bytes(out));
    }
    stage.run();
    CHECK_LIKE(alice.next(), no("too_large"));
  }
}
