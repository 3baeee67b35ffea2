// What a FlatbuffersCodec holds: one block with everything that a call needs, so that none
// allocates.
#pragma once

#include "chatroom/flatbuffers.h"

namespace chatroom::wire {

inline constexpr std::uint32_t kDepthMax = 16;
inline constexpr std::uint32_t kTablesMax = 256;
// Lists in one event, in either direction. Longer ones are not encoded (pages are cut before) and
// not decoded.
inline constexpr std::size_t kMessagesMax = 240;
inline constexpr std::size_t kMembersMax = 240;
inline constexpr std::size_t kChannelsMax = 64;
inline constexpr std::size_t kAttributesMax = 32;  // of a room, of a member
inline constexpr std::size_t kPinsMax = 16;
inline constexpr std::size_t kRoomsMax = 100;
inline constexpr std::size_t kStringsMax = 2'048;  // mentions of all messages, or leaves

// Where the views of a decoded event point.
struct EventLists {
  Message messages[kMessagesMax];
  Member members[kMembersMax];
  ChannelState channels[kChannelsMax];
  Attribute attributes[kTablesMax];  // of all members together
  std::uint64_t pinned[kPinsMax];
  RoomEntry rooms[kRoomsMax];
  std::string_view strings[kStringsMax];
  std::size_t messages_used = 0;
  std::size_t members_used = 0;
  std::size_t channels_used = 0;
  std::size_t strings_used = 0;
  std::size_t attributes_used = 0;
};

// The same for a command.
struct CommandLists {
  std::string_view channels[kChannelsPerCommand];
  std::string_view mentions[kMentionsPerMessage];
};

}  // namespace chatroom::wire

namespace chatroom {

struct FlatbuffersCodec::Scratch {
  wire::CommandLists command;
  wire::EventLists* events = nullptr;  // null: this codec decodes no events
  std::byte* built = nullptr;          // frame_bytes_max for the builder
  std::byte* aligned = nullptr;        // frame_bytes_max for frames that are not
};

}  // namespace chatroom
