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

// The same of an answer to a question: what cannot be used has become a refusal, `internal`.
Answer checked(const Answer& answer) noexcept;

}  // namespace chatroom::engine
