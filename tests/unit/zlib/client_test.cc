// The client's half of DEFLATED frames on zlib: it hears the same as one that takes none, however
// the bytes come; and what bombs cost at either end, in counted and in resident memory.
#include <unistd.h>

#include <cstdio>

#include "chatroom/adapters/zlib.h"
#include "chatroom/client.h"
#include "scenario/stage.h"
#include "unit/base/heap.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string alone(std::string_view text) {
  ZlibCompressor compressor;
  std::vector<std::byte> out(Compressor::worst_bytes(text.size()));
  const Bytes whole = as_bytes(text);
  compressor.restart(15);
  const std::size_t size = compressor.deflate({&whole, 1}, out);
  return std::string(as_text(Bytes{out}.first(size)));
}

std::string outer(std::string_view body, char type = '\x31') {
  std::string frame(1, type);
  for (const int shift : {0, 8, 16}) frame += static_cast<char>(body.size() >> shift & 0xff);
  return frame.append(body);
}

// `size` bytes that become a thousand times as many.
std::string bomb(std::size_t size) {
  std::string mib = alone(std::string(1 << 20, '\0'));
  mib.append("\0\0\xff\xff", 4);
  std::string all;
  while (all.size() + mib.size() <= size) all += mib;
  return all;
}

std::size_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long whole = 0, resident = 0;
  if (file == nullptr) return 0;
  const int read = std::fscanf(file, "%lu %lu", &whole, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

// A program with a Client, at the other end of one of the stage's links.
class Program final : public ClientHandler {
 public:
  Program(Stage& stage, const std::string& name, Inflater* inflater)
      : stage_(stage), client({.codec = &codec_, .memory = &heap, .inflater = inflater}, *this) {
    const Result<SessionId> opened = stage.engine().open(link_, {});
    REQUIRE(opened);
    session_ = *opened;
    client.auth({.user = name});
    pass(1);
    client.join({.room = "r"});
    pass(1);
  }

  void on_event(const Event& event) noexcept override {
    if (event.type == EventType::message) texts.emplace_back(event.message.text);
  }
  // Both ways, in pieces of so many bytes.
  Status pass(std::size_t piece) {
    Status status;
    for (bool moved = true; moved && status;) {
      moved = false;
      const Bytes out = client.pending();
      if (!out.empty()) {
        const std::string bytes(as_text(out));
        client.sent(bytes.size());
        Engine::Turn(stage_.engine()).on_bytes(session_, as_bytes(bytes));
        moved = true;
      }
      stage_.run();
      const std::string came = link_.take_bytes();
      heard += came.size();
      for (std::size_t at = 0; at < came.size() && status; at += piece) {
        status = client.on_bytes(as_bytes(std::string_view{came}.substr(at, piece)));
        moved = true;
      }
    }
    return status;
  }
  ~Program() { static_cast<void>(stage_.engine().close(session_, CloseCode::normal)); }

 private:
  Stage& stage_;
  FlatbuffersCodec codec_;
  testing::FakeConnection link_;
  SessionId session_;

 public:
  Heap heap;
  Client client;
  std::size_t heard = 0;  // bytes
  std::vector<std::string> texts;
};

StageOptions compressing(ZlibCompressor& compressor) {
  StageOptions options;
  options.ports.compressor = &compressor;
  options.engine.new_room_policy.compress = true;
  return options;
}

}  // namespace

TEST_CASE("a client that inflates hears what one that does not hears", "[deflate]") {
  for (const std::size_t piece : {1u, 7u, 100'000u}) {
    INFO(piece);
    ZlibCompressor compressor;
    Stage stage(compressing(compressor));
    ZlibInflater inflater;
    Program one(stage, "one", &inflater);
    Program other(stage, "other", nullptr);
    Peer& speaker = stage.member(kWsJson, "speaker", "r");
    for (int turn = 0; turn < 5; ++turn) {
      stage.in_one_turn([&] {
        for (int i = 0; i < 9; ++i) {
          speaker.say(R"({"op":"publish","room":"r","text":"said once more: )" +
                      std::to_string(turn * i) + "\"}");
        }
      });
      REQUIRE(one.pass(piece));
      REQUIRE(other.pass(piece));
    }
    CHECK(one.texts.size() == 45);
    CHECK(one.texts == other.texts);
    CHECK(one.client.deflated() >= 45);
    CHECK(other.client.deflated() == 0);
    CHECK(one.heard * 2 < other.heard);

    // A new link begins with an empty window.
    one.client.restart();
    CHECK(one.client.deflated() == 0);
  }
}

TEST_CASE("a client takes deflated frames only if it can, and once it has signed in", "[deflate]") {
  FlatbuffersCodec codec;
  struct Deaf final : ClientHandler {
    void on_event(const Event&) noexcept override {}
  } deaf;
  ZlibInflater inflater;
  const std::string frame = outer(alone("whatever it is"));
  Client early({.codec = &codec, .inflater = &inflater}, deaf);
  CHECK(early.on_bytes(as_bytes(frame)).error().code == Errc::bad_request);
  Stage stage;
  Program without(stage, "without", nullptr);
  CHECK(without.client.on_bytes(as_bytes(frame)).error().code == Errc::bad_request);
  CHECK(without.client.ended());

  ZlibCompressor compressor;
  Stage deflating(compressing(compressor));
  for (const std::string& bad : {std::string("\xff\xff"), alone("no frame of ours")}) {
    ZlibInflater own;
    Program with(deflating, "with", &own);
    CHECK(with.client.on_bytes(as_bytes(outer(bad))).error().code == Errc::bad_request);
    CHECK(with.client.on_bytes(as_bytes(frame)).error().code == Errc::not_found);  // it has ended
  }
}

TEST_CASE("bombs cost neither end more than its frame's limit", "[deflate]") {
  ZlibCompressor compressor;
  StageOptions options = compressing(compressor);
  options.record = false;  // a recording keeps what came
  Stage stage(options);
  Peer& bystander = stage.member(kWsJson, "bystander", "r");
  const std::string large = outer(bomb(60'000));  // some 58 MiB
  const std::string small = outer(bomb(3'000));
  // What the process has more after so many frames like that, each of a session of its own.
  const auto growth = [&](const std::string& frame, int code) {
    const std::size_t before = resident_bytes();
    for (int i = 0; i < 30; ++i) {
      Peer& mallory = stage.user(kTcp, "mallory");
      mallory.bytes(as_bytes(frame));
      stage.run();
      REQUIRE(mallory.closed() == code);
    }
    const std::size_t after = resident_bytes();
    return after > before ? after - before : 0;
  };
  growth(large, 1009);
  const std::size_t counted = stage.memory.bytes;
  const std::size_t usual = growth(outer("\xff\xff"), 1007);
  const std::size_t loud = growth(large, 1009);
  const std::size_t quiet = growth(small, 1009);
  CHECK(stage.memory.bytes <= counted + 64 * 1024);
  CHECK(bystander.closed() == 0);

  const std::string downwards = outer(bomb(100'000));
  for (int i = 0; i < 20; ++i) {
    ZlibInflater inflater;
    Program victim(stage, "victim", &inflater);
    CHECK(victim.client.on_bytes(as_bytes(downwards)).error().code == Errc::too_large);
    CHECK(victim.heap.peak < 2 * 128 * 1024 + 128 * 1024);
  }
#if defined(__SANITIZE_ADDRESS__)
  constexpr std::size_t kMore = 256u << 20;  // it keeps what was freed for a while
#else
  constexpr std::size_t kMore = 4u << 20;
#endif
  CHECK(loud < usual + kMore);
  CHECK(quiet < usual + kMore);
}
