// All of the core in one include. Adapters have headers of their own in chatroom/adapters.
#pragma once

#include "chatroom/engine.h"
#include "chatroom/remote.h"
#include "chatroom/room.h"
