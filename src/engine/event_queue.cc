#include "chatroom/event_queue.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace chatroom {

// Strings are copied into the place; names are bounded by the protocol, so they fit.
struct EventQueue::Place {
  static constexpr std::size_t kUserBytes = 64;
  static constexpr std::size_t kRoomBytes = 128;
  static constexpr std::size_t kTextBytes = 200;

  HostEvent event;
  char user[kUserBytes];
  char room[kRoomBytes];
  char by[kUserBytes];
  char text[kTextBytes];
};

namespace {

std::string_view copy(std::string_view text, char* to, std::size_t most) noexcept {
  const std::size_t size = std::min(text.size(), most);
  if (size != 0) std::memcpy(to, text.data(), size);
  return {to, size};
}

}  // namespace

EventQueue::EventQueue(Memory& memory, std::uint32_t capacity) noexcept : memory_(memory) {
  void* block = memory_.allocate(sizeof(Place) * capacity, alignof(Place));
  if (block == nullptr) return;
  places_ = static_cast<Place*>(block);
  capacity_ = capacity;
  for (std::uint32_t i = 0; i < capacity_; ++i) std::construct_at(places_ + i);
}

EventQueue::~EventQueue() {
  if (places_ != nullptr) memory_.release(places_, sizeof(Place) * capacity_, alignof(Place));
}

void EventQueue::on_event(const HostEvent& event) noexcept {
  if (size_ == capacity_) {
    ++lost_;
    return;
  }
  Place& place = places_[(first_ + size_++) % capacity_];
  place.event = event;
  place.event.user = copy(event.user, place.user, Place::kUserBytes);
  place.event.room = copy(event.room, place.room, Place::kRoomBytes);
  place.event.by = copy(event.by, place.by, Place::kUserBytes);
  place.event.text = copy(event.text, place.text, Place::kTextBytes);
}

bool EventQueue::poll(HostEvent& event) noexcept {
  if (lost_ != 0) {
    event = HostEvent{};
    event.type = HostEventType::events_lost;
    event.gap.count = std::exchange(lost_, 0);
    return true;
  }
  if (size_ == 0) return false;
  event = places_[first_].event;
  first_ = (first_ + 1) % capacity_;
  --size_;
  return true;
}

}  // namespace chatroom
