// Rooms whose channels have receive budgets of their own, seen from those who are on one channel,
// on another, and on both.
#include <set>

#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

RoomPolicy apart(std::uint32_t room, std::uint16_t channel) {
  RoomPolicy policy{.receive_normal_per_s = room, .receive_high_per_s = room / 2};
  policy.channel_normal_per_s = channel;
  policy.channel_high_per_s = static_cast<std::uint16_t>(channel / 2);
  return policy;
}

std::string publish(const std::string& channel, const std::string& text, bool high = false) {
  return R"({"id":5,"op":"publish","room":"r","channel":")" + channel + R"(","text":")" + text +
         (high ? R"(","priority":"high"})" : R"("})");
}

Peer& on(Stage& stage, const Carrier& carrier, const std::string& name,
         const std::string& channels) {
  Peer& peer = stage.user(carrier, name);
  const std::string join = R"({"id":1,"op":"join","room":"r","channels":[)" + channels + "]}";
  REQUIRE(matches(peer.ask(join), R"({"id":1,"ok":*)"));
  peer.forget();
  return peer;
}

// What the texts of these events are, in order.
std::vector<std::string> texts(const std::vector<std::string>& events) {
  std::vector<std::string> found;
  for (const std::string& event : events) {
    const std::size_t at = event.find(R"("text":")");
    REQUIRE(at != std::string::npos);
    found.push_back(event.substr(at + 8, event.find('"', at + 8) - at - 8));
  }
  return found;
}

// Of everything that was heard, looked at once.
std::vector<std::string> of_type(const std::vector<std::string>& all, const std::string& type) {
  std::vector<std::string> found;
  for (const std::string& one : all) {
    if (one.starts_with("{\"event\":\"" + type + "\"")) found.push_back(one);
  }
  return found;
}

std::size_t count_like(const std::vector<std::string>& events, const std::string& pattern) {
  return static_cast<std::size_t>(
      std::count_if(events.begin(), events.end(),
                    [&](const std::string& event) { return matches(event, pattern); }));
}

// What those hear who are on the side channel only, while main is as loud as that.
struct Heard {
  std::vector<std::string> messages;
  std::size_t others = 0;  // shares, gaps
};
Heard beside(const Carrier& carrier, std::uint32_t room, int loud_per_s) {
  Stage stage;
  REQUIRE(stage.engine().open_room("r", apart(room, 5)));
  Peer& both = on(stage, carrier, "both", R"("main","side")");
  Peer& quiet = on(stage, carrier, "quiet", R"("side")");
  std::vector<Peer*> crowd;
  for (int i = 0; i < 20; ++i) {
    crowd.push_back(&on(stage, carrier, "u" + std::to_string(i), R"("main")"));
  }
  stage.pass(Duration::s(2));
  quiet.forget(), both.forget();
  int said = 0;
  for (int step = 0; step < 60; ++step) {
    for (int i = 0; i < loud_per_s / 10; ++i) {
      crowd[static_cast<std::size_t>(said % 20)]->say(publish("main", std::to_string(said)));
      ++said;
    }
    if (step % 5 == 0) both.say(publish("side", "side " + std::to_string(step)));
    stage.pass(Duration::ms(100));
  }
  stage.pass(Duration::s(2));
  const std::vector<std::string> all = quiet.all();
  Heard heard{texts(of_type(all, "message")), 0};
  heard.others = of_type(all, "room_state").size() + of_type(all, "gap").size();
  // Who is on both has all of it as well.
  std::vector<std::string> side;
  for (const std::string& text : texts(both.events("message"))) {
    if (text.rfind("side", 0) == 0) side.push_back(text);
  }
  CHECK(side == heard.messages);
  return heard;
}

}  // namespace

TEST_CASE("a channel a hundred times past its budget changes nothing for those on another") {
  for (const Carrier& carrier : {kWsJson, kTcp}) {
    for (const std::uint32_t room : {0u, 5u}) {
      INFO(carrier.name << " room " << room);
      const Heard calm = beside(carrier, room, 0);
      const Heard loud = beside(carrier, room, 500);
      CHECK(calm.messages.size() == 12);
      CHECK(loud.messages == calm.messages);
      CHECK(calm.others == 0);
      CHECK(loud.others == 0);
    }
  }
}

