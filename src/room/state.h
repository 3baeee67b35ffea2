// The records of the room layer and the tables that hold them. Private to src/room: everyone else
// reads registry.h. Links are indexes of slots; kNone ends a list.
#pragma once

#include <array>
#include <optional>

#include "base/bucket.h"
#include "base/index_map.h"
#include "base/list.h"
#include "base/random.h"
#include "base/slot_map.h"
#include "base/table.h"
#include "base/text.h"
#include "base/vector.h"
#include "room/board.h"
#include "room/gifts.h"
#include "room/history.h"
#include "room/index_heap.h"
#include "room/keys.h"
#include "room/registry.h"

namespace chatroom::room {

inline constexpr std::size_t kNameBytes = 64;
inline constexpr std::size_t kRoomKeyBytes = 128;
inline constexpr std::size_t kInfoBytes = 256;
inline constexpr std::uint32_t kPresencePageMax = 100;
inline constexpr std::uint32_t kLineMax = 1'000;

// Whether a text holds nothing but emoji, :names: and spaces (modes.cc).
bool only_emotes(std::string_view text) noexcept;

// ---- Records

inline constexpr std::uint32_t kSessionsOfUser = (1u << 24) - 1;

struct User {
  base::Text id;
  base::Text nick;  // empty: the id
  base::Text info;
  std::uint32_t references = 0;     // sessions and member records; 0: the slot goes
  std::uint32_t sessions : 24 = 0;  // as many as there are in an engine, at most
  Role role : 6 = Role::member;
  bool waits : 1 = false;              // has a place in some line
  bool sanctioned : 1 = false;         // once, somewhere: saves a search for most
  SessionIndex first_session = kNone;  // oldest first
  SessionIndex last_session = kNone;

  std::string_view shown() const noexcept { return nick ? nick.view() : id.view(); }
};

// By the engine's session slot. `user` kNone: not signed in.
struct SessionLinks {
  UserIndex user = kNone;
  SessionIndex previous = kNone;  // of the user
  SessionIndex next = kNone;
  MembershipIndex first_membership = kNone;  // in order of joining
  MembershipIndex last_membership = kNone;
  std::uint32_t memberships = 0;
};

struct Membership {
  std::uint32_t room = kNone;
  SessionIndex session = kNone;
  MemberIndex member = kNone;
  ChannelMask mask = 0;
  MembershipIndex session_previous = kNone;
  MembershipIndex session_next = kNone;
  MembershipIndex member_previous = kNone;
  MembershipIndex member_next = kNone;
  Registry::Seat seat;
};
static_assert(sizeof(Membership) == 40);

// A user in a room. It stays for a while after the last session left, where something of it must
// be remembered: a leave that was not told yet, a rate that is not full again, a lasting role.
struct Member {
  enum class Place : std::uint8_t { present, leaving, away };

  // First, together: the key of the member table.
  std::uint32_t room = kNone;
  UserIndex user = kNone;

  MemberIndex previous = kNone;  // in the list of its place
  MemberIndex next = kNone;
  union {
    MembershipIndex first_membership = kNone;  // present: its sessions, in order of joining
    MemberIndex linger_previous;               // away and lingering
  };
  union {
    MembershipIndex last_membership = kNone;
    MemberIndex linger_next;
  };
  std::uint32_t arrival = 0;  // rises by one an arrival in this room
  Role role = Role::visitor;
  Role lasting = Role::visitor;  // visitor: none was given
  Place place = Place::away;
  bool told : 1 = false;       // the others were told that it is in
  bool lingering : 1 = false;  // in the lingering list
  bool spoke : 1 = false;      // `spoke_us` says when
  bool missed : 1 = false;     // it was out when a list was given: tell that it is back
  bool follower : 1 = false;   // the host said so; until it leaves

