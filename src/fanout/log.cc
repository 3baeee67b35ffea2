// Logs: what is where, and which views an entry concerns.
#include <cstring>

#include "fanout/state.h"

namespace chatroom::fanout {

Entry& entry_at(State& s, const RoomLog& log, Sequence sequence) noexcept {
  CHATROOM_ASSERT(sequence >= log.first);
  CHATROOM_ASSERT(sequence <= log.head);
  const std::uint64_t position = (sequence - log.index_base) * sizeof(Entry);
  return *reinterpret_cast<Entry*>(log.index.at(s.chunks, position));
}

std::uint64_t start_of(const State& s, const Stream& stream, Sequence sequence) noexcept {
  const std::uint64_t end = stream.bytes.end();
  if (sequence > stream.log->head) return end;
  CHATROOM_ASSERT(sequence >= stream.first);
  std::uint32_t low = 0;
  const std::uint64_t position = (sequence - stream.starts_base) * sizeof(low);
  std::memcpy(&low, stream.starts.at(s.chunks, position), sizeof(low));
  return end - (static_cast<std::uint32_t>(end) - low);
}

std::uint64_t window_chunks(const State& s) noexcept {
  const std::uint64_t least = (kWriteBytesMax >> s.chunks.shift()) + 2;
  return std::max<std::uint64_t>(least, s.limits.window_bytes >> s.chunks.shift());
}

void enqueue(State& s, View& view) noexcept {
  view.large = view.records.size() > kQuantum;
  (view.large ? s.large : s.small).push_back(view);
}

void dequeue(State& s, View& view) noexcept { (view.large ? s.large : s.small).remove(view); }

void mark_dirty(State& s, View& view, Sequence sequence) noexcept {
  if (view.dirty) return;
  view.dirty = true;
  view.floor = sequence;
  view.reached = 0;
  enqueue(s, view);
  ++view.stream->log->dirty_views;
}

void mark_clean(State& s, View& view) noexcept {
  if (!view.dirty) return;
  if (view.waiting) stop_waiting(s, view);
  dequeue(s, view);
  view.dirty = false;
  --view.stream->log->dirty_views;
}

void forget_gather(State& s, const RoomLog& log) noexcept {
  if (s.shared.view == nullptr || s.shared.view->stream->log != &log) return;
  finish_takers(s);
  s.shared.view = nullptr;
}

}  // namespace chatroom::fanout
