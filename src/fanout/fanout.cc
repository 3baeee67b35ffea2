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

// Dirty views whose interval is not over stand aside until then.
void wake_waiting(State& s, Instant now) noexcept {
  if (now < s.waiting_until) return;
  s.waiting_until = Instant::never();
  for (View* view = s.waiting.front(); view != nullptr;) {
    View* next = s.waiting.next(*view);
    if (view->due <= now) {
      s.waiting.remove(*view);
      view->waiting = false;
      s.dirty.push_back(*view);
    } else {
      s.waiting_until = std::min(s.waiting_until, view->due);
    }
    view = next;
  }
}

void serve_ready(State& s, Instant now, Work& work) noexcept {
  for (std::uint32_t visits = 0; visits < kQuantum && work.left(); ++visits) {
    Backlog* backlog = s.ready.front();
    if (backlog == nullptr) return;
    const SessionSlot session = backlog->session;
    if (visit(s, session, now)) work.spend(1);
  }
}

void serve_view(State& s, Instant now, Work& work) noexcept {
  View& view = *s.dirty.front();
  if (view.reached == 0 && now < view.due) {
    s.dirty.remove(view);
    view.waiting = true;
    s.waiting.push_back(view);
    s.waiting_until = std::min(s.waiting_until, view.due);
    return;
  }
  // A view whose turn the budget cut short has it again at the next flush.
  sweep(s, view, now, work);
  if (view.dirty && work.left()) {
    s.dirty.remove(view);
    s.dirty.push_back(view);
  }
}

}  // namespace

Status Fanout::init(Memory& memory, const Limits& limits, Codecs codecs, WriteTap tap) noexcept {
  CHATROOM_ASSERT(state_ == nullptr);
  CHATROOM_ASSERT(codecs.flatbuffers != nullptr);
  void* scratch = memory.allocate(scratch_bytes(limits), alignof(std::max_align_t));
  void* place = memory.allocate(sizeof(State), alignof(State));
  if (scratch != nullptr && place != nullptr) {
    state_ = std::construct_at(static_cast<State*>(place), memory, limits, codecs, tap,
                               static_cast<std::byte*>(scratch));
    return {};
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
  log->head = options.head;
  log->first = options.head + 1;
  return {};
}

void Fanout::set_log_options(RoomSlot room, bool reliable, Duration flush_interval_min) noexcept {
  RoomLog* log = log_of(*state_, room);
  if (log == nullptr) return;
  log->reliable = reliable;
  log->interval = flush_interval_min;
}

void Fanout::close_log(RoomSlot room) noexcept {
  State& s = *state_;
  RoomLog* log = log_of(s, room);
  if (log == nullptr) return;
  for (int profile = 0; profile < kProfileCount; ++profile) {
    while (log->streams[profile] != nullptr) {  // goes with its last member
      View& view = *log->streams[profile]->views;
      remove_member(s, *view.records[view.records.size() - 1].member, false);
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

Flushed Fanout::flush(Instant now, Budget& budget) noexcept {
  State& s = *state_;
  Work work{budget, s.until_asked};
  wake_waiting(s, now);
  while (work.left() && !(s.ready.empty() && s.dirty.empty())) {
    serve_ready(s, now, work);
    if (work.left() && !s.dirty.empty()) serve_view(s, now, work);
  }
  return {!s.ready.empty() || !s.dirty.empty(), s.waiting_until};
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
  return {log->members, log->laggards, log_bytes(*state_, *log)};
}

}  // namespace chatroom::fanout