  Tag tag = 0;
  std::int64_t since_ms = 0;
  base::Bucket publishes;
  std::int64_t spoke_us = 0;  // for slow mode
};
static_assert(sizeof(Member) == 64);

// What holds for a user of a room beside its role (sanctions.cc).
struct Sanction {
  std::uint32_t room = kNone;  // first, together: the key
  UserIndex user = kNone;
  std::uint32_t previous = kNone;  // of the room, the newest first
  std::uint32_t next = kNone;
  std::int64_t until_us[kMeasures] = {};  // 0: none
  bool for_good[kMeasures] = {};
  bool allowed = false;
};

// A user's place in a line of a room (line.cc).
struct Waiter {
  UserIndex user = kNone;  // first: the key of the table, which has the user's first place
  std::uint32_t user_next = kNone;
  std::uint32_t room = kNone;
  std::uint32_t previous = kNone;  // in its queue
  std::uint32_t next = kNone;
  std::uint32_t told = 0;  // the place that the user knows
  Line line = Line::room;
  bool called = false;        // a place in the room is kept for it
  std::int64_t until_us = 0;  // till then
  std::int64_t since_ms = 0;
};

struct Queue {
  std::uint32_t first = kNone;
  std::uint32_t last = kNone;
  std::uint32_t count = 0;
  std::uint32_t told = 0;  // the count that the room knows
  bool moved = false;      // somebody stands elsewhere than it knows
};

// The lines of a room, while there is somebody in one.
struct Lines {
  Queue waiting[kLines];
  Queue called;              // to come in, in the order of their turns
  std::int64_t told_us = 0;  // when places and counts were last told
};
// A member who may review what is held (staff.cc).
struct Staff {
  MemberIndex member = kNone;
  std::uint32_t previous = kNone;
  std::uint32_t next = kNone;
};
inline constexpr std::uint32_t kStaffMax = 64;  // of one room

// Up to where a user has read in a room (receipts.cc).
struct ReadMark {
  std::uint32_t room = kNone;  // first, together: the key
  UserIndex user = kNone;
  std::uint32_t previous = kNone;  // of the room, in the order of moving
  std::uint32_t next = kNone;
  std::uint64_t offset = 0;
};
struct Receipts {
  std::uint32_t first = kNone;
  std::uint32_t last = kNone;
  std::uint64_t newest = 0;  // that anybody has read
  std::int64_t told_us = 0;
};

// How often a room was liked (likes.cc).
struct LikedTag;
struct Likes : base::ListNode<LikedTag> {  // in the list while there is something to tell
  explicit Likes(RoomId where) noexcept : room(where) {}
  RoomId room;
  std::uint64_t count = 0;
  Instant due;  // while it is in the list
};

struct MemberList {
  MemberIndex first = kNone;
  MemberIndex last = kNone;
};

struct Channel {  // all but main
  base::Text name;
  base::Text creator;
  std::uint32_t next = kNone;
};

struct OpenTag;
struct DirtyTag;
struct Room : base::ListNode<OpenTag>, base::ListNode<DirtyTag> {
  RoomId id;
  base::Text key;
  base::Text creator;
  base::Text owner;  // what policy.owner views
  RoomPolicy policy;
  Instant created;
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;
  void* attachment = nullptr;
  Overload* overload = nullptr;  // with a receive budget
  Board* board = nullptr;        // with pins or attributes
  Lines* lines = nullptr;        // while somebody waits
  Receipts* receipts = nullptr;  // once somebody said that it has read
  Gifts* gifts = nullptr;        // with a gift_window, once something was given

  MemberList present;
  MemberList leaving;  // exact presence: in order of leaving, until it is told
  MemberList away;
  std::uint32_t users = 0;
  std::uint32_t sessions = 0;
  std::uint32_t arrivals = 0;
  bool owned = false;  // somebody was given owner by first_join_owns

  // Channels: main is index 0 and has no record.
  std::uint32_t first_channel = kNone;
  std::uint32_t last_channel = kNone;
  std::uint32_t channels = 1;
  ChannelMask closed = 0;

  std::uint32_t first_sanction = kNone;
  std::uint32_t first_staff = kNone;
  std::uint32_t likes = kNone;  // in rooms that count them, once there was one

