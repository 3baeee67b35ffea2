// Passwords by Argon2id: what is right and wrong, off the loop, bounded.
#include "chatroom/adapters/sodium.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "chatroom/adapters/manual_loop.h"
#include "chatroom/engine.h"

using namespace chatroom;

namespace {

constexpr SodiumPasswordsOptions kCheap{.memory_bytes = 64 * 1024, .passes = 1};

struct Screen final : LocalMember {
  void on_event(const Event& event) noexcept override {
    if (event.type == EventType::answer && event.op == Op::join) {
      answered = true;
      error = event.error.code;
    }
  }
  bool answered = false;
  Errc error = Errc::internal;
};
struct Refusals final : EngineObserver {
  void on_event(const HostEvent& event) noexcept override {
    if (event.type == HostEventType::refused) refused.push_back(event.error.code);
    if (event.type == HostEventType::joined) ++joined;
  }
  std::vector<Errc> refused;
  int joined = 0;
};

// An engine with one room, and passwords that are looked at by threads.
struct House {
  explicit House(SodiumPasswordsOptions how = kCheap) : passwords(how) {
    EngineOptions options;
    options.seed = 1;
    auto made =
        Engine::create(options, {.loop = &loop, .passwords = &passwords, .observer = &observer});
    REQUIRE(made);
    engine = std::move(*made);
    passwords.attach(engine->remote());
    const auto opened = engine->open_room("r", {});
    REQUIRE(opened);
    room = *opened;
  }
  void join(Screen& screen, const std::string& user, std::string_view password) {
    const auto session = engine->open_local(screen, {.user = user});
    REQUIRE(session);
    CHECK(engine->join(*session, {.room = "r", .password = password}));
  }
  // Turns until something came of it, as a host without a loop would.
  template <class Done>
  bool until(Done done) {
    for (int i = 0; i < 2'000 && !done(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      while (loop.run_once()) {
      }
      engine->advance(loop.now());
    }
    return done();
  }

  ManualLoop loop;
  SodiumPasswords passwords;
  Refusals observer;
  EnginePtr engine;
  Room room;
};

}  // namespace

TEST_CASE("a password is itself and nothing else") {
  const SodiumPasswords passwords(kCheap);
  const std::string stored = passwords.make("open sesame");
  CHECK(stored.starts_with("$argon2id$"));
  CHECK(stored.size() <= 128);
  CHECK(stored != passwords.make("open sesame"));
  CHECK(SodiumPasswords::is("open sesame", stored));
  CHECK_FALSE(SodiumPasswords::is("open sesam", stored));
  CHECK_FALSE(SodiumPasswords::is("", stored));
  CHECK_FALSE(SodiumPasswords::is("open sesame", ""));
  CHECK_FALSE(SodiumPasswords::is("open sesame", "$argon2id$v=19$m=64,t=1,p=1$nonsense"));
  CHECK_FALSE(SodiumPasswords::is("open sesame", std::string(200, 'x')));
}

TEST_CASE("joins are decided by threads of its own") {
  House house;
  REQUIRE(house.room.set_password(house.passwords.make("abc")));
  Screen right, wrong;
  house.join(right, "bob", "abc");
  house.join(wrong, "eve", "abd");
  const Refusals& heard = house.observer;
  REQUIRE(house.until([&] { return heard.joined + heard.refused.size() == 2; }));
  CHECK(heard.joined == 1);
  REQUIRE(heard.refused.size() == 1);
  CHECK(heard.refused[0] == Errc::wrong_password);
  CHECK(house.room.online() == 1);
}

// Sanitizers need address space of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("no memory for the hash is not a wrong password") {
  House house;
  Screen screen;
  std::string stored = house.passwords.make("abc");
  REQUIRE(stored.find("$m=64,") != stored.npos);
  stored.replace(stored.find("$m=64,"), 6, "$m=1048576,");
  REQUIRE(house.room.set_password(stored));

  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
  rlimit little = before;
  little.rlim_cur = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + (256u << 20);
  REQUIRE(setrlimit(RLIMIT_AS, &little) == 0);
  house.join(screen, "bob", "abc");
  const bool refused = house.until([&] { return !house.observer.refused.empty(); });
  REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
  REQUIRE(refused);
  CHECK(house.observer.refused[0] == Errc::internal);
}
#endif

TEST_CASE("past its queue it says so at once, and before it is attached too") {
  SodiumPasswords passwords({.threads = 1, .waiting = 2, .memory_bytes = 8u << 20, .passes = 3});
  const std::string stored = passwords.make("x");
  const PasswordRequest request{.password = "abc", .stored = stored};
  CHECK(passwords.on_try({}, request).error.code == Errc::internal);
  passwords.attach(Remote());  // of an engine that is gone: answers go nowhere
  int later = 0, busy = 0;
  for (int i = 0; i < 50; ++i) {
    const Answer answer = passwords.on_try({}, request);
    later += answer.verdict == Answer::Verdict::later ? 1 : 0;
    busy += answer.error.code == Errc::queue_full && answer.error.detail == kTemporary ? 1 : 0;
  }
  CHECK(later >= 2);
  CHECK(busy >= 40);
  CHECK(later + busy == 50);
}

TEST_CASE("an engine may go while its passwords are looked at") {
  for (int round = 0; round < 3; ++round) {
    Screen screen;
    House house({.threads = 2, .memory_bytes = 1u << 20, .passes = 2});
    REQUIRE(house.room.set_password(house.passwords.make("abc")));
    for (int i = 0; i < 5; ++i) house.join(screen, "u" + std::to_string(i), "abc");
  }
}
