// What the host calls and asks: counters, stale handles, its own input checked like a peer's.
#include "scenario/fake_local.h"
#include "scenario/stage.h"
#include "small_limits.h"

using namespace chatroom;
using namespace chatroom::test;

TEST_CASE("metrics and inspect count what is there", "[engine]") {
  Stage stage;
  Peer& alice = stage.member(kTcp, "alice", "a");
  Peer& bob = stage.member(kWsJson, "bob", "a");
  bob.ask(R"({"id":2,"op":"join","room":"b"})");
  stage.connect(kTcp);
  alice.ask(R"({"id":2,"op":"publish","room":"a","text":"x"})");
  alice.ask(R"({"id":2,"op":"publish","room":"b","text":"x"})");
  bob.link.stalled = true;
  alice.ask(R"({"id":2,"op":"publish","room":"a","text":"y"})");
  const MetricsSnapshot m = stage.engine().metrics();
  CHECK(m.sessions == 3);
  CHECK(m.sessions_half_open == 1);
  CHECK(m.sessions_opened == 3);
  CHECK(m.sessions_closed == 0);
  CHECK(m.rooms == 2);
  CHECK(m.memberships == 3);
  CHECK(m.blocked_members >= 1);
  CHECK(m.published == 2);
  CHECK(m.refused == 1);
  CHECK(m.commands == 8);
  CHECK(m.writes_blocked == 1);
  CHECK(m.memory_bytes == stage.memory.bytes);
  CHECK(m.bytes_in > 0);
  CHECK(m.log_bytes > 0);
  CHECK(m.history_bytes > 0);
  const Ledger::Class& normal = m.ledger.by_priority[1];
  CHECK(normal.pending > 0);
  std::string rooms;
  const auto visit = [](void* to, const Engine::RoomInfo& info) {
    *static_cast<std::string*>(to) +=
        std::string(info.key) + " " + std::to_string(info.online) + " " +
        std::to_string(info.sessions) + " " + std::to_string(info.history_messages) + " " +
        std::to_string(info.position.offset) + (info.blocked > 0 ? " blocked\n" : "\n");
    return true;
  };
  stage.engine().inspect(visit, &rooms);
  CHECK(rooms == "a 2 2 2 2 blocked\nb 1 1 0 0 blocked\n");
  CHECK(stage.engine().user_of(alice.session()) == "alice");
  CHECK(stage.engine().user_of({}) == "");
  std::uint64_t out = 0;
  bob.stall(false);
  for (const auto& peer : stage.peers) {
    peer->all();
    out += peer->wire.size();
  }
  CHECK(stage.engine().metrics().bytes_out == out);
}

TEST_CASE("calls on what is gone answer not_found", "[engine]") {
  Stage stage;
  Engine& engine = stage.engine();
  Peer& alice = stage.member(kTcp, "alice", "r");
  Room room = stage.room("r");
  MemberHandle member = room.member("alice");
  CHECK(member.present());
  CHECK(member.set_tag(42));
  CHECK(member.tag() == 42);
  CHECK(member.role() == Role::member);
  CHECK(room.close());
  const SessionId id = alice.session();
  alice.drop();
  for (int again = 0; again < 2; ++again) {
    CHECK_FALSE(room.open());
    CHECK(room.key() == "");
    CHECK(room.online() == 0);
    CHECK(room.broadcast({.text = "x"}).error().code == Errc::not_found);
    CHECK(room.send_to("alice", {.text = "x"}).error().code == Errc::not_found);
    CHECK(room.kick("alice").error().code == Errc::not_found);
    CHECK(room.set_role("alice", Role::admin).error().code == Errc::not_found);
    CHECK(room.set_policy({}).error().code == Errc::not_found);
    CHECK(room.close().error().code == Errc::not_found);
    CHECK(room.history(0, 10, nullptr, nullptr).error().code == Errc::not_found);
    CHECK_FALSE(member.present());
    CHECK(member.set_tag(1).error().code == Errc::not_found);
    CHECK(member.send({.text = "x"}).error().code == Errc::not_found);
    CHECK(engine.join(id, {.room = "r"}).error().code == Errc::not_found);
    CHECK(engine.leave(id, "r").error().code == Errc::not_found);
    CHECK(engine.publish(id, {.room = "r", .text = "x"}).error().code == Errc::not_found);
    CHECK(engine.close(id, CloseCode::normal).error().code == Errc::not_found);
    Engine::Turn turn(engine);
    turn.on_bytes(id, as_bytes("x"));
    turn.on_frame(id, FrameKind::text, as_bytes("x"));
    turn.on_writable(id);
    turn.on_fault(id, CloseCode::protocol);
    turn.on_closed(id);
    // The same name and slot, used again, are not the same room.
    static_cast<void>(engine.open_room("r", {}));
  }
}

