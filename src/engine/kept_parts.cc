// What a room's record in storage holds beside its settings: closed channels, pins, attributes,
// roles in channels, mutes and bans. People stand in people.cc.
#include "engine/kept_parts.h"

#include <algorithm>

#include "chatroom/codec_checks.h"

namespace chatroom::engine {

namespace {

constexpr unsigned kAllowedMark = 1u << room::kMeasures;

}  // namespace

// Closed channels, pins and attributes.
void KeptParts::keep_board(Packer& to, const RoomState& state) noexcept {
  std::uint32_t closed = 0;
  for (std::uint32_t i = 0; i < state.channels.size(); ++i) {
    if (state.channels[i].state == "closed") closed |= room::bit_of(i);
  }
  to.u32(closed);
  to.u8(static_cast<std::uint8_t>(state.attributes.size()));
  for (const Attribute& attribute : state.attributes) {
    to.text(attribute.key);
    to.text(attribute.value);
  }
  to.u8(static_cast<std::uint8_t>(state.pinned.size()));
  for (const std::uint64_t offset : state.pinned) to.u64(offset);
}

// As many as their share holds, bans before all else, then the newest first: some three hundred
// with the longest names. Mutes of oneself are not kept: anybody could fill the record with them.
void KeptParts::keep_sanctions(Packer& to, RoomId room) noexcept {
  struct Into {
    Part part;
    bool bans;  // this time around
  } into{{to, *this, share(to, kKeptSanctions)}, true};
  const auto keep = [](void* context, const room::KeptSanction& kept) {
    Into& at = *static_cast<Into*>(context);
    Packer& out = at.part.out;
    const std::int64_t now_us = at.part.of.now.us;
    constexpr std::size_t kItem = 4 + 1 + 8 * room::kMeasures;  // beside the name
    constexpr auto kBan = static_cast<std::size_t>(room::Measure::ban);
    constexpr auto kWish = static_cast<std::size_t>(room::Measure::self_mute);
    unsigned marks = kept.allowed ? kAllowedMark : 0;
    bool any = kept.allowed;
    for (std::size_t i = 0; i < room::kMeasures; ++i) {
      if (i == kWish) continue;
      marks |= kept.for_good[i] ? 1u << i : 0;
      any = any || kept.for_good[i] || kept.until[i] > now_us;
    }
    const bool banned = kept.for_good[kBan] || kept.until[kBan] > now_us;
    if (!any || banned != at.bans) return true;
    if (!at.part.begin(kItem + kept.user.size())) {
      ++at.part.of.left_out;
      return true;
    }
    out.text(kept.user);
    out.u8(static_cast<std::uint8_t>(marks));
    for (std::size_t i = 0; i < room::kMeasures; ++i) out.i64(i == kWish ? 0 : kept.until[i]);
    return true;
  };
  rooms.each_sanction(room, keep, &into);
  into.bans = false;
  rooms.each_sanction(room, keep, &into);
  to.flag(false);
}

// Roles in channels, the newest first: as many as their share holds. Who is beyond that has to be
// given his again, and reads less until then, never more.
void KeptParts::keep_grants(Packer& to, RoomId room) noexcept {
  struct Into {
    Packer& out;
    std::size_t left;
  } into{to, share(to, kKeptGrants) - 1};
  rooms.each_grant(
      room,
      [](void* context, std::string_view user, std::span<const Role> roles) {
        Into& at = *static_cast<Into*>(context);
        const auto has = [](Role role) { return role != Role::visitor; };
        const auto count = static_cast<std::size_t>(std::ranges::count_if(roles, has));
        const std::size_t size = 2 + 4 + user.size() + 2 * count;
        if (size > at.left) return false;
        at.left -= size;
        at.out.u8(static_cast<std::uint8_t>(count));
        at.out.text(user);
        for (std::size_t i = 0; i < roles.size(); ++i) {
          if (!has(roles[i])) continue;
          at.out.u8(static_cast<std::uint8_t>(i));
          at.out.u8(static_cast<std::uint8_t>(roles[i]));
        }
        return true;
      },
      &into);
  to.u8(0);
}

void KeptParts::restore_grants(RoomId room, const Places& places, Unpacker& from) noexcept {
  for (std::uint8_t count = from.u8(); count > 0 && from.ok(); count = from.u8()) {
    const std::string_view user = from.text();
    for (; count > 0 && from.ok(); --count) {
      const std::size_t number = from.u8();
      const Role role = unpack_role(from);
      if (!from.ok() || number >= places.size() || places[number] == room::kNone) continue;
      const room::ChannelIndex channel = places[number];
      const auto change = rooms.set_role_in(room, user, channel, role);
      if (!change || change->from == Role::visitor) continue;
      static_cast<void>(rooms.set_role_in(room, user, channel, change->from));  // that stands
    }
  }
}

// What was set while the room was loaded stands.
void KeptParts::restore_board(RoomId room, const Places& places, Unpacker& from) noexcept {
  const std::uint32_t closed = from.u32();
  for (std::uint32_t i = 0; i < places.size() && from.ok(); ++i) {
    if ((closed & room::bit_of(i)) == 0 || places[i] == room::kNone) continue;
    rooms.set_closed(room, places[i], true);
  }
  for (std::uint8_t left = from.u8(); left > 0 && from.ok(); --left) {
    const std::string_view key = from.text();
    const std::string_view value = from.text();
    if (key.empty() || key.size() > kNameBytesMax || value.size() > chatroom::kAttributeBytesMax)
      continue;
    static_cast<void>(rooms.set_attribute(room, key, value));
  }
  for (std::uint8_t left = from.u8(); left > 0 && from.ok(); --left) {
    rooms.restore_pin(room, from.u64());
  }
}

void KeptParts::restore_sanctions(RoomId room, Unpacker& from) noexcept {
  while (from.flag() && from.ok()) {
    const std::string_view user = from.text();
    const std::uint8_t marks = from.u8();
    std::int64_t until[room::kMeasures];
    for (std::int64_t& end : until) end = from.i64();
    const Sanctions known = rooms.sanctions(room, user, now);
    if (!from.ok() || known.muted || known.banned || known.allowed) continue;
    bool done = true;
    for (std::size_t at = 0; at < room::kMeasures; ++at) {
      const auto measure = static_cast<room::Measure>(at);
      if (until[at] > now.us) {
        done = rooms.impose(room, user, measure, Instant{until[at]}, now) && done;
      }
      if ((marks >> at & 1) != 0) {
        done = rooms.impose(room, user, measure, Instant::never(), now) && done;
      }
    }
    if ((marks & kAllowedMark) != 0) done = rooms.allow(room, user, true) && done;
    if (!done) ++left_out;
  }
}

}  // namespace chatroom::engine
