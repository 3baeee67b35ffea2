// What reaches whom, in which order, in how many writes.
#include "base/random.h"
#include "catch.hpp"
#include "unit/fanout/world.h"

namespace fanout_test {

TEST_CASE("entries reach every member once and in order") {
  World world;
  world.room(0);
  for (SessionSlot session = 0; session < 3; ++session) {
    world.open(session);
    world.join(0, session);
  }
  REQUIRE(world.say(0, "a")->sequence == 1);
  REQUIRE(world.say(0, "b")->sequence == 2);
  world.flush();
  for (SessionSlot session = 0; session < 3; ++session) {
    CHECK(world.frames(session) == "message r0 1 a|message r0 2 b");
    CHECK(world.links[session]->writes == 1);
  }
  CHECK(world.codec.encodes == 2);
  CHECK(world.fanout.ledger().by_priority[1].delivered == 6);
}

TEST_CASE("each profile in use is encoded once, and unused ones never") {
  World world;
  world.room(0);
  world.open(0);
  world.open(1, {.profile = {.codec = CodecKind::json, .framing = Framing::websocket}});
  world.join(0, 0);
  world.join(0, 1);
  REQUIRE(world.say(0, "a"));
  CHECK(world.codec.encodes == 2);
  world.flush();
  CHECK(world.frames(0) == "message r0 1 a");
  CHECK(world.frames(1) == "message r0 1 a");
  CHECK(world.links[1]->problem == "");
  world.fanout.detach(0, 1);
  REQUIRE(world.say(0, "b"));
  CHECK(world.codec.encodes == 3);
}

TEST_CASE("a member begins at the head of the moment it joined") {
  World world;
  world.room(0, {.head = 41});
  world.open(0);
  world.open(1);
  world.join(0, 0);
  REQUIRE(world.say(0, "before")->sequence == 42);
  world.join(0, 1);
  CHECK(world.answer(1, 7) == Pushed::queued);
  REQUIRE(world.say(0, "after"));
  world.flush();
  CHECK(world.frames(0) == "message r0 1 before|message r0 2 after");
  CHECK(world.frames(1) == "answer 7 |message r0 2 after");
  CHECK(world.fanout.attach(0, 1, 1).error().code == Errc::already_member);
}

TEST_CASE("nothing of a room is offered after leaving it") {
  World world;
  world.room(0);
  world.room(1);
  world.open(0);
  world.join(0, 0);
  world.join(1, 0);
  REQUIRE(world.say(0, "secret"));
  REQUIRE(world.say(1, "news"));
  world.fanout.detach(0, 0);
  world.flush();
  CHECK(world.frames(0) == "message r1 1 news");
  CHECK(world.fanout.ledger().by_priority[1].closed == 1);
  CHECK_FALSE(world.fanout.attached(0, 0));
  CHECK(world.fanout.room_counters(0).log_bytes == 0);
}

TEST_CASE("a frame of which bytes were taken is finished after leaving, and nothing else") {
  World world;
  world.room(0);
  world.open(0).allowance = 9;
  world.join(0, 0);
  REQUIRE(world.say(0, "begun"));
  REQUIRE(world.say(0, "not begun"));
  world.flush();
  world.fanout.detach(0, 0);
  CHECK(world.answer(0, 1) == Pushed::queued);
  world.writable(0);
  world.flush();
  CHECK(world.frames(0) == "message r0 1 begun|answer 1 ");
  const Ledger ledger = world.fanout.ledger();
  CHECK(ledger.by_priority[1].delivered == 1);
  CHECK(ledger.by_priority[1].closed == 1);
  CHECK(World::imbalance(ledger) == "");
}

TEST_CASE("writes may be cut at every byte") {
  std::string whole;
  for (std::uint64_t cut = 1; cut < 200; ++cut) {
    World world;
    world.room(0);
    world.room(1);
    world.open(0).per_write = cut;
    world.join(0, 0);
    world.join(1, 0);
    REQUIRE(world.say(0, "one"));
    REQUIRE(world.say(1, "two"));
    CHECK(world.answer(0, 3, {.room = 0, .barrier = 1}) == Pushed::queued);
    CHECK(world.answer(0, 4) == Pushed::queued);
    REQUIRE(world.say(0, "three"));
    std::string frames;
    for (int round = 0; round < 300; ++round) {
      world.flush();
      frames += (frames.empty() ? "" : "|") + world.frames(0);
      if (frames.ends_with('|')) frames.pop_back();
      if (world.links[0]->blocked) world.writable(0);
    }
    REQUIRE(frames == "answer 4 |message r0 1 one|answer 3 |message r0 2 three|message r1 1 two");
    REQUIRE(world.links[0]->problem == "");
    REQUIRE(World::imbalance(world.fanout.ledger()) == "");
    REQUIRE(world.fanout.counters().log_bytes == 0);
    REQUIRE(world.fanout.counters().private_bytes == 0);
  }
}

TEST_CASE("a session in several rooms gets one write") {
  World world;
  world.open(0);
  for (RoomSlot room = 0; room < 5; ++room) {
    world.room(room);
    world.join(room, 0);
    REQUIRE(world.say(room, "x"));
  }
  world.flush();
  CHECK(world.links[0]->writes == 1);
  CHECK(world.links[0]->take_frames().size() == 5);
}

TEST_CASE("barriers: after the entries up to it and before later ones") {
  World world;
  world.room(0);
  world.open(0);
  world.join(0, 0);
  REQUIRE(world.say(0, "1"));
  REQUIRE(world.say(0, "2"));
  CHECK(world.answer(0, 20, {.room = 0, .barrier = 2}) == Pushed::queued);
  REQUIRE(world.say(0, "3"));
  CHECK(world.answer(0, 1) == Pushed::queued);
  CHECK(world.answer(0, 30, {.room = 0, .barrier = 3}) == Pushed::queued);
  CHECK(world.answer(0, 31, {.room = 0, .barrier = 99}) == Pushed::queued);
  world.flush();
  CHECK(world.frames(0) ==
        "answer 1 |message r0 1 1|message r0 2 2|answer 20 |message r0 3 3|answer 30 |answer 31 ");
  SECTION("what waited at a place in a room is forgotten with the room") {
    REQUIRE(world.say(0, "4"));
    world.answer(0, 40, {.room = 0, .barrier = 4});
    world.fanout.detach(0, 0);
    world.answer(0, 2);
    world.flush();
    CHECK(world.frames(0) == "answer 2 ");
  }
}

TEST_CASE("a message link gets whole frames, and longer ones in pieces back to back") {
  World world;
  world.room(0);
  world.open(0, {.profile = {}, .boundary = Boundary::message, .max_frame = 300});
  world.join(0, 0);
  for (int i = 0; i < 10; ++i) REQUIRE(world.say(0, std::string(80, 'x')));
  REQUIRE(world.say(0, std::string(700, 'y')));
  REQUIRE(world.say(0, "z"));
  world.flush();
  Link& link = *world.links[0];
  CHECK(link.take_frames().size() == 12);
  CHECK(link.problem == "");
  // Two frames of 98 bytes fit three times 98 <= 300; the long one has 720 bytes.
  CHECK(link.sizes.size() == 4 + 3);
  for (const std::size_t size : link.sizes) CHECK(size <= 300);
  SECTION("taken whole or not at all") {
    link.allowance = 150;
    for (int i = 0; i < 3; ++i) REQUIRE(world.say(0, std::string(80, 'x')));
    world.flush();
    CHECK(link.take_frames().empty());
    world.writable(0);
    world.flush();
    CHECK(link.take_frames().size() == 3);
  }
}

TEST_CASE("only the newest of a key is sent, to those who have not sent the older one") {
  World world;
  world.room(0);
  world.open(0);
  world.open(1).allowance = 0;
  world.join(0, 0);
  world.join(0, 1);
  REQUIRE(world.say(0, "likes 1", {.latest = 5}));
  REQUIRE(world.say(0, "other 1", {.latest = 6}));
  REQUIRE(world.say(0, "chat"));
  world.flush();
  REQUIRE(world.say(0, "likes 2", {.latest = 5}));
  REQUIRE(world.say(0, "likes 3", {.latest = 5}));
  world.writable(1);
  world.flush();
  CHECK(world.frames(0) ==
        "message r0 1 likes 1|message r0 2 other 1|message r0 3 chat|message r0 5 likes 3");
  CHECK(world.frames(1) == "message r0 2 other 1|message r0 3 chat|message r0 5 likes 3");
  const Ledger ledger = world.fanout.ledger();
  CHECK(ledger.by_priority[1].merged == 3);
  CHECK(World::imbalance(ledger) == "");
  CHECK(world.fanout.ledger_of(0, 0).by_priority[1].merged == 1);
  CHECK(world.fanout.ledger_of(0, 1).by_priority[1].merged == 2);
}

TEST_CASE("a recalled entry is not sent any more") {
  World world;
  world.room(0);
  world.open(0);
  world.join(0, 0);
  REQUIRE(world.say(0, "regret"));
  REQUIRE(world.say(0, "fine"));
  world.fanout.recall(0, 1);
  world.fanout.recall(0, 99);
  world.flush();
  world.fanout.recall(0, 2);
  CHECK(world.frames(0) == "message r0 2 fine");
}

TEST_CASE("channels: members get theirs, also when masks outnumber the views") {
  World world;
  world.room(0);
  constexpr SessionSlot kMembers = 60;
  for (SessionSlot session = 0; session < kMembers; ++session) {
    world.open(session);
    world.join(0, session, ChannelMask{session + 1});
  }
  for (std::uint8_t channel = 0; channel < 6; ++channel) {
    REQUIRE(world.say(0, std::string(1, static_cast<char>('a' + channel)), {.channel = channel}));
  }
  REQUIRE(world.say(0, "all"));
  CHECK(World::imbalance(world.fanout.ledger()) == "");
  world.flush(10);
  CHECK(World::imbalance(world.fanout.ledger()) == "");
  world.flush();
  for (SessionSlot session = 0; session < kMembers; ++session) {
    std::size_t expected = 1;
    for (int channel = 0; channel < 6; ++channel) expected += (session + 1) >> channel & 1;
    REQUIRE(world.links[session]->take_frames().size() == expected);
    const Ledger own = world.fanout.ledger_of(0, session);
    REQUIRE(own.by_priority[1].admitted == expected);
    REQUIRE(own.by_priority[1].delivered == expected);
  }
  CHECK(World::imbalance(world.fanout.ledger()) == "");
}

TEST_CASE("a change of channels holds from the head on") {
  World world;
  world.room(0);
  world.open(0);
  world.join(0, 0, 0b01);
  REQUIRE(world.say(0, "old on 0", {.channel = 0}));
  REQUIRE(world.say(0, "old on 1", {.channel = 1}));
  SECTION("adding a channel") {
    REQUIRE(world.fanout.set_mask(0, 0, 0b11));
    REQUIRE(world.say(0, "new on 1", {.channel = 1}));
    world.flush();
    CHECK(world.frames(0) == "message r0 1 old on 0|message r0 3 new on 1");
  }
  SECTION("leaving a channel forgets what was not sent") {
    REQUIRE(world.fanout.set_mask(0, 0, 0b10));
    REQUIRE(world.say(0, "new on 0", {.channel = 0}));
    REQUIRE(world.say(0, "new on 1", {.channel = 1}));
    world.flush();
    CHECK(world.frames(0) == "message r0 4 new on 1");
    CHECK(world.fanout.ledger_of(0, 0).by_priority[1].closed == 1);
  }
  CHECK(World::imbalance(world.fanout.ledger()) == "");
}

TEST_CASE("cursors of 32 bits survive long quiet channels") {
  for (const Sequence head : {Sequence{0xffffffff} - 2, (Sequence{1} << 30) - 3}) {
    World world;
    world.room(0, {.head = head});
    world.open(0);
    world.open(1);
    world.join(0, 0, 0b01);
    world.join(0, 1, 0b10);
    for (int i = 0; i < 8; ++i) {
      REQUIRE(world.say(0, "x", {.channel = 0}));
      if (i % 3 == 0) world.flush();
    }
    REQUIRE(world.say(0, "y", {.channel = 1}));
    world.flush();
    CHECK(world.links[0]->take_frames().size() == 8);
    CHECK(world.frames(1) == "message r0 9 y");
    CHECK(world.fanout.counters().log_bytes == 0);
  }
}

TEST_CASE("joining and leaving in the middle of a sweep leaves nobody out") {
  World world;
  world.room(0);
  for (SessionSlot session = 0; session < 2'000; ++session) {
    world.open(session);
    if (session < 1'500) world.join(0, session);
  }
  REQUIRE(world.say(0, "first"));
  SessionSlot joiner = 1'500;
  SessionSlot leaver = 0;
  std::map<SessionSlot, bool> left;
  while (world.flush(37)) {
    for (int i = 0; i < 5 && joiner < 2'000; ++i) world.join(0, joiner++);
    for (int i = 0; i < 5 && leaver < 1'500; ++i, leaver += 3) {
      world.fanout.detach(0, leaver);
      left[leaver] = true;
    }
    REQUIRE(World::imbalance(world.fanout.ledger()) == "");
  }
  for (SessionSlot session = 0; session < 1'500; ++session) {
    const std::string frames = world.frames(session);
    if (left[session] && frames.empty()) continue;
    REQUIRE(frames == "message r0 1 first");
  }
  for (SessionSlot session = 1'500; session < 2'000; ++session) {
    REQUIRE(world.frames(session).empty());
  }
}

TEST_CASE("a tap sees every write") {
  struct Seen {
    std::size_t writes = 0;
    std::size_t taken = 0;
    SessionSlot last = kNoSlot;
  } seen;
  World world(World::small(), {.on_write =
                                   [](void* context, SessionSlot session,
                                      std::span<const Bytes> pieces, std::size_t taken) {
                                     auto& into = *static_cast<Seen*>(context);
                                     into.writes += !pieces.empty();
                                     into.taken += taken;
                                     into.last = session;
                                   },
                               .context = &seen});
  world.room(0);
  world.open(0).allowance = 10;
  world.open(1);
  world.join(0, 0);
  world.join(0, 1);
  REQUIRE(world.say(0, "x"));
  world.answer(1, 1);
  world.flush();
  const Counters counters = world.fanout.counters();
  CHECK(seen.writes == counters.writes);
  CHECK(seen.taken == counters.bytes_out);
  CHECK(counters.writes_blocked == 1);
}

TEST_CASE("arrays give back what leavers left, and nobody gets lost in it") {
  World world;
  world.room(0);
  for (SessionSlot session = 0; session < 3'000; ++session) {
    world.open(session);
    world.join(0, session);
  }
  REQUIRE(world.say(0, "x"));
  const std::size_t full = world.memory.bytes;
  base::Random random(9);
  std::vector<SessionSlot> in;
  for (SessionSlot session = 0; session < 3'000; ++session) in.push_back(session);
  while (in.size() > 3) {
    const std::size_t at = random.below(in.size());
    world.fanout.detach(0, in[at]);
    in[at] = in.back();
    in.pop_back();
    if (in.size() % 500 == 0) world.flush(100);
  }
  world.flush();
  CHECK(full - world.memory.bytes >= 2'900 * sizeof(void*) * 2);
  for (const SessionSlot session : in) CHECK(world.frames(session) == "message r0 1 x");
  REQUIRE(world.say(0, "y"));
  world.flush();
  for (const SessionSlot session : in) CHECK(world.frames(session) == "message r0 2 y");
  CHECK(World::imbalance(world.fanout.ledger()) == "");
}

}  // namespace fanout_test
