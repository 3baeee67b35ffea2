// Losses: what a member that was blocked does not get is decided before it is sent anything behind
// it, and told at its place: whoever has seen a later entry has been told, so that a stay which
// ends there, by a kick or with its link, goes on later without a silent hole.
#include <algorithm>
#include <utility>

#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

void tell_host(State& s, const GapTold& told) noexcept {
  ++s.counters.gaps;
  if (s.gaps_count == kGapsKept) {
    s.gaps_first = (s.gaps_first + 1) % kGapsKept;
    --s.gaps_count;
  }
  s.gaps[(s.gaps_first + s.gaps_count) % kGapsKept] = told;
  ++s.gaps_count;
}

void tell_lost_items(State& s, Outlet& outlet, Backlog& backlog) noexcept {
  Event event;
  event.type = EventType::gap;
  event.gap.count = backlog.lost;
  event.gap.lossy = true;
  const Bytes frame = encode_frame(s, outlet.profile, event);
  if (frame.empty()) return;
  // Lossy itself: what others cause never dooms this session. Then it is told later.
  Item* item = store_frame(s, backlog, frame, true);
  if (item == nullptr) return;
  backlog.plain.push_back(*item);
  backlog.lost = 0;
  tell_host(s, {kNoSlot, backlog.session, event.gap});
}

// What the member lost and was not told, as an item. Null: the session is doomed, or a bug planted.
Item* make_gap(State& s, Member& member, Gap& loss) noexcept {
  Outlet& outlet = *s.outlets.find(member.session);
  Event event;
  event.type = EventType::gap;
  event.room = member.log().key;
  event.gap = std::exchange(loss, {});
  if (CHATROOM_PLANTED(gap_not_told)) return nullptr;
  Item* item = nullptr;
  const Bytes frame = encode_frame(s, outlet.profile, event);
  if (!frame.empty()) item = store_frame(s, backlog_of(s, member.session), frame, false);
  if (item == nullptr) return doom(s, member.session, CloseCode::slow_consumer), nullptr;
  item->room = member.log().room;  // forgotten if it leaves first, with all that stands behind it
  // What a member does not want is no news for the host.
  if (event.gap.reason == GapReason::budget) {
    ++s.counters.gaps;
  } else {
    tell_host(s, {member.log().room, member.session, event.gap});
  }
  return item;
}

Level level_of(const State& s, const Member& member) noexcept {
  const Stream& stream = *member.view->stream;
  const std::uint64_t lag = stream.bytes.end() - start_of(s, stream, next_of(member));
  return lag > s.limits.window_bytes / 2   ? Level::no_normal
         : lag > s.limits.window_bytes / 4 ? Level::no_low
                                           : Level::all;
}

// A decision holds until the member has passed what it is about, and reaches as far as there is
// place for its holes.
void decide_losses(State& s, Member& member) noexcept {
  Laggard& laggard = *member.laggard();
  Sequence at = next_of(laggard);
  if (laggard.level != Level::all && at < laggard.decided) return;
  laggard.level = level_of(s, member);
  laggard.decided = member.log().head + 1;
  if (laggard.level == Level::all) return;
  const Filter filter = filter_of(member);
  const Outlet& outlet = *s.outlets.find(member.session);
  int holes = 0;
  for (; at < laggard.decided && !outlet.doomed; ++at) {
    const Entry& entry = entry_at(s, member.log(), at);
    const Fate fate = is_cut(s, member, at) ? Fate::send : fate_of(entry, at, filter);
    const bool chosen = filter.choice != nullptr && filter.choice->holds_back(at);
    if (fate == Fate::dropped && !chosen) count_loss(member.log(), laggard.loss, entry);
    if (fate != Fate::send || laggard.loss.count == 0) continue;
    hold_gap(s, member, laggard.loss, at - 1);
    const bool crowded = outlet.backlog->bytes > s.limits.private_bytes / 2;
    if (++holes == kHolesAhead || crowded) laggard.decided = at;
  }
  if (laggard.loss.count > 0 && !outlet.doomed) {
    hold_gap(s, member, laggard.loss, laggard.decided - 1);
  }
}

}  // namespace

// Among what waits for its place in the same room.
void hold_gap(State& s, Member& member, Gap& loss, Sequence barrier) noexcept {
  Item* item = make_gap(s, member, loss);
  if (item == nullptr) return;
  if (CHATROOM_PLANTED(gap_told_behind)) barrier = member.log().head;
  item->barrier = barrier;
  item->held = true;
  base::List<Item>& held = s.outlets.find(member.session)->backlog->held;
  Item* later = held.front();
  while (later != nullptr && (later->room != item->room || later->barrier < barrier)) {
    later = held.next(*later);
  }
  later == nullptr ? held.push_back(*item) : held.insert_before(*later, *item);
}

bool decided_lost(const Laggard& laggard, const Entry& entry, Sequence at) noexcept {
  const Choice* choice = laggard.member->choice();
  if (choice != nullptr && choice->holds_back(at)) return true;
  if (laggard.level == Level::all || at >= laggard.decided) return false;
  return fate_of(entry, at, filter_of(*laggard.member)) == Fate::dropped;
}

Sequence decided_end(const Member& member) noexcept {
  const Laggard* laggard = member.laggard();
  Sequence end = member.log().head + 1;
  if (const Choice* choice = member.choice()) end = std::min(end, choice->decided);
  return laggard == nullptr || laggard->level == Level::all ? end : std::min(end, laggard->decided);
}

void tell_losses(State& s, SessionSlot session) noexcept {
  Outlet& outlet = *s.outlets.find(session);
  Backlog* backlog = outlet.backlog;
  if (backlog == nullptr || outlet.doomed) return;
  if (backlog->lost > 0) tell_lost_items(s, outlet, *backlog);
  for (Member* member = outlet.members; member != nullptr; member = member->next) {
    Laggard* laggard = member->laggard();
    if (laggard == nullptr) continue;
    if (laggard->loss.count > 0) {  // with a chunk of the log: nothing before it is left
      Item* item = make_gap(s, *member, laggard->loss);
      if (item != nullptr) backlog->plain.push_back(*item);
    }
    if (outlet.doomed) return;
    if (laggard->was_blocked) decide_losses(s, *member);
  }
}

}  // namespace chatroom::fanout
