// Tracking: where a member stands. Caught up or waiting for its visit, that is a cursor in its
// view's array; behind by itself, a Laggard.
#include <algorithm>

#include "fanout/state.h"

namespace chatroom::fanout {

Record& record_of(Member& member) noexcept { return member.view->records[member.slot]; }
Member& member_of(State& s, const Record& record) noexcept { return *s.members.at(record.member); }

// Entries that no view of its stream was to get may have gone by without being kept.
Sequence next_of(const Laggard& laggard) noexcept {
  return std::max(laggard.next, laggard.member->view->stream->first);
}

// A cursor is the low half of a sequence. In a clean view it means nothing: everybody is at the
// head. In a dirty one it is right if it lies between floor and head; otherwise it is left over
// from before, and the member stands at the floor.
Sequence next_of(const Member& member) noexcept {
  if (member.laggard() != nullptr) return next_of(*member.laggard());
  const Sequence end = member.log().head + 1;
  View& view = *member.view;
  if (!view.dirty) return end;
  const std::uint32_t cursor = view.records[member.slot].cursor;
  const std::uint32_t ahead = cursor - static_cast<std::uint32_t>(view.floor);
  return ahead > end - view.floor ? view.floor : view.floor + ahead;
}

void set_next(Member& member, Sequence next) noexcept {
  if (member.laggard() != nullptr) {
    member.laggard()->next = next;
  } else {
    record_of(member).cursor = static_cast<std::uint32_t>(next);
  }
}

Filter filter_of(const Member& member) noexcept {
  Filter filter;
  filter.channels = member.channels;
  filter.shared_view = member.view->shared;
  filter.choice = member.choice();
  if (const Laggard* laggard = member.laggard(); laggard != nullptr) {
    filter.channels_before = laggard->channels_before;
    filter.changed_at = laggard->changed_at;
    filter.level = laggard->level;
  }
  return filter;
}

bool is_cut(const State& s, const Member& member, Sequence sequence) noexcept {
  const Backlog* backlog = s.outlets.find(member.session)->backlog;
  return backlog != nullptr && backlog->cut_member == &member && member.laggard()->next == sequence;
}

void track(State& s, Member& member) noexcept {
  if (member.laggard() != nullptr) return;
  const Sequence next = next_of(member);
  Laggard* laggard = s.laggards.make();
  CHATROOM_ASSERT(laggard != nullptr);  // reserved by attach
  laggard->member = &member;
  laggard->next = next;
  laggard->account = member.account();
  member.extra = laggard;
  member.tracked = 1;
  member.view->stream->laggards.push_back(*laggard);
  ++member.log().laggards;
  ++backlog_of(s, member.session).tracked;
  record_of(member).set(kTracked);
}

void untrack(State& s, Member& member) noexcept {
  Laggard* laggard = member.laggard();
  if (laggard == nullptr) return;
  record_of(member).cursor = static_cast<std::uint32_t>(next_of(*laggard));
  record_of(member).clear(kTracked);
  member.view->stream->laggards.remove(*laggard);
  member.extra = laggard->account;
  member.tracked = 0;
  s.laggards.destroy(laggard);
  --member.log().laggards;
  --s.outlets.find(member.session)->backlog->tracked;
}

void refresh_flags(Outlet& outlet) noexcept {
  const Backlog* backlog = outlet.backlog;
  const bool waiting = backlog != nullptr && (!backlog->plain.empty() || !backlog->held.empty() ||
                                              backlog->rest != nullptr || backlog->lost > 0);
  std::uint32_t common = 0;
  if (outlet.member_count > 1) common |= kSeveral;
  if (outlet.max_frame > 0) common |= kMessageLink;
  if (waiting) common |= kPrivate;
  for (Member* member = outlet.members; member != nullptr; member = member->next) {
    std::uint32_t flags = common;
    if (member->laggard() != nullptr) flags |= kTracked;
    if (member->view->shared || member->chosen != 0) flags |= kExceptions;
    record_of(*member).flags = flags & 31;
  }
}

// `item` is what is left of the entry Laggard::next, whose beginning was taken.
void keep_rest(State& s, Member& member, Item& item) noexcept {
  Backlog& backlog = *s.outlets.find(member.session)->backlog;
  CHATROOM_ASSERT(backlog.rest == nullptr);
  const Entry& entry = entry_at(s, member.log(), member.laggard()->next);
  item.entry_class = static_cast<std::uint8_t>(entry.priority());
  backlog.rest = &item;
  backlog.rest_member = &member;
  backlog.bytes += PrivateStore::cost(item);
  ++s.rest_pending[entry.priority()];
  ++member.laggard()->next;
}

bool rescue_cut(State& s, Backlog& backlog) noexcept {
  Member& member = *backlog.cut_member;
  Laggard& laggard = *member.laggard();
  const Stream& stream = *member.view->stream;
  const std::uint64_t begin = start_of(s, stream, laggard.next) + backlog.cut;
  const std::uint64_t end = start_of(s, stream, laggard.next + 1);
  CHATROOM_ASSERT(backlog.rest == nullptr);
  if (!CHATROOM_PLANTED(cut_frame_forgotten)) {
    Item* item = s.store.make(static_cast<std::uint32_t>(end - begin), false);
    if (item == nullptr) return false;
    for (std::uint64_t at = begin; at < end;) {
      const std::uint64_t size = std::min<std::uint64_t>(Tape::together(s.chunks, at), end - at);
      PrivateStore::fill(*item, static_cast<std::uint32_t>(at - begin),
                         {stream.bytes.at(s.chunks, at), size});
      at += size;
    }
    keep_rest(s, member, *item);
  } else {
    ++laggard.next;
  }
  backlog.cut_member = nullptr;
  backlog.cut = 0;
  return true;
}

}  // namespace chatroom::fanout