TEST_CASE("each view is shown what its channels hold and no more, all of it the same") {
  StageOptions options;
  options.record = false;
  Stage stage(options);
  Result<Room> room = stage.engine().open_room("r", apart(12, 8));
  REQUIRE(room);
  Peer& main = on(stage, kWsJson, "main-reader", R"("main")");
  Peer& side = on(stage, kTcp, "side-reader", R"("side")");
  Peer& both = on(stage, kWsJson, "both-reader", R"("main","side")");
  Peer& twin = on(stage, kTcp, "twin-reader", R"("main","side")");
  std::vector<Peer*> crowd;
  for (int i = 0; i < 30; ++i) {
    crowd.push_back(&on(stage, kWsJson, "u" + std::to_string(i), R"("main","side")"));
    REQUIRE(room->set_role("u" + std::to_string(i), Role::moderator));  // may say what is high
  }
  const auto second = [&](int number) {
    for (Peer* one : {&main, &side, &both, &twin}) one->say(R"({"op":"ping"})");
    for (int i = 0; i < 60; ++i) {
      Peer& sender = *crowd[static_cast<std::size_t>((i * 7 + number) % 30)];
      const std::string text = std::to_string(number) + "." + std::to_string(i);
      sender.say(publish(i % 2 == 0 ? "main" : "side", text));
      if (i % 4 < 2) sender.say(publish(i % 2 == 0 ? "main" : "side", "high " + text, true));
      stage.pass(Duration{1'000'000 / 60});
    }
  };
  constexpr int kSeconds = 100;
  for (int i = 0; i < 5; ++i) second(i);
  for (const auto& peer : stage.peers) peer->forget();
  std::size_t said = 0;
  std::set<std::string> own;
  for (int i = 0; i < kSeconds; ++i) {
    second(5 + i);
    for (const std::string& text : texts(crowd[0]->events("message"))) own.insert(text);
    for (Peer* one : crowd) one->forget();
    for (int k = 0; k < 60; ++k) {
      if ((k * 7 + 5 + i) % 30 != 0) continue;
      ++said;
      CHECK(own.count(std::to_string(5 + i) + "." + std::to_string(k)) == 1);  // shown or echoed
    }
  }
  CHECK(said == 2 * kSeconds);
  const auto split = [](Peer& peer) {
    std::pair<std::vector<std::string>, std::vector<std::string>> found;
    for (const std::string& text : texts(peer.events("message"))) {
      (text[0] == 'h' ? found.second : found.first).push_back(text);
    }
    return found;
  };
  const auto of_main = split(main);
  const auto of_side = split(side);
  const auto of_both = split(both);
  CHECK(of_both == split(twin));
  constexpr double kMost = 1.01 * kSeconds;
  for (const auto* one : {&of_main, &of_side}) {
    CHECK(static_cast<double>(one->first.size()) <= 8 * kMost);
    CHECK(static_cast<double>(one->second.size()) <= 4 * kMost);
    CHECK(one->first.size() >= 4 * kSeconds);  // an equal part, sampled
    CHECK(one->second.size() >= 3 * kSeconds - 1);
  }
  CHECK(static_cast<double>(of_both.first.size()) <= 12 * kMost);
  CHECK(static_cast<double>(of_both.second.size()) <= 6 * kMost);
  CHECK(of_both.first.size() == of_main.first.size() + of_side.first.size());
}

