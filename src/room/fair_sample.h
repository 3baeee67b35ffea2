// FairSample: which senders a room shows when there are more than its members can read. Each sender
// of a window has the same chance, however much it says, and everybody sees the same choice.
//
// A sender is in when a keyed hash of it and of the window is under a threshold; the threshold
// follows from the number of different senders of the window before, found by linear counting
// (Whang, Vander-Zanden, Taylor 1990): the bits of a map that are set, weighted as they are set.
// One hash a message, no list of senders, nothing to sort; who is in is known at once.
#pragma once

#include <array>
#include <cstdint>

#include "base/siphash.h"

namespace chatroom::room {

class FairSample final {
 public:
  explicit FairSample(base::HashKey key) noexcept : key_(key) {}

  // Counts the sender; true: it is in the sample of this window.
  bool heard(std::uint32_t sender) noexcept;
  // The next window, in which about `places` senders are to be in.
  void turn(std::uint32_t places) noexcept;
  // Different senders of this window so far. Within 3 % up to 10,000; it stops at about 36,000.
  std::uint32_t senders() const noexcept;

 private:
  static constexpr std::uint32_t kBits = 4'096;

  base::HashKey key_;
  std::uint64_t window_ = 0;
  std::uint64_t threshold_ = UINT64_MAX;  // hashes up to it are in
  std::uint64_t weight_ = 0;              // of the set bits, in 65,536ths of a sender
  std::uint32_t unset_ = kBits;
  std::array<std::uint64_t, kBits / 64> map_{};
};

}  // namespace chatroom::room
