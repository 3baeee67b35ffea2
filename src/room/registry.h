// Registry: all rooms, users and members of one engine, and every rule about them. A state machine
// over public values: it knows no bytes, frames, sockets or clocks; `now` is an argument.
//
// Choices that the protocol leaves open, taken here:
// - Channels. "main" is there always. join, subscribe and switch open a channel that is not there
//   yet (state "open", creator: that user) for everyone from member up, until the room has
//   Limits::channels_per_room; publish and history never do: not_found.
// - A message goes to a channel that its session is subscribed to; else not_member.
// - The idempotency key is looked up right after membership: the first answer again is an answer,
//   so no rate or mode stands before it. It belongs to the user id, so it survives a reconnect.
// - Rate and slow mode belong to user and room and outlive a short leave, so that coming back does
//   not reset them.
// - What a room said of a user (set_role of a lasting role, policy.owner) goes before
//   Identity::role; without it, a join gives Identity::role.
//
// Thread: the engine's. Order: everything is walked in order of opening or arrival, never by hash.
// Memory: all through the port given to init, at most plan_registry(limits).
#pragma once

#include "base/siphash.h"
#include "chatroom/command.h"
#include "chatroom/error.h"
#include "chatroom/event.h"
#include "chatroom/limits.h"
#include "chatroom/memory.h"
#include "chatroom/room.h"
#include "chatroom/tenant.h"
#include "room/ids.h"
#include "room/overload.h"
#include "room/permission.h"
#include "room/views.h"

namespace chatroom::room {

// Of every table here. It changes which bucket, never any output.
using base::HashKey;

struct Tables;  // state.h

class Registry final {
 public:
  Registry() noexcept = default;
  ~Registry();  // gives all memory back
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // `seed`: where epochs come from. limit_reached: the port is dry.
  Status init(Memory& memory, const Limits& limits, HashKey key, std::uint64_t seed) noexcept;
  void set_cost(MessageCost cost) noexcept;

  // ---- Tenants (tenants.cc); where Limits::tenants is 0 there are none
  // bad_request: a name, or writes of nothing; unsupported: there are none; limit_reached.
  Status set_tenant(std::string_view name, const TenantPolicy& policy) noexcept;
  Status remove_tenant(std::string_view name) noexcept;  // forbidden: something of it is here
  Result<TenantUsage> tenant(std::string_view name) const noexcept;  // not_found
  bool apart() const noexcept;                                       // there are tenants
  // Of the tenant of that name: 0 the house's; kNoTenant.
  std::uint16_t tenant_index(std::string_view name) const noexcept;
  // One command of a user of that name: ok, or rate_limited.
  Error charge_command(std::string_view user, Instant now) noexcept;

  // ---- Users and their sessions (users.cc)
  // Copies the identity. A user who is here already takes the newer nick, info and role.
  // limit_reached: no room for another user, or a session index past Limits::sessions.
  Result<UserIndex> sign_in(SessionIndex session, const Identity& identity) noexcept;
  // After the session left all its rooms. Nothing happens for a session not signed in.
  void sign_out(SessionIndex session) noexcept;
  UserIndex user_of(SessionIndex session) const noexcept;   // kNone
  UserIndex find_user(std::string_view id) const noexcept;  // kNone: not signed in
  UserView user(UserIndex user) const noexcept;
  // Keeps what is known of a user while something of it waits; each hold must be let go.
  void hold_user(UserIndex user) noexcept;
  void let_go_user(UserIndex user) noexcept;
  // In order of sign-in; the first is the oldest (sessions_per_user closes that one).
  SessionIndex first_session(UserIndex user) const noexcept;  // kNone at the end
  SessionIndex next_session(SessionIndex session) const noexcept;

