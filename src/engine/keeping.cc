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
#include "engine/heirs.h"
#include "engine/kept_parts.h"
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

constexpr std::uint8_t kVersion = 5;
// Read positions move with every message: they are stored with whatever else is, at the latest so
// long after the first of them moved.
constexpr Duration kReadsAfter = Duration::s(10);

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

bool all_stored(const room::Registry& rooms, const RoomRecord& record) noexcept {
  return !record.appending && record.ahead.empty() && record.flying.empty() &&
         record.stored >= rooms.view(record.room).position.offset;
}

}  // namespace

// Whether members may be told more than is stored: not when there are none and none can come.
bool Engine::State::may_outrun(RoomId room) const noexcept {
  const room::RoomView view = rooms.view(room);
  return view.policy->durability != Durability::before && !(draining && view.sessions == 0);
}

// Saves what the storage does not know yet; one save a room at a time.
void Engine::State::save_changes(RoomRecord& record) noexcept {
  if (record.saving || record.save_failed) return;
  const room::RoomView view = rooms.view(record.room);
  // A room in which nothing was said or set leaves no trace.
  if (!record.kept && view.position.offset == 0 && record.ahead.empty()) return;
  if (draining && record.reads_moved) record.unsaved = true;
  const bool open = may_outrun(record.room) || (record.open && !all_stored(rooms, record));
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
  engine::KeptParts parts{rooms, now};
  parts.keep_board(to, state);
  parts.keep_grants(to, record.room);
  parts.keep_people(to, record.room);
  parts.keep_sanctions(to, record.room);
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
  if (cluster != nullptr) engine::record_moved(*this, room);
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
  const bool open = record->open && !all_stored(rooms, *record);
  if (open != record->open || record->unsaved || record->reads_moved) {
    save_room(*record, rooms.view(room).position.epoch, open);
  }
}

void Engine::State::restore_settings(const RoomRecord& record, const Kept& kept,
                                     engine::Unpacker& from) noexcept {
  const RoomId room = record.room;
  rooms.restore_origin(room, kept.created, kept.creator);
  engine::Places places;
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
  engine::KeptParts parts{rooms, now};
  parts.restore_board(room, places, from);
  parts.restore_grants(room, places, from);
  parts.restore_people(room, from);
  parts.restore_sanctions(room, from);
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
