// Who waits in front of a room that lives at another engine is told where he stands and when it is
// his turn, as if the room were at his own; and nothing of him is left when he goes.
#include <algorithm>

#include "scenario/engines.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

EngineOptions with_line() {
  EngineOptions options = open_options();
  options.new_room_policy.owner = "boss";
  options.new_room_policy.max_members = 2;
  options.new_room_policy.line_length = 3;
  return options;
}
EngineOptions by_invitation() {
  EngineOptions options = open_options();
  options.new_room_policy = RoomPolicy::group(10);
  options.new_room_policy.owner = "boss";
  return options;
}
std::string in(const std::string& room, std::string_view op, std::string_view more = "") {
  return R"({"id":5,"op":")" + std::string(op) + R"(","room":")" + room + "\"" + std::string(more) +
         "}";
}
std::string line(const std::string& room, std::string_view op, std::string_view which,
                 std::string_view more = "") {
  return in(room, op, R"(,"line":")" + std::string(which) + "\"" + std::string(more));
}
std::string stands(const std::string& room, int place, std::string_view which = "room") {
  return R"({"event":"queue","room":")" + room + R"(","line":")" + std::string(which) +
         R"(","position":)" + std::to_string(place) + "}";
}
using Told = std::vector<std::string>;
// All that comes of it, the answer first.
Told told(Engines& server, Peer& peer, const std::string& json) {
  peer.forget();
  peer.say(json);
  server.run();
  return peer.all();
}
const std::string kDone = R"({"id":5,"ok":{}})";

}  // namespace

TEST_CASE("who waits for a room at another engine hears where he stands, and is called",
          "[broker][line]") {
  for (const Carrier& carrier : {kTcp, kWsJson}) {
    INFO(carrier.name);
    Engines server(3, with_line());
    const std::string room = server.room_of(0);
    Peer& alice = server.member(0, carrier, "alice", room);
    Peer& bob = server.member(1, carrier, "bob", room);
    Peer& carol = server[1].user(carrier, "carol");
    Peer& dave = server[2].user(carrier, "dave");
    Peer& erin = server[0].user(carrier, "erin");
    CHECK_LIKE(server.ask(carol, in(room, "join")), R"(*"room_full"*)");
    CHECK(told(server, carol, line(room, "enqueue", "room")) == Told{kDone, stands(room, 1)});
    CHECK(told(server, dave, line(room, "enqueue", "room")) == Told{kDone, stands(room, 2)});
    CHECK(erin.ask(line(room, "enqueue", "room")) == kDone);
    CHECK_LIKE(server.ask(server[2].user(carrier, "late"), line(room, "enqueue", "room")),
               R"(*"queue_full"*)");
    CHECK_LIKE(server.ask(bob, line(room, "enqueue", "room")), R"(*"already_member"*)");
    CHECK(server[0].engine().room(room)->waiting(Line::room) == 3);
    // Members hear how many wait, wherever they are.
    server.pass(Duration::s(1));
    REQUIRE_FALSE(bob.events("queue").empty());

    server.ask(bob, in(room, "leave"));
    server.run();
    CHECK_LIKE(carol.events("called").at(0), R"(*"line":"room","until":*)");
    CHECK_LIKE(server.ask(bob, in(room, "join")), R"(*"room_full"*)");  // the place is kept
    server.pass(Duration::s(1));
    CHECK(dave.events("queue").back() == stands(room, 1));
    CHECK_LIKE(server.ask(carol, in(room, "join")), R"({"id":5,"ok":*)");

    // Called, and does not come.
    alice.ask(in(room, "leave"));
    server.run();
    CHECK_LIKE(dave.events("called").at(0), R"(*"line":"room"*)");
    for (int i = 0; i < 31; ++i) {
      for (Peer* peer : {&alice, &bob, &carol, &dave, &erin}) peer->say(R"({"op":"ping"})");
      server.pass(Duration::s(1));
    }
    CHECK(dave.events("queue").back() == stands(room, 0));
    CHECK_LIKE(erin.events("called").at(0), R"(*"line":"room"*)");
    CHECK_LIKE(server.ask(dave, line(room, "dequeue", "room")), R"(*"not_found"*)");
    server.run();
    CHECK(server[0].engine().metrics().sessions == 2);  // alice, erin: no guest is counted
  }
}