  // ---- Rooms (rooms.cc)
  // already_member: a room of that key is open. bad_request: a name out of bounds. limit_reached.
  Result<RoomId> open(std::string_view key, const RoomPolicy& policy, std::string_view creator,
                      Instant now) noexcept;
  RoomId find(std::string_view key) const noexcept;  // empty handle: none
  bool is_open(RoomId room) const noexcept;
  RoomView view(RoomId room) const noexcept;  // of an open room
  // Takes all its memberships away too; tell the members before.
  void close(RoomId room) noexcept;
  std::uint32_t room_count() const noexcept;
  std::uint64_t history_bytes() const noexcept;  // in use, all rooms
  RoomId first_room() const noexcept;            // in order of opening; empty at the end
  RoomId next_room(RoomId room) const noexcept;
  // Rooms that nobody is in, when policy.idle_close has passed.
  Instant next_idle_deadline() const noexcept;   // never(): none
  RoomId idle_room(Instant now) const noexcept;  // one that is due; empty: none
  // Views live until the next change of the room.
  RoomState state(RoomId room) noexcept;
  // What a room keeps is cut at once where the new policy keeps less; members stay in.
  Result<PolicyChange> set_policy(RoomId room, const RoomPolicy& policy, Instant now) noexcept;
  ChannelIndex channel(RoomId room, std::string_view name) const noexcept;  // kNone
  std::string_view channel_name(RoomId room, ChannelIndex channel) const noexcept;
  // The channel of that name, opened now if it is not there. bad_request, limit_reached.
  // All but main; nobody may be on them. Only where a room is a copy of another's.
  void forget_channels(RoomId room) noexcept;
  Result<ChannelIndex> open_channel(RoomId room, std::string_view name,
                                    std::string_view creator) noexcept;
  // A word of the engine's own with each room (its fan-out state); null at first.
  void*& attachment(RoomId room) noexcept;
  // After open, before the first join: the log goes on where storage says, in an epoch that is not
  // `before`, unless set_epoch says that it is the old one.
  void restore(RoomId room, std::uint64_t offset, std::uint64_t before) noexcept;
  void set_epoch(RoomId room, std::uint64_t epoch) noexcept;
  void restore_origin(RoomId room, Instant created, std::string_view creator) noexcept;
  // The room's home, elsewhere, stands there: the next message here is the one behind it.
  void move_to(RoomId room, Position position) noexcept;
  std::uint64_t newest_kept(RoomId room) const noexcept;  // its ring's last; 0: it is empty
  // Stored messages, oldest first. One that does not continue the last empties the ring first.
  void restore_message(RoomId room, const Message& message, Instant now) noexcept;

  // ---- Membership (membership.cc)
  // not_found: no such room; unauthorized: not signed in; bad_request: a channel name;
  // already_member; room_full; limit_reached: rooms per session, memberships, channels;
  // forbidden: a visitor naming a channel that is not there, or one that is not for this user. On
  // refusal nothing changed.
  Result<Joined> join(RoomId room, SessionIndex session, std::span<const std::string_view> channels,
                      Instant now) noexcept;
  Result<Left> leave(RoomId room, SessionIndex session, Instant now) noexcept;   // not_member
  MembershipIndex membership(RoomId room, SessionIndex session) const noexcept;  // kNone
  MembershipView view(MembershipIndex membership) const noexcept;
  // Channels: not_member; not_found (unsubscribe from one that is not there); limit_reached.
  // Repeating is fine. The mask may become empty: the member then sees no messages.
  Result<Subscribed> subscribe(RoomId room, SessionIndex session,
                               std::string_view channel) noexcept;
  Result<Subscribed> unsubscribe(RoomId room, SessionIndex session,
                                 std::string_view channel) noexcept;
  Result<Subscribed> switch_channel(RoomId room, SessionIndex session, std::string_view from,
                                    std::string_view to) noexcept;
  // Takes a change back that the fan-out could not follow.
  void set_mask(MembershipIndex membership, ChannelMask mask) noexcept;
  // Walks. Each `next` must be read before its membership is taken away.
  MembershipIndex first_of_session(SessionIndex session) const noexcept;  // by order of joining
  MembershipIndex next_of_session(MembershipIndex membership) const noexcept;
  MembershipIndex first_of_room(RoomId room) const noexcept;  // users by arrival, their sessions
  MembershipIndex next_of_room(MembershipIndex membership) const noexcept;
  MembershipIndex first_of_user(RoomId room, UserIndex user) const noexcept;
  MembershipIndex next_of_user(MembershipIndex membership) const noexcept;

