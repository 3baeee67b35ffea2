// RecordArray: the dense array of a view's members that the sweep reads. Small rooms hold one small
// block; large ones segments of 512 records, so that no join ever copies more than 8 KiB.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/checked.h"
#include "chatroom/connection.h"
#include "chatroom/memory.h"

namespace chatroom::fanout {

// What a visit needs, and nothing else.
struct Record {
  static constexpr std::uint32_t kMembersMax = (1u << 27) - 1;

  Connection* connection = nullptr;
  std::uint32_t cursor = 0;       // low half of the next sequence to send; see track.cc
  std::uint32_t member : 27 = 0;  // in State::members
  std::uint32_t flags : 5 = 0;    // anything set: not on the fast path; see Flag in member.h

  void set(std::uint32_t flag) noexcept { flags = (flags | flag) & 31; }
  void clear(std::uint32_t flag) noexcept { flags = flags & ~flag & 31; }
};
static_assert(sizeof(void*) != 8 || sizeof(Record) == 16);

class RecordArray final {
 public:
  static constexpr std::uint32_t kSegment = 512;
  static constexpr std::uint32_t kFirst = 4;

  RecordArray() noexcept = default;
  ~RecordArray() { CHATROOM_ASSERT(segments_ == nullptr); }
  RecordArray(const RecordArray&) = delete;
  RecordArray& operator=(const RecordArray&) = delete;

  std::uint32_t size() const noexcept { return size_; }
  Record& operator[](std::uint32_t index) noexcept {
    CHATROOM_ASSERT(index < size_);
    return small() ? only_[index] : segments_[index / kSegment][index % kSegment];
  }
  // The records before `end` that lie together, the last of them at `end` - 1.
  std::span<Record> up_to(std::uint32_t end) noexcept {
    CHATROOM_ASSERT(end - 1 < size_);
    const std::uint32_t begin = (end - 1) / kSegment * kSegment;
    return {&(*this)[begin], end - begin};
  }

  // Makes sure that the next push_back finds a place.
  [[nodiscard]] bool reserve_one(Memory& memory) noexcept {
    if (size_ < capacity_) return true;
    return capacity_ < kSegment ? resize_small(memory, std::max(kFirst, capacity_ * 2))
                                : add_segment(memory);
  }
  void push_back(const Record& record) noexcept {
    CHATROOM_ASSERT(size_ < capacity_);
    (*this)[++size_ - 1] = record;
  }
  void pop_back() noexcept {
    CHATROOM_ASSERT(size_ > 0);
    --size_;
  }
  // Gives back what many leavers left empty: never more than four times what is used is held. If
  // the port is dry, that waits for the next leaver.
  void trim(Memory& memory) noexcept {
    if (small()) {
      if (capacity_ > kFirst && size_ <= capacity_ / 4) resize_small(memory, capacity_ / 2);
      return;
    }
    while (capacity_ > kSegment && capacity_ - size_ >= kSegment + kSegment / 4) {
      capacity_ -= kSegment;
      release_block(memory, segments_[capacity_ / kSegment], kSegment);
    }
    if (size_ > kSegment / 4) return;
    Record* only = segments_[0];
    memory.release(segments_, directory_ * sizeof(Record*), alignof(Record*));
    only_ = only;
    directory_ = 0;
  }
  void release(Memory& memory) noexcept {
    if (segments_ == nullptr) return;
    if (small()) {
      release_block(memory, only_, capacity_);
    } else {
      for (std::uint32_t i = 0; i < capacity_ / kSegment; ++i) {
        release_block(memory, segments_[i], kSegment);
      }
      memory.release(segments_, directory_ * sizeof(Record*), alignof(Record*));
    }
    segments_ = nullptr;
    size_ = capacity_ = directory_ = 0;
  }

 private:
  bool small() const noexcept { return directory_ == 0; }
  static void release_block(Memory& memory, Record* block, std::uint32_t records) noexcept {
    memory.release(block, records * sizeof(Record), alignof(Record));
  }
  static Record* allocate_block(Memory& memory, std::uint32_t records) noexcept {
    return static_cast<Record*>(memory.allocate(records * sizeof(Record), alignof(Record)));
  }

  bool resize_small(Memory& memory, std::uint32_t capacity) noexcept {
    Record* block = allocate_block(memory, capacity);
    if (block == nullptr) return false;
    if (size_ > 0) std::memcpy(block, only_, size_ * sizeof(Record));
    if (capacity_ > 0) release_block(memory, only_, capacity_);
    only_ = block;
    capacity_ = capacity;
    return true;
  }
  bool add_segment(Memory& memory) noexcept {
    const std::uint32_t segments = capacity_ / kSegment;
    if ((small() || segments == directory_) && !grow_directory(memory)) return false;
    Record* block = allocate_block(memory, kSegment);
    if (block == nullptr) return false;
    segments_[segments] = block;
    capacity_ += kSegment;
    return true;
  }
  bool grow_directory(Memory& memory) noexcept {
    const std::uint32_t slots = std::max(8u, directory_ * 2);
    void* block = memory.allocate(slots * sizeof(Record*), alignof(Record*));
    if (block == nullptr) return false;
    auto** directory = static_cast<Record**>(block);
    if (small()) {
      directory[0] = only_;
    } else {
      std::memcpy(directory, segments_, directory_ * sizeof(Record*));
      memory.release(segments_, directory_ * sizeof(Record*), alignof(Record*));
    }
    segments_ = directory;
    directory_ = slots;
    return true;
  }

  union {
    Record** segments_ = nullptr;
    Record* only_;  // while `directory_` is 0
  };
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t directory_ = 0;  // pointers in `segments_`
};

}  // namespace chatroom::fanout
