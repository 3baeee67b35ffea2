// Verified frames to records. Declared without the library's names, for flatbuffers_codec.cc.
#pragma once

#include "chatroom/codec.h"
#include "wire/flatbuffers_scratch.h"

namespace chatroom::wire {

// `frame` is aligned to 8.
Decoded decode_command(Bytes frame, CommandLists& lists, Command& command) noexcept;
Decoded decode_event(Bytes frame, EventLists& lists, Event& event) noexcept;

}  // namespace chatroom::wire
