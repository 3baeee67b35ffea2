// Engines on threads of their own, joined by a LocalBroker: what ThreadSanitizer has to see. What
// rooms over several engines do is told in scenario/broker_test.cc, on one thread.
#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "chatroom/adapters/local.h"
#include "chatroom/adapters/uv.h"
#include "chatroom/engine.h"

using namespace chatroom;

namespace {

constexpr int kMembers = 3;    // at each engine
constexpr int kMessages = 40;  // of each member

EngineOptions options() {
  EngineOptions options;
  options.limits.sessions = 256;
  options.limits.rooms = 64;
  options.limits.memberships = 1'024;
  options.limits.keys = 256;
  options.limits.room_publishes = options.limits.joins_in_all = Rate::unlimited();
  options.limits.user_publishes = Rate::unlimited();
  options.limits.commands = options.limits.publishes = options.limits.joins = Rate::unlimited();
  options.open_rooms = true;
  return options;
}

// Says its next message when it heard the last, and keeps the order of all it hears.
class Talker final : public LocalMember {
 public:
  void on_event(const Event& event) noexcept override {
    if (event.type == EventType::answer && event.op == Op::join) {
      joined = event.error.code == Errc::ok;
    }
    if (event.type == EventType::answer && event.op == Op::send_to) reached += event.sessions;
    if (event.type == EventType::direct) ++directs;
    if (event.type == EventType::reset) ++resets;
    if (event.type == EventType::gap) ++gaps;
    if (event.type != EventType::message) return;
    heard.emplace_back(event.message.text);
    if (event.message.user == name && said < kMessages) say();
  }
  void say() {
    const std::string text = name + ":" + std::to_string(said++);
    engine->publish(session, {.room = room, .text = text});
  }

  void whisper(const std::string& to) {
    Command command;
    command.op = Op::send_to;
    command.user = to;
    command.out.text = "psst";
    static_cast<void>(engine->command(session, command));
  }

  Engine* engine = nullptr;
  SessionId session;
  std::uint32_t reached = 0;
  int directs = 0;
  std::string name;
  std::string room;
  bool joined = false;
  int said = 0;
  int resets = 0;
  int gaps = 0;
  std::vector<std::string> heard;
};

// One thread: a loop, an engine, its members, until `done` says so of all of them.
class Corner {
 public:
  Corner(Broker* broker, std::uint32_t index, const std::string& room) {
    EnginePorts ports;
    ports.loop = &loop;
    ports.broker = broker;
    auto made = Engine::create(options(), ports);
    if (!made) return;
    engine = std::move(*made);
    for (int i = 0; i < kMembers; ++i) {
      members.push_back(std::make_unique<Talker>());
      Talker& member = *members.back();
      member.engine = &*engine;
      member.room = room;
      member.name = std::string(1, static_cast<char>('a' + index)) + std::to_string(i);
    }
  }
  void join() {
    for (auto& member : members) {
      const auto opened = engine->open_local(*member, {.user = member->name});
      if (!opened) return;
      member->session = *opened;
      engine->join(member->session, {.room = member->room});
    }
  }
  template <class Done>
  bool run_until(Done done, Duration at_most = Duration::s(40)) {
    const Instant end = loop.now() + at_most;
    while (!done()) {
      if (loop.now() > end) return false;
      loop.run_for(Duration::ms(2));
    }
    return true;
  }
  template <class Check>
  bool all(Check check) {
    for (auto& member : members) {
      if (!check(*member)) return false;
    }
    return true;
  }

  uv::Loop loop;
  EnginePtr engine;
  std::vector<std::unique_ptr<Talker>> members;
};

}  // namespace