TEST_CASE("what a host says is checked like what a peer says", "[engine]") {
  Stage stage;
  Engine& engine = stage.engine();
  FakeLocal local;  // decodes everything: what breaks a client would break it first
  const Result<SessionId> id = engine.open_local(local, {.user = "inside"});
  REQUIRE(id);
  Room room = stage.room("r");
  REQUIRE(engine.join(*id, {.room = "r"}));
  local.told.clear();
  std::vector<std::string_view> mentions(17, "m");
  const std::string long_name(200, 'n');
  const Outgoing bad[] = {
      {.text = ""},
      {.text = "\xff"},
      {.text = std::string_view("a\0b", 3)},
      {.kind = Kind{"Loud"}, .text = "x"},
      {.kind = Kind{""}, .text = "\xc0\xaf"},
      {.channel = long_name, .text = "x"},
      {.channel = "a\nb", .text = "x"},
      {.text = "x", .data = {Data::Form::json, as_bytes("{\"a\":")}},
      {.text = "x", .data = {Data::Form::json, {}}},
      {.text = "x", .data = {Data::Form::none, as_bytes("x")}},
      {.text = "x", .priority = static_cast<Priority>(7)},
      {.text = "x", .key = long_name},
      {.text = "x", .mentions = mentions},
  };
  for (const Outgoing& message : bad) {
    INFO(message.text << " " << message.kind.name << " " << message.channel);
    CHECK(room.broadcast(message).error().code == Errc::bad_request);
    CHECK(room.send_to("inside", message).error().code == Errc::bad_request);
    Outgoing said = message;
    said.room = "r";
    CHECK(engine.publish(*id, said).error().code == Errc::bad_request);
  }
  CHECK(room.kick("inside", "\xff").error().code == Errc::bad_request);
  CHECK(engine.join(*id, {.room = long_name}).error().code == Errc::bad_request);
  CHECK(engine.join(*id, {.room = ""}).error().code == Errc::bad_request);
  CHECK(engine.subscribe(*id, "r", "a\nb").error().code == Errc::bad_request);
  CHECK_FALSE(engine.open_room(long_name, {}));
  CHECK_FALSE(engine.open_room("", {}));
  FakeLocal other;
  CHECK(engine.open_local(other, {.user = ""}).error().code == Errc::bad_request);
  CHECK(engine.open_local(other, {.user = "x", .nick = "\n"}).error().code == Errc::bad_request);
  CHECK(engine.open_local(other, {.user = "x", .info = as_bytes("{")}).error().code ==
        Errc::bad_request);
  stage.run();
  CHECK(local.told.empty());
  CHECK(engine.metrics().sessions == 1);
}

TEST_CASE("as many sessions come and go in one turn as like", "[engine]") {
  StageOptions options;
  options.engine.limits = small_limits();
  options.engine.limits.sessions = 2;
  Stage stage(options);
  Engine& engine = stage.engine();
  std::vector<std::unique_ptr<testing::FakeConnection>> links;
  {
    Engine::Turn turn(engine);
    for (int i = 0; i < 100; ++i) {
      links.push_back(std::make_unique<testing::FakeConnection>());
      const Result<SessionId> id = engine.open(*links.back(), {});
      REQUIRE(id);
      if (i % 2 == 0) turn.on_bytes(*id, as_bytes("what?"));
      turn.on_closed(*id);
      turn.on_closed(*id);
    }
  }
  CHECK(engine.metrics().sessions == 0);
  CHECK(engine.metrics().sessions_opened == 100);
  CHECK(engine.metrics().sessions_closed == 100);
  CHECK(stage.observer.count(HostEventType::session_closed) == 100);
}

TEST_CASE("a handle of a member does not become another member's", "[engine]") {
  Stage stage;
  Room room = stage.room("r");
  Peer& alice = stage.member(kTcp, "alice", "r");
  MemberHandle handle = room.member("alice");
  REQUIRE(handle.present());
  REQUIRE(handle.set_tag(7));
  CHECK(handle.tag() == 7);
  // She goes for good, and what she was is used again for somebody else.
  alice.drop();
  stage.run();
  CHECK_FALSE(handle.present());
  Peer& bob = stage.member(kTcp, "bob", "r");
  MemberHandle other = room.member("bob");
  REQUIRE(other.present());
  CHECK_FALSE(handle.present());
  CHECK(handle.role() == Role::visitor);
  CHECK(handle.tag() == 0);
  CHECK(handle.set_tag(9).error().code == Errc::not_found);
  CHECK(other.tag() == 0);
  CHECK(handle.send({.text = "for alice"}).error().code == Errc::not_found);
  CHECK(bob.next() == "");
  CHECK(other.send({.text = "for bob"}));
  stage.run();
  CHECK_LIKE(bob.next(), R"({"event":"message",*"text":"for bob"*)");
}
