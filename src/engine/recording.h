// The recording of an engine: what came in from outside, in order. Each record is
//
//   size u32 | type u8 | fields as pack.h writes them        (size counts what follows it)
//
// A *call* is something the host did; a *value* is what a port answered while the engine was inside
// a call; `told` ends what the host did while it was told something. Replaying means: make the
// call, let the ports answer with the values that follow, and find the same records written
// (replay.cc).
#pragma once

#include "chatroom/engine.h"
#include "engine/pack.h"

namespace chatroom::engine {

enum class Record : std::uint8_t {
  begin = 1,  // magic, seeds, limits, options, which ports there are
  // Calls.
  turn_begin,
  turn_end,
  bytes,  // session, then the bytes
  frame,  // session, kind, then the payload
  fault,  // session, code
  writable,
  closed,
  open,  // options
  open_local,
  close,
  command,  // session, tag, packed Command: join, leave, publish, subscribe, unsubscribe
  advance,  // moment, budget
  alarm,    // the loop called
  answer,
  open_room,
  room_broadcast,
  room_send_to,
  room_kick,
  room_set_role,
  room_set_policy,
  room_close,
  room_moderate,  // room, packed Command
  member_set_tag,
  drain,
  send_to_users,    // users, message
  broadcast_rooms,  // prefix, message
  room_send_group,  // room, by tag or by role, which, message
  room_schedule,    // room, moment, tag, message
  cancel,           // what
  set_tenant,       // name, policy
  trace,            // user, on
  remove_tenant,    // name
  // Values.
  now,
  wrote,     // session, offered, taken, hash of what was offered
  decision,  // an Answer
  over,      // Budget::over
  mail,
  told,
  ended,  // Connection::close: session, code
  // The storage's answers: values inside a request, calls when they come later.
  stored_message,
  stored_room,
  stored_done,
  deflated,   // Compressor::deflate: what it wrote
  inflated,   // Compressor::inflate: outcome, what it wrote
  returned,   // a request to the storage came back: what it says from here on is a call
  work_lost,  // SlowWork::put: number, how many were lost; where none was, there is no record
  // The recording could not hold an input (a text far beyond every limit) and stops here.
  broken,
};

inline constexpr std::string_view kRecordMagic = "chatroom recording 15";

// Every limit, in one order, for packing and unpacking alike.
template <class L, class Each>
void each_limit(L& l, Each each) noexcept {
  each(l.sessions), each(l.half_open), each(l.rooms), each(l.memberships);
  each(l.lasting_roles), each(l.channel_roles), each(l.password_rooms), each(l.passwords_known),
      each(l.password_tries), each(l.password_wait.us), each(l.budget_rooms), each(l.sanctions),
      each(l.board_rooms);
  each(l.line_places), each(l.held_messages), each(l.read_positions), each(l.receipts_exact),
      each(l.gift_rooms), each(l.scheduled), each(l.rooms_per_session), each(l.channels_per_room),
      each(l.sessions_per_user), each(l.tenants);
  each(l.frame_bytes), each(l.frame_bytes_before_auth), each(l.total_bytes_before_auth);
  each(l.text_bytes), each(l.data_bytes), each(l.page_messages), each(l.page_bytes);
  each(l.recovery_messages);
  each(l.commands.per_second), each(l.commands.burst);
  each(l.inbound.per_second), each(l.inbound.burst);
  each(l.publishes.per_second), each(l.publishes.burst);
  each(l.user_publishes.per_second), each(l.user_publishes.burst);
  each(l.address_commands.per_second), each(l.address_commands.burst);
  each(l.joins.per_second), each(l.joins.burst);
  each(l.joins_in_all.per_second), each(l.joins_in_all.burst);
  each(l.room_publishes.per_second), each(l.room_publishes.burst);
  each(l.auth_deadline.us), each(l.heartbeat.us), each(l.dead_after.us), each(l.write_stall.us);
  each(l.question_deadline.us), each(l.questions);
  each(l.profiles), each(l.profile_fresh.us);
  each(l.traced_users), each(l.refusals);
  each(l.breaker_failures), each(l.breaker_window.us), each(l.breaker_open.us);
  each(l.window_bytes), each(l.log_pool_bytes), each(l.private_bytes), each(l.private_pool_bytes);
  each(l.input_pool_bytes), each(l.history_pool_bytes), each(l.keys), each(l.presence_exact);
  each(l.storage_waiting), each(l.waiting_bytes), each(l.events);
  each(l.mailbox_messages), each(l.mailbox_bytes), each(l.turn_inputs), each(l.turn_bytes);
  each(l.room_writes), each(l.merge_wait.us), each(l.large_room_writes);
  each(l.deflate_bytes);
  each(l.receive_choices), each(l.member_attributes), each(l.room_member_attributes);
}
static_assert(sizeof(Limits) == 408, "a limit that is added must be added above");

void pack(Packer& to, const Limits& limits) noexcept;
void unpack(Unpacker& from, Limits& limits) noexcept;
void pack(Packer& to, const TenantPolicy& policy) noexcept;
void unpack(Unpacker& from, TenantPolicy& policy) noexcept;
void pack(Packer& to, const EngineOptions& options) noexcept;
void unpack(Unpacker& from, EngineOptions& options) noexcept;
// Without the identity's views kept: they live as long as what they were unpacked from.
void pack(Packer& to, const SessionOptions& options) noexcept;
void unpack(Unpacker& from, SessionOptions& options, Identity& identity) noexcept;

// Writes one record: fields by `fill`, then `tail` as it is. False: the fields were too large.
template <class Fill>
bool write_record(Recorder& recorder, Record type, MutableBytes scratch, Fill fill,
                  Bytes tail = {}) noexcept {
  Packer to{scratch};
  to.u32(0);
  to.u8(static_cast<std::uint8_t>(type));
  fill(to);
  if (!to.ok()) return false;
  const auto size = static_cast<std::uint32_t>(to.size() + tail.size() - 4);
  Packer{scratch.first(4)}.u32(size);
  const Bytes pieces[] = {to.bytes(), tail};
  recorder.record(std::span{pieces}.first(tail.empty() ? 1 : 2));
  return true;
}

}  // namespace chatroom::engine
