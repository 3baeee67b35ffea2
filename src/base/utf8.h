// What text from a peer must be before anything else looks at it.
#pragma once

#include <cstddef>

#include "chatroom/types.h"

namespace chatroom::base {

// Strict UTF-8: no overlong forms, no surrogates, nothing over U+10FFFF, nothing cut off.
bool valid_utf8(std::string_view text) noexcept;
inline bool valid_utf8(Bytes bytes) noexcept { return valid_utf8(as_text(bytes)); }

// C0 controls, bytes 0x00-0x1F: names may hold none of them.
bool has_control(std::string_view text) noexcept;
bool has_nul(std::string_view text) noexcept;

// The rules of protocol.md for names (room, user, channel, key, nick) and for message text.
bool valid_name(std::string_view name, std::size_t bytes_max) noexcept;
inline bool valid_text(std::string_view text) noexcept {
  return !has_nul(text) && valid_utf8(text);
}

}  // namespace chatroom::base
