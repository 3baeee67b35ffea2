// Gifts: what was given in a room lately, so that the same gift of the same giver within a while
// counts on ("x7") instead of beginning anew. Only rooms that keep such a while hold one.
#pragma once

#include <array>
#include <cstdint>

#include "base/siphash.h"
#include "chatroom/message.h"

namespace chatroom::room {

class Gifts final {
 public:
  struct Gift {
    std::uint64_t hash = 0;   // of giver, channel and what is given; 0: a free place
    std::uint64_t first = 0;  // offset of the first
    std::uint32_t count = 0;
    std::int64_t until_us = 0;
  };
  static constexpr std::size_t kPlaces = 24;

  // The same in every run: what counts together must not hang on the engine's seed.
  static std::uint64_t hash_of(std::string_view giver, std::string_view channel,
                               std::string_view text, const Data& data) noexcept {
    base::HashKey key{0x6769667473000001, 0x63686174726f6f6d};
    for (const std::string_view part : {giver, channel, text, as_text(data.bytes)}) {
      key.low = base::siphash(key, part) | 1;
    }
    return key.low;
  }

  // Null: the next one is the first.
  const Gift* find(std::uint64_t hash, std::int64_t now_us) const noexcept {
    for (const Gift& gift : gifts_) {
      if (gift.hash == hash && gift.until_us > now_us) return &gift;
    }
    return nullptr;
  }
  // Takes the place of what is over soonest.
  void given(std::uint64_t hash, std::uint64_t first, std::uint32_t count,
             std::int64_t until_us) noexcept {
    Gift* place = &gifts_[0];
    for (Gift& gift : gifts_) {
      if (gift.hash == hash) {
        place = &gift;
        break;
      }
      if (gift.until_us < place->until_us) place = &gift;
    }
    *place = {hash, first, count, until_us};
  }

 private:
  std::array<Gift, kPlaces> gifts_;
};

}  // namespace chatroom::room
