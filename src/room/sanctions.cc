// Mutes, bans and leave to speak: what holds for a user of a room beside its role, whether the user
// is there or not. A record stands in a table of the engine's, so that rooms without any and
// members with none pay nothing; timed ones go by themselves.
#include <algorithm>

#include "base/plant.h"
#include "base/utf8.h"
#include "room/links.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

std::size_t place_of(Measure measure) noexcept { return static_cast<std::size_t>(measure); }

bool in_force(const Sanction& sanction, Measure measure, Instant now) noexcept {
  const std::size_t at = place_of(measure);
  std::int64_t until_us = sanction.until_us[at];
  if (CHATROOM_PLANTED(mute_ends_early)) until_us -= 1'000;
  return sanction.for_good[at] || until_us > now.us;
}

Instant end_of(const Sanction& sanction, Measure measure) noexcept {
  const std::size_t at = place_of(measure);
  return sanction.for_good[at] ? Instant::never() : Instant{sanction.until_us[at]};
}

}  // namespace

std::uint32_t Tables::find_sanction(const Room& room, UserIndex user) noexcept {
  if (room.first_sanction == kNone || user == kNone) return kNone;
  if (!this->user(user).sanctioned) return kNone;
  const std::uint32_t* found =
      sanction_index.find(base::key_of_number(MemberPair{room.id.index, user}));
  return found == nullptr ? kNone : *found;
}

std::uint32_t Tables::make_sanction(Room& room, std::string_view id) noexcept {
  const UserIndex user = hold_user(id);
  if (user == kNone) return kNone;
  this->user(user).sanctioned = true;
  const std::uint32_t index = sanctions.insert();
  if (index != kNone) {
    Sanction& fresh = *sanctions.at(index);
    fresh.room = room.id.index;
    fresh.user = user;
    if (due.cover(index + 1) && sanction_index.insert(index) != nullptr) {
      link_first(sanctions, room.first_sanction, index);
      return index;
    }
    sanctions.erase(index);
  }
  release_user(user);
  return kNone;
}

void Tables::drop_sanction(std::uint32_t index) noexcept {
  const Sanction gone = *sanctions.at(index);
  unlink(sanctions, room(gone.room).first_sanction, index);
  due.remove(index);
  sanction_index.erase(base::key_of_number(MemberPair{gone.room, gone.user}));
  sanctions.erase(index);
  release_user(gone.user);
}

// When its last part ends by itself, if it does; at once if nothing is left of it.
void Tables::watch_sanction(std::uint32_t index) noexcept {
  const Sanction& sanction = *sanctions.at(index);
  const bool lasts = std::ranges::any_of(sanction.for_good, [](bool is) { return is; });
  if (sanction.allowed || lasts) return due.remove(index);
  const std::int64_t last_us = *std::ranges::max_element(sanction.until_us);
  if (last_us == 0) return drop_sanction(index);
  due.set(index, last_us);
}

Error Tables::sanctioned(const Room& room, UserIndex user, Measure measure, Instant now) noexcept {
  const std::uint32_t index = find_sanction(room, user);
  if (index == kNone || !in_force(*sanctions.at(index), measure, now)) return {};
  const Instant end = end_of(*sanctions.at(index), measure);
  const Errc code = measure == Measure::ban ? Errc::banned : Errc::muted;
  const Rule rule = measure == Measure::ban         ? Rule::ban
                    : measure == Measure::self_mute ? Rule::self_mute
                                                    : Rule::mute;
  return refusal(code, rule, end == Instant::never() ? 0 : base::retry_after_ms(end - now));
}

bool Tables::allowed(const Room& room, UserIndex user) noexcept {
  const std::uint32_t index = find_sanction(room, user);
  return index != kNone && sanctions.at(index)->allowed;
}

