// The ladder of a room that has more to say than its members can read.
#include "room/overload.h"

#include <algorithm>

#include "base/plant.h"

namespace chatroom::room {

namespace {

constexpr std::uint32_t kCalmWindows = 3;

// A tenth is left for merged repeats and for the chance that more are in than expected.
std::uint32_t places(const Share& share) noexcept {
  return std::max(share.expected - share.expected / 10, 1u);
}

Rung above(Rung rung) noexcept {
  return static_cast<Rung>(
      std::min<int>(static_cast<int>(rung) + 1, static_cast<int>(Rung::read_only)));
}

}  // namespace

Showing Overload::decide(const Share& share, UserIndex author, ChannelIndex channel,
                         const Outgoing& message, Instant now) noexcept {
  if (end_ == Instant::never()) end_ = now + kOverloadWindow;
  if (rung_ == Rung::read_only) {
    return {.way = Showing::Way::refused, .retry_after_ms = base::retry_after_ms(end_ - now)};
  }
  heard_ = true;
  if (message.priority == Priority::high) {
    if (!share.high_bound()) return {};
    const Duration wait =
        high_.take(share.high, share.cap == nullptr ? nullptr : &share.cap->high, now);
    if (wait.us == 0) return {};
    return {.way = Showing::Way::refused, .retry_after_ms = base::retry_after_ms(wait)};
  }
  if (!share.normal_bound()) return {};
  offered_ = std::min(offered_ + 1, UINT32_MAX / 2);
  if (rung_ == Rung::high_only) return withhold(channel);
  return show(share, author, channel, message, now);
}

Showing Overload::show(const Share& share, UserIndex author, ChannelIndex channel,
                       const Outgoing& message, Instant now) noexcept {
  const bool may_merge = share.merge && Repeats::fits(message);
  if (may_merge) {
    const std::uint32_t place = repeats_.find(channel, message);
    if (place != Repeats::kNoPlace) {
      Repeat& repeat = repeats_.at(place);
      repeat.used = true;
      // One whose first was not shown has nothing that it could join.
      if (rung_ >= Rung::merge && repeat.first != 0) {
        ++merged_;
        repeat.count = std::min(repeat.count + 1, UINT32_MAX / 2);
        return {.way = Showing::Way::merged, .first = repeat.first};
      }
    }
  }
  const bool in_sample = sample_.heard(author);
  const bool low = message.priority == Priority::low;
  if (rung_ == Rung::sample && (low || !in_sample || spoke(author))) return withhold(channel);
  if (!take(share, now)) {
    climb(share, Rung::sample);
    return withhold(channel);
  }
  if (rung_ == Rung::sample && speakers_count_ < speakers_.size()) {
    speakers_[speakers_count_++] = author;
  }
  Showing showing;
  if (may_merge && repeats_.find(channel, message) == Repeats::kNoPlace) {
    showing.repeat = repeats_.place(channel, message, author, showing.let_go);
    if (showing.repeat != Repeats::kNoPlace) showing.kept = author;
  }
  return showing;
}

Showing Overload::withhold(ChannelIndex channel) noexcept {
  ++sampled_[channel];
  ++withheld_;
  return {.way = Showing::Way::sampled};
}

void Overload::pressed(Instant now) noexcept {
  if (end_ == Instant::never()) end_ = now + kOverloadWindow;
  pressed_ = true;
}

bool Overload::take(const Share& share, Instant now) noexcept {
  if (CHATROOM_PLANTED(receive_budget_ignored)) return true;
  CapPart* const cap = share.cap == nullptr ? nullptr : &share.cap->normal;
  return normal_.take(share.normal, cap, now).us == 0;
}

bool Overload::spoke(UserIndex author) const noexcept {
  const auto end = speakers_.begin() + speakers_count_;
  return std::find(speakers_.begin(), end, author) != end;
}

void Overload::climb(const Share& share, Rung to) noexcept {
  if (to < rung_) return;  // less would do: that is what three calm windows are made of
  calm_ = 0;
  if (to == rung_) return;
  rung_ = to;
  // What is left of this window is chosen among those heard so far.
  if (to == Rung::sample) sample_.turn(places(share));
}

// The lowest rung that would have borne this window with a fifth to spare.
Rung Overload::demanded(const Share& share) const noexcept {
  const std::uint64_t spare = std::uint64_t{share.expected} * 4;
  if (pressed_) return above(std::max(rung_, Rung::sample));
  if (std::uint64_t{offered_} * 5 <= spare) return Rung::normal;
  if (share.merge && std::uint64_t{offered_ - merged_} * 5 <= spare) return Rung::merge;
  return Rung::sample;
}

Sampled Overload::end_window(const Share& share, Instant now) noexcept {
  const Rung needed = demanded(share);
  if (pressed_) {
    climb(share, needed);
  } else if (offered_ - merged_ > share.expected) {
    climb(share, Rung::sample);
  }
  if (needed < rung_ && !CHATROOM_PLANTED(rung_climbs_only)) {
    if (++calm_ >= kCalmWindows) {
      rung_ = static_cast<Rung>(static_cast<int>(rung_) - 1);
      if (rung_ == Rung::merge && !share.merge) rung_ = Rung::normal;
      calm_ = 0;
    }
  } else {
    calm_ = 0;
  }
  measure();
  const Sampled sampled = sampled_;
  const bool busy =
      heard_ || pressed_ || rung_ != Rung::normal || repeats_.holds() || rate_changed();
  sample_.turn(places(share));
  repeats_.turn();
  speakers_count_ = 0;
  sampled_.fill(0);
  demand_ = offered_ - merged_;
  heard_ = false;
  offered_ = 0;
  merged_ = 0;
  withheld_ = 0;
  pressed_ = false;
  end_ = busy ? std::max(end_, now) + kOverloadWindow : Instant::never();
  return sampled;
}

// ---- What members are told of it

// Of one window on a new rung, of the last few on an old one.
void Overload::measure() noexcept {
  ++rate_age_;
  std::uint32_t kept = 1'000;
  if (rung_ >= Rung::high_only) {
    kept = 0;
  } else if (rung_ == Rung::sample) {
    const std::uint64_t shown = offered_ - withheld_;
    kept = offered_ == 0 ? rate_.kept : static_cast<std::uint32_t>(shown * 1'000 / offered_);
    if (rate_.rung == rung_) kept = (3 * rate_.kept + kept) / 4;
  }
  rate_ = {rung_, kept};
}

bool Overload::rate_changed() const noexcept {
  if (told_rate_.rung != rate_.rung || told_rate_.kept == kNobodyKnows) return true;
  const std::uint32_t apart =
      std::max(rate_.kept, told_rate_.kept) - std::min(rate_.kept, told_rate_.kept);
  return rate_age_ >= kCalmWindows && apart * 4 > told_rate_.kept && apart >= 10;
}

bool Overload::take_rate(ShownRate& rate) noexcept {
  if ((!rate_changed() && !tell_again_) || CHATROOM_PLANTED(rate_untold)) return false;
  tell_again_ = false;
  rate = told_rate_ = rate_;
  rate_age_ = 0;
  return true;
}

ShownRate Overload::rate_told() const noexcept {
  return {told_rate_.rung, std::min(told_rate_.kept, 1'000u)};
}

Repeat* Overload::next_release(const Share& share, Instant now) noexcept {
  if (rung_ >= Rung::high_only) return nullptr;
  if (!repeats_.holds()) return nullptr;
  if (share.normal_bound() && !take(share, now)) return nullptr;
  return &repeats_.at(repeats_.next_held());
}

}  // namespace chatroom::room
