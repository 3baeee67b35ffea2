// The same inputs give the same bytes: recordings replayed, two hash keys, two engines at once.
#include "engine/recording.h"
#include "unit/engine/life.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

Errc replayed(std::string_view recording) {
  return replay(as_bytes(recording), *global_heap(), &engine_json()).status.error().code;
}

// Where each record begins, and the end.
std::vector<std::size_t> records(std::string_view recording) {
  std::vector<std::size_t> starts;
  std::size_t at = 0;
  while (at < recording.size()) {
    starts.push_back(at);
    at += 4 + engine::Unpacker{as_bytes(recording.substr(at))}.u32();
  }
  REQUIRE(at == recording.size());
  starts.push_back(at);
  return starts;
}

}  // namespace

TEST_CASE("a recording of everything replays to the same bytes", "[engine][replay]") {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    Life life({.seed = seed});
    life.run(400);
    const std::string& recording = life.stage().recorder.bytes;
    const Replayed again = replay(as_bytes(recording), *global_heap(), &engine_json());
    CHECK(again.status.error().code == Errc::ok);
    const MetricsSnapshot metrics = life.stage().engine().metrics();
    CHECK(again.writes == metrics.writes);
    CHECK(again.bytes_out == metrics.bytes_out);
    CHECK(again.records + 1 == records(recording).size());
    CHECK(again.hash != 0);
    CHECK(metrics.commands > 50);
  }
}

TEST_CASE("a polled host's recording replays too, with its budgets", "[engine][replay]") {
  StageOptions options;
  options.polled = true;
  Stage stage(options);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  static_cast<void>(bob);
  int asked = 0;
  const auto over = [](void* count) { return ++*static_cast<int*>(count) % 2 == 0; };
  for (int i = 0; i < 50; ++i) {
    alice.say(R"({"op":"publish","room":"r","text":"x"})");
    stage.loop.advance(Duration::ms(10));
    stage.engine().advance(stage.loop.now(),
                           {.sends = 1, .commands = 1, .over = over, .arg = &asked});
  }
}

TEST_CASE("a recording that breaks off is told so, at every byte", "[engine][replay]") {
  Stage stage;
  Peer& alice = stage.member(kWsJson, "alice", "r");
  alice.ask(R"({"id":2,"op":"publish","room":"r","text":"x"})");
  const std::string recording = stage.recorder.bytes;
  const std::vector<std::size_t> starts = records(recording);
  std::size_t next = 0;
  for (std::size_t size = 0; size < recording.size(); ++size) {
    INFO(size);
    while (starts[next] < size) ++next;
    const Errc code = replayed(std::string_view(recording).substr(0, size));
    // Between two records it is only a shorter recording.
    CHECK(code == (starts[next] == size && size > 0 ? Errc::ok : Errc::bad_request));
  }
  CHECK(replayed(recording + "x") == Errc::bad_request);
}

TEST_CASE("a changed byte of what was written is found where it stands", "[engine][replay]") {
  Life life({.seed = 3});
  life.run(150);
  std::string recording = life.stage().recorder.bytes;
  const std::vector<std::size_t> starts = records(recording);
  int tried = 0;
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const auto type = static_cast<engine::Record>(recording[starts[i] + 4]);
    if (type != engine::Record::wrote && type != engine::Record::ended) continue;
    if (++tried > 60) break;
    INFO("record " << i);
    const std::size_t last = starts[i + 1] - 1;
    recording[last] = static_cast<char>(recording[last] ^ 1);
    const Replayed again = replay(as_bytes(recording), *global_heap(), &engine_json());
    CHECK(again.status.error().code == Errc::position_lost);
    CHECK(again.records == i);
    recording[last] = static_cast<char>(recording[last] ^ 1);
  }
  CHECK(tried > 20);
  CHECK(replayed(recording) == Errc::ok);
}

TEST_CASE("a recording that lost an input, or has one twice, is found", "[engine][replay]") {
  Life life({.seed = 4});
  life.run(150);
  const std::string recording = life.stage().recorder.bytes;
  const std::vector<std::size_t> starts = records(recording);
  int lost = 0;
  for (std::size_t i = 1; i + 1 < starts.size(); i += 3) {
    const auto type = static_cast<engine::Record>(recording[starts[i] + 4]);
    if (type != engine::Record::bytes && type != engine::Record::frame) continue;
    std::string without = recording;
    without.erase(starts[i], starts[i + 1] - starts[i]);
    lost += replayed(without) == Errc::position_lost;
  }
  CHECK(lost > 5);
}

TEST_CASE("what is no recording is refused", "[engine][replay]") {
  CHECK(replayed("") == Errc::bad_request);
  CHECK(replayed("hello, this is no recording at all") == Errc::bad_request);
  CHECK(replayed(std::string(100, '\0')) == Errc::bad_request);
  Stage stage;
  std::string recording = stage.recorder.bytes;
  const std::size_t magic = recording.find("chatroom recording");
  REQUIRE(magic != std::string::npos);
  recording[magic + 19] = 'x';  // of no version
  CHECK(replayed(recording) == Errc::unsupported);
  // A recording of an engine that spoke JSON needs a codec.
  CHECK(replay(as_bytes(stage.recorder.bytes), *global_heap(), nullptr).status.error().code ==
        Errc::bad_request);
  // And memory.
  testing::FakeMemory memory;
  memory.bytes_max = 10'000;
  CHECK(replay(as_bytes(stage.recorder.bytes), memory, &engine_json()).status.error().code ==
        Errc::limit_reached);
  CHECK(memory.bytes == 0);
}

TEST_CASE("two hash keys give the same bytes", "[engine][replay]") {
  for (std::uint32_t seed = 20; seed < 25; ++seed) {
    INFO("seed " << seed);
    Life one({.seed = seed, .loop_seed = 1, .record = false});
    Life two({.seed = seed, .loop_seed = 2, .record = false});
    one.run(400);
    two.run(400);
    const std::string bytes = one.bytes();
    CHECK(bytes.size() > 10'000);
    CHECK((bytes == two.bytes()));
  }
}

TEST_CASE("two engines at once give the bytes of two engines apart", "[engine][replay]") {
  std::string apart[2];
  for (std::uint32_t i = 0; i < 2; ++i) {
    Life life({.seed = 30 + i, .record = false});
    life.run(400);
    apart[i] = life.bytes();
  }
  Life one({.seed = 30, .record = false});
  Life two({.seed = 31, .record = false});
  for (int i = 0; i < 400; ++i) {
    one.step();
    two.step();
  }
  CHECK((one.bytes() == apart[0]));
  CHECK((two.bytes() == apart[1]));
  CHECK((apart[0] != apart[1]));
}
