// Joins: what it costs the server to let somebody in, beside a bare server that accepts, upgrades
// and sends as often; and what those who are in hear of it.
#pragma once

#include <string>

namespace load {

struct JoinOptions {
  std::string server;
  std::string floor;  // none: only the server
  int port = 0;
  int members = 15'000;
  int rounds = 5;
};

// So many join one room as fast as they can, over and over with fresh servers that take turns with
// the floor. Prints one JSON line: server CPU per join, the ratios of the rounds with their median,
// and of presence the greatest number of frames and bytes that one member got in one second. False:
// something did not start.
bool print_joins(const JoinOptions& options);

}  // namespace load
