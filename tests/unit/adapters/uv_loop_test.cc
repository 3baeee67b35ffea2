// uv::Loop as an EventLoop: alarms, wakes, clock, entropy, on a loop of its own and on the host's.
#include <uv.h>

#include <array>
#include <csignal>
#include <thread>

#include "uv_harness.h"

namespace chatroom::uv_test {

namespace {

class Counting final : public LoopClient {
 public:
  void on_loop() noexcept override {
    ++calls;
    if (then) then();
  }
  int calls = 0;
  std::function<void()> then;
};

}  // namespace

TEST_CASE("an alarm comes at its time, once, and can be moved or cleared", "[uv]") {
  uv::Loop loop;
  Counting client;
  loop.attach(&client);
  const Instant begin = loop.now();
  loop.set_alarm(begin + Duration::s(100));
  loop.set_alarm(begin + Duration::ms(30));
  loop.run_for(Duration::ms(10));
  CHECK(client.calls == 0);
  REQUIRE(wait(loop, [&] { return client.calls == 1; }));
  CHECK(loop.now() - begin >= Duration::ms(30));
  loop.run_for(Duration::ms(20));
  CHECK(client.calls == 1);
  loop.set_alarm(loop.now() + Duration::ms(5));
  loop.set_alarm(Instant::never());
  loop.run_for(Duration::ms(20));
  CHECK(client.calls == 1);
  loop.attach(nullptr);
}

TEST_CASE("an alarm that is due comes at once, but not from inside the call", "[uv]") {
  uv::Loop loop;
  Counting client;
  loop.attach(&client);
  loop.set_alarm(loop.now());
  CHECK(client.calls == 0);
  loop.run_for(Duration::ms(5));
  CHECK(client.calls == 1);
}

TEST_CASE("work that never ends leaves the sockets their turn", "[uv]") {
  uv::Loop loop;
  EchoServer server(loop);
  uv::Dialer dialer(loop);
  Counting client;
  client.then = [&loop] { loop.set_alarm({0}); };
  loop.attach(&client);
  loop.set_alarm({0});
  Client peer;
  const uv::DialId id = dial(dialer, peer, server.port);
  REQUIRE(wait(loop, [&] { return peer.opened == 1; }));
  CHECK(dialer.send(id, as_bytes("still here")));
  REQUIRE(wait(loop, [&] { return peer.got == "still here"; }));
  CHECK(client.calls > 10);
  loop.attach(nullptr);
  loop.set_alarm(Instant::never());
}

TEST_CASE("any thread may wake the loop", "[uv]") {
  uv::Loop loop;
  Counting client;
  client.then = [&loop] { loop.stop(); };
  loop.attach(&client);
  std::thread other([&loop] {
    for (int i = 0; i < 100; ++i) loop.wake();
  });
  loop.run();
  other.join();
  CHECK(client.calls >= 1);
  CHECK(client.calls <= 100);
}

TEST_CASE("the clock is the wall's and never goes back; entropy is not constant", "[uv]") {
  uv::Loop loop;
  uv_timeval64_t wall{};
  uv_gettimeofday(&wall);
  CHECK(std::abs(loop.now().us / 1'000'000 - wall.tv_sec) <= 1);
  Instant last = loop.now();
  for (int i = 0; i < 1'000; ++i) {
    const Instant next = loop.now();
    REQUIRE(next >= last);
    last = next;
  }
  std::array<std::byte, 32> one{};
  std::array<std::byte, 32> two{};
  loop.entropy(one);
  loop.entropy(two);
  CHECK(one != two);
}

TEST_CASE("a loop of the host's is used and left as it was", "[uv]") {
  uv_loop_t theirs;
  REQUIRE(uv_loop_init(&theirs) == 0);
  {
    uv::Loop loop(&theirs);
    CHECK(loop.native() == &theirs);
    Counting client;
    loop.attach(&client);
    loop.set_alarm(loop.now() + Duration::ms(5));
    // Ends by itself when nothing of the host's and no alarm is left.
    CHECK(uv_run(&theirs, UV_RUN_DEFAULT) == 0);
    CHECK(client.calls == 1);
    // A wake is seen as long as the host keeps its loop going.
    uv_timer_t of_the_host;
    uv_timer_init(&theirs, &of_the_host);
    uv_timer_start(
        &of_the_host, [](uv_timer_t*) {}, 10, 0);
    loop.wake();
    CHECK(uv_run(&theirs, UV_RUN_DEFAULT) == 0);
    CHECK(client.calls == 2);
    uv_close(reinterpret_cast<uv_handle_t*>(&of_the_host), nullptr);
    loop.on_signals([](void*) {}, nullptr);
    CHECK(uv_run(&theirs, UV_RUN_DEFAULT) == 0);
  }
  uv_run(&theirs, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&theirs) == 0);
}

TEST_CASE("a signal stops a running loop", "[uv]") {
  uv::Loop loop;
  loop.stop_on_signals();
  Counting client;
  client.then = [] { std::raise(SIGTERM); };
  loop.attach(&client);
  loop.set_alarm(loop.now());
  loop.run();
  CHECK(client.calls == 1);
  CHECK_FALSE(loop.run_for(Duration::ms(1)));
}

}  // namespace chatroom::uv_test
