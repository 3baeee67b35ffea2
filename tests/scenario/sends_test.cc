// The host to many at once and later; gifts that count on; rooms that take one session of a user.
#include <algorithm>

#include "scenario/engines.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string gift(std::string_view text) {
  return R"({"id":8,"op":"publish","room":"r","kind":"gift","text":")" + std::string(text) + "\"}";
}
Outgoing notice(std::string_view text) { return {.kind = Kind::notice, .text = text}; }

}  // namespace

TEST_CASE("the same gift counts on while its window is open, and is of high priority", "[sends]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.new_room_policy.gift_window = Duration::s(5);
    Stage stage(options);
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    bob.forget();
    CHECK_LIKE(alice.ask(gift("rose")), R"({"id":8,"ok":{"epoch":*,"offset":1}})");
    CHECK_LIKE(alice.ask(gift("rose")), R"(*"offset":2}})");
    CHECK_LIKE(bob.ask(gift("rose")), R"(*"offset":3}})");
    CHECK_LIKE(alice.ask(gift("boat")), R"(*"offset":4}})");
    stage.pass_alive(Duration::ms(4'900));
    CHECK_LIKE(alice.ask(gift("rose")), R"(*"offset":5}})");
    stage.pass(Duration::s(5));
    CHECK_LIKE(alice.ask(gift("rose")), R"(*"offset":6}})");
    const auto seen = bob.events("message");
    REQUIRE(seen.size() == 6);
    CHECK_LIKE(seen[0], R"(*"offset":1,*"kind":"gift","text":"rose","priority":"high",*)");
    CHECK(seen[0].find("count") == std::string::npos);
    CHECK_LIKE(seen[1], R"(*"offset":2,*"count":2,"first":1})");
    CHECK_LIKE(seen[2], R"(*"offset":3,"user":"bob",*)");
    CHECK(seen[2].find("count") == std::string::npos);
    CHECK_LIKE(seen[3], R"(*"offset":4,*"text":"boat",*)");
    CHECK(seen[3].find("count") == std::string::npos);
    CHECK_LIKE(seen[4], R"(*"offset":5,*"count":3,"first":1})");
    CHECK_LIKE(seen[5], R"(*"offset":6,*)");
    CHECK(seen[5].find("count") == std::string::npos);
    // In history as it was told.
    CHECK_LIKE(bob.ask(R"({"id":6,"op":"history","room":"r","after":4,"limit":1})"),
               R"(*"offset":5,*"count":3,"first":1}]*)");
  }
}

TEST_CASE("rooms without gifts, or past their bound, take gifts as they are", "[sends]") {
  StageOptions options;
  options.engine.limits.gift_rooms = 0;
  Stage stage(options);
  Peer& alice = stage.member(kTcp, "alice", "r");
  alice.ask(gift("rose"));
  alice.ask(gift("rose"));
  RoomPolicy policy = stage.room("r").policy();
  policy.gift_window = Duration::s(5);
  CHECK(static_cast<bool>(stage.room("r").set_policy(policy)));
  alice.ask(gift("rose"));
  alice.ask(gift("rose"));
  CHECK_LIKE(alice.ask(R"({"id":6,"op":"history","room":"r"})"), R"(*"offset":4,*)");
  const std::string page = alice.ask(R"({"id":6,"op":"history","room":"r"})");
  CHECK(page.find("count") == std::string::npos);
}

TEST_CASE("a room may take one session of a user: the newest", "[sends]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.new_room_policy.sessions_per_user = 1;
    Stage stage(options);
    Peer& phone = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    bob.forget();
    Peer& desk = stage.member(carrier, "alice", "r");
    CHECK(phone.events("left") ==
          std::vector<std::string>{R"({"event":"left","room":"r","reason":"replaced"})"});
    CHECK(phone.closed() == 0);
    CHECK_LIKE(phone.ask(gift("x")), R"(*"not_member"*)");
    CHECK_LIKE(desk.ask(gift("x")), R"({"id":8,"ok":*)");
    CHECK(bob.events("presence").empty());  // alice never left
    CHECK(stage.room("r").online() == 2);
  }
}

