// Vector: a growable array through the Memory port, with a largest size.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "base/checked.h"
#include "chatroom/memory.h"

namespace chatroom::base {

// Growth doubles, so a push is O(1) on average; old and new storage exist side by side for a
// moment. Elements move when it grows.
template <class T>
class Vector final {
 public:
  Vector(Memory& memory, std::size_t size_max) noexcept : memory_(&memory), size_max_(size_max) {}
  Vector(Vector&& other) noexcept
      : memory_(other.memory_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)),
        size_max_(other.size_max_) {}
  Vector& operator=(Vector&&) = delete;
  ~Vector() { release(); }

  // The new element, or null at `size_max` or when the port is dry.
  template <class... Args>
  T* emplace_back(Args&&... args) noexcept {
    if (size_ == capacity_ && !grow(size_ + 1)) return nullptr;
    return std::construct_at(data_ + size_++, std::forward<Args>(args)...);
  }
  [[nodiscard]] bool push_back(const T& value) noexcept {
    if (size_ < capacity_) {
      std::construct_at(data_ + size_++, value);
      return true;
    }
    const T copy = value;  // it may be one of ours
    return emplace_back(copy) != nullptr;
  }
  // Appends all of `values` (not part of this vector) or nothing.
  [[nodiscard]] bool append(std::span<const T> values) noexcept {
    if (values.size() > size_max_ - size_) return false;
    if (!reserve(size_ + values.size())) return false;
    std::uninitialized_copy(values.begin(), values.end(), data_ + size_);
    size_ += values.size();
    return true;
  }
  void pop_back() noexcept {
    CHATROOM_ASSERT(size_ > 0);
    std::destroy_at(data_ + --size_);
  }
  // The last element takes the place of the erased one: O(1), changes the order.
  void erase_swap(std::size_t index) noexcept {
    CHATROOM_ASSERT(index < size_);
    if (index + 1 != size_) data_[index] = std::move(data_[size_ - 1]);
    pop_back();
  }
  // Keeps the order: O(n).
  void erase(std::size_t index) noexcept {
    CHATROOM_ASSERT(index < size_);
    std::move(data_ + index + 1, data_ + size_, data_ + index);
    pop_back();
  }
  [[nodiscard]] bool resize(std::size_t size) noexcept {
    if (!reserve(size)) return false;
    while (size_ > size) pop_back();
    while (size_ < size) std::construct_at(data_ + size_++);
    return true;
  }
  [[nodiscard]] bool reserve(std::size_t size) noexcept { return size <= capacity_ || grow(size); }
  void clear() noexcept {
    while (size_ > 0) pop_back();
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
    return data_[index];
  }
  const T& operator[](std::size_t index) const noexcept {
    CHATROOM_ASSERT(index < size_);
    return data_[index];
  }
  T& back() noexcept { return (*this)[size_ - 1]; }
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  T* begin() noexcept { return data_; }
  T* end() noexcept { return data_ + size_; }
  const T* begin() const noexcept { return data_; }
  const T* end() const noexcept { return data_ + size_; }
  operator std::span<const T>() const noexcept { return {data_, size_}; }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t size_max() const noexcept { return size_max_; }
  std::size_t bytes_held() const noexcept { return capacity_ * sizeof(T); }
  // The moment of the last growth included, for plan().
  static std::size_t bytes_max(std::size_t size_max) noexcept {
    return checked_multiply(size_max, 2 * sizeof(T));
  }

 private:
  static constexpr std::size_t kFirst = std::max<std::size_t>(4, 64 / sizeof(T));

  bool grow(std::size_t size) noexcept {
    if (size > size_max_) return false;
    const std::size_t doubled =
        std::max({size, kFirst, checked_multiply<std::size_t>(capacity_, 2)});
    const std::size_t capacity = std::min(doubled, size_max_);
    void* block = memory_->allocate(checked_multiply(capacity, sizeof(T)), alignof(T));
    if (block == nullptr) return false;
    T* data = static_cast<T*>(block);
    if (data_ != nullptr) {
      std::uninitialized_move(data_, data_ + size_, data);
      std::destroy(data_, data_ + size_);
      memory_->release(data_, capacity_ * sizeof(T), alignof(T));
    }
    data_ = data;
    capacity_ = capacity;
    return true;
  }

  Memory* memory_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::size_t size_max_;
};

}  // namespace chatroom::base
