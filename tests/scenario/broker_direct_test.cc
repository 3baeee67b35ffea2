// To a user, wherever his sessions are: all engines are asked, his block list holds where he sits,
// the answer says how many sessions it reached, and who is nowhere is pushed to.
#include "chatroom/adapters/relations.h"
#include "scenario/engines.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string to(std::string_view user, std::string_view text = "psst") {
  return R"({"id":7,"op":"send_to","user":")" + std::string(user) + R"(","text":")" +
         std::string(text) + "\"}";
}
std::string reached(int sessions) {
  return R"({"id":7,"ok":{"sessions":)" + std::to_string(sessions) + "}}";
}

// Counts pushes.
struct Pushes final : SlowWork {
  std::vector<std::string> lines;
  std::uint32_t put(const Work& work) noexcept override {
    lines.push_back(std::string(name_of(work.kind)) + " " + std::string(work.user) + ": " +
                    std::string(work.message.text));
    return 0;
  }
  std::vector<std::string> take() { return std::exchange(lines, {}); }
};
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a direct message reaches all sessions of a user, at whichever engines", "[broker]") {
  for (const Carrier& carrier : {kTcp, kWsJson}) {
    INFO(carrier.name);
    Engines server(3);
    Peer& alice = server[0].user(carrier, "alice");
    Peer& phone = server[0].user(carrier, "alice");
    Peer& far = server[2].user(carrier, "alice");
    Peer& bob = server[1].user(carrier, "bob");
    Peer& bobs = server[2].user(carrier, "bob");
    CHECK(server.ask(alice, to("bob")) == reached(2));
    server.run();
    for (Peer* peer : {&bob, &bobs, &phone, &far}) {
      const auto told = peer->events("direct");
      REQUIRE(told.size() == 1);
      CHECK_LIKE(told[0], R"(*"user":"alice",*"to":"bob",*"text":"psst"*)");
    }
    CHECK(alice.events("direct").empty());
    // Of one's own the others are reached.
    CHECK(server.ask(alice, to("alice", "note")) == reached(2));
    CHECK(phone.events("direct").size() == 1);
    CHECK(far.events("direct").size() == 1);
    CHECK_LIKE(server.ask(alice, to("nobody")), R"({"id":7,"error":{"code":"not_found",*)");
    server.run();
    CHECK(far.events("direct").empty());  // nothing was said
  }
}

TEST_CASE("direct messages of one session arrive in order, near and far", "[broker]") {
  Engines server(2);
  Peer& alice = server[0].user(kWsJson, "alice");
  Peer& bob = server[1].user(kTcp, "bob");
  Peer& carol = server[0].user(kTcp, "carol");
  for (int i = 0; i < 5; ++i) {
    alice.say(to("bob", "b" + std::to_string(i)));
    alice.say(to("carol", "c" + std::to_string(i)));
  }
  server.run();
  const auto far = bob.events("direct");
  const auto near = carol.events("direct");
  REQUIRE(far.size() == 5);
  REQUIRE(near.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK_LIKE(far[i], "*\"text\":\"b" + std::to_string(i) + "\"*");
    CHECK_LIKE(near[i], "*\"text\":\"c" + std::to_string(i) + "\"*");
  }
  CHECK(alice.all().size() == 10);
}

TEST_CASE("a block list holds at the engine of whoever blocks", "[broker]") {
  // Each engine's host has a list of its own.
  MemoryRelations lists[2];
  Engines server(2, open_options(), {}, {},
                 [&](std::uint32_t i, StageOptions& how) { how.ports.relations = &lists[i]; });
  Peer& eve = server[0].user(kTcp, "eve");
  Peer& bob = server[1].user(kWsJson, "bob");
  CHECK(server.ask(eve, to("bob", "one")) == reached(1));
  CHECK(bob.events("direct").size() == 1);
  CHECK(bob.ask(R"({"id":9,"op":"block","user":"eve"})") == R"({"id":9,"ok":{}})");
  CHECK(server.ask(eve, to("bob", "two")) == reached(1));  // looks delivered
  CHECK(bob.events("direct").empty());
  CHECK(bob.ask(R"({"id":9,"op":"unblock","user":"eve"})") == R"({"id":9,"ok":{}})");
  // Dropped where it is said: it looks delivered too, and is not.
  CHECK(lists[0].block("bob", "eve"));
  CHECK(server.ask(eve, to("bob", "three")) == reached(1));
  CHECK(bob.events("direct").empty());
}

