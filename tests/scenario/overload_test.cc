// A room with a receive budget, seen from its members and its host.
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

RoomPolicy budgeted() {
  return {.receive_normal_per_s = 20, .receive_high_per_s = 10, .merge_repeats = true};
}

std::string publish(int id, const std::string& text) {
  return R"({"id":)" + std::to_string(id) + R"(,"op":"publish","room":"r","text":")" + text + "\"}";
}

std::size_t rungs(Stage& stage, Rung rung) {
  std::size_t count = 0;
  for (const auto& event : stage.observer.events) {
    count += event.type == HostEventType::overload && event.rung == rung;
  }
  return count;
}

}  // namespace

TEST_CASE("past the budget each sees its own message, and is told how many it did not see") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    REQUIRE(stage.engine().open_room("r", budgeted()));
    Peer& reader = stage.member(carrier, "reader", "r");
    std::vector<Peer*> crowd;
    for (int i = 0; i < 60; ++i) {
      crowd.push_back(&stage.member(carrier, "u" + std::to_string(i), "r"));
    }
    stage.pass(Duration::s(2));
    reader.forget();
    int shown = 0, hidden = 0;
    for (int i = 0; i < 60; ++i) {
      Peer& sender = *crowd[static_cast<std::size_t>(i)];
      sender.forget();
      const std::string answer = sender.ask(publish(5, "text " + std::to_string(i)));
      const bool in = matches(answer, R"(*"offset":*)");
      (in ? shown : hidden) += 1;
      REQUIRE(matches(answer, R"({"id":5,"ok":*)"));
      const std::vector<std::string> own = sender.events("message");
      CHECK(std::any_of(own.begin(), own.end(), [&](const std::string& event) {
        return matches(event, "*\"text\":\"text " + std::to_string(i) + "\"*");
      }));
    }
    CHECK(shown == 20);
    CHECK(hidden == 40);
    CHECK(reader.events("message").size() == 20);
    stage.pass(Duration::s(1));
    const std::vector<std::string> gaps = reader.events("gap");
    REQUIRE(gaps.size() == 1);
    CHECK_LIKE(gaps[0], R"(*"channel":"main"*"count":40*"reason":"sampled"*)");
    CHECK(stage.engine().room("r")->rung() == Rung::sample);
    CHECK(rungs(stage, Rung::sample) == 1);
    CHECK(stage.engine().metrics().ledger.by_priority[1].sampled == 40 * 61);
    stage.pass_alive(Duration::s(10));
    CHECK(stage.engine().room("r")->rung() == Rung::normal);
    CHECK(rungs(stage, Rung::normal) == 1);
  }
}

TEST_CASE("members are told what share of it they are shown, and not at every turn") {
  for (const Carrier& carrier : {kWsJson, kTcp}) {
    INFO(carrier.name);
    Stage stage;
    REQUIRE(stage.engine().open_room("r", budgeted()));
    Peer& reader = stage.member(carrier, "reader", "r");
    std::vector<Peer*> crowd;
    for (int i = 0; i < 45; ++i) {
      crowd.push_back(&stage.member(carrier, "u" + std::to_string(i), "r"));
    }
    stage.pass(Duration::s(2));
    reader.forget();
    std::vector<std::string> told;
    int said = 0;
    for (int second = 0; second < 8; ++second) {
      for (Peer* sender : crowd) sender->say(publish(5, std::to_string(++said)));
      stage.pass(Duration::s(1));
      for (const std::string& event : reader.events("room_state")) told.push_back(event);
    }
    REQUIRE(!told.empty());
    CHECK_LIKE(told[0],
               R"({"event":"room_state","room":"r","changed":{"rung":"sample","kept":*}})");
    CHECK(told.size() <= 3);
    Peer& late = stage.user(carrier, "late");
    CHECK_LIKE(late.ask(R"({"id":2,"op":"join","room":"r"})"), R"(*"rung":"sample","kept":*)");
    stage.pass_alive(Duration::s(10));
    CHECK(reader.events("room_state").back() ==
          R"({"event":"room_state","room":"r","changed":{"rung":"normal"}})");
  }
}

