// The ledger: totals are counted when something becomes of an entry; what is still pending is
// counted from the cursors, so that a mistake in either shows as an account that does not balance.
#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

struct Waiting {
  std::uint64_t send[kPriorityCount] = {};
  std::uint64_t excluded[kPriorityCount] = {};
};

// Withdrawn entries wait too: they are merged only when the cursor passes them.
Waiting waiting_for(State& s, const Member& member) noexcept {
  Waiting waiting;
  Filter filter = filter_of(member);
  filter.level = Level::all;
  for (Sequence at = next_of(member); at <= member.log().head; ++at) {
    const Entry& entry = entry_at(s, member.log(), at);
    const Fate fate = is_cut(s, member, at) ? Fate::send : fate_of(entry, at, filter);
    if (fate == Fate::ignored) continue;
    ++(fate == Fate::excluded ? waiting.excluded : waiting.send)[entry.priority()];
  }
  return waiting;
}

void add(Ledger& ledger, const Waiting& waiting, std::uint64_t members) noexcept {
  for (int p = 0; p < kPriorityCount; ++p) {
    ledger.by_priority[p].pending += waiting.send[p] * members;
    ledger.by_priority[p].admitted -= waiting.excluded[p] * members;
  }
}

void add_view(State& s, Ledger& ledger, View& view) noexcept {
  Waiting waiting;
  Sequence computed_for = 0;  // no sequence is 0
  for (std::uint32_t i = 0; i < view.records.size(); ++i) {
    const Member& member = member_of(s, view.records[i]);
    if (member.laggard() != nullptr) continue;
    const Sequence next = next_of(member);
    if (next > view.stream->log->head) continue;
    if (view.shared || next != computed_for) waiting = waiting_for(s, member);
    computed_for = next;
    add(ledger, waiting, 1);
  }
}

}  // namespace

void tally(State& s, Member* member, Column column, int priority) noexcept {
  Ledger::Class& totals = s.totals.by_priority[priority];
  switch (column) {
    case Column::delivered:
      ++totals.delivered;
      return;  // a member's own: what is left over
    case Column::merged:
      ++totals.merged;
      if (member != nullptr) ++account_of(s, *member).merged[priority];
      return;
    case Column::dropped:
      ++totals.dropped;
      if (member != nullptr) ++account_of(s, *member).dropped[priority];
      return;
    case Column::closed:
      ++totals.closed;
      if (member != nullptr) ++account_of(s, *member).closed[priority];
      return;
    case Column::excluded:
      --totals.admitted;
      if (member != nullptr) ++account_of(s, *member).excluded[priority];
      return;
  }
}

Account& account_of(State& s, Member& member) noexcept {
  Account* account = member.account();
  if (account == nullptr) {
    account = s.accounts.make();
    CHATROOM_ASSERT(account != nullptr);  // reserved by attach
    member.set_account(account);
  }
  return *account;
}

Ledger Fanout::ledger() const noexcept {
  State& s = *state_;
  Ledger ledger = s.totals;
  for (int p = 0; p < kPriorityCount; ++p) ledger.by_priority[p].pending += s.rest_pending[p];
  for (RoomLog* log = s.active.front(); log != nullptr; log = s.active.next(*log)) {
    for (Stream* stream : log->streams) {
      if (stream == nullptr) continue;
      for (View* view = stream->views; view != nullptr; view = view->next) {
        if (view->dirty) add_view(s, ledger, *view);
      }
      const auto& laggards = stream->laggards;
      for (Laggard* l = laggards.front(); l != nullptr; l = laggards.next(*l)) {
        add(ledger, waiting_for(s, *l->member), 1);
      }
    }
  }
  return ledger;
}

Ledger Fanout::ledger_of(RoomSlot room, SessionSlot session) const noexcept {
  State& s = *state_;
  Ledger ledger;
  const Member* member = find_member(s, room, session);
  if (member == nullptr) return ledger;
  const Account account = member->account() != nullptr ? *member->account() : Account{};
  const Backlog* backlog = s.outlets.find(session)->backlog;
  const Waiting waiting = waiting_for(s, *member);
  for (int p = 0; p < kPriorityCount; ++p) {
    Ledger::Class& of = ledger.by_priority[p];
    const auto all = static_cast<std::uint32_t>(member->view->admitted[p]) - member->baseline[p];
    of.admitted = all - account.excluded[p] - waiting.excluded[p];
    of.merged = account.merged[p];
    of.dropped = account.dropped[p];
    of.closed = account.closed[p];
    of.pending = waiting.send[p];
    if (backlog != nullptr && backlog->rest_member == member && backlog->rest->entry_class == p) {
      ++of.pending;
    }
    of.delivered = of.admitted - of.merged - of.dropped - of.closed - of.pending;
  }
  return ledger;
}

}  // namespace chatroom::fanout
