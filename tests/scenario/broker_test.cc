// Rooms that span engines: what members, hosts and those who watch may see of it, which is nothing
// but the delay; and what is said when an engine is lost or a mailbox is full.
#include "scenario/engines.h"
#include "scenario/fake_local.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string publish(int id, const std::string& room, const std::string& text) {
  return R"({"id":)" + std::to_string(id) + R"(,"op":"publish","room":")" + room + R"(","text":")" +
         text + R"("})";
}

}  // namespace

TEST_CASE("what is said at one engine is heard at all, in one order", "[broker]") {
  for (const Carrier& carrier : {kTcp, kWsJson}) {
    INFO(carrier.name);
    Engines server(3);
    const std::string room = server.room_of(0);
    Peer& home = server.member(0, carrier, "at home", room);
    Peer& near = server.member(1, carrier, "near", room);
    Peer& far = server.member(2, kWsJson, "far", room);

    CHECK_LIKE(server.ask(near, publish(2, room, "one")),
               R"({"id":2,"ok":{"epoch":"*","offset":1}})");
    CHECK_LIKE(server.ask(home, publish(2, room, "two")),
               R"({"id":2,"ok":{"epoch":"*","offset":2}})");
    CHECK_LIKE(server.ask(far, publish(2, room, "three")),
               R"({"id":2,"ok":{"epoch":"*","offset":3}})");
    server.run();
    std::vector<std::string> heard = home.events("message");
    REQUIRE(heard.size() == 3);
    CHECK_LIKE(heard[0], R"(*"offset":1,"user":"near"*"text":"one"*)");
    CHECK_LIKE(heard[1], R"(*"offset":2,"user":"at home"*"text":"two"*)");
    CHECK_LIKE(heard[2], R"(*"offset":3,"user":"far"*"text":"three"*)");
    CHECK(server.broker.stats(0).published >= 3);
  }
}

TEST_CASE("who is there is the same seen from everywhere", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Peer& home = server.member(0, kTcp, "at home", room);
  Peer& away = server.member(1, kWsJson, "away", room);
  CHECK(server[0].engine().room(room)->online() == 2);
  CHECK(server[1].engine().room(room)->online() == 2);

  Peer& late = server.stages[1]->user(kTcp, "late");
  CHECK_LIKE(server.ask(late, R"({"id":9,"op":"join","room":")" + room + R"("})"),
             R"({"id":9,"ok":{"room":"*","epoch":"*","offset":0,"online":3,"role":"member",*)");
  server.run();
  for (Peer* peer : {&home, &away}) {
    const auto told = peer->events("presence");
    REQUIRE(told.size() == 1);
    CHECK_LIKE(told[0], R"(*"online":3,*"joins":[{"user":"late",*)");
  }
  const std::string list =
      server.ask(away, R"({"id":10,"op":"presence","room":")" + room + R"("})");
  CHECK_LIKE(list, R"({"id":10,"ok":{"online":3,*"at home"*"away"*"late"*)");
  CHECK(server.ask(away, R"({"id":11,"op":"join","room":")" + room + R"("})") ==
        R"({"id":11,"error":{"code":"already_member",)"
        R"("message":"You are in this room already.","temporary":false}})");

  CHECK_LIKE(server.ask(late, R"({"id":12,"op":"leave","room":")" + room + R"("})"),
             R"({"id":12,"ok":{*)");
  away.drop();
  server.run();
  REQUIRE(server[0].engine().room(room)->online() == 1);
  CHECK_LIKE(home.events("presence").back(), R"(*"online":1,*)");
  CHECK(server[0].engine().metrics().sessions == 1);
  // Nobody is left at the other engine: its mirror goes, and the home says nothing to it any more.
  server.pass(Duration::s(6));
  CHECK_FALSE(server[1].engine().room(room));
  const auto crossed = server.broker.stats(0).crossed;
  CHECK_LIKE(server.ask(home, publish(13, room, "alone")), R"({"id":13,"ok":*)");
  CHECK(server.broker.stats(0).crossed == crossed);
}