TEST_CASE("a far host may think about a direct message, or refuse it", "[broker]") {
  struct Slow final : Relations {
    Answer on_direct(Question question, const DirectRequest& request) noexcept override {
      CHECK(request.from == "eve");
      CHECK(request.to == "bob");
      CHECK_FALSE(request.session);
      last = question;
      return Answer::later();
    }
    Answer on_block(Question, const BlockRequest&) noexcept override { return Answer::pass(); }
    Question last;
  } slow;
  Engines server(2, open_options(), {}, {}, [&](std::uint32_t i, StageOptions& how) {
    if (i == 1) how.ports.relations = &slow;
  });
  Peer& eve = server[0].user(kTcp, "eve");
  Peer& bob = server[1].user(kTcp, "bob");
  const auto answered = [&](const Answer& answer) {
    eve.say(to("bob"));
    server.run();
    CHECK(eve.all().empty());
    CHECK(static_cast<bool>(server[1].engine().answer(slow.last, answer)));
    server.run();
    const auto told = eve.all();
    return told.size() == 1 ? told[0] : std::to_string(told.size());
  };
  CHECK(answered(Answer::pass()) == reached(1));
  CHECK(bob.events("direct").size() == 1);
  CHECK_LIKE(answered(Answer::refuse(Errc::forbidden)), R"(*"code":"forbidden"*)");
  CHECK(bob.events("direct").empty());
  CHECK(server[1].engine().answer(slow.last, {}).error().code == Errc::not_found);
  // It says nothing in time: refused there before the sender's engine gives up.
  eve.say(to("bob"));
  server.run();
  server.pass(open_options().limits.question_deadline);
  CHECK_LIKE(eve.all().at(0), R"(*"code":"internal"*"temporary":true*)");
  CHECK(bob.events("direct").empty());
}

TEST_CASE("an engine that sleeps, or is lost, holds up a direct message for a while only",
          "[broker]") {
  Engines server(3);
  Peer& alice = server[0].user(kTcp, "alice");
  Peer& bob = server[1].user(kTcp, "bob");
  const auto half = [&](int engine) {  // only that one wakes
    for (bool moved = true; moved;) {
      moved = server.stages[0]->loop.run_once() ||
              server.stages[static_cast<std::size_t>(engine)]->loop.run_once();
    }
  };
  alice.say(to("bob"));
  half(1);
  CHECK(bob.events("direct").size() == 1);
  CHECK(alice.all().empty());
  SECTION("asleep: what is known is said at the deadline") {
    server[0].pass(open_options().limits.question_deadline);
    CHECK(alice.all() == Lines{reached(1)});
    alice.say(to("carol"));
    half(1);
    server[0].pass(open_options().limits.question_deadline);
    CHECK_LIKE(alice.all().at(0), R"(*"code":"internal"*"temporary":true*)");
    server.run();
    CHECK(alice.all().empty());  // late answers are nobody's
  }
  SECTION("lost: the others have said all that there is") {
    server.lose(2);
    CHECK(alice.all() == Lines{reached(1)});
    CHECK_LIKE(server.ask(alice, to("carol")), R"(*"code":"not_found"*)");
  }
  SECTION("the sender goes: nothing waits for him") {
    alice.drop();
    server.run();
    CHECK(bob.events("direct").empty());
  }
}

