// Members that chose how much of a room they get: never more than that, told of the rest, and
// nobody else notices.
#include "catch.hpp"
#include "unit/fanout/world.h"

namespace fanout_test {
namespace {

constexpr EntryMeta kCounted{.counted = true};

void say_many(World& world, int count, EntryMeta meta = kCounted) {
  for (int i = 0; i < count; ++i) REQUIRE(world.say(0, "", meta));
}

void wait(World& world, Duration time) {
  world.now = world.now + time;
  world.flush();
}

// A member that wants so much, and one that wants everything.
struct Two : World {
  explicit Two(Receive receive, Limits with = World::small()) : World(with) {
    room(0);
    open(0);
    open(1);
    join(0, 0);
    join(0, 1);
    REQUIRE(fanout.set_receive(0, 0, receive, 7));
  }
};

}  // namespace

TEST_CASE("a member gets no more in a second than it chose and is told the rest") {
  Two world({.normal_per_s = 3});
  say_many(world, 5);
  world.flush();
  CHECK(world.frames(0) == "message r0 1 |message r0 2 |message r0 3 ");
  wait(world, Duration::ms(350));
  say_many(world, 2);
  world.flush();
  // Before the next one that it gets.
  CHECK(world.frames(0) == "gap r0 4 5 2 l|message r0 6 ");
  CHECK(world.frames(1).find("gap") == std::string::npos);
  const Ledger::Class own = world.fanout.ledger_of(0, 0).by_priority[1];
  CHECK(own.delivered == 4);
  CHECK(own.dropped == 3);
  CHECK(world.fanout.ledger_of(0, 1).by_priority[1].delivered == 7);
  CHECK(World::imbalance(world.fanout.ledger()) == "");
  CHECK(world.gaps().empty());  // no news for the host
}

TEST_CASE("what is held back last is told after a second of silence") {
  Two world({.normal_per_s = 1});
  say_many(world, 4);
  world.flush();
  CHECK(world.frames(0) == "message r0 1 ");
  wait(world, Duration::ms(999));
  CHECK(world.frames(0) == "");
  wait(world, Duration::ms(1));
  CHECK(world.frames(0) == "gap r0 2 4 3 l");
  wait(world, Duration::s(10));
  CHECK(world.frames(0) == "");
}

TEST_CASE("the flush says when the rest is to be told") {
  Two world({.normal_per_s = 1});
  say_many(world, 2);
  Budget budget{.sends = 100};
  CHECK(world.fanout.flush(world.now, budget).next == world.now + Duration::s(1));
}

TEST_CASE("high takes the places of normal before any of it is held back") {
  Two world({.normal_per_s = 2, .high_per_s = 1});
  EntryMeta high = kCounted;
  high.priority = Priority::high;
  say_many(world, 4, high);
  say_many(world, 1);
  world.flush();
  CHECK(world.frames(0) == "message r0 1 |message r0 2 |message r0 3 ");
  wait(world, Duration::s(1));
  CHECK(world.frames(0) == "gap r0 4 5 2 lr");
}

TEST_CASE("high has no end where none was chosen for it") {
  Two world({.normal_per_s = 1});
  EntryMeta high = kCounted;
  high.priority = Priority::high;
  say_many(world, 10, high);
  say_many(world, 1);
  world.flush();
  CHECK(world.fanout.ledger_of(0, 0).by_priority[0].delivered == 10);
  CHECK(world.fanout.ledger_of(0, 0).by_priority[1].delivered == 1);
}

TEST_CASE("low leaves half of the places to normal") {
  Two world({.normal_per_s = 4});
  EntryMeta low = kCounted;
  low.priority = Priority::low;
  say_many(world, 4, low);
  say_many(world, 4);
  world.flush();
  CHECK(world.fanout.ledger_of(0, 0).by_priority[2].delivered == 2);
  CHECK(world.fanout.ledger_of(0, 0).by_priority[1].delivered == 2);
}

TEST_CASE("what is not counted and what the member says itself is never held back") {
  Two world({.normal_per_s = 1});
  say_many(world, 5, {});
  say_many(world, 5, {.author = 7, .counted = true});
  world.flush();
  CHECK(world.fanout.ledger_of(0, 0).by_priority[1].delivered == 10);
  say_many(world, 2, {.author = 8, .counted = true});
  world.flush();
  CHECK(world.fanout.ledger_of(0, 0).by_priority[1].delivered == 11);
}

TEST_CASE("a choice that is taken back leaves nothing behind") {
  Two world({.normal_per_s = 1});
  say_many(world, 3);
  world.flush();
  CHECK(world.frames(0) == "message r0 1 ");
  REQUIRE(world.fanout.set_receive(0, 0, {}, 7));
  say_many(world, 2);
  world.flush();
  CHECK(world.frames(0) == "gap r0 2 3 2 l|message r0 4 |message r0 5 ");
  const std::uint64_t writes = world.links[0]->writes;
  say_many(world, 3);
  world.flush();
  CHECK(world.links[0]->writes == writes + 1);
  CHECK(world.frames(0) == "message r0 6 |message r0 7 |message r0 8 ");
  CHECK(world.fanout.ledger_of(0, 0).by_priority[1].dropped == 2);  // its account goes on
  REQUIRE(world.fanout.set_receive(0, 0, {}, 7));
}

TEST_CASE("a choice taken back while its link is blocked holds for what it decided") {
  Two world({.normal_per_s = 2});
  world.links[0]->allowance = 0;
  say_many(world, 4);
  world.flush();
  REQUIRE(world.fanout.set_receive(0, 0, {}, 7));
  say_many(world, 1);
  world.writable(0);
  world.flush();
  CHECK(world.frames(0) == "message r0 1 |message r0 2 |gap r0 3 4 2 l|message r0 5 ");
  say_many(world, 3);
  world.flush();
  CHECK(world.frames(0) == "message r0 6 |message r0 7 |message r0 8 ");
}

TEST_CASE("who goes while something is untold takes it along") {
  Two world({.normal_per_s = 1});
  say_many(world, 3);
  world.flush();
  SECTION("by leaving") { world.fanout.detach(0, 0); }
  SECTION("by closing") { world.close(0); }
  SECTION("with the room") {
    world.fanout.close_log(0);
    world.room(0);
  }
  wait(world, Duration::s(2));
  CHECK(World::imbalance(world.fanout.ledger()) == "");
}

TEST_CASE("who is far behind when it chooses gets what waits already") {
  Two world({});
  world.links[0]->allowance = 0;
  say_many(world, 600);
  world.flush();
  REQUIRE(world.fanout.set_receive(0, 0, {.normal_per_s = 2}, 7));
  say_many(world, 10);
  world.writable(0);
  for (int i = 0; i < 20; ++i) world.flush();
  CHECK(world.fanout.ledger_of(0, 0).by_priority[1].delivered == 602);
  wait(world, Duration::s(1));
  CHECK(world.frames(0).ends_with("gap r0 603 610 8 l"));
}

TEST_CASE("more is decided than fits before a visit only when it is passed") {
  Two world({.normal_per_s = 1'000});
  say_many(world, 2'000, kCounted);
  for (int i = 0; i < 40; ++i) world.flush();
  CHECK(world.fanout.ledger_of(0, 0).by_priority[1].delivered == 1'000);
  CHECK(world.fanout.ledger_of(0, 0).by_priority[1].dropped == 1'000);
}

TEST_CASE("choices are bounded and their places come back") {
  Limits limits = World::small();
  limits.receive_choices = 1;
  Two world({.normal_per_s = 1}, limits);
  CHECK(world.fanout.set_receive(0, 1, {.normal_per_s = 1}, 7).error().code == Errc::limit_reached);
  CHECK(world.fanout.set_receive(0, 1, {}, 7));
  CHECK(world.fanout.set_receive(1, 1, {.normal_per_s = 1}, 7).error().code == Errc::not_member);
  REQUIRE(world.fanout.set_receive(0, 0, {.normal_per_s = 9}, 7));
  REQUIRE(world.fanout.set_receive(0, 0, {}, 7));
  CHECK(world.fanout.set_receive(0, 1, {.normal_per_s = 1}, 7));
}

TEST_CASE("a link that is blocked at its due moment is told when it may write again") {
  Two world({.normal_per_s = 1});
  say_many(world, 3);
  world.flush();
  world.links[0]->allowance = 0;
  REQUIRE(world.say(0, "control"));
  wait(world, Duration::s(2));
  CHECK(world.frames(0) == "message r0 1 ");
  world.writable(0);
  world.flush();
  CHECK(world.frames(0) == "gap r0 2 3 2 l|message r0 4 control");
}

}  // namespace fanout_test
