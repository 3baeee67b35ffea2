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
//   - a room loaded with an open record, or with none at all, takes a new epoch.
//
// A record that is there and cannot be read (of a later version, torn) says whom the room keeps
// out, to whom it belongs and what it hides: then nobody gets in, and it is not written over.
//
// Under Durability::before nobody is told more than is stored, so the log is whole at every moment.
// The epoch that clients see stands in the record; the storage's own one stays, with its messages.
#include <algorithm>
#include <array>

#include "base/siphash.h"
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
  std::uint8_t version = 0;
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
  bool owned = false;
  std::uint32_t channels = 0;  // name, creator and access of each follow, without main
};

using engine::Kept;

namespace {

// 6 has a seal behind the version, and says whether the room is owned; 5 has neither, 4 no people.
constexpr std::uint8_t kVersion = 6;
constexpr std::uint8_t kOldest = 4;
constexpr std::uint8_t kWithPeople = 5;
constexpr std::size_t kSealed = 1 + 8;  // what stands before the sealed bytes
// Read positions move with every message: they are stored with whatever else is, at the latest so
// long after the first of them moved. So many rooms a turn, and again a moment later.
constexpr Duration kReadsAfter = Duration::s(10);
constexpr Duration kReadsAgain = Duration::ms(10);
constexpr int kReadsATurn = 32;

// Whether a record is as it was written; it keeps nobody from writing another one.
std::uint64_t seal_of(Bytes bytes) noexcept {
  return base::siphash({0x6b6570745f726f6f, 0x6d5f7265636f7264}, bytes);
}

// False: not a record of ours.
bool unpack(Bytes record, engine::Unpacker& from, Kept& kept) noexcept {
  kept.version = from.u8();
  if (kept.version < kOldest || kept.version > kVersion) return false;
  if (kept.version == kVersion) {
    const std::uint64_t seal = from.u64();
    if (!from.ok() || seal != seal_of(record.subspan(kSealed))) return false;
  }
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
  if (kept.version == kVersion) kept.owned = from.flag();
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
  if (record.saving || record.save_failed || record.waits()) return;
  const room::RoomView view = rooms.view(record.room);
  // A room in which nothing was said or set leaves no trace.
  if (!record.kept && view.position.offset == 0 && record.ahead.empty()) return;
  if (draining && record.reads_moved()) record.unsaved = true;
  const bool open = may_outrun(record.room) || (record.open && !all_stored(rooms, record));
  if (open == record.open && !record.unsaved) return;
  if (broken_for(engine::BrokenPort::storage).us > 0) return save_later(record);
  if (saves_left() == 0) return waiting_records.push_back(record);
  save_room(record, view.position.epoch, open);
}

// How many saves may be asked for now: the last quarter of what may wait is for messages, loads and
// rooms that close.
std::size_t Engine::State::saves_left() const noexcept {
  const std::size_t all = options.limits.storage_waiting;
  const std::size_t most =
      CHATROOM_PLANTED(saves_take_all) ? all : std::max<std::size_t>(all - all / 4, 1);
  return most - std::min<std::size_t>(most, storage_works.size());
}

// The records for which there was no place, as places come free.
void Engine::State::give_places() noexcept {
  for (std::size_t left = saves_left(); left > 0 && !waiting_records.empty(); --left) {
    mark_changed(waiting_records.pop_front()->room);
  }
}

// False: not asked for; it is tried again like a save that failed.
bool Engine::State::save_room(RoomRecord& record, std::uint64_t epoch, bool open) noexcept {
  const room::RoomView view = rooms.view(record.room);
  engine::Packer to{scratch.kept};
  to.u8(kVersion);
  to.u64(0);  // the seal
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
  to.flag(rooms.owned(record.room));
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
  CHATROOM_ASSERT(to.ok());  // all of it is bounded
  engine::Packer{scratch.kept.subspan(1)}.u64(seal_of(to.bytes().subspan(kSealed)));
  const StorageRequest request = new_work(StorageWorkKind::save, record.room);
  if (!request) {
    save_later(record);
    return false;
  }
  StorageWork& work = *storage_works.get(request);
  work.open = open;
  work.epoch = epoch;
  record.saving = true;
  record.unsaved = false;
  if (record.reads_moved()) read_records.remove(record);
  record.kept = true;
  tell_left_out(record, parts.left_out);
  // From here on the storage may believe the log whole, whatever it answers.
  if (!open) record.open = false;
  ask_storage([&] { ports.storage->save(request, *this, view.key, record.log_epoch, to.bytes()); });
  return true;
}

// Once for each that is more.
void Engine::State::tell_left_out(RoomRecord& record, std::uint32_t count) noexcept {
  if (count > record.left_out) {
    log(LogLevel::warning, "storage: not all people that a room knows are kept");
    note({.type = HostEventType::unkept, .room = rooms.view(record.room).key, .count = count});
  }
  record.left_out = count;
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
  if (!record->reads_moved()) read_records.push_back(*record);
  if (draining) return mark_unsaved(room);  // there may be no later
  save_reads = std::min(save_reads, now + kReadsAfter);
}

void Engine::State::keep_reads() noexcept {
  if (save_reads > now) return;
  for (int i = 0; i < kReadsATurn && !read_records.empty(); ++i) {
    mark_unsaved(read_records.pop_front()->room);
  }
  save_reads = read_records.empty() ? Instant::never() : now + kReadsAgain;
}

// The last word on a room that closes: its log is whole if all of it is stored. A save under way
// does not know what was changed since, and comes before this one.
void Engine::State::save_closing(RoomId room) noexcept {
  RoomRecord* record = record_of(room);
  if (record == nullptr || record->loading || !record->kept) return;
  if (record->saving && CHATROOM_PLANTED(last_save_forgotten)) return;
  const bool open = record->open && !all_stored(rooms, *record);
  if (open != record->open || record->saving || record->unsaved || record->reads_moved()) {
    const bool asked = save_room(*record, rooms.view(room).position.epoch, open);
    if (!asked) log(LogLevel::error, "storage: no place for the last save of a room that closes");
  }
}

// False: the record is torn.
bool Engine::State::restore_settings(RoomRecord& record, const Kept& kept,
                                     engine::Unpacker& from) noexcept {
  const RoomId room = record.room;
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
  if (kept.version >= kWithPeople) parts.restore_people(room, from);
  parts.restore_sanctions(room, from);
  if (!from.ok() || !from.at_end()) return false;
  tell_left_out(record, parts.left_out);
  if (kept.owned) rooms.restore_owned(room);
  rooms.restore_origin(room, kept.created, kept.creator);
  if (record.set_meanwhile && secret) return true;
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
  return true;
}

// Waiting does not help: the record has to be mended, or an engine that knows it has to come.
void Engine::State::fail_unread(RoomRecord& record) noexcept {
  if (!record.unread) {
    log(LogLevel::error, "storage: a room's record cannot be read: nobody gets in there");
    note({.type = HostEventType::unkept,
          .room = rooms.view(record.room).key,
          .error = {Errc::storage_failed, 0, 0}});
  }
  record.unread = true;
  fail_loading(record, {Errc::storage_failed, 0, 0});
}

// What storage knows of the room is known: its log goes on there, in the same epoch if it is whole.
void Engine::State::resume(StorageWork& work, RoomRecord& record) noexcept {
  const RoomId room = record.room;
  const bool there = !work.results.empty();
  const std::size_t size = there ? work.results.pop(blocks, scratch.kept) : 0;
  const Bytes bytes = Bytes{scratch.kept}.first(size);
  engine::Unpacker from{bytes};
  Kept kept;
  const bool ours = unpack(bytes, from, kept);
  if (there && !ours && !CHATROOM_PLANTED(unread_record_opens)) return fail_unread(record);
  const Position fresh = rooms.view(room).position;
  rooms.restore(room, work.stored.offset, ours ? kept.epoch : work.stored.epoch);
  if (ours && !restore_settings(record, kept, from)) {
    rooms.move_to(room, fresh);
    return fail_unread(record);
  }
  record.kept = true;
  record.found = true;
  record.log_epoch = work.stored.epoch;
  record.stored = work.stored.offset;
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
