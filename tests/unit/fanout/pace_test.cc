// When members are visited: at once in a quiet room, together under load, each at its own moment of
// an interval, and in turns with every other room.
#include <algorithm>

#include "base/random.h"
#include "catch.hpp"
#include "unit/fanout/world.h"

using namespace fanout_test;

namespace {

// A room of so many that is flushed whenever something was said and whenever fan-out asks for it.
struct Paced {
  Paced(SessionSlot count, Limits limits, LogOptions options = {})
      : world(limits), members(count), last(count), least_apart(INT64_MAX) {
    world.room(0, options);
    for (SessionSlot session = 0; session < members; ++session) {
      world.open(session);
      world.join(0, session);
    }
  }
  static Limits limits(std::uint32_t room_writes) {
    Limits limits = World::small();
    limits.window_bytes = 1 << 20;
    limits.room_writes = room_writes;
    return limits;
  }

  // Says something every `apart` for `time`, then lets time pass until nothing is left.
  void say_every(Duration apart, Duration time) {
    const Instant end = world.now + time;
    for (Instant next = world.now; next < end; next = next + apart) {
      pass_until(next);
      REQUIRE(world.say(0, "x"));
      said_at.push_back(world.now);
      flush();
    }
    pass_until(world.now + Duration::s(3));
  }
  void pass_until(Instant until) {
    while (due <= until) {
      world.now = std::max(world.now, due);
      flush();
    }
    world.now = until;
  }
  void flush() {
    std::uint64_t before = total();
    for (Flushed flushed{.more = true}; flushed.more; due = flushed.next) {
      Budget budget;
      flushed = world.fanout.flush(world.now, budget);
    }
    most_at_once = std::max(most_at_once, total() - before);
    for (SessionSlot session = 0; session < members; ++session) look(session);
  }
  void look(SessionSlot session) {
    const std::size_t frames = world.links[session]->take_frames().size();
    if (frames == 0) return;
    Seen& seen = last[session];
    seen.frames += frames;
    // The first of them waited longest.
    longest = std::max(longest, (world.now - said_at[seen.frames - frames]).us);
    if (seen.visits++ > 0) least_apart = std::min(least_apart, (world.now - seen.at).us);
    seen.at = world.now;
  }
  std::uint64_t total() { return world.fanout.counters().writes; }
  double writes_each() { return static_cast<double>(total()) / members; }
  bool complete() {
    return std::all_of(last.begin(), last.end(),
                       [&](const Seen& seen) { return seen.frames == said_at.size(); });
  }

  struct Seen {
    std::size_t frames = 0;
    std::size_t visits = 0;
    Instant at;
  };
  World world;
  SessionSlot members;
  std::vector<Instant> said_at;
  std::vector<Seen> last;
  Instant due = Instant::never();
  std::uint64_t most_at_once = 0;
  std::int64_t longest = 0;  // microseconds from said to sent
  std::int64_t least_apart;  // between two visits of one member
};

}  // namespace

