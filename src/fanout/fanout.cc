// Fanout: beginning and end, logs opening and closing, and the flush that gives everybody a turn.
#include "fanout/fanout.h"

#include <algorithm>
#include <memory>

#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

RoomLog* log_of(const State& s, RoomSlot room) noexcept {
  RoomLog** log = s.rooms.find(room);
  return log == nullptr ? nullptr : *log;
}

std::uint64_t log_bytes(const State& s, const RoomLog& log) noexcept {
  std::uint64_t chunks = log.index.chunks();
  for (const Stream* stream : log.streams) {
    if (stream != nullptr) chunks += stream->starts.chunks() + stream->bytes.chunks();
  }
  return chunks * s.chunks.chunk_bytes();
}

void wake_waiting(State& s, Instant now) noexcept {
  while (base::TimerNode* node = s.waiting.pop_due(now)) {
    stop_waiting(s, *static_cast<View*>(node));
  }
}

void serve_ready(State& s, Instant now, Work& work) noexcept {
  for (; s.turn_left > 0 && work.left(); --s.turn_left) {
    Backlog* backlog = s.ready.front();
    if (backlog == nullptr) break;
    const SessionSlot session = backlog->session;
    if (visit(s, session, now)) work.spend(1);
  }
  if (s.ready.empty()) s.turn_left = 0;
}

// As many as there is time for, each whole if the budget allows.
void serve_small(State& s, Instant now, Work& work) noexcept {
  while (s.turn_left > 0 && work.left() && !s.small.empty()) {
    View& view = *s.small.front();
    if (view.reached == 0 && !may_begin(s, view, now)) continue;
    sweep(s, view, now, work);
    if (s.small.front() != &view || view.reached != 0) continue;
    dequeue(s, view);
    enqueue(s, view);
  }
  if (s.small.empty()) s.turn_left = 0;
}

void serve_large(State& s, Instant now, Work& work) noexcept {
  if (s.large.empty() || work.large == 0) {
    s.turn_left = 0;
    return;
  }
  View& view = *s.large.front();
  if (view.reached == 0 && !may_begin(s, view, now)) return;
  const std::uint32_t turn = s.turn_left = std::min(s.turn_left, work.large);
  sweep(s, view, now, work);
  if (!CHATROOM_PLANTED(large_share_forgotten)) work.large -= turn - s.turn_left;
  const bool in_turn = s.large.front() == &view;
  if (in_turn && s.turn_left > 0 && view.reached != 0) return;  // the budget cut it short
  s.turn_left = 0;
  if (!in_turn) return;
  dequeue(s, view);
  enqueue(s, view);
}

// Turns of kQuantum visits: the ready sessions, small rooms, a large one, and again. A turn that
// the budget cuts short goes on at the next flush, so that however small budgets are, nobody waits
// longer than for the turns of the others, and no small room for more than one large one.
void serve_turn(State& s, Instant now, Work& work) noexcept {
  if (s.turn_left == 0) {
    s.turn_left = kQuantum;
    s.turn = s.turn == Turn::ready   ? Turn::small
             : s.turn == Turn::small ? Turn::large
                                     : Turn::ready;
  }
  switch (s.turn) {
    case Turn::ready:
      return serve_ready(s, now, work);
    case Turn::small:
      return serve_small(s, now, work);
    case Turn::large:
      return serve_large(s, now, work);
  }
}

}  // namespace

Status Fanout::init(Memory& memory, const Limits& limits, Codecs codecs, WriteTap tap,
                    Compressor* compressor) noexcept {
  CHATROOM_ASSERT(state_ == nullptr);
  CHATROOM_ASSERT(codecs.flatbuffers != nullptr);
  void* scratch = memory.allocate(scratch_bytes(limits), alignof(std::max_align_t));
  void* place = memory.allocate(sizeof(State), alignof(State));
  if (scratch != nullptr && place != nullptr) {
    state_ = std::construct_at(static_cast<State*>(place), memory, limits, codecs, tap,
                               static_cast<std::byte*>(scratch), compressor);
    if (limits.tenants == 0 || state_->allotments.resize(limits.tenants + 1)) return {};
    return Errc::limit_reached;
  }
  if (scratch != nullptr) {
    memory.release(scratch, scratch_bytes(limits), alignof(std::max_align_t));
  }
  if (place != nullptr) memory.release(place, sizeof(State), alignof(State));
  return Errc::limit_reached;
}

