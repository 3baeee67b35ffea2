// Opening and closing rooms, their settings, and what storage brings back.
#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

// The policy as the room keeps it: bounds applied, the owner's name in the room's own memory.
bool adopt_policy(Tables& tables, Room& room, const RoomPolicy& policy) noexcept {
  if (!tables.budget(room, policy)) return false;
  // The caller's policy may be the room's own, with a view of the name that is replaced here.
  if (policy.owner != room.owner.view() && !tables.texts.replace(room.owner, policy.owner)) {
    return false;
  }
  room.policy = policy;
  room.policy.owner = room.owner.view();
  room.policy.history_messages = std::min(policy.history_messages, kHistoryMessagesMax);
  return true;
}

bool in_bounds(const RoomPolicy& policy) noexcept {
  return policy.receive_normal_per_s <= kReceiveMax && policy.receive_high_per_s <= kReceiveMax &&
         policy.channel_normal_per_s <= kReceiveMax && policy.channel_high_per_s <= kReceiveMax &&
         policy.duplicate_s <= kKeyLifetime.us / 1'000'000 && policy.line_length <= kLineMax &&
         policy.hands <= kLineMax && policy.applications <= kLineMax;
}

void drop_all(Tables& tables, const MemberList& list) noexcept {
  for (MemberIndex at = list.first; at != kNone;) {
    const MemberIndex next = tables.member(at).next;
    tables.drop_member(at);
    at = next;
  }
}

RoomState policy_state(const RoomPolicy& policy) noexcept {
  RoomState state;
  state.has_policy = true;
  state.slow_mode_s = policy.slow_mode_s;
  state.mute_all = policy.mute_all;
  state.moderated = policy.moderated;
  state.max_members = policy.max_members;
  state.line_length = policy.line_length;
  state.hands = policy.hands;
  state.members_only = policy.members_only;
  state.followers_only = policy.followers_only;
  state.emote_only = policy.emote_only;
  state.duplicate_s = policy.duplicate_s;
  return state;
}

}  // namespace

// Never 0, nor `other`. The moment is in it so that a host with a fixed seed has new ones each
// time.
std::uint64_t Tables::new_epoch(Instant now, std::uint64_t other) noexcept {
  std::uint64_t epoch = 0;
  while (epoch == 0 || epoch == other) {
    epoch = base::Random{random.next() ^ static_cast<std::uint64_t>(now.us)}.next();
  }
  return epoch;
}

Result<RoomId> Registry::open(std::string_view key, const RoomPolicy& policy,
                              std::string_view creator, Instant now) noexcept {
  Tables& t = *tables_;
  if (!base::valid_name(key, kRoomKeyBytes)) return Errc::bad_request;
  if (creator.size() > kNameBytes || policy.owner.size() > kNameBytes) return Errc::bad_request;
  if (!in_bounds(policy)) return Errc::bad_request;
  if (t.room_index.find(key) != nullptr) return Errc::already_member;
  Tenant* const tenant = t.tenants.of(key);
  if (t.tenants.apart() && tenant == nullptr) return Errc::not_found;
  if (tenant != nullptr && Tenants::full(tenant->policy.rooms, tenant->used.rooms)) {
    return Tenants::refuse_full(*tenant);
  }
  const RoomId id = t.rooms.insert();
  if (!id) return Errc::limit_reached;
  Room& room = t.room(id.index);
  room.id = id;
  const bool kept = t.idle.cover(id.index + 1) && t.resting.cover(id.index + 1) &&
                    t.tended.cover(id.index + 1) && t.read_due.cover(id.index + 1) &&
                    t.windows.cover(id.index + 1) &&
                    t.history.open(id.index, t.tenants.index_of(key)) &&
                    t.texts.keep(key, room.key) && t.texts.keep(creator, room.creator) &&
                    adopt_policy(t, room, policy) && t.room_index.insert(id.index) != nullptr;
  if (!kept) {
    t.drop_budget(room);
    t.texts.drop(room.key);
    t.texts.drop(room.creator);
    t.texts.drop(room.owner);
    t.rooms.erase(id);
    return Errc::limit_reached;
  }
  room.created = now;
  room.epoch = t.new_epoch(now, 0);
  if (tenant != nullptr) ++tenant->used.rooms;
  t.open_rooms.push_back(room);
  t.watch_idle(room, now);
  return id;
}