TEST_CASE("who is at another engine is not pushed to, and who is nowhere is", "[broker]") {
  Pushes pushes;
  EngineOptions options = open_options();
  options.slow_work = kPushes | work_bit(WorkKind::direct);
  Engines server(2, options, {}, {}, [&](std::uint32_t i, StageOptions& how) {
    if (i == 0) how.ports.slow_work = &pushes;
  });
  const std::string room = server.room_of(0);
  Peer& alice = server.member(0, kTcp, "alice", room);
  Peer& bob = server[1].user(kTcp, "bob");
  CHECK(server.ask(alice, to("bob")) == reached(1));
  CHECK(pushes.take() == Lines{"direct bob: psst"});
  CHECK(server.ask(alice, to("carol")) == reached(0));
  CHECK(pushes.take() == Lines{"push carol: psst"});
  // Mentioned in a room that he is not in.
  CHECK_LIKE(server.ask(alice, R"({"id":8,"op":"publish","room":")" + room +
                                   R"(","text":"hi","mentions":["bob","carol","alice"]})"),
             R"({"id":8,"ok":*)");
  server.run();
  CHECK(pushes.take() == Lines{"push carol: hi"});
  // The host's.
  bob.forget();
  const std::string_view names[] = {"bob", "carol", "alice"};
  CHECK(*server[0].engine().send_to(names, {.kind = Kind::notice, .text = "news"}) == 1);
  server.run();
  CHECK(pushes.take() == Lines{"push carol: news"});
  CHECK(bob.events("direct").size() == 1);
  CHECK(alice.events("direct").size() == 1);
  // The sender is gone before all have answered: it is pushed all the same.
  alice.say(to("carol", "last"));
  alice.drop();
  server.run();
  CHECK(pushes.take() == Lines{"push carol: last"});
}

TEST_CASE("users whom no session waits for are sought with half of the questions", "[broker]") {
  testing::FakeRules rules;
  rules.publish = [](Question, const PublishRequest&) { return Answer::pass(); };
  EngineOptions options = open_options();
  options.limits.questions = 8;
  Engines server(2, options, {}, {.rules = &rules});
  const std::string room = server.room_of(0);
  Peer& alice = server.member(0, kTcp, "alice", room);
  const std::string_view names[] = {"bob"};  // the other engine sleeps from here on
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(server[0].engine().send_to(names, {.kind = Kind::notice, .text = "x"}));
  }
  CHECK(server[0].engine().metrics().questions_waiting == 4);
  CHECK_LIKE(alice.ask(R"({"id":8,"op":"publish","room":")" + room + R"(","text":"hi"})"),
             R"({"id":8,"ok":*)");
}

TEST_CASE("what a full mailbox has no place for is not called delivered", "[broker]") {
  LocalBrokerOptions small;
  small.mailbox_items = 8;
  Engines server(2, open_options(), small);
  Peer& alice = server[0].user(kTcp, "alice");
  Peer& bob = server[1].user(kTcp, "bob");
  const std::string_view names[] = {"bob"};
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(server[0].engine().send_to(names, {.kind = Kind::notice, .text = "x"}));
  }
  CHECK_LIKE(alice.ask(to("bob")), R"(*"code":"internal"*"temporary":true*)");
  CHECK(server.broker.stats(0).refused > 0);
  server.run();
  CHECK(bob.events("direct").size() < 20);
  CHECK(server.ask(alice, to("bob")) == reached(1));
}

TEST_CASE("a host sends to roles, tags and rooms of other engines", "[broker]") {
  Engines server(2);
  const std::string here = server.room_of(0, "acme/a");
  const std::string there = server.room_of(1, "acme/b");
  Peer& alice = server.member(0, kTcp, "alice", here);
  Peer& bob = server.member(1, kTcp, "bob", here);
  Peer& carol = server.member(1, kTcp, "carol", there);
  Room mirror = *server[1].engine().room(here);
  CHECK(static_cast<bool>(mirror.member("bob").set_tag(7)));
  CHECK(mirror.member("bob").tag() == 7);
  CHECK(static_cast<bool>(mirror.set_role("alice", Role::moderator)));
  server.run();
  for (auto& stage : server.stages) {
    for (auto& peer : stage->peers) peer->forget();
  }
  CHECK(*mirror.send_to_tag(7, {.text = "red team"}) == 0);  // how many is known to its home
  CHECK(*mirror.send_to_role(Role::moderator, {.text = "look"}) == 0);
  CHECK(*server[0].engine().room(here)->send_to_tag(7, {.text = "again"}) == 1);
  server.run();
  CHECK(bob.events("message").size() == 2);
  CHECK(alice.events("message").size() == 1);

  CHECK(*server[0].engine().broadcast("acme/", {.kind = Kind::notice, .text = "maintenance"}) == 1);
  server.run();
  for (Peer* peer : {&alice, &bob, &carol}) {
    const auto told = peer->events("message");
    REQUIRE(told.size() == 1);
    CHECK_LIKE(told[0], R"(*"text":"maintenance"*)");
  }
}
