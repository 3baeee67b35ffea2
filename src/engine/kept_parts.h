// The parts of a room's record in storage, written and read back. Each holds as much as its share
// of the record; what is read back never takes the place of what was set while the room was loaded.
#pragma once

#include <array>

#include "engine/pack.h"
#include "room/registry.h"

namespace chatroom::engine {

// Where the channels of the record are now, by their numbers in it; kNone: no place for it. What
// was opened while the room was loaded may have taken their numbers.
using Places = std::array<room::ChannelIndex, room::kChannelsMax>;

struct KeptParts {
  room::Registry& rooms;
  Instant now;

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
