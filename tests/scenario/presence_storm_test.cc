// A storm of joins: what each member of a large room is told of who is there is bounded by time,
// not by how many come; and when it is quiet, what was told is the truth.
#include <algorithm>
#include <set>

#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

constexpr std::uint32_t kCrowd = 100'000;
constexpr std::uint32_t kPerTick = 500;  // who come in 100 ms
constexpr std::uint32_t kExact = 500;    // Limits::presence_exact

// Takes everything and counts its bytes and frames.
class Ear final : public Connection {
 public:
  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::size_t size = 0;
    for (const Bytes piece : pieces) {
      size += piece.size();
      count(piece);
    }
    bytes += size;
    return size;
  }
  void pause(bool) noexcept override {}
  void close(CloseCode) noexcept override { closed = true; }

  std::uint64_t bytes = 0;
  std::uint32_t frames = 0;
  bool closed = false;

 private:
  // Frames follow each other: header, body, header, ...; a piece may end anywhere.
  void count(Bytes piece) noexcept {
    while (!piece.empty()) {
      if (body_ == 0 && header_ < wire::kOuterHeaderBytes) {
        held_[header_++] = piece.front();
        piece = piece.subspan(1);
        if (header_ < wire::kOuterHeaderBytes) continue;
        body_ = wire::outer_body_bytes(held_);
        ++frames;
      }
      const std::size_t part = std::min(body_, piece.size());
      body_ -= part;
      piece = piece.subspan(part);
      if (body_ == 0) header_ = 0;
    }
  }
  std::array<std::byte, wire::kOuterHeaderBytes> held_{};
  std::size_t header_ = 0;
  std::size_t body_ = 0;
};

struct Crowd {
  Crowd() : stage(options()), ears(kCrowd), sessions(kCrowd), before(kCrowd) {}

  static StageOptions options() {
    StageOptions how;
    how.record = false;
    Limits& limits = how.engine.limits;
    limits.sessions = limits.memberships = kCrowd + 64;
    limits.heartbeat = limits.dead_after = Duration::s(1'000'000);
    return how;
  }
  void join(std::uint32_t who) {
    const std::string name = "user-" + std::to_string(who);
    const Identity identity{.user = name};
    const auto session = stage.engine().open(ears[who], {.identity = &identity});
    REQUIRE(session);
    sessions[who] = *session;
    REQUIRE(stage.engine().join(*session, {.room = "hall"}));
  }
  // What each of the first `count`, who were there for the whole second, was told in it.
  void count_second(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      most_bytes = std::max(most_bytes, ears[i].bytes - before[i]);
    }
  }
  void begin_second() {
    for (std::uint32_t i = 0; i < kCrowd; ++i) before[i] = ears[i].bytes;
  }

  Stage stage;
  std::vector<Ear> ears;
  std::vector<SessionId> sessions;
  std::vector<std::uint64_t> before;
  std::uint64_t most_bytes = 0;
};

std::string last_of(const std::vector<std::string>& events) {
  return events.empty() ? std::string() : events.back();
}

}  // namespace

TEST_CASE("100,000 join in twenty seconds: a frame a second and no more than 1 KiB for each",
          "[scenario]") {
  Crowd crowd;
  Peer& watcher = crowd.stage.member(kWsJson, "watcher", "hall");
  std::uint32_t here = 0;
  while (here < kExact + 100) crowd.join(here++);
  crowd.stage.pass(Duration::s(2));
  const std::uint32_t first_heard = crowd.ears[0].frames;
  std::uint32_t seconds = 0;
  for (; here < kCrowd; ++seconds) {
    const std::uint32_t present = here;
    crowd.begin_second();
    for (int tick = 0; tick < 10 && here < kCrowd; ++tick) {
      for (std::uint32_t i = 0; i < kPerTick && here < kCrowd; ++i) crowd.join(here++);
      crowd.stage.pass(Duration::ms(100));
    }
    crowd.count_second(present);
  }
  // A large room is visited over a while, so two that are told in neighbouring seconds may come a
  // little less than one apart.
  CHECK(crowd.ears[0].frames - first_heard <= seconds + 1);
  CHECK(crowd.ears[0].frames - first_heard >= seconds - 1);
  CHECK(crowd.most_bytes <= 1'024);
  CHECK(crowd.most_bytes > 0);

  crowd.stage.pass(Duration::s(3));
  const std::string all = std::to_string(kCrowd + 1);
  CHECK_LIKE(last_of(watcher.events("presence")), R"(*"online":)" + all + ",*");

  // All but a few go; then the list is exact again, and true.
  std::set<std::string> left{"watcher"};
  for (std::uint32_t i = 0; i < kCrowd; ++i) {
    if (i % 1'000 == 7) {
      left.insert("user-" + std::to_string(i));
      continue;
    }
    REQUIRE(crowd.stage.engine().leave(crowd.sessions[i], "hall"));
  }
  crowd.stage.pass(Duration::s(3));
  watcher.forget();
  std::set<std::string> listed;
  std::string cursor;
  for (int page = 0; page < 10; ++page) {
    const std::string answer =
        watcher.ask(R"({"id":9,"op":"presence","room":"hall","limit":50)" +
                    (cursor.empty() ? "" : R"(,"cursor":")" + cursor + "\"") + "}");
    CHECK_LIKE(answer, R"(*"online":101,*)");
    for (std::size_t at = 0; (at = answer.find(R"("user":")", at)) != std::string::npos;) {
      at += 8;
      CHECK(listed.insert(answer.substr(at, answer.find('"', at) - at)).second);
    }
    const std::size_t next = answer.find(R"("next":")");
    if (next == std::string::npos) break;
    cursor = answer.substr(next + 8, answer.find('"', next + 8) - next - 8);
  }
  CHECK(listed == left);
}
