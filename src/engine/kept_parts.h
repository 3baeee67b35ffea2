// The parts of a room's record in storage, written and read back. Each holds as much as its share
// of the record; what is read back never takes the place of what was set while the room was loaded.
#pragma once

#include <array>

#include "chatroom/storage.h"
#include "engine/pack.h"
#include "room/registry.h"

namespace chatroom::engine {

// Where the channels of the record are now, by their numbers in it; kNone: no place for it. What
// was opened while the room was loaded may have taken their numbers.
using Places = std::array<room::ChannelIndex, room::kChannelsMax>;

// The shares of the record, in bytes.
inline constexpr std::size_t kKeptSettings = 16 * 1024;  // channels, attributes, all else: bounded
inline constexpr std::size_t kKeptGrants = 16 * 1024;
inline constexpr std::size_t kKeptRoles = 288 * 1024;  // 4,096 with the longest names
inline constexpr std::size_t kKeptApplied = 16 * 1024;
inline constexpr std::size_t kKeptReads = 16 * 1024;
inline constexpr std::size_t kKeptSanctions = 32 * 1024;
static_assert(kKeptSettings + kKeptGrants + kKeptRoles + kKeptApplied + kKeptReads +
                  kKeptSanctions <=
              kStoredRecordBytesMax);

struct KeptParts {
  room::Registry& rooms;
  Instant now;
  bool brief = false;  // for heirs (heirs.cc): half of what is left of a small record for each part
  std::uint32_t left_out = 0;  // lasting roles, applications and sanctions without a place

  // One list: items behind a mark that says that there is one more.
  struct Part {
    Packer& out;
    KeptParts& of;
    std::size_t left;

    // False: it would not fit any more.
    bool begin(std::size_t bytes) noexcept {
      if (bytes + 2 > left) return false;
      left -= bytes + 1;
      out.flag(true);
      return true;
    }
  };

  std::size_t share(const Packer& to, std::size_t whole) const noexcept {
    return brief ? to.left() / 2 : whole;
  }
  void keep_board(Packer& to, const RoomState& state) noexcept;
  void keep_sanctions(Packer& to, RoomId room) noexcept;
  void keep_grants(Packer& to, RoomId room) noexcept;
  // `reads`: with the read positions.
  void keep_people(Packer& to, RoomId room, bool reads = true) noexcept;

  void restore_board(RoomId room, const Places& places, Unpacker& from) noexcept;
  void restore_grants(RoomId room, const Places& places, Unpacker& from) noexcept;
  void restore_people(RoomId room, Unpacker& from) noexcept;
  void restore_sanctions(RoomId room, Unpacker& from) noexcept;
};

}  // namespace chatroom::engine
