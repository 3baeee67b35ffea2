// Limits: every bound of an engine, with its default and what happens there; and plan(), which adds
// them up before anything is allocated.
#pragma once

#include "chatroom/types.h"

namespace chatroom {

// Sizes are bytes, counts are for one engine. Past a bound the stated thing happens, and nothing
// else.
struct Limits {
  // Who can be here.
  std::uint32_t sessions = 65'536;        // open: limit_reached; listeners answer 503
  std::uint32_t half_open = 1'024;        // not authenticated yet; the oldest is closed 4004
  std::uint32_t rooms = 16'384;           // limit_reached
  std::uint32_t memberships = 262'144;    // session in room, all rooms together: limit_reached
  std::uint32_t lasting_roles = 4'096;    // owners, admins, ... who may be away: limit_reached
  std::uint32_t channel_roles = 4'096;    // users with roles in channels of a room: limit_reached
  std::uint32_t password_rooms = 4'096;   // rooms with a password: limit_reached
  std::uint32_t passwords_known = 4'096;  // sessions that said one: the others say it again
  std::uint32_t budget_rooms = 1'024;  // rooms with a receive budget (4 KiB each): limit_reached;
                                       // half of them at most for channels with their own
  std::uint32_t sanctions = 16'384;    // mutes, bans, allowances in force: limit_reached; mutes
                                       // of oneself from half of them on
  std::uint32_t board_rooms = 1'024;   // rooms with pins or attributes (2 KiB): limit_reached
  std::uint32_t member_attributes = 16'384;      // members with attributes of their own (0.4 KiB):
                                                 // limit_reached
  std::uint32_t room_member_attributes = 4'096;  // of one room: limit_reached
  std::uint32_t line_places = 16'384;            // in all lines, half for who applied: queue_full
  std::uint32_t held_messages = 256;      // waiting for a moderator, of one room a quarter of them:
                                          // its oldest is rejected; when all are used, that of the
                                          // tenant, or room, that has most
  std::uint32_t read_positions = 16'384;  // of users in rooms with receipts: the room's oldest goes
  std::uint32_t receipts_exact = 100;     // users; above: counts only
  std::uint32_t gift_rooms = 1'024;       // rooms with gifts (1 KiB): beyond, gifts count 1 each
  std::uint32_t scheduled = 1'024;        // messages to be said later: limit_reached
  std::uint32_t rooms_per_session = 32;   // limit_reached
  std::uint32_t channels_per_room = 32;   // limit_reached; never over 32
  std::uint32_t sessions_per_user = 8;    // the oldest is closed 4503; 0: no cap
  std::uint32_t tenants = 0;  // beside the house, at most 4,096: limit_reached; 0: names
                              // are just names (tenant.h)

  // What a client may send.
  std::uint32_t frame_bytes = 64 * 1024;             // close 1009
  std::uint32_t frame_bytes_before_auth = 6 * 1024;  // close 1009
  std::uint32_t total_bytes_before_auth = 8 * 1024;  // close 1009
  std::uint32_t text_bytes = 2'048;                  // too_large
  std::uint32_t data_bytes = 2'048;                  // too_large
  std::uint32_t page_messages = 100;                 // history pages are cut there
  std::uint32_t page_bytes = 48 * 1024;              // and there, then `more`
  std::uint32_t recovery_messages = 300;             // a longer absence: recovered false
  Rate commands{20, 40};                             // rate_limited
  Rate inbound{64 * 1024, 256 * 1024};               // bytes of a session: reading pauses
  Rate publishes{5, 10};                             // per user and room: rate_limited
  Rate user_publishes{20, 40};  // per user, over all its rooms and sessions: rate_limited
  Rate joins{5, 20};            // per session: rate_limited
  // Commands of all sessions of one address: SessionOptions::peer without its port, of IPv6 the
  // /64. For hosts that see their peers' own addresses and not a proxy's. Costs 8 bytes a session
  // where it is limited, nothing where it is not. `leave` and `auth` are never refused:
  // rate_limited.
  Rate address_commands = Rate::unlimited();
  // Of all clients together; who is refused is told a moment of its own to come back.
  Rate joins_in_all{10'000, 65'536};         // rate_limited, of scope server
  std::uint32_t receive_choices = 16'384;    // `set_receive` in force (0.2 KiB): limit_reached
  Rate room_publishes{2'000, 4'000};         // all members of a room: rate_limited
  std::uint32_t password_tries = 5;          // of a user: wrong in a room, or made; then one
  Duration password_wait = Duration::s(12);  // in so long: rate_limited

