// Conformance: what an adapter owes the engine, as suites that run against anybody's. Ours pass
// them; so should yours:
//
//   const auto found = check_storage([] { return StorageUnderTest{std::make_shared<MyStorage>()};
//   }); CHECK(found.text() == "");
//
// Each checks the promises that the port's header makes, from outside, and names the broken one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chatroom/client.h"
#include "chatroom/codec.h"
#include "chatroom/connection.h"
#include "chatroom/engine.h"
#include "chatroom/event_loop.h"
#include "chatroom/memory.h"
#include "chatroom/storage.h"

namespace chatroom::testing {

// What a suite found: a sentence for each broken promise, none twice.
struct Conformance {
  std::vector<std::string> failures;
  std::size_t checks = 0;

  bool passed() const noexcept { return failures.empty(); }
  std::string text() const;  // one failure a line; empty: all is well

  void check(bool good, std::string_view promise);
};

// Memory: sizes, alignments, blocks that do not overlap.
Conformance check_memory(Memory& memory);

// EventLoop. `run` lets it work for about so long (real or not) and answers when it is done.
struct LoopUnderTest {
  std::shared_ptr<EventLoop> loop;
  std::function<void(Duration)> run;
  bool threads = true;  // wake is tried from another thread too
};
Conformance check_event_loop(const std::function<LoopUnderTest()>& make);

// Storage. Each call of `make` begins with nothing stored. `settle` makes late replies come; empty:
// they come at once.
struct StorageUnderTest {
  std::shared_ptr<Storage> storage;
  std::function<void()> settle{};
};
Conformance check_storage(const std::function<StorageUnderTest()>& make);

// Codec: commands and events of every kind there and back; short buffers; bytes that are no frames.
Conformance check_codec(Codec& codec);

// Connection: an adapter's whole way between an Engine and a peer, which is a Client here. The
// adapter connects one session and moves its bytes; the suite looks at both ends.
class LinkUnderTest {
 public:
  virtual ~LinkUnderTest() = default;

  // The engine's loop, on which this link lives.
  virtual EventLoop& loop() = 0;
  // Codec, kind, framing of both ends; a null codec: the suite's own FlatBuffers.
  virtual ClientOptions client() { return {}; }
  virtual EnginePorts ports() { return {}; }  // what sessions of that kind need (json)
  // Opens the session and joins its other end to `peer`. Once.
  virtual Status connect(Engine& engine, Client& peer) = 0;
  // Moves bytes and time for a moment: the peer's pending bytes to the engine, what came from it
  // into the peer (unless held).
  virtual void run() = 0;
  // The peer reads nothing any more, or goes on.
  virtual void hold(bool held) = 0;
  virtual void hang_up() = 0;  // the peer is gone
  virtual bool ended() = 0;    // the peer saw the end of the stream
  virtual void stop() {}       // the last call: closes what it has; the engine goes after it
  virtual bool stops() { return true; }  // a held peer makes the link take less, sooner or later
};
Conformance check_connection(const std::function<std::unique_ptr<LinkUnderTest>()>& make);

}  // namespace chatroom::testing
