// Entry: what a room's log knows of one entry beside its bytes; Fate: what that means for a member.
#pragma once

#include <cstdint>

#include "chatroom/message.h"
#include "fanout/fanout.h"

namespace chatroom::fanout {

// One record of the index, shared by all profiles of a room.
struct Entry {
  static constexpr std::uint8_t kPriorityBits = 0x03;
  static constexpr std::uint8_t kLossy = 0x04;       // may be dropped for a slow member
  static constexpr std::uint8_t kSuperseded = 0x08;  // a newer one of its key is in the log
  static constexpr std::uint8_t kRecalled = 0x10;
  static constexpr std::uint8_t kHasOffset = 0x20;
  static constexpr std::uint8_t kCounted = 0x40;  // a member's choice may hold it back

  std::uint32_t author = kNoSlot;  // for block lists, which join as member exceptions
  std::uint32_t key = 0;           // of a `latest` entry; 0: none
  std::uint32_t offset_low = 0;
  std::uint16_t key_back = 0;  // entries back to the previous one with any key; 0: end of the chain
  std::uint8_t channel = kEveryChannel;
  std::uint8_t bits = 0;

  int priority() const noexcept { return bits & kPriorityBits; }
  bool lossy() const noexcept { return (bits & kLossy) != 0; }
  bool withdrawn() const noexcept { return (bits & (kSuperseded | kRecalled)) != 0; }
  bool on(ChannelMask channels) const noexcept {
    return channel == kEveryChannel || (channels >> channel & 1) != 0;
  }
};
static_assert(sizeof(Entry) == 16);

// How far behind a blocked member is, and so what it loses first.
enum class Level : std::uint8_t { all, no_low, no_normal };

struct Choice;

// What a member is sent of a view's entries.
struct Filter {
  ChannelMask channels = kAllChannels;
  // After a change of channels with entries still waiting: those before `changed_at` must pass
  // both masks; their account was settled when the change was made.
  ChannelMask channels_before = kAllChannels;
  Sequence changed_at = 0;
  Level level = Level::all;
  bool shared_view = false;  // the view counts every entry as admitted, also on other channels
  const Choice* choice = nullptr;  // of a member that has made one
};

enum class Fate : std::uint8_t {
  send,
  merged,    // superseded or recalled before it was sent
  dropped,   // its class is not sent to a member so far behind, or the member wants no more
  excluded,  // counted as admitted by a shared view, but not for this member
  ignored,   // not for this member, and not counted either
};

Fate fate_of(const Entry& entry, Sequence sequence, const Filter& filter) noexcept;

}  // namespace chatroom::fanout
