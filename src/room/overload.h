// Overload: what a room with a receive budget, or one channel of it, shows of what is said there,
// and the ladder that it climbs when the budget does not hold everything.
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
#include "base/plant.h"
#include "chatroom/room.h"
#include "room/cap.h"
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
  ChannelIndex budget = 0;                   // whose decided: a channel's own, or 0
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

// What a budget holds in a second. 0: no end.
struct Share {
  Share() noexcept = default;
  Share(const RoomPolicy& policy) noexcept  // of a room whose channels share its budget
      : normal(policy.receive_normal_per_s),
        high(policy.receive_high_per_s),
        expected(policy.receive_normal_per_s),
        merge(policy.merge_repeats) {}

  std::uint32_t normal = 0;
  std::uint32_t high = 0;
  std::uint32_t expected = 0;  // of `normal`: what other channels will leave of it
  bool merge = false;
  Cap* cap = nullptr;  // a channel of a room that has a budget over all of them, too

  bool normal_bound() const noexcept {
    return normal > 0 || (cap != nullptr && cap->normal.bound());
  }
  bool high_bound() const noexcept { return high > 0 || (cap != nullptr && cap->high.bound()); }
};

class Overload final {
 public:
  // `start`: where a channel begins that is heard first while the others are there already.
  explicit Overload(base::HashKey key, Rung start = Rung::normal) noexcept
      : rung_(start), sample_(key) {}

  Rung rung() const noexcept { return rung_; }
  // Of a member's message that passed every other rule. Opens a window if none is open.
  Showing decide(const Share& share, UserIndex author, ChannelIndex channel,
                 const Outgoing& message, Instant now) noexcept;
  // The fan-out had no place for a message of this room.
  void pressed(Instant now) noexcept;
  // Members are told their share once more when the window ends: somebody has come who was not
  // told.
  void tell_again() noexcept {
    tell_again_ = rate_.rung != Rung::normal && !CHATROOM_PLANTED(newcomer_not_told_rate);
  }
  // True once for each change of the rung.
  bool take_change() noexcept { return std::exchange(told_, rung_) != rung_; }

  // At a window's end: true if members are to be told what they are shown now. When the rung
  // changed, or the share by more than a quarter of what they know and three windows after that.
  bool take_rate(ShownRate& rate) noexcept;
  void rate_untold() noexcept { told_rate_.kept = kNobodyKnows; }
  ShownRate rate_told() const noexcept;

  Instant window_end() const noexcept { return end_; }  // never(): no window is open
  Sampled end_window(const Share& share, Instant now) noexcept;
  void tell_later(ChannelIndex channel, std::uint32_t sampled) noexcept {
    sampled_[channel] += sampled;
  }
  // After end_window: what is held back and may leave now (its count, then 0), or null.
  Repeat* next_release(const Share& share, Instant now) noexcept;
  Repeats& repeats() noexcept { return repeats_; }

  // Of several channels under one cap: what was said in the last window that ended, and what this
  // one may expect of it.
  std::uint32_t demand() const noexcept { return demand_; }
  std::uint32_t expected() const noexcept { return expected_; }
  void expect(std::uint32_t per_second) noexcept { expected_ = per_second; }

 private:
  Showing show(const Share& share, UserIndex author, ChannelIndex channel, const Outgoing& message,
               Instant now) noexcept;
  Showing withhold(ChannelIndex channel) noexcept;
  bool take(const Share& share, Instant now) noexcept;
  bool spoke(UserIndex author) const noexcept;
  Rung demanded(const Share& share) const noexcept;
  void climb(const Share& share, Rung to) noexcept;
  void measure() noexcept;
  bool rate_changed() const noexcept;

  static constexpr std::uint32_t kNobodyKnows = 1'001;

  Rung rung_ = Rung::normal;
  Rung told_ = Rung::normal;
  bool pressed_ = false;
  bool heard_ = false;  // anything, in this window
  bool tell_again_ = false;
  std::uint32_t calm_ = 0;      // windows in a row that a lower rung would have borne
  std::uint32_t offered_ = 0;   // normal and low, in this window
  std::uint32_t merged_ = 0;    // of them
  std::uint32_t withheld_ = 0;  // of them
  ShownRate rate_;              // as measured
  ShownRate told_rate_;
  std::uint32_t rate_age_ = 0;  // windows since it was told
  std::uint32_t demand_ = 0;
  std::uint32_t expected_ = 0;
  Purse normal_;
  Purse high_;
  Instant end_ = Instant::never();
  FairSample sample_;
  Repeats repeats_;
  std::uint32_t speakers_count_ = 0;
  std::array<UserIndex, 2 * kReceiveMax> speakers_;  // shown in this window, while sampling
  Sampled sampled_{};
};

}  // namespace chatroom::room
