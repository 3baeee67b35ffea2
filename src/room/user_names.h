// What a user is called and what its server says of it, in one block, since most have short ones.
#pragma once

#include "base/text.h"

namespace chatroom::room {

inline constexpr std::size_t kNameBytes = 64;
inline constexpr std::size_t kInfoBytes = 256;

// A copy names the same block; exactly one of them drops it.
class UserNames final {
 public:
  // The longest there are, as a text of the pool.
  static constexpr std::size_t kBytesMax = 2 + 2 * kNameBytes + kInfoBytes;

  std::string_view id() const noexcept { return part(kHeader, id_bytes()); }
  std::string_view nick() const noexcept {  // empty: the id
    return part(kHeader + id_bytes(), nick_bytes());
  }
  std::string_view info() const noexcept {
    const std::size_t before = kHeader + id_bytes() + nick_bytes();
    return part(before, text_.view().size() - before);
  }

  // Instead of what was there, which may be viewed by the arguments. Where nothing differs, the
  // views of before hold. False: no place, and nothing changed.
  [[nodiscard]] bool keep(base::TextPool& texts, std::string_view id, std::string_view nick,
                          std::string_view info) noexcept;
  void drop(base::TextPool& texts) noexcept { texts.drop(text_); }

 private:
  static constexpr std::size_t kHeader = 2;  // how long id and nick are

  std::string_view part(std::size_t from, std::size_t bytes) const noexcept {
    return {text_.view().data() + from, bytes};
  }
  std::size_t id_bytes() const noexcept { return static_cast<unsigned char>(text_.view()[0]); }
  std::size_t nick_bytes() const noexcept { return static_cast<unsigned char>(text_.view()[1]); }

  base::Text text_;
};
static_assert(UserNames::kBytesMax <= base::TextPool::kTextMax);

}  // namespace chatroom::room