void Registry::close(RoomId id) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return;
  room->counts_only = true;  // nobody is left to be told who left
  while (room->first_lasting != kNone) {
    t.set_lasting(t.lasting.at(room->first_lasting)->member, Role::visitor);
  }
  while (room->present.first != kNone) {
    t.take_away(t.member(room->present.first).first_membership, room->created);
  }
  drop_all(t, room->leaving);
  drop_all(t, room->away);
  while (room->channels > 1) t.drop_last_channel(*room);
  t.history.clear(id.index);
  t.idle.remove(id.index);
  t.resting.remove(id.index);
  t.drop_lines(*room);
  t.drop_receipts(*room);
  t.drop_likes(*room);
  if (room->gifts != nullptr) t.gifts.destroy(std::exchange(room->gifts, nullptr));
  t.drop_budget(*room);
  t.drop_board(*room);
  while (room->first_sanction != kNone) t.drop_sanction(room->first_sanction);
  while (room->first_grant != kNone) t.drop_grant(room->first_grant);
  t.drop_secret(*room);
  if (static_cast<base::ListNode<DirtyTag>&>(*room).linked()) t.dirty.remove(*room);
  t.open_rooms.remove(*room);
  if (Tenant* const tenant = t.tenants.of(room->key.view())) --tenant->used.rooms;
  t.room_index.erase(room->key.view());
  t.texts.drop(room->key);
  t.texts.drop(room->creator);
  t.texts.drop(room->owner);
  t.rooms.erase(id);
}

RoomId Registry::find(std::string_view key) const noexcept {
  const std::uint32_t* index = tables_->room_index.find(key);
  return index == nullptr ? RoomId{} : tables_->room(*index).id;
}

bool Registry::is_open(RoomId id) const noexcept { return tables_->find_room(id) != nullptr; }

RoomView Registry::view(RoomId id) const noexcept {
  const Room* room = tables_->find_room(id);
  CHATROOM_ASSERT(room != nullptr);
  return {.id = id,
          .key = room->key.view(),
          .position = {room->epoch, room->offset},
          .users = room->users,
          .sessions = room->sessions,
          .presence_version = room->presence_version,
          .history_messages = tables_->history.count(id.index),
          .created = room->created,
          .creator = room->creator.view(),
          .policy = &room->policy};
}

std::uint32_t Registry::room_count() const noexcept { return tables_->rooms.size(); }

std::uint64_t Registry::history_bytes() const noexcept {
  return tables_->history.chunks_in_use() * std::uint64_t{kHistoryChunkBytes};
}

RoomId Registry::first_room() const noexcept {
  const Room* room = tables_->open_rooms.front();
  return room == nullptr ? RoomId{} : room->id;
}

RoomId Registry::next_room(RoomId id) const noexcept {
  Room* room = tables_->find_room(id);
  if (room != nullptr) room = tables_->open_rooms.next(*room);
  return room == nullptr ? RoomId{} : room->id;
}

// ---- Idle rooms

void Tables::watch_idle(Room& room, Instant now) noexcept {
  if (room.users > 0 || room.policy.idle_close.us <= 0) return idle.remove(room.id.index);
  idle.set(room.id.index, base::saturating_add(now.us, room.policy.idle_close.us));
}

Instant Registry::next_idle_deadline() const noexcept {
  return tables_->idle.empty() ? Instant::never() : Instant{tables_->idle.top_key()};
}

RoomId Registry::idle_room(Instant now) const noexcept {
  const IndexHeap& idle = tables_->idle;
  return idle.empty() || idle.top_key() > now.us ? RoomId{} : tables_->room(idle.top()).id;
}

// ---- Settings

RoomState Registry::state(RoomId id) noexcept {
  const Room* room = tables_->find_room(id);
  CHATROOM_ASSERT(room != nullptr);
  tables_->list_channels(*room);
  RoomState state = policy_state(room->policy);
  state.has_password = room->secret != kNone;
  state.channels = std::span{tables_->channel_states}.first(room->channels);
  if (room->board != nullptr) {
    state.attributes =
        std::span{tables_->attributes}.first(room->board->attributes.list(tables_->attributes));
    state.pinned = room->board->pins();
  }
  state.created_ms = room->created.unix_ms();
  state.creator = room->creator.view();
  if (room->policy.likes) state.likes = likes(id);
  if (room->budgets != nullptr && !room->budgets->apart) {
    const ShownRate rate = room->budgets->of(0).rate_told();
    state.has_rate = rate.rung != Rung::normal;
    state.rung = rate.rung;
    state.kept = rate.kept;
  }
  return state;
}

