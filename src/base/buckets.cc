#include "base/buckets.h"

namespace chatroom::base {

void Buckets::forget(Use& use) noexcept {
  list_.remove(use);
  by_owner_.erase(key_of_number(use.owner));
  uses_.erase(use.index);
}

// Each newcomer takes the place of up to two whose buckets are full, so they go as fast as they
// come.
Buckets::Use* Buckets::make(std::uint64_t owner, Instant now) noexcept {
  for (int i = 0; i < 2 && !list_.empty() && list_.front()->bucket.full(now); ++i) {
    forget(*list_.front());
  }
  std::uint32_t index = uses_.insert(owner);
  if (index == IndexMap<Use>::kNone && !list_.empty()) {
    forget(*list_.front());
    index = uses_.insert(owner);
  }
  if (index == IndexMap<Use>::kNone) return nullptr;
  Use& use = *uses_.at(index);
  use.index = index;
  if (by_owner_.insert(index) == nullptr) {
    uses_.erase(index);
    return nullptr;
  }
  list_.push_back(use);
  return &use;
}

void Buckets::take(std::uint64_t owner, Rate rate, Instant now) noexcept {
  if (!rate.limited()) return;
  const std::uint32_t* const found = by_owner_.find(key_of_number(owner));
  Use* const use = found == nullptr ? make(owner, now) : uses_.at(*found);
  if (use == nullptr) return;
  static_cast<void>(use->bucket.take(rate, now));
  list_.remove(*use);
  list_.push_back(*use);
}

}  // namespace chatroom::base
