// What a lane carries: the head of a record, then the room's key, then the contents.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "chatroom/types.h"

namespace chatroom::local {

enum class Kind : std::uint8_t { message, entry, subscribe, unsubscribe };

struct Head {
  std::uint64_t term = 0;
  std::uint64_t sequence = 0;
  std::uint32_t room_size = 0;
  Kind kind = Kind::message;
};

struct View {
  Head head;
  std::string_view room;
  Bytes contents;
};

inline std::size_t record_bytes(std::string_view room, Bytes contents) noexcept {
  return sizeof(Head) + room.size() + contents.size();
}
inline void write_record(std::byte* at, Head head, std::string_view room, Bytes contents) noexcept {
  head.room_size = static_cast<std::uint32_t>(room.size());
  std::memcpy(at, &head, sizeof head);
  at += sizeof head;
  if (!room.empty()) std::memcpy(at, room.data(), room.size());
  at += room.size();
  if (!contents.empty()) std::memcpy(at, contents.data(), contents.size());
}
inline View read_record(Bytes record) noexcept {
  View view;
  std::memcpy(&view.head, record.data(), sizeof view.head);
  record = record.subspan(sizeof view.head);
  view.room = as_text(record.first(view.head.room_size));
  view.contents = record.subspan(view.head.room_size);
  return view;
}

}  // namespace chatroom::local
