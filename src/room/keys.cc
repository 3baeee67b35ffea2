#include "room/keys.h"

#include <array>
#include <cstring>

#include "base/plant.h"

namespace chatroom::room {

namespace {

// Of one search: bounded work, since each remembers at most one.
constexpr int kExpiredPerCall = 4;
constexpr std::uint64_t kSaid = 0x736169642073616d;  // in the place of a key's second hash

}  // namespace

Keys::Keys(Memory& memory, base::HashKey key, std::uint32_t entries_max) noexcept
    : low_{key.low ^ 0x6b65792d6c6f7721ull, key.high},
      high_{key.low, key.high ^ 0x6b65792d68696768ull},
      entries_max_(entries_max),
      entries_(memory, entries_max),
      index_(memory, key, entries_max) {}

std::size_t Keys::bytes_max(std::uint32_t entries_max) noexcept {
  return base::Pool<Entry>::bytes_max(entries_max) +
         base::Table<Entry*, PrintOf>::bytes_max(entries_max);
}

KeyPrint Keys::print(std::uint32_t room, std::uint64_t epoch, std::string_view user,
                     std::string_view key) const noexcept {
  // The length in front keeps "a"+"bc" and "ab"+"c" apart. User ids are at most 64 bytes; a longer
  // key, which only a host can give, stands in as its own two hashes.
  std::array<char, 13 + 2 * 64> bytes{};
  if (CHATROOM_PLANTED(idempotency_key_per_room_only)) user = {};
  CHATROOM_ASSERT(user.size() <= 64);
  std::uint64_t folded[2] = {};
  if (key.size() > 64) {
    folded[0] = base::siphash(low_, key);
    folded[1] = base::siphash(high_, key);
    key = {reinterpret_cast<const char*>(folded), sizeof(folded)};
  }
  std::memcpy(bytes.data(), &epoch, 8);
  std::memcpy(bytes.data() + 8, &room, 4);
  bytes[12] = static_cast<char>(user.size());
  if (!user.empty()) std::memcpy(bytes.data() + 13, user.data(), user.size());
  if (!key.empty()) std::memcpy(bytes.data() + 13 + user.size(), key.data(), key.size());
  const std::string_view all{bytes.data(), 13 + user.size() + key.size()};
  return {base::siphash(low_, all), base::siphash(high_, all)};
}

KeyPrint Keys::print_said(std::string_view all) const noexcept {
  return {base::siphash(low_, all), kSaid};
}

const std::uint64_t* Keys::find(const KeyPrint& print, Instant now) noexcept {
  expire(now);
  Entry** entry = index_.find(base::key_of_number(print));
  return entry == nullptr || (*entry)->until <= now ? nullptr : &(*entry)->offset;
}

Instant Keys::since(const KeyPrint& print) noexcept {
  Entry** entry = index_.find(base::key_of_number(print));
  return entry == nullptr ? Instant{} : Instant{(*entry)->until.us - kKeyLifetime.us};
}

void Keys::set_offset(const KeyPrint& print, std::uint64_t offset) noexcept {
  if (Entry** entry = index_.find(base::key_of_number(print))) (*entry)->offset = offset;
}

void Keys::remember(const KeyPrint& print, std::uint64_t offset, Instant now) noexcept {
  forget(print);
  expire(now);
  if (entries_max_ == 0) return;
  if (index_.size() == entries_max_) drop(*order_.front());
  Entry* entry = entries_.make();
  if (entry == nullptr) return;
  entry->print = print;
  entry->offset = offset;
  entry->until = now + kKeyLifetime;
  if (index_.insert(entry) == nullptr) return entries_.destroy(entry);
  order_.push_back(*entry);
}

void Keys::forget(const KeyPrint& print) noexcept {
  if (Entry** entry = index_.find(base::key_of_number(print))) drop(**entry);
}

void Keys::drop(Entry& entry) noexcept {
  index_.erase(base::key_of_number(entry.print));
  order_.remove(entry);
  entries_.destroy(&entry);
}

void Keys::expire(Instant now) noexcept {
  for (int i = 0; i < kExpiredPerCall && !order_.empty(); ++i) {
    if (order_.front()->until > now) return;
    drop(*order_.front());
  }
}

}  // namespace chatroom::room
