// Mirrors: rooms of another home as they are held here, and what its entries change in them
// (cluster.h).
#include <algorithm>

#include "engine/heirs.h"

namespace chatroom {

using engine::Crossing;
using engine::EntryKind;
using engine::Packer;
using engine::SharedRoom;
using engine::Unpacker;

namespace {

constexpr Duration kMirrorLinger = Duration::s(5);  // of a mirror that nobody here is in

// The home decides; here only what the log does matters, and when an empty mirror may go.
RoomPolicy mirror_policy(const RoomPolicy& home, bool kept) noexcept {
  RoomPolicy policy = home;
  policy.max_members = 0;
  policy.first_join_owns = false;
  policy.by_invitation = false;  // the home has let in who joins here
  policy.durability = Durability::none;
  policy.idle_close = kept ? Duration{0} : kMirrorLinger;
  return policy;
}

}  // namespace

// Takes over where the mirror's log goes on, and opens it for who joins. Empty: there is none, no
// place for it, or the room is our own.
RoomId Engine::State::take_welcome(PeerId from, Unpacker& in, bool joins) noexcept {
  const std::string_view key = in.text();
  const Term term = in.u64();
  const std::uint64_t sequence = in.u64();
  Position position;
  position.epoch = in.u64();
  position.offset = in.u64();
  const std::uint32_t users = in.u32();
  const Instant created{in.i64()};
  const std::string_view opener = in.text();
  RoomPolicy policy;
  unpack(in, policy);
  const std::string_view stored = in.text();
  const std::uint8_t channels = in.u8();
  RoomId room = in.ok() ? rooms.find(key) : RoomId{};
  // Without a join nobody subscribed: such a mirror would hear nothing.
  if (in.ok() && !room && joins) room = open_mirror(key, policy, false);
  const bool mine = room && is_mirror(room);
  ChannelState listed[room::kChannelsMax];
  for (std::uint8_t i = 0; i < channels && in.ok(); ++i) {
    const std::string_view name = in.text();
    const std::string_view creator = in.text();
    const Role access = engine::unpack_role(in);
    if (i < room::kChannelsMax) listed[i] = {name, {}, creator, access, {}};
  }
  if (!mine || !in.ok()) return {};
  hold_channels(room, std::span{listed}.first(std::min<std::size_t>(channels, std::size(listed))));
  SharedRoom& shared = cluster->rooms[room.index];
  const bool anew = rooms.view(room).position.epoch != position.epoch;
  if (!anew && shared.term == term && sequence > shared.sequence) {
    lose_entries(room, sequence - shared.sequence, position.offset);
  }
  shared.home = from;
  shared.term = term;
  shared.sequence = sequence;
  shared.online = users;
  rooms.restore_origin(room, created, opener);
  rooms.move_to(room, position);
  hold_policy(room, policy);
  hold_password(room, stored);
  const bool held = std::exchange(shared.attaching, false) && rooms.view(room).sessions > 0;
  if (held && anew) tell_reset(room);
  engine::want_record(*this, room);
  return room;
}

// Channels are numbered by their home. After a succession that may be another order than here, and
// members would be shown channels that they are not on.
void Engine::State::hold_channels(RoomId room, std::span<const ChannelState> channels) noexcept {
  room::ChannelIndex now_at[room::kChannelsMax];
  bool moved = false;
  room::ChannelIndex count = 0;
  for (; count < room::kChannelsMax; ++count) {
    const std::string_view name = rooms.channel_name(room, count);
    if (name.empty()) break;
    const auto same = [&](const ChannelState& channel) { return channel.name == name; };
    const auto found = std::find_if(channels.begin(), channels.end(), same);
    now_at[count] = static_cast<room::ChannelIndex>(found - channels.begin());
    moved = moved || now_at[count] != count;
  }
  if (moved) {
    for (room::MembershipIndex at = rooms.first_of_room(room); at != room::kNone;) {
      const room::MembershipView member = rooms.view(at);
      room::ChannelMask mask = 0;
      for (room::ChannelIndex i = 0; i < count; ++i) {
        if ((member.mask & room::bit_of(i)) == 0 || now_at[i] >= channels.size()) continue;
        mask |= room::bit_of(now_at[i]);
      }
      rooms.set_mask(at, mask);
      at = rooms.next_of_room(at);
      if (fanout.set_mask(room.index, member.session, mask)) continue;
      remove_from_room(room, member.session, LeaveReason::dropped);
    }
    rooms.forget_channels(room);
  }
  hold_access(room, channels);
}

// For whom a channel is: here only so that it stays so, should this engine become the home.
void Engine::State::hold_access(RoomId room, std::span<const ChannelState> channels) noexcept {
  for (const ChannelState& channel : channels) {
    const auto opened = rooms.open_channel(room, channel.name, channel.creator);
    if (opened && *opened != 0) static_cast<void>(rooms.restrict(room, *opened, channel.access));
  }
}

// Likewise the password: the home alone asks for it. Without a place for it the room must not stand
// open here.
void Engine::State::hold_password(RoomId room, std::string_view stored) noexcept {
  if (rooms.password(room).stored == stored || rooms.set_password(room, stored)) return;
  if (is_mirror(room)) {
    cluster->rooms[room.index].theirs.by_invitation = true;
    cluster->rooms[room.index].theirs.first_join_owns = false;
    return;
  }
  RoomPolicy policy = *rooms.view(room).policy;
  policy.by_invitation = true;
  policy.first_join_owns = false;
  static_cast<void>(set_policy(room, policy));
}

RoomId Engine::State::open_mirror(std::string_view key, const RoomPolicy& policy,
                                  bool kept) noexcept {
  const Result<RoomId> room = rooms.open(key, mirror_policy(policy, kept), {}, now);
  if (!room) return {};
  const Status log =
      fanout.open_log(room->index, rooms.view(*room).key, log_options(*room, policy));
  if (!log) {
    rooms.close(*room);
    return {};
  }
  unshare_room(*room);
  SharedRoom& shared = cluster->rooms[room->index];
  shared.mirror = true;
  shared.kept = kept;
  shared.attaching = true;
  return *room;
}

// The host opens a room that lives elsewhere: it holds a mirror, and its home opens the room if it
// is not there. refused as room_closed, should that fail.
Result<RoomId> Engine::State::follow_room(std::string_view key, const RoomPolicy& policy,
                                          PeerId home) noexcept {
  if (rooms.find(key)) return Errc::already_member;
  const RoomId room = open_mirror(key, policy, true);
  if (!room) return Errc::limit_reached;
  cluster->rooms[room.index].home = home;
  ports.broker->subscribe(key);
  static_cast<void>(cross(home, Crossing::follow, Delivery::certain, [&](Packer& to) {
    to.text(key);
    pack(to, policy);
  }));
  dirty = true;
  return room;
}

void Engine::State::hold_policy(RoomId room, const RoomPolicy& policy) noexcept {
  SharedRoom& shared = cluster->rooms[room.index];
  shared.theirs.max_members = policy.max_members;
  shared.theirs.first_join_owns = policy.first_join_owns;
  shared.theirs.by_invitation = policy.by_invitation;
  shared.theirs.idle_close = policy.idle_close;
  shared.theirs.durability = policy.durability;
  static_cast<void>(rooms.set_policy(room, mirror_policy(policy, shared.kept), now));
  fanout.set_log_options(room.index, engine::log_options(policy));
}

void Engine::State::take_refused(PeerId from, Unpacker& in) noexcept {
  const RoomId room = rooms.find(in.text());
  if (!room || !is_mirror(room) || cluster->rooms[room.index].home != from) return;
  cluster->rooms[room.index].home_knows = true;
  close_room(room, LeaveReason::room_closed);
}

// ---- What the home says

void Engine::State::on_entry(std::string_view key, Term term, std::uint64_t sequence,
                             Bytes entry) noexcept {
  ++broker_inputs;
  const RoomId room = rooms.find(key);
  if (!room || !is_mirror(room)) return;
  SharedRoom& shared = cluster->rooms[room.index];
  if (shared.attaching || term != shared.term || sequence <= shared.sequence) return;
  dirty = true;
  Unpacker in{entry};
  const auto kind = static_cast<EntryKind>(in.u8());
  const std::uint64_t before = in.u64();
  if (kind == EntryKind::welcome) {
    const bool held = static_cast<bool>(take_welcome(shared.home, in, false));
    if (held && shared.lost != 0) static_cast<void>(tell_lost(room, 0));
    return;
  }
  if (sequence != shared.sequence + 1) {
    lose_entries(room, sequence - shared.sequence - 1, before);
    const Position here = rooms.view(room).position;
    if (before > here.offset) rooms.move_to(room, {here.epoch, before});
  }
  shared.sequence = sequence;
  switch (kind) {
    case EntryKind::event: {
      fanout::EntryMeta meta;
      unpack(in, meta);
      Event event;
      if (in.ok() && decode_crossing(in.rest(), event)) return fold(room, meta, event);
      return lose_entries(room, 1, 0);
    }
    case EntryKind::policy: {
      RoomPolicy policy;
      unpack(in, policy);
      const std::string_view stored = in.text();
      if (!in.ok()) return;
      hold_policy(room, policy);
      return hold_password(room, stored);
    }
    case EntryKind::closed: {
      const auto reason = static_cast<LeaveReason>(in.u8());
      shared.home_knows = true;
      return close_room(room, reason);
    }
    case EntryKind::recalled:
      return take_back_here(room, in);
    case EntryKind::record:
      return engine::hold_record(*this, room, in.rest());
    case EntryKind::welcome:
      return;
  }
}

void Engine::State::take_back_here(RoomId room, Unpacker& in) noexcept {
  struct Taken {
    std::uint64_t first;
    std::uint64_t count;
    Bytes bits;
  } taken{};
  taken.first = in.u64();
  taken.count = in.u64();
  taken.bits = in.ok() ? in.rest() : Bytes{};
  fanout.recall_where(
      room.index,
      [](void* context, std::uint64_t offset) {
        const Taken& all = *static_cast<Taken*>(context);
        const std::uint64_t at = offset - all.first;
        if (offset < all.first || at >= all.count || at / 8 >= all.bits.size()) return false;
        return ((std::to_integer<unsigned>(all.bits[at / 8]) >> (at % 8)) & 1) != 0;
      },
      &taken);
}

// One entry of the home's: what it changes here, and then into the log.
void Engine::State::fold(RoomId room, fanout::EntryMeta meta, const Event& event) noexcept {
  SharedRoom& shared = cluster->rooms[room.index];
  const Position here = rooms.view(room).position;
  if (event.type == EventType::presence) shared.online = static_cast<std::uint32_t>(event.online);
  hold_access(room, event.state.channels);
  if (event.state.likes) rooms.hold_likes(room, *event.state.likes);
  if (event.type == EventType::message) {
    const room::UserIndex author = rooms.find_user(event.message.user);
    meta.author = author == room::kNone ? fanout::kNoSlot : author;
  }
  if (event.type == EventType::message_removed) {
    std::uint64_t gone = event.offset;
    fanout.recall_where(
        room.index,
        [](void* context, std::uint64_t offset) {
          return offset == *static_cast<std::uint64_t*>(context);
        },
        &gone);
  }
  // What follows a hole must not be seen before it.
  const bool told =
      shared.lost == 0 || tell_lost(room, meta.offset == 0 ? here.offset : meta.offset - 1);
  const Result<fanout::Appended> appended = told ? fanout.append(room.index, meta, event)
                                                 : Result<fanout::Appended>{Errc::room_overloaded};
  // Its sender cannot be refused any more: the home has said it.
  if (!appended || appended->sampled) lose_entries(room, 1, meta.offset);
  if (meta.offset != 0) rooms.move_to(room, {here.epoch, meta.offset});
}

// They never reached this engine, or its log had no place for them.
void Engine::State::lose_entries(RoomId room, std::uint64_t count, std::uint64_t last) noexcept {
  SharedRoom& shared = cluster->rooms[room.index];
  if (shared.lost == 0) shared.lost_from = rooms.view(room).position.offset + 1;
  shared.lost += count;
  shared.lost_to = std::max(shared.lost_to, last);
  tell_losses_soon();
}

bool Engine::State::tell_lost(RoomId room, std::uint64_t last) noexcept {
  SharedRoom& shared = cluster->rooms[room.index];
  const std::uint64_t to = std::max(shared.lost_to, last);
  Event event;
  event.type = EventType::gap;
  event.room = rooms.view(room).key;
  event.gap.count = shared.lost;
  event.gap.lossy = event.gap.reliable = true;  // not known which
  event.gap.reason = GapReason::history_lost;
  if (to >= shared.lost_from) event.gap.from = shared.lost_from, event.gap.to = to;
  const bool told = static_cast<bool>(
      fanout.append(room.index, {.priority = Priority::high, .reliable = true}, event));
  if (!told) return false;  // with the next one
  note({.type = HostEventType::dropped, .room = event.room, .gap = event.gap});
  shared.lost = shared.lost_from = shared.lost_to = 0;
  return true;
}

}  // namespace chatroom