TEST_CASE("one message crosses to each engine once, however many members it has there",
          "[broker]") {
  Engines server(3);
  const std::string room = server.room_of(0);
  Peer& home = server.member(0, kTcp, "home", room);
  for (int i = 0; i < 10; ++i) {
    server.member(1, kTcp, "a" + std::to_string(i), room);
    server.member(2, kWsJson, "b" + std::to_string(i), room);
  }
  const LocalBrokerStats before = server.broker.stats(0);
  REQUIRE(server.ask(home, publish(5, room, "hello")) != "");
  server.run();
  const LocalBrokerStats after = server.broker.stats(0);
  CHECK(after.published - before.published == 1);
  CHECK(after.crossed - before.crossed == 2);
  CHECK(after.wakes - before.wakes == 2);
  for (std::uint32_t engine : {1u, 2u}) {
    for (auto& peer : server[engine].peers) CHECK(peer->events("message").size() == 1);
  }
}

TEST_CASE("history and recovery are the home's, asked from anywhere", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Peer& home = server.member(0, kTcp, "home", room);
  Peer& away = server.member(1, kTcp, "away", room);
  for (int i = 1; i <= 5; ++i) {
    REQUIRE(server.ask(i % 2 == 0 ? home : away, publish(10 + i, room, std::to_string(i))) != "");
  }
  const std::string page =
      server.ask(away, R"({"id":30,"op":"history","room":")" + room + R"(","limit":2})");
  CHECK_LIKE(page,
             R"({"id":30,"ok":{"epoch":"*","messages":[{*"offset":4,*"offset":5,*],"more":true}})");
  const std::string epoch = page.substr(page.find("\"epoch\":\"") + 9, 16);
  Peer& back = server.stages[1]->user(kWsJson, "back");
  CHECK_LIKE(server.ask(back, R"({"id":31,"op":"join","room":")" + room +
                                  R"(","since":{"epoch":")" + epoch + R"(","offset":3}})"),
             R"({"id":31,"ok":{*"recovered":true,"messages":[{*"offset":4,*"offset":5,*)");
  // What came with the join does not come again, and what comes next follows it.
  REQUIRE(server.ask(home, publish(32, room, "six")) != "");
  server.run();
  const auto heard = back.events("message");
  REQUIRE(heard.size() == 1);
  CHECK_LIKE(heard[0], R"(*"offset":6,*)");
}

TEST_CASE("a host speaks and acts through the handle of any engine", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Room here = *server[1].engine().open_room(room, {.history_messages = 10});
  server.run();
  REQUIRE(server[0].engine().room(room));
  CHECK(server[0].engine().room(room)->policy().history_messages == 10);
  CHECK(server[1].engine().open_room(room, {}).error().code == Errc::already_member);
  Peer& home = server.member(0, kTcp, "home", room);
  Peer& away = server.member(1, kTcp, "away", room);

  SECTION("broadcast") {
    server[1].observer.events.clear();
    const Result<Ticket> said = here.broadcast({.kind = Kind::notice, .text = "welcome"}, 77);
    REQUIRE(said);
    CHECK(said->position.offset == 0);  // not known yet
    server.run();
    CHECK_LIKE(home.events("message").at(0), R"(*"text":"welcome"*)");
    CHECK_LIKE(away.events("message").at(0), R"(*"text":"welcome"*)");
    bool told = false;
    for (const auto& event : server[1].observer.events) {
      told = told || (event.type == HostEventType::published && event.tag == 77 &&
                      event.ticket == said->id && event.position.offset == 1);
    }
    CHECK(told);
  }
  SECTION("to one user, wherever he is") {
    REQUIRE(server[0].engine().room(room)->send_to("away", {.text = "psst"}));
    REQUIRE(here.send_to("home", {.text = "hey"}));
    server.run();
    CHECK_LIKE(away.events("message").at(0), R"(*"text":"psst"*)");
    CHECK_LIKE(home.events("message").at(0), R"(*"text":"hey"*)");
  }
  SECTION("kick reaches members of both, and they may come back") {
    REQUIRE(server[0].engine().room(room)->kick("away", "go"));
    REQUIRE(here.kick("home", "go too"));
    server.run();
    for (Peer* peer : {&home, &away}) {
      CHECK_LIKE(peer->events("left").at(0), R"(*"reason":"kicked"*)");
    }
    CHECK(here.online() == 0);
    REQUIRE(here.broadcast({.text = "nobody hears"}));
    server.run();
    CHECK(home.events("message").empty());
    CHECK(away.events("message").empty());
    CHECK_LIKE(server.ask(away, publish(3, room, "me?")),
               R"({"id":3,"error":{"code":"not_member"*)");
    CHECK_LIKE(server.ask(away, R"({"id":4,"op":"join","room":")" + room + R"("})"),
               R"({"id":4,"ok":*)");
  }
  SECTION("roles and settings hold everywhere") {
    REQUIRE(here.set_policy({.mute_all = true}));
    server.run();
    CHECK_LIKE(away.events("room_state").at(0), R"(*"mute_all":true*)");
    CHECK_LIKE(server.ask(away, publish(3, room, "x")),
               R"({"id":3,"error":{"code":"mode_restricted"*)");
    REQUIRE(here.set_role("away", Role::moderator));
    CHECK_LIKE(server.ask(away, publish(4, room, "x")), R"({"id":4,"ok":*)");
  }
  SECTION("closing it ends it everywhere") {
    REQUIRE(here.close());
    server.run();
    for (Peer* peer : {&home, &away}) {
      CHECK_LIKE(peer->events("left").at(0), R"(*"reason":"room_closed"*)");
    }
    CHECK_FALSE(here.open());
    CHECK_FALSE(server[0].engine().room(room));
    server.run();
    CHECK(server[0].engine().metrics().memberships == 0);
  }
}

