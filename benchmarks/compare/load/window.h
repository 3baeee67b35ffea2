// One window of measurement: messages at a rate, or in bursts, and what the two sides used.
#pragma once

#include <sys/types.h>

#include "members.h"

namespace compare {

struct Pattern {
  double rate = 0;    // messages a second, evenly; 0: bursts
  int burst = 1;      // so many at once, the next when all members have all of them
  int pause_ms = 10;  // and then this pause
  double seconds = 2;
  std::uint64_t messages = 0;  // at most; 0: no limit
  double grace_s = 12;         // how long to wait for what is still missing
};

struct Measured {
  std::uint64_t said = 0, expected = 0;
  double seconds = 0, active_seconds = 0;  // active: something was on its way
  double server_cpu = 0, client_cpu = 0, client_cpu_active = 0;
  Histogram late;  // a message was said so long after it was due
};

// CPU seconds that these processes used, all their threads.
double cpu_seconds(const std::vector<pid_t>& processes);
double own_cpu_seconds();

class Speaker {
 public:
  // `text_bytes`: of a message; `shrinks`: less one for each digit of its number above the first.
  Speaker(Members& members, std::size_t text_bytes, bool shrinks);
  void say(int messages);
  std::uint64_t said() const { return number_; }

 private:
  Members& members_;
  const std::size_t text_bytes_;
  const bool shrinks_;
  std::uint32_t number_ = 0;
};

Measured run_window(Members& members, Speaker& speaker, const Pattern& pattern,
                    const std::vector<pid_t>& server);

}  // namespace compare
