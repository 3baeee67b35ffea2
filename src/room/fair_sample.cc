// How FairSample counts senders and chooses among them.
#include "room/fair_sample.h"

#include <algorithm>
#include <cstring>

#include "base/plant.h"

namespace chatroom::room {

bool FairSample::heard(std::uint32_t sender) noexcept {
  std::byte bytes[12];
  std::memcpy(bytes, &window_, 8);
  std::memcpy(bytes + 8, &sender, 4);
  const std::uint64_t hash = base::siphash(key_, Bytes{bytes});
  // The low bits find the place in the map, the whole is compared: 12 bits of 64 are not missed.
  const std::uint32_t bit = static_cast<std::uint32_t>(hash % kBits);
  std::uint64_t& word = map_[bit / 64];
  const std::uint64_t mask = std::uint64_t{1} << bit % 64;
  if ((word & mask) == 0) {  // so at least one is unset
    word |= mask;
    weight_ += (std::uint64_t{kBits} << 16) / unset_--;
  }
  if (CHATROOM_PLANTED(sample_biased)) return sender % 2 == 0 && hash <= threshold_;
  return hash <= threshold_;
}

void FairSample::turn(std::uint32_t places) noexcept {
  const std::uint32_t heard = std::max(senders(), 1u);
  threshold_ = places >= heard ? UINT64_MAX : UINT64_MAX / heard * places;
  ++window_;
  weight_ = 0;
  unset_ = kBits;
  map_.fill(0);
}

std::uint32_t FairSample::senders() const noexcept {
  return static_cast<std::uint32_t>((weight_ + 0x8000) >> 16);
}

}  // namespace chatroom::room
