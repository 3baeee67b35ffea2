// What the host gives is checked like what a peer sends: a name or a text that breaks the protocol
// would break every client that is told it.
#pragma once

#include "chatroom/command.h"
#include "chatroom/decision.h"
#include "chatroom/error.h"
#include "chatroom/limits.h"

namespace chatroom::engine {

// Each answers bad_request, or ok with defaults filled in. Sizes of text and data are checked where
// they are admitted.
[[nodiscard]] Status check_host_command(Command& command) noexcept;
[[nodiscard]] Status check_host_message(Outgoing& message) noexcept;
[[nodiscard]] Status check_host_identity(const Identity& identity) noexcept;
[[nodiscard]] Status check_host_text(std::string_view text) noexcept;

// too_large past the engine's limits.
[[nodiscard]] Error check_sizes(const Outgoing& message, const Limits& limits) noexcept;

// Before a call becomes an input: too_large where it could not even be recorded, bad_request where
// its lists are longer than any record's. Then nothing happened.
[[nodiscard]] Error admit(const Limits& limits, std::size_t bytes) noexcept;
[[nodiscard]] Error admit(const Limits& limits, const Outgoing& message) noexcept;
[[nodiscard]] Error admit(const Limits& limits, const Command& command) noexcept;
[[nodiscard]] Error admit(const Limits& limits, const Identity& identity) noexcept;
[[nodiscard]] Error admit(const Limits& limits, const Answer& answer) noexcept;

// Whether a command is moderation or settings of one room.
bool moderates(Op op) noexcept;

// An answer to a question: what cannot be used has become a refusal, `internal`.
Answer checked(const Answer& answer) noexcept;
// With the rule `host`, unless the host named another.
Error refused_by_host(Error error) noexcept;

}  // namespace chatroom::engine
