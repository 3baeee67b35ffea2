// Keys of what the engine itself tells rooms and of which only the newest matters: whoever has not
// been sent the last one yet gets the newer instead. Hashes of the host's own keys are odd (see
// decide_publish.cc) and 64 bits wide, so they do not meet these.
#pragma once

#include <cstdint>

#include "chatroom/command.h"

namespace chatroom::engine {

inline constexpr std::uint64_t kPresenceKey = 1;
inline constexpr std::uint64_t kLineKey = 2;  // and one for each further line
inline constexpr std::uint64_t kReadKey = kLineKey + kLines;
inline constexpr std::uint64_t kLikesKey = kReadKey + 1;
inline constexpr std::uint64_t kRateKey = kLikesKey + 1;  // and one for each further channel

}  // namespace chatroom::engine
