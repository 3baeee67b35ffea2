// EngineObserver: what happened, pushed at the end of a turn; EventQueue: the same, to be polled.
#pragma once

#include "chatroom/connection.h"
#include "chatroom/error.h"
#include "chatroom/event.h"
#include "chatroom/message.h"
#include "chatroom/room.h"

namespace chatroom {

// What a traced user's session does and is told; with what else of HostEvent.
enum class TraceStep : std::uint8_t {
  signed_in,
  command,   // op, id, room, count: how many of the room's entries it has not read yet
  answered,  // op, id
  refused,   // op, id, room, error, count: the verdict's number
  told,      // room, text: which event; what whole rooms are told is not among them
  gap,       // room, gap
  reading,   // count 0: its commands wait (it takes no answers, or sends too much); 1: they go on
  writable,  // its link takes bytes again
  closed,    // close_code, reason
};
inline constexpr int kTraceSteps = static_cast<int>(TraceStep::closed) + 1;
std::string_view name_of(TraceStep step) noexcept;

enum class HostEventType : std::uint8_t {
  session_ready,   // session, user: authenticated
  session_closed,  // session, user, close_code; exactly once per successful open
  room_opened,     // room
  room_closed,     // room
  joined,          // session, user, room, resumed
  left,            // session, user, room, reason
  published,       // room, user, position, tag, ticket: a message took its place
  refused,         // tag, ticket, error: a call of the host's that could not be answered at once
  dropped,         // room, session, user, gap: a member lost entries
  events_lost,     // gap.count: more events in one turn than Limits::events
  overload,        // room, rung: a room with a receive budget goes up or down the ladder (text:
                   // this channel, if each has its own); with an error: something that the engine
                   // itself had to tell the room found no place
  moderated,       // room, op, user (of whom), by (empty: the host), until, text (why), position
                   // (which message; of release and reject: its number): the audit trail; what was
                   // refused is not in it
  held,            // room, user, position.offset (its number): a message waits for a moderator
  breaker,         // text (which port: auth, rules, filter, storage, passwords, relations),
                   // until_ms: it failed so often
                   // (Limits::breaker_failures) that it is not asked until then; 0: it answers
                   // again. A failure is a deadline that passed, a refusal `internal`, or what a
                   // storage could not do. Meanwhile: auth refuses `unauthorized`, rules `internal`
                   // (temporary both), passwords and relations `internal` as well (joins of
  // rooms with one, direct messages and blocks wait; no try is counted), the filter
  // as EngineOptions::unfiltered says, rooms that store `before` refuse storage_failed,
  // those that store `behind` go on;
  // rooms that are to be loaded let nobody in (storage_failed, temporary)
  likes,        // room, count: how many so far; when the room is told
  traced,       // session, user, step: what Engine::trace asked for. They take half of
                // Limits::events at most, so that they displace nothing else
  copies_lost,  // count: so many pieces of slow work found no place in this turn (slow_work.h)
  unkept,       // room, count: so many lasting roles, applications, mutes and bans have no place in
                // the room's record in storage, or had none in the engine's tables when it was
                // read: they end with a restart. With an error: a record that is there cannot be
                // read; nobody gets in, and it is not written over
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
  TraceStep step = TraceStep::signed_in;
  std::uint32_t id = 0;  // of the command
  bool resumed = false;  // came back with `since`, and nothing in between is missing
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
