// Budgets: the records of a room with a receive budget. Either its channels share one, or
// (RoomPolicy::channel_*) each that is being spoken in has its own, under what the room shows over
// all of them. A channel nobody speaks in has no record and no part.
#pragma once

#include <array>

#include "room/overload.h"

namespace chatroom::room {

struct Budgets {
  explicit Budgets(bool each) noexcept : apart(each) {}

  // Who decides for the channel: its own record, or the one of all. That of main is always there.
  Overload& of(ChannelIndex channel) noexcept {
    return channels[channel] != nullptr ? *channels[channel] : *channels[0];
  }
  const Overload& of(ChannelIndex channel) const noexcept {
    return channels[channel] != nullptr ? *channels[channel] : *channels[0];
  }
  // What that channel may show in a second, as long as those speak who do now.
  Share share(const RoomPolicy& policy, ChannelIndex channel) noexcept;
  // When a window has ended: divides the room's budget anew, as was asked for.
  void divide(const RoomPolicy& policy) noexcept;
  Instant next_end() const noexcept;
  Rung rung() const noexcept;  // the highest

  const bool apart;
  Cap cap;
  std::array<Overload*, kChannelsMax> channels{};
};

}  // namespace chatroom::room