  // ---- Members: a user in a room (roles.cc)
  MemberIndex member(RoomId room, UserIndex user) const noexcept;  // kNone: not in
  Role role(RoomId room, UserIndex user) const noexcept;           // visitor if not in
  std::uint32_t arrival(MemberIndex member) const noexcept;  // another one each stay in the room
  Tag tag(MemberIndex member) const noexcept;
  bool set_tag(MemberIndex member, Tag tag) noexcept;  // false: the port is dry
  // As the host: no rank is asked. Visitor takes away what lasts too. not_found: of a user not in,
  // a role that is not lasting, or visitor where nothing lasts; limit_reached: too many that last.
  Result<RoleChange> set_role(RoomId room, std::string_view user, Role role) noexcept;
  // Lasting ones, of users present or not: owners and admins first. False where visit stopped it.
  using LastingVisitor = bool (*)(void* context, std::string_view user, Role role);
  bool each_lasting(RoomId room, LastingVisitor visit, void* context) const noexcept;
  Role lasting_role(RoomId room, std::string_view user) const noexcept;  // visitor: none
  bool owned(RoomId room) const noexcept;  // somebody was given it, for coming first or before
  void restore_owned(RoomId room) noexcept;
  // As kept; what was given meanwhile stands. False: there was no place for it.
  bool restore_lasting(RoomId room, std::string_view user, Role role) noexcept;
  // The role of a user who is in, or what a join would give who is not: member if nothing is known.
  Role rank(RoomId room, std::string_view user) const noexcept;
  // Those in the room who may review what is held, the first kStaffMax of them: null at the end.
  // `at` kNone begins.
  std::uint32_t next_staff(RoomId room, std::uint32_t at) const noexcept;
  UserIndex staff_user(std::uint32_t at) const noexcept;
  // In order of arrival.
  MemberIndex first_member(RoomId room) const noexcept;
  MemberIndex next_member(MemberIndex member) const noexcept;
  Member describe(MemberIndex member) const noexcept;

  // ---- Passwords (passwords.cc)
  struct Password {
    std::string_view stored{};  // a view until it changes; empty: there is none
    std::uint64_t version = 0;  // another one each time; 0: there is none
  };
  Password password(RoomId room) const noexcept;
  // Empty: none. bad_request: longer than 128 bytes; limit_reached.
  Status set_password(RoomId room, std::string_view stored) noexcept;

  // ---- Channels of some (access.cc). Whoever is on a channel may read it: masks are kept so.
  Role role_in(RoomId room, UserIndex user, ChannelIndex channel) const noexcept;  // of who is in
  Role rank_in(RoomId room, std::string_view user, ChannelIndex channel) const noexcept;
  Role access(RoomId room, ChannelIndex channel) const noexcept;
  ChannelMask readable(RoomId room, UserIndex user) const noexcept;  // by who is in
  // bad_request: main, or no such channel. Who is on it stays there: see `readable`.
  Status restrict(RoomId room, ChannelIndex channel, Role least) noexcept;
  // Of users present or not; visitor takes it away. limit_reached.
  Result<RoleChange> set_role_in(RoomId room, std::string_view user, ChannelIndex channel,
                                 Role role) noexcept;
  // With what `user` was given; scratch as state().
  RoomState state_for(RoomId room, UserIndex user) noexcept;
  using GrantVisitor = bool (*)(void* context, std::string_view user, std::span<const Role> roles);
  bool each_grant(RoomId room, GrantVisitor visit, void* context) const noexcept;
  // Of a message in the ring; not_found.
  Result<ChannelIndex> channel_of(RoomId room, std::uint64_t offset) noexcept;

