// What a member that fell behind loses is told at its place.
#include <algorithm>
#include <cstdio>

#include "catch.hpp"
#include "unit/fanout/world.h"

namespace fanout_test {

// Whatever of it a link takes: what was seen last says up to where nothing is missing untold.
TEST_CASE("who has been sent something has been told of what it lost before") {
  const int holes = GENERATE(1, 3, 40);  // more than are decided ahead
  const std::uint64_t taken = GENERATE(0u, 1u, 900u, 1'100u, 5'000u, 11'000u, 14'000u, 1u << 20);
  World world;
  world.room(0);
  Link& link = world.open(0);
  link.allowance = 0;
  world.join(0, 0);
  std::uint64_t said = 0;
  const int each = 40 / holes;
  for (int hole = 0; hole < holes; ++hole) {
    for (int i = 0; i < each; ++i, ++said) REQUIRE(world.say(0, std::string(700, 'n')));
    REQUIRE(world.say(0, "low", {.priority = Priority::low}));
    ++said;
  }
  REQUIRE(world.say(0, "last"));
  world.flush();
  world.writable(0, taken);
  world.flush();
  REQUIRE(world.say(0, "and more"));
  std::vector<std::string> frames = link.take_frames();
  SECTION("it is over") {}
  SECTION("it goes on") {
    world.writable(0);
    world.flush();
    const std::vector<std::string> more = link.take_frames();
    frames.insert(frames.end(), more.begin(), more.end());
    CHECK(world.fanout.ledger_of(0, 0).by_priority[2].dropped >=
          static_cast<std::uint64_t>(std::min(holes, 16)));
    REQUIRE(frames.back().starts_with("message r0 " + std::to_string(said + 2)));
  }
  std::uint64_t last = 0;
  std::uint64_t told = 0;
  for (const std::string& frame : frames) {
    unsigned long long from = 0, to = 0, count = 0;
    if (std::sscanf(frame.c_str(), "gap r0 %llu %llu %llu", &from, &to, &count) == 3) {
      CHECK(from == last + 1);
      CHECK(to == last + count);
      told = to;
    } else {
      REQUIRE(std::sscanf(frame.c_str(), "message r0 %llu", &from) == 1);
      CHECK(from == std::max<std::uint64_t>(last, told) + 1);
      last = from;
    }
    last = std::max<std::uint64_t>(last, told);
  }
  CHECK(World::imbalance(world.fanout.ledger()) == "");
}

}  // namespace fanout_test
