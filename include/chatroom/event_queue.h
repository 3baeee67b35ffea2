// EventQueue: an EngineObserver that keeps what happened until the host asks: for game loops that
// poll.
#pragma once

#include "chatroom/memory.h"
#include "chatroom/observer.h"

namespace chatroom {

// Events in order, oldest first, in one block taken at construction. When it is full the newest are
// not taken but counted, and the next poll tells of them first, as one `events_lost` with
// `gap.count`: a host that polls every tick and gives a few hundred places sees none.
//
// Thread: the engine's. Re-entry: `poll` may be called from anywhere but a port.
class EventQueue final : public EngineObserver {
 public:
  // No memory: `capacity` is 0 and everything is lost, and said so.
  EventQueue(Memory& memory, std::uint32_t capacity) noexcept;
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  // The oldest event. Its views live until the next call of poll. False: nothing happened.
  bool poll(HostEvent& event) noexcept;

  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t capacity() const noexcept { return capacity_; }

  void on_event(const HostEvent& event) noexcept override;

 private:
  struct Place;
  Memory& memory_;
  Place* places_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace chatroom
