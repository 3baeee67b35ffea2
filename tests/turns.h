// Two costs compared by CPU time, for tests of what somebody hostile can make a call cost.
#pragma once

#include <algorithm>
#include <ctime>
#include <limits>

namespace chatroom::test {

struct Turns {
  std::clock_t first = std::numeric_limits<std::clock_t>::max();
  std::clock_t second = std::numeric_limits<std::clock_t>::max();
};

// The best of seven of each, in turns: what else the machine does must not decide. `cost_of` says
// the ticks of CPU time that one took.
template <class Cost, class Input>
Turns in_turns(Cost cost_of, const Input& first, const Input& second) {
  Turns best;
  for (int i = 0; i < 7; ++i) {
    best.first = std::min(best.first, cost_of(first));
    best.second = std::min(best.second, cost_of(second));
  }
  return best;
}

}  // namespace chatroom::test
