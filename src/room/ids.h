// The indexes by which the room layer names its records, and the small sets it speaks in.
//
// An index is a slot of a table that is reused: it means something only while the thing it names is
// there. The engine keeps none across the end of a session, a membership or a room.
#pragma once

#include <cstdint>

namespace chatroom::room {

using SessionIndex = std::uint32_t;     // the engine's session slot (SessionId::index)
using UserIndex = std::uint32_t;        // a user id that is signed in, or that a room remembers
using MemberIndex = std::uint32_t;      // one user in one room
using MembershipIndex = std::uint32_t;  // one session in one room
inline constexpr std::uint32_t kNone = UINT32_MAX;

// Bit i is channel i of a room; bit 0 is "main". Channels never move and are never taken away while
// the room lives, so a mask stays true.
using ChannelMask = std::uint32_t;
using ChannelIndex = std::uint32_t;
inline constexpr std::uint32_t kChannelsMax = 32;
inline constexpr ChannelMask kAllChannels = UINT32_MAX;
constexpr ChannelMask bit_of(ChannelIndex channel) noexcept { return ChannelMask{1} << channel; }

}  // namespace chatroom::room
