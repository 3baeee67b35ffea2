// History: the newest messages of each room, packed, the same for every codec. One pool of small
// chunks for all rooms: a room that says little holds little.
//
// A ring is whole: its offsets rise by one from first to last. Whatever cannot be kept (a record
// too large, no memory at all) empties the ring instead of leaving a hole.
#pragma once

#include <memory>
#include <utility>

#include "base/pool.h"
#include "base/vector.h"
#include "chatroom/limits.h"
#include "chatroom/message.h"
#include "room/ids.h"
#include "room/index_heap.h"

namespace chatroom::room {

inline constexpr std::size_t kHistoryChunkBytes = 1024;
// RoomPolicy::history_messages past this is cut to it, so that finding a page stays cheap.
inline constexpr std::uint32_t kHistoryMessagesMax = 16'384;

// Where the strings of a page are put together again, since a record may lie across chunks.
class PageArena final {
 public:
  struct Shape {
    std::size_t bytes = 0;
    std::size_t mentions = 0;
  };
  PageArena(Memory& memory, Shape shape) noexcept : memory_(memory), shape_(shape) {}
  ~PageArena() {
    if (block_ != nullptr) memory_.release(block_, bytes_max(shape_), alignof(std::string_view));
  }
  PageArena(const PageArena&) = delete;
  PageArena& operator=(const PageArena&) = delete;

  // Takes everything it will ever need. False: the port is dry.
  [[nodiscard]] bool reserve() noexcept {
    block_ = memory_.allocate(bytes_max(shape_), alignof(std::string_view));
    return block_ != nullptr;
  }
  void clear() noexcept { bytes_ = mentions_ = 0; }
  bool fits(std::size_t bytes, std::size_t mentions) const noexcept {
    return bytes <= shape_.bytes - bytes_ && mentions <= shape_.mentions - mentions_;
  }
  // After `fits` said so. They stay where they are until clear.
  char* take_bytes(std::size_t size) noexcept {
    CHATROOM_ASSERT(fits(size, 0));
    return static_cast<char*>(block_) + shape_.mentions * sizeof(std::string_view) +
           std::exchange(bytes_, bytes_ + size);
  }
  std::span<std::string_view> take_mentions(std::size_t count) noexcept {
    CHATROOM_ASSERT(fits(0, count));
    auto* at = static_cast<std::string_view*>(block_) + std::exchange(mentions_, mentions_ + count);
    std::uninitialized_value_construct_n(at, count);
    return {at, count};
  }
  static std::size_t bytes_max(Shape shape) noexcept {
    return shape.bytes + shape.mentions * sizeof(std::string_view);
  }

 private:
  Memory& memory_;
  const Shape shape_;
  void* block_ = nullptr;  // mentions, then bytes
  std::size_t bytes_ = 0;
  std::size_t mentions_ = 0;
};

class History final {
  struct Chunk;
  struct Ring;

 public:
  // Where a record begins. Good until the next append or trim of any room.
  struct Place {
    Chunk* chunk = nullptr;
    std::uint32_t at = 0;
    explicit operator bool() const noexcept { return chunk != nullptr; }
  };
  // The fixed part of a record, as it lies in the chunks.
  struct Head {
    std::uint64_t offset;
    std::int64_t time_ms;
    std::uint16_t units;           // bytes of the record / 8, this part included
    std::uint16_t previous_units;  // of the record before; meaningless in the first
    std::uint16_t text_bytes;
    std::uint16_t data_bytes;
    std::uint16_t info_bytes;
    std::uint8_t user_bytes;
    std::uint8_t nick_bytes;
    std::uint8_t kind_bytes;  // 0: "text"
    std::uint8_t mentions;
    std::uint8_t channel;
    std::uint8_t role;
    std::uint8_t priority;
    std::uint8_t form;
    std::uint8_t marks;     // kExtra: reply_to, count and first stand behind; kRecalled
    std::uint8_t own_nick;  // 1: the nick is the user id

    static constexpr std::uint8_t kExtra = 1;
    static constexpr std::uint8_t kRecalled = 2;
    bool extra() const noexcept { return (marks & kExtra) != 0; }
    bool recalled() const noexcept { return (marks & kRecalled) != 0; }
  };

