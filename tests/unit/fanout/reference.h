// What the random histories know of entries and members beside the fan-out: what was said, and what
// each member must have received of it.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "unit/fanout/world.h"

namespace fanout_test {

struct Said {
  int priority = 1;
  bool lossy = true;
  bool counted = false;
  std::uint8_t channel = kEveryChannel;
  std::uint64_t key = 0;
  std::string frame;
  std::uint64_t withdrawn = 0;  // step; 0: not
};

struct Membership {
  std::uint64_t joined_at = 0;  // step
  Sequence joined = 0;          // the head then
  // From this sequence on, these channels.
  std::vector<std::pair<Sequence, ChannelMask>> masks;
  std::set<Sequence> received;
  Sequence last = 0;
  std::uint64_t told = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;
  // Of its last choice: what came of the entries behind it that are counted.
  Receive receive;
  bool chose = false;
  Instant chosen_at;
  Sequence chosen = 0;
  std::uint64_t taken[kPriorityCount] = {};
  Sequence pushed = 0;   // the last barrier; they must not fall
  Sequence barrier = 0;  // the last one whose item arrived

  ChannelMask mask_at(Sequence sequence) const {
    ChannelMask mask = 0;
    for (const auto& [from, channels] : masks) {
      if (from <= sequence) mask = channels;
    }
    return mask;
  }
};

// What the histories of a run went through, so that none of it is missing unnoticed.
struct Reached {
  std::uint64_t deflated = 0;
  std::uint64_t delivered = 0, merged = 0, sampled = 0, dropped = 0, closed = 0;
  std::uint64_t overloaded = 0, doomed = 0, gaps = 0, items_dropped = 0, strict_barriers = 0;
  std::uint64_t finished_after_leave = 0, masks_refused = 0;
  std::uint64_t choices = 0, choices_refused = 0;
};

}  // namespace fanout_test
