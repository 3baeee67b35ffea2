// Neighbours: what a room of ten and direct messages notice of a room of thousands on the same
// core.
#pragma once

#include <string>
#include <vector>

#include "process.h"

namespace load {

// What the names of users and rooms begin with: those who measure, those who are measured beside.
struct Names {
  std::string calm;
  std::string loud;
};

// Latencies while a process of its own says so many messages a second in a room of `members`, one
// of `rates` after the other (0: the large room is there and quiet), `rounds` times. Prints one
// JSON object: what was seen at each rate, and the p99 of each round over that of the rates before
// it, as [median, least, greatest]. False: somebody could not come in.
bool print_neighbours(Process& server, int port, const Names& names, int members,
                      const std::vector<double>& rates, int rounds, double seconds);

}  // namespace load
