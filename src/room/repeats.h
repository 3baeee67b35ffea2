// Repeats: what a busy room is saying over and over. The first of a text is shown, those that
// follow are counted, and the count leaves as one message ("x37") when the window ends.
//
// A small table, searched in order: a crowd shouts few things at a time. A text too long for it, or
// with anything beside it (data, mentions, a reply), is never merged.
#pragma once

#include <array>
#include <cstdint>

#include "base/text.h"
#include "chatroom/message.h"
#include "room/ids.h"

namespace chatroom::room {

struct Repeat {
  UserIndex author = kNone;  // who said it first, kept known meanwhile; kNone: the place is free
  ChannelIndex channel = 0;
  Priority priority = Priority::normal;
  bool used = false;        // said in this window
  std::uint32_t count = 0;  // held back since it was last shown
  std::uint64_t first = 0;  // offset of the message that they repeat
  base::FixedText<32> kind;
  base::FixedText<96> text;
};

class Repeats final {
 public:
  static constexpr std::uint32_t kPlaces = 16;
  static constexpr std::uint32_t kNoPlace = UINT32_MAX;

  static bool fits(const Outgoing& message) noexcept;

  std::uint32_t find(ChannelIndex channel, const Outgoing& message) const noexcept;  // kNoPlace
  // A place for a text that is being shown for the first time: a free one, or that of a text of
  // which nothing is held back and nothing was said in this window. kNoPlace: all are in use.
  // `evicted`: whose text gave way; kNone: nobody's.
  std::uint32_t place(ChannelIndex channel, const Outgoing& message, UserIndex author,
                      UserIndex& evicted) noexcept;
  Repeat& at(std::uint32_t place) noexcept { return repeats_[place]; }
  // The next one with something held back, in turns; there is one: holds().
  std::uint32_t next_held() noexcept;
  bool holds() const noexcept;
  // Frees a place that was not used since the last turn(); its author, or kNone: there is none.
  UserIndex pop_unused() noexcept;
  UserIndex pop() noexcept;  // any
  void turn() noexcept;      // the next window

 private:
  UserIndex vacate(Repeat& repeat) noexcept;

  std::array<Repeat, kPlaces> repeats_;
  std::uint32_t last_held_ = kPlaces - 1;
};

}  // namespace chatroom::room
