// Events: everything an engine tells a client, decoded. One flat record for every codec, for local
// members and for the client role; each type fills the fields named beside it.
#pragma once

#include "chatroom/command.h"
#include "chatroom/error.h"

namespace chatroom {

enum class EventType : std::uint8_t {
  none = 0,
  hello,             // version, heartbeat_ms
  answer,            // id, op, error | what `op` lists below
  error,             // error, text: a frame that had no usable id
  message,           // message.*
  direct,            // message.user, nick, kind, text, data, time_ms; user (receiver)
  presence,          // room, online, version, joins, leaves, changes
  room_state,        // room, state: only what changed
  moderation,        // room, action, user, by, until_ms, text; role and channel with set_role
  message_removed,   // room, offset
  messages_cleared,  // room, user
  gap,               // room, channel, gap
  left,              // room, reason, by, text, until_ms
  reset,             // room, epoch, offset, state
  queue,             // room, line, place: one's own, 0: no longer in it; or waiting: to everybody
  called,            // room, line, until_ms
  receipt,           // room, offset, and user: has read up to there; or count: how many have
  reconnect,         // after_ms, address
  held,  // room, held, action ("hold", "release", "reject"), message, by, text: to moderators what
         // waits for them; to them and its author what became of it
};
std::string_view name_of(EventType type) noexcept;

// Why a member is no longer in a room.
enum class LeaveReason : std::uint8_t {
  left,
  kicked,
  banned,
  room_closed,
  replaced,
  dropped,
  timed_out,
  slow_consumer,
  limit,
  shutdown,
  moved,
  auth_expired,
  password_changed,
  protocol_error,
};
std::string_view name_of(LeaveReason reason) noexcept;

// Why entries are missing from what a member saw.
enum class GapReason : std::uint8_t { slow_consumer, sampled, budget, history_lost };
std::string_view name_of(GapReason reason) noexcept;

struct Gap {
  std::uint64_t from = 0;  // offsets, both ends lost; 0 where no kept message was among them
  std::uint64_t to = 0;
  std::uint64_t count = 0;  // entries lost, exactly
  bool lossy = false;       // which classes were among them
  bool reliable = false;
  GapReason reason = GapReason::slow_consumer;
};

struct Attribute {
  std::string_view key{};
  std::string_view value{};
  bool deleted = false;  // in `room_state` only
};

struct Member {  // as presence lists show one
  std::string_view user{};
  std::string_view nick{};
  Role role = Role::member;
  std::int64_t since_ms = 0;
  std::span<const Attribute> attributes{};  // of this stay; not in `joins`
};

// How far a room with a receive budget has gone to stay within it. It goes up as soon as it must,
// and down one rung after three seconds that the lower one would have borne.
enum class Rung : std::uint8_t {
  normal,     // everything is shown
  merge,      // repeats of a text leave once a second as one message with a `count`
  sample,     // of the rest as much as the budget holds: the same chance for each sender, the same
              // choice for each member, one message a sender and second; low priority waits out
  high_only,  // members' links or the log cannot follow: only high priority is shown
  read_only,  // nor that: members are refused room_overloaded until they can
};
std::string_view name_of(Rung rung) noexcept;

struct ChannelState {
  std::string_view name{};
  std::string_view state{};  // "open", "closed"
  std::string_view creator{};
  // Who may read it and speak there: this rank and above, and whoever was given a role in it.
  Role access = Role::visitor;  // visitor: everybody
  std::optional<Role> role{};   // what oneself was given in it; in the answer to join
  // Where channels have receive budgets of their own: as RoomState has them for others.
  std::optional<Rung> rung{};  // on any but normal
  std::uint32_t kept = 1'000;
};

struct RoomEntry {  // as lists of rooms show one
  std::string_view room{};
  std::uint64_t online = 0;
  std::int64_t created_ms = 0;
  std::string_view creator{};
};

// A room's lasting settings as clients see them. In `room_state` only what `has_*` marks changed.
struct RoomState {
  bool has_policy = false;
  std::uint32_t slow_mode_s = 0;
  bool mute_all = false;
  bool moderated = false;
  bool members_only = false;
  bool followers_only = false;
  bool emote_only = false;
  std::uint32_t duplicate_s = 0;
  bool has_password = false;
  std::uint32_t max_members = 0;  // 0: no cap
  std::uint32_t line_length = 0;  // who may wait while it is full; to speak
  std::uint32_t hands = 0;
  std::span<const ChannelState> channels{};
  std::span<const Attribute> attributes{};
  bool has_pinned = false;                  // in `room_state`: these are all that are pinned now
  std::span<const std::uint64_t> pinned{};  // offsets, in the order of pinning
  std::int64_t created_ms = 0;
  std::string_view creator{};
  std::optional<std::uint64_t> likes{};  // so far, in rooms that count them
  // What the room (`room_state` with a `channel`: that one) shows of what is said, in thousandths
  // of what is not of high priority, with the merged repeats; told anew when it changed by more
  // than a quarter, every three seconds.
  bool has_rate = false;  // in a whole state: on any rung but normal
  Rung rung = Rung::normal;
  std::uint32_t kept = 1'000;
};

// What a session may do, as told in the answer to auth.
struct SessionLimits {
  std::uint32_t frame_bytes = 0;
  std::uint32_t text_bytes = 0;
  std::uint32_t rooms = 0;
  std::uint32_t commands_per_s = 0;  // 0: unlimited
  std::uint32_t publish_per_s = 0;
};

// Views live until the call that brought the event returns.
struct Event {
  EventType type = EventType::none;
  Op op = Op::none;  // answers; a client that decodes fills it from its own list
  std::uint32_t id = 0;
  Error error{};              // answers: code ok for success
  std::uint64_t verdict = 0;  // of a refusal: its number (Engine::why); 0: it has none
  std::string_view text{};    // the error's message; moderation's and left's reason
  std::string_view room{};
  std::string_view channel{};
  Message message{};
  // hello, answer to auth: session, user, resume, heartbeat_ms, limits
  std::uint32_t version = 0;  // hello (protocol); presence has its own below
  std::uint32_t heartbeat_ms = 0;
  std::string_view session{};
  std::string_view user{};
  std::string_view resume{};
  SessionLimits limits{};
  // answer to join: room, epoch, offset, online, role, state, was_recovering, recovered, messages,
  // more. To publish, subscribe, unsubscribe, switch: epoch, offset. To history: epoch, messages,
  // more; offset if there are no messages, but more: from there it goes on, as `after` or `before`.
  std::string_view epoch{};
  std::uint64_t offset = 0;
  std::uint64_t online = 0;
  Role role = Role::member;
  RoomState state{};
  std::optional<std::uint64_t>
      read{};  // join, ack: up to where this user has; unread: how many not
  std::uint64_t unread = 0;
  bool was_recovering = false;
  bool recovered = false;
  std::span<const Message> messages{};
  bool more = false;
  // answer to presence: online, presence_version, unchanged | members, next. The event: joins,
  // leaves.
  std::uint64_t presence_version = 0;
  bool unchanged = false;
  std::span<const Member> members{};
  std::span<const Member> joins{};
  std::span<const std::string_view> leaves{};
  std::span<const Member> changes{};  // users whose attributes changed: all of them now
  std::string_view next{};
  std::span<const RoomEntry> rooms{};  // answer to list_rooms, with next
  std::uint32_t sessions = 0;          // answer to send_to
  Data data{};                         // answer to call
  Gap gap{};
  LeaveReason reason = LeaveReason::left;
  std::string_view by{};
  std::int64_t until_ms = 0;
  std::string_view action{};  // moderation: "mute", …
  std::string_view line{};
  std::uint32_t place = 0;
  std::optional<std::uint32_t> waiting{};  // also the answer to `waiting`, with members
  std::uint64_t count = 0;
  std::uint64_t held = 0;  // the number of what waits for a moderator; of its room
  std::uint32_t after_ms = 0;
  std::string_view address{};
};

}  // namespace chatroom
