// A reader that takes nothing: its memory is bounded, it is told exactly what it missed or is
// closed by policy, and the thousand others do not notice.
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

// Keeps a digest of what it took, and of when.
class DigestLink final : public Connection {
 public:
  explicit DigestLink(const ManualLoop& loop) : loop_(loop) {}
  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::size_t size = 0;
    for (const Bytes piece : pieces) size += piece.size();
    if (stalled) return 0;
    for (const Bytes piece : pieces) mix(as_text(piece));
    const std::int64_t now = const_cast<ManualLoop&>(loop_).now().us;
    mix({reinterpret_cast<const char*>(&now), sizeof now});
    bytes += size;
    return size;
  }
  void pause(bool) noexcept override {}
  void close(CloseCode close_code) noexcept override { code = static_cast<int>(close_code); }

  bool stalled = false;
  std::uint64_t digest = 1469598103934665603ull;
  std::uint64_t bytes = 0;
  int code = 0;

 private:
  void mix(std::string_view text) noexcept {
    for (const char c : text) {
      digest = (digest ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    }
  }
  const ManualLoop& loop_;
};

struct Seen {
  std::vector<std::uint64_t> others;
  std::size_t peak = 0;
  std::size_t room_bytes = 0;
  int code = 0;
  std::uint64_t slow_consumers = 0;
};

constexpr std::size_t kOthers = 1'000;
constexpr int kMessages = 1'200;
const std::string kLine(1'500, 'x');

// 1.8 MB pass by a room of 1,001; the window is 1 MiB. `stalled`: the first of them takes nothing.
Seen crowd(bool stalled, bool reliable) {
  StageOptions options;
  options.record = false;
  options.engine.limits.sessions = 1'100;
  Stage stage(options);
  Engine& engine = stage.engine();
  Result<Room> room = engine.open_room("r", {.reliable = reliable});
  REQUIRE(room);
  std::vector<std::unique_ptr<DigestLink>> links;
  std::vector<SessionId> ids;
  for (std::size_t i = 0; i <= kOthers; ++i) {
    links.push_back(std::make_unique<DigestLink>(stage.loop));
    const std::string name = "user" + std::to_string(i);
    const Identity who{.user = name};
    const Result<SessionId> id =
        engine.open(*links.back(), {.codec = i % 2 == 0 ? CodecKind::flatbuffers : CodecKind::json,
                                    .framing = i % 2 == 0 ? Framing::outer : Framing::websocket,
                                    .identity = &who});
    REQUIRE(id);
    ids.push_back(*id);
    REQUIRE(engine.join(*id, {.room = "r"}));
  }
  stage.pass(Duration::s(2));
  links[0]->stalled = stalled;
  for (int i = 0; i < kMessages; ++i) {
    // Refused only while somebody who is not blocked waits, which nobody does here.
    REQUIRE(room->broadcast(
        {.text = kLine, .priority = i % 3 == 0 ? Priority::low : Priority::normal}));
    stage.pass(Duration::ms(2));
  }
  stage.pass(Duration::ms(100));
  Seen seen;
  for (std::size_t i = 1; i <= kOthers; ++i) {
    seen.others.push_back(links[i]->digest);
    CHECK(links[i]->code == 0);
  }
  seen.peak = stage.memory.peak;
  engine.inspect(
      [](void* to, const Engine::RoomInfo& info) {
        *static_cast<std::size_t*>(to) = info.log_bytes;
        return true;
      },
      &seen.room_bytes);
  seen.code = links[0]->code;
  seen.slow_consumers = engine.metrics().slow_consumers;
  if (stalled && !reliable) {
    // Ten seconds without a byte end it, whatever the room's policy.
    CHECK(seen.code == 0);
    stage.pass(Duration::s(10));
    CHECK(links[0]->code == 4001);
    CHECK(engine.metrics().slow_consumers == 1);
  }
  stage.check_ledger();
  for (const SessionId id : ids) Engine::Turn(engine).on_closed(id);
  return seen;
}

std::uint64_t number_after(const std::string& text, std::string_view key) {
  const std::size_t at = text.find(key);
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + key.size()));
}

}  // namespace

TEST_CASE("a thousand others do not notice one that stalls", "[scenario][slow]") {
  const Seen with = crowd(true, false);
  const Seen without = crowd(false, false);
  CHECK((with.others == without.others));
  // Its lag is bounded by the room's window, in each of the two profiles.
  CHECK(with.room_bytes <= 2 * (1024 * 1024 + 64 * 1024));
  CHECK(with.peak <= without.peak + 2 * 1024 * 1024 + 256 * 1024);
}

