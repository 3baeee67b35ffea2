// The records of the room layer: users, members, rooms and what hangs on them. Private to src/room.
// Links are indexes of slots; kNone ends a list.
#pragma once

#include <array>
#include <bit>
#include <optional>

#include "base/bucket.h"
#include "base/index_map.h"
#include "base/list.h"
#include "base/text.h"
#include "room/access.h"
#include "room/board.h"
#include "room/budgets.h"
#include "room/gifts.h"
#include "room/index_heap.h"
#include "room/registry.h"
#include "room/user_names.h"

namespace chatroom::room {

inline constexpr std::size_t kRoomKeyBytes = 128;
inline constexpr std::uint32_t kPresencePageMax = 100;
inline constexpr std::uint32_t kLineMax = 1'000;

inline constexpr std::uint32_t kSessionsOfUser = (1u << 24) - 1;

struct User {
  UserNames names;
  std::uint32_t references = 0;     // sessions and member records; 0: the slot goes
  std::uint32_t sessions : 24 = 0;  // as many as there are in an engine, at most
  Role role : 6 = Role::member;
  bool waits : 1 = false;              // has a place in some line
  bool sanctioned : 1 = false;         // once, somewhere: saves a search for most
  SessionIndex first_session = kNone;  // oldest first
  SessionIndex last_session = kNone;

  std::string_view id() const noexcept { return names.id(); }
  std::string_view shown() const noexcept { return names.nick().empty() ? id() : names.nick(); }
};
static_assert(sizeof(void*) != 8 || sizeof(User) == 24);

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
};
static_assert(sizeof(Membership) == 32);

// What only some members have: those who said something here, or whom the host tagged. It goes with
// the member.
struct Extra {
  Tag tag = 0;
  base::Bucket publishes;
  std::int64_t spoke_us = 0;  // for slow mode
};

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
  bool spoke : 1 = false;      // Extra::spoke_us says when
  bool missed : 1 = false;     // it was out when a list was given: tell that it is back
  bool follower : 1 = false;   // the host said so; until it leaves
  bool adorned : 1 = false;    // it has attributes (member_attributes.cc)

  std::uint32_t extra = kNone;               // in Tables::extras
  std::array<std::uint32_t, 2> since_ms_{};  // halves, so that no member is rounded up to 48 bytes

  std::int64_t since_ms() const noexcept { return std::bit_cast<std::int64_t>(since_ms_); }
  void set_since(std::int64_t ms) noexcept { since_ms_ = std::bit_cast<decltype(since_ms_)>(ms); }
};
static_assert(sizeof(Member) == 44);

inline constexpr std::size_t kOwnAttributesMax = 8;
inline constexpr std::size_t kOwnAttributeBytesMax = 256;  // keys and values of a member together

struct ChangedTag;
struct OwnAttributes : base::ListNode<ChangedTag> {  // in the list until it was told
  explicit OwnAttributes(MemberIndex of) noexcept : member(of) {}
  MemberIndex member;
  PackedAttributes<kOwnAttributesMax, kOwnAttributeBytesMax> list;
};

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
  Role access = Role::visitor;
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
  Budgets* budgets = nullptr;    // with a receive budget
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
  // Presence, since it was last told.
  bool presence_changed = false;
  bool counts_only = false;       // more than presence_exact were here at once
  bool presence_resting = false;  // told counts less than a second ago
  base::Bucket publishes;         // of all its members
  std::uint32_t secret = kNone;

  // Channels: main is index 0 and has no record.
  std::uint32_t first_channel = kNone;
  std::uint32_t last_channel = kNone;
  std::uint32_t channels = 1;
  ChannelMask closed = 0;

  std::uint32_t first_sanction = kNone;
  std::uint32_t first_staff = kNone;
  std::uint32_t first_lasting = kNone;
  std::uint32_t likes = kNone;  // in rooms that count them, once there was one

  std::uint32_t first_grant = kNone;
  std::uint32_t adorned = 0;  // members with attributes
  std::uint64_t presence_version = 0;
  std::uint32_t arrivals_told = 0;
  ChannelMask restricted = 0;  // channels that are not everybody's

  // A recovery that did not fit its page was promised the rest.
  std::uint64_t promised_from = 0;
  Instant promised_until;
};

}  // namespace chatroom::room