Result<PolicyChange> Registry::set_policy(RoomId id, const RoomPolicy& policy,
                                          Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return Errc::not_found;
  if (policy.owner.size() > kNameBytes || !in_bounds(policy)) return Errc::bad_request;
  const RoomPolicy old = room->policy;
  const bool new_owner = policy.owner != old.owner;
  if (!adopt_policy(t, *room, policy)) return Errc::limit_reached;
  t.watch_idle(*room, now);
  room->promised_until = Instant{};  // less history was asked for, on purpose
  t.trim_history(*room, now);
  const UserIndex owner = new_owner ? t.find_user(room->policy.owner) : kNone;
  if (owner != kNone && t.present_member(id.index, owner) != nullptr) {
    t.set_role(*room, t.find_member(id.index, owner), Role::owner);
    t.presence_changed(*room);
  }
  PolicyChange change;
  change.visible = policy.slow_mode_s != old.slow_mode_s || policy.mute_all != old.mute_all ||
                   policy.moderated != old.moderated || policy.max_members != old.max_members ||
                   policy.line_length != old.line_length || policy.hands != old.hands ||
                   policy.members_only != old.members_only ||
                   policy.followers_only != old.followers_only ||
                   policy.emote_only != old.emote_only || policy.duplicate_s != old.duplicate_s;
  t.tend_soon(*room);
  if (!policy.receipts) t.drop_receipts(*room);
  if (!policy.likes) t.drop_likes(*room);
  change.state = policy_state(room->policy);
  change.state.has_password = room->secret != kNone;
  return change;
}

void*& Registry::attachment(RoomId id) noexcept {
  Room* room = tables_->find_room(id);
  CHATROOM_ASSERT(room != nullptr);
  return room->attachment;
}

// ---- What storage brings back

void Registry::restore(RoomId id, std::uint64_t offset, std::uint64_t before) noexcept {
  Room* room = tables_->find_room(id);
  CHATROOM_ASSERT(room != nullptr);
  CHATROOM_ASSERT(room->offset == 0);
  if (room->epoch == before) room->epoch = tables_->new_epoch(room->created, before);
  room->offset = offset;
}

void Registry::set_epoch(RoomId id, std::uint64_t epoch) noexcept {
  Room* room = tables_->find_room(id);
  CHATROOM_ASSERT(room != nullptr && epoch != 0);
  room->epoch = epoch;
}

void Registry::restore_origin(RoomId id, Instant created, std::string_view creator) noexcept {
  Room* room = tables_->find_room(id);
  CHATROOM_ASSERT(room != nullptr);
  room->created = created;
  if (creator.size() <= kNameBytes)
    static_cast<void>(tables_->texts.replace(room->creator, creator));
}

void Registry::move_to(RoomId id, Position position) noexcept {
  Room* room = tables_->find_room(id);
  CHATROOM_ASSERT(room != nullptr);
  room->epoch = position.epoch;
  room->offset = position.offset;
  tables_->history.clear(id.index);
}

std::uint64_t Registry::newest_kept(RoomId id) const noexcept {
  return tables_->history.last_offset(id.index);
}

void Registry::restore_message(RoomId id, const Message& message, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  CHATROOM_ASSERT(room != nullptr);
  if (message.offset == 0 || message.offset > room->offset) return;
  ChannelIndex channel = t.find_channel(*room, message.channel);
  if (channel == kNone && base::valid_name(message.channel, kNameBytes)) {
    channel = t.add_channel(*room, message.channel, {});
  }
  // Nowhere to show it: the ring goes on without it, which empties it.
  if (channel == kNone) return t.history.clear(id.index);
  const bool kept = t.history.append(id.index, message, channel);
  if (kept && message.kind == kRecalledKind) History::recall(t.history.last(id.index));
  t.trim_history(*room, now);
}

}  // namespace chatroom::room
