// What the tests of the server half share: a session on a codec of words, and its memory counted.
#pragma once

#include <cstring>
#include <random>
#include <string>
#include <vector>
#include "catch.hpp"
#include "chatroom/global_heap.h"
#include "session/session.h"
#include "unit/session/word_codec.h"

namespace session_test {

using namespace chatroom;
using namespace chatroom::session;
using Type = Intake::Type;
using Farewell = Intake::Farewell;

inline constexpr Instant kStart{1'700'000'000'000'000};

// The heap, counted, with a budget.
class CountedMemory final : public Memory {
 public:
  void* allocate(std::size_t size, std::size_t align) noexcept override {
    if (allocations_left-- == 0) return nullptr;
    bytes += size;
    return global_heap()->allocate(size, align);
  }
  void release(void* block, std::size_t size, std::size_t align) noexcept override {
    bytes -= size;
    global_heap()->release(block, size, align);
  }
  std::size_t bytes = 0;
  int allocations_left = -1;
};

// What an intake came to, as text: "command join 5", "refuse unauthorized 5", "close 4501 reply".
inline std::string describe(const Intake& intake) {
  const std::string id = std::to_string(intake.id);
  switch (intake.type) {
    case Type::none:
      return "none";
    case Type::command:
      return "command " + std::string(name_of(intake.command->op)) + " " + id;
    case Type::refuse:
      return "refuse " + std::string(name_of(intake.error.code)) + " " + id;
    case Type::deflate:
      return "deflate";
    case Type::pong:
      return "pong " + std::string(as_text(intake.payload));
    case Type::close:
      break;
  }
  std::string text = "close " + std::to_string(static_cast<int>(intake.code));
  if (intake.farewell == Farewell::echo) text += " echo";
  if (intake.farewell == Farewell::reply) {
    text += " " + std::string(name_of(intake.error.code)) + " " + id;
  }
  return text;
}

// "Inflates" "x" + text to text, "2" + text to it twice, "0" + n to n zeros; else bad.
class Doubling final : public Compressor {
 public:
  void restart(std::uint8_t) noexcept override {}
  std::size_t deflate(std::span<const Bytes>, MutableBytes) noexcept override { return 0; }
  Inflated inflate(Bytes message, MutableBytes out) noexcept override {
    const std::string text(as_text(message.subspan(1)));
    const char first = static_cast<char>(message[0]);
    std::string plain = first == 'x' ? text : first == '2' ? text + text : std::string();
    if (first == '0') plain.resize(std::stoul(text));
    if (first == 'm') return {Outcome::no_memory, 0};
    if (plain.empty()) return {};
    if (plain.size() > out.size()) return {Outcome::too_large, out.size()};
    std::memcpy(out.data(), plain.data(), plain.size());
    return {Outcome::whole, plain.size()};
  }
};

struct Fixture {
  Limits limits;
  CountedMemory memory;
  WordCodec flatbuffers;
  WordCodec json;
  Doubling doubling;  // before `sessions`
  Instant now = kStart;
  std::unique_ptr<Sessions> sessions;
  Session session;

  explicit Fixture(Framing framing = Framing::outer, bool known = false, Limits given = {},
                   bool inflates = true)
      : limits(given), sessions(std::make_unique<Sessions>(limits, memory)) {
    REQUIRE(sessions->create({.flatbuffers = &flatbuffers,
                              .json = &json,
                              .compressor = inflates ? &doubling : nullptr,
                              .seed = 7}));
    reopen(framing, known);
  }
  ~Fixture() { sessions->close(session); }

  void reopen(Framing framing, bool known) {
    sessions->close(session);
    const CodecKind codec =
        framing == Framing::websocket ? CodecKind::json : CodecKind::flatbuffers;
    REQUIRE(sessions->open(session, {.codec = codec, .framing = framing, .known = known}, now));
  }
  // Everything that `bytes` lead to; auth is accepted at once unless the token is "later".
  std::vector<std::string> feed(std::string_view bytes) {
    std::vector<std::string> seen;
    Bytes rest = as_bytes(bytes);
    for (;;) {
      const Intake intake = sessions->next(session, rest, now);
      if (intake.type == Type::none) break;
      seen.push_back(describe(intake));
      if (intake.op == Op::auth && intake.type == Type::command &&
          intake.command->token != "later") {
        sessions->accept(session);
      }
    }
    REQUIRE(rest.empty());
    return seen;
  }
  std::string frame(FrameKind kind, std::string_view payload) {
    const std::string seen = describe(sessions->frame(session, kind, as_bytes(payload), now));
    if (seen.starts_with("command auth")) sessions->accept(session);
    return seen;
  }
  std::string text(std::string_view payload) { return frame(FrameKind::text, payload); }
};

using Seen = std::vector<std::string>;

}  // namespace session_test
