// Idle: what sessions cost that have joined a room and say nothing.
#pragma once

#include <string>

namespace load {

struct IdleOptions {
  std::string server;
  int port = 0;
  int sessions = 15'000;    // of each server
  int servers = 1;          // at once, each with a process of clients on an address of its own
  bool everything = false;  // all that chatd has is switched on, and used by each member
};

// Bytes: two sizes and the difference, so that what the process has anyway cancels out. CPU: over
// 30 seconds in which each session is pinged once. Prints one JSON line. False: a server or a
// session failed.
bool print_idle(const IdleOptions& options);

}  // namespace load
