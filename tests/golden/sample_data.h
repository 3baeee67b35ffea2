// What samples of commands and of events have in common.
#pragma once

#include "chatroom/codec.h"

namespace chatroom::golden {

inline Data json_data(std::string_view text) { return {Data::Form::json, as_bytes(text)}; }
inline Data binary_data(std::string_view text) { return {Data::Form::binary, as_bytes(text)}; }

}  // namespace chatroom::golden
