// Ring: a queue in one block that grows through the Memory port up to a largest size.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/checked.h"
#include "chatroom/memory.h"

namespace chatroom::base {

// Elements keep their order; index 0 is the oldest. They move when the ring grows.
template <class T>
class Ring final {
 public:
  Ring(Memory& memory, std::size_t size_max) noexcept : memory_(&memory), size_max_(size_max) {}
  Ring(Ring&& other) noexcept
      : memory_(other.memory_),
        data_(std::exchange(other.data_, nullptr)),
        first_(std::exchange(other.first_, 0)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)),
        size_max_(other.size_max_) {}
  Ring& operator=(Ring&&) = delete;
  ~Ring() { release(); }

  // The new element, or null at `size_max` or when the port is dry.
  template <class... Args>
  T* emplace_back(Args&&... args) noexcept {
    if (size_ == size_max_) return nullptr;
    if (size_ == capacity_ && !grow()) return nullptr;
    return std::construct_at(place(size_++), std::forward<Args>(args)...);
  }
  [[nodiscard]] bool push_back(const T& value) noexcept {
    const T copy = value;  // it may be one of ours
    return emplace_back(copy) != nullptr;
  }
  // Makes room for `size` elements now; capacity is a power of two inside.
  [[nodiscard]] bool reserve(std::size_t size) noexcept {
    if (size > size_max_) return false;
    while (capacity_ < size) {
      if (!grow()) return false;
    }
    return true;
  }
  void pop_front() noexcept {
    CHATROOM_ASSERT(size_ > 0);
    std::destroy_at(place(0));
    first_ = (first_ + 1) & (capacity_ - 1);
    --size_;
  }
  void pop_back() noexcept {
    CHATROOM_ASSERT(size_ > 0);
    std::destroy_at(place(--size_));
  }
  void clear() noexcept {
    while (size_ > 0) pop_front();
    first_ = 0;
  }
  // Clears and gives the storage back.
  void release() noexcept {
    clear();
    if (data_ != nullptr) memory_->release(data_, capacity_ * sizeof(T), alignof(T));
    data_ = nullptr;
    capacity_ = 0;
  }

  T& operator[](std::size_t index) noexcept {
    CHATROOM_ASSERT(index < size_);
    return *place(index);
  }
  const T& operator[](std::size_t index) const noexcept {
    CHATROOM_ASSERT(index < size_);
    return *place(index);
  }
  T& front() noexcept { return (*this)[0]; }
  const T& front() const noexcept { return (*this)[0]; }
  T& back() noexcept { return (*this)[size_ - 1]; }
  const T& back() const noexcept { return (*this)[size_ - 1]; }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  bool full() const noexcept { return size_ == size_max_; }
  std::size_t size_max() const noexcept { return size_max_; }
  std::size_t bytes_held() const noexcept { return capacity_ * sizeof(T); }
  // The moment of the last growth included, for plan().
  static std::size_t bytes_max(std::size_t size_max) noexcept {
    return checked_multiply(std::bit_ceil(std::max(size_max, kFirst)), sizeof(T) + sizeof(T) / 2);
  }

 private:
  static constexpr std::size_t kFirst = 8;

  T* place(std::size_t index) const noexcept {
    return data_ + ((first_ + index) & (capacity_ - 1));
  }

  bool grow() noexcept {
    const std::size_t capacity = std::max(kFirst, checked_multiply<std::size_t>(capacity_, 2));
    void* block = memory_->allocate(checked_multiply(capacity, sizeof(T)), alignof(T));
    if (block == nullptr) return false;
    T* data = static_cast<T*>(block);
    for (std::size_t i = 0; i < size_; ++i) {
      std::construct_at(data + i, std::move(*place(i)));
      std::destroy_at(place(i));
    }
    if (data_ != nullptr) memory_->release(data_, capacity_ * sizeof(T), alignof(T));
    data_ = data;
    first_ = 0;
    capacity_ = capacity;
    return true;
  }

  Memory* memory_;
  T* data_ = nullptr;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t size_max_;
};

}  // namespace chatroom::base