TEST_CASE("the host sends to users outside rooms, to those of a role, of a tag", "[sends]") {
  Stage stage;
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  Peer& bobs = stage.user(kWsFb, "bob");
  Peer& carol = stage.user(kLink, "carol");
  const std::string_view names[] = {"bob", "carol", "nobody"};
  const Result<std::uint32_t> reached = stage.engine().send_to(names, notice("psst"));
  stage.run();
  CHECK(*reached == 3);
  for (Peer* peer : {&bob, &bobs, &carol}) {
    const auto told = peer->events("direct");
    REQUIRE(told.size() == 1);
    CHECK_LIKE(told[0], R"({"event":"direct",*"kind":"notice","text":"psst",*)");
  }
  CHECK(alice.events("direct").empty());

  Room room = stage.room("r");
  CHECK(static_cast<bool>(room.set_role("alice", Role::moderator)));
  CHECK(static_cast<bool>(room.member("bob").set_tag(7)));
  stage.run();
  alice.forget(), bob.forget();
  CHECK(*room.send_to_role(Role::moderator, notice("look")) == 1);
  CHECK(*room.send_to_tag(7, notice("red team")) == 1);
  CHECK(*room.send_to_tag(8, notice("blue team")) == 0);
  stage.run();
  CHECK(alice.events("message").size() == 1);
  const auto told = bob.events("message");
  REQUIRE(told.size() == 1);
  CHECK_LIKE(told[0], R"(*"text":"red team"*)");
  CHECK(room.send_to_role(Role::member, {.text = ""}).error().code == Errc::bad_request);
}

TEST_CASE("the host speaks in all rooms of a tenant", "[sends]") {
  Stage stage;
  Peer& alice = stage.member(kWsJson, "alice", "acme/1");
  Peer& bob = stage.member(kTcp, "bob", "acme/2");
  Peer& carol = stage.member(kTcp, "carol", "other/1");
  CHECK(*stage.engine().broadcast("acme/", notice("tonight")) == 2);
  stage.run();
  CHECK(alice.events("message").size() == 1);
  CHECK(bob.events("message").size() == 1);
  CHECK(carol.events("message").empty());
  CHECK(*stage.engine().broadcast("", notice("all")) == 3);
}

TEST_CASE("what is to be said later is said at its moment, or taken back", "[sends]") {
  StageOptions options;
  options.engine.limits.scheduled = 2;
  Stage stage(options);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Room room = stage.room("r");
  const Instant at = stage.loop.now() + Duration::s(3);
  const Result<ScheduleId> first = room.schedule(at, notice("soon"));
  const Result<ScheduleId> second = room.schedule(at + Duration::s(1), notice("never"));
  REQUIRE(static_cast<bool>(first));
  CHECK(room.schedule(at, notice("x")).error().code == Errc::limit_reached);
  CHECK(room.schedule(at, {.text = ""}).error().code == Errc::bad_request);
  stage.pass(Duration::ms(2'999));
  CHECK(alice.events("message").empty());
  stage.pass(Duration::ms(1));
  CHECK(alice.events("message").size() == 1);
  CHECK(stage.engine().cancel(*first).error().code == Errc::not_found);
  CHECK(static_cast<bool>(stage.engine().cancel(*second)));
  stage.pass(Duration::s(2));
  CHECK(alice.events("message").empty());
  // A room that closes takes what it was to hear along.
  CHECK(static_cast<bool>(room.schedule(at + Duration::s(60), notice("gone"))));
  CHECK(static_cast<bool>(room.close()));
  Room again = stage.room("r");
  CHECK(static_cast<bool>(again.schedule(at + Duration::s(60), notice("a"))));
  CHECK(static_cast<bool>(again.schedule(at + Duration::s(60), notice("b"))));
}
