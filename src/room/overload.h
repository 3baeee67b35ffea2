// Overload: what a room with a receive budget shows of what is said in it, and the ladder that it
// climbs when the budget does not hold everything.
//
//   normal      everything, while it fits
//   merge       repeats are counted, and leave as one message a window
//   sample      of the rest as much as fits, the same chance for each sender; low priority waits
//   out high_only   the fan-out cannot follow: only high priority read_only   not even that:
//   members are refused until it can
//
// A rung up is taken as soon as it is needed, at the window's end or when the budget is spent; a
// rung down only after three windows that the lower rung would have borne with a fifth to spare, so
// that a crowd at the edge does not make the room flicker. The host's own broadcasts are not asked.
#pragma once

#include <array>
#include <utility>

#include "base/bucket.h"
#include "chatroom/room.h"
#include "room/fair_sample.h"
#include "room/repeats.h"

namespace chatroom::room {

inline constexpr std::uint32_t kReceiveMax = 256;  // messages a second; policies above: bad_request
inline constexpr Duration kOverloadWindow = Duration::s(1);

// What becomes of one message.
struct Showing {
  enum class Way : std::uint8_t {
    shown,
    merged,   // counted: it leaves with others as one message
    sampled,  // nobody gets it but its sender
    refused,
  };
  Way way = Way::shown;
  std::uint64_t first = 0;                   // merged: offset of the message that it repeats
  std::uint32_t retry_after_ms = 0;          // refused
  std::uint32_t repeat = Repeats::kNoPlace;  // shown: its place among the repeats
  UserIndex kept = kNone;                    // keep this user known
  UserIndex let_go = kNone;                  // and this one no longer
};

// What members are told of what the room shows them: per mille of normal and low.
struct ShownRate {
  Rung rung = Rung::normal;
  std::uint32_t kept = 1'000;
};

// What a window left to tell: messages that nobody but their senders saw.
using Sampled = std::array<std::uint32_t, kChannelsMax>;  // messages, by channel

class Overload final {
 public:
  explicit Overload(base::HashKey key) noexcept : sample_(key) {}

  Rung rung() const noexcept { return rung_; }
  // Of a member's message that passed every other rule. Opens a window if none is open.
  Showing decide(const RoomPolicy& policy, UserIndex author, ChannelIndex channel,
                 const Outgoing& message, Instant now) noexcept;
  // The fan-out had no place for a message of this room.
  void pressed(Instant now) noexcept;
  // True once for each change of the rung.
  bool take_change() noexcept { return std::exchange(told_, rung_) != rung_; }

  // At a window's end: true if members are to be told what they are shown now. When the rung
  // changed, or the share by more than a quarter of what they know and three windows after that.
  bool take_rate(ShownRate& rate) noexcept;
  void rate_untold() noexcept { told_rate_.kept = kNobodyKnows; }
  ShownRate rate_told() const noexcept;

  Instant window_end() const noexcept { return end_; }  // never(): no window is open
  Sampled end_window(const RoomPolicy& policy, Instant now) noexcept;
  void tell_later(ChannelIndex channel, std::uint32_t sampled) noexcept {
    sampled_[channel] += sampled;
  }
  // After end_window: what is held back and may leave now (its count, then 0), or null.
  Repeat* next_release(const RoomPolicy& policy, Instant now) noexcept;
  Repeats& repeats() noexcept { return repeats_; }

 private:
  Showing show(const RoomPolicy& policy, UserIndex author, ChannelIndex channel,
               const Outgoing& message, Instant now) noexcept;
  Showing withhold(ChannelIndex channel) noexcept;
  bool take(const RoomPolicy& policy, Instant now) noexcept;
  bool spoke(UserIndex author) const noexcept;
  Rung demanded(const RoomPolicy& policy) const noexcept;
  void climb(const RoomPolicy& policy, Rung to) noexcept;
  void measure() noexcept;
  bool rate_changed() const noexcept;

  static constexpr std::uint32_t kNobodyKnows = 1'001;

  Rung rung_ = Rung::normal;
  Rung told_ = Rung::normal;
  bool pressed_ = false;
  std::uint32_t calm_ = 0;      // windows in a row that a lower rung would have borne
  std::uint32_t offered_ = 0;   // normal and low, in this window
  std::uint32_t merged_ = 0;    // of them
  std::uint32_t withheld_ = 0;  // of them
  ShownRate rate_;              // as measured
  ShownRate told_rate_;
  std::uint32_t rate_age_ = 0;  // windows since it was told
  base::Bucket normal_;
  base::Bucket high_;
  Instant end_ = Instant::never();
  FairSample sample_;
  Repeats repeats_;
  std::uint32_t speakers_count_ = 0;
  std::array<UserIndex, 2 * kReceiveMax> speakers_;  // shown in this window, while sampling
  Sampled sampled_{};
};

}  // namespace chatroom::room
