// Pace: when a view's members are visited. A message to a quiet room leaves at once. By policy or
// under load each member is visited once an interval at its own moment of it, so that writes do not
// bunch, and a visit brings all that came since the last one in one write.
//
// Load is measured in visits: each sweep moves the room's `paid` on by its members over
// Limits::room_writes. While that is more than kLead ahead of the clock, sweeps are spread over the
// time that they have moved it by. So a short burst leaves as it comes, and under steady load a
// member waits at most that time, since its last visit was no longer ago.
#include <algorithm>

#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

constexpr Duration kLead = Duration::ms(50);
constexpr Duration kShortest = Duration::ms(1);  // less is not worth an alarm
constexpr Duration kSlice = Duration::ms(2);     // of a sweep that is spread
constexpr Sequence kMany = 12;                   // messages a visit brings

// What one sweep takes of the room's visits; 0: too little to wait for. Where a visit brings many
// messages it costs more bytes, and waiting three fifths longer saves as many visits again.
Duration share_of(const State& s, const View& view) noexcept {
  if (s.limits.room_writes == 0) return {};
  std::int64_t us =
      std::int64_t{view.records.size()} * 1'000'000 / std::int64_t{s.limits.room_writes};
  if (view.stream->log->head - view.floor >= kMany) us = us * 8 / 5;
  return us < kShortest.us ? Duration{} : Duration{std::min(us, s.limits.merge_wait.us)};
}

// Instants begin at the least value, which must not be subtracted from.
Instant later_by(Instant at, Duration wait) noexcept { return at.us == INT64_MIN ? at : at + wait; }

std::uint32_t slice_of(const View& view) noexcept {
  const std::int64_t members = std::int64_t{view.swept_size} * kSlice.us / view.spread.us;
  return std::max(kQuantum, static_cast<std::uint32_t>(members));
}

}  // namespace

// Who waits here holds half of the window: nobody waits now, since publishers would have to. What
// only blocked members hold does not count, since they give way: others must not feel them.
bool crowded(const State& s, const View& view) noexcept {
  const Stream& stream = *view.stream;
  const std::uint64_t held = stream.bytes.end() - start_of(s, stream, view.floor);
  return held > window_chunks(s) << s.chunks.shift() >> 1;
}

// Only a policy's interval keeps a sweep from beginning; after one that left at once this lasts
// until the interval is over, after one that was spread the next may follow.
bool may_begin(State& s, View& view, Instant now) noexcept {
  if (visits_left(s, view, now) == 0) {
    wait_for_visits(s, view, now);
    return false;
  }
  const Duration interval = view.stream->log->interval;
  if (interval.us == 0 || now >= later_by(view.began, interval)) return true;
  if (crowded(s, view)) return true;
  view.held_back = true;
  wait_until(s, view, view.began + interval);
  return false;
}

void begin_sweep(State& s, View& view, Instant now) noexcept {
  RoomLog& log = *view.stream->log;
  const Duration share = share_of(s, view);
  const bool loaded = share.us > 0 && log.paid > now + kLead;
  const bool follows = now < later_by(view.ended, std::max(log.interval, view.spread));
  const bool spread = loaded || view.held_back || follows;
  view.spread = spread ? std::max(log.interval, share) : Duration{};
  if (view.spread < kShortest) view.spread = {};
  view.held_back = false;
  view.began = now;
  view.swept_size = view.records.size();
  if (share.us == 0) return;
  log.paid = std::min(std::max(log.paid, now) + share, now + kLead + s.limits.merge_wait);
}

std::uint32_t paced_position(const State& s, const View& view, Instant now) noexcept {
  if (view.spread.us == 0 || crowded(s, view)) return 0;
  const std::int64_t gone = std::clamp((now - view.began).us, std::int64_t{0}, view.spread.us);
  const std::int64_t allowed = view.swept_size * gone / view.spread.us + slice_of(view);
  return view.swept_size -
         static_cast<std::uint32_t>(std::min<std::int64_t>(view.swept_size, allowed));
}

// ---- The visits of a tenant. However full its rooms' windows are: past its share it is the
// tenant's own publishers who are refused.

std::uint32_t visits_left(State& s, const View& view, Instant now) noexcept {
  if (s.allotments.size() == 0 || CHATROOM_PLANTED(tenant_writes_unlimited)) return UINT32_MAX;
  const Allotment& of = s.allotments[view.stream->log->tenant];
  return of.bucket.available(of.rate, now);
}

void charge_visits(State& s, const View& view, Instant now, std::uint32_t visits) noexcept {
  if (s.allotments.size() == 0) return;
  Allotment& of = s.allotments[view.stream->log->tenant];
  of.bucket.take_many(of.rate, now, visits);
  of.used.visits += visits;
}

// For a turn of them, or for all that it may have at once.
void wait_for_visits(State& s, View& view, Instant now) noexcept {
  Allotment& of = s.allotments[view.stream->log->tenant];
  ++of.used.waits;
  const Duration wait = of.bucket.wait_for(of.rate, now, kQuantum);
  wait_until(s, view, now + std::max(wait, Duration{1}));
}

// Until a whole slice may be visited again.
void wait_for_rest(State& s, View& view) noexcept {
  const std::int64_t visited = view.swept_size - std::min(view.swept_size, view.position);
  wait_until(s, view, view.began + Duration{view.spread.us * visited / view.swept_size});
}

void wait_until(State& s, View& view, Instant due) noexcept {
  dequeue(s, view);
  view.waiting = true;
  s.waiting.schedule(view, due);
}

void stop_waiting(State& s, View& view) noexcept {
  s.waiting.cancel(view);
  view.waiting = false;
  enqueue(s, view);
}

}  // namespace chatroom::fanout