  // Presence, since it was last told.
  bool presence_changed = false;
  bool counts_only = false;       // more than presence_exact were here at once
  bool presence_resting = false;  // told counts less than a second ago
  std::uint64_t presence_version = 0;
  std::uint32_t arrivals_told = 0;

  // A recovery that did not fit its page was promised the rest.
  std::uint64_t promised_from = 0;
  Instant promised_until;
};

// ---- Tables

struct ChannelTag;
using Users = base::IndexMap<User>;
using Members = base::IndexMap<Member>;
using Memberships = base::IndexMap<Membership>;
using Channels = base::SlotMap<Channel, Handle<ChannelTag>>;
using Rooms = base::SlotMap<Room, RoomId>;
using SanctionMap = base::IndexMap<Sanction>;
using WaiterMap = base::IndexMap<Waiter>;
using ReaderMap = base::IndexMap<ReadMark>;

struct UserKey {
  const Users* users;
  std::string_view operator()(UserIndex user) const noexcept { return users->at(user)->id.view(); }
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
  Tables(Memory& memory, const Limits& limits, HashKey key, std::uint64_t seed) noexcept;
  ~Tables();
  [[nodiscard]] bool reserve() noexcept;  // the scratch; false: the port is dry

  const Limits limits;
  const Sizes sizes;
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
  MemberIndex first_lingering = kNone;
  MemberIndex last_lingering = kNone;
  std::uint32_t lingering = 0;
  std::uint32_t lasting = 0;
  Memberships memberships;

  SanctionMap sanctions;
  SanctionTable sanction_index;
  IndexHeap due;  // sanctions by the moment they end

  WaiterMap waiters;
  WaiterTable waiter_index;
  base::Pool<Lines> lines;
  base::Pool<Gifts> gifts;
  ReaderMap readers;
  ReaderTable reader_index;
  base::Pool<Receipts> receipts;
  base::IndexMap<Staff> staff;
  base::IndexMap<Likes> likes;
  base::List<Likes, LikedTag> liked;  // to be told, the first due first

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

  // ---- Users (users.cc)
  User& user(UserIndex index) noexcept { return must(users.at(index)); }
  UserIndex find_user(std::string_view id) noexcept {  // remembered ones too
    const UserIndex* found = user_index.find(id);
    return found == nullptr ? kNone : *found;
  }
  UserIndex make_user(std::string_view id) noexcept;   // no reference yet; kNone: no room
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
  void move_to(MemberIndex index, Member::Place place) noexcept;  // to the end of its list
  bool binds(const Member& member, Instant now) noexcept;  // its rate or slow mode still counts
  // Nothing more to tell of it: lingers, stays for its lasting role, or goes.
  void settle(MemberIndex index, Instant now) noexcept;
  bool forget_lingering() noexcept;  // the oldest; false: there is none
  void forget_expired(Instant now) noexcept;
  void stop_lingering(MemberIndex index) noexcept;
  Role role_on_join(const Room& room, UserIndex user, MemberIndex member) noexcept;
  bool set_lasting(Member& member, Role role) noexcept;  // visitor: none; false: too many

  // ---- Staff (staff.cc)
  void set_role(Room& room, MemberIndex member, Role role) noexcept;  // of who is present
  void join_staff(Room& room, MemberIndex member) noexcept;
  void leave_staff(Room& room, MemberIndex member) noexcept;

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
  void place_said(const Room& room, UserIndex user, const Outgoing& message,
                  std::uint64_t offset) noexcept;
  void forget_said(const Room& room, UserIndex user, std::string_view text) noexcept;
  KeyPrint print_of(const Room& room, UserIndex user, std::string_view text) noexcept;

  // ---- What was taken back, and what is in sight (recall.cc)
  History::Place find_message(const Room& room, std::uint64_t offset) noexcept;
  bool make_board(Room& room) noexcept;
  void drop_board(Room& room) noexcept;

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
