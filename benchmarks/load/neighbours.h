// Neighbours: what a room of ten and direct messages notice of a room of thousands on the same
// core.
#pragma once

#include <string>

#include "process.h"

namespace load {

// What the names of users and rooms begin with: those who measure, those who are measured beside.
struct Names {
  std::string calm;
  std::string loud;
};

// Latencies alone, then while a process of its own fills a room of `members` with `rate` messages a
// second. Prints one JSON line: each pair is [alone, beside the large room]. False: somebody could
// not come in.
bool print_neighbours(Process& server, int port, const Names& names, int members, double rate,
                      double seconds);

}  // namespace load
