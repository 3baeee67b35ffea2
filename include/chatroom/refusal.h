// Refusal: why a client was told no. Each such answer carries a number (`verdict` on the wire), by
// which Engine::why says the rest, to whoever was written to about it.
#pragma once

#include "chatroom/command.h"
#include "chatroom/connection.h"
#include "chatroom/error.h"

namespace chatroom {

// Views live until the next call on the engine.
struct Refusal {
  std::uint64_t verdict = 0;
  std::int64_t time_ms = 0;
  SessionId session{};      // that was told; it may be gone
  std::string_view user{};  // empty: not signed in, yet or any more
  std::string_view room{};  // empty: outside rooms
  Op op = Op::none;
  Error error{};  // rule_of and scope_of say what it was, message_of both in words

  explicit operator bool() const noexcept { return verdict != 0; }
};

}  // namespace chatroom
