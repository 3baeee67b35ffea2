// The home's half: what a room says goes to its followers too, and members who sit at another
// engine are guests here (cluster.h).
#include <algorithm>
#include <utility>

#include "engine/heirs.h"
#include "engine/host_input.h"

namespace chatroom {

using engine::Crossing;
using engine::EntryKind;
using engine::Guest;
using engine::GuestId;
using engine::Packer;
using engine::SharedRoom;
using engine::Unpacker;

namespace {

constexpr Duration kLossInterval = Duration::ms(50);  // between two tries to tell of a loss

}  // namespace

// ---- Entries

// The one way into a room's log; where engines are joined, into its followers' too.
Result<fanout::Appended> Engine::State::append(RoomId room, const fanout::EntryMeta& meta,
                                               const Event& event) noexcept {
  const Result<fanout::Appended> appended = fanout.append(room.index, meta, event);
  if (cluster == nullptr || !appended || appended->sampled || is_mirror(room)) return appended;
  ++cluster->rooms[room.index].sequence;
  if (!ports.broker->wanted(rooms.view(room).key)) return appended;
  const Bytes frame = encode_crossing(event);
  publish_entry(room, EntryKind::event, Delivery::usual, [&](Packer& to) {
    pack(to, meta);
    to.raw(frame);
  });
  return appended;
}

void Engine::State::tell_losses_soon() noexcept {
  cluster->tell_losses = std::min(cluster->tell_losses, now + kLossInterval);
}

// What a full mailbox or log had no place for: who missed it hears of that, as soon as he can.
void Engine::State::tell_losses() noexcept {
  if (now < cluster->tell_losses) return;
  cluster->tell_losses = Instant::never();
  dirty = true;
  for (RoomId room = rooms.first_room(); room; room = rooms.next_room(room)) {
    SharedRoom& shared = cluster->rooms[room.index];
    if (shared.lost != 0 && !shared.attaching && !tell_lost(room, 0)) tell_losses_soon();
    if (!std::exchange(shared.missed, false)) continue;
    publish_entry(room, EntryKind::welcome, Delivery::usual,
                  [&](Packer& to) { pack_welcome(to, room); });
  }
  for (std::uint32_t i = 0; i < cluster->guests.extent(); ++i) {
    Guest* guest = cluster->guests.at(i);
    if (guest == nullptr || guest->missed == 0) continue;
    Event event;
    event.type = EventType::gap;
    event.gap.count = std::exchange(guest->missed, 0);
    event.gap.lossy = event.gap.reliable = true;
    const Bytes frame = encode_crossing(event);
    const bool told = cross(guest->peer, Crossing::told, Delivery::usual, [&](Packer& to) {
      to.handle(SessionId{guest->index, guest->generation});
      to.text({});
      to.flag(false);
      to.raw(frame);
    });
    if (told) {
      note({.type = HostEventType::dropped, .session = guest->session, .gap = event.gap});
    } else {
      guest->missed = static_cast<std::uint32_t>(event.gap.count);
      tell_losses_soon();
    }
  }
}

// What a clear took back: a follower does not know who said what.
void Engine::State::publish_recalled(RoomId room) noexcept {
  if (cluster == nullptr) return;
  ++cluster->rooms[room.index].sequence;
  const room::RoomView view = rooms.view(room);
  if (!ports.broker->wanted(view.key)) return;
  constexpr std::uint64_t kMost = 1u << 20;  // the newest, a bit each
  const std::uint64_t count = std::min<std::uint64_t>(view.history_messages, kMost);
  const std::uint64_t first = view.position.offset + 1 - count;
  publish_entry(room, EntryKind::recalled, Delivery::usual, [&](Packer& to) {
    to.u64(first);
    to.u64(count);
    for (std::uint64_t at = 0; at < count; at += 8) {
      unsigned bits = 0;
      for (std::uint64_t i = 0; i < 8 && at + i < count; ++i) {
        if (rooms.is_recalled(room, first + at + i)) bits |= 1u << i;
      }
      to.u8(static_cast<std::uint8_t>(bits));
    }
  });
}

void Engine::State::publish_policy(RoomId room) noexcept {
  if (cluster == nullptr || is_mirror(room)) return;
  ++cluster->rooms[room.index].sequence;
  publish_entry(room, EntryKind::policy, Delivery::usual, [&](Packer& to) {
    pack(to, *rooms.view(room).policy);
    to.text(rooms.password(room).stored);
  });
}

// Each follower once, who tells its own members.
void Engine::State::publish_closed(RoomId room, LeaveReason reason) noexcept {
  if (cluster == nullptr) return;
  if (is_mirror(room)) {
    // Who is on his way in opens it again, and is to hear all from there on.
    const std::string_view key = rooms.view(room).key;
    if (!somebody_comes(key)) ports.broker->unsubscribe(key);
    return;
  }
  ++cluster->rooms[room.index].sequence;
  publish_entry(room, EntryKind::closed, Delivery::certain,
                [&](Packer& to) { to.u8(static_cast<std::uint8_t>(reason)); });
}

// A room was opened here: it is ours until its lease says otherwise.
void Engine::State::share_room(RoomId room) noexcept {
  if (cluster == nullptr) return;
  unshare_room(room);
  cluster->rooms[room.index].home = cluster->self;
  cluster->rooms[room.index].term = ports.broker->claim(rooms.view(room).key).term;
}

void Engine::State::unshare_room(RoomId room) noexcept {
  engine::drop_record(*this, room);
  cluster->rooms[room.index] = {};
}

// ---- Guests

SessionId Engine::State::find_guest(PeerId peer, SessionId theirs) const noexcept {
  Guest name;
  name.peer = peer;
  name.index = theirs.index;
  name.generation = theirs.generation;
  const std::uint32_t* found = cluster->by_name.find({reinterpret_cast<const char*>(&name), 12});
  return found == nullptr ? SessionId{} : cluster->guests.at(*found)->session;
}

SessionId Engine::State::make_guest(PeerId peer, SessionId theirs,
                                    const Identity& identity) noexcept {
  if (const SessionId known = find_guest(peer, theirs)) return known;
  if (!engine::check_host_identity(identity)) return {};
  const SessionId id = slots.insert();
  if (!id) return {};
  const GuestId name = cluster->guests.insert();
  if (!name || !rooms.sign_in(id.index, identity)) {
    if (name) cluster->guests.erase(name);
    slots.erase(id);
    return {};
  }
  Guest& guest = *cluster->guests.get(name);
  guest.peer = peer;
  guest.index = theirs.index;
  guest.generation = theirs.generation;
  guest.session = id;
  SessionRecord& record = *slots.get(id);
  record.guest = true;
  record.timer.index = name.index;  // it has no deadline: the timer names the guest
  if (cluster->by_name.insert(name.index) == nullptr) {
    rooms.sign_out(id.index);
    cluster->guests.erase(name);
    slots.erase(id);
    return {};
  }
  return id;
}

// Out of all rooms at once; its engine knows already.
void Engine::State::forget_guest(GuestId name) noexcept {
  Guest* guest = cluster->guests.get(name);
  if (guest == nullptr) return;
  const SessionId id = guest->session;
  for (room::MembershipIndex at = rooms.first_of_session(id.index); at != room::kNone;) {
    const RoomId room = rooms.view(at).room;
    at = rooms.next_of_session(at);
    leave_room(room, id.index, LeaveReason::dropped);
  }
  rooms.sign_out(id.index);
  forget_question(waiting_for(*slots.get(id)));
  cluster->by_name.erase({reinterpret_cast<const char*>(guest), 12});
  if (guest->listed) {
    for (std::size_t i = 0; i < cluster->leaving.size(); ++i) {
      if (cluster->leaving[i] != name) continue;
      cluster->leaving.erase(i);
      break;
    }
  }
  cluster->guests.erase(name);
  slots.erase(id);
}

// It may be in no room any more. Not at once: whoever walks over members may stand on it.
void Engine::State::doubt_guest(std::uint32_t session) noexcept {
  const SessionRecord& record = *slots.at(session);
  const GuestId name = cluster->guests.handle_at(record.timer.index);
  Guest& guest = *cluster->guests.get(name);
  if (guest.listed) return;
  guest.listed = true;
  CHATROOM_ASSERT(cluster->leaving.push_back(name));  // reserved for every session
}

void Engine::State::sweep_guests() noexcept {
  while (!cluster->leaving.empty()) {
    const GuestId name = cluster->leaving[cluster->leaving.size() - 1];
    cluster->leaving.pop_back();
    Guest& guest = *cluster->guests.get(name);
    guest.listed = false;
    if (rooms.first_of_session(guest.session.index) != room::kNone) continue;
    if (rooms.waits(rooms.user_of(guest.session.index))) continue;
    if (waiting_for(*slots.get(guest.session))) continue;  // a join that the host thinks about
    forget_guest(name);
  }
}

// The host ends a guest, or there are too many sessions of its user: it leaves the rooms that live
// here.
void Engine::State::end_guest(std::uint32_t session, LeaveReason reason) noexcept {
  for (room::MembershipIndex at = rooms.first_of_session(session); at != room::kNone;) {
    const RoomId room = rooms.view(at).room;
    at = rooms.next_of_session(at);
    remove_from_room(room, session, reason);
  }
  const SessionRecord& record = *slots.at(session);
  forget_guest(cluster->guests.handle_at(record.timer.index));
}

// What a member here would find in its outlet. False: it does not fit a frame.
bool Engine::State::push_to_guest(std::uint32_t session, const Event& event,
                                  const fanout::PrivateOptions& how) noexcept {
  const SessionRecord& record = *slots.at(session);
  Guest* guest = cluster->guests.get(cluster->guests.handle_at(record.timer.index));
  CHATROOM_ASSERT(guest != nullptr);
  const Bytes frame = encode_crossing(event);
  if (frame.empty()) return false;
  if (event.type == EventType::answer) {
    reply_to_guest(guest->peer, {guest->index, guest->generation}, session, event, frame);
    const bool outside = event.op == Op::open_room || event.op == Op::enqueue ||
                         event.op == Op::dequeue || event.op == Op::apply ||
                         event.op == Op::list_rooms;
    if (event.error.code != Errc::ok || outside) doubt_guest(session);
    return true;
  }
  const bool leaves = event.type == EventType::left;
  const std::string_view room =
      how.room == fanout::kNoSlot ? std::string_view{} : fanout.key(how.room);
  const bool told = cross(guest->peer, Crossing::told, leaves ? Delivery::certain : Delivery::usual,
                          [&](Packer& to) {
                            to.handle(SessionId{guest->index, guest->generation});
                            to.text(room);
                            to.flag(how.lossy);
                            to.raw(frame);
                          });
  if (leaves) doubt_guest(session);
  if (told || leaves) return true;  // without the reserve its engine is parted from us
  ++guest->missed;
  tell_losses_soon();
  return true;
}

// An answer that cannot be sent now is one that its engine waits for in vain, and then refuses.
void Engine::State::reply_to_guest(PeerId peer, SessionId theirs, std::uint32_t session,
                                   const Event& event, Bytes frame) noexcept {
  const bool good = event.error.code == Errc::ok;
  const bool joins = good && event.op == Op::join;
  const RoomId room = event.room.empty() ? RoomId{} : rooms.find(event.room);
  const room::MembershipIndex at =
      room && session != room::kNone ? rooms.membership(room, session) : room::kNone;
  static_cast<void>(cross(peer, Crossing::reply, Delivery::usual, [&](Packer& to) {
    to.u32(event.id);
    to.handle(theirs);
    to.u32(at == room::kNone ? 0 : rooms.view(at).mask);
    to.flag(joins);
    if (joins) pack_welcome(to, room);
    to.raw(frame);
  }));
}

// All that a follower has to know to hold the room from here on.
void Engine::State::pack_welcome(Packer& to, RoomId room) noexcept {
  const room::RoomView view = rooms.view(room);
  const SharedRoom& shared = cluster->rooms[room.index];
  to.text(view.key);
  to.u64(shared.term);
  to.u64(shared.sequence);
  to.u64(view.position.epoch);
  to.u64(view.position.offset);
  to.u32(view.users);
  to.i64(view.created.us);
  to.text(view.creator);
  pack(to, *view.policy);
  to.text(rooms.password(room).stored);
  const RoomState state = rooms.state(room);
  to.u8(static_cast<std::uint8_t>(state.channels.size()));
  for (const ChannelState& channel : state.channels) {
    to.text(channel.name);
    to.text(channel.creator);
    to.u8(static_cast<std::uint8_t>(channel.access));
  }
}

// ---- What followers ask

void Engine::State::take_submit(PeerId from, Unpacker& in) noexcept {
  const std::uint32_t request = in.u32();
  const auto theirs = in.handle<SessionId>();
  Identity identity;
  const bool known = in.flag();
  if (known) unpack(in, identity);
  Command command;
  engine::Lists lists;
  unpack(in, command, lists);
  if (!in.ok() || request == 0) return;
  ++counters.commands;
  Error error{Errc::internal, kTemporary, 0};
  const bool ours =
      command.op == Op::list_rooms || ports.broker->claim(command.room).home == cluster->self;
  if (ours) {
    const SessionId guest = known ? make_guest(from, theirs, identity) : find_guest(from, theirs);
    if (guest) {
      execute({.session = guest, .id = request, .op = command.op}, command);
      return;
    }
    error = {known ? Errc::limit_reached : Errc::not_member, 0, 0};
  }
  const Event event = session::refusal(request, command.op, error);
  reply_to_guest(from, theirs, room::kNone, event, encode_crossing(event));
}

void Engine::State::take_gone(PeerId from, Unpacker& in) noexcept {
  const std::string_view key = in.text();
  const SessionId guest = find_guest(from, in.handle<SessionId>());
  if (!in.ok() || !guest) return;
  if (key.empty()) {
    const SessionRecord& record = *slots.get(guest);
    return forget_guest(cluster->guests.handle_at(record.timer.index));
  }
  // A join that the host still thinks about comes too late.
  for (std::uint32_t i = 0; i < questions.extent(); ++i) {
    const Pending* pending = questions.at(i);
    if (pending == nullptr || pending->session != guest) continue;
    if (pending->joins != engine::hash_of_room(key)) continue;
    const Question question = questions.handle_at(i);
    forget_question(question);
    stop_waiting(*slots.get(guest), question);
  }
  const RoomId room = rooms.find(key);
  if (room && rooms.membership(room, guest.index) != room::kNone) {
    leave_room(room, guest.index, LeaveReason::left);
  }
  doubt_guest(guest.index);
}

// Whoever was on a channel had been let in there.
void Engine::State::let_stay(RoomId room, std::string_view user, std::string_view name) noexcept {
  const room::ChannelIndex channel = rooms.channel(room, name);
  if (channel == room::kNone || rooms.access(room, channel) == Role::visitor) return;
  if (rooms.rank_in(room, user, channel) >= rooms.access(room, channel)) return;
  static_cast<void>(rooms.set_role_in(room, user, channel, Role::member));
}

void Engine::State::take_follow(PeerId from, Unpacker& in) noexcept {
  const std::string_view key = in.text();
  RoomPolicy policy;
  unpack(in, policy);
  if (!in.ok()) return;
  RoomId room = rooms.find(key);
  if (!room && ports.broker->claim(key).home == cluster->self) {
    if (const Result<RoomId> opened = open_room(key, policy, {})) room = *opened;
  }
  const bool good = room && !is_mirror(room);
  static_cast<void>(
      cross(from, good ? Crossing::welcome : Crossing::refused, Delivery::certain, [&](Packer& to) {
        if (good) pack_welcome(to, room);
        if (!good) to.text(key);
      }));
}

// What channels the room had, and for whom they were. Who came in here before that was known, and
// is on one that is not his, is taken off it.
void Engine::State::return_channels(RoomId room, std::span<const std::string_view> names,
                                    std::span<const Role> access) noexcept {
  bool changes = false;
  for (std::size_t i = 1; i < names.size(); ++i) {
    const bool known = rooms.channel(room, names[i]) != room::kNone;
    const Result<room::ChannelIndex> channel = rooms.open_channel(room, names[i], {});
    if (!channel) continue;
    changes = changes || !known;
    if (access[i] <= rooms.access(room, *channel)) continue;
    changes = static_cast<bool>(rooms.restrict(room, *channel, access[i])) || changes;
  }
  if (!changes) return;
  RoomState changed;
  changed.channels = rooms.state(room).channels;
  tell_room_state(room, changed);
  if (!CHATROOM_PLANTED(restricted_not_enforced)) enforce_channels(room);
}

// The members whom a room had at another engine when its home was lost. Their engine vouches for
// them as for a join; who cannot be taken is told that he is out.
void Engine::State::take_returned(PeerId from, Unpacker& in) noexcept {
  const std::string_view key = in.text();
  const bool last = in.flag();
  RoomPolicy policy;
  unpack(in, policy);
  const std::string_view stored = in.text();
  const Bytes record = in.blob();
  std::string_view names[room::kChannelsMax];
  Role access[room::kChannelsMax];
  const std::size_t channels = std::min<std::size_t>(in.u8(), room::kChannelsMax);
  for (std::size_t i = 0; i < channels; ++i) {
    names[i] = in.text();
    access[i] = engine::unpack_role(in);
  }
  if (!in.ok() || ports.broker->claim(key).home != cluster->self) return;
  RoomId room = rooms.find(key);
  if (!room) {
    if (const Result<RoomId> opened = open_room(key, policy, {})) room = *opened;
  }
  if (!room || is_mirror(room)) {
    static_cast<void>(
        cross(from, Crossing::refused, Delivery::certain, [&](Packer& to) { to.text(key); }));
    return;
  }
  // An engine that had no place for it returns none.
  if (rooms.password(room).stored.empty()) hold_password(room, stored);
  return_channels(room, std::span{names}.first(channels), access);
  engine::inherit_late(*this, room, record);
  while (in.ok() && !in.at_end()) {
    const auto theirs = in.handle<SessionId>();
    const room::ChannelMask mask = in.u32();
    const Role stayed = engine::unpack_role(in);
    Identity identity;
    unpack(in, identity);
    if (!in.ok()) return;
    std::string_view wanted[room::kChannelsMax];
    std::size_t count = 0;
    for (std::size_t i = 0; i < channels; ++i) {
      if ((mask & room::bit_of(static_cast<room::ChannelIndex>(i))) != 0)
        wanted[count++] = names[i];
    }
    const SessionId guest = make_guest(from, theirs, identity);
    // Whoever was in had been let in, which the lost home alone had known.
    if (guest && !rooms.is_invited(room, identity.user)) {
      static_cast<void>(rooms.set_role(room, identity.user, Role::member));
    }
    for (std::size_t i = 0; guest && i < count; ++i) let_stay(room, identity.user, wanted[i]);
    if (guest && rooms.join(room, guest.index, std::span{wanted}.first(count), now)) {
      engine::stay_as(*this, room, identity.user, stayed);
      continue;
    }
    Event event;
    event.type = EventType::left;
    event.room = rooms.view(room).key;
    event.reason = LeaveReason::dropped;
    const Bytes frame = encode_crossing(event);
    static_cast<void>(cross(from, Crossing::told, Delivery::certain, [&](Packer& to) {
      to.handle(theirs);
      to.text({});
      to.flag(false);
      to.raw(frame);
    }));
    if (guest) doubt_guest(guest.index);
  }
  if (!last) return;
  static_cast<void>(cross(from, Crossing::welcome, Delivery::certain,
                          [&](Packer& to) { pack_welcome(to, room); }));
}

}  // namespace chatroom