Fanout::~Fanout() {
  if (state_ == nullptr) return;
  State& s = *state_;
  for (std::uint32_t room = 0; room < s.limits.rooms; ++room) {
    RoomLog* log = log_of(s, room);
    if (log == nullptr) continue;
    for (Stream* stream : log->streams) {
      for (View* view = stream == nullptr ? nullptr : stream->views; view != nullptr;
           view = view->next) {
        view->records.release(s.memory);
      }
    }
  }
  Memory& memory = s.memory;
  const std::size_t bytes = scratch_bytes(s.limits);
  std::byte* scratch = s.scratch;
  std::destroy_at(state_);
  memory.release(scratch, bytes, alignof(std::max_align_t));
  memory.release(state_, sizeof(State), alignof(State));
}

Status Fanout::open_log(RoomSlot room, std::string_view key, const LogOptions& options) noexcept {
  State& s = *state_;
  RoomLog** slot = s.rooms.make(room);
  RoomLog* log = slot == nullptr ? nullptr : s.logs.make();
  if (log == nullptr) return Errc::limit_reached;
  CHATROOM_ASSERT(*slot == nullptr);
  *slot = log;
  log->room = room;
  log->key = key;
  log->reliable = options.reliable;
  log->interval = options.flush_interval_min;
  log->compress = options.compress;
  log->tenant = options.tenant;
  log->head = options.head;
  log->first = options.head + 1;
  return {};
}

void Fanout::set_log_options(RoomSlot room, const LogOptions& options) noexcept {
  RoomLog* log = log_of(*state_, room);
  if (log == nullptr) return;
  log->reliable = options.reliable;
  log->interval = options.flush_interval_min;
  log->compress = options.compress;
}

void Fanout::set_visits(std::uint16_t tenant, Rate rate) noexcept {
  State& s = *state_;
  CHATROOM_ASSERT(tenant < s.allotments.size());
  s.allotments[tenant].rate = rate;
}

void Fanout::forget_visits(std::uint16_t tenant) noexcept { state_->allotments[tenant] = {}; }

Share Fanout::share(std::uint16_t tenant) const noexcept {
  const State& s = *state_;
  return tenant < s.allotments.size() ? s.allotments[tenant].used : Share{};
}

void Fanout::close_log(RoomSlot room) noexcept {
  State& s = *state_;
  RoomLog* log = log_of(s, room);
  if (log == nullptr) return;
  for (int profile = 0; profile < kProfileCount; ++profile) {
    while (log->streams[profile] != nullptr) {  // goes with its last member
      View& view = *log->streams[profile]->views;
      remove_member(s, member_of(s, view.records[view.records.size() - 1]), false);
    }
  }
  settle(s, *log);
  CHATROOM_ASSERT(!log->linked());
  *s.rooms.find(room) = nullptr;
  s.logs.destroy(log);
}

Sequence Fanout::head(RoomSlot room) const noexcept {
  const RoomLog* log = log_of(*state_, room);
  return log == nullptr ? 0 : log->head;
}

std::string_view Fanout::key(RoomSlot room) const noexcept {
  const RoomLog* log = log_of(*state_, room);
  return log == nullptr ? std::string_view{} : log->key;
}

Flushed Fanout::flush(Instant now, Budget& budget, std::uint32_t& large) noexcept {
  State& s = *state_;
  Work work{budget, s.until_asked, large};
  wake_waiting(s, now);
  tell_untold(s, now);
  const auto waits = [&] { return !s.ready.empty() || !s.small.empty(); };
  while (work.left() && (waits() || (!s.large.empty() && work.large > 0))) {
    serve_turn(s, now, work);
  }
  large = work.large;
  return {waits() || !s.large.empty(), std::min(s.waiting.next_due(), untold_due(s))};
}

Counters Fanout::counters() const noexcept {
  const State& s = *state_;
  Counters counters = s.counters;
  counters.blocked_members = s.laggards.in_use();
  counters.log_bytes = s.chunks.bytes_in_use();
  counters.private_bytes = s.store.bytes_in_use();
  return counters;
}

RoomCounters Fanout::room_counters(RoomSlot room) const noexcept {
  const RoomLog* log = log_of(*state_, room);
  if (log == nullptr) return {};
  return {.members = log->members,
          .blocked = log->laggards,
          .log_bytes = log_bytes(*state_, *log),
          .entries = log->head,
          .offered = log->offered,
          .offered_bytes = log->offered_bytes};
}

}  // namespace chatroom::fanout
