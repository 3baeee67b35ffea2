// Crossing: what engines of one server say to each other over the Broker port. Written with pack.h;
// events as frames of the FlatBuffers codec, so that what a member is told has one form everywhere.
// Only engines write these, but a network may tear them: a reader that runs past the end drops the
// message.
#pragma once

#include "chatroom/broker.h"
#include "engine/pack.h"
#include "fanout/fanout.h"

namespace chatroom::engine {

// The first byte of a message from engine to engine.
enum class Crossing : std::uint8_t {
  // From a follower to the home.
  submit,    // request, session, has identity (joins, open_room), identity, command
  gone,      // room, session: it is in the room no longer
  follow,    // room, policy: the host opened it here; answered `welcome`
  returned,  // room, policy, channels, members: the room's old home is lost; answered `welcome`
  host_op,   // HostOp, ticket, tag, room, what it needs
  // From the home to a follower.
  reply,      // request, session, mask, has welcome, welcome, event
  told,       // session, room or nothing, lossy, event: for this member alone
  welcome,    // Welcome
  refused,    // room: it cannot be opened
  host_done,  // ticket, tag, room, error, position
  mask,       // session, room, mask: it was taken off channels
  // From any engine to any other.
  user_told,    // user, event: for all sessions that he has there
  direct,       // request, Search, user, event: the message; answered `direct_done`
  direct_done,  // request, sessions, whether its sender has some too, error
  direct_echo,  // event: for the other sessions of who sent it
  broadcast,    // prefix, message: the host's, in the rooms that live there
  want_record,  // room: from a follower to the home; answered by an entry `record`
};

// What is done for a user with those of his sessions that are found.
enum class Search : std::uint8_t {
  count,    // whether he is there
  deliver,  // the host's, which nobody blocks
  ask,      // delivered as Relations says
  pretend,  // the sender's engine drops it: it only looks delivered
};

// The first byte of an entry. The room's newest offset before it follows.
enum class EntryKind : std::uint8_t {
  event,   // EntryMeta, event
  policy,  // RoomPolicy: how followers hold the room's log
  closed,  // reason
  // Takes no number of its own: what the home is at, after some missed its last entries.
  welcome,   // Welcome
  recalled,  // first offset, count, a bit each: what was taken back and may still be in a log
  record,    // what an heir has to know (heirs.h)
};

enum class HostOp : std::uint8_t {
  broadcast,
  send_to,
  kick,
  set_role,
  set_policy,
  close,
  moderate,
  send_group,
  set_tag,
};

inline void pack(Packer& to, const fanout::EntryMeta& meta) noexcept {
  to.u8(static_cast<std::uint8_t>(meta.priority));
  to.flag(meta.reliable);
  to.u8(meta.channel);
  to.u64(meta.latest);
  to.u64(meta.offset);
  to.flag(meta.counted);
}
inline void unpack(Unpacker& from, fanout::EntryMeta& meta) noexcept {
  meta.priority = static_cast<Priority>(from.u8() % kPriorityCount);
  meta.reliable = from.flag();
  meta.channel = from.u8();
  meta.latest = from.u64();
  meta.offset = from.u64();
  meta.counted = from.flag();
}

inline void pack(Packer& to, Error error) noexcept {
  to.u8(static_cast<std::uint8_t>(error.code));
  to.u16(error.detail);
  to.u32(error.retry_after_ms);
}
inline Error unpack_error(Unpacker& from) noexcept {
  Error error;
  error.code = static_cast<Errc>(from.u8() % kErrcCount);
  error.detail = from.u16();
  error.retry_after_ms = from.u32();
  return error;
}

}  // namespace chatroom::engine
