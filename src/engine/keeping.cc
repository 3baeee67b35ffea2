// The record of a room in storage: its settings and channels, and whether the log that is stored
// there is whole.
//
// What a crash may have cost must never be called recovered, and offsets that were given out must
// not be given out again in the same epoch. So the record says `open` while members may have been
// told more than is stored:
//
//   - it says so before the first such message is told: until the storage confirmed it, the room
//     stores first, whatever its durability (stores_first);
//   - it is taken back when all is stored and nobody is left to be told more: when the room closes
//     and when the engine drains;
//   - a room loaded with an open record, or with none that is ours, takes a new epoch.
//
// Under Durability::before nobody is told more than is stored, so the log is whole at every moment.
// The epoch that clients see stands in the record; the storage's own one stays, with its messages.
#include <algorithm>
#include <array>

#include "chatroom/codec_checks.h"
#include "engine/questions.h"

namespace chatroom {

using engine::RoomRecord;
using engine::StorageWork;
using engine::StorageWorkKind;

// The lasting settings that members see; behind them attributes, pins, roles, who applied, what was
// read, mutes and bans. The rest of a policy is the host's own, given with each opening.
struct engine::Kept {
  std::uint64_t epoch = 0;
  bool open = true;
  Instant created;
  std::string_view creator;
  std::uint32_t slow_mode_s = 0;
  bool mute_all = false;
  bool moderated = false;
  std::uint32_t max_members = 0;
  std::uint8_t modes = 0;  // members_only, followers_only, emote_only
  std::uint32_t duplicate_s = 0;
  std::uint32_t channels = 0;  // name, creator and access of each follow, without main
};

using engine::Kept;

namespace {

constexpr unsigned kAllowedMark = 1u << room::kMeasures;
constexpr std::uint8_t kVersion = 5;
// Read positions move with every message: they are stored with whatever else is, at the latest so
// long after the first of them moved.
constexpr Duration kReadsAfter = Duration::s(10);

// Where the channels of the record are now, by their numbers in it; kNone: no place for it. What
// was opened while the room was loaded may have taken their numbers.
using Places = std::array<room::ChannelIndex, room::kChannelsMax>;

// False: not a record of ours.
bool unpack(engine::Unpacker& from, Kept& kept) noexcept {
  if (from.u8() != kVersion) return false;
  kept.epoch = from.u64();
  kept.open = from.flag();
  kept.created.us = from.i64();
  kept.creator = from.text();
  kept.slow_mode_s = from.u32();
  kept.mute_all = from.flag();
  kept.moderated = from.flag();
  kept.max_members = from.u32();
  kept.modes = from.u8();
  kept.duplicate_s = from.u32();
  kept.channels = from.u32();
  return from.ok() && kept.epoch != 0;
}

}  // namespace

// Whether members may be told more than is stored: not when there are none and none can come.
bool Engine::State::may_outrun(RoomId room) const noexcept {
  const room::RoomView view = rooms.view(room);
  return view.policy->durability != Durability::before && !(draining && view.sessions == 0);
}

bool Engine::State::all_stored(const RoomRecord& record) const noexcept {
  return !record.appending && record.ahead.empty() && record.flying.empty() &&
         record.stored >= rooms.view(record.room).position.offset;
}

// Saves what the storage does not know yet; one save a room at a time.
void Engine::State::save_changes(RoomRecord& record) noexcept {
  if (record.saving || record.save_failed) return;
  const room::RoomView view = rooms.view(record.room);
  // A room in which nothing was said or set leaves no trace.
  if (!record.kept && view.position.offset == 0 && record.ahead.empty()) return;
  if (draining && record.reads_moved) record.unsaved = true;
  const bool open = may_outrun(record.room) || (record.open && !all_stored(record));
  if (open == record.open && !record.unsaved) return;
  if (broken_for(engine::BrokenPort::storage).us > 0) return save_later(record);
  save_room(record, view.position.epoch, open);
}

// False: not asked for; it is tried again like a save that failed.
bool Engine::State::save_room(RoomRecord& record, std::uint64_t epoch, bool open) noexcept {
  const room::RoomView view = rooms.view(record.room);
  engine::Packer to{scratch.packed.first(kStoredRecordBytesMax)};
  to.u8(kVersion);
  to.u64(epoch);
  to.flag(open);
  to.i64(view.created.us);
  to.text(view.creator);
  to.u32(view.policy->slow_mode_s);
  to.flag(view.policy->mute_all);
  to.flag(view.policy->moderated);
  to.u32(view.policy->max_members);
  to.u8(static_cast<std::uint8_t>(view.policy->members_only | view.policy->followers_only << 1 |
                                  view.policy->emote_only << 2));
  to.u32(view.policy->duplicate_s);
  const RoomState state = rooms.state(record.room);
  to.u32(static_cast<std::uint32_t>(state.channels.size() - 1));
  for (const ChannelState& channel : state.channels.subspan(1)) {
    to.text(channel.name);
    to.text(channel.creator);
    to.u8(static_cast<std::uint8_t>(channel.access));
  }
  to.text(rooms.password(record.room).stored);
  keep_board(to, state);
  keep_grants(to, record.room);
  keep_people(to, record.room);
  keep_sanctions(to, record.room);
  CHATROOM_ASSERT(to.ok());  // names, channels and boards are bounded, sanctions stop in time
  const StorageRequest request = new_work(StorageWorkKind::save, record.room);
  if (!request) {
    save_later(record);
    return false;
  }
  StorageWork& work = *storage_works.get(request);
  work.open = open;
  work.epoch = epoch;
  record.saving = true;
  record.unsaved = record.reads_moved = false;
  record.kept = true;
  // From here on the storage may believe the log whole, whatever it answers.
  if (!open) record.open = false;
  ask_storage([&] { ports.storage->save(request, *this, view.key, record.log_epoch, to.bytes()); });
  return true;
}

void Engine::State::save_later(RoomRecord& record) noexcept {
  record.unsaved = true;
  record.save_failed = true;
  retry_storage();
}

void Engine::State::saved(const StorageWork& work, RoomRecord& record) noexcept {
  record.saving = false;
  if (work.status && work.open) record.open = true;
  if (!work.status) save_later(record);
  if (record.loading) {
    // The stored log is whole and goes on, unless its end cannot be taken back any more.
    if (work.status) rooms.set_epoch(record.room, work.epoch);
    record.open = true;
    return warm(record);
  }
  mark_changed(record.room);
}

// Its settings or channels are not as they were stored.
void Engine::State::mark_unsaved(RoomId room) noexcept {
  RoomRecord* record = record_of(room);
  if (record == nullptr) return;
  record->unsaved = true;
  record->kept = true;
  if (record->loading) record->set_meanwhile = true;
  mark_changed(room);
}

void Engine::State::keep_reads_soon(RoomId room) noexcept {
  RoomRecord* record = record_of(room);
  if (record == nullptr) return;
  record->reads_moved = true;
  if (draining) return mark_unsaved(room);  // there may be no later
  save_reads = std::min(save_reads, now + kReadsAfter);
}

void Engine::State::keep_reads() noexcept {
  if (save_reads > now) return;
  save_reads = Instant::never();
  for (RoomId room = rooms.first_room(); room; room = rooms.next_room(room)) {
    const RoomRecord* record = record_of(room);
    if (record != nullptr && record->reads_moved) mark_unsaved(room);
  }
}

// The last word on a room that closes: its log is whole if all of it is stored.
void Engine::State::save_closing(RoomId room) noexcept {
  RoomRecord* record = record_of(room);
  if (record == nullptr || record->loading || record->saving || !record->kept) return;
  const bool open = record->open && !all_stored(*record);
  if (open != record->open || record->unsaved || record->reads_moved) {
    save_room(*record, rooms.view(room).position.epoch, open);
  }
}

// Closed channels, pins and attributes.
void Engine::State::keep_board(engine::Packer& to, const RoomState& state) noexcept {
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

// As many as the record holds, bans before all else, then the newest first: some twenty where a
// room has all its channels and attributes, a hundred and more where it has few. Mutes of oneself
// are not kept: anybody could fill the record with them.
void Engine::State::keep_sanctions(engine::Packer& to, RoomId room) noexcept {
  struct Into {
    engine::Packer& out;
    std::int64_t now_us;
    bool bans;  // this time around
  } into{to, now.us, true};
  const auto keep = [](void* context, const room::KeptSanction& kept) {
    Into& at = *static_cast<Into*>(context);
    constexpr std::size_t kItem = 1 + 4 + 1 + 8 * room::kMeasures;  // beside the name
    constexpr std::size_t kEnd = 1;
    constexpr auto kBan = static_cast<std::size_t>(room::Measure::ban);
    constexpr auto kWish = static_cast<std::size_t>(room::Measure::self_mute);
    unsigned marks = kept.allowed ? kAllowedMark : 0;
    bool any = kept.allowed;
    for (std::size_t i = 0; i < room::kMeasures; ++i) {
      if (i == kWish) continue;
      marks |= kept.for_good[i] ? 1u << i : 0;
      any = any || kept.for_good[i] || kept.until[i] > at.now_us;
    }
    const bool banned = kept.for_good[kBan] || kept.until[kBan] > at.now_us;
    if (!any || banned != at.bans) return true;
    if (at.out.left() < kItem + kept.user.size() + kEnd) return false;
    at.out.flag(true);
    at.out.text(kept.user);
    at.out.u8(static_cast<std::uint8_t>(marks));
    for (std::size_t i = 0; i < room::kMeasures; ++i) at.out.i64(i == kWish ? 0 : kept.until[i]);
    return true;
  };
  rooms.each_sanction(room, keep, &into);
  into.bans = false;
  rooms.each_sanction(room, keep, &into);
  to.flag(false);
}

// Roles in channels, the newest first: as many as a quarter of the record holds. Who is beyond that
// has to be given his again, and reads less until then, never more.
void Engine::State::keep_grants(engine::Packer& to, RoomId room) noexcept {
  struct Into {
    engine::Packer& out;
    std::size_t left;
  } into{to, to.left() / 4};
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

void Engine::State::restore_grants(RoomId room, std::span<const room::ChannelIndex> places,
                                   engine::Unpacker& from) noexcept {
  for (std::uint8_t count = from.u8(); count > 0 && from.ok(); count = from.u8()) {
    const std::string_view user = from.text();
    for (; count > 0 && from.ok(); --count) {
      const std::size_t number = from.u8();
      const Role role = engine::unpack_role(from);
      if (!from.ok() || number >= places.size() || places[number] == room::kNone) continue;
      const room::ChannelIndex channel = places[number];
      const auto change = rooms.set_role_in(room, user, channel, role);
      if (!change || change->from == Role::visitor) continue;
      static_cast<void>(rooms.set_role_in(room, user, channel, change->from));  // that stands
    }
  }
}

// What was set while the room was loaded stands.
void Engine::State::restore_board(RoomId room, std::span<const room::ChannelIndex> places,
                                  engine::Unpacker& from) noexcept {
  const std::uint32_t closed = from.u32();
  for (std::uint32_t i = 0; i < places.size() && from.ok(); ++i) {
    if ((closed & room::bit_of(i)) == 0 || places[i] == room::kNone) continue;
    rooms.set_closed(room, places[i], true);
  }
  for (std::uint8_t left = from.u8(); left > 0 && from.ok(); --left) {
    const std::string_view key = from.text();
    const std::string_view value = from.text();
    if (key.empty() || key.size() > kNameBytesMax || value.size() > kAttributeBytesMax) continue;
    static_cast<void>(rooms.set_attribute(room, key, value));
  }
  for (std::uint8_t left = from.u8(); left > 0 && from.ok(); --left) {
    rooms.restore_pin(room, from.u64());
  }
}

void Engine::State::restore_sanctions(RoomId room, engine::Unpacker& from) noexcept {
  while (from.flag() && from.ok()) {
    const std::string_view user = from.text();
    const std::uint8_t marks = from.u8();
    std::int64_t until[room::kMeasures];
    for (std::int64_t& end : until) end = from.i64();
    const Sanctions known = rooms.sanctions(room, user, now);
    if (!from.ok() || known.muted || known.banned || known.allowed) continue;
    for (std::size_t at = 0; at < room::kMeasures; ++at) {
      const auto measure = static_cast<room::Measure>(at);
      if (until[at] > now.us) {
        static_cast<void>(rooms.impose(room, user, measure, Instant{until[at]}, now));
      }
      if ((marks >> at & 1) != 0) {
        static_cast<void>(rooms.impose(room, user, measure, Instant::never(), now));
      }
    }
    if ((marks & kAllowedMark) != 0) static_cast<void>(rooms.allow(room, user, true));
  }
}

void Engine::State::restore_settings(const RoomRecord& record, const Kept& kept,
                                     engine::Unpacker& from) noexcept {
  const RoomId room = record.room;
  rooms.restore_origin(room, kept.created, kept.creator);
  Places places;
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    places[i] = i == 0 || CHATROOM_PLANTED(channel_number_kept) ? i : room::kNone;
  }
  for (std::uint32_t i = 1; i <= kept.channels && from.ok(); ++i) {
    const std::string_view name = from.text();
    const auto channel = rooms.open_channel(room, name, from.text());
    const Role access = engine::unpack_role(from);
    if (!channel) continue;  // what follows it in the record is read all the same
    if (i < places.size() && !CHATROOM_PLANTED(channel_number_kept)) places[i] = *channel;
    // What was set while it was loaded stands.
    if (access != Role::visitor && rooms.access(room, *channel) == Role::visitor) {
      static_cast<void>(rooms.restrict(room, *channel, access));
    }
  }
  const std::string_view stored = from.text();
  const bool secret =
      rooms.password(room).version != 0 || rooms.set_password(room, stored) || stored.empty();
  restore_board(room, places, from);
  restore_grants(room, places, from);
  restore_people(room, from);
  restore_sanctions(room, from);
  if (record.set_meanwhile && secret) return;
  RoomPolicy policy = *rooms.view(room).policy;
  // Without a place for its password it must not stand open.
  policy.by_invitation = policy.by_invitation || !secret;
  policy.first_join_owns = policy.first_join_owns && secret;
  policy.slow_mode_s = kept.slow_mode_s;
  policy.mute_all = kept.mute_all;
  policy.moderated = kept.moderated;
  policy.max_members = kept.max_members;
  policy.members_only = (kept.modes & 1) != 0;
  policy.followers_only = (kept.modes & 2) != 0;
  policy.emote_only = (kept.modes & 4) != 0;
  policy.duplicate_s = kept.duplicate_s;
  static_cast<void>(rooms.set_policy(room, policy, now));
}

// What storage knows of the room is known: its log goes on there, in the same epoch if it is whole.
void Engine::State::resume(StorageWork& work, RoomRecord& record) noexcept {
  const RoomId room = record.room;
  record.kept = true;
  record.found = true;
  record.log_epoch = work.stored.epoch;
  record.stored = work.stored.offset;
  Kept kept;
  const std::size_t size = work.results.empty() ? 0 : work.results.pop(blocks, scratch.unpacked);
  engine::Unpacker from{Bytes{scratch.unpacked}.first(size)};
  const bool ours = unpack(from, kept);
  rooms.restore(room, work.stored.offset, ours ? kept.epoch : work.stored.epoch);
  if (ours) restore_settings(record, kept, from);
  const bool whole = ours && (!kept.open || CHATROOM_PLANTED(cut_log_called_whole));
  if (!whole) {
    record.unsaved = true;
    return warm(record);
  }
  if (CHATROOM_PLANTED(restored_epoch_forgotten)) ++kept.epoch;
  if (!may_outrun(room) || CHATROOM_PLANTED(end_mark_left_standing)) {
    record.unsaved = record.set_meanwhile;
    rooms.set_epoch(room, kept.epoch);
    return warm(record);
  }
  record.open = false;
  if (save_room(record, kept.epoch, true)) return;
  record.open = true;  // as if the storage had refused
  warm(record);
}

}  // namespace chatroom
