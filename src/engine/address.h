// Addresses of peers, for the bucket that all sessions of one share (Limits::address_commands).
#pragma once

#include "base/siphash.h"
#include "chatroom/types.h"

namespace chatroom::engine {

// What counts as one address in `peer` as transports write it: `192.0.2.7:4040` without its port,
// `[2001:db8::7]:4040` the first 64 bits, since one household has all of them; of a form that it
// does not know, all of it. 0: there is none.
std::uint64_t address_of(std::string_view peer, base::HashKey key) noexcept;

}  // namespace chatroom::engine
