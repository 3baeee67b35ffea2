// Positions: where a client stands in each of its rooms, so that a join after a lost link can ask
// for what it missed and nothing else.
#pragma once

#include "base/text.h"
#include "base/vector.h"
#include "chatroom/codec_checks.h"
#include "chatroom/event.h"

namespace chatroom::session {

// One room. `offset`: everything up to it was seen or told as lost. While pages between it and
// `target` are still to be read, live messages only raise `live`.
struct Place {
  base::FixedText<kRoomBytesMax> room;
  base::FixedText<kOpaqueBytesMax> epoch;
  bool joined = false;
  std::uint32_t awaited = 0;  // answers about this room: it keeps its place so long
  std::uint64_t offset = 0;
  std::uint64_t target = 0;  // 0: nothing to be read
  std::uint64_t live = 0;
  std::uint64_t messages = 0;
  std::uint64_t gaps = 0;
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
};

// What a page of history was asked for with.
struct PageAsked {
  bool after_position = false;  // all channels, after the position of that moment
  std::uint64_t after = 0;
};

class Positions final {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  Positions(Memory& memory, std::size_t rooms_max) noexcept : places_(memory, rooms_max) {}

  // The room's place, made if needed at the cost of one that is neither joined nor awaited. kNone:
  // no room for it.
  std::uint32_t make(std::string_view room) noexcept;
  std::uint32_t find(std::string_view room) const noexcept;  // kNone: not known
  Place& at(std::uint32_t index) noexcept { return places_[index]; }
  const Place& at(std::uint32_t index) const noexcept { return places_[index]; }

  void on_join(Place& place, const Event& answer) noexcept;
  void on_page(Place& place, const Event& answer, PageAsked asked) noexcept;
  // Events of rooms: message, gap, reset, left.
  void on_event(const Event& event) noexcept;
  // The link ended: no room is joined, no answer will come.
  void on_restart() noexcept;

 private:
  base::Vector<Place> places_;
};

}  // namespace chatroom::session
