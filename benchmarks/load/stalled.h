// Stalled: what the others notice of members who do not read.
#pragma once

#include <string>

namespace load {

struct StalledOptions {
  std::string server;
  int port = 0;
  int members = 1'000;
  int stalled = 10;
  int pairs = 20;
  double rate = 100;  // messages a second
  double seconds = 2;
};

// Pairs of runs, each with a fresh server: without members who stall, and with them; which comes
// first changes. Prints one JSON line: the ratios of p99 with their median and the interval that
// holds it with 95 % (order statistics), and by how much memory the server held more. False: a run
// lost something.
bool print_stalled(const StalledOptions& options);

}  // namespace load
