// Verified frames to records. Declared without the library's names, for flatbuffers_codec.cc.
#pragma once

#include "chatroom/codec.h"
#include "wire/flatbuffers_scratch.h"

namespace chatroom::wire {

// `frame` is aligned to 8. `data_bytes_max`: longer data is too_large, unread; 0: no bound.
Decoded decode_command(Bytes frame, std::uint32_t data_bytes_max, CommandLists& lists,
                       Command& command) noexcept;
Decoded decode_event(Bytes frame, EventLists& lists, Event& event) noexcept;

}  // namespace chatroom::wire
