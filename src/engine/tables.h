// What one engine holds: its options and ports, the layers, and tables of its own. All of it is
// bounded by Limits and made at creation (state.cc).
#pragma once

#include <array>
#include <optional>

#include "base/bounded_memory.h"
#include "base/buckets.h"
#include "base/list.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/ring.h"
#include "base/slot_map.h"
#include "base/text.h"
#include "base/vector.h"
#include "base/wheel.h"
#include "chatroom/engine.h"
#include "chatroom/flatbuffers.h"
#include "engine/breaker.h"
#include "engine/held.h"
#include "engine/local_link.h"
#include "engine/mailbox.h"
#include "engine/pack.h"
#include "engine/profiles.h"
#include "engine/refusals.h"
#include "engine/slots.h"
#include "fanout/fanout.h"
#include "room/registry.h"
#include "session/session.h"

namespace chatroom::engine {

struct Tables {
  Tables(const EngineOptions& given, const EnginePorts& given_ports) noexcept;

  // --- Set at creation.
  EngineOptions options;
  EnginePorts ports;
  base::BoundedMemory memory;
  base::FixedText<64> new_room_owner;  // options.new_room_policy.owner, copied
  FlatbuffersCodec codec;              // for peers
  FlatbuffersCodec local_codec;  // for local members, whose events may lead to encoding in `codec`
  void* scratch_block = nullptr;
  Scratch scratch;

  // --- The layers.
  session::Sessions sessions;
  room::Registry rooms;
  fanout::Fanout fanout;

  // --- The engine's own tables.
  base::SlotMap<SessionRecord, SessionId> slots;
  base::SlotMap<Pending, Question> questions;
  std::uint32_t idle_questions = 0;  // of them: behind which no input is held
  base::SlotMap<Scheduled, ScheduleId> scheduled;
  base::BlockPool blocks;  // of all ByteQueues but events
  base::BlockPool event_blocks;
  base::Pool<LocalLink> links;
  base::Pool<HalfOpen> half_open_records;
  base::Pool<ByteQueue> held_queues;     // of sessions whose input waits
  base::List<HalfOpen> half_open;        // not signed in yet, the oldest first
  base::Vector<SessionId> closing;       // to be closed at this turn's flush
  base::Vector<SessionId> locals_ready;  // links with something to tell
  HeldMessages held_messages;            // what waits for moderators
  base::Pool<RoomRecord> room_records;   // of rooms that are stored
  base::SlotMap<StorageWork, StorageRequest> storage_works;
  base::List<RoomRecord, ChangedTag> changed_records;  // with something to append or to save
  base::List<RoomRecord, WaitingTag> waiting_records;  // there was no place for their requests
  base::List<RoomRecord, ReadsTag> read_records;       // of rooms whose members read on
  base::Ring<StorageRequest> done_works;
  Instant retry_appends = Instant::never();  // of rooms whose last append or save failed
  Instant save_reads = Instant::never();     // of read_records
  base::Vector<Message> loaded;              // of one page that storage read
  base::Vector<std::string_view> loaded_mentions;
  base::Vector<Passed> known_passwords;    // who said a room's; with a Passwords port
  base::Vector<std::int64_t> wrong_tries;  // of users in rooms: when all may be used again
  base::HashKey tries_key{};
  ProfileCache profiles;                   // with a Profiles port
  std::optional<base::Buckets> addresses;  // where Limits::address_commands is limited
  base::Vector<std::uint64_t> address_of;  // by session; 0: not counted
  base::Wheel wheel;
  base::Random random;
  Mailbox* mailbox = nullptr;
  ByteQueue events;  // for the observer, until tell
  std::uint64_t events_lost = 0;
  Refusals refusals;
  base::Vector<base::FixedText<64>> traced;  // users
  std::uint64_t work_number = 0;             // of the newest piece of slow work
  std::uint64_t work_lost = 0;               // not told yet

  // --- The turn.
  Instant now;
  Instant alarm = Instant::never();  // as the loop knows it
  Instant next_flush = Instant::never();
  std::uint32_t depth = 0;   // open Turns and calls
  std::uint32_t inputs = 0;  // since the turn opened or ended itself
  std::uint32_t input_bytes = 0;
  bool attached = false;  // to the loop
  bool in_port = false;   // a port is being called: calling back in is a bug
  bool telling = false;
  bool dirty = false;      // something was decided that is not flushed yet
  bool more_work = false;  // the budget stopped something
  bool draining = false;
  CloseCode drain_code = CloseCode::shutdown;
  std::uint64_t next_ticket = 1;
  std::array<Breaker, kPorts> breakers;
  base::Bucket joins_in_all;
  Instant next_join;         // of those that were told to come back, the last one's moment
  MetricsSnapshot counters;  // the part that the engine itself counts
};

}  // namespace chatroom::engine
