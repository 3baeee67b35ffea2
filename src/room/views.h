// What callers of the Registry read: views of its records, and what its verbs answer. Views live
// until the next change of what they show.
#pragma once

#include "chatroom/command.h"
#include "chatroom/error.h"
#include "chatroom/event.h"
#include "chatroom/limits.h"
#include "chatroom/memory.h"
#include "chatroom/room.h"
#include "chatroom/tenant.h"
#include "room/ids.h"
#include "room/keys.h"
#include "room/overload.h"
#include "room/permission.h"

namespace chatroom::room {

// Views live while the user is known (a session of it is signed in).
struct UserView {
  std::string_view id;
  std::string_view nick;
  Bytes info;
  Role role = Role::member;    // what a join gives without a grant
  std::uint32_t sessions = 0;  // signed in
};

struct RoomView {
  RoomId id;
  std::string_view key;  // lives as long as the room
  Position position;     // of the newest kept message
  std::uint32_t users = 0;
  std::uint32_t sessions = 0;
  std::uint64_t presence_version = 0;
  std::uint64_t history_messages = 0;
  Instant created;
  std::string_view creator;
  const RoomPolicy* policy = nullptr;
};

struct MembershipView {
  RoomId room;
  SessionIndex session = kNone;
  UserIndex user = kNone;
  MemberIndex member = kNone;
  Role role = Role::visitor;
  ChannelMask mask = 0;
};

// ---- What calls take and answer

struct Joined {
  MembershipIndex membership = kNone;
  bool first = false;          // the user's first session here: presence changed
  bool state_changed = false;  // channels were opened: tell room_state
  Role role = Role::visitor;
  ChannelMask mask = 0;
  bool owns = false;  // from now on, for having come first
};

struct Left {
  UserIndex user = kNone;
  bool last = false;  // the user is no longer in the room: presence changed
};

struct Subscribed {
  ChannelMask mask = 0;        // the new one
  bool state_changed = false;  // a channel was opened: tell room_state
};

struct PublishVerdict {
  Error error;                // code ok: admitted, and charged to rate and slow mode
  bool repeated = false;      // the key was seen: answer `first` again, publish nothing
  Position first;             // offset 0: that one was not kept
  bool ask_follower = false;  // admitted, if the host says that he follows
  KeyPrint said{};            // of its words, if they are remembered; for forgive and place_said
  ChannelIndex channel = 0;
};

struct WindowEnd {
  RoomId room;
  ChannelIndex budget = 0;  // whose: Showing::budget
  Sampled sampled{};
};

struct Committed {
  Position position;  // offset 0: not kept
  Message message;    // views of the Outgoing, the user and the room: until the next change
  ChannelIndex channel = 0;
};

// Which messages of a room to read. Oldest first in the answer, always.
struct PageRequest {
  ChannelMask mask = kAllChannels;
  std::uint64_t before = 0;  // exclusive; 0: absent
  std::uint64_t after = 0;   // exclusive; with has_after: the oldest past it, else the newest
  bool has_after = false;
  std::uint32_t limit = 50;
  bool for_storage = false;  // what was taken back keeps its place, without what it said
};
// The kind of a message that was taken back, as storage keeps its place.
inline constexpr Kind kRecalledKind{"chatroom.recalled"};
// `messages` and all they view live until the next call of history, recent, recover or a change.
struct Page {
  std::span<const Message> messages;
  bool more = false;  // there are further ones in the direction of reading
};
struct Recovery {
  bool recovered = false;
  Page page;  // the oldest missed ones; empty unless recovered
};
// What one message costs of Limits::page_bytes. The engine gives the codec's measure; by default
// the sum of its strings plus 256.
using MessageCost = std::uint32_t (*)(const Message& message) noexcept;
std::uint32_t default_cost(const Message& message) noexcept;

struct PresenceChange {
  std::uint64_t online = 0;
  std::uint64_t version = 0;
  bool exact = false;                          // joins and leaves say it all
  std::span<const Member> joins{};             // in order of arrival
  std::span<const std::string_view> leaves{};  // in order of leaving
  std::span<const Member> changes{};           // with all attributes that each has now
};
struct PresencePage {
  std::uint64_t online = 0;
  std::uint64_t version = 0;
  bool unchanged = false;
  std::span<const Member> members{};  // in order of arrival
  std::string_view next{};            // cursor of the next page; empty: that was all
};

struct RoleChange {
  Role from = Role::visitor;  // of the present user, or what a join would have given
  Role to = Role::visitor;
  bool present = false;
};

// What can be imposed on a user of a room.
enum class Measure : std::uint8_t { mute, ban, self_mute, shadow_mute };
inline constexpr std::size_t kMeasures = 4;

// As rooms keep it over a restart.
struct KeptSanction {
  std::string_view user{};
  std::int64_t until[kMeasures] = {};
  bool for_good[kMeasures] = {};
  bool allowed = false;
};

// What a line has to tell, to one user or (kNone) to the room.
struct LineNews {
  enum class What : std::uint8_t {
    place,    // where the user stands now
    called,   // it is the user's turn, until then
    removed,  // no longer in the line
    count,    // how many wait
  };
  What what = What::place;
  Line line = Line::room;
  UserIndex user = kNone;
  std::uint32_t number = 0;
  Instant until = Instant::never();
};
using LineVisitor = void (*)(void* context, const LineNews& news);

struct Acked {
  bool moved = false;
  bool exact = false;  // the room is told who, now
  std::uint64_t offset = 0;
  std::uint64_t unread = 0;
};
struct ReadCount {
  std::uint64_t offset = 0;
  std::uint64_t count = 0;
};

struct PolicyChange {
  bool visible = false;  // something that room_state shows
  RoomState state;       // only what changed, `has_policy` set if visible
};

// Lower-case, 16 hex digits: the epoch as clients see it.
struct EpochText {
  char text[16];
  std::string_view view() const noexcept { return {text, 16}; }
};
EpochText epoch_text(std::uint64_t epoch) noexcept;
// 0: not a text of ours, so no epoch either (0 is never given out).
std::uint64_t epoch_from(std::string_view text) noexcept;

// What a registry with these limits asks of Memory at most.
struct RegistryPlan {
  std::uint64_t users_bytes = 0;    // users, sessions
  std::uint64_t rooms_bytes = 0;    // rooms, channels, members, memberships
  std::uint64_t keys_bytes = 0;     // idempotency answers
  std::uint64_t history_bytes = 0;  // rings, page scratch
  std::uint64_t total() const noexcept {
    return users_bytes + rooms_bytes + keys_bytes + history_bytes;
  }
};
RegistryPlan plan_registry(const Limits& limits) noexcept;

}  // namespace chatroom::room
