// Fanout: brings what rooms say to those who are in them, and private answers to each session. It
// knows logs, views, cursors, outlets, bytes and connections; it knows no rules. The engine uses
// this header and no other of this folder. How it works inside: README.md beside this file.
//
// Words. An *outlet* is one session's way out: its Connection and what waits for it alone. A *log*
// is one room's entries, encoded once per profile. A *member* is a session in a room: a cursor in
// the log. Sessions and rooms are named by the slot index of their SessionId and RoomId; the engine
// owns the slots and never reuses one before close_outlet / close_log.
//
// Thread: the engine's. Re-entry: none; Connection::write is the only port called from in here
// (and only by flush and flush_session) beside Codec::encode and Memory.
// Memory: all through the Memory port, under the ceilings of the functions below; a steady
// state asks for nothing.
#pragma once

#include "chatroom/budget.h"
#include "chatroom/codec.h"
#include "chatroom/compressor.h"
#include "chatroom/connection.h"
#include "chatroom/event.h"
#include "chatroom/framing.h"
#include "chatroom/limits.h"
#include "chatroom/memory.h"
#include "chatroom/metrics.h"

namespace chatroom::fanout {

using SessionSlot = std::uint32_t;
using RoomSlot = std::uint32_t;
using Sequence = std::uint64_t;  // counts a room's entries; the first is 1
using ChannelMask = std::uint32_t;

inline constexpr std::uint32_t kNoSlot = UINT32_MAX;
inline constexpr ChannelMask kAllChannels = UINT32_MAX;
inline constexpr std::uint8_t kEveryChannel = 0xff;  // an entry for all members of the room

// How a session's bytes are made. Members of equal profile share the encoded bytes of a room.
// Sealing joins here: it gets its field and its place in `id`. Compression does not: it is made of
// a run of plain bytes when it is sent (deflate.cc).
struct Profile {
  CodecKind codec = CodecKind::flatbuffers;
  Framing framing = Framing::outer;

  constexpr std::uint8_t id() const noexcept {
    return static_cast<std::uint8_t>(static_cast<unsigned>(codec) | static_cast<unsigned>(framing)
                                                                        << 1);
  }
  friend constexpr bool operator==(Profile, Profile) noexcept = default;
};
inline constexpr int kProfileCount = 4;

// Sees every Connection::write: what was offered and how much was taken. For the Recorder and the
// simulator. Must not call back in. Null: off, at the price of one predictable branch.
struct WriteTap {
  void (*on_write)(void* context, SessionSlot session, std::span<const Bytes> pieces,
                   std::size_t taken) = nullptr;
  void* context = nullptr;
};

struct Codecs {
  Codec* flatbuffers = nullptr;
  Codec* json = nullptr;  // null: no outlet with CodecKind::json may be opened
};

struct OutletOptions {
  Profile profile;
  Compress compress = Compress::none;
  Boundary boundary = Boundary::stream;
  std::uint32_t max_frame = 0;  // message links: bytes one write may carry, at least 256
};

struct PrivateOptions {
  // With a room: sent after that room's entries up to `barrier` and before later ones; forgotten
  // when the session is detached from the room. Without: before all entries not yet sent, in the
  // order of the pushes. Barriers of one room keep the order of the pushes too: one lower than the
  // one before counts as that.
  RoomSlot room = kNoSlot;
  Sequence barrier = 0;
  // What others cause (direct messages): dropped when there is no place, and told to the session
  // as one counted `gap` without a room. Not lossy (answers, hello, left): no place dooms it.
  bool lossy = false;
};

enum class Pushed : std::uint8_t {
  queued,
  dropped,    // lossy, and there was no place: counted
  doomed,     // no place: the session is (or was) on the list of next_doomed
  too_large,  // does not fit a frame at all: nothing changed; say something shorter
};

struct LogOptions {
  bool reliable = false;  // nothing is lossy here: a member that must lose is doomed instead
  Duration flush_interval_min{0};
  bool compress = false;
  Sequence head = 0;  // entries before this log began (state that was restored)
  std::uint16_t tenant = 0;
};

// What a tenant's rooms used of the visits that they share.
struct Share {
  std::uint64_t visits = 0;
  std::uint64_t waits = 0;
};

struct EntryMeta {
  Priority priority = Priority::normal;
  bool reliable = false;                 // never dropped for a slow member (high always is)
  std::uint8_t channel = kEveryChannel;  // 0..31
  std::uint32_t author = kNoSlot;        // user slot; nobody: kNoSlot
  std::uint64_t latest = 0;  // hash of the key of which only the newest matters; 0: none
  std::uint64_t offset = 0;  // 0: takes none
  bool counted = false;      // a member's choice (Receive) counts it, and may hold it back
};

// What a member wants at most in a second of the entries that are `counted`; 0: all of them. What
// is of high priority takes the places of normal once its own are used up, so that nothing of it
// is held back where normal ones pass; low takes none of the last half.
struct Receive {
  std::uint32_t normal_per_s = 0;  // normal and low
  std::uint32_t high_per_s = 0;

