// State: everything one Fanout holds, and what its files offer each other. Each paragraph of
// functions is the .cc file of that name.
#pragma once

#include <algorithm>

#include "base/bucket.h"
#include "base/index_map.h"
#include "base/plant.h"
#include "base/pool.h"
#include "base/vector.h"
#include "fanout/fanout.h"
#include "fanout/member.h"
#include "fanout/pieces.h"
#include "fanout/slot_table.h"

namespace chatroom::fanout {

inline constexpr std::uint32_t kQuantum = 64;  // visits before the next view has its turn
inline constexpr std::uint32_t kGapsKept = 256;
inline constexpr std::uint32_t kOwnViewsMax = 32;  // masks with a view of their own, per stream

struct Counts {
  std::uint32_t sent[kPriorityCount] = {};
  std::uint32_t merged[kPriorityCount] = {};
  bool any_merged = false;
};

// A run of entries as deflated frames, one an entry, in the order of the log.
struct Deflated {
  static constexpr std::uint32_t kEntriesMax = 512;
  MutableBytes place;  // Limits::deflate_bytes of the scratch
  std::uint32_t size = 0;
  std::uint32_t count = 0;
  std::uint32_t ends[kEntriesMax];
};

// The gathered write that all members of a view share who stand at the same place.
struct SharedGather {
  View* view = nullptr;  // null: to be computed
  std::uint32_t cursor = 0;
  Sequence from = 0;
  Sequence to = 0;
  std::uint32_t takers = 0;  // who took all of it and are not in the ledger yet
  Counts counts;
  Pieces pieces;
  bool deflated = false;  // `pieces` is State::deflated
};

// What one session's own write is made of, in order: private items and runs of entries.
struct Segment {
  Item* item = nullptr;
  Member* member = nullptr;
  Sequence to = 0;  // the run ends before it
};
struct OwnGather {
  static constexpr std::uint32_t kSegmentsMax = 192;
  std::uint32_t count = 0;
  Segment segments[kSegmentsMax];
  Pieces pieces;
};

// Budget, asked every 32 writes whether time is over.
struct Work {
  Budget& budget;
  std::uint32_t& until_asked;
  std::uint32_t large;  // visits to views of more than one turn that are left
  bool over = false;

  bool left() const noexcept { return !over && budget.sends > 0; }
  std::uint32_t allowance() const noexcept {
    return over ? 0 : budget.sends < until_asked ? budget.sends : until_asked;
  }
  void spend(std::uint32_t sends) noexcept;  // at most allowance()
};

// Who is served in turns: ready sessions, small dirty views, and one of the large ones.
enum class Turn : std::uint8_t { ready, small, large };

// The visits that a tenant's rooms share.
struct Allotment {
  Rate rate = Rate::unlimited();
  base::Bucket bucket;
  Share used;
};

struct State {
  State(Memory& memory, const Limits& limits, Codecs codecs, WriteTap tap, std::byte* scratch,
        Compressor* compressor) noexcept;

  Memory& memory;
  const Limits limits;
  const Codecs codecs;
  const WriteTap tap;
  std::byte* const scratch;
  Compressor* const compressor;  // null: nothing is deflated

  ChunkPool chunks;
  PrivateStore store;
  base::Pool<RoomLog> logs;
  base::Pool<Stream> streams;
  base::Pool<View> views;
  base::IndexMap<Member> members;
  base::Pool<Laggard> laggards;
  base::Pool<Account> accounts;
  base::Pool<Choice> choices;
  base::Pool<Backlog> backlogs;
  SlotTable<Outlet> outlets;
  SlotTable<RoomLog*> rooms;
  std::uint32_t outlets_open = 0;

  base::List<Backlog, ReadyTag> ready;
  base::List<Backlog, StallTag> stalled;  // blocked, the longest without progress first
  base::List<Backlog, DoomTag> doomed;
  base::List<Backlog, ReliefTag> relieved;
  base::List<Choice, UntoldTag> untold;   // something was held back, the longest untold first
  base::List<View, ViewTag> small;        // dirty views that one turn serves whole
  base::List<View, ViewTag> large;        // the other dirty views
  base::List<RoomLog, ActiveTag> active;  // logs that hold chunks, the oldest first
  base::Wheel waiting;                    // dirty views that are not due yet
  Turn turn = Turn::large;                // whose it is
  std::uint32_t turn_left = 0;            // visits of it

