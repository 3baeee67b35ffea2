// One command of each op and one event of each type, with every field set that it has: what the
// codec suite sends there and back.
#pragma once

#include <vector>

#include "chatroom/command.h"
#include "chatroom/event.h"

namespace chatroom::testing {

std::vector<Command> some_commands();
std::vector<Event> some_events();

}  // namespace chatroom::testing