TEST_CASE("a place in front of a far room goes with the session, and with its engine",
          "[broker][line]") {
  Engines server(3, with_line());
  const std::string room = server.room_of(0);
  server.member(0, kTcp, "alice", room);
  server.member(0, kTcp, "bob", room);
  Peer& carol = server[1].user(kTcp, "carol");
  Peer& dave = server[2].user(kTcp, "dave");
  Peer& erin = server[0].user(kTcp, "erin");
  for (Peer* peer : {&carol, &dave, &erin}) {
    CHECK(server.ask(*peer, line(room, "enqueue", "room")) == kDone);
  }
  server.run();
  erin.forget();
  const auto waiting = [&] { return server[0].engine().room(room)->waiting(Line::room); };
  CHECK(waiting() == 3);
  carol.drop();
  server.run();
  CHECK(waiting() == 2);
  server.lose(2);
  server.pass(Duration::s(1));
  CHECK(waiting() == 1);
  CHECK(erin.events("queue").back() == stands(room, 1));

  // Asked again it is told again, and given back it is told so.
  Peer& frank = server[1].user(kWsJson, "frank");
  CHECK(told(server, frank, line(room, "enqueue", "room")) == Told{kDone, stands(room, 2)});
  CHECK(told(server, frank, line(room, "enqueue", "room")) == Told{kDone});
  server.pass(Duration::s(2));
  CHECK(frank.events("queue") == Told{stands(room, 2)});
  CHECK(told(server, frank, line(room, "dequeue", "room")) == Told{kDone, stands(room, 0)});
  CHECK(waiting() == 1);
}

TEST_CASE("a far user's place holds while one of his sessions is left there", "[broker][line]") {
  Engines server(2, with_line());
  const std::string room = server.room_of(0);
  server.member(0, kTcp, "alice", room);
  Peer& bob = server.member(0, kTcp, "bob", room);
  Peer& phone = server[1].user(kTcp, "carol");
  Peer& desk = server[1].user(kWsJson, "carol");
  CHECK(told(server, phone, line(room, "enqueue", "room")) == Told{kDone, stands(room, 1)});
  CHECK(desk.events("queue") == Told{stands(room, 1)});
  phone.drop();
  server.run();
  CHECK(server[0].engine().room(room)->waiting(Line::room) == 1);
  bob.drop();
  server.run();
  CHECK_LIKE(desk.events("called").at(0), R"(*"line":"room"*)");
  CHECK_LIKE(server.ask(desk, in(room, "join")), R"({"id":5,"ok":*)");
  desk.drop();
  server.run();
  // Nothing of him is left at the home: alice alone.
  CHECK(server[0].engine().room(room)->online() == 1);
  const std::string_view names[] = {"carol"};
  CHECK(*server[0].engine().send_to(names, {.text = "there?"}) == 0);
}

TEST_CASE("when the home is lost, who waits there is told that his place is", "[broker][line]") {
  Engines server(3, with_line());
  const std::string room = server.room_of(0);
  server.member(0, kTcp, "alice", room);
  server.member(0, kTcp, "bob", room);
  Peer& carol = server[1].user(kTcp, "carol");
  CHECK(server.ask(carol, line(room, "enqueue", "room")) == kDone);
  server.run();
  carol.forget();
  server.lose(0);
  CHECK(carol.events("queue") == Told{stands(room, 0)});
  CHECK_LIKE(server.ask(carol, in(room, "join")), R"({"id":5,"ok":*)");
}

TEST_CASE("a room that closes, and a ban, tell who waits far away", "[broker][line]") {
  Engines server(2, with_line());
  const std::string room = server.room_of(0);
  server.member(0, kTcp, "alice", room);
  server.member(1, kTcp, "bob", room);
  Peer& carol = server[1].user(kTcp, "carol");
  Peer& dave = server[1].user(kTcp, "dave");
  CHECK(server.ask(carol, line(room, "enqueue", "room")) == kDone);
  CHECK(server.ask(dave, line(room, "enqueue", "room")) == kDone);
  server.run();
  carol.forget(), dave.forget();
  // From the far host's handle.
  CHECK(static_cast<bool>(server[1].engine().room(room)->ban("carol")));
  server.run();
  CHECK(carol.events("queue").back() == stands(room, 0));
  CHECK_LIKE(server.ask(carol, line(room, "enqueue", "room")), R"(*"banned"*)");
  CHECK(static_cast<bool>(server[0].engine().room(room)->close()));
  server.run();
  CHECK(dave.events("queue").back() == stands(room, 0));
  CHECK_LIKE(server.ask(dave, line(room, "dequeue", "room")), R"(*"not_found"*)");
}

