// Rooms that are stored, as the tests of storage look at them.
#pragma once

#include <string>

#include "scenario/stage.h"

namespace chatroom::test {

inline StageOptions stored(Storage& storage, Durability durability = Durability::behind) {
  StageOptions options;
  options.ports.storage = &storage;
  options.engine.new_room_policy.durability = durability;
  return options;
}

// Texts of the messages in an answer or in events.
inline std::string texts(const std::string& lines) {
  std::string found;
  for (std::size_t at = lines.find("\"text\":\""); at != std::string::npos;
       at = lines.find("\"text\":\"", at + 1)) {
    found += lines.substr(at + 8, lines.find('"', at + 8) - at - 8) + " ";
  }
  return found;
}

inline std::string epoch_in(const std::string& answer) {
  const std::size_t at = answer.find("\"epoch\":\"");
  return at == std::string::npos ? "" : answer.substr(at + 9, 16);
}

}  // namespace chatroom::test
