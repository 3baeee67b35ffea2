// Rooms that compress: a run of entries is deflated once for all who wait for it, and whoever
// cannot take it as it is gets the same entries plain. The compressor here is a Book (world.h),
// whose readers find every reference to something that they did not get.
#include "catch.hpp"
#include "unit/fanout/world.h"

namespace fanout_test {

namespace {

constexpr std::string_view kText = "something that many have said before";

OutletOptions taking(Compress compress, Framing framing = Framing::websocket,
                     CodecKind codec = CodecKind::json) {
  return {.profile = {.codec = codec, .framing = framing}, .compress = compress};
}

std::string expected(int from, int to) {
  std::string all;
  for (int i = from; i <= to; ++i) {
    all +=
        (all.empty() ? "" : "|") + ("message r0 " + std::to_string(i) + " ") + std::string(kText);
  }
  return all;
}

void say(World& world, int times) {
  for (int i = 0; i < times; ++i) REQUIRE(world.say(0, kText));
}

}  // namespace

TEST_CASE("a run is deflated once, however many members wait for it") {
  World world;
  world.room(0, {.compress = true});
  for (SessionSlot session = 0; session < 100; ++session) {
    world.open(session, taking(Compress::chained));
    world.join(0, session);
  }
  say(world, 5);
  world.flush();
  CHECK(world.book.chains == 1);
  CHECK(world.book.pages.size() == 5);
  const Counters counters = world.fanout.counters();
  CHECK(counters.deflated_runs == 1);
  CHECK(counters.deflated_from > counters.deflated_to * 4);
  CHECK(counters.bytes_out == 100 * counters.deflated_to);
  for (SessionSlot session = 0; session < 100; ++session) {
    CHECK(world.frames(session) == expected(1, 5));
    CHECK(world.links[session]->writes == 1);
    CHECK(world.links[session]->deflated == 5);
    CHECK(world.links[session]->problem == "");
  }
  CHECK(World::imbalance(world.fanout.ledger()) == "");
  CHECK(world.fanout.ledger().by_priority[1].delivered == 500);
}

TEST_CASE("plain members beside compressed ones get the same messages") {
  for (const Framing framing : {Framing::websocket, Framing::outer}) {
    World world;
    world.room(0, {.compress = true});
    SessionSlot session = 0;
    for (const CodecKind codec : {CodecKind::json, CodecKind::flatbuffers}) {
      for (const Compress compress : {Compress::none, Compress::chained, Compress::alone}) {
        world.open(session, taking(compress, framing, codec));
        world.join(0, session++);
      }
    }
    say(world, 3);
    world.flush();
    say(world, 1);
    world.flush();
    for (SessionSlot i = 0; i < session; ++i) {
      CHECK(world.frames(i) == expected(1, 4));
      CHECK(world.links[i]->deflated == (i % 3 == 0 ? 0 : 4));
      CHECK(world.links[i]->problem == "");
    }
    CHECK(world.codec.encodes == 8);  // once a codec: deflating needs no log of its own
  }
}

TEST_CASE("nothing is deflated in a room that does not compress, nor without a place for it") {
  for (const bool small : {false, true}) {
    Limits limits = World::small();
    if (small) limits.deflate_bytes = 0;
    World world(limits);
    world.room(0, {.compress = small});
    world.open(0, taking(Compress::chained));
    world.join(0, 0);
    say(world, 3);
    world.flush();
    CHECK(world.frames(0) == expected(1, 3));
    CHECK(world.links[0]->deflated == 0);
  }
}

TEST_CASE("a deflated run may be cut at every byte") {
  for (std::uint64_t cut = 1;; ++cut) {
    World world;
    world.room(0, {.compress = true});
    for (SessionSlot session = 0; session < 3; ++session) {
      world.open(session, taking(Compress::chained));
      world.join(0, session);
    }
    world.links[1]->allowance = cut;
    say(world, 4);
    world.flush();
    if (!world.links[1]->blocked) break;
    CHECK(World::imbalance(world.fanout.ledger()) == "");
    say(world, 1);
    world.flush();
    world.writable(1);
    world.flush();
    say(world, 2);
    world.flush();
    for (SessionSlot session = 0; session < 3; ++session) {
      INFO("cut at " << cut << ", session " << session);
      CHECK(world.frames(session) == expected(1, 7));
      CHECK(world.links[session]->problem == "");
      CHECK_FALSE(world.links[session]->in_a_frame());
    }
    CHECK(World::imbalance(world.fanout.ledger()) == "");
    CHECK(world.fanout.ledger().by_priority[1].delivered == 21);
    CHECK(world.links[1]->deflated < 7);  // behind the cut plain, then deflated again
  }
}

TEST_CASE("the rest of a cut frame that finds no place closes its session") {
  Limits limits = World::small();
  limits.private_pool_bytes = 1;  // eight blocks of each size, whatever is asked
  World world(limits);
  world.room(0, {.compress = true});
  for (SessionSlot session = 0; session < 40; ++session) {
    world.open(session, taking(Compress::chained));
    world.join(0, session);
    world.links[session]->allowance = 3;
  }
  say(world, 2);
  world.flush();
  CHECK(world.doomed().size() == 24);  // sixteen places there were
  CHECK(World::imbalance(world.fanout.ledger()) == "");
  for (SessionSlot session = 0; session < 40; ++session) world.writable(session);
  world.flush();
  int whole = 0;
  for (SessionSlot session = 0; session < 40; ++session) {
    whole += world.frames(session) == expected(1, 2) ? 1 : 0;
  }
  CHECK(whole == 16);
}

TEST_CASE("who does not stand at the beginning of a run, or has more to get, gets it plain") {
  World world;
  world.room(0, {.compress = true});
  world.room(1, {.compress = true});
  for (SessionSlot session = 0; session < 3; ++session) {
    world.open(session, taking(Compress::chained));
    world.join(0, session);
  }
  world.join(1, 1);  // in two rooms
  say(world, 1);
  CHECK(world.answer(2, 9) == Pushed::queued);
  world.open(3, taking(Compress::chained));
  world.join(0, 3);  // joined inside the run
  say(world, 2);
  world.flush();
  CHECK(world.frames(0) == expected(1, 3));
  CHECK(world.frames(1) == expected(1, 3));
  CHECK(world.frames(2) == "answer 9 |" + expected(1, 3));
  CHECK(world.frames(3) == expected(2, 3));
  CHECK(world.links[0]->deflated == 3);
  CHECK(world.links[1]->deflated == 0);
  CHECK(world.links[2]->deflated == 0);
  for (SessionSlot session = 0; session < 4; ++session) {
    CHECK(world.links[session]->problem == "");
  }
}

TEST_CASE("a run ends at the limit, and what alone is longer goes plain") {
  Limits limits = World::small();
  limits.deflate_bytes = 600;
  World world(limits);
  world.room(0, {.compress = true});
  world.open(0, taking(Compress::chained));
  world.join(0, 0);
  say(world, 40);
  world.flush();
  CHECK(world.frames(0) == expected(1, 40));
  CHECK(world.links[0]->deflated > 0);
  CHECK(world.links[0]->problem == "");
  const std::uint64_t before = world.links[0]->deflated;
  REQUIRE(world.say(0, std::string(700, 'x')));
  world.flush();
  CHECK(world.frames(0) == "message r0 41 " + std::string(700, 'x'));
  CHECK(world.links[0]->deflated == before);
}

TEST_CASE("what would not become shorter goes plain") {
  World world;
  world.room(0, {.compress = true});
  world.open(0, taking(Compress::chained));
  world.join(0, 0);
  EntryMeta meta;
  Event event;
  event.type = EventType::left;  // "left 0 " is shorter than a page's number
  REQUIRE(world.fanout.append(0, meta, event));
  world.flush();
  CHECK(world.links[0]->deflated == 0);
  CHECK(world.frames(0) == "left 0 ");
}

TEST_CASE("a compressor that fails costs nobody a message") {
  for (std::size_t every = 1; every < 6; ++every) {
    World world;
    world.book.fail_every = every;
    world.room(0, {.compress = true});
    for (SessionSlot session = 0; session < 3; ++session) {
      world.open(session, taking(session == 2 ? Compress::alone : Compress::chained));
      world.join(0, session);
    }
    for (int i = 0; i < 4; ++i) {
      say(world, 5);
      world.flush();
    }
    for (SessionSlot session = 0; session < 3; ++session) {
      CHECK(world.frames(session) == expected(1, 20));
      CHECK(world.links[session]->problem == "");
    }
  }
}

TEST_CASE("a room may begin and end to compress while members are there") {
  World world;
  world.room(0, {});
  world.open(0, taking(Compress::chained));
  world.join(0, 0);
  say(world, 2);
  world.fanout.set_log_options(0, {.compress = true});
  world.open(1, taking(Compress::chained));
  world.join(0, 1);
  say(world, 2);
  world.flush();
  world.fanout.set_log_options(0, {});
  say(world, 1);
  world.flush();
  CHECK(world.frames(0) == expected(1, 5));
  CHECK(world.frames(1) == expected(3, 5));
  CHECK(world.links[0]->deflated == 0);
  CHECK(world.links[1]->deflated == 2);
  CHECK(world.links[1]->problem == "");
}

}  // namespace fanout_test
