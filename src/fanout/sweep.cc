// Sweep: dirty views take turns; a turn goes down the array from where the last one stopped.
#include <algorithm>

#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

constexpr std::uint32_t kAskEvery = 32;
constexpr std::uint32_t kAhead = 6;  // records whose connection is fetched into the cache early

// What a member with this cursor gets. All others at the same place get the same pieces.
void gather_shared(State& s, View& view, std::uint32_t cursor) noexcept {
  SharedGather& g = s.shared;
  const Stream& stream = *view.stream;
  const RoomLog& log = *stream.log;
  const Sequence end = log.head + 1;
  const std::uint32_t ahead = cursor - static_cast<std::uint32_t>(view.floor);
  const Sequence from = ahead > end - view.floor ? view.floor : view.floor + ahead;
  if (g.view == &view && g.from == from) {
    g.cursor = cursor;
    return;
  }
  finish_takers(s);
  g.view = &view;
  g.cursor = cursor;
  g.from = from;
  g.counts = {};
  g.pieces.reset(kWriteBytesMax);
  g.deflated = deflates(s, view);
  if (g.deflated) begin_deflating(s, view);
  Filter filter;
  filter.channels = view.channels;
  Sequence at = from;
  for (; at < end; ++at) {
    const Entry& entry = entry_at(s, log, at);
    const Fate fate = fate_of(entry, at, filter);
    if (fate == Fate::merged) {
      ++g.counts.merged[entry.priority()];
      g.counts.any_merged = true;
    }
    if (fate != Fate::send) continue;
    const std::uint64_t begin = start_of(s, stream, at);
    const std::uint64_t end_of = start_of(s, stream, at + 1);
    if (g.deflated && !deflate_entry(s, view, begin, end_of)) {
      if (s.deflated.count > 0) break;
      g.deflated = false;  // it alone is too long: it goes plain, and what follows with it
    }
    const auto added = g.pieces.add(s.chunks, stream.bytes, begin, end_of);
    if (added == Pieces::Added::none) {
      if (g.deflated) drop_deflated_entry(s);
      break;
    }
    CHATROOM_ASSERT(added == Pieces::Added::whole);  // append refuses longer frames
    ++g.counts.sent[entry.priority()];
  }
  g.to = at;
  if (g.deflated) finish_deflating(s, g);
}

void note_merged(State& s, Member& member) noexcept {
  Account& account = account_of(s, member);
  for (int p = 0; p < kPriorityCount; ++p) account.merged[p] += s.shared.counts.merged[p];
}

void block_on(State& s, Record& record, std::size_t taken, Instant now) noexcept {
  Member& member = member_of(s, record);
  const bool progress = taken > 0;
  ++s.counters.writes_blocked;
  track(s, member);
  if (!s.shared.deflated) {
    advance(s, member, s.shared.to, taken);
  } else if (!advance_deflated(s, member, taken)) {
    return;
  }
  if (CHATROOM_PLANTED(ledger_off_by_one)) ++s.totals.by_priority[1].delivered;
  after_write(s, member.session, now, true, progress);
}

void finish_sweep(State& s, View& view, Instant now) noexcept {
  RoomLog& log = *view.stream->log;
  const Sequence end = log.head + 1;
  view.floor = std::min(view.reached, end);
  view.reached = 0;
  s.shared.view = nullptr;
  view.ended = now;
  if (view.floor == end) mark_clean(s, view);
  trim(s, *view.stream);
  settle(s, log);
}

// Visits the last `count` of `records`, from the end down; answers how many it did.
std::uint32_t visit_down(State& s, View& view, std::span<Record> records, std::uint32_t count,
                         Instant now, Work& work) noexcept {
  SharedGather& g = s.shared;
  const std::uint32_t allowance = work.allowance();
  std::uint32_t writes = 0;
  std::uint32_t done = 0;
  for (std::size_t i = records.size(); done < count && writes < allowance; ++done) {
    Record& record = records[--i];
    __builtin_prefetch(i >= kAhead ? records[i - kAhead].connection : nullptr);
    if (record.flags != 0) [[unlikely]] {
      if ((record.flags & kTracked) == 0) writes += visit(s, member_of(s, record).session, now);
      continue;
    }
    const bool kept = CHATROOM_PLANTED(deflated_run_to_another) && g.deflated;
    if ((record.cursor != g.cursor && !kept) || g.view != &view) {
      gather_shared(s, view, record.cursor);
    }
    if (g.pieces.bytes() == 0) {
      if (g.counts.any_merged) note_merged(s, member_of(s, record)), ++g.takers;
      record.cursor = static_cast<std::uint32_t>(g.to);
      continue;
    }
    const std::size_t taken = record.connection->write(g.pieces.span());
    ++writes;
    if (s.tap.on_write != nullptr) [[unlikely]] {
      s.tap.on_write(s.tap.context, member_of(s, record).session, g.pieces.span(), taken);
    }
    s.counters.bytes_out += taken;
    ++s.counters.writes;
    if (taken == g.pieces.bytes()) [[likely]] {
      record.cursor = static_cast<std::uint32_t>(g.to);
      ++g.takers;
      if (g.counts.any_merged) note_merged(s, member_of(s, record));
    } else {
      CHATROOM_ASSERT(taken < g.pieces.bytes());
      block_on(s, record, taken, now);
    }
  }
  work.spend(writes);
  return done;
}

}  // namespace

// Only those who took all of it stand where it ended and may need another sweep: who was blocked
// goes on by himself, and no other member's next visit may depend on him.
void finish_takers(State& s) noexcept {
  SharedGather& g = s.shared;
  if (g.takers > 0) g.view->reached = std::min(g.view->reached, g.to);
  for (int p = 0; p < kPriorityCount && g.takers > 0; ++p) {
    s.totals.by_priority[p].delivered += std::uint64_t{g.takers} * g.counts.sent[p];
    s.totals.by_priority[p].merged += std::uint64_t{g.takers} * g.counts.merged[p];
  }
  g.takers = 0;
}

void Work::spend(std::uint32_t sends) noexcept {
  CHATROOM_ASSERT(sends <= allowance() || over);
  budget.sends -= sends;
  until_asked -= sends;
  if (until_asked > 0) return;
  until_asked = kAskEvery;
  if (budget.over != nullptr && budget.over(budget.arg)) over = true;
}

void sweep(State& s, View& view, Instant now, Work& work) noexcept {
  const std::uint32_t sends_before = work.budget.sends;
  if (view.reached == 0) {
    view.reached = view.stream->log->head + 1;
    view.position = view.records.size();
    begin_sweep(s, view, now);
  }
  const std::uint32_t stop = paced_position(s, view, now);
  std::uint32_t share = visits_left(s, view, now);
  std::uint32_t visits = 0;
  while (s.turn_left > 0 && view.position > stop && share > 0 && work.left()) {
    const std::span<Record> records = view.records.up_to(view.position);
    const std::size_t count =
        std::min<std::size_t>({s.turn_left, records.size(), view.position - stop, share});
    const std::uint32_t done =
        visit_down(s, view, records, static_cast<std::uint32_t>(count), now, work);
    view.position -= done;
    s.turn_left -= done;
    share -= done;
    visits += done;
  }
  charge_visits(s, view, now, visits);
  finish_takers(s);
  // Members that are only passed by cost something too.
  if (work.left() && work.budget.sends == sends_before) work.spend(1);
  if (view.position == 0) {
    finish_sweep(s, view, now);
  } else if (view.position <= stop) {
    wait_for_rest(s, view);
  } else if (share == 0) {
    wait_for_visits(s, view, now);
  }
}

}  // namespace chatroom::fanout
