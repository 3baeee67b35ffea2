// The one computation of the opening handshake (RFC 6455 4.2.2): the accept value for a key. SHA-1
// is here for nothing but that; it protects nothing.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "chatroom/types.h"

namespace chatroom::websocket {

std::array<std::byte, 20> sha1(std::string_view text) noexcept;
std::string base64(Bytes bytes);

// Whether `key` is what a client must send: 16 bytes in base64.
bool is_handshake_key(std::string_view key) noexcept;
std::string accept_for(std::string_view key);

}  // namespace chatroom::websocket
