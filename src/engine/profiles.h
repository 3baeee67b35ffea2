// Profiles that a host was asked for: what it answered, for a while, and who waits while it is
// asked. The cold half of what is known of people: one bounded place, whoever and how many are
// members of whatever. Private to the engine; the port stands in chatroom/decision.h.
#pragma once

#include <array>
#include <optional>

#include "base/list.h"
#include "base/pool.h"
#include "base/siphash.h"
#include "base/table.h"
#include "base/text.h"
#include "chatroom/decision.h"
#include "chatroom/versioned.h"

namespace chatroom::engine {

struct Profile : base::ListNode<> {  // by the moment it was last asked for or fetched
  explicit Profile(Duration patience) noexcept : readers(patience) {}

  base::FixedText<64> user;
  SharedRefresh readers;  // questions, while it is fetched
  Instant fetched;
  bool kept = false;  // there is something to show
  Data::Form form = Data::Form::none;
  std::uint16_t size = 0;
  std::array<std::byte, kProfileBytesMax> bytes;

  bool fetching() const noexcept { return readers.waiting() > 0; }
  Data data() const noexcept { return {form, Bytes{bytes}.first(size)}; }
};

class ProfileCache final {
 public:
  ProfileCache(Memory& memory, std::uint32_t most) noexcept
      : memory_(memory), most_(most), pool_(memory, most) {}
  ~ProfileCache() {
    while (Profile* profile = list_.pop_front()) pool_.destroy(profile);
  }
  ProfileCache(const ProfileCache&) = delete;
  ProfileCache& operator=(const ProfileCache&) = delete;

  void begin(base::HashKey key) noexcept { by_user_.emplace(memory_, key, most_, Key{}); }

  Profile* find(std::string_view user) noexcept;  // null: nothing is known of it
  // In place of the oldest that nobody waits for. Null: all are being fetched.
  Profile* make(std::string_view user, Duration patience) noexcept;
  // At most kProfileBytesMax.
  void keep(Profile& profile, const Data& data, Instant now) noexcept;

  static std::size_t bytes_max(std::uint32_t most) noexcept {
    return base::Pool<Profile>::bytes_max(most) + Table::bytes_max(most);
  }

 private:
  struct Key {
    std::string_view operator()(const Profile* profile) const noexcept {
      return profile->user.view();
    }
  };
  using Table = base::Table<Profile*, Key>;

  Memory& memory_;
  std::uint32_t most_;
  base::Pool<Profile> pool_;
  base::List<Profile> list_;
  std::optional<Table> by_user_;
};

}  // namespace chatroom::engine
