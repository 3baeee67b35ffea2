// Limits so small that a test can fill each of them.
#pragma once

#include "scenario/stage.h"

namespace chatroom::test {

inline Limits small_limits() {
  Limits limits = quiet_limits();
  limits.sessions = 32;
  limits.half_open = 8;
  limits.rooms = 8;
  limits.memberships = 64;
  limits.keys = 64;
  limits.events = 64;
  limits.questions = 16;
  limits.window_bytes = 64 * 1024;
  limits.log_pool_bytes = 512 * 1024;
  limits.private_pool_bytes = 512 * 1024;
  limits.input_pool_bytes = 128 * 1024;
  limits.history_pool_bytes = 256 * 1024;
  limits.waiting_bytes = 256 * 1024;
  limits.mailbox_bytes = 64 * 1024;
  limits.mailbox_messages = 16;
  return limits;
}

}  // namespace chatroom::test
