// Metrics: counters and gauges of an engine, copied out as one plain struct.
#pragma once

#include "chatroom/message.h"

namespace chatroom {

// The account of what was meant for members and what became of it, per class. At every moment,
// exactly: admitted = delivered + merged + sampled + dropped + closed + pending.
struct Ledger {
  struct Class {
    std::uint64_t admitted = 0;   // entries times the members who should get them
    std::uint64_t delivered = 0;  // taken by the transport
    std::uint64_t merged = 0;     // replaced by a newer one of the same key before it was sent
    std::uint64_t sampled = 0;
    std::uint64_t dropped = 0;  // told to the member as `gap`
    std::uint64_t closed = 0;   // still pending when the member left or its connection ended
    std::uint64_t pending = 0;  // in the log, not taken yet
  };
  Class by_priority[kPriorityCount];
};

// What a room asks of its engine: to find those that cost.
struct RoomCost {
  std::string_view key{};  // until the next call on the engine
  std::uint32_t online = 0;
  std::uint32_t blocked = 0;     // members whose link takes nothing now
  std::uint64_t entries = 0;     // into its log: messages and what else all are told
  std::uint64_t deliveries = 0;  // entries times the members who should get them
  std::uint64_t bytes = 0;       // likewise, of their frames
  std::uint64_t lag_bytes = 0;   // of the log, that its slowest member holds now
};
enum class RoomOrder : std::uint8_t { deliveries, bytes, entries, lag };

struct MetricsSnapshot {
  // Gauges.
  std::uint64_t sessions = 0;
  std::uint64_t sessions_half_open = 0;
  std::uint64_t rooms = 0;
  std::uint64_t memberships = 0;
  std::uint64_t blocked_members = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t private_bytes = 0;
  std::uint64_t history_bytes = 0;
  std::uint64_t memory_bytes = 0;  // asked of the Memory port and not given back
  std::uint64_t questions_waiting = 0;
  std::uint64_t breakers_open = 0;  // ports that are not asked at present
  // Counters since create.
  std::uint64_t turns = 0;
  std::uint64_t sessions_opened = 0;
  std::uint64_t sessions_closed = 0;
  std::uint64_t commands = 0;
  std::uint64_t refused = 0;    // commands answered with an error
  std::uint64_t published = 0;  // messages admitted
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;       // taken by transports
  std::uint64_t writes = 0;          // Connection::write calls
  std::uint64_t writes_blocked = 0;  // of them, those that took less than offered
  std::uint64_t slow_consumers = 0;  // closed for it
  std::uint64_t gaps = 0;
  std::uint64_t breaker_trips = 0;    // a port failed so often that it was not asked any more
  std::uint64_t breaker_refused = 0;  // what was refused or held meanwhile
  std::uint64_t slow_work = 0;        // pieces handed to the SlowWork port
  std::uint64_t slow_work_lost = 0;   // of them, lost there
  // Rooms that compress: runs of entries, each deflated once, and their bytes plain and deflated.
  std::uint64_t deflated_runs = 0;
  std::uint64_t deflated_from = 0;
  std::uint64_t deflated_to = 0;
  Ledger ledger{};
};

}  // namespace chatroom
