// The places of held messages, found by walking: there are few, and moderators are people.
#include "engine/held.h"

namespace chatroom::engine {

HeldMessage* HeldMessages::add(RoomId room, Bytes packed) noexcept {
  HeldMessage* const one = pool_.make();
  if (one == nullptr) return nullptr;
  if (!one->packed.push(blocks_, packed)) {
    pool_.destroy(one);
    return nullptr;
  }
  one->number = next_number_++;
  one->room = room;
  waiting_.push_back(*one);
  return one;
}

bool HeldMessages::has_place(RoomId room) noexcept {
  std::uint32_t here = 0;
  for (HeldMessage* at = released_.front(); at != nullptr; at = released_.next(*at)) {
    here += at->room == room;
  }
  return here < of_a_room();
}

void HeldMessages::release(HeldMessage& one) noexcept {
  waiting_.remove(one);
  released_.push_back(one);
  one.released = true;
}

void HeldMessages::wait_again(HeldMessage& one) noexcept {
  released_.remove(one);
  one.released = false;
  HeldMessage* at = waiting_.front();
  while (at != nullptr && at->number < one.number) at = waiting_.next(*at);
  if (at == nullptr) return waiting_.push_back(one);
  waiting_.insert_before(*at, one);
}

void HeldMessages::remove(HeldMessage& one) noexcept {
  one.packed.clear(blocks_);
  (one.released ? released_ : waiting_).remove(one);
  pool_.destroy(&one);
}

HeldMessage* HeldMessages::find(RoomId room, std::uint64_t number) noexcept {
  HeldMessage* const at = number == 0 ? nullptr : after(room, number - 1);
  return at != nullptr && at->number == number ? at : nullptr;
}

HeldMessage* HeldMessages::find_released(std::uint64_t number) noexcept {
  HeldMessage* at = released_.front();
  while (at != nullptr && at->number != number) at = released_.next(*at);
  return at;
}

HeldMessage* HeldMessages::after(RoomId room, std::uint64_t number) noexcept {
  HeldMessage* at = waiting_.front();
  while (at != nullptr && (at->room != room || at->number <= number)) at = waiting_.next(*at);
  return at;
}

HeldMessage* HeldMessages::next(HeldMessage& one) noexcept {
  HeldMessage* at = waiting_.next(one);
  while (at != nullptr && at->room != one.room) at = waiting_.next(*at);
  return at;
}

HeldMessage* HeldMessages::any_of(RoomId room) noexcept {
  if (HeldMessage* const waits = after(room, 0)) return waits;
  HeldMessage* at = released_.front();
  while (at != nullptr && at->room != room) at = released_.next(*at);
  return at;
}

Bytes HeldMessages::read(HeldMessage& one, std::span<std::byte> space) noexcept {
  const Bytes bytes = Bytes{space}.first(one.packed.pop(blocks_, space));
  static_cast<void>(one.packed.push(blocks_, bytes));  // its blocks were just given back
  return bytes;
}

}  // namespace chatroom::engine
