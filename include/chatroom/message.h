// What people say and who they are: kinds, priorities, roles, identities, messages.
#pragma once

#include "chatroom/types.h"

namespace chatroom {

// A word of 1 to 32 characters out of a-z, '_' and '.', free for the host to choose; these are the
// ones with a meaning here.
struct Kind {
  std::string_view name = "text";

  static const Kind text, notice, gift, like, command, signal, voice, file;
  friend constexpr bool operator==(Kind, Kind) noexcept = default;
};
inline constexpr Kind Kind::text{"text"};
inline constexpr Kind Kind::notice{"notice"};  // from the host or a moderator
inline constexpr Kind Kind::gift{"gift"};
inline constexpr Kind Kind::like{"like"};
inline constexpr Kind Kind::command{"command"};
inline constexpr Kind Kind::signal{"signal"};  // passes through; takes no place in history

inline constexpr Kind Kind::voice{"voice"};  // where it lies and how long it is stands in `data`
inline constexpr Kind Kind::file{"file"};    // likewise; neither is looked into here

// Who goes first under pressure. High is reliable; normal and low may be dropped for a member that
// cannot keep up, with a counted `gap` (RoomPolicy::reliable turns that off for small rooms).
enum class Priority : std::uint8_t { high = 0, normal = 1, low = 2 };
inline constexpr int kPriorityCount = 3;

// Ascending: only a higher rank acts on a lower.
enum class Role : std::uint8_t { visitor, member, speaker, moderator, admin, owner };
std::string_view name_of(Role role) noexcept;
std::string_view name_of(Priority priority) noexcept;

// A payload beside the text, at most Limits::data_bytes. JSON is checked at intake (grammar, depth,
// duplicate keys) and passed on as it stands.
struct Data {
  enum class Form : std::uint8_t { none, json, binary };
  Form form = Form::none;
  Bytes bytes{};
};

// Who a session is. Given by the host at open, or by the Auth port; never by the client, except on
// open servers.
struct Identity {
  std::string_view user{};   // 1 to 64 bytes of UTF-8 without control characters, compared bytewise
  std::string_view nick{};   // what people see; at most 64 bytes; empty: the user id
  Bytes info{};              // at most 256 bytes of JSON, stamped on every message; empty: none
  Role role = Role::member;  // the highest role that a join may give without a grant
};

// A message on its way in.
struct Outgoing {
  std::string_view room{};  // ignored by calls on a Room
  std::string_view channel = "main";
  Kind kind = Kind::text;
  std::string_view text{};  // 1 to Limits::text_bytes of UTF-8; may be empty unless kind is text
  Data data{};
  Priority priority = Priority::normal;
  std::string_view key{};      // idempotency key: the first answer again for 5 minutes
  std::uint64_t reply_to = 0;  // an offset of the same room, 0: none
  std::span<const std::string_view> mentions{};  // user ids, at most 16
  bool keep = true;           // false: volatile; takes no offset, is in no history
  std::string_view latest{};  // non-empty: only the newest per this key matters; not kept
  std::uint32_t count = 1;  // of kind `like` where they are counted: how many; of a member 1 to 100
};

// A message as members see it. All views live until the call that brought it returns.
struct Message {
  std::string_view room{};
  std::string_view channel{};
  std::uint64_t offset = 0;  // 0: not kept
  std::string_view user{};   // empty: the host itself
  std::string_view nick{};
  Role role = Role::member;
  Bytes info{};
  Kind kind{};
  std::string_view text{};
  Data data{};
  Priority priority = Priority::normal;
  std::uint64_t reply_to = 0;
  std::span<const std::string_view> mentions{};
  std::int64_t time_ms = 0;  // Unix time
  std::uint32_t count = 1;   // merged repeats ("x37")
  std::uint64_t first = 0;   // with count > 1: offset of the first of them
};

// What publish and moderation calls return: `position` is set when it is already final (this engine
// is the room's home and the room does not wait for storage); else it comes as an event with `id`.
struct Ticket {
  std::uint64_t id = 0;
  Position position{};  // offset 0: not yet, or not a kept message
};

}  // namespace chatroom