  struct Shape {
    std::uint64_t bytes = 0;  // of all chunks
    std::uint32_t rooms_max = 0;
    std::uint32_t record_bytes_max = 0;  // larger messages are not kept
    std::uint32_t tenants = 0;           // whose bytes are counted apart
  };
  History(Memory& memory, Shape shape) noexcept;

  [[nodiscard]] bool reserve() noexcept;  // once, before all else; false: no memory

  // Makes an empty ring for this room slot. False: no memory.
  [[nodiscard]] bool open(std::uint32_t room, std::uint16_t tenant = 0) noexcept;

  // The message gets its place at the end; others go for it when the pool is dry: the oldest of the
  // room that holds the most. False: it could not be kept and the ring is empty now. A message that
  // does not continue the ring empties it first.
  bool append(std::uint32_t room, const Message& message, ChannelIndex channel) noexcept;
  void clear(std::uint32_t room) noexcept;
  // Drops from the old end: all but the newest `keep`, and whatever is older than `not_before_ms`.
  void trim(std::uint32_t room, std::uint64_t keep, std::int64_t not_before_ms) noexcept;
  // Gives up the oldest until a chunk is free. False: there is nothing but the newest message.
  bool shorten(std::uint32_t room) noexcept;

  std::uint32_t count(std::uint32_t room) const noexcept { return rings_[room].count; }
  std::uint64_t first_offset(std::uint32_t room) const noexcept;  // 0: empty
  std::uint64_t last_offset(std::uint32_t room) const noexcept;

  // Reading: places in order. Empty: past the end.
  Place first(std::uint32_t room) const noexcept;
  Place last(std::uint32_t room) const noexcept;
  Place seek(std::uint32_t room, std::uint64_t offset) const noexcept;  // must be in the ring
  Place next(std::uint32_t room, Place place) const noexcept;
  Place previous(std::uint32_t room, Place place) const noexcept;
  static Head head(Place place) noexcept;
  static std::size_t string_bytes(const Head& head) noexcept {
    return std::size_t{head.units} * 8 - sizeof(Head);
  }
  // Puts the record's strings into the arena (which has room) and answers the views. Room and
  // channel names are the caller's.
  static Message read(Place place, const Head& head, PageArena& arena) noexcept;

  // It stays in its place, so that offsets go on, and pages leave it out.
  static void recall(Place place) noexcept;

  std::size_t chunks_in_use() const noexcept { return chunks_.in_use(); }
  std::uint64_t bytes_of(std::uint16_t tenant) const noexcept {
    return held_.size() == 0 ? 0 : held_[tenant] * std::uint64_t{kHistoryChunkBytes};
  }
  static std::size_t bytes_max(Shape shape) noexcept;

 private:
  static constexpr std::size_t kDataBytes = kHistoryChunkBytes - 32;
  struct Chunk {
    Chunk* next = nullptr;
    Chunk* previous = nullptr;
    std::uint64_t first_offset = 0;       // of the first record that begins in here
    std::uint32_t first_at = UINT32_MAX;  // and where; UINT32_MAX: none does
    std::byte data[kDataBytes];
  };
  struct Ring {
    Place first;
    Place last;  // the newest record
    std::uint64_t first_offset = 0;
    std::uint32_t count = 0;
    std::uint32_t chunks = 0;
    Chunk* end_chunk = nullptr;  // where the next record begins
    std::uint32_t end_at = 0;
    std::uint16_t tenant = 0;
  };
  static bool pack(const Message& message, ChannelIndex channel, Head& head) noexcept;
  static void write(Place& at, const void* bytes, std::size_t size) noexcept;
  static void copy_out(Place& at, void* bytes, std::size_t size) noexcept;
  static Place forward(Place place, std::size_t bytes) noexcept;
  bool make_room(std::uint32_t room, std::size_t bytes) noexcept;
  bool evict_one_chunk() noexcept;
  void drop_first(std::uint32_t room) noexcept;
  void give_back_before(std::uint32_t room, Chunk* chunk) noexcept;
  void recount(std::uint32_t room) noexcept;
  void count_chunks(const Ring& ring, std::uint32_t more) noexcept {
    if (held_.size() != 0) held_[ring.tenant] += more;
  }

  const Shape shape_;
  base::Pool<Chunk> chunks_;
  base::Vector<Ring> rings_;
  base::Vector<std::uint32_t> held_;  // chunks, by tenant; empty: not counted
  IndexHeap longest_;                 // by chunks held, most first
};

}  // namespace chatroom::room