  // ---- Sanctions (sanctions.cc): of users present or not
  // never(): until it is lifted; that and a timed one hold independently, a later timed one
  // replaces the earlier. Answers when it will end now. bad_request: a name; limit_reached.
  Result<Instant> impose(RoomId room, std::string_view user, Measure measure, Instant until,
                         Instant now) noexcept;
  void lift(RoomId room, std::string_view user, Measure measure) noexcept;
  Status allow(RoomId room, std::string_view user, bool allowed) noexcept;
  Sanctions sanctions(RoomId room, std::string_view user, Instant now) const noexcept;
  // muted or banned with the time to wait; ok.
  Error sanctioned(RoomId room, UserIndex user, Measure measure, Instant now) const noexcept;
  // The newest first; stops when visit answers false, and answers that.
  using SanctionVisitor = bool (*)(void* context, const KeptSanction& kept);
  bool each_sanction(RoomId room, SanctionVisitor visit, void* context) const noexcept;
  Instant next_sanction_due() const noexcept;
  void forget_sanctions(Instant now) noexcept;  // which ended

  // ---- Lines (line.cc): to get in, to speak. One place a user, whatever its sessions
  // Answers the place, or 0 where tend_line will tell (it is its turn, or it asked again).
  // not_found: no such room; banned; already_member, not_member: who is in may not wait for it, who
  // is not may not speak; queue_full: the room's length, Limits::line_places.
  Result<std::uint32_t> enqueue(RoomId room, UserIndex user, Line line, Instant now) noexcept;
  // not_found: it is not in it.
  Status dequeue(RoomId room, UserIndex user, Line line) noexcept;
  bool waits(UserIndex user) const noexcept;  // in some line of some room
  // Empty: who stands first. not_found; room_full: no place to call anybody to.
  Result<UserIndex> call_next(RoomId room, Line line, std::string_view user, Instant now) noexcept;
  bool is_invited(RoomId room, std::string_view user) const noexcept;  // to one by invitation
  // By name, since who applied need not be here: kNone if nothing is known of it.
  UserIndex known_user(std::string_view id) const noexcept;
  bool restore_applicant(RoomId room, std::string_view user, std::string_view nick,
                         std::int64_t since_ms) noexcept;  // false: no place, or not asked for
  std::uint32_t waiting(RoomId room, Line line) const noexcept;
  // In order, at most `limit`; views of the registry's scratch.
  std::span<const Member> list_line(RoomId room, Line line, std::uint32_t limit) noexcept;
  // Rooms whose lines have something to tell or to do, until it is empty; each must be tended.
  RoomId next_line(Instant now) noexcept;
  Instant next_line_due() const noexcept;  // never(): none
  // Calls whose turn it is, ends turns that were not taken, tells who stands where (at most once a
  // second). The registry must not be changed from inside.
  void tend_line(RoomId room, Instant now, LineVisitor visit, void* context) noexcept;
  // The room closes: everybody is removed.
  void end_line(RoomId room, LineVisitor visit, void* context) noexcept;

  // ---- Receipts (receipts.cc): in rooms with policy.receipts
  // not_member; unsupported: no receipts here; limit_reached.
  Result<Acked> ack(RoomId room, UserIndex user, std::uint64_t offset, Instant now) noexcept;
  bool read_position(RoomId room, UserIndex user, std::uint64_t& offset) const noexcept;
  // Positions, who moved last first.
  using ReaderVisitor = bool (*)(void* context, std::string_view user, std::uint64_t offset);
  bool each_reader(RoomId room, ReaderVisitor visit, void* context) const noexcept;
  bool restore_reader(RoomId room, std::string_view user, std::uint64_t offset) noexcept;
  RoomId next_receipt(Instant now) noexcept;  // whose count is to be told; each must be taken
  Instant next_receipt_due() const noexcept;
  ReadCount take_receipt(RoomId room, Instant now) noexcept;

