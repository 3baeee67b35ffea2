// A codec for which memory runs out, at each of its allocations in turn.
#include <array>
#include <new>
#include <string>

#include "catch.hpp"
#include "chatroom/adapters/json.h"

using namespace chatroom;

namespace {

constexpr int kNever = -1;
int calls_until_failure = kNever;
bool stays_dry = false;  // after the first that failed, or that one only

bool fails() noexcept {
  if (calls_until_failure == 0) {
    if (!stays_dry) calls_until_failure = kNever;
    return true;
  }
  if (calls_until_failure > 0) --calls_until_failure;
  return false;
}

}  // namespace

// The adapter allocates in this form only; everything else in the program keeps its own.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return fails() ? nullptr : ::operator new(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return fails() ? nullptr : ::operator new[](size);
}

TEST_CASE("a codec for which memory ran out says so on each decode, and still writes") {
  constexpr std::string_view kPing = R"({"id":1,"op":"ping"})";
  constexpr std::string_view kHello = R"({"event":"hello","version":1,"heartbeat_ms":5})";
  std::array<std::byte, 64> out;
  int refused = 0;
  bool complete = false;
  for (int failing = 0; !complete; ++failing) {
    INFO(failing);
    calls_until_failure = failing;
    JsonCodec codec;
    complete = calls_until_failure > 0;
    calls_until_failure = kNever;
    Command command;
    Event event;
    const Decoded told = codec.decode(as_bytes(kPing), command);
    const Decoded heard = codec.decode(as_bytes(kHello), event);
    // What the parser did not get, but can get later, is no reason to refuse.
    const Errc code = complete || told.status ? Errc::ok : Errc::internal;
    CHECK(told.status.error().code == code);
    CHECK(heard.status.error().code == code);
    CHECK_FALSE(told.fatal);
    CHECK(codec.encode(Command{.op = Op::ping, .id = 1}, out) == kPing.size());
    refused += code == Errc::internal ? 1 : 0;
  }
  CHECK(refused >= 7);  // the codec, its reader, four blocks of ours, at least one of the parser's
}

TEST_CASE("a codec that never gets any more memory reads no frame wrong") {
  const std::string frame = R"({"id":1,"op":"ping","x":[")" + std::string(1'000, 'x') + "\"]}";
  for (int failing = 0; failing < 12; ++failing) {
    INFO(failing);
    calls_until_failure = failing;
    stays_dry = true;
    JsonCodec codec;
    Command command;
    const Decoded decoded = codec.decode(as_bytes(frame), command);
    calls_until_failure = kNever;
    stays_dry = false;
    if (decoded.status) CHECK(command.id == 1);
    if (failing < 7) CHECK_FALSE(decoded.status);
  }
}
