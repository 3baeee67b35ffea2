// Latencies, kept to about 3 %: 32 steps for each doubling.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace replayer {

class Histogram {
 public:
  void add(std::int64_t us) {
    ++counts_[slot(us < 0 ? 0 : static_cast<std::uint64_t>(us))];
    ++total_;
  }
  // The value that `share` of all are not above.
  std::uint64_t percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(total_) * share);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return value(i);
    }
    return 0;
  }

 private:
  static constexpr unsigned kStepBits = 5;
  static constexpr std::size_t kSteps = 1 << kStepBits;

  static std::size_t slot(std::uint64_t v) {
    if (v < kSteps) return static_cast<std::size_t>(v);
    const auto shift = static_cast<unsigned>(std::bit_width(v)) - kStepBits - 1;
    return (shift + 1) * kSteps + static_cast<std::size_t>((v >> shift) - kSteps);
  }
  static std::uint64_t value(std::size_t slot) {
    if (slot < kSteps) return slot;
    const std::size_t shift = slot / kSteps - 1;
    return static_cast<std::uint64_t>(kSteps + slot % kSteps) << shift;
  }

  std::array<std::uint64_t, 60 * kSteps> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace replayer
