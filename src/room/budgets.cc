// How the channels of a room share what it shows.
#include "room/budgets.h"

#include <algorithm>

#include "base/plant.h"

namespace chatroom::room {

namespace {

bool speaks(const Overload* one) noexcept {
  return one != nullptr && one->window_end() != Instant::never();
}

}  // namespace

Share Budgets::share(const RoomPolicy& policy, ChannelIndex channel) noexcept {
  Share share(policy);
  if (!apart || CHATROOM_PLANTED(channel_budget_shared)) return share;
  std::uint32_t others = 0;  // than main
  for (std::size_t i = 1; i < channels.size(); ++i) {
    others += i == channel || speaks(channels[i]) ? 1 : 0;
  }
  const bool main_speaks = channel == 0 || speaks(channels[0]);
  // Main has half at least, which nobody takes by speaking in many channels: there may be more of
  // them than places, and then those beside main are sure of none.
  const auto part = [&](std::uint32_t whole) {
    const std::uint32_t of_main = !main_speaks || CHATROOM_PLANTED(main_has_no_half) ? 0
                                  : others == 0                                      ? whole
                                                : whole - whole / 2;
    return channel == 0 ? of_main : (whole - of_main) / others;
  };
  cap.normal.per_second = policy.receive_normal_per_s;
  cap.normal.sure = part(policy.receive_normal_per_s);
  cap.high.per_second = policy.receive_high_per_s;
  cap.high.sure = part(policy.receive_high_per_s);
  share.normal = policy.channel_normal_per_s;
  share.high = policy.channel_high_per_s;
  share.cap = &cap;
  if (cap.normal.bound()) {
    share.expected = std::max(of(channel).expected(), cap.normal.sure);
    if (share.normal > 0) share.expected = std::min(share.expected, share.normal);
  } else {
    share.expected = share.normal;
  }
  return share;
}

// Who asks for less than an equal part has what it asks for, and the others share the rest alike.
void Budgets::divide(const RoomPolicy& policy) noexcept {
  if (!apart || policy.receive_normal_per_s == 0) return;
  std::array<std::uint32_t, kChannelsMax> wishes;
  std::size_t count = 0;
  for (const Overload* one : channels) {
    if (!speaks(one)) continue;
    const std::uint32_t own = policy.channel_normal_per_s;
    wishes[count++] = own > 0 ? std::min(one->demand(), own) : one->demand();
  }
  std::sort(wishes.begin(), wishes.begin() + count);
  std::uint32_t left = policy.receive_normal_per_s;
  std::uint32_t level = left;
  for (std::size_t i = 0; i < count; ++i) {
    level = left / static_cast<std::uint32_t>(count - i);
    if (wishes[i] > level) break;
    // The last may have more than it asks for: all that nobody else does.
    level = left;
    left -= wishes[i];
  }
  for (Overload* one : channels) {
    if (one != nullptr) one->expect(level);
  }
}

Instant Budgets::next_end() const noexcept {
  if (!apart) return channels[0]->window_end();
  Instant first = Instant::never();
  for (const Overload* one : channels) {
    if (one != nullptr) first = std::min(first, one->window_end());
  }
  return first;
}

Rung Budgets::rung() const noexcept {
  Rung highest = Rung::normal;
  for (const Overload* one : channels) {
    if (one != nullptr) highest = std::max(highest, one->rung());
  }
  return highest;
}

}  // namespace chatroom::room
