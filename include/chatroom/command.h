// Commands: what a client asks, decoded. One flat record for every codec and both roles; each op
// reads the fields named beside it and ignores the others.
#pragma once

#include <optional>

#include "chatroom/message.h"

namespace chatroom {

enum class Op : std::uint8_t {
  none = 0,
  auth,            // token | resume | user, nick
  join,            // room, channels, password, since, recent
  publish,         // room, out.*
  leave,           // room
  subscribe,       // room, channel
  unsubscribe,     // room, channel
  switch_channel,  // room, from, to: "switch" on the wire
  history,         // room, channel, before | after, limit
  send_to,         // user, out.kind, out.text, out.data
  presence,        // room, limit, since_version, cursor
  call,            // room, name, out.data
  ping,
  // Moderation and settings: room, and
  mute,           // user, for_ms, reason
  unmute,         // user, reason
  ban,            // user, for_ms, reason; also takes the user out of the room
  unban,          // user, reason
  kick,           // user, reason
  set_role,       // user, role (visitor takes away what lasts); channel: in this one only, visitor
                  // takes it away
  set_policy,     // policy
  recall,         // offset: one's own, or as moderator
  clear,          // user: of this one; empty: of all
  pin,            // offset
  unpin,          // offset
  set_attribute,  // key, value; user: of this member, while it stays
  list_rooms,     // name (what keys begin with), limit, cursor; no room
  open_room,      // policy; already_member: there is one, here or in storage
  close_room,
  open_channel,   // channel, access
  close_channel,  // channel: nothing more is said there; what was said can be read
  // Known words that this version answers with `unsupported`, but for those with fields.
  apply,      // room: may I become a member? As enqueue in the line `apply`
  invite,     // room, user: may come in from now on
  approve,    // room, user: likewise, of who applied
  ack,        // room, offset: read up to there
  enqueue,    // room, line
  dequeue,    // room, line; user: another's hand is lowered, by those who may call
  call_next,  // room, line; user: this one, whoever stands before
  shield,     // no direct messages but from friends, until unblock of nobody
  block,      // user: nothing of his reaches this one directly, whatever he is told
  unblock,    // user; empty: ends shield
  allow,      // user: may speak while mute_all is on
  disallow,   // user
  release,    // offset (`held` on the wire): what waits for a moderator is said now
  reject,     // offset (`held` on the wire), reason: it is not said
  // room, normal_per_s, high_per_s: no more of it than that, on this session
  set_receive,
  waiting,      // room, line, limit: who waits, for those who may call
  list_held,    // after (`held` on the wire): `held` events of what waits, the next few
  shadow_mute,  // user, for_ms, reason: what it says, it alone sees; ended by unmute
  profile,      // user: what is shown of it (Profiles); answered as a call is
  unknown,      // any other word
};
std::string_view name_of(Op op) noexcept;    // as on the wire
Op op_from(std::string_view name) noexcept;  // Op::unknown for any other word

// The lines of a room: in front of a full one, of those who would like to speak, and of those who
// ask to become members of a room that one is invited to.
enum class Line : std::uint8_t { room, speak, apply };
inline constexpr std::size_t kLines = 3;
std::string_view name_of(Line line) noexcept;

// What a command changes of a room's policy: what it names.
struct PolicyPatch {
  std::optional<std::uint32_t> slow_mode_s{};
  std::optional<bool> mute_all{};
  std::optional<bool> moderated{};
  std::optional<bool> members_only{};
  std::optional<bool> followers_only{};
  std::optional<bool> emote_only{};
  std::optional<std::uint32_t> duplicate_s{};
  std::optional<std::uint32_t> max_members{};
  std::optional<std::uint32_t> line_length{};
  std::optional<std::uint32_t> hands{};
  std::optional<std::string_view> password{};  // empty: none from now on
  bool expel = false;                          // a new password sends members out
};

// At most this many in one command; more is bad_request.
inline constexpr std::size_t kChannelsPerCommand = 32;
inline constexpr std::size_t kMentionsPerMessage = 16;

// Views into the frame it was decoded from (or into the codec's scratch): valid until the next
// decode by the same codec.
struct Command {
  Op op = Op::none;
  std::uint32_t id = 0;  // 0: no answer wanted, not even an error
  std::string_view room{};
  std::span<const std::string_view> channels{};  // empty: {"main"}
  std::string_view channel{};  // empty: "main"; for history all that the session is on
  Outgoing out{};              // channel, kind, text, data, priority, key, reply_to, mentions
  bool has_text = false;       // text was present, perhaps empty
  // auth
  std::string_view token{};
  std::string_view resume{};
  std::string_view user{};  // also send_to
  std::string_view nick{};
  // join
  std::string_view password{};
  bool has_since = false;
  std::string_view since_epoch{};  // the opaque string as it was given out
  std::uint64_t since_offset = 0;
  std::uint32_t recent = 0;
  // switch
  std::string_view from{};
  std::string_view to{};
  // history: exclusive; 0: absent (offsets begin at 1)
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  bool has_after = false;
  std::uint32_t limit = 0;  // 0: the op's default
  // presence
  std::uint64_t since_version = 0;
  bool has_since_version = false;
  std::string_view cursor{};
  // call; what keys begin with for list_rooms
  std::string_view name{};
  // moderation and settings
  std::uint64_t for_ms = 0;  // 0: until it is lifted
  std::string_view reason{};
  bool clear = false;  // mute, ban, shadow_mute, kick: and take back all that the user said
  Role role = Role::member;
  std::uint64_t offset = 0;
  PolicyPatch policy{};
  std::string_view key{};
  std::optional<std::string_view> value{};  // none: deletes
  Line line = Line::room;
  std::optional<Role> access{};  // of a channel (ChannelState); none: as it is
  // set_receive: messages a second; 0: all that the room shows
  std::uint32_t normal_per_s = 0;
  std::uint32_t high_per_s = 0;
};

}  // namespace chatroom