  // How long things may take.
  Duration auth_deadline = Duration::s(10);      // absolute, from open: close 4505
  Duration heartbeat = Duration::s(25);          // a ping after this silence
  Duration dead_after = Duration::s(60);         // without a byte: close 4002
  Duration write_stall = Duration::s(10);        // a blocked link that takes nothing: close 4001
  Duration question_deadline = Duration::s(10);  // late answers; then the stated default
  // Waiting answers: `internal`, temporary. Calls and profiles, which hold nobody up, have half of
  // the places and a session 128 of them: queue_full, temporary.
  std::uint32_t questions = 4'096;
  // Profiles that were fetched and are kept (1.7 KiB each, none without a Profiles port; the oldest
  // goes), and how old one may be when it is shown. While as many are being fetched: queue_full.
  std::uint32_t profiles = 1'024;
  Duration profile_fresh = Duration::s(30);  // 0: fetched anew for each who asks alone
  // A port that failed so often (at most 16; 0: never mind) within this is not asked for so long,
  // and then opens again with its first failure. See EngineObserver, `breaker`.
  std::uint32_t breaker_failures = 5;
  Duration breaker_window = Duration::s(10);
  Duration breaker_open = Duration::s(5);
  std::uint32_t traced_users = 8;  // Engine::trace: limit_reached
  std::uint32_t refusals = 1'024;  // Engine::why (240 bytes each): the oldest is forgotten; 0: none
                                   // is kept, and answers carry no number

  // What may wait. Pools grow in slabs up to these and never give back above the high-water mark.
  std::uint32_t window_bytes = 1024 * 1024;    // log per room and profile; see room.h, overload
  std::uint64_t log_pool_bytes = 64ull << 20;  // room logs: blocked members of the oldest chunk go
  std::uint32_t private_bytes =
      64 * 1024;  // per session; at half, reading pauses; full: see room.h
  std::uint64_t private_pool_bytes = 64ull << 20;  // all sessions' private items and cut frames
  std::uint64_t input_pool_bytes = 32ull << 20;    // frames not complete yet: close 4006
  std::uint64_t history_pool_bytes = 64ull << 20;  // kept messages: the longest room's oldest go
  std::uint32_t keys = 65'536;                     // idempotency answers: the oldest is forgotten
  std::uint32_t presence_exact = 500;              // users; above: counts only
  std::uint32_t storage_waiting = 4'096;           // appends and reads under way: storage_failed
  std::uint64_t waiting_bytes = 32ull << 20;  // commands behind questions, frames for local members
  std::uint32_t events = 16'384;              // for the observer, within one turn: events_lost
  std::uint32_t mailbox_messages = 4'096;     // calls from other threads: queue_full
  std::uint32_t mailbox_bytes = 1024 * 1024;  // likewise

  // Merging under load. A quiet room writes at once. One that would write to more members a second
  // than this waits between two writes to the same member, so that each carries all that came
  // since: as long as its size asks for, three fifths longer where a write carries twelve messages
  // or more, never longer than `merge_wait`. 0: no room waits.
  std::uint32_t room_writes = 54'000;
  Duration merge_wait = Duration::ms(150);

  // With an EventLoop: writes to members of large rooms in one turn. The loop is then asked to call
  // again at once and looks at its sockets in between, so that what others say waits for so many
  // writes and no more. 12 is right where a write is a system call, 1,000 where it is a queue in
  // memory. At least 1.
  std::uint32_t large_room_writes = 12;

  // In rooms that compress: what one write brings of them, deflated; what is beyond it comes with
  // the next. At most 64 KiB; 0: nothing is deflated.
  std::uint32_t deflate_bytes = 32 * 1024;

  // How much one turn may take in before it ends itself.
  std::uint32_t turn_inputs = 256;
  std::uint32_t turn_bytes = 256 * 1024;
};

inline constexpr std::uint32_t kBreakerFailuresMax = 16;

// What an engine with these limits can use at most: the sum of its pools. Each term is what the
// Memory port may be asked for.
struct MemoryPlan {
  std::uint64_t sessions_bytes = 0;
  std::uint64_t rooms_bytes = 0;
  std::uint64_t logs_bytes = 0;
  std::uint64_t private_bytes = 0;
  std::uint64_t input_bytes = 0;
  std::uint64_t history_bytes = 0;
  std::uint64_t tables_bytes = 0;   // users, keys, timers, questions, mailbox
  std::uint64_t ceiling_bytes = 0;  // all of it
  std::uint64_t broker_bytes = 0;   // with a Broker port, beside the ceiling
};
MemoryPlan plan(const Limits& limits) noexcept;

}  // namespace chatroom
