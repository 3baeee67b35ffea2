#include "websocket/leases.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace chatroom::websocket {

namespace {

constexpr std::uint32_t kSpares = 64;
constexpr std::size_t kSpareBytes = 4096;  // a spare keeps a buffer up to this
constexpr std::size_t kFirstBytes = 512;

}  // namespace

Leases::~Leases() {
  while (spare_ != nullptr) {
    Partial* const gone = spare_;
    spare_ = gone->next;
    std::free(gone->data);
    delete gone;
  }
}

bool Leases::hold(std::size_t bytes) noexcept {
  if (bytes > bytes_max_ - std::min(bytes_max_, bytes_)) return false;
  bytes_ += bytes;
  return true;
}

Partial* Leases::take() noexcept {
  Partial* fresh = spare_;
  const std::size_t bytes = sizeof(Partial) + (fresh != nullptr ? fresh->capacity : 0);
  if (!hold(bytes)) return nullptr;
  if (fresh != nullptr) {
    spare_ = fresh->next;
    --spares_;
  } else {
    fresh = new (std::nothrow) Partial;
    if (fresh == nullptr) {
      unhold(bytes);
      return nullptr;
    }
  }
  ++links_;
  return fresh;
}

void Leases::give_back(Partial*& held) noexcept {
  Partial* const gone = held;
  if (gone == nullptr) return;
  held = nullptr;
  --links_;
  unhold(sizeof(Partial) + gone->capacity);
  std::byte* data = gone->data;
  std::size_t capacity = gone->capacity;
  if (capacity > kSpareBytes || spares_ == kSpares) {
    std::free(data);
    data = nullptr;
    capacity = 0;
  }
  if (spares_ == kSpares) {
    delete gone;
    return;
  }
  *gone = Partial{};
  gone->data = data;
  gone->capacity = capacity;
  gone->next = spare_;
  spare_ = gone;
  ++spares_;
}

bool Leases::reserve(Partial& held, std::size_t bytes) noexcept {
  const std::size_t wanted = std::max({held.size + bytes, held.capacity * 2, kFirstBytes});
  // The last frame's length says how long the message will be.
  const std::uint64_t most = held.size + held.remaining;
  const std::size_t capacity =
      held.fin ? static_cast<std::size_t>(std::min<std::uint64_t>(wanted, most)) : wanted;
  if (!hold(capacity - held.capacity)) return false;
  void* const grown = std::realloc(held.data, capacity);
  if (grown == nullptr) {
    unhold(capacity - held.capacity);
    return false;
  }
  held.data = static_cast<std::byte*>(grown);
  held.capacity = capacity;
  return true;
}

}  // namespace chatroom::websocket