TEST_CASE("who has just become writable does not keep the others' messages out of the log") {
  World world;
  world.room(0);
  world.open(0);
  world.open(1).allowance = 0;
  world.join(0, 0);
  world.join(0, 1);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(world.say(0, std::string(1'000, 'x')));
    world.flush();
  }
  // Its visit comes at the end of the turn; until then it stands in nobody's way.
  world.writable(1);
  for (int i = 0; i < 40; ++i) CHECK_FALSE(world.say(0, std::string(1'000, 'y'))->sampled);
  world.flush();
  CHECK(world.links[0]->take_frames().size() == 140);
  CHECK(World::imbalance(world.fanout.ledger()) == "");
}

TEST_CASE("twenty a second leave at once, however large the room may be for that") {
  Paced room(1'000, Paced::limits(60'000));
  room.say_every(Duration::ms(50), Duration::s(5));
  CHECK(room.longest == 0);
  CHECK(room.complete());
  CHECK(room.writes_each() == 100);
}

TEST_CASE("a short burst to a quiet room leaves as it comes") {
  Paced room(1'000, Paced::limits(60'000));
  room.say_every(Duration::ms(2), Duration::ms(6));
  CHECK(room.longest == 0);
  CHECK(room.complete());
}

TEST_CASE("under load each write carries what came since the one before") {
  Paced room(1'000, Paced::limits(60'000));
  room.say_every(Duration::ms(5), Duration::s(2));
  CHECK(room.complete());
  // 1,000 members at 60,000 writes a second: one every 17 ms; a slice of 2 ms more at most.
  CHECK(room.writes_each() < 2 * 60 + 10);
  CHECK(room.writes_each() > 2 * 50);
  CHECK(room.longest <= 20'000);
}

TEST_CASE("where a write carries many messages it waits longer, and there are fewer") {
  Paced room(1'000, Paced::limits(60'000));
  room.say_every(Duration::ms(1), Duration::s(2));
  CHECK(room.complete());
  // One every 17 ms * 8 / 5.
  CHECK(room.writes_each() < 2 * 38 + 10);
  CHECK(room.writes_each() > 2 * 32);
  CHECK(room.longest <= 30'000);
}

TEST_CASE("without a bound on writes no room waits") {
  Paced room(1'000, Paced::limits(0));
  room.say_every(Duration::ms(5), Duration::s(1));
  CHECK(room.longest == 0);
  CHECK(room.writes_each() == 200);
}

TEST_CASE("no member waits longer than the limits say, however large the room") {
  Limits limits = Paced::limits(2'000);
  limits.merge_wait = Duration::ms(120);
  Paced room(1'000, limits);
  room.say_every(Duration::ms(10), Duration::s(3));
  CHECK(room.complete());
  CHECK(room.longest <= 125'000);
  CHECK(room.longest > 60'000);
}

TEST_CASE("an interval is spread over the members") {
  Paced room(1'000, Paced::limits(0), {.flush_interval_min = Duration::ms(500)});
  REQUIRE(room.world.say(0, "first"));
  room.said_at.push_back(room.world.now);
  room.flush();
  CHECK(room.most_at_once == 1'000);  // a quiet room: all at once
  room.most_at_once = 0;
  room.pass_until(room.world.now + Duration::ms(10));
  room.say_every(Duration::ms(20), Duration::s(5));
  CHECK(room.complete());
  CHECK(room.most_at_once <= 128);
  CHECK(room.least_apart >= 499'000);
  CHECK(room.longest <= 1'005'000);
  CHECK(room.writes_each() <= 13);
}

TEST_CASE("who leaves and joins while an interval is under way gets what is due, once") {
  Paced room(300, Paced::limits(0), {.flush_interval_min = Duration::ms(400)});
  base::Random random(3);
  World& world = room.world;
  std::vector<std::uint64_t> joined(300), frames(300);
  const auto collect = [&](SessionSlot session) {
    for (const std::string& frame : world.links[session]->take_frames()) {
      CHECK(std::strtoull(frame.c_str() + 11, nullptr, 10) == joined[session] + ++frames[session]);
    }
  };
  const auto flush = [&] {
    Budget budget;
    while (true) {
      const Flushed flushed = world.fanout.flush(world.now, budget);
      room.due = flushed.next;
      if (!flushed.more) return;
      budget = {};
    }
  };
  for (int step = 0; step < 2'000; ++step) {
    if (step % 3 == 0) REQUIRE(world.say(0, "x"));
    const auto session = static_cast<SessionSlot>(random.below(300));
    if (world.fanout.attached(0, session)) {
      world.fanout.detach(0, session);
      collect(session);
    } else {
      world.join(0, session);
      joined[session] = world.said[0];
      frames[session] = 0;
    }
    world.now = world.now + Duration::ms(3);
    flush();
  }
  for (int i = 0; i < 1'000; ++i) {
    world.now = world.now + Duration::ms(3);
    flush();
  }
  for (SessionSlot session = 0; session < 300; ++session) {
    collect(session);
    if (!world.fanout.attached(0, session)) continue;
    CHECK(joined[session] + frames[session] == world.said[0]);
  }
  CHECK(World::imbalance(world.fanout.ledger()) == "");
  CHECK(world.fanout.counters().log_bytes == 0);
}

TEST_CASE("nobody is refused because members are kept waiting") {
  Limits limits = World::small();
  Paced room(100, limits, {.flush_interval_min = Duration::s(2)});
  const std::string text(900, 'x');
  for (int i = 0; i < 600; ++i) {
    const Result<Appended> said = room.world.say(0, text, {.reliable = true});
    REQUIRE(said);
    room.said_at.push_back(room.world.now);
    room.flush();
    room.pass_until(room.world.now + Duration::ms(1));
  }
  room.pass_until(room.world.now + Duration::s(5));
  CHECK(room.complete());
}

TEST_CASE("a giant room and a crowd of answers keep a small room waiting for one turn of each") {
  const std::uint32_t sends = GENERATE(1u, 7u, 63u, 64u, 65u, 256u);
  constexpr SessionSlot kGiant = 3'000;
  struct Counted {
    std::uint64_t all = 0, small = 0, before_small = 0;
  } counted;
  const auto on_write = [](void* context, SessionSlot session, std::span<const Bytes>,
                           std::size_t) {
    auto& of = *static_cast<Counted*>(context);
    ++of.all;
    if (session < kGiant) return;
    ++of.small;
    of.before_small = of.all;
  };
  World world(World::small(), {on_write, &counted});
  world.room(0);
  world.room(1);
  for (SessionSlot session = 0; session < kGiant + 10; ++session) {
    world.open(session);
    world.join(session < kGiant ? 0 : 1, session);
  }
  SessionSlot answered = 0;
  for (std::uint64_t round = 1; round <= 20; ++round) {
    for (int i = 0; i < 400; ++i) {  // there is always a crowd
      world.answer(answered, 1);
      answered = (answered + 1) % kGiant;
    }
    REQUIRE(world.say(0, "giant"));
    world.flush(3 * sends);
    REQUIRE(world.say(1, "small"));
    const std::uint64_t before = counted.all;
    while (counted.small < 10 * round) REQUIRE((world.flush(sends) || counted.small == 10 * round));
    // What is left of the giant's turn, one of the crowd, and its own.
    CHECK(counted.before_small - before <= 2 * 64 + 10);
  }
  world.flush();
  for (SessionSlot i = 0; i < 10; ++i) {
    CHECK(world.links[kGiant + i]->take_frames().size() == 20);
  }
}

TEST_CASE("a flush gives large rooms no more visits than asked, and small ones go first") {
  World world;
  for (RoomSlot room = 0; room < 3; ++room) world.room(room);
  for (SessionSlot session = 0; session < 1'010; ++session) {
    world.open(session);
    world.join(session < 1'000 ? session % 2 : 2, session);
  }
  REQUIRE(world.say(0, "giant"));
  REQUIRE(world.say(1, "giant"));
  std::uint32_t flushes = 0;
  for (bool more = true; more; ++flushes) {
    if (flushes == 5) REQUIRE(world.say(2, "small"));
    const std::uint64_t before = world.fanout.counters().writes;
    Budget budget;
    std::uint32_t large = 32;
    more = world.fanout.flush(world.now, budget, large).more;
    CHECK(world.fanout.counters().writes - before == (flushes == 5 ? 42 : more ? 32 : 8));
    if (flushes != 5) continue;
    for (SessionSlot session = 1'000; session < 1'010; ++session) {
      CHECK(world.frames(session) == "message r2 1 small");
    }
  }
  CHECK(flushes == 32);
  for (SessionSlot session = 0; session < 1'000; ++session) {
    REQUIRE(world.frames(session) == "message r" + std::to_string(session % 2) + " 1 giant");
  }
}
