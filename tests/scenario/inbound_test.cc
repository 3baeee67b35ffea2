// What comes in: a rate of bytes for each session, and a bound on what strangers can make an engine
// hold.
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

TEST_CASE("who sends more bytes than its rate is read from more slowly, and loses nothing",
          "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.record = false;
    options.engine.limits.inbound = {10'000, 40'000};
    Stage stage(options);
    Peer& flood = stage.member(carrier, "flood", "r");
    Peer& other = stage.member(carrier, "other", "elsewhere");
    const std::string line =
        R"({"id":2,"op":"publish","room":"r","text":")" + std::string(1'000, 'x') + R"("})";
    std::size_t sent = 0;
    const auto say_what_is_read = [&] {
      const std::size_t before = sent;
      for (; !flood.link.paused && sent < before + 1'000; ++sent) flood.say(line);
      return sent - before;
    };
    // The burst, and the one that went over it.
    const std::size_t burst = say_what_is_read();
    CHECK(burst >= 35);
    REQUIRE(burst <= 40);  // else there is no rate, and what follows has no end
    CHECK_FALSE(other.link.paused);
    const std::uint64_t begin = stage.engine().metrics().bytes_in;
    for (int i = 0; i < 60 * 20; ++i) {
      stage.pass(Duration::ms(50));
      say_what_is_read();
      if (i % 400 == 0) other.ask(R"({"id":1,"op":"ping"})");
    }
    const std::uint64_t bytes = stage.engine().metrics().bytes_in - begin;
    CHECK(bytes >= 600'000 * 98 / 100);
    CHECK(bytes <= 600'000 * 101 / 100);
    CHECK(flood.closed() == 0);
    CHECK(stage.room("r").position().offset == sent);
    // Who was silent for a while has its burst again.
    stage.pass(Duration::s(10));
    CHECK_FALSE(flood.link.paused);
    CHECK(say_what_is_read() >= burst - 2);
  }
}

TEST_CASE("strangers cannot fill the memory", "[scenario][limits]") {
  // Each says that a frame of some length follows, and sends all of it but its end.
  const auto held_by = [](std::size_t length) {
    StageOptions options;
    options.record = false;
    options.engine.limits.half_open = 64;
    Stage stage(options);
    for (int i = 0; i < 64; ++i) stage.connect(kTcp);
    const std::uint64_t before = stage.memory.bytes;
    for (const auto& peer : stage.peers) {
      std::vector<std::byte> whole(wire::kOuterHeaderBytes + length - 1);
      wire::write_outer_header(wire::OuterType::plain, length,
                               std::span(whole).first<wire::kOuterHeaderBytes>());
      peer->bytes(whole);
    }
    stage.run();
    CHECK(stage.engine().metrics().sessions_half_open == (length <= 6 * 1024 ? 64 : 0));
    return stage.memory.bytes - std::min(stage.memory.bytes, before);
  };
  const std::uint64_t most = held_by(6 * 1024);
  CHECK(most > 0);
  CHECK(most <= 64 * 8 * 1024 + 128 * 1024);  // and the pool grows in slabs
  CHECK(held_by(6 * 1024 + 1) <= most);
  CHECK(held_by(60 * 1024) <= most);
}
