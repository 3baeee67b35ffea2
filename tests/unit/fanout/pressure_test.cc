// Slow links, full pools, budgets: who waits, who loses, who is told.
#include "base/random.h"
#include "catch.hpp"
#include "unit/fanout/world.h"

namespace fanout_test {

TEST_CASE("a stalled member is moved past what it cannot keep, and told exactly") {
  World world;
  world.room(0);
  world.open(0);
  world.open(1).allowance = 0;
  world.join(0, 0);
  world.join(0, 1);
  std::uint64_t sent = 0;
  for (int i = 0; i < 200; ++i, ++sent) {
    REQUIRE(world.say(0, std::string(1'000, 'x')));
    world.flush();
  }
  CHECK(world.links[0]->take_frames().size() == sent);
  CHECK(world.fanout.counters().log_bytes <= 2 * 72 * 1024);
  CHECK(World::imbalance(world.fanout.ledger()) == "");
  world.writable(1);
  world.flush();
  const std::vector<std::string> frames = world.links[1]->take_frames();
  REQUIRE_FALSE(frames.empty());
  const std::vector<GapTold> gaps = world.gaps();
  std::uint64_t lost = 0;
  for (const GapTold& told : gaps) {
    CHECK(told.room == 0);
    CHECK(told.session == 1);
    CHECK(told.gap.lossy);
    CHECK_FALSE(told.gap.reliable);
    lost += told.gap.count;
  }
  CHECK(lost > 100);
  CHECK(frames.size() - gaps.size() + lost == sent);
  CHECK(frames.front().starts_with("gap r0 1 "));
  CHECK(world.fanout.ledger_of(0, 1).by_priority[1].dropped == lost);
  CHECK(world.fanout.counters().log_bytes == 0);
}

TEST_CASE("low goes first, then normal; reliable entries stay") {
  World world;
  world.room(0);
  world.open(0).allowance = 0;
  world.join(0, 0);
  const auto fill = [&](int kibibytes) {
    for (int i = 0; i < kibibytes; ++i) {
      REQUIRE(world.say(0, std::string(1'000, 'n')));
    }
    REQUIRE(world.say(0, "low", {.priority = Priority::low}));
    REQUIRE(world.say(0, "high", {.priority = Priority::high}));
    REQUIRE(world.say(0, "kept", {.reliable = true}));
    world.flush();
  };
  SECTION("under a quarter of the window everything is sent") {
    fill(10);
    world.writable(0);
    world.flush();
    CHECK(world.links[0]->take_frames().size() == 13);
    CHECK(world.gaps().empty());
  }
  SECTION("over a quarter low is skipped") {
    fill(25);
    world.writable(0);
    world.flush();
    CHECK(world.links[0]->take_frames().size() == 27 + 1);
    const auto gaps = world.gaps();
    REQUIRE(gaps.size() == 1);
    CHECK(gaps[0].gap.count == 1);
    CHECK(gaps[0].gap.from == 26);
    CHECK(gaps[0].gap.to == 26);
  }
  SECTION("over a half normal too") {
    fill(45);
    world.writable(0);
    world.flush();
    CHECK(world.frames(0) == "gap r0 1 46 46 l|message r0 47 high|message r0 48 kept");
  }
}

TEST_CASE("a member that would lose a reliable entry is closed instead") {
  const bool reliable_room = GENERATE(false, true);
  World world;
  world.room(0, {.reliable = reliable_room});
  world.open(0);
  world.open(1).allowance = 0;
  world.join(0, 0);
  world.join(0, 1);
  if (!reliable_room) REQUIRE(world.say(0, "gift", {.priority = Priority::high}));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(world.say(0, std::string(1'000, 'x')));
    world.flush();
  }
  const auto doomed = world.doomed();
  REQUIRE(doomed.size() == 1);
  CHECK(doomed[0].session == 1);
  CHECK(doomed[0].code == CloseCode::slow_consumer);
  CHECK_FALSE(world.fanout.attached(0, 1));
  CHECK(world.answer(1, 1) == Pushed::doomed);
  CHECK(World::imbalance(world.fanout.ledger()) == "");
  CHECK(world.links[0]->take_frames().size() == (reliable_room ? 100u : 101u));
  CHECK(world.gaps().empty());
}

TEST_CASE("a cut entry is finished though its chunk is gone") {
  World world;
  world.room(0);
  world.open(0).allowance = 500;
  world.join(0, 0);
  REQUIRE(world.say(0, "begun" + std::string(900, '.')));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(world.say(0, std::string(1'000, 'x')));
    world.flush();
  }
  world.writable(0);
  world.flush();
  const std::vector<std::string> frames = world.links[0]->take_frames();
  REQUIRE(frames.size() > 2);
  CHECK(frames[0].starts_with("message r0 1 begun"));
  CHECK(frames[1].starts_with("gap r0 2 "));
  CHECK(World::imbalance(world.fanout.ledger()) == "");
}

TEST_CASE("members that were not visited lose nothing: the room says no") {
  World world;
  world.room(0);
  world.open(0);
  world.join(0, 0);
  std::uint64_t placed = 0;
  while (world.say(0, std::string(1'000, 'x'))->sequence == placed + 1) ++placed;
  CHECK(placed > 60);
  CHECK(world.say(0, std::string(1'000, 'x'))->sampled);
  CHECK(world.say(0, std::string(1'000, 'x'), {.priority = Priority::high}).error().code ==
        Errc::room_overloaded);
  const Ledger ledger = world.fanout.ledger();
  CHECK(ledger.by_priority[1].sampled == 2);
  CHECK(World::imbalance(ledger) == "");
  world.flush();
  CHECK(world.links[0]->take_frames().size() == placed);
  CHECK(world.say(0, "again")->sequence == placed + 1);
}

TEST_CASE("a frame that fits nowhere changes nothing") {
  World world;
  world.room(0);
  world.open(0);
  world.join(0, 0);
  CHECK(world.say(0, std::string(70'000, 'x')).error().code == Errc::too_large);
  CHECK(world.fanout.head(0) == 0);
  CHECK(world.fanout.counters().log_bytes == 0);
  Event event;
  event.type = EventType::answer;
  const std::string text(17'000, 'x');
  event.text = text;
  CHECK(world.fanout.push_private(0, event) == Pushed::too_large);
  CHECK(world.answer(0, 1) == Pushed::queued);
}

TEST_CASE("pools dry: the blocked members of another room give way") {
  Limits limits = World::small();
  limits.log_pool_bytes = 80 * 1024;
  World world(limits);
  world.room(0);
  world.room(1);
  world.open(0).allowance = 0;
  world.open(1);
  world.join(0, 0);
  world.join(1, 1);
  for (int i = 0; i < 60; ++i) REQUIRE_FALSE(world.say(0, std::string(1'000, 'x'))->sampled);
  world.flush();
  for (int i = 0; i < 30; ++i) REQUIRE_FALSE(world.say(1, std::string(1'000, 'y'))->sampled);
  world.flush();
  CHECK(world.links[1]->take_frames().size() == 30);
  CHECK(world.fanout.ledger_of(0, 0).by_priority[1].dropped > 0);
  CHECK(World::imbalance(world.fanout.ledger()) == "");
}

TEST_CASE("private items: answers doom, what others cause is dropped and counted") {
  World world;
  world.open(0).allowance = 0;
  int queued = 0;
  while (world.answer(0, 1, {.lossy = true}) == Pushed::queued) ++queued;
  CHECK(queued == 16 * 1024 / 2 / 256);
  CHECK(world.answer(0, 1, {.lossy = true}) == Pushed::dropped);
  CHECK(world.fanout.half_full(0));
  CHECK(world.doomed().empty());
  SECTION("told once there is place") {
    world.writable(0);
    world.flush();
    const auto frames = world.links[0]->take_frames();
    CHECK(frames.size() == static_cast<std::size_t>(queued) + 1);
    CHECK(frames.back() == "gap  0 0 2 l");
    CHECK_FALSE(world.fanout.half_full(0));
    SessionSlot relieved = kNoSlot;
    CHECK(world.fanout.next_relieved(relieved));
    CHECK(relieved == 0);
    CHECK_FALSE(world.fanout.next_relieved(relieved));
    CHECK(world.fanout.counters().private_bytes == 0);
  }
  SECTION("answers have the other half") {
    for (int i = 0; i < queued; ++i) CHECK(world.answer(0, 2) == Pushed::queued);
    CHECK(world.answer(0, 3) == Pushed::doomed);
    REQUIRE(world.doomed().size() == 1);
    CHECK(world.fanout.counters().private_bytes == 0);
  }
}

TEST_CASE("a link that takes nothing for too long is closed") {
  World world;
  world.room(0);
  world.open(0).allowance = 5;
  world.open(1).allowance = 0;
  world.join(0, 0);
  world.join(0, 1);
  CHECK(world.fanout.next_stall() == Instant::never());
  REQUIRE(world.say(0, "x"));
  world.flush();
  const Instant began = world.now;
  CHECK(world.fanout.next_stall() == began + world.limits.write_stall);
  CHECK(world.fanout.blocked(1));
  CHECK(world.fanout.blocked_since(1) == began);
  world.now = began + Duration::s(9);
  world.writable(0, 5);  // five bytes are progress, none are not
  world.writable(1, 0);
  world.flush();
  world.fanout.doom_stalled(began + Duration::s(10));
  const auto doomed = world.doomed();
  REQUIRE(doomed.size() == 1);
  CHECK(doomed[0].session == 1);
  CHECK(world.fanout.next_stall() == began + Duration::s(19));
}

TEST_CASE("a budget stops in the middle, and small rooms need not wait for big ones") {
  World world;
  world.room(0);
  world.room(1);
  for (SessionSlot session = 0; session < 1'010; ++session) {
    world.open(session);
    world.join(session < 1'000 ? 0 : 1, session);
  }
  REQUIRE(world.say(0, "big"));
  REQUIRE(world.say(1, "small"));
  CHECK(world.flush(100));
  CHECK(world.fanout.counters().writes == 100);
  for (SessionSlot session = 1'000; session < 1'010; ++session) {
    CHECK(world.frames(session) == "message r1 1 small");
  }
  REQUIRE(world.say(0, "more"));
  int rounds = 0;
  while (world.flush(100)) ++rounds;
  CHECK(rounds < 20);
  for (SessionSlot session = 0; session < 1'000; ++session) {
    REQUIRE(world.frames(session) == "message r0 1 big|message r0 2 more");
  }
}

TEST_CASE("whether time is over is asked every 32 writes") {
  World world;
  world.room(0);
  for (SessionSlot session = 0; session < 500; ++session) {
    world.open(session);
    world.join(0, session);
  }
  REQUIRE(world.say(0, "x"));
  struct Clock {
    World* world;
    std::vector<std::uint64_t> asked;
  } clock{&world, {}};
  Budget budget;
  budget.sends = 1'000;
  budget.arg = &clock;
  budget.over = [](void* arg) {
    auto& of = *static_cast<Clock*>(arg);
    of.asked.push_back(of.world->fanout.counters().writes);
    return of.asked.size() == 3;
  };
  CHECK(world.fanout.flush(world.now, budget).more);
  CHECK(clock.asked == std::vector<std::uint64_t>{32, 64, 96});
  CHECK(world.fanout.counters().writes == 96);
  CHECK(budget.sends == 1'000 - 96);
}

TEST_CASE("a room with an interval gathers until it is over") {
  World world;
  world.room(0, {.flush_interval_min = Duration::ms(100)});
  world.open(0);
  world.join(0, 0);
  REQUIRE(world.say(0, "a"));
  world.flush();
  CHECK(world.frames(0) == "message r0 1 a");
  REQUIRE(world.say(0, "b"));
  world.flush();
  REQUIRE(world.say(0, "c"));
  Budget budget;
  const Flushed flushed = world.fanout.flush(world.now, budget);
  CHECK_FALSE(flushed.more);
  const Instant due = world.now + Duration::ms(100);
  CHECK(flushed.next > world.now);  // perhaps early, never late
  CHECK(flushed.next <= due);
  world.now = Instant{due.us - 1};
  world.flush();
  CHECK(world.frames(0).empty());
  world.now = due;
  world.flush();
  CHECK(world.frames(0) == "message r0 2 b|message r0 3 c");
  CHECK(world.links[0]->writes == 2);
}

TEST_CASE("closing: flush_session offers what waits, close_outlet forgets it") {
  World world;
  world.room(0);
  world.open(0);
  world.open(1).allowance = 0;
  world.join(0, 0);
  world.join(0, 1);
  REQUIRE(world.say(0, "bye"));
  CHECK(world.answer(0, 1) == Pushed::queued);
  CHECK(world.fanout.flush_session(world.now, 0));
  CHECK_FALSE(world.fanout.flush_session(world.now, 1));
  CHECK(world.frames(0) == "answer 1 |message r0 1 bye");
  world.close(0);
  world.close(1);
  CHECK(world.fanout.ledger().by_priority[1].closed == 1);
  CHECK(World::imbalance(world.fanout.ledger()) == "");
  CHECK(world.fanout.counters().log_bytes == 0);
  world.fanout.close_outlet(1);
  world.fanout.on_writable(1);
  world.fanout.close_log(0);
  world.room(0);
}

TEST_CASE("a steady state asks the memory port for nothing") {
  World world;
  world.room(0);
  base::Random random(3);
  for (SessionSlot session = 0; session < 300; ++session) {
    world.open(session);
    world.join(0, session);
  }
  std::size_t calls = 0;
  for (int turn = 0; turn < 4'000; ++turn) {
    if (turn == 1'000) calls = world.memory.calls;
    REQUIRE_FALSE(world.say(0, "steady as she goes")->sampled);
    if (turn % 3 == 0) world.answer(static_cast<SessionSlot>(random.below(300)), 1);
    const auto stalling = static_cast<SessionSlot>(turn / 50 % 300);
    if (turn % 50 == 0) world.links[stalling]->allowance = 10;
    if (turn % 50 == 25) world.writable(stalling);
    world.flush();
    world.fanout.ledger();
  }
  CHECK(world.memory.calls == calls);
}

TEST_CASE("every allocation failed once does no harm") {
  std::size_t calls = 0;
  for (std::size_t fail_at = 1; calls == 0 || fail_at <= calls + 1; ++fail_at) {
    CountingMemory memory;
    TextCodec codec;
    std::vector<Link> links(40);
    {
      memory.fail_at = fail_at;
      Fanout fanout;
      if (!fanout.init(memory, World::small(), {&codec, &codec}, {})) continue;
      std::uint64_t refused = 0;
      const auto tried = [&](bool ok) { refused += !ok; };
      std::vector<bool> open(40);
      if (!fanout.open_log(0, "room", {})) continue;
      for (SessionSlot session = 0; session < 40; ++session) {
        OutletOptions options;
        if (session % 2 == 0) options.profile.codec = CodecKind::json;
        open[session] = static_cast<bool>(fanout.open_outlet(session, links[session], options));
        tried(open[session]);
        if (open[session]) tried(static_cast<bool>(fanout.attach(0, session, session + 1)));
      }
      for (int i = 0; i < 200; ++i) {
        Event event;
        event.type = EventType::message;
        event.room = "room";
        const std::string text(900, 'x');
        event.message.text = text;
        links[7].allowance = 3;
        tried(static_cast<bool>(
            fanout.append(0, {.offset = static_cast<std::uint64_t>(i + 1)}, event)));
        if (fanout.has_outlet(3)) tried(fanout.push_private(3, event) == Pushed::queued);
        if (fanout.attached(0, 9)) tried(static_cast<bool>(fanout.set_mask(0, 9, 1u << i % 4)));
        Budget budget;
        fanout.flush({i}, budget);
        for (Doomed doomed; fanout.next_doomed(doomed);) fanout.close_outlet(doomed.session);
        for (GapTold told; fanout.next_gap(told);) {
        }
        REQUIRE(World::imbalance(fanout.ledger()) == "");
      }
      if (memory.calls < fail_at) calls = memory.calls;
    }
    REQUIRE(memory.bytes == 0);
  }
}

TEST_CASE("the ceilings are never passed") {
  Limits limits = World::small();
  limits.sessions = 40;
  limits.memberships = 90;
  limits.rooms = 4;
  limits.log_pool_bytes = 512 * 1024;
  limits.private_pool_bytes = 128 * 1024;
  const std::uint64_t ceiling = log_pool_ceiling(limits) + private_pool_ceiling(limits) +
                                outlets_ceiling(limits) + logs_ceiling(limits) +
                                members_ceiling(limits) + scratch_ceiling(limits);
  World world(limits);
  base::Random random(5);
  for (SessionSlot session = 0; session < 40; ++session) {
    world.open(session).per_write = 1 + random.below(900);
  }
  for (RoomSlot room = 0; room < 4; ++room) world.room(room);
  for (int i = 0; i < 20'000; ++i) {
    const auto room = static_cast<RoomSlot>(random.below(4));
    const auto session = static_cast<SessionSlot>(random.below(40));
    switch (random.below(5)) {
      case 0:
        (void)world.fanout.attach(room, session, static_cast<ChannelMask>(random.next()));
        break;
      case 1:
        if (random.below(3) == 0) world.fanout.detach(room, session);
        break;
      case 2:
        (void)world.say(room, std::string(random.below(4'000), 'x'));
        break;
      case 3:
        if (!world.fanout.blocked(session)) world.answer(session, 1, {.lossy = true});
        break;
      default:
        if (world.links[session]->blocked) world.writable(session);
        world.flush(50);
    }
    world.doomed();
    world.gaps();
  }
  CHECK(world.memory.peak <= ceiling);
  CHECK(world.memory.peak > ceiling / 2);
}

TEST_CASE("two interleaved instances write what two separate ones do") {
  struct Run {
    explicit Run(std::uint64_t seed) : random(seed) {
      world.room(0);
      world.room(1);
      for (SessionSlot session = 0; session < 20; ++session) {
        world.open(session).per_write = 1 + random.below(2'000);
        world.join(0, session);
        if (session % 3 == 0) world.join(1, session);
      }
    }
    void step() {
      (void)world.say(static_cast<RoomSlot>(random.below(2)),
                      std::string(random.below(2'000), 'x'));
      const auto session = static_cast<SessionSlot>(random.below(20));
      if (world.links[session]->blocked) world.writable(session);
      world.flush(static_cast<std::uint32_t>(1 + random.below(40)));
      for (auto& [slot, link] : world.links) output += link->all();
      world.doomed();
    }
    World world;
    base::Random random;
    std::string output;
  };
  Run together_a(1);
  Run together_b(2);
  Run alone_a(1);
  Run alone_b(2);
  for (int i = 0; i < 300; ++i) {
    together_a.step();
    together_b.step();
  }
  for (int i = 0; i < 300; ++i) alone_a.step();
  for (int i = 0; i < 300; ++i) alone_b.step();
  CHECK(together_a.output == alone_a.output);
  CHECK(together_b.output == alone_b.output);
  CHECK(together_a.output != together_b.output);
}

}  // namespace fanout_test
