// Events out of JSON: the client's half of decoding.
#pragma once

#include <array>

#include "chatroom/codec.h"
#include "json/reader.h"

namespace chatroom::json {

inline constexpr std::size_t kAttributesOfOne = 32;  // room or member

// Where an event's lists live until the next one is read. A server keeps well below these.
struct EventLists {
  std::array<Message, 256> messages;
  std::array<Member, 1024> members;  // or joins
  std::array<std::string_view, 1024> leaves;
  std::array<std::string_view, 1600> mentions;  // of all messages together: a page of 100
  std::array<ChannelState, 64> channels;
  std::array<Attribute, 512> attributes;  // of the room, or of all members together
  std::array<std::uint64_t, 16> pinned;
  std::array<RoomEntry, 128> rooms;
};

Decoded read_event(std::span<const Node> nodes, Verdict verdict, EventLists& lists,
                   Event& event) noexcept;

}  // namespace chatroom::json
