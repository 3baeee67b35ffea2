// Every allocation of many stretches of life fails once in turn: nobody is harmed, everything comes
// back, and afterwards it is still a chat. And a flood of names that were made to collide.
#include <algorithm>
#include <ctime>

#include "base/siphash.h"
#include "turns.h"
#include "unit/engine/life.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

// Runs `seed` with the n-th allocation after creation failing; false: there were not so many.
bool survive(std::uint32_t seed, std::size_t n, bool all_after) {
  Life life({.seed = seed, .record = false, .fragile = true});
  testing::FakeMemory& memory = life.stage().memory;
  memory.fail_at = memory.allocations + n;
  memory.fail_after = all_after;
  life.run(120);
  const bool failed = memory.allocations > memory.fail_at;
  memory.fail_after = false;
  memory.fail_at = SIZE_MAX;
  life.stage().check_ledger();
  life.check_alive();
  return failed;
}

}  // namespace

TEST_CASE("creation survives the failure of each of its allocations", "[engine][torture]") {
  std::size_t failures = 0;
  for (std::size_t n = 0;; ++n) {
    testing::FakeMemory memory;
    memory.fail_at = n;
    ManualLoop loop;
    MemoryStorage storage;
    EnginePorts ports;
    ports.memory = &memory;
    ports.loop = &loop;
    ports.storage = &storage;
    ports.json = &engine_json();
    const Result<EnginePtr> made = Engine::create(open_options(), ports);
    if (made) break;
    ++failures;
    INFO(n);
    CHECK(made.error().code == Errc::limit_reached);
    CHECK(memory.bytes == 0);
    CHECK(memory.breach == "");
  }
  CHECK(failures > 5);
}

TEST_CASE("twelve stretches of life survive each failing allocation", "[engine][torture]") {
  std::size_t failures = 0;
  for (std::uint32_t seed = 100; seed < 112; ++seed) {
    for (std::size_t n = 0;; ++n) {
      INFO("seed " << seed << ", allocation " << n);
      if (!survive(seed, n, false)) break;
      ++failures;
    }
  }
  CHECK(failures > 100);
}

TEST_CASE("life goes on while no memory comes any more", "[engine][torture]") {
  for (std::uint32_t seed = 200; seed < 206; ++seed) {
    for (std::size_t n = 0; n < 40; n += 3) {
      INFO("seed " << seed << ", from allocation " << n);
      survive(seed, n, true);
    }
  }
}

TEST_CASE("names made to collide cost no more than others", "[engine][torture]") {
  constexpr std::size_t kNames = 20'000;
  // Places go by the first digits of a hash of 32 bits: all in one four-thousandth of them.
  const auto place_of = [](const std::string& name) {
    return static_cast<std::uint32_t>(base::siphash({0, 0}, name)) >> 20;
  };
  std::vector<std::string> crafted;
  std::vector<std::string> plain;
  for (std::uint64_t i = 0; crafted.size() < kNames; ++i) {
    const std::string name = "flood-" + std::to_string(i);
    if (place_of(name) == 7) crafted.push_back(name);
    if (plain.size() < kNames && i % 11 == 0) plain.push_back(name);
  }
  const auto cost_of = [](const std::vector<std::string>& names) {
    StageOptions options;
    options.record = false;
    options.engine.limits.rooms = kNames;
    Stage stage(options);
    stage.observer.then = {};
    Engine::Turn turn(stage.engine());
    const std::clock_t begin = std::clock();
    for (const std::string& name : names) {
      REQUIRE(stage.engine().open_room(name, {.durability = Durability::none}));
    }
    return std::clock() - begin;
  };
  const auto [ordinary, attacked] = in_turns(cost_of, plain, crafted);
  INFO(ordinary << " and " << attacked << " ticks");
  CHECK(attacked < ordinary * 3 / 2);
}
