// Neighbours: what a room of ten and direct messages notice of a room of thousands on the same
// core.
#pragma once

#include "process.h"

namespace load {

// Latencies alone, then while a process of its own fills a room of `members` with `rate` messages a
// second. Prints one JSON line: each pair is [alone, beside the large room]. False: somebody could
// not come in.
bool print_neighbours(Process& server, int port, int members, double rate, double seconds);

}  // namespace load
