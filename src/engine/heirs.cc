#include "engine/heirs.h"

#include <algorithm>
#include <utility>

#include "engine/kept_parts.h"
#include "room/permission.h"

namespace chatroom::engine {

namespace {

constexpr Duration kRecordInterval = Duration::s(1);
constexpr Duration kHeirInterval = Duration::s(10);  // after a succession
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kRecordBytes = 16 * 1024;  // it goes to each follower when it has changed

// Speakers and moderators are that while they are in, so the record in storage has none. Of a crowd
// the first few thousand are looked at.
void keep_present(Engine::State& state, RoomId room, Packer& to) noexcept {
  constexpr std::uint32_t kLooked = 8'192;
  const room::Registry& rooms = state.rooms;
  const std::size_t least = to.left() - to.left() / 4;
  std::uint32_t looked = 0;
  for (room::MemberIndex at = rooms.first_member(room); at != room::kNone && looked < kLooked;
       at = rooms.next_member(at), ++looked) {
    const Member member = rooms.describe(at);
    if (member.role <= Role::member || room::is_lasting(member.role)) continue;
    if (to.left() < least + member.user.size() + 8) break;
    to.flag(true);
    to.text(member.user);
    to.u8(static_cast<std::uint8_t>(member.role));
  }
  to.flag(false);
}

template <class Visit>
void each_present(Unpacker& from, Visit visit) noexcept {
  while (from.flag() && from.ok()) {
    const std::string_view user = from.text();
    const Role role = unpack_role(from);
    if (from.ok()) visit(user, role);
  }
}

Bytes pack_record(Engine::State& state, RoomId room) noexcept {
  const room::RoomView view = state.rooms.view(room);
  Packer to{state.scratch.packed.first(kRecordBytes)};
  to.u8(kVersion);
  keep_present(state, room, to);
  to.i64(view.created.us);
  to.text(view.creator);
  RoomState known = state.rooms.state(room);
  known.pinned = {};  // of a log that ends with its home
  to.u8(static_cast<std::uint8_t>(known.channels.size()));
  for (const ChannelState& channel : known.channels) to.text(channel.name);
  KeptParts parts{state.rooms, state.now, true};
  parts.keep_board(to, known);
  parts.keep_grants(to, room);
  parts.keep_people(to, room, false);
  parts.keep_sanctions(to, room);
  CHATROOM_ASSERT(to.ok());  // bounded
  return to.bytes();
}

}  // namespace

void record_moved(Engine::State& state, RoomId room) noexcept {
  Cluster& cluster = *state.cluster;
  SharedRoom& shared = cluster.rooms[room.index];
  if (shared.mirror || shared.record_moved) return;
  shared.record_moved = true;
  const Instant soon = std::max(state.now, cluster.records_told + kRecordInterval);
  cluster.tell_records = std::min(cluster.tell_records, soon);
}

void tell_records(Engine::State& state) noexcept {
  Cluster& cluster = *state.cluster;
  if (state.now < cluster.tell_records) return;
  cluster.tell_records = Instant::never();
  cluster.records_told = state.now;
  state.dirty = true;
  room::Registry& rooms = state.rooms;
  for (RoomId room = rooms.first_room(); room; room = rooms.next_room(room)) {
    SharedRoom& shared = cluster.rooms[room.index];
    if (!std::exchange(shared.record_moved, false) || shared.mirror) continue;
    if (!state.ports.broker->wanted(rooms.view(room).key)) continue;  // who comes will ask
    ++shared.sequence;
    const Bytes record = pack_record(state, room);
    state.publish_entry(room, EntryKind::record, Delivery::usual,
                        [&](Packer& to) { to.raw(record); });
    if (shared.missed) record_moved(state, room);
  }
}

void take_want_record(Engine::State& state, Unpacker& in) noexcept {
  const RoomId room = state.rooms.find(in.text());
  if (in.ok() && room && !state.is_mirror(room)) record_moved(state, room);
}

void want_record(Engine::State& state, RoomId room) noexcept {
  const SharedRoom& shared = state.cluster->rooms[room.index];
  if (!shared.record.empty()) return;
  static_cast<void>(state.cross(shared.home, Crossing::want_record, Delivery::usual,
                                [&](Packer& to) { to.text(state.rooms.view(room).key); }));
}

void drop_record(Engine::State& state, RoomId room) noexcept {
  SharedRoom& shared = state.cluster->rooms[room.index];
  state.cluster->record_bytes -= shared.record.bytes();
  shared.record.clear(state.blocks);
}

void hold_record(Engine::State& state, RoomId room, Bytes record) noexcept {
  Cluster& cluster = *state.cluster;
  drop_record(state, room);
  const std::uint64_t most = state.options.limits.waiting_bytes / 8;
  if (record.size() > kRecordBytes || cluster.record_bytes + record.size() > most) return;
  SharedRoom& shared = cluster.rooms[room.index];
  if (shared.record.push(state.blocks, record)) cluster.record_bytes += shared.record.bytes();
}

Bytes read_record(Engine::State& state, RoomId room) noexcept {
  SharedRoom& shared = state.cluster->rooms[room.index];
  if (shared.record.empty()) return {};
  state.cluster->record_bytes -= shared.record.bytes();
  const std::size_t size = shared.record.pop(state.blocks, state.cluster->event());
  const Bytes record = state.cluster->event().first(size);
  if (shared.record.push(state.blocks, record)) {
    state.cluster->record_bytes += shared.record.bytes();
  }
  return record;
}

// Who came in before the record did, and is banned by it, leaves.
void inherit(Engine::State& state, RoomId room, Bytes record) noexcept {
  Unpacker from{record};
  if (from.u8() != kVersion || CHATROOM_PLANTED(heir_forgets)) return;
  room::Registry& rooms = state.rooms;
  each_present(from, [&](std::string_view user, Role role) { stay_as(state, room, user, role); });
  const Instant created{from.i64()};
  rooms.restore_origin(room, created, from.text());
  Places places;
  places.fill(room::kNone);
  const std::size_t channels = from.u8();
  for (std::size_t i = 0; i < channels && from.ok(); ++i) {
    const auto channel = rooms.open_channel(room, from.text(), {});
    if (channel && i < places.size()) places[i] = *channel;
  }
  KeptParts parts{rooms, state.now};
  parts.restore_board(room, places, from);
  parts.restore_grants(room, places, from);
  parts.restore_people(room, from);
  parts.restore_sanctions(room, from);
  for (room::MembershipIndex at = rooms.first_of_room(room); at != room::kNone;) {
    const room::MembershipView member = rooms.view(at);
    at = rooms.next_of_room(at);
    const Error banned = rooms.sanctioned(room, member.user, room::Measure::ban, state.now);
    if (banned.code == Errc::ok) continue;
    state.remove_from_room(room, member.session, LeaveReason::banned);
  }
  state.mark_unsaved(room);
}

void inherit_late(Engine::State& state, RoomId room, Bytes record) noexcept {
  SharedRoom& shared = state.cluster->rooms[room.index];
  const bool young = state.now - state.rooms.view(room).created < kHeirInterval;
  if (record.empty() || !young || std::exchange(shared.inherited, true)) return;
  inherit(state, room, record);
}

Role stayed_as(Bytes record, std::string_view user) noexcept {
  Unpacker from{record};
  Role found = Role::visitor;
  if (record.empty() || from.u8() != kVersion) return found;
  each_present(from, [&](std::string_view one, Role role) {
    if (one == user) found = role;
  });
  return found;
}

void stay_as(Engine::State& state, RoomId room, std::string_view user, Role role) noexcept {
  if (role <= Role::member || room::is_lasting(role)) return;
  room::Registry& rooms = state.rooms;
  const room::UserIndex who = rooms.find_user(user);
  if (who == room::kNone || rooms.role(room, who) >= role) return;
  static_cast<void>(rooms.set_role(room, user, role));
}

}  // namespace chatroom::engine
