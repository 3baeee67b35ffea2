// Choices: how much of a room a member wants at most, decided when it is visited. Only those who
// made one leave the fast path, and only they have a record.
//
// What a decision holds back is passed like any other entry that is dropped. Of a run of them the
// member is told before the next entry that it gets, so that whoever sees an entry has been told of
// all that it does not see before it; where none follows, after a second.
#include <algorithm>

#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

constexpr Duration kUntoldMost = Duration::s(1);

bool is_untold(const Choice& choice) noexcept {
  return static_cast<const base::ListNode<UntoldTag>&>(choice).linked();
}

// A second's worth may come at once.
constexpr Rate rate_of(std::uint32_t per_second) noexcept { return {per_second, per_second}; }

bool takes_normal(Choice& choice, Priority priority, Instant now) noexcept {
  const std::uint32_t most = choice.receive.normal_per_s;
  if (most == 0) return true;
  const Rate rate = rate_of(most);
  const bool last_half = choice.normal.available(rate, now) <= most / 2;
  if (priority == Priority::low && last_half) return false;
  return choice.normal.take(rate, now).us == 0;
}

bool takes(Choice& choice, const Entry& entry, Instant now) noexcept {
  if ((entry.bits & Entry::kCounted) == 0 || CHATROOM_PLANTED(receive_choice_ignored)) return true;
  if (entry.author == choice.author && entry.author != kNoSlot) return true;
  const auto priority = static_cast<Priority>(entry.priority());
  if (priority != Priority::high) return takes_normal(choice, priority, now);
  const std::uint32_t most = choice.receive.high_per_s;
  if (most == 0 || choice.high.take(rate_of(most), now).us == 0) return true;
  return !CHATROOM_PLANTED(receive_choice_drops_high) && takes_normal(choice, priority, now);
}

void tell(State& s, Member& member, Choice& choice, Sequence barrier) noexcept {
  if (is_untold(choice)) s.untold.remove(choice);
  hold_gap(s, member, choice.loss, barrier);
}

// Only once it has passed what was decided before: what a slow link gathers up does not come to
// more than a second's worth beside that of the moment.
void decide(State& s, Member& member, Choice& choice, Instant now) noexcept {
  const Sequence next = next_of(member);
  if (next < choice.decided) return;
  Sequence end = std::min(member.log().head + 1, next + Choice::kAhead);
  const Laggard* laggard = member.laggard();
  const Sequence lost_before = laggard == nullptr ? 0 : laggard->decided;
  Filter filter = filter_of(member);
  const Level level = filter.level;
  const Outlet& outlet = *s.outlets.find(member.session);
  int holes = 0;
  for (Sequence at = next; at < end; choice.decided = ++at) {
    const Entry& entry = entry_at(s, member.log(), at);
    filter.level = at < lost_before ? level : Level::all;  // what is not settled yet may be sent
    const std::uint64_t bit = std::uint64_t{1} << at % 64;
    std::uint64_t& bits = choice.held_back[at % Choice::kAhead / 64];
    bits &= ~bit;
    if (fate_of(entry, at, filter) != Fate::send) continue;
    if (!takes(choice, entry, now)) {
      bits |= bit;
      count_loss(member.log(), choice.loss, entry);
      choice.loss.reason = GapReason::budget;
      continue;
    }
    if (choice.loss.count == 0) continue;
    tell(s, member, choice, at - 1);
    if (outlet.doomed) return;
    const bool crowded = backlog_of(s, member.session).bytes > s.limits.private_bytes / 2;
    if (++holes == kHolesAhead || crowded) end = at + 1;
  }
  if (choice.loss.count == 0 || is_untold(choice)) return;
  choice.untold_from = now;
  s.untold.push_back(choice);
}

void end_choice(State& s, Member& member) noexcept {
  Choice* choice = member.choice();
  CHATROOM_ASSERT(!is_untold(*choice));
  const Account kept = *choice;
  member.chosen = 0;
  member.set_account(nullptr);
  s.choices.destroy(choice);
  account_of(s, member) = kept;
}

}  // namespace

void decide_choices(State& s, SessionSlot session, Instant now) noexcept {
  const Outlet& outlet = *s.outlets.find(session);
  for (Member* member = outlet.members; member != nullptr && !outlet.doomed;
       member = member->next) {
    if (Choice* choice = member->choice()) decide(s, *member, *choice, now);
  }
}

void tell_untold(State& s, Instant now) noexcept {
  while (Choice* choice = s.untold.front()) {
    if (now < choice->untold_from + kUntoldMost) return;
    const SessionSlot session = choice->member->session;
    Outlet& outlet = *s.outlets.find(session);
    if (outlet.doomed) {
      s.untold.remove(*choice);
      continue;
    }
    tell(s, *choice->member, *choice, choice->decided - 1);
    if (outlet.doomed || outlet.backlog == nullptr) continue;
    if (!outlet.backlog->blocked) make_ready(s, *outlet.backlog);
    refresh_flags(outlet);
  }
}

Instant untold_due(const State& s) noexcept {
  const Choice* first = s.untold.front();
  return first == nullptr ? Instant::never() : first->untold_from + kUntoldMost;
}

void settle_choice(State& s, Member& member) noexcept {
  const Choice* choice = member.choice();
  if (choice == nullptr || choice->receive.bounded() || choice->loss.count > 0) return;
  if (next_of(member) > member.log().head) end_choice(s, member);
}

void release_account(State& s, Member& member) noexcept {
  if (Choice* choice = member.choice()) {
    if (is_untold(*choice)) s.untold.remove(*choice);
    s.choices.destroy(choice);
  } else if (member.account() != nullptr) {
    s.accounts.destroy(member.account());
  }
}

Status Fanout::set_receive(RoomSlot room, SessionSlot session, Receive receive,
                           std::uint32_t author) noexcept {
  State& s = *state_;
  Member* member = find_member(s, room, session);
  if (member == nullptr) return Errc::not_member;
  Choice* choice = member->choice();
  if (choice == nullptr && !receive.bounded()) return {};
  if (choice == nullptr) {
    choice = s.choices.make();
    if (choice == nullptr) return Errc::limit_reached;
    if (Account* account = member->account()) {
      static_cast<Account&>(*choice) = *account;
      s.accounts.destroy(account);
    }
    member->set_account(choice);
    member->chosen = 1;
    choice->member = member;
    choice->decided = member->log().head + 1;
  }
  choice->receive = receive;
  choice->author = author;
  settle_choice(s, *member);
  refresh_flags(*s.outlets.find(session));
  return {};
}

}  // namespace chatroom::fanout
