// The tables that hold the records of the room layer, and what is done with them. Private to
// src/room: everyone else reads registry.h.
#pragma once

#include <array>
#include <optional>

#include "base/buckets.h"
#include "base/index_map.h"
#include "base/list.h"
#include "base/random.h"
#include "base/slot_map.h"
#include "base/table.h"
#include "base/text.h"
#include "base/vector.h"
#include "room/access.h"
#include "room/board.h"
#include "room/gifts.h"
#include "room/history.h"
#include "room/index_heap.h"
#include "room/keys.h"
#include "room/records.h"
#include "room/registry.h"
#include "room/tenants.h"

namespace chatroom::room {

// Whether a text holds nothing but emoji, :names: and spaces (modes.cc).
bool only_emotes(std::string_view text) noexcept;

// ---- Tables

struct ChannelTag;
using Users = base::IndexMap<User>;
using Members = base::IndexMap<Member>;
using Extras = base::IndexMap<Extra>;
using Memberships = base::IndexMap<Membership>;
using Channels = base::SlotMap<Channel, Handle<ChannelTag>>;
using Rooms = base::SlotMap<Room, RoomId>;
using SanctionMap = base::IndexMap<Sanction>;
using WaiterMap = base::IndexMap<Waiter>;
using ReaderMap = base::IndexMap<ReadMark>;

struct UserKey {
  const Users* users;
  std::string_view operator()(UserIndex user) const noexcept { return users->at(user)->id(); }
};
struct RoomKey {
  const Rooms* rooms;
  std::string_view operator()(std::uint32_t room) const noexcept {
    return rooms->at(room)->key.view();
  }
};
struct MemberPair {
  std::uint32_t room;
  UserIndex user;
};
struct MemberKey {
  const Members* members;
  std::string_view operator()(MemberIndex member) const noexcept {
    static_assert(offsetof(Member, room) == 0 && offsetof(Member, user) == 4);
    return {reinterpret_cast<const char*>(members->at(member)), sizeof(MemberPair)};
  }
};
struct SanctionKey {
  const SanctionMap* sanctions;
  std::string_view operator()(std::uint32_t index) const noexcept {
    static_assert(offsetof(Sanction, room) == 0 && offsetof(Sanction, user) == 4);
    return {reinterpret_cast<const char*>(sanctions->at(index)), sizeof(MemberPair)};
  }
};
struct ReaderKey {
  const ReaderMap* readers;
  std::string_view operator()(std::uint32_t index) const noexcept {
    static_assert(offsetof(ReadMark, room) == 0 && offsetof(ReadMark, user) == 4);
    return {reinterpret_cast<const char*>(readers->at(index)), sizeof(MemberPair)};
  }
};
struct WaiterKey {
  const WaiterMap* waiters;
  std::string_view operator()(std::uint32_t index) const noexcept {
    static_assert(offsetof(Waiter, user) == 0);
    return {reinterpret_cast<const char*>(waiters->at(index)), sizeof(UserIndex)};
  }
};
using OwnMap = base::IndexMap<OwnAttributes>;
struct OwnKey {
  const OwnMap* own;
  std::string_view operator()(std::uint32_t index) const noexcept {
    return base::key_of_number(own->at(index)->member);
  }
};
using OwnTable = base::Table<std::uint32_t, OwnKey>;
using UserTable = base::Table<UserIndex, UserKey>;
using RoomTable = base::Table<std::uint32_t, RoomKey>;
using MemberTable = base::Table<MemberIndex, MemberKey>;
using SanctionTable = base::Table<std::uint32_t, SanctionKey>;
using ReaderTable = base::Table<std::uint32_t, ReaderKey>;
using WaiterTable = base::Table<std::uint32_t, WaiterKey>;

// How many of everything, worked out from Limits once, for the tables and for the plan.
struct Sizes {
  explicit Sizes(const Limits& limits) noexcept;
  std::uint32_t sessions;
  std::uint32_t users;
  std::uint32_t rooms;
  std::uint32_t channels;  // all rooms together, without their mains
  std::uint32_t members;
  std::uint32_t memberships;
  std::uint32_t
      lingering;          // away with a rate or slow mode that still binds: the oldest is forgotten
  std::uint32_t lasting;  // roles that outlive a leave: limit_reached
  std::size_t text_bytes;
  std::uint32_t page_messages;
  History::Shape history;
  PageArena::Shape arena;
  std::uint32_t presence;  // members of one presence event or page
};

struct Tables {
  Tables(Memory& memory, const Limits& given, HashKey hash_key, std::uint64_t seed) noexcept;
  ~Tables();
  [[nodiscard]] bool reserve() noexcept;  // the scratch; false: the port is dry

