// Commands and events as text, field by field as command.h and event.h name them for each op and
// type: what the codec suite compares.
#pragma once

#include <string>

#include "chatroom/command.h"
#include "chatroom/event.h"

namespace chatroom::testing {

std::string describe(const Command& command);
std::string describe(const Event& event);

}  // namespace chatroom::testing
