// A world of two or three engines that are one chat server: a broker whose mailboxes are small and
// slow, engines that run when they like, lose sight of each other, or are lost for good.
#pragma once

#include <cstdint>

#include "sim/report.h"

namespace chatroom::sim {

struct ClusterOutcome {
  std::uint64_t said = 0;
  std::uint64_t heard = 0;
  std::uint64_t gaps = 0;
  std::uint64_t resets = 0;
  std::uint64_t parted = 0;
  std::uint64_t lost = 0;
  std::uint64_t verbs = 0;  // of moderators, that were done
};

ClusterOutcome run_cluster(std::uint64_t seed, Report& report);

}  // namespace chatroom::sim
