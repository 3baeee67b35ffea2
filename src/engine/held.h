// What waits for a moderator, the oldest first, and what he released until it is stored. At most
// Limits::held_messages at once; who makes way for a newcomer is said here, what people are told of
// it in held.cc. Private to the engine.
#pragma once

#include <algorithm>
#include <array>

#include "base/list.h"
#include "base/pool.h"
#include "engine/byte_queue.h"

namespace chatroom::engine {

struct HeldMessage : base::ListNode<> {  // by age
  std::uint64_t number = 0;
  RoomId room;
  std::uint32_t author = UINT32_MAX;  // held in the room layer too
  std::uint32_t channel = 0;
  std::int64_t time_ms = 0;
  bool released = false;  // and waits for the storage now
  ByteQueue packed;       // the Outgoing
};

class HeldMessages final {
 public:
  HeldMessages(Memory& memory, base::BlockPool& blocks, std::uint32_t most) noexcept
      : most_(most), blocks_(blocks), pool_(memory, most) {}
  ~HeldMessages() {
    while (waiting_.pop_front() != nullptr || released_.pop_front() != nullptr) {
    }
  }
  HeldMessages(const HeldMessages&) = delete;
  HeldMessages& operator=(const HeldMessages&) = delete;
  static std::size_t bytes_max(std::uint32_t most) noexcept {
    return base::Pool<HeldMessage>::bytes_max(most);
  }

  // The newest of its room. Null: no memory.
  HeldMessage* add(RoomId room, Bytes packed) noexcept;
  // Who has to go before one of this room may come; null: nobody. `group` counts rooms as one
  // owner's.
  template <class Group>
  HeldMessage* in_the_way(RoomId newcomer, Group group) noexcept;
  // False: what was released of the room, and is not stored yet, has all its places.
  bool has_place(RoomId room) noexcept;
  // It goes to what waits for storage, and back to its place.
  void release(HeldMessage& one) noexcept;
  void wait_again(HeldMessage& one) noexcept;
  void remove(HeldMessage& one) noexcept;

  HeldMessage* find(RoomId room, std::uint64_t number) noexcept;
  HeldMessage* find_released(std::uint64_t number) noexcept;
  // The oldest of a room with a greater number; null: there is none.
  HeldMessage* after(RoomId room, std::uint64_t number) noexcept;
  HeldMessage* next(HeldMessage& one) noexcept;  // likewise, after one that waits
  HeldMessage* any_of(RoomId room) noexcept;     // waiting or released
  // Into `space`, which holds the largest; it is kept.
  Bytes read(HeldMessage& one, std::span<std::byte> space) noexcept;

 private:
  static constexpr std::size_t kGroups = 256;
  std::uint32_t of_a_room() const noexcept { return std::max(most_ / 4, 1u); }

  std::uint32_t most_;
  base::BlockPool& blocks_;
  base::Pool<HeldMessage> pool_;
  base::List<HeldMessage> waiting_;
  base::List<HeldMessage> released_;
  std::uint64_t next_number_ = 1;
};

// A room may have a quarter of all. Past the whole, the oldest goes of whoever has the most with
// the newcomer, so that nobody's flood takes a place from those who have few. Groups may meet.
template <class Group>
HeldMessage* HeldMessages::in_the_way(RoomId newcomer, Group group) noexcept {
  std::array<std::uint32_t, kGroups> counts{};
  const auto count = [&](RoomId room) -> std::uint32_t& { return counts[group(room) % kGroups]; };
  std::uint32_t here = 0;
  ++count(newcomer);
  for (HeldMessage* at = waiting_.front(); at != nullptr; at = waiting_.next(*at)) {
    if (at->room == newcomer) ++here;
    ++count(at->room);
  }
  // What was released takes a place until it is stored, but is on its way and stays.
  for (HeldMessage* at = released_.front(); at != nullptr; at = released_.next(*at)) {
    if (at->room == newcomer) ++here;
    ++count(at->room);
  }
  if (here >= of_a_room()) return after(newcomer, 0);
  if (waiting_.size() + released_.size() < most_ || waiting_.empty()) return nullptr;
  std::uint32_t most = 0;
  for (HeldMessage* at = waiting_.front(); at != nullptr; at = waiting_.next(*at)) {
    most = std::max(most, count(at->room));
  }
  HeldMessage* oldest = waiting_.front();
  while (count(oldest->room) != most) oldest = waiting_.next(*oldest);
  return oldest;
}

}  // namespace chatroom::engine