  const Limits limits;
  const Sizes sizes;
  const HashKey key;
  base::Random random;
  MessageCost cost = default_cost;

  base::TextPool texts;
  Users users;
  UserTable user_index;
  base::Vector<SessionLinks> sessions;

  Rooms rooms;
  RoomTable room_index;
  base::List<Room, OpenTag> open_rooms;
  Channels channels;
  IndexHeap idle;      // empty rooms by the moment they close
  IndexHeap windows;   // rooms with an open overload window, by its end
  IndexHeap resting;   // rooms that told counts, by the moment they may again
  IndexHeap read_due;  // rooms whose count of readers is to be told
  IndexHeap tended;    // rooms with lines, by the moment something is to be done there
  base::List<Room, DirtyTag> dirty;

  Members members;
  MemberTable member_index;
  Extras extras;
  MemberIndex first_lingering = kNone;
  MemberIndex last_lingering = kNone;
  std::uint32_t lingering = 0;
  Memberships memberships;

  SanctionMap sanctions;
  SanctionTable sanction_index;
  IndexHeap due;  // sanctions by the moment they end

  GrantMap grants;
  GrantTable grant_index;
  base::IndexMap<Secret> secrets;
  std::uint64_t next_secret = 0;

  WaiterMap waiters;
  WaiterTable waiter_index;
  std::uint32_t applicants = 0;  // of the waiters
  base::Pool<Lines> lines;
  base::Pool<Gifts> gifts;
  ReaderMap readers;
  ReaderTable reader_index;
  base::Pool<Receipts> receipts;
  base::IndexMap<Staff> staff;
  base::IndexMap<Staff> lasting;  // who was given a role that outlives a leave
  base::IndexMap<Likes> likes;
  base::List<Likes, LikedTag> liked;  // to be told, the first due first

  OwnMap own_attributes;
  OwnTable own_index;  // by member
  base::List<OwnAttributes, ChangedTag> changed_own;

  Tenants tenants;
  base::Buckets speaking;  // users who said something lately, wherever

  base::Pool<Budgets> budgets;
  base::Pool<Overload> overloads;
  base::Pool<Board> boards;
  Keys keys;
  History history;

  // Scratch of answers: valid until the next call that uses it.
  PageArena arena;
  base::Vector<Message> page;
  base::Vector<chatroom::Member> presence;
  base::Vector<std::string_view> leaves;
  base::Vector<char> leave_texts;
  std::array<ChannelState, kChannelsMax> channel_states{};
  std::array<Attribute, kAttributesMax> attributes{};
  std::array<char, 16> cursor{};
  // What members show on one page, so that it fits a frame with them.
  static constexpr std::size_t kShownBytesMax = 3 * 1024;
  std::array<Attribute, 128> shown{};
  std::size_t shown_used = 0;
  std::size_t shown_bytes = 0;
  std::array<chatroom::Member, 64> changes{};

  // ---- Users (users.cc)
  User& user(UserIndex index) noexcept { return must(users.at(index)); }
  UserIndex find_user(std::string_view id) noexcept {  // remembered ones too
    const UserIndex* found = user_index.find(id);
    return found == nullptr ? kNone : *found;
  }
  UserIndex make_user(std::string_view id) noexcept;       // no reference yet; kNone: no room
  UserIndex remember_user(std::string_view id) noexcept {  // likewise, or the one who is known
    const UserIndex known = find_user(id);
    return known == kNone ? make_user(id) : known;
  }
  UserIndex hold_user(std::string_view id) noexcept;   // likewise, with one more reference
  void release_user(UserIndex index) noexcept;         // one reference less
  SessionLinks* links(SessionIndex session) noexcept;  // null: not signed in