  base::Vector<Allotment> allotments;  // by tenant; empty: there are none

  SharedGather shared;
  Deflated deflated;  // of the last shared gather that was
  OwnGather own;
  std::uint32_t until_asked = 32;

  Counters counters;
  Ledger totals;  // all but `pending`
  std::uint64_t rest_pending[kPriorityCount] = {};
  GapTold gaps[kGapsKept];
  std::uint32_t gaps_first = 0;
  std::uint32_t gaps_count = 0;
};

// frame.cc
inline constexpr std::size_t kHeaderRoom = 10;
std::size_t encode_bytes(const Limits& limits) noexcept;   // of the scratch, for a frame
std::size_t deflate_bytes(const Limits& limits) noexcept;  // and behind it, for a deflated run
std::size_t scratch_bytes(const Limits& limits) noexcept;
// Header and body in the scratch; empty: does not fit.
Bytes encode_frame(State& s, std::uint8_t profile, const Event& event) noexcept;

// log.cc: reading a log
std::uint64_t window_chunks(const State& s) noexcept;  // that one tape may hold
Entry& entry_at(State& s, const RoomLog& log, Sequence sequence) noexcept;
std::uint64_t start_of(const State& s, const Stream& stream, Sequence sequence) noexcept;
void mark_dirty(State& s, View& view, Sequence sequence) noexcept;
void mark_clean(State& s, View& view) noexcept;
void enqueue(State& s, View& view) noexcept;  // behind the other dirty ones of its size
void dequeue(State& s, View& view) noexcept;
void forget_gather(State& s, const RoomLog& log) noexcept;  // its pieces may have moved

// reclaim.cc: giving bytes back
void settle(State& s, RoomLog& log) noexcept;  // rewinds the log if nobody is behind
void trim(State& s, Stream& stream) noexcept;  // what nobody needs
void trim_index(State& s, RoomLog& log) noexcept;
bool reclaim(State& s, Stream& stream) noexcept;  // the oldest chunk, with losses; false: may not
void count_loss(const RoomLog& log, Gap& loss, const Entry& entry) noexcept;  // to be told
bool relieve_pool(State& s) noexcept;  // a chunk from wherever it costs least

// view.cc
Stream* stream_for(State& s, RoomLog& log, std::uint8_t profile) noexcept;
View* view_for(State& s, Stream& stream, ChannelMask channels, Compress compress) noexcept;
void release_if_empty(State& s, View& view) noexcept;
// A place is reserved. `index`: of the member in State::members.
void enter(View& view, Member& member, std::uint32_t index, Connection* connection) noexcept;
void leave(State& s, Member& member) noexcept;

// member.cc
Member* find_member(const State& s, RoomSlot room, SessionSlot session) noexcept;
void remove_member(State& s, Member& member, bool closing) noexcept;

// track.cc
Record& record_of(Member& member) noexcept;
Member& member_of(State& s, const Record& record) noexcept;
Sequence next_of(const Member& member) noexcept;
Sequence next_of(const Laggard& laggard) noexcept;
void set_next(Member& member, Sequence next) noexcept;
Filter filter_of(const Member& member) noexcept;
// Bytes of this entry were taken: whatever happens to it, it is finished.
bool is_cut(const State& s, const Member& member, Sequence sequence) noexcept;
void track(State& s, Member& member) noexcept;
void untrack(State& s, Member& member) noexcept;
void refresh_flags(Outlet& outlet) noexcept;
void keep_rest(State& s, Member& member, Item& item) noexcept;
// Moves the unsent part of a cut entry to the outlet. False: no place.
bool rescue_cut(State& s, Backlog& backlog) noexcept;

// outlet.cc
Backlog& backlog_of(State& s, SessionSlot session) noexcept;
void release_if_idle(State& s, SessionSlot session) noexcept;
void make_ready(State& s, Backlog& backlog) noexcept;
void doom(State& s, SessionSlot session, CloseCode code) noexcept;
void drop_item(State& s, Backlog& backlog, Item* item) noexcept;  // not in a list any more

// push.cc
// Private bytes from which on a session is not read: half of its bound, or less where the answer to
// its next command, a page of messages with a room's state, might not fit behind them.
inline std::uint32_t reading_bound(const Limits& limits) noexcept {
  const std::uint32_t answer = limits.page_bytes + 8 * 1024;
  const std::uint32_t left = limits.private_bytes - std::min(limits.private_bytes, answer);
  return std::min(limits.private_bytes / 2, left);
}
// Null: no place in the session's bound or in the pool.
Item* store_frame(State& s, Backlog& backlog, Bytes frame, bool lossy) noexcept;
Pushed push_frame(State& s, SessionSlot session, Bytes frame,
                  const PrivateOptions& options) noexcept;

// losses.cc: before a visit. What was lost is told; what those who were blocked lose next is
// decided and gets its place.
void tell_losses(State& s, SessionSlot session) noexcept;
Sequence decided_end(const Member& member) noexcept;  // it may be sent what stands before this
// Its loss was counted already.
bool decided_lost(const Laggard& laggard, const Entry& entry, Sequence at) noexcept;

// Holes that are decided ahead; each takes a private item until it is sent.
inline constexpr int kHolesAhead = 16;
// Tells `loss`, and forgets it, at that place.
void hold_gap(State& s, Member& member, Gap& loss, Sequence barrier) noexcept;

// choice.cc: before a visit, what members that chose how much they get are sent of what is new.
void decide_choices(State& s, SessionSlot session, Instant now) noexcept;
void tell_untold(State& s, Instant now) noexcept;  // who waited a second for another entry
Instant untold_due(const State& s) noexcept;
void settle_choice(State& s, Member& member) noexcept;  // it took it back: the record goes
void release_account(State& s, Member& member) noexcept;

// visit.cc: one session's own write. True: Connection::write was called.
bool visit(State& s, SessionSlot session, Instant now) noexcept;
std::size_t offer(State& s, Outlet& outlet, SessionSlot session, const Pieces& pieces) noexcept;
// Takes `taken` bytes into account, entry by entry, up to `to`. False: an entry is not whole.
bool advance(State& s, Member& member, Sequence to, std::size_t& taken) noexcept;
void after_write(State& s, SessionSlot session, Instant now, bool blocked, bool progress) noexcept;

// pace.cc: when a view's members are visited
bool may_begin(State& s, View& view, Instant now) noexcept;  // false: it waits now
void begin_sweep(State& s, View& view, Instant now) noexcept;
// A running sweep may go down to this position now.
std::uint32_t paced_position(const State& s, const View& view, Instant now) noexcept;
void wait_for_rest(State& s, View& view) noexcept;
void wait_until(State& s, View& view, Instant due) noexcept;
void stop_waiting(State& s, View& view) noexcept;
bool crowded(const State& s, const View& view) noexcept;
// Of the tenant's visits: how many there are now, those that were made, and waiting for more.
std::uint32_t visits_left(State& s, const View& view, Instant now) noexcept;
void charge_visits(State& s, const View& view, Instant now, std::uint32_t visits) noexcept;
void wait_for_visits(State& s, View& view, Instant now) noexcept;

// deflate.cc
bool deflates(const State& s, const View& view) noexcept;
void begin_deflating(State& s, const View& view) noexcept;
// The next entry of the run, whose frame lies there. False: no place, or no compressor.
bool deflate_entry(State& s, const View& view, std::uint64_t begin, std::uint64_t end) noexcept;
void drop_deflated_entry(State& s) noexcept;
// Makes it the gather's pieces, unless plain is shorter.
void finish_deflating(State& s, SharedGather& gather) noexcept;
// Takes into account how much of the shared gather's deflated run one member took. False: what is
// left of a frame that was cut found no place, and the session is doomed.
bool advance_deflated(State& s, Member& member, std::size_t taken) noexcept;

// sweep.cc
void sweep(State& s, View& view, Instant now, Work& work) noexcept;  // its turn
void finish_takers(State& s) noexcept;

// ledger.cc
enum class Column : std::uint8_t { delivered, merged, dropped, closed, excluded };
void tally(State& s, Member* member, Column column, int priority) noexcept;
Account& account_of(State& s, Member& member) noexcept;

}  // namespace chatroom::fanout