TEST_CASE("members are told the share of the channels that they are on, and whoever comes is too") {
  for (const Carrier& carrier : {kWsJson, kTcp}) {
    INFO(carrier.name);
    Stage stage;
    Result<Room> room = stage.engine().open_room("r", apart(0, 5));
    REQUIRE(room);
    Peer& main = on(stage, carrier, "main-reader", R"("main")");
    Peer& side = on(stage, carrier, "side-reader", R"("side")");
    std::vector<Peer*> crowd;
    for (int i = 0; i < 20; ++i) {
      crowd.push_back(&on(stage, carrier, "u" + std::to_string(i), R"("side")"));
    }
    stage.pass(Duration::s(2));
    main.forget(), side.forget();
    std::vector<std::string> climbs;
    stage.observer.then = [&](const HostEvent& event) {
      if (event.type != HostEventType::overload) return;
      climbs.push_back(std::string{event.text} + " " + std::string{name_of(event.rung)});
    };
    const auto second = [&] {
      for (Peer* one : crowd) one->say(publish("side", "x"));
      stage.pass(Duration::s(1));
    };
    for (int i = 0; i < 3; ++i) second();
    CHECK(room->rung() == Rung::sample);
    CHECK(room->rung("side") == Rung::sample);
    CHECK(room->rung("main") == Rung::normal);
    CHECK(room->rung("nowhere") == Rung::normal);
    CHECK(Room{}.rung("main") == Rung::normal);
    const std::vector<std::string> nothing = main.all();
    CHECK(of_type(nothing, "room_state").empty());
    CHECK(of_type(nothing, "gap").empty());
    const std::vector<std::string> heard = side.all();
    const std::vector<std::string> told = of_type(heard, "room_state");
    REQUIRE(!told.empty());
    CHECK_LIKE(told[0], R"({"event":"room_state","room":"r","channel":"side","changed":{*)");
    CHECK_LIKE(told[0], R"(*"changed":{"rung":"sample","kept":*})");
    CHECK(count_like(of_type(heard, "gap"), R"(*"channel":"side"*"reason":"sampled"*)") >= 2);
    CHECK(climbs == std::vector<std::string>{"side sample"});
    // By joining: in the state. By subscribing: with the end of the second.
    Peer& late = stage.user(carrier, "late");
    const std::string joined = late.ask(R"({"id":2,"op":"join","room":"r","channels":["main"]})");
    CHECK_LIKE(joined, R"(*"name":"side"*"rung":"sample","kept":*)");
    CHECK_FALSE(matches(joined, R"(*"name":"main","state":"open","rung"*)"));
    late.forget();
    for (int i = 0; i < 4; ++i) second();
    late.forget();
    late.ask(R"({"id":3,"op":"subscribe","room":"r","channel":"side"})");
    second();
    CHECK(count_like(late.events("room_state"), R"(*"channel":"side"*"rung":"sample"*)") == 1);
    stage.pass_alive(Duration::s(10));
    CHECK(side.events("room_state").back() ==
          R"({"event":"room_state","room":"r","channel":"side","changed":{"rung":"normal"}})");
    CHECK(room->rung() == Rung::normal);
    CHECK(climbs == std::vector<std::string>{"side sample", "side normal"});
    stage.observer.then = nullptr;
  }
}

TEST_CASE("a channel's budget that is taken away is told to those who knew of it") {
  Stage stage;
  Result<Room> room = stage.engine().open_room("r", apart(0, 5));
  REQUIRE(room);
  Peer& both = on(stage, kWsJson, "both", R"("main","side")");
  for (int i = 0; i < 20; ++i) both.say(publish("side", std::to_string(i)));
  stage.pass(Duration::s(1));
  REQUIRE(room->rung("side") == Rung::sample);
  both.forget();
  RoomPolicy policy = apart(30, 0);
  REQUIRE(room->set_policy(policy));
  stage.pass(Duration::s(1));
  CHECK(both.events("room_state") ==
        std::vector<std::string>{
            R"({"event":"room_state","room":"r","channel":"side","changed":{"rung":"normal"}})"});
  for (int i = 0; i < 40; ++i) both.say(publish("side", std::to_string(i)));
  stage.pass(Duration::s(1));
  CHECK(count_like(both.events("room_state"), R"(*"room":"r","changed":{"rung":"sample"*)") == 1);
  policy.channel_normal_per_s = 5;
  REQUIRE(room->set_policy(policy));
  stage.pass(Duration::s(1));
  CHECK(count_like(both.events("room_state"), R"(*"room":"r","changed":{"rung":"normal"}*)") == 1);
}