TEST_CASE("channels mean the same at every engine", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Peer& home = server.member(0, kTcp, "home", room);
  Peer& away = server.member(1, kTcp, "away", room);
  Peer& both = server.member(1, kTcp, "both", room);
  CHECK_LIKE(
      server.ask(home, R"({"id":2,"op":"subscribe","room":")" + room + R"(","channel":"a"})"),
      R"({"id":2,"ok":*)");
  CHECK_LIKE(
      server.ask(both, R"({"id":2,"op":"subscribe","room":")" + room + R"(","channel":"b"})"),
      R"({"id":2,"ok":*)");
  CHECK_LIKE(
      server.ask(away, R"({"id":3,"op":"switch","room":")" + room + R"(","from":"main","to":"a"})"),
      R"({"id":3,"ok":*)");
  server.run();
  for (Peer* peer : {&home, &away, &both}) peer->forget();
  REQUIRE(server[0].engine().room(room)->broadcast({.channel = "a", .text = "in a"}));
  REQUIRE(server[0].engine().room(room)->broadcast({.channel = "b", .text = "in b"}));
  REQUIRE(server[0].engine().room(room)->broadcast({.text = "in main"}));
  server.run();
  CHECK(away.events("message").size() == 1);
  CHECK(both.events("message").size() == 2);
}

TEST_CASE("members inside the host are members of rooms elsewhere too", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Peer& home = server.member(0, kTcp, "home", room);
  FakeLocal robot;
  const auto session = server[1].engine().open_local(robot, {.user = "robot"});
  REQUIRE(session);
  REQUIRE(server[1].engine().join(*session, {.room = room}, 5));
  server.run();
  const Result<Ticket> said =
      server[1].engine().publish(*session, {.room = room, .text = "beep"}, 6);
  REQUIRE(said);
  CHECK(said->position.offset == 0);
  server.run();
  CHECK_LIKE(home.events("message").at(0), R"(*"user":"robot"*"text":"beep"*)");
  const testing::FakeObserver& observer = server[1].observer;
  int found = 0;
  for (const auto& event : observer.events) {
    if (event.type == HostEventType::joined && event.tag == 5) ++found;
    if (event.type == HostEventType::published && event.tag == 6) found += event.ticket == said->id;
  }
  CHECK(found == 2);
}

TEST_CASE("when a home is lost its room goes on elsewhere, from a new epoch", "[broker]") {
  Engines server(3);
  const std::string room = server.room_of(0);
  Peer& first = server.member(1, kTcp, "first", room);
  Peer& second = server.member(2, kWsJson, "second", room);
  REQUIRE(server.member(0, kTcp, "home", room).link.closed == false);
  const std::string before = server.ask(first, publish(2, room, "before"));
  CHECK_LIKE(before, R"({"id":2,"ok":*)");
  server.run();
  first.forget();
  second.forget();

  server.lose(0);
  const std::uint32_t heir = server.broker.home_of(room);
  CHECK(heir != 0);
  const auto told = first.events("reset");
  REQUIRE(told.size() == 1);
  REQUIRE(second.events("reset") == told);
  CHECK_LIKE(told[0], R"(*"epoch":"*","offset":0,*)");
  const std::string after = server.ask(second, publish(3, room, "after"));
  CHECK_LIKE(after, R"({"id":3,"ok":{"epoch":"*","offset":1}})");
  CHECK(after.substr(0, 40) != before.substr(0, 40));
  server.run();
  CHECK_LIKE(first.events("message").at(0), R"(*"offset":1,"user":"second"*"text":"after"*)");
  CHECK_LIKE(server.ask(first, R"({"id":4,"op":"presence","room":")" + room + R"("})"),
             R"({"id":4,"ok":{"online":2,*)");
}