  // ---- Rooms and channels (rooms.cc, channels.cc)
  Room& room(std::uint32_t index) noexcept { return must(rooms.at(index)); }
  Room* find_room(RoomId id) noexcept { return rooms.get(id); }
  std::uint64_t new_epoch(Instant now, std::uint64_t other) noexcept;
  void watch_idle(Room& room, Instant now) noexcept;
  ChannelIndex find_channel(const Room& room, std::string_view name) noexcept;
  ChannelIndex add_channel(Room& room, std::string_view name, std::string_view creator) noexcept;
  void drop_last_channel(Room& room) noexcept;
  bool budget(Room& room, const RoomPolicy& policy) noexcept;  // false: limit_reached
  void drop_budget(Room& room) noexcept;
  bool has_budget_left() const noexcept;
  Overload* budget_of(Room& room, ChannelIndex channel) noexcept;
  void drop_budget_of(Room& room, ChannelIndex channel) noexcept;
  Overload* overload(RoomId room, ChannelIndex budget) noexcept;  // null: there is none
  Share share(Room& room, ChannelIndex channel) noexcept;
  void watch_windows(Room& room) noexcept;
  void list_channels(const Room& room) noexcept;  // into channel_states
  void trim_history(Room& room, Instant now) noexcept;

  // ---- Memberships (membership.cc)
  Membership& membership(MembershipIndex index) noexcept { return must(memberships.at(index)); }
  MembershipIndex find_membership(std::uint32_t room, SessionIndex session) noexcept;
  Left take_away(MembershipIndex index, Instant now) noexcept;

  // ---- Members (members.cc)
  Member& member(MemberIndex index) noexcept { return must(members.at(index)); }
  MemberIndex find_member(std::uint32_t room, UserIndex user) noexcept;  // in any place
  Member* present_member(std::uint32_t room, UserIndex user) noexcept;   // null: not in
  MemberIndex make_member(Room& room, UserIndex user) noexcept;          // away; kNone: no room
  void drop_member(MemberIndex index) noexcept;
  Extra* extra(const Member& member) noexcept { return extras.at(member.extra); }  // null: none
  const Extra* extra(const Member& member) const noexcept { return extras.at(member.extra); }
  Extra* make_extra(Member& member) noexcept;  // or the one it has; null: the port is dry
  void move_to(MemberIndex index, Member::Place place) noexcept;  // to the end of its list
  bool binds(const Member& member, Instant now) noexcept;  // its rate or slow mode still counts
  // Nothing more to tell of it: lingers, stays for its lasting role, or goes.
  void settle(MemberIndex index, Instant now) noexcept;
  bool forget_lingering() noexcept;  // the oldest; false: there is none
  void forget_expired(Instant now) noexcept;
  void stop_lingering(MemberIndex index) noexcept;
  Role role_on_join(const Room& room, UserIndex user, MemberIndex member) noexcept;
  bool set_lasting(MemberIndex member, Role role) noexcept;  // visitor: none; false: too many

  // ---- Staff (staff.cc)
  void set_role(Room& room, MemberIndex member, Role role) noexcept;  // of who is present
  void join_staff(Room& room, MemberIndex member) noexcept;
  void leave_staff(Room& room, MemberIndex member) noexcept;
  bool on_staff(const Room& room, MemberIndex member) noexcept;
  void tend_staff(Room& room, MemberIndex member) noexcept;  // after its roles changed

  void drop_secret(Room& room) noexcept;  // passwords.cc

  // ---- Channels of some (access.cc)
  std::uint32_t find_grant(const Room& room, UserIndex user) noexcept;  // kNone
  std::uint32_t make_grant(Room& room, std::string_view user) noexcept;
  void drop_grant(std::uint32_t index) noexcept;
  Role given(const Room& room, UserIndex user, ChannelIndex channel) noexcept;  // visitor: nothing
  Role role_in(const Room& room, const Member& member, ChannelIndex channel) noexcept;
  Role access(const Room& room, ChannelIndex channel) noexcept;
  ChannelMask readable(const Room& room, UserIndex user, Role role) noexcept;

