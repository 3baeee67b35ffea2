// A member says how much of a room it wants, over every carrier and wherever the room lives.
#include "scenario/engines.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string says(const std::string& room, int number) {
  return R"({"id":5,"op":"publish","room":")" + room + R"(","text":"m)" + std::to_string(number) +
         R"("})";
}
std::string wants(const std::string& room, const std::string& numbers) {
  return R"({"id":9,"op":"set_receive","room":")" + room + '"' + numbers + "}";
}
constexpr std::string_view kDone = R"({"id":9,"ok":{}})";

std::size_t count(const std::vector<std::string>& lines, std::string_view begin) {
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [&](const auto& line) { return line.starts_with(begin); }));
}

}  // namespace

TEST_CASE("a phone on a bad network asks for less and is told what it does not get", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& phone = stage.member(carrier, "phone", "r");
    Peer& desk = stage.member(carrier, "desk", "r");
    stage.run();
    phone.forget();
    CHECK(phone.ask(wants("r", R"(,"normal_per_s":2,"high_per_s":1)")) == kDone);
    for (int i = 1; i <= 5; ++i) CHECK_LIKE(desk.ask(says("r", i)), R"({"id":5,"ok":*)");
    CHECK_LIKE(phone.ask(says("r", 6)), R"({"id":5,"ok":*"offset":6}})");  // its own it hears
    CHECK(desk.events("message").size() == 6);
    const std::vector<std::string> heard = phone.all();
    REQUIRE(heard.size() == 4);
    CHECK_LIKE(heard[0], R"(*"text":"m1"*)");
    CHECK_LIKE(heard[1], R"(*"text":"m2"*)");
    CHECK(heard[2] == R"({"event":"gap","room":"r","from":3,"to":5,"count":3,)"
                      R"("classes":["lossy"],"reason":"budget"})");
    CHECK_LIKE(heard[3], R"(*"text":"m6"*)");
    // The host's words are nobody's to hold back.
    for (int i = 0; i < 5; ++i) REQUIRE(stage.room("r").broadcast({.text = "host"}));
    stage.run();
    CHECK(phone.events("message").size() == 5);
    // Nothing was lost: it stands in the history.
    CHECK_LIKE(phone.ask(R"({"id":7,"op":"history","room":"r","after":2,"limit":3})"),
               R"(*"text":"m3"*"text":"m4"*"text":"m5"*)");
    CHECK(phone.ask(wants("r", "")) == kDone);
    for (int i = 0; i < 9; ++i) desk.ask(says("r", i));
    stage.run();
    CHECK(phone.events("message").size() == 9);
  }
}

TEST_CASE("what is held back last is told a second later", "[scenario]") {
  Stage stage;
  Peer& phone = stage.member(kWsJson, "phone", "r");
  Peer& desk = stage.member(kTcp, "desk", "r");
  stage.run();
  CHECK(phone.ask(wants("r", R"(,"normal_per_s":1)")) == kDone);
  phone.forget();
  for (int i = 0; i < 4; ++i) desk.ask(says("r", i));
  stage.pass(Duration::ms(900));
  CHECK(phone.events("gap").empty());
  stage.pass(Duration::ms(200));
  CHECK(phone.events("gap").size() == 1);
  stage.pass(Duration::s(5));
  CHECK(phone.events("gap").empty());
}

TEST_CASE("a choice is for one session and one stay in one room", "[scenario]") {
  Stage stage;
  Peer& phone = stage.member(kWsJson, "alice", "r");
  Peer& tablet = stage.member(kWsJson, "alice", "r");
  Peer& desk = stage.member(kTcp, "desk", "r");
  CHECK_LIKE(phone.ask(wants("s", R"(,"normal_per_s":1)")),
             R"({"id":9,"error":{"code":"not_member"*)");
  CHECK(phone.ask(wants("r", R"(,"normal_per_s":1)")) == kDone);
  for (int i = 0; i < 3; ++i) desk.ask(says("r", i));
  stage.run();
  CHECK(count(phone.all(), R"({"event":"message")") == 1);
  CHECK(count(tablet.all(), R"({"event":"message")") == 3);
  CHECK_LIKE(phone.ask(R"({"id":2,"op":"leave","room":"r"})"), R"({"id":2,"ok":*)");
  CHECK_LIKE(phone.ask(R"({"id":3,"op":"join","room":"r"})"), R"({"id":3,"ok":*)");
  stage.run();
  phone.forget();
  for (int i = 0; i < 3; ++i) desk.ask(says("r", i));
  stage.run();
  CHECK(count(phone.all(), R"({"event":"message")") == 3);
}

TEST_CASE("choices have an end, and the room goes on for those without", "[scenario]") {
  StageOptions options;
  options.engine.limits.receive_choices = 1;
  Stage stage(options);
  Peer& one = stage.member(kWsJson, "one", "r");
  Peer& two = stage.member(kTcp, "two", "r");
  CHECK(one.ask(wants("r", R"(,"normal_per_s":1)")) == kDone);
  CHECK_LIKE(two.ask(wants("r", R"(,"normal_per_s":1)")),
             R"({"id":9,"error":{"code":"limit_reached"*)");
  CHECK(one.ask(wants("r", R"(,"normal_per_s":0,"high_per_s":0)")) == kDone);
  CHECK(two.ask(wants("r", R"(,"normal_per_s":1)")) == kDone);
}

TEST_CASE("a member's own engine holds back what it does not want", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Peer& home = server.member(0, kTcp, "home", room);
  Peer& phone = server.member(1, kWsJson, "phone", room);
  Peer& near = server.member(1, kTcp, "near", room);
  // Answered at once, without the home.
  CHECK(phone.ask(wants(room, R"(,"normal_per_s":2)")) == kDone);
  for (int i = 1; i <= 5; ++i) CHECK_LIKE(server.ask(home, says(room, i)), R"(*"ok"*)");
  server.run();
  CHECK(phone.events("message").size() == 2);
  phone.say(says(room, 6));
  server.run();
  const std::vector<std::string> heard = phone.all();
  CHECK(count(heard, R"({"event":"message")") == 1);  // its own
  CHECK(count(heard, R"({"event":"gap")") == 1);
  CHECK(near.events("message").size() == 6);
  CHECK(home.events("message").size() == 6);
}
