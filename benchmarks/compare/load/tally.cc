#include "tally.h"

#include <algorithm>
#include <bit>
#include <ctime>

namespace compare {

std::int64_t now_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

void Histogram::add(std::int64_t us) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0));
  const auto power = static_cast<std::size_t>(std::bit_width(value / kSteps));
  const std::size_t at = power * kSteps + static_cast<std::size_t>(value >> power);
  ++counts_[std::min(at, counts_.size() - 1)];
  ++total_;
}

double Histogram::quantile(double share) const {
  const double wanted = share * static_cast<double>(total_);
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    passed += counts_[i];
    if (counts_[i] > 0 && static_cast<double>(passed) >= wanted)
      return static_cast<double>((i % kSteps + 1) << (i / kSteps));
  }
  return 0;
}

void Tally::said(std::uint32_t number, std::int64_t at) {
  messages_.resize(std::max<std::size_t>(messages_.size(), number + 1));
  messages_[number].said = at;
}

void Tally::received(std::uint32_t due, std::uint32_t number, std::int64_t at,
                     std::size_t frame_bytes) {
  if (number >= messages_.size()) return;  // nobody said that
  ++delivered;
  if (number != due) ++disorder;
  frame_least = std::min(frame_least, frame_bytes);
  frame_most = std::max(frame_most, frame_bytes);
  Message& message = messages_[number];
  if (message.first == 0) message.first = at;
  message.last = at;
  latency.add(at - message.said);
}

void Tally::forget() {
  since_ = messages_.size();
  delivered = disorder = frame_most = 0;
  frame_least = SIZE_MAX;
  latency = {};
}

Histogram Tally::skew() const {
  Histogram out;
  for (std::size_t i = std::max<std::size_t>(since_, 1); i < messages_.size(); ++i)
    if (messages_[i].first != 0) out.add(messages_[i].last - messages_[i].first);
  return out;
}

}  // namespace compare
