// EngineObserver: what happened, pushed at the end of a turn; EventQueue: the same, to be polled.
#pragma once

#include "chatroom/connection.h"
#include "chatroom/error.h"
#include "chatroom/event.h"
#include "chatroom/message.h"
#include "chatroom/room.h"

namespace chatroom {

enum class HostEventType : std::uint8_t {
  session_ready,   // session, user: authenticated
  session_closed,  // session, user, close_code; exactly once per successful open
  room_opened,     // room
  room_closed,     // room
  joined,          // session, user, room
  left,            // session, user, room, reason
  published,       // room, user, position, tag, ticket: a message took its place
  refused,         // tag, ticket, error: a call of the host's that could not be answered at once
  dropped,         // room, session, user, gap: a member lost entries
  events_lost,     // gap.count: more events in one turn than Limits::events
  overload,        // room, rung: a room with a receive budget goes up or down the ladder; with an
                   // error: something that the engine itself had to tell the room found no place
  moderated,       // room, op, user (of whom), by (empty: the host), until, text (why), position
                   // (which message; of release and reject: its number): the audit trail; what was
                   // refused is not in it
  held,            // room, user, position.offset (its number): a message waits for a moderator
  breaker,         // text (which port: auth, rules, filter, storage), until_ms: it failed so often
                   // (Limits::breaker_failures) that it is not asked until then; 0: it answers
                   // again. A failure is a deadline that passed, a refusal `internal`, or what a
                   // storage could not do. Meanwhile: auth refuses `unauthorized`, rules `internal`
                   // (temporary both), the filter as EngineOptions::unfiltered says, rooms that
                   // store `before` refuse storage_failed, those that store `behind` go on;
                   // rooms that are to be loaded let nobody in (storage_failed, temporary)
  likes,           // room, count: how many so far; when the room is told
};
std::string_view name_of(HostEventType type) noexcept;

// Views live until on_event returns.
struct HostEvent {
  HostEventType type = HostEventType::session_ready;
  SessionId session{};
  std::string_view user{};
  std::string_view room{};
  LeaveReason reason = LeaveReason::left;
  CloseCode close_code = CloseCode::normal;
  Position position{};
  Tag tag = 0;  // what the host gave with the call, 0: not the host's
  std::uint64_t ticket = 0;
  Error error{};
  Gap gap{};
  Rung rung = Rung::normal;
  Op op = Op::none;
  std::string_view by{};
  std::string_view text{};
  std::int64_t until_ms = 0;  // 0: no end
  std::uint64_t count = 0;
};

// Thread: the engine's. Re-entry: allowed, everything but destroying the engine: the state is
// consistent, calls decide at once and are spread in a further round (at most four a turn).
class EngineObserver {
 public:
  virtual void on_event(const HostEvent& event) noexcept = 0;

 protected:
  ~EngineObserver() = default;
};

}  // namespace chatroom
