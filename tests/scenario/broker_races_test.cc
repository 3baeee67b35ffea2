// Several engines and what can go wrong between them: late answers, refusals, mirrors that end
// while somebody comes, logs that are full at a follower only.
#include "scenario/engines.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string join(int id, const std::string& room) {
  return R"({"id":)" + std::to_string(id) + R"(,"op":"join","room":")" + room + R"("})";
}

// Answers joins when it likes.
struct SlowRules : Rules {
  std::vector<Question> asked;
  Answer on_missing_room(Question, const JoinRequest&) noexcept override {
    return Answer::refuse(Errc::not_found);
  }
  Answer on_join(Question question, const JoinRequest&) noexcept override {
    asked.push_back(question);
    return Answer::later();
  }
  Answer before_publish(Question, const PublishRequest&) noexcept override {
    return Answer::pass();
  }
  Answer on_call(Question, const CallRequest&) noexcept override { return Answer::pass(); }
};

// A broker that counts what is subscribed through it.
struct CountedBroker : Broker {
  explicit CountedBroker(Broker* to) : under(to) {}
  Broker* under;
  std::map<std::string, int> subscribed;
  PeerId attach(EventLoop* loop) noexcept override { return under->attach(loop); }
  void detach() noexcept override { under->detach(); }
  Lease claim(std::string_view room) noexcept override { return under->claim(room); }
  std::uint32_t peers(std::span<PeerId> into) noexcept override { return under->peers(into); }
  void subscribe(std::string_view room) noexcept override {
    subscribed[std::string{room}] = 1;
    under->subscribe(room);
  }
  void unsubscribe(std::string_view room) noexcept override {
    subscribed.erase(std::string{room});
    under->unsubscribe(room);
  }
  bool wanted(std::string_view room) noexcept override { return under->wanted(room); }
  bool publish(std::string_view room, Term term, std::uint64_t sequence, Bytes entry,
               Delivery how) noexcept override {
    return under->publish(room, term, sequence, entry, how);
  }
  bool send(PeerId to, Bytes message, Delivery how) noexcept override {
    return under->send(to, message, how);
  }
  void flush() noexcept override { under->flush(); }
  bool poll(BrokerInbox& inbox, std::uint32_t most) noexcept override {
    return under->poll(inbox, most);
  }
};

}  // namespace

