// replay: an engine's recording, run again offline and compared.
#pragma once

#include "chatroom/codec.h"
#include "chatroom/error.h"
#include "chatroom/memory.h"

namespace chatroom {

struct Replayed {
  // ok: every input came again and every port saw the same bytes. bad_request: not a recording, or
  // it breaks off in the middle of an input (then all before it was the same). position_lost: the
  // engine did something else at `record`. unsupported: recorded by another version.
  Status status;
  std::uint64_t records = 0;    // that were the same
  std::uint64_t writes = 0;     // Connection::write calls among them
  std::uint64_t bytes_out = 0;  // taken by transports
  std::uint64_t hash = 0;       // of all that was offered to transports, in order
};

// Runs the whole recording (from Engine::create on) on a new engine in `memory`. `json` is needed
// if the recorded engine had a JSON codec. Blocks until it is done: minutes of chat take seconds.
// How: the new engine's ports answer what the recording says they answered, and its own recording
// is compared with the given one, record by record.
Replayed replay(Bytes recording, Memory& memory, Codec* json) noexcept;

}  // namespace chatroom
