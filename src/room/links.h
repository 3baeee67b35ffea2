// The list of a room's records in one of the engine's tables, linked by their indexes: who has a
// sanction there, who was given a role in a channel, who may review.
#pragma once

#include <cstdint>

#include "room/ids.h"

namespace chatroom::room {

template <class Slots>
void link_first(Slots& slots, std::uint32_t& first, std::uint32_t index) noexcept {
  auto& fresh = *slots.at(index);
  fresh.next = first;
  if (first != kNone) slots.at(first)->previous = index;
  first = index;
}

template <class Slots>
void unlink(Slots& slots, std::uint32_t& first, std::uint32_t index) noexcept {
  const auto& gone = *slots.at(index);
  (gone.previous == kNone ? first : slots.at(gone.previous)->next) = gone.next;
  if (gone.next != kNone) slots.at(gone.next)->previous = gone.previous;
}

}  // namespace chatroom::room
