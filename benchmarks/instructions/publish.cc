// What a message costs before anybody is sent it: publishes in a room of so many members, counted
// in instructions by valgrind. Run by instructions.sh.
//
//   publish_instructions MEMBERS PUBLISHES
#include <cstdio>

#include "micro/callgrind.h"
#include "micro/null_room.h"

namespace chatroom::bench {
namespace {

// By a member, through all checks; each is flushed outside of what is counted, so that every one
// finds the room as the one before did.
int run(std::uint32_t members, int publishes) {
  NullRoom room(members);
  const auto publish = [&] {
    return static_cast<bool>(
        room.engine->publish(room.sessions[0], {.room = "plaza", .text = kText}));
  };
  // Past the first chunks and the first lap of the history.
  for (int i = 0; i < 1'024; ++i) {
    if (!publish()) return 1;
    if (i % 64 == 63) room.flush();
  }
  for (int i = 0; i < publishes; ++i) {
    CALLGRIND_START_INSTRUMENTATION;
    const bool said = publish();
    CALLGRIND_STOP_INSTRUMENTATION;
    if (!said) return 1;
    room.flush();
  }
  return 0;
}

}  // namespace
}  // namespace chatroom::bench

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("publish_instructions MEMBERS PUBLISHES\n", stderr), 2;
  return chatroom::bench::run(static_cast<std::uint32_t>(std::strtoul(argv[1], nullptr, 10)),
                              std::atoi(argv[2]));
}
