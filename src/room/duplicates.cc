// The same words again by the same user. A text is its own idempotency key for a while: who said
// what stands in the table of keys, folded, so that case, width, spaces and signs make no other
// text of it. Rooms without RoomPolicy::duplicate_s never look.
#include <cstring>
#include <span>

#include "base/plant.h"
#include "chatroom/fold.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

constexpr std::size_t kLooked = 2'048;  // bytes of a text; what follows makes no difference

bool looks(const Room& room, const Outgoing& message) noexcept {
  return room.policy.duplicate_s != 0 && message.kind == Kind::text && !message.text.empty();
}

}  // namespace

KeyPrint Tables::print_of(const Room& room, UserIndex who, std::string_view text) noexcept {
  constexpr std::size_t kHead = 13;
  char bytes[kHead + 64 + kLooked];
  const std::string_view id = user(who).id();
  CHATROOM_ASSERT(id.size() <= 64);
  std::memcpy(bytes, &room.epoch, 8);
  std::memcpy(bytes + 8, &room.id.index, 4);
  bytes[12] = static_cast<char>(id.size());
  std::size_t size = kHead + id.copy(bytes + kHead, id.size());
  const std::string_view looked = text.substr(0, kLooked);
  const std::size_t folded = fold(looked, std::span{bytes}.subspan(size, kLooked));
  // Nothing but signs: as they stand.
  size += folded != 0 ? folded : looked.copy(bytes + size, kLooked);
  return keys.print_said({bytes, size});
}

std::optional<KeyPrint> Tables::print_said(const Room& room, UserIndex who,
                                           const Outgoing& message) noexcept {
  if (!looks(room, message)) return std::nullopt;
  return print_of(room, who, message.text);
}

Error Tables::check_duplicate(const Room& room, const KeyPrint& said, Instant now,
                              PublishVerdict& verdict) noexcept {
  const std::uint64_t* offset = keys.find(said, now);
  if (offset == nullptr) return {};
  const std::int64_t end_us = keys.since(said).us + Duration::s(room.policy.duplicate_s).us;
  if (now.us >= end_us || CHATROOM_PLANTED(duplicates_pass)) return {};
  const bool known = *offset != kNotSaid || CHATROOM_PLANTED(duplicate_said_beside);
  if (!room.policy.merge_duplicates || !known) {
    return refusal(Errc::duplicate, Rule::duplicate, base::retry_after_ms(Instant{end_us} - now));
  }
  verdict.repeated = true;
  verdict.first = {room.epoch, *offset};
  return {};
}

void Registry::place_said(const KeyPrint& said, std::uint64_t offset) noexcept {
  if (said.high != 0) tables_->keys.set_offset(said, offset);
}

void Registry::forget_said(const KeyPrint& said) noexcept {
  if (said.high != 0) tables_->keys.forget(said);
}

}  // namespace chatroom::room