  bool bounded() const noexcept { return normal_per_s != 0 || high_per_s != 0; }
};

enum class Withheld : std::uint8_t { merged, sampled };

struct Appended {
  Sequence sequence = 0;
  // The room is overloaded and the entry was lossy: nobody will get it, the ledger counts it as
  // sampled. Give it no offset and tell the sender. `sequence` is the unchanged head.
  bool sampled = false;
};

struct Doomed {
  SessionSlot session = kNoSlot;
  CloseCode code = CloseCode::slow_consumer;
};

// A loss that was told to a member; for host events.
struct GapTold {
  RoomSlot room = kNoSlot;  // kNoSlot: direct messages
  SessionSlot session = kNoSlot;
  Gap gap;
};

struct Flushed {
  bool more = false;                // stopped by the budget: call again soon
  Instant next = Instant::never();  // a room's flush_interval_min ends then
};

struct Counters {
  std::uint64_t writes = 0;
  std::uint64_t writes_blocked = 0;  // of them, those that took less than offered
  std::uint64_t bytes_out = 0;
  std::uint64_t gaps = 0;             // told to members
  std::uint64_t slow_consumers = 0;   // doomed as such
  std::uint64_t blocked_members = 0;  // now
  std::uint64_t log_bytes = 0;        // now, in chunks
  std::uint64_t private_bytes = 0;    // now, in blocks
  std::uint64_t deflated_runs = 0;    // each once, however many members took it
  std::uint64_t deflated_from = 0;    // bytes of them, plain
  std::uint64_t deflated_to = 0;
};

struct RoomCounters {
  std::uint32_t members = 0;
  std::uint32_t blocked = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t entries = 0;
  std::uint64_t offered = 0;  // entries times members
  std::uint64_t offered_bytes = 0;
};

// Ceilings of what this layer asks of the Memory port, from Limits alone.
std::uint64_t log_pool_ceiling(const Limits& limits) noexcept;
std::uint64_t private_pool_ceiling(const Limits& limits) noexcept;
std::uint64_t outlets_ceiling(const Limits& limits) noexcept;  // per session
std::uint64_t logs_ceiling(const Limits& limits) noexcept;     // per room: logs, streams, views
std::uint64_t members_ceiling(const Limits& limits) noexcept;  // per membership
std::uint64_t scratch_ceiling(const Limits& limits) noexcept;  // once

struct State;

class Fanout final {
 public:
  Fanout() noexcept = default;
  Fanout(const Fanout&) = delete;
  Fanout& operator=(const Fanout&) = delete;
  ~Fanout();  // frees everything; calls no Connection

  // limit_reached: the Memory port gave nothing. Once.
  // `compressor` null: nothing is deflated.
  [[nodiscard]] Status init(Memory& memory, const Limits& limits, Codecs codecs, WriteTap tap,
                            Compressor* compressor = nullptr) noexcept;

  // --- Outlets, one per session ---

  // limit_reached (memory), unsupported (no codec of that kind).
  [[nodiscard]] Status open_outlet(SessionSlot session, Connection& connection,
                                   const OutletOptions& options) noexcept;
  // Detaches from all rooms; what waited is counted `closed` and forgotten. The Connection is not
  // touched and never used again.
  void close_outlet(SessionSlot session) noexcept;
  bool has_outlet(SessionSlot session) const noexcept;
  Connection& connection(SessionSlot session) const noexcept;  // of an open outlet

  // Encodes for the outlet's profile, frames and queues. At most Limits::private_bytes a session,
  // counted in blocks (256 bytes, then 1 KiB each); lossy ones use half of it.
  Pushed push_private(SessionSlot session, const Event& event,
                      const PrivateOptions& options = {}) noexcept;
  // Whole frames as they are, header and payload (pong, close): queued like a control item.
  Pushed push_raw(SessionSlot session, Bytes frame) noexcept;

  // For the rooms that it is attached to from now on.
  void set_compress(SessionSlot session, Compress compress) noexcept;

  // The transport takes bytes again: the next flush goes on with this session.
  void on_writable(SessionSlot session) noexcept;

  bool blocked(SessionSlot session) const noexcept;
  Instant blocked_since(SessionSlot session) const noexcept;  // last progress; never(): not blocked
  std::uint32_t private_bytes(SessionSlot session) const noexcept;
  // Private items fill half of their bound, or so much that a page might not fit any more: stop
  // reading from this session until next_relieved names it.
  bool half_full(SessionSlot session) const noexcept;

  // --- Logs, one per room ---