  // ---- Likes (likes.cc): in rooms with policy.likes
  bool counts_likes(RoomId room) const noexcept;
  bool like(RoomId room, std::uint64_t count, Instant now) noexcept;  // false: no memory for it
  std::uint64_t likes(RoomId room) const noexcept;
  void hold_likes(RoomId room, std::uint64_t count) noexcept;  // as its home has them
  RoomId next_likes(Instant now) noexcept;                     // to be told of them now
  Instant next_likes_due() const noexcept;
  void likes_untold(RoomId room, Instant now) noexcept;  // the log had no place: later

  // ---- Taking back, and keeping in sight (recall.cc)
  // Of a message in the ring that was not taken back; a view until the next call here. not_found.
  Result<std::string_view> author(RoomId room, std::uint64_t offset) noexcept;
  void recall(RoomId room, std::uint64_t offset) noexcept;
  void clear(RoomId room, std::string_view user) noexcept;  // empty: of everybody
  bool is_recalled(RoomId room, std::uint64_t offset) noexcept;
  Result<bool> pin(RoomId room, std::uint64_t offset) noexcept;  // whether something changed
  bool unpin(RoomId room, std::uint64_t offset) noexcept;
  bool unpin_recalled(RoomId room) noexcept;
  Status set_attribute(RoomId room, std::string_view key,
                       std::optional<std::string_view> value) noexcept;
  // Of who is in, until it leaves. not_found; limit_reached.
  Status set_attribute(RoomId room, std::string_view user, std::string_view key,
                       std::optional<std::string_view> value) noexcept;
  std::span<const Attribute> attributes(MemberIndex member) const noexcept;  // scratch
  void restore_pin(RoomId room, std::uint64_t offset) noexcept;
  void set_closed(RoomId room, ChannelIndex channel, bool closed) noexcept;
  bool is_closed(RoomId room, ChannelIndex channel) const noexcept;

  // ---- Publishing (publish.cc)
  // The rules in the order of the protocol; what passes is charged at once, so that messages whose
  // decision is still under way count too.
  // `shortened`: the host may say less of what is too large, so that is looked at when it has.
  PublishVerdict check_publish(RoomId room, SessionIndex session, const Outgoing& message,
                               Instant now, bool shortened = false) noexcept;
  // What check_publish passed a while ago, by the mutes and modes of now; not_member, if it left.
  Error check_again(RoomId room, SessionIndex session, const Outgoing& message,
                    Instant now) noexcept;
  // The host refused what check_publish had passed: slow mode does not bind for it.
  // `passed`: when it did; what the user said since counts all the same.
  // `said`: of the verdict; saying it again is no duplicate then, in whatever room it was.
  void forgive_publish(RoomId room, UserIndex user, Instant passed, const KeyPrint& said) noexcept;
  void forget_said(const KeyPrint& said) noexcept;
  // It was said there; offset 0: it took no place. Until then the same words are refused, since
  // nobody knows yet whether they will have been said.
  void place_said(const KeyPrint& said, std::uint64_t offset) noexcept;
  Status invite(RoomId room, std::string_view user) noexcept;  // to be a member for good (roles.cc)
  void set_follower(RoomId room, UserIndex user) noexcept;     // for as long as it stays in
  // ---- Overload (showing.cc); rooms without a receive budget show everything
  // What becomes of a member's message that passed check_publish.
  Showing show(RoomId room, UserIndex author, const Outgoing& message, Instant now) noexcept;
  // It was shown, at this offset: repeats of it may be merged.
  void showed(RoomId room, const Showing& showing, std::uint64_t offset) noexcept;
  void pressed(RoomId room, Instant now) noexcept;  // the fan-out had no place for a message
  // Of all its budgets the highest; of the one that decides for a channel.
  Rung rung(RoomId room) const noexcept;
  Rung rung(RoomId room, ChannelIndex channel) const noexcept;
  // Channels have budgets of their own, which are named by their channels. Else there is one: 0.
  bool budgets_apart(RoomId room) const noexcept;
  ChannelMask rates_told(RoomId room) const noexcept;                // whose members know of a rung
  bool take_rung_change(RoomId room, ChannelIndex budget) noexcept;  // true once for each change
  // What members are told of what they are shown; true once for each change that is worth it.
  bool take_rate(RoomId room, ChannelIndex budget, ShownRate& rate) noexcept;
  void rate_untold(RoomId room,
                   ChannelIndex budget) noexcept;  // no place: at the next window's end
  // Somebody came onto these channels: those who are on them hear of it again.
  void tell_rate_again(RoomId room, ChannelMask mask) noexcept;
  Instant next_overload_due() const noexcept;  // never(): no window is open
  // Ends a window that is over. False: none is.
  bool end_window(Instant now, WindowEnd& ended) noexcept;
  // What could not be told now is told with the next window.
  void tell_later(RoomId room, ChannelIndex channel, std::uint32_t sampled) noexcept;
  // After it: repeats that leave as one message now, until null. Taken: set its count to 0.
  Repeat* next_release(RoomId room, ChannelIndex budget, Instant now) noexcept;
  // All of a window's end is told: a channel that is quiet gives its budget back.
  void let_go(RoomId room, ChannelIndex budget) noexcept;
  // The key is answered like that from now on.
  void remember_key(RoomId room, UserIndex author, std::string_view key, std::uint64_t offset,
                    Instant now) noexcept;

