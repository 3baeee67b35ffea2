// Records to frames. Declared without the library's names, for flatbuffers_codec.cc.
#pragma once

#include "chatroom/codec.h"

namespace chatroom::wire {

// Builds in `scratch` (aligned to 16, a multiple of 16 long) and answers the frame, which stands
// inside of it; empty if it might not fit: nothing is begun before the bound is known.
Bytes encode_command(const Command& command, MutableBytes scratch) noexcept;
Bytes encode_event(const Event& event, MutableBytes scratch) noexcept;

}  // namespace chatroom::wire