TEST_CASE("a home that says nothing is waited for no longer than two seconds", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Peer& peer = server.stages[1]->user(kTcp, "patient");
  peer.say(R"({"id":2,"op":"join","room":")" + room + R"("})");
  server[1].pass(Duration::ms(1'900));
  CHECK(peer.next() == "");
  server[1].pass(Duration::ms(200));
  CHECK_LIKE(peer.next(), R"({"id":2,"error":{"code":"internal",*"temporary":true}})");
  server.run();  // the home lets him in, and hears that he is gone
  CHECK(server[0].engine().room(room)->online() == 0);
  CHECK_LIKE(server.ask(peer, R"({"id":3,"op":"join","room":")" + room + R"("})"),
             R"({"id":3,"ok":*)");
  CHECK(server[0].engine().room(room)->online() == 1);
}

TEST_CASE("who cannot keep up with its home says what its members lost", "[broker]") {
  LocalBrokerOptions options;
  options.mailbox_items = 64;
  Engines server(2, open_options(), options);
  const std::string room = server.room_of(0);
  server.member(0, kTcp, "home", room);
  Peer& away = server.member(1, kTcp, "away", room);
  for (int i = 0; i < 100; ++i) {  // the other engine sleeps meanwhile
    REQUIRE(server[0].engine().room(room)->broadcast({.text = "again"}));
    server[0].run();
  }
  server.run();
  const std::size_t heard = away.events("message").size();
  CHECK(heard < 100);
  CHECK(heard > 0);
  REQUIRE(server[0].engine().room(room)->broadcast({.text = "at last"}));
  server.run();
  std::vector<std::string> rest = away.all();
  REQUIRE(rest.size() == 2);
  const std::string count = std::to_string(100 - heard);
  CHECK_LIKE(rest[0], R"({"event":"gap",*"from":)" + std::to_string(heard + 1) +
                          R"(,"to":100,"count":)" + count + "*");
  CHECK_LIKE(rest[1], R"(*"offset":101,*)");
}

TEST_CASE("a mailbox without any place parts two engines, and they find together again",
          "[broker]") {
  LocalBrokerOptions options;
  options.mailbox_items = 16;
  Engines server(2, open_options(), options);
  const std::string room = server.room_of(0);
  Peer& home = server.member(0, kTcp, "home", room);
  std::vector<Peer*> crowd;
  for (int i = 0; i < 40; ++i) {
    crowd.push_back(&server.member(1, kTcp, "m" + std::to_string(i), room));
  }
  for (int i = 0; i < 39; ++i) {  // more goodbyes than the mailbox holds
    crowd[static_cast<std::size_t>(i)]->drop();
    server[1].run();
  }
  server.run();
  CHECK(server.broker.stats(0).parted >= 1);
  CHECK(server.broker.stats(1).parted >= 1);
  CHECK(server[0].engine().room(room)->online() == 1);
  CHECK_LIKE(crowd.back()->events("left").at(0), R"(*"reason":"dropped"*)");
  CHECK_LIKE(home.events("presence").back(), R"(*"online":1,*)");
  CHECK_LIKE(server.ask(*crowd.back(), R"({"id":3,"op":"join","room":")" + room + R"("})"),
             R"({"id":3,"ok":*)");
  CHECK_LIKE(server.ask(*crowd.back(), publish(4, room, "back")), R"({"id":4,"ok":*)");
  server.run();
  CHECK_LIKE(home.events("message").at(0), R"(*"text":"back"*)");
}

TEST_CASE("a broker and a recorder do not go together yet", "[broker]") {
  LocalBroker broker;
  testing::FakeRecorder recorder;
  EnginePorts ports;
  ports.broker = broker.port(0);
  ports.recorder = &recorder;
  CHECK(Engine::create(open_options(), ports).error().code == Errc::unsupported);
}