  // Gives it its place: offset, stamps, history, key. `author` kNone: the host. not_found: no such
  // channel (after a passing check_publish it is there; hosts call open_channel first).
  Result<Committed> commit_publish(RoomId room, UserIndex author, const Outgoing& message,
                                   Instant now) noexcept;
  // The two halves of commit_publish for rooms that store first: stamp gives the message with its
  // place `ahead` of the head (1: the next) and changes nothing but the key; keep takes the place,
  // in the order of offsets.
  Result<Committed> stamp(RoomId room, UserIndex author, const Outgoing& message,
                          std::uint64_t ahead, Instant now) noexcept;
  void keep(RoomId room, const Message& message, Instant now) noexcept;
  // What the key was answered in the last 5 minutes; false: nothing. `author` kNone: the host.
  bool answered(RoomId room, UserIndex author, std::string_view key, Instant now,
                Position& first) noexcept;
  // The append failed: its key may be used again.
  void forget_key(RoomId room, UserIndex author, std::string_view key) noexcept;

  // ---- History (reading.cc)
  Page history(RoomId room, const PageRequest& request, Instant now) noexcept;
  Page recent(RoomId room, ChannelMask mask, std::uint32_t count, Instant now) noexcept;
  Recovery recover(RoomId room, Position since, ChannelMask mask, Instant now) noexcept;

  // ---- Presence (presence.cc)
  // Rooms whose presence is to be told, until it is empty; each must be taken.
  RoomId next_presence(Instant now) noexcept;
  Instant next_presence_due() const noexcept;  // never(): none waits
  // What changed since the last take. Views live until the next change.
  PresenceChange take_presence(RoomId room, Instant now) noexcept;
  // What was taken reached nobody: those who keep a list learn from a count that theirs is old.
  void presence_untold(RoomId room, Instant now) noexcept;
  // bad_request: a cursor that is not ours; position_lost: its place is gone, start again.
  Result<PresencePage> presence(RoomId room, std::uint32_t limit, std::string_view cursor,
                                const std::uint64_t* since_version) noexcept;

 private:
  Memory* memory_ = nullptr;
  Tables* tables_ = nullptr;
};

}  // namespace chatroom::room