  // ---- Sanctions (sanctions.cc)
  std::uint32_t find_sanction(const Room& room, UserIndex user) noexcept;  // kNone
  std::uint32_t make_sanction(Room& room, std::string_view user) noexcept;
  void drop_sanction(std::uint32_t index) noexcept;
  void watch_sanction(std::uint32_t index) noexcept;
  Error sanctioned(const Room& room, UserIndex user, Measure measure, Instant now) noexcept;
  bool allowed(const Room& room, UserIndex user) noexcept;

  // ---- Receipts (receipts.cc)
  std::uint32_t find_reader(const Room& room, UserIndex user) noexcept;  // kNone
  std::uint32_t make_reader(Room& room, UserIndex user) noexcept;
  void drop_reader(Room& room, std::uint32_t index) noexcept;
  void drop_receipts(Room& room) noexcept;

  // ---- Likes (likes.cc)
  Likes* make_likes(Room& room) noexcept;  // null: the port is dry
  void drop_likes(Room& room) noexcept;

  // The name of a user's bucket over all rooms: of what it is called, since it may sign out and
  // come back meanwhile.
  std::uint64_t speaker(UserIndex index) noexcept {
    if (!limits.user_publishes.limited()) return 0;
    return base::siphash(key, as_bytes(user(index).id()));
  }

  // ---- Gifts (publish.cc)
  const Gifts::Gift* given_lately(const Room& room, const Message& message, Instant now) noexcept;
  void remember_gift(Room& room, const Message& message, Instant now) noexcept;

  // ---- Lines (line.cc)
  std::uint32_t find_waiter(std::uint32_t room, UserIndex user, Line line) noexcept;  // kNone
  std::uint32_t make_waiter(Room& room, UserIndex user, Line line, Instant now) noexcept;
  void drop_waiter(std::uint32_t index) noexcept;
  void drop_waiters_of(UserIndex user) noexcept;
  void drop_lines(Room& room) noexcept;
  void tend_soon(Room& room) noexcept;
  bool is_invited(const Room& room, UserIndex user) noexcept;
  bool has_place(const Room& room) noexcept;  // for somebody who waits
  bool may_enter(const Room& room, UserIndex user, Role role) noexcept;
  // ---- The same words again (duplicates.cc)
  // What stands for these words of a user; nothing where the room does not look at them.
  std::optional<KeyPrint> print_said(const Room& room, UserIndex user,
                                     const Outgoing& message) noexcept;
  Error check_duplicate(const Room& room, const KeyPrint& said, Instant now,
                        PublishVerdict& verdict) noexcept;
  KeyPrint print_of(const Room& room, UserIndex user, std::string_view text) noexcept;

  // ---- What was taken back, and what is in sight (recall.cc)
  History::Place find_message(const Room& room, std::uint64_t offset) noexcept;
  bool make_board(Room& room) noexcept;
  void drop_board(Room& room) noexcept;

  // ---- What members show of themselves (member_attributes.cc)
  OwnAttributes* attributes_of(MemberIndex member) noexcept;  // null: none
  OwnAttributes* make_attributes(Room& room, MemberIndex member) noexcept;
  void drop_attributes(Room& room, MemberIndex member) noexcept;
  void show_anew() noexcept { shown_used = shown_bytes = 0; }
  bool show_attributes(MemberIndex member, chatroom::Member& to) noexcept;
  bool has_changes(const Room& room) noexcept;  // that were not told
  std::span<const chatroom::Member> list_changes(Room& room) noexcept;
  void forget_changes(Room& room) noexcept;

  // ---- Presence (presence.cc)
  void arrive(Room& room, MemberIndex member, Instant now) noexcept;
  void depart(Room& room, MemberIndex member, Instant now) noexcept;
  void presence_changed(Room& room) noexcept;

 private:
  template <class T>
  static T& must(T* object) noexcept {
    CHATROOM_ASSERT(object != nullptr);
    return *object;
  }
  MemberList& list_of(const Member& member) noexcept;
  void attach(MemberIndex index, Member::Place place) noexcept;
  void detach(Member& member) noexcept;
};

}  // namespace chatroom::room