  // `key` must stay where it is until close_log. limit_reached: memory.
  [[nodiscard]] Status open_log(RoomSlot room, std::string_view key,
                                const LogOptions& options) noexcept;
  void set_log_options(RoomSlot room, const LogOptions& options) noexcept;  // all but the last two
  // Of all rooms of a tenant (0 to Limits::tenants): visits of members. Past it they wait.
  void set_visits(std::uint16_t tenant, Rate rate) noexcept;
  void forget_visits(std::uint16_t tenant) noexcept;
  Share share(std::uint16_t tenant) const noexcept;
  // Detaches who is left. (Say `left` to each before, or detach them one by one.)
  void close_log(RoomSlot room) noexcept;

  // Encodes once per profile in use and appends to the log, all profiles or none.
  // room_overloaded: a member that is waiting for its turn still needs the oldest bytes, or the
  // pool is dry, and the entry is reliable. too_large: over 64 KiB with its header. The log is as
  // before then, but blocked members may have been moved on to make room.
  [[nodiscard]] Result<Appended> append(RoomSlot room, const EntryMeta& meta,
                                        const Event& event) noexcept;
  // Counts an entry that is not appended: merged into one that comes later, or sampled out.
  void withhold(RoomSlot room, const EntryMeta& meta, Withheld how) noexcept;
  std::string_view key(RoomSlot room) const noexcept;  // empty: no such log
  Sequence head(RoomSlot room) const noexcept;         // of the newest entry
  // Who has not sent the entry yet skips it (ledger: merged). Unknown or gone: nothing.
  void recall(RoomSlot room, Sequence sequence) noexcept;
  // The same for all messages in the log whose offsets `recalled` confirms.
  using OffsetTest = bool (*)(void* context, std::uint64_t offset);
  void recall_where(RoomSlot room, OffsetTest recalled, void* context) noexcept;

  // --- Members ---

  // Joins the room at its head: the first entry it gets is the next one. Push the join answer
  // before or after, it goes out first either way. already_member, limit_reached.
  [[nodiscard]] Status attach(RoomSlot room, SessionSlot session, ChannelMask channels) noexcept;
  // After it returned nothing of the room is offered to the session, except the rest of one frame
  // of which bytes were taken already. Not attached: nothing.
  void detach(RoomSlot room, SessionSlot session) noexcept;
  bool attached(RoomSlot room, SessionSlot session) const noexcept;
  // From the head on. Entries of a channel left that were not sent yet are forgotten (closed).
  // room_overloaded: two changes while the link is blocked; try again later.
  [[nodiscard]] Status set_mask(RoomSlot room, SessionSlot session, ChannelMask channels) noexcept;

  // What is appended from now on, until the session is detached. What is held back is counted as
  // dropped and told as `gap` with the reason budget, before the next entry that is sent or after a
  // second. `author`: its entries are never held back. not_member; limit_reached:
  // Limits::receive_choices.
  [[nodiscard]] Status set_receive(RoomSlot room, SessionSlot session, Receive receive,
                                   std::uint32_t author) noexcept;

  // --- Flush ---

  // Serves sessions with private items or fresh writability, rooms with new entries and at most 64
  // members, and larger ones, in turns of 64 visits. Takes `budget.sends` down by one a write and
  // stops at 0; asks `budget.over` every 32 writes. Stops in the middle of a room if need be and
  // goes on there next time. `large`: that many visits of larger rooms at most; taken down too.
  Flushed flush(Instant now, Budget& budget, std::uint32_t& large) noexcept;
  Flushed flush(Instant now, Budget& budget) noexcept {
    std::uint32_t large = UINT32_MAX;
    return flush(now, budget, large);
  }
  // Offers what waits for one session now, outside the budget (before closing it): at most 4
  // writes. True: nothing is left.
  bool flush_session(Instant now, SessionSlot session) noexcept;

  // Blocked outlets that took nothing for Limits::write_stall: the earliest such moment, and the
  // call that puts those past it on the doomed list.
  Instant next_stall() const noexcept;
  void doom_stalled(Instant now) noexcept;

  // --- What the engine must act on; pop each until it answers false, after flush and after calls
  // that can cause it (append, push_*). None of the lists can overflow but gaps (the oldest of 256
  // are forgotten; the members are told anyway).

  // Close these. Nothing more is sent to them; they hold no place in any log already.
  bool next_doomed(Doomed& doomed) noexcept;
  bool next_gap(GapTold& gap) noexcept;
  bool next_relieved(SessionSlot& session) noexcept;  // was half_full, is not any more

  // --- Accounts ---

  // Room entries only. O(views + members behind).
  Ledger ledger() const noexcept;
  // Of one membership since its attach, for tests. Not attached: zeros.
  Ledger ledger_of(RoomSlot room, SessionSlot session) const noexcept;
  Counters counters() const noexcept;
  RoomCounters room_counters(RoomSlot room) const noexcept;

 private:
  State* state_ = nullptr;
};

}  // namespace chatroom::fanout