TEST_CASE("who applies to a far room is let in from anywhere, and told so", "[broker][line]") {
  Engines server(3, by_invitation());
  const std::string room = server.room_of(0);
  Peer& boss = server.member(1, kWsJson, "boss", room);
  Peer& alice = server[2].user(kTcp, "alice");
  Peer& desk = server[2].user(kWsFb, "alice");
  Peer& bob = server[1].user(kTcp, "bob");
  Peer& carol = server[2].user(kTcp, "carol");
  CHECK_LIKE(server.ask(alice, in(room, "join")), R"(*"forbidden"*)");
  CHECK_LIKE(server.ask(alice, line(room, "enqueue", "room")), R"(*"forbidden"*)");
  CHECK(server.ask(alice, in(room, "apply")) == kDone);
  CHECK(server.ask(bob, in(room, "apply")) == kDone);
  CHECK_LIKE(server.ask(boss, line(room, "waiting", "apply")),
             R"(*"waiting":2,*"user":"alice",*"user":"bob",*)");
  alice.forget(), desk.forget(), bob.forget();
  CHECK(server.ask(boss, in(room, "approve", R"(,"user":"alice")")) == kDone);
  server.run();
  const std::string called =
      R"({"event":"called","room":")" + room + R"(","line":"apply","until":0})";
  CHECK(alice.events("called") == Told{called});
  CHECK(desk.events("called") == Told{called});
  CHECK_LIKE(server.ask(alice, in(room, "join")), R"({"id":5,"ok":*)");
  CHECK(server.ask(boss, line(room, "dequeue", "apply", R"(,"user":"bob")")) == kDone);
  server.run();
  CHECK(bob.events("queue").back() == stands(room, 0, "apply"));
  // Invited unasked: told at whichever engine he is.
  CHECK(server.ask(boss, in(room, "invite", R"(,"user":"carol")")) == kDone);
  server.run();
  CHECK(carol.events("called") == Told{called});
  CHECK_LIKE(server.ask(carol, in(room, "apply")), R"(*"already_member"*)");
  CHECK_LIKE(server.ask(carol, in(room, "join")), R"({"id":5,"ok":*)");
}

TEST_CASE("who applied to a far room and left is still in its line, as at home", "[broker][line]") {
  Engines server(2, by_invitation());
  const std::string room = server.room_of(0);
  Peer& boss = server.member(0, kWsJson, "boss", room);
  Peer& alice = server[1].user(kTcp, "alice");
  CHECK(server.ask(alice, in(room, "apply")) == kDone);
  alice.drop();
  server.run();
  CHECK_LIKE(server.ask(boss, line(room, "waiting", "apply")), R"(*"waiting":1,*"alice"*)");
  CHECK(server.ask(boss, in(room, "approve", R"(,"user":"alice")")) == kDone);
  Peer& again = server[1].user(kTcp, "alice");
  CHECK_LIKE(server.ask(again, in(room, "join")), R"({"id":5,"ok":*)");
}

TEST_CASE("places in front of far rooms are bounded, and a home that sleeps gives none",
          "[broker][line]") {
  EngineOptions options = with_line();
  options.limits.line_places = 2;
  Engines server(2, options);
  const std::string rooms[] = {server.room_of(0, "a"), server.room_of(0, "b")};
  for (const std::string& room : rooms) {
    server.member(0, kTcp, "alice", room);
    server.member(0, kTcp, "bob", room);
  }
  Peer& carol = server[1].user(kTcp, "carol");
  Peer& dave = server[1].user(kTcp, "dave");
  CHECK(server.ask(carol, line(rooms[0], "enqueue", "room")) == kDone);
  CHECK(server.ask(carol, line(rooms[1], "enqueue", "room")) == kDone);
  CHECK_LIKE(server.ask(dave, line(rooms[0], "enqueue", "room")), R"(*"queue_full"*)");
  CHECK_LIKE(server.ask(carol, line(server.room_of(0, "none"), "enqueue", "room")),
             R"(*"queue_full"*)");
  CHECK(server.ask(carol, line(rooms[1], "dequeue", "room")) == kDone);
  server.run();
  // The home does not answer: what it may have decided is taken back with the session.
  dave.say(line(rooms[0], "enqueue", "room"));
  server[1].pass(Duration::s(3));
  CHECK_LIKE(dave.all().back(), R"({"id":5,"error":{"code":"internal",*"temporary":true*)");
  dave.drop();
  server[1].run();
  server.run();
  CHECK(server[0].engine().room(rooms[0])->waiting(Line::room) == 1);
  CHECK_LIKE(server.ask(carol, line(server.room_of(0, "none"), "enqueue", "room")),
             R"(*"not_found"*)");
}
