// Reclaim: which bytes of a log may go, and who pays for it.
#include <algorithm>

#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

// The first entry that somebody still has to send.
Sequence needed_from(const Stream& stream) noexcept {
  Sequence needed = stream.log->head + 1;
  for (const View* view = stream.views; view != nullptr; view = view->next) {
    if (view->dirty) needed = std::min(needed, view->floor);
  }
  const auto& laggards = stream.laggards;
  for (Laggard* l = laggards.front(); l != nullptr; l = laggards.next(*l)) {
    needed = std::min(needed, next_of(*l));
  }
  return needed;
}

void drop_before(State& s, Stream& stream, Sequence first) noexcept {
  if (first <= stream.first) return;
  forget_gather(s, *stream.log);
  stream.bytes.drop_before(s.chunks, start_of(s, stream, first));
  stream.starts.drop_before(s.chunks, (first - stream.starts_base) * sizeof(std::uint32_t));
  stream.first = first;
}

// The first entry of which no byte lies in the oldest chunk.
Sequence past_oldest_chunk(const State& s, const Stream& stream) noexcept {
  const std::uint64_t chunk_end = ((stream.bytes.begin() >> s.chunks.shift()) + 1)
                                  << s.chunks.shift();
  Sequence low = stream.first;
  Sequence high = stream.log->head + 1;
  while (low < high) {
    const Sequence middle = low + (high - low) / 2;
    if (start_of(s, stream, middle) < chunk_end) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool everyone_may_lose(State& s, const Stream& stream, Sequence first) noexcept {
  for (const View* view = stream.views; view != nullptr; view = view->next) {
    if (view->dirty && view->floor < first) return false;
  }
  const auto& laggards = stream.laggards;
  for (Laggard* l = laggards.front(); l != nullptr; l = laggards.next(*l)) {
    if (next_of(*l) >= first) continue;
    // One that has just become writable and waits for its visit is as far behind as before it.
    if (!s.outlets.find(l->member->session)->doomed && !l->was_blocked) return false;
  }
  return true;
}

bool loses_reliable(State& s, const Laggard& laggard, Sequence first) noexcept {
  Filter filter = filter_of(*laggard.member);
  filter.level = Level::all;
  for (Sequence at = next_of(laggard); at < first; ++at) {
    const Entry& entry = entry_at(s, laggard.member->log(), at);
    if (!entry.lossy() && fate_of(entry, at, filter) == Fate::send) return true;
  }
  return false;
}

void move_past(State& s, Laggard& laggard, Sequence first) noexcept {
  Member& member = *laggard.member;
  Outlet& outlet = *s.outlets.find(member.session);
  Backlog& backlog = *outlet.backlog;
  if (!outlet.doomed && backlog.cut_member == &member && !rescue_cut(s, backlog)) {
    doom(s, member.session, CloseCode::slow_consumer);
  }
  if (!outlet.doomed && loses_reliable(s, laggard, first)) {
    doom(s, member.session, CloseCode::slow_consumer);
  }
  Filter filter = filter_of(member);
  filter.level = Level::all;
  bool cut = backlog.cut_member == &member;  // still, if it is doomed: nobody will finish it
  for (laggard.next = next_of(laggard); laggard.next < first; ++laggard.next, cut = false) {
    const Entry& entry = entry_at(s, member.log(), laggard.next);
    switch (cut ? Fate::send : fate_of(entry, laggard.next, filter)) {
      case Fate::send:
      case Fate::dropped:
        tally(s, &member, outlet.doomed ? Column::closed : Column::dropped, entry.priority());
        if (!outlet.doomed && !decided_lost(laggard, entry, laggard.next))
          count_loss(member.log(), laggard.loss, entry);
        break;
      case Fate::merged:
        tally(s, &member, Column::merged, entry.priority());
        break;
      case Fate::excluded:
        tally(s, &member, Column::excluded, entry.priority());
        break;
      case Fate::ignored:
        break;
    }
  }
  if (backlog.cut_member == &member) {
    backlog.cut_member = nullptr;
    backlog.cut = 0;
  }
}

}  // namespace

void count_loss(const RoomLog& log, Gap& loss, const Entry& entry) noexcept {
  ++loss.count;
  (entry.lossy() ? loss.lossy : loss.reliable) = true;
  if ((entry.bits & Entry::kHasOffset) == 0) return;
  const std::uint64_t newest = log.offset_last;
  const std::uint64_t offset = newest - (static_cast<std::uint32_t>(newest) - entry.offset_low);
  if (loss.from == 0) loss.from = offset;
  loss.to = offset;
}

void trim_index(State& s, RoomLog& log) noexcept {
  Sequence first = log.head + 1;
  for (const Stream* stream : log.streams) {
    if (stream != nullptr) first = std::min(first, stream->first);
  }
  if (first <= log.first) return;
  log.index.drop_before(s.chunks, (first - log.index_base) * sizeof(Entry));
  log.first = first;
}

void trim(State& s, Stream& stream) noexcept {
  drop_before(s, stream, needed_from(stream));
  trim_index(s, *stream.log);
}

bool reclaim(State& s, Stream& stream) noexcept {
  if (stream.bytes.chunks() == 0) return false;
  const Sequence first = past_oldest_chunk(s, stream);
  const std::uint32_t chunks = stream.bytes.chunks();
  if (!everyone_may_lose(s, stream, first)) return false;
  for (Laggard* l = stream.laggards.front(); l != nullptr; l = stream.laggards.next(*l)) {
    if (next_of(*l) < first) move_past(s, *l, first);
  }
  drop_before(s, stream, first);
  trim_index(s, *stream.log);
  return stream.bytes.chunks() < chunks;
}

void settle(State& s, RoomLog& log) noexcept {
  if (log.dirty_views > 0 || log.laggards > 0 || !log.linked()) return;
  forget_gather(s, log);
  for (Stream* stream : log.streams) {
    if (stream == nullptr) continue;
    stream->starts.clear(s.chunks);
    stream->bytes.clear(s.chunks);
    stream->first = log.head + 1;
  }
  log.index.clear(s.chunks);
  log.first = log.head + 1;
  log.keyed_last = 0;
  s.active.remove(log);
}

bool relieve_pool(State& s) noexcept {
  constexpr int kLogsTried = 64;
  const std::size_t before = s.chunks.bytes_in_use();
  RoomLog* log = s.active.front();
  for (int tried = 0; log != nullptr && tried < kLogsTried; ++tried) {
    RoomLog* next = s.active.next(*log);
    for (Stream* stream : log->streams) {
      if (stream == nullptr) continue;
      trim(s, *stream);
      if (s.chunks.bytes_in_use() < before) return true;
      if (reclaim(s, *stream) && s.chunks.bytes_in_use() < before) return true;
    }
    // Nothing to get here: ask others first next time.
    s.active.remove(*log);
    s.active.push_back(*log);
    log = next;
  }
  return false;
}

}  // namespace chatroom::fanout