TEST_CASE("in a reliable room the one that stalls is closed, the others lose nothing",
          "[scenario][slow]") {
  const Seen with = crowd(true, true);
  CHECK(with.code == 4001);
  CHECK(with.slow_consumers == 1);
  CHECK(with.peak <= crowd(false, true).peak + 2 * 1024 * 1024 + 256 * 1024);
}

TEST_CASE("who comes back from a stall is told exactly what it missed", "[scenario][slow]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.limits.window_bytes = 128 * 1024;
    Stage stage(options);
    Peer& slow = stage.member(carrier, "slow", "r");
    Peer& bob = stage.member(kTcp, "bob", "r");
    Room room = stage.room("r");
    slow.forget();
    slow.link.stalled = true;
    for (int i = 0; i < 1'000; ++i) {
      const Priority priority = i % 2 == 0 ? Priority::low : Priority::normal;
      REQUIRE(room.broadcast({.text = std::string(500, 'x'), .priority = priority}));
      stage.pass(Duration::ms(1));
    }
    slow.stall(false);
    for (int i = 0; i < 10; ++i) REQUIRE(room.broadcast({.text = "again"}));
    std::uint64_t messages = 0;
    std::uint64_t lost = 0;
    std::uint64_t gaps = 0;
    std::uint64_t last = 0;
    for (const std::string& event : slow.all()) {
      if (matches(event, R"({"event":"message",*)")) {
        ++messages;
        const std::uint64_t offset = number_after(event, R"("offset":)");
        CHECK(offset > last);
        last = offset;
      } else if (matches(event, R"({"event":"gap",*)")) {
        ++gaps;
        lost += number_after(event, R"("count":)");
        CHECK_LIKE(event, R"(*"classes":["lossy"],"reason":"slow_consumer"})");
      }
    }
    CHECK(messages + lost == 1'010);
    CHECK(messages >= 10);
    CHECK(lost > 100);
    CHECK(gaps > 0);
    CHECK(last == 1'010);
    CHECK(bob.events("message").size() == 1'010);
    std::uint64_t told = 0;
    for (const auto& event : stage.observer.events) {
      if (event.type == HostEventType::dropped) told += event.gap.count;
    }
    CHECK(told == lost);
    CHECK(stage.engine().metrics().gaps == gaps);
  }
}

TEST_CASE("direct messages cannot close the one who does not read them", "[scenario][slow]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& victim = stage.user(carrier, "victim");
    Peer& mallory = stage.user(kTcp, "mallory");
    victim.link.stalled = true;
    const std::string text(2'000, 'x');
    for (int i = 0; i < 200; ++i) {
      const std::string answer =
          mallory.ask(R"({"id":2,"op":"send_to","user":"victim","text":")" + text + R"("})");
      CHECK_LIKE(answer, R"({"id":2,"ok":*)");
    }
    CHECK(stage.engine().metrics().private_bytes <= 3 * 64 * 1024);
    stage.pass(Duration::s(5));
    CHECK(victim.closed() == 0);
    victim.stall(false);
    std::uint64_t direct = 0;
    std::uint64_t lost = 0;
    for (const std::string& event : victim.all()) {
      direct += matches(event, R"({"event":"direct",*)");
      if (matches(event, R"({"event":"gap",*)")) lost += number_after(event, R"("count":)");
    }
    CHECK(direct + lost == 200);
    CHECK(lost > 0);
    CHECK(victim.closed() == 0);
  }
}

TEST_CASE("who asks and does not read is no longer read", "[scenario][slow]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& greedy = stage.member(carrier, "greedy", "r");
    for (int i = 0; i < 50; ++i) {
      REQUIRE(stage.room("r").broadcast({.text = std::string(1'000, 'x')}));
    }
    greedy.forget();
    greedy.link.stalled = true;
    int asked = 0;
    while (!greedy.link.paused && asked < 100) {
      greedy.say(R"({"id":2,"op":"history","room":"r","limit":10})");
      ++asked;
    }
    CHECK(greedy.link.paused);
    CHECK(greedy.closed() == 0);
    CHECK(stage.engine().metrics().private_bytes <= 2 * 64 * 1024);
    greedy.stall(false);
    CHECK_FALSE(greedy.link.paused);
    int answered = 0;
    for (const std::string& line : greedy.all()) answered += matches(line, R"({"id":2,"ok":*)");
    CHECK(answered == asked);
    // Who is paused and sends on all the same is held, and closed at its bound.
    greedy.link.stalled = true;
    std::size_t sent = 0;
    for (; sent < 10'000 && greedy.closed() == 0; ++sent) {
      greedy.say(R"({"id":2,"op":"history","room":"r","limit":20,"channel":"main"})");
    }
    CHECK(greedy.closed() == 4006);
    CHECK(stage.engine().metrics().private_bytes <= 2 * 64 * 1024);
  }
}
