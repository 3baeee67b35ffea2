// Keys: the first answers of idempotency keys, for five minutes, so that a sender who lost an
// answer may ask again without saying it twice.
#pragma once

#include "base/list.h"
#include "base/pool.h"
#include "base/siphash.h"
#include "base/table.h"
#include "chatroom/types.h"

namespace chatroom::room {

inline constexpr Duration kKeyLifetime = Duration::s(300);

// 128 bits stand for (room, epoch, user id, key): two keyed hashes that nobody outside can aim.
// Keeping the names themselves would cost three times as much and could not be told apart better.
struct KeyPrint {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

// In place of an offset: of words that were let through, but are not said yet.
inline constexpr std::uint64_t kNotSaid = UINT64_MAX;

// Bounded by Limits::keys: past that the oldest is forgotten, early.
class Keys final {
 public:
  Keys(Memory& memory, base::HashKey key, std::uint32_t entries_max) noexcept;

  // `user` is the id, so that a key outlives a connection; empty: the host.
  KeyPrint print(std::uint32_t room, std::uint64_t epoch, std::string_view user,
                 std::string_view key) const noexcept;
  // The offset of the first answer, or null: not seen, or too long ago.
  const std::uint64_t* find(const KeyPrint& print, Instant now) noexcept;
  // When that was; 0 if it was not seen.
  Instant since(const KeyPrint& print) noexcept;
  // A place that was not known yet; not seen: nothing happens.
  void set_offset(const KeyPrint& print, std::uint64_t offset) noexcept;
  // Of what somebody said, with all that tells it from other people's: one hash is enough where a
  // mistake costs one message.
  KeyPrint print_said(std::string_view all) const noexcept;
  // Forgets the oldest if full; forgets this one if there is no memory.
  void remember(const KeyPrint& print, std::uint64_t offset, Instant now) noexcept;
  void forget(const KeyPrint& print) noexcept;

  std::size_t size() const noexcept { return index_.size(); }
  static std::size_t bytes_max(std::uint32_t entries_max) noexcept;

 private:
  struct Entry : base::ListNode<> {
    KeyPrint print;
    std::uint64_t offset = 0;
    Instant until;
  };
  struct PrintOf {
    std::string_view operator()(const Entry* entry) const noexcept {
      return base::key_of_number(entry->print);
    }
  };
  void drop(Entry& entry) noexcept;
  void expire(Instant now) noexcept;

  const base::HashKey low_;
  const base::HashKey high_;
  const std::uint32_t entries_max_;
  base::Pool<Entry> entries_;
  base::List<Entry> order_;  // oldest first; all live equally long, so also the first to end
  base::Table<Entry*, PrintOf> index_;
};

}  // namespace chatroom::room
