// What is handed to whoever takes his time: copies for third parties, pushes to who is away.
#include "chatroom/adapters/relations.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

// Keeps each piece in words; loses some when told to.
struct Copies final : SlowWork {
  std::vector<std::string> lines;
  std::uint64_t last = 0;
  std::uint32_t loses = 0;
  std::uint32_t put(const Work& work) noexcept override {
    CHECK(work.number == last + 1);
    CHECK(work.time_ms > 0);
    last = work.number;
    std::string line(name_of(work.kind));
    if (!work.room.empty()) line += " " + std::string(work.room);
    if (!work.user.empty()) line += " " + std::string(work.user);
    if (work.kind == WorkKind::left) line += ": " + std::string(name_of(work.reason));
    if (work.kind == WorkKind::moderated) {
      line += ": " + std::string(name_of(work.op)) + " by " + std::string(work.by) + ", " +
              std::string(work.text);
    }
    if (!work.message.user.empty() || !work.message.text.empty()) {
      line += ": " + std::string(work.message.user) + " says " + std::string(work.message.text);
    }
    lines.push_back(line);
    return loses;
  }
  std::vector<std::string> take() { return std::exchange(lines, {}); }
};
using Lines = std::vector<std::string>;

StageOptions copying(Copies& copies, std::uint32_t what) {
  StageOptions options = owned({.slow_work = &copies});
  options.engine.slow_work = what;
  return options;
}
std::string say(std::string_view text, std::string_view more = "") {
  return R"({"id":2,"op":"publish","room":"r","text":")" + std::string(text) + "\"" +
         std::string(more) + "}";
}
std::string to(std::string_view user) {
  return R"({"id":2,"op":"send_to","user":")" + std::string(user) + R"(","text":"psst"})";
}

}  // namespace

TEST_CASE("third parties get a copy of all that is kept, of joins, leaves and moderation",
          "[scenario][hooks]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Copies copies;
    Stage stage(copying(copies, kCopies));
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    CHECK(copies.take() == Lines{"joined r alice", "joined r bob"});
    alice.ask(say("one"));
    alice.ask(R"({"id":2,"op":"publish","room":"r","kind":"signal","text":"not kept"})");
    bob.ask(to("alice"));
    CHECK_LIKE(bob.ask(to("nobody")), R"(*"code":"not_found"*)");
    alice.ask(R"({"id":2,"op":"kick","room":"r","user":"bob","reason":"enough"})");
    CHECK(copies.take() == Lines{"message r: alice says one", "direct alice: bob says psst",
                                 "moderated r bob: kick by alice, enough", "left r bob: kicked"});
    REQUIRE(stage.room("r").broadcast({.text = "bye"}));
    REQUIRE(stage.room("r").broadcast({.text = "not kept", .keep = false}));
    stage.run();
    alice.drop();
    stage.run();
    CHECK(copies.take() == Lines{"message r:  says bye", "left r alice: dropped"});
    CHECK(stage.engine().metrics().slow_work == 8);
    CHECK(stage.engine().metrics().slow_work_lost == 0);
    CHECK(stage.observer.count(HostEventType::copies_lost) == 0);
  }
}

TEST_CASE("what the queue loses is told once a turn, and a replay loses the same",
          "[scenario][hooks]") {
  Copies copies;
  Stage stage(copying(copies, work_bit(WorkKind::message)));
  Peer& alice = stage.member(kTcp, "alice", "r");
  CHECK(copies.lines.empty());
  std::uint64_t told = 0;
  stage.observer.then = [&](const HostEvent& event) {
    if (event.type == HostEventType::copies_lost) told += event.count;
  };
  copies.loses = 2;
  stage.in_one_turn([&] {
    alice.say(say("one"));
    alice.say(say("two"));
  });
  CHECK(told == 4);
  CHECK(stage.observer.count(HostEventType::copies_lost) == 1);
  copies.loses = 0;
  alice.ask(say("three"));
  CHECK(stage.observer.count(HostEventType::copies_lost) == 1);
  CHECK(stage.engine().metrics().slow_work == 3);
  CHECK(stage.engine().metrics().slow_work_lost == 4);
}

TEST_CASE("who is not here is pushed to: what is said to him, and where he may read it",
          "[scenario][hooks]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Copies copies;
    MemoryRelations relations;
    StageOptions options = copying(copies, kPushes);
    options.ports.relations = &relations;
    Stage stage(options);
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& phone = stage.user(carrier, "alice");
    Peer& eve = stage.member(carrier, "eve", "r");
    CHECK_LIKE(alice.ask(to("bob")), R"({"id":2,"ok":{"sessions":0}})");
    CHECK(phone.events("direct").size() == 1);  // her other sessions see what she wrote
    CHECK(copies.take() == Lines{"push bob: alice says psst"});
    // Whom he blocks is not to know, and reaches him no way.
    CHECK(relations.block("bob", "eve"));
    CHECK_LIKE(eve.ask(to("bob")), R"({"id":2,"ok":{"sessions":0}})");
    CHECK(copies.take().empty());
    const std::string_view users[] = {"bob", "eve"};
    CHECK(*stage.engine().send_to(users, {.text = "hi"}) == 1);
    stage.run();
    CHECK(copies.take() == Lines{"push bob:  says hi"});

    // Mentions: of who is here, nothing; of who is banned, nothing.
    alice.ask(say("a", R"(,"mentions":["bob","eve"])"));
    CHECK(copies.take() == Lines{"push r bob: alice says a"});
    alice.ask(R"({"id":2,"op":"ban","room":"r","user":"bob"})");
    alice.ask(say("b", R"(,"mentions":["bob","zoe","zoe"])"));
    CHECK(copies.take() == Lines{"push r zoe: alice says b"});
    // A channel that is not for everybody.
    alice.ask(R"({"id":2,"op":"open_channel","room":"r","channel":"staff","access":"moderator"})");
    alice.ask(R"({"id":2,"op":"subscribe","room":"r","channel":"staff"})");
    alice.ask(say("c", R"(,"channel":"staff","mentions":["zoe"])"));
    CHECK(copies.take().empty());
    REQUIRE(stage.room("r").set_role("zoe", Role::admin));
    alice.ask(say("d", R"(,"channel":"staff","mentions":["zoe"])"));
    CHECK(copies.take() == Lines{"push r zoe: alice says d"});
  }
}

TEST_CASE("of rooms that not everybody may enter only those who may are pushed to",
          "[scenario][hooks]") {
  Copies copies;
  Stage stage(copying(copies, kPushes));
  RoomPolicy policy = RoomPolicy::group();
  policy.owner = "alice";
  REQUIRE(stage.engine().open_room("r", policy));
  Peer& alice = stage.member(kWsJson, "alice", "r");
  REQUIRE(stage.room("r").set_role("bob", Role::member));
  CHECK_LIKE(alice.ask(say("a", R"(,"mentions":["bob","zoe"])")), R"(*"ok"*)");
  CHECK(copies.take() == Lines{"push r bob: alice says a"});
}