TEST_CASE("a join that its home let pass too late leaves nobody behind there", "[broker]") {
  SlowRules rules;
  EnginePorts ports;
  ports.rules = &rules;
  Engines server(2, open_options(), {}, ports);
  const std::string room = server.room_of(0);
  REQUIRE(server[0].engine().open_room(room, {}));
  Peer& peer = server.stages[1]->user(kTcp, "patient");
  peer.say(join(2, room));
  server.run();
  REQUIRE(rules.asked.size() == 1);
  server.pass(Duration::ms(2'500));
  CHECK_LIKE(peer.next(), R"({"id":2,"error":{"code":"internal",*)");
  static_cast<void>(server[0].engine().answer(rules.asked[0], Answer::pass()));
  server.run();
  CHECK(server[0].engine().room(room)->online() == 0);
  // And he may come after all.
  peer.say(join(3, room));
  server.run();
  REQUIRE(rules.asked.size() == 2);
  REQUIRE(server[0].engine().answer(rules.asked[1], Answer::pass()));
  server.run();
  CHECK_LIKE(peer.next(), R"({"id":3,"ok":*)");
  CHECK(server[0].engine().room(room)->online() == 1);
}

TEST_CASE("of two joins under way one that fails does not put out whom the other let in",
          "[broker]") {
  SlowRules rules;
  EnginePorts ports;
  ports.rules = &rules;
  Engines server(2, open_options(), {}, ports);
  const std::string room = server.room_of(0);
  REQUIRE(server[0].engine().open_room(room, {}));
  Peer& peer = server.stages[1]->user(kTcp, "eager");
  for (const Tag tag : {1, 2})
    REQUIRE(server[1].engine().join(peer.session(), {.room = room}, tag));
  server.run();
  REQUIRE(rules.asked.size() == 2);
  const std::size_t let_in = GENERATE(0, 1);
  REQUIRE(server[0].engine().answer(rules.asked[let_in], Answer::pass()));
  server.run();
  server.pass(Duration::ms(2'500));  // the other is given up
  CHECK(server[0].engine().room(room)->online() == 1);
  peer.forget();
  REQUIRE(server[0].engine().room(room)->broadcast({.text = "to all who are in"}));
  server.run();
  CHECK(peer.events("message").size() == 1);
}

TEST_CASE("an empty mirror that ends while its room changes home is opened anew", "[broker]") {
  Engines server(3);
  std::vector<std::string> rooms;
  for (int i = 0; i < 8; ++i) rooms.push_back(server.room_of(0, "r" + std::to_string(i) + "-"));
  Peer& peer = server.stages[2]->user(kTcp, "guest");
  for (const std::string& room : rooms) {
    CHECK_LIKE(server.ask(peer, join(2, room)), R"({"id":2,"ok":*)");
    CHECK_LIKE(server.ask(peer, R"({"id":3,"op":"leave","room":")" + room + "\"}"),
               R"({"id":3,"ok":*)");
  }
  // Its engine learns of the loss and ends the empty mirrors before the heir has answered.
  server.stages[0].reset();
  server[2].pass(Duration::s(6));
  server.run();
  int moved = 0;
  for (const std::string& room : rooms) {
    if (server.broker.home_of(room) != 1) continue;
    ++moved;
    CHECK_LIKE(server.ask(peer, join(4, room)), R"({"id":4,"ok":*)");
    server.run();
    peer.forget();
    REQUIRE(server[1].room(room).broadcast({.text = "who hears it?"}));
    server.run();
    CHECK(peer.events("message").size() == 1);
  }
  REQUIRE(moved > 0);
}

TEST_CASE("a join that is refused elsewhere leaves no subscription", "[broker]") {
  LocalBroker local({.engines = 2});
  CountedBroker counted(local.port(1));
  EngineOptions options = open_options();
  options.open_rooms = false;
  StageOptions how{.engine = options, .record = false};
  how.ports.broker = local.port(0);
  Stage home(how);
  how.ports.broker = &counted;
  Stage away(how);
  const auto run = [&] {
    for (int i = 0; i < 6; ++i) {
      away.pass(Duration::ms(10));
      home.pass(Duration::ms(10));
    }
  };
  Peer& peer = away.user(kTcp, "curious");
  int tried = 0;
  for (int i = 0; tried < 5; ++i) {
    const std::string room = "nowhere" + std::to_string(i);
    if (local.home_of(room) != 0) continue;
    ++tried;
    peer.say(join(10 + i, room));
    run();
    CHECK_LIKE(peer.next(), R"(*"code":"not_found"*)");
  }
  CHECK(counted.subscribed.empty());
}

TEST_CASE("a mirror that ends while somebody comes is opened again and hears all", "[broker]") {
  SlowRules rules;
  EnginePorts ports;
  ports.rules = &rules;
  Engines server(2, open_options(), {}, ports);
  const std::string room = server.room_of(0);
  REQUIRE(server[0].engine().open_room(room, {}));
  Peer& first = server.stages[1]->user(kTcp, "first");
  Peer& second = server.stages[1]->user(kTcp, "second");
  first.say(join(2, room));
  server.run();
  REQUIRE(server[0].engine().answer(rules.asked.at(0), Answer::pass()));
  server.run();
  first.say(R"({"id":3,"op":"leave","room":")" + room + R"("})");
  server.pass(Duration::ms(4'500));
  second.say(join(2, room));  // the host thinks about it for a second
  server.pass(Duration::ms(1'000));
  CHECK_FALSE(server[1].engine().room(room));
  REQUIRE(server[0].engine().answer(rules.asked.at(1), Answer::pass()));
  server.run();
  CHECK_LIKE(second.next(), R"({"id":2,"ok":*)");
  REQUIRE(server[0].engine().room(room)->broadcast({.text = "do you hear"}));
  server.run();
  CHECK(second.events("message").size() == 1);
}

TEST_CASE("what a follower's log has no place for is told as lost, with its offsets", "[broker]") {
  EngineOptions options = open_options();
  options.limits.window_bytes = 4'096;
  options.limits.log_pool_bytes = 1u << 20;
  Engines server(2, options);
  const std::string room = server.room_of(0);
  Peer& away = server.member(1, kTcp, "away", room);
  // All in one turn of the follower: its members are visited at the end of it.
  const std::string text(1'500, 'x');
  for (int i = 0; i < 200; ++i) REQUIRE(server[0].engine().room(room)->broadcast({.text = text}));
  server.run();
  REQUIRE(server[0].engine().room(room)->broadcast({.text = "last"}));
  server.run();
  std::uint64_t next = 1;
  std::uint64_t missed = 0;
  for (const std::string& line : away.all()) {
    const auto number = [&](const std::string& name) -> std::uint64_t {
      const std::size_t at = line.find("\"" + name + "\":");
      return at == std::string::npos ? 0 : std::stoull(line.substr(at + name.size() + 3));
    };
    INFO(line.substr(0, 120));
    if (line.find("\"event\":\"gap\"") != std::string::npos) {
      CHECK(number("from") == next);
      missed += number("count");
      next = number("to") + 1;
    } else if (line.find("\"event\":\"message\"") != std::string::npos) {
      CHECK(number("offset") == next);
      next = number("offset") + 1;
    }
  }
  CHECK(next == 202);
  CHECK(missed > 0);
}
