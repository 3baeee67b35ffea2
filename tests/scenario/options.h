// With what an engine of a scenario is made, where the scenario says nothing else.
#pragma once

#include "chatroom/engine.h"

namespace chatroom::test {

// Everything has a limit, but rates are off: scenarios that are about rates set them.
inline Limits quiet_limits() {
  Limits limits;
  limits.sessions = 256;
  limits.rooms = 64;
  limits.memberships = 1'024;
  limits.keys = 256;
  limits.commands = limits.publishes = limits.joins = limits.inbound = Rate::unlimited();
  limits.room_publishes = limits.joins_in_all = limits.user_publishes = Rate::unlimited();
  limits.log_pool_bytes = 8u << 20;
  limits.private_pool_bytes = 8u << 20;
  limits.input_pool_bytes = 2u << 20;
  limits.history_pool_bytes = 8u << 20;
  limits.waiting_bytes = 4u << 20;
  limits.events = 4'096;
  limits.questions = 256;
  limits.refusals = 0;  // no numbers in answers, but where a scenario is about them
  return limits;
}
inline EngineOptions open_options() {
  EngineOptions options;
  options.seed = 7;
  options.limits = quiet_limits();
  options.open_server = true;
  options.open_rooms = true;
  return options;
}

struct StageOptions {
  EngineOptions engine = open_options();
  EnginePorts ports{};  // what stands here is used
  bool polled = false;  // no loop: Stage::run calls advance
  bool record = true;
  bool fragile = false;         // memory may fail: what cannot be done is left out
  std::uint64_t loop_seed = 1;  // of its entropy, and so of the hash key
};

// The first to join a room owns it.
inline StageOptions owned(const EnginePorts& ports = {}) {
  StageOptions options;
  options.ports = ports;
  options.engine.new_room_policy.first_join_owns = true;
  return options;
}

}  // namespace chatroom::test