TEST_CASE("repeats leave as one message with a count, in history too") {
  Stage stage;
  REQUIRE(stage.engine().open_room("r", budgeted()));
  Peer& reader = stage.member(kWsJson, "reader", "r");
  std::vector<Peer*> crowd;
  for (int i = 0; i < 30; ++i) {
    crowd.push_back(&stage.member(kTcp, "u" + std::to_string(i), "r"));
  }
  stage.pass(Duration::s(2));
  for (Peer* sender : crowd) sender->ask(publish(5, "gg"));
  stage.pass(Duration::s(1));
  REQUIRE(stage.engine().room("r")->rung() >= Rung::merge);
  reader.forget();
  for (Peer* sender : crowd) {
    CHECK_LIKE(sender->ask(publish(6, "gg")), R"({"id":6,"ok":*"offset":1*)");
  }
  CHECK(reader.events("message").empty());
  stage.pass(Duration::s(1));
  const std::vector<std::string> seen = reader.events("message");
  REQUIRE(seen.size() == 1);
  CHECK_LIKE(seen[0], R"(*"text":"gg"*)");
  CHECK_LIKE(seen[0], R"(*"count":30*)");
  CHECK_LIKE(seen[0], R"(*"first":1*)");
  CHECK_LIKE(reader.ask(R"({"id":9,"op":"history","room":"r","limit":1})"), R"(*"count":30*)");
}

TEST_CASE("a key whose message was not shown is answered the same again") {
  Stage stage;
  REQUIRE(stage.engine().open_room("r", budgeted()));
  Peer& alice = stage.member(kWsJson, "alice", "r");
  for (int i = 0; i < 30; ++i) alice.ask(publish(5, "text " + std::to_string(i)));
  const std::string once = R"({"id":7,"op":"publish","room":"r","text":"once","key":"k"})";
  const std::string first = alice.ask(once);
  CHECK_LIKE(first, R"({"id":7,"ok":{"epoch":"*"}})");
  alice.forget();
  CHECK(alice.ask(once) == first);
  CHECK(alice.events("message").empty());
}

TEST_CASE("the host's broadcasts are not counted, and taking the budget away ends the ladder") {
  Stage stage;
  Result<Room> room = stage.engine().open_room("r", budgeted());
  REQUIRE(room);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  for (int i = 0; i < 100; ++i) {
    const std::string text = "news " + std::to_string(i);
    REQUIRE(room->broadcast({.kind = Kind::notice, .text = text}));
  }
  CHECK(alice.events("message").size() == 100);
  CHECK(room->rung() == Rung::normal);
  for (int i = 0; i < 30; ++i) alice.ask(publish(5, "text " + std::to_string(i)));
  CHECK(room->rung() == Rung::sample);
  REQUIRE(room->set_policy({}));
  CHECK(room->rung() == Rung::normal);
  CHECK(rungs(stage, Rung::normal) == 1);
  CHECK(room->set_policy({.receive_normal_per_s = 257}).error().code == Errc::bad_request);
}

TEST_CASE("the host is told of a presence change that found no place in the log") {
  StageOptions options;
  options.engine.limits.window_bytes = 64 * 1024;
  Stage stage(options);
  Result<Room> room = stage.engine().open_room("r", {});
  REQUIRE(room);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  std::vector<Peer*> others;
  for (int i = 0; i < 40; ++i) {
    others.push_back(&stage.member(kWsJson, "somebody-" + std::to_string(i), "r"));
  }
  stage.pass(Duration::s(2));
  alice.forget();
  const std::string text(2'000, 'x');
  int said = 0;
  stage.in_one_turn([&] {  // in which nobody is visited, so nobody can give way
    while (room->broadcast({.text = text})) REQUIRE(++said < 100);
    while (room->broadcast({.text = "x"})) REQUIRE(++said < 200);
    for (Peer* one : others) one->drop();
  });
  stage.pass(Duration::s(2));
  CHECK(alice.events("message").size() == static_cast<std::size_t>(said));
  std::size_t told = 0;
  for (const auto& event : stage.observer.events) {
    told += event.type == HostEventType::overload && event.room == "r" &&
            event.error.code == Errc::room_overloaded;
  }
  CHECK(told == 1);
}

TEST_CASE("rooms with a budget are bounded in number") {
  StageOptions options;
  options.engine.limits.budget_rooms = 2;
  Stage stage(options);
  REQUIRE(stage.engine().open_room("a", budgeted()));
  Result<Room> second = stage.engine().open_room("b", budgeted());
  REQUIRE(second);
  CHECK(stage.engine().open_room("c", budgeted()).error().code == Errc::limit_reached);
  REQUIRE(second->close());
  CHECK(stage.engine().open_room("c", budgeted()));
}