Result<Instant> Registry::impose(RoomId id, std::string_view user, Measure measure, Instant until,
                                 Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  if (!base::valid_name(user, kNameBytes)) return Errc::bad_request;
  forget_sanctions(now);
  std::uint32_t index = t.find_sanction(*room, t.find_user(user));
  // What everybody may do to himself leaves half of the table to moderators.
  const bool wish = measure == Measure::self_mute;
  if (index == kNone && wish && t.sanctions.size() >= t.limits.sanctions / 2) {
    return Errc::limit_reached;
  }
  if (index == kNone) index = t.make_sanction(*room, user);
  if (index == kNone) return Errc::limit_reached;
  Sanction& sanction = *t.sanctions.at(index);
  const std::size_t at = place_of(measure);
  if (until == Instant::never()) {
    sanction.for_good[at] = true;
  } else {
    sanction.until_us[at] = until.us;
  }
  const Instant end = end_of(sanction, measure);
  t.watch_sanction(index);
  return end;
}

void Registry::lift(RoomId id, std::string_view user, Measure measure) noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  const std::uint32_t index = room == nullptr ? kNone : t.find_sanction(*room, t.find_user(user));
  if (index == kNone) return;
  Sanction& sanction = *t.sanctions.at(index);
  const std::size_t at = place_of(measure);
  sanction.for_good[at] = false;
  sanction.until_us[at] = 0;
  t.watch_sanction(index);
}

Status Registry::allow(RoomId id, std::string_view user, bool allowed) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  if (!base::valid_name(user, kNameBytes)) return Errc::bad_request;
  std::uint32_t index = t.find_sanction(*room, t.find_user(user));
  if (index == kNone && !allowed) return {};
  if (index == kNone) index = t.make_sanction(*room, user);
  if (index == kNone) return Errc::limit_reached;
  t.sanctions.at(index)->allowed = allowed;
  t.watch_sanction(index);
  return {};
}

Sanctions Registry::sanctions(RoomId id, std::string_view user, Instant now) const noexcept {
  Tables& t = *tables_;
  Sanctions out;
  const Room* room = t.find_room(id);
  const std::uint32_t index = room == nullptr ? kNone : t.find_sanction(*room, t.find_user(user));
  if (index == kNone) return out;
  const Sanction& sanction = *t.sanctions.at(index);
  out.muted = in_force(sanction, Measure::mute, now);
  if (out.muted) out.muted_until = end_of(sanction, Measure::mute);
  out.banned = in_force(sanction, Measure::ban, now);
  if (out.banned) out.banned_until = end_of(sanction, Measure::ban);
  out.allowed = sanction.allowed;
  out.self_muted = in_force(sanction, Measure::self_mute, now);
  out.shadow_muted = in_force(sanction, Measure::shadow_mute, now);
  return out;
}

Error Registry::sanctioned(RoomId id, UserIndex user, Measure measure, Instant now) const noexcept {
  const Room* room = tables_->find_room(id);
  return room == nullptr ? Error{} : tables_->sanctioned(*room, user, measure, now);
}

bool Registry::each_sanction(RoomId id, SanctionVisitor visit, void* context) const noexcept {
  const Room* room = tables_->find_room(id);
  if (room == nullptr) return true;
  for (std::uint32_t at = room->first_sanction; at != kNone;) {
    const Sanction& sanction = *tables_->sanctions.at(at);
    at = sanction.next;
    KeptSanction kept{.user = tables_->user(sanction.user).id(), .allowed = sanction.allowed};
    std::ranges::copy(sanction.until_us, kept.until);
    std::ranges::copy(sanction.for_good, kept.for_good);
    if (!visit(context, kept)) return false;
  }
  return true;
}

Instant Registry::next_sanction_due() const noexcept {
  return tables_->due.empty() ? Instant::never() : Instant{tables_->due.top_key()};
}

void Registry::forget_sanctions(Instant now) noexcept {
  IndexHeap& due = tables_->due;
  while (!due.empty() && due.top_key() <= now.us) tables_->drop_sanction(due.top());
}

}  // namespace chatroom::room