TEST_CASE("engines on threads agree on the order of everything", "[local]") {
  constexpr std::uint32_t kEngines = 3;
  constexpr std::size_t kAll = std::size_t{kEngines} * kMembers * kMessages;
  LocalBroker broker({.engines = kEngines});
  std::vector<std::vector<std::string>> heard(kEngines);
  std::atomic<std::uint32_t> joined{0};
  std::atomic<std::uint32_t> finished{0};
  std::atomic<bool> good{true};
  std::latch created(kEngines);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kEngines; ++i) {
    threads.emplace_back([&, i] {
      Corner corner(broker.port(i), i, "agora");
      created.arrive_and_wait();
      corner.join();
      if (!corner.run_until([&] { return corner.all([](Talker& t) { return t.joined; }); })) {
        good = false;
      }
      ++joined;
      if (!corner.run_until([&] { return joined == kEngines; })) good = false;
      for (auto& member : corner.members) member->say();
      const auto all_heard = [&] {
        return corner.all([](Talker& t) { return t.heard.size() == kAll; });
      };
      if (!corner.run_until(all_heard)) good = false;
      for (auto& member : corner.members) {
        if (member->heard != corner.members[0]->heard || member->gaps != 0) good = false;
      }
      heard[i] = corner.members[0]->heard;
      ++finished;
      corner.run_until([&] { return finished == kEngines; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good);
  for (const auto& one : heard) {
    CHECK(one.size() == kAll);
    CHECK(one == heard[0]);
  }
}

TEST_CASE("users at engines on other threads are found by direct messages", "[local]") {
  constexpr std::uint32_t kEngines = 3;
  static constexpr int kEach = 50;
  LocalBroker broker({.engines = kEngines});
  PeerId peers[4];
  CHECK(broker.port(1)->peers(peers) == 2);
  CHECK(peers[0] == 0);
  CHECK(peers[1] == 2);
  CHECK(broker.port(1)->peers(std::span{peers}.first(1)) == 1);
  std::atomic<std::uint32_t> joined{0};
  std::atomic<std::uint32_t> finished{0};
  std::atomic<bool> good{true};
  std::latch created(kEngines);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kEngines; ++i) {
    threads.emplace_back([&, i] {
      Corner corner(broker.port(i), i, "agora");
      created.arrive_and_wait();
      corner.join();
      if (!corner.run_until([&] { return corner.all([](Talker& t) { return t.joined; }); })) {
        good = false;
      }
      ++joined;
      if (!corner.run_until([&] { return joined == kEngines; })) good = false;
      for (int n = 0; n < kEach; ++n) {
        for (auto& member : corner.members) {
          std::string to = member->name;
          to[0] = static_cast<char>('a' + (i + 1) % kEngines);
          member->whisper(to);
        }
      }
      const auto all_told = [&] {
        return corner.all([](Talker& t) { return t.directs == kEach && t.reached == kEach; });
      };
      if (!corner.run_until(all_told)) good = false;
      ++finished;
      corner.run_until([&] { return finished == kEngines; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good);
}

TEST_CASE("an engine that goes leaves its rooms to the others while they run", "[local]") {
  constexpr std::uint32_t kEngines = 3;
  LocalBroker broker({.engines = kEngines});
  std::string room;
  for (int i = 0; room.empty(); ++i) {
    if (broker.home_of("room" + std::to_string(i)) == 0) room = "room" + std::to_string(i);
  }
  std::atomic<std::uint32_t> joined{0};
  std::atomic<std::uint32_t> reset{0};
  std::atomic<std::uint32_t> finished{0};
  std::atomic<bool> good{true};
  std::latch created(kEngines);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kEngines; ++i) {
    threads.emplace_back([&, i] {
      Corner corner(broker.port(i), i, room);
      created.arrive_and_wait();
      corner.join();
      if (!corner.run_until([&] { return corner.all([](Talker& t) { return t.joined; }); })) {
        good = false;
      }
      ++joined;
      corner.run_until([&] { return joined == kEngines; });
      if (i == 0) return;  // in the middle of it
      if (!corner.run_until([&] { return corner.all([](Talker& t) { return t.resets == 1; }); })) {
        good = false;
      }
      ++reset;
      corner.run_until([&] { return reset == kEngines - 1; });
      for (auto& member : corner.members) member->said = kMessages - 1, member->say();
      const std::size_t most = (kEngines - 1) * std::size_t{kMembers};
      if (!corner.run_until(
              [&] { return corner.all([&](Talker& t) { return t.heard.size() == most; }); })) {
        good = false;
      }
      ++finished;
      corner.run_until([&] { return finished == kEngines - 1; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good);
}
