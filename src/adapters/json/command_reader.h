// Commands out of JSON: the server's half of decoding.
#pragma once

#include <array>

#include "chatroom/codec.h"
#include "json/reader.h"

namespace chatroom::json {

// Where a command's lists live until the next one is read.
struct CommandLists {
  std::array<std::string_view, kChannelsPerCommand> channels;
  std::array<std::string_view, kMentionsPerMessage> mentions;
};

// `nodes`: what the Reader made of the frame; `verdict`: what it thought of it.
Decoded read_command(std::span<const Node> nodes, Verdict verdict, CommandLists& lists,
                     Command& command) noexcept;

}  // namespace chatroom::json
