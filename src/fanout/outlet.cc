// Outlets: opening, closing, and what is kept while something waits for a session.
#include "fanout/state.h"

namespace chatroom::fanout {

namespace {

template <class Tag>
bool linked(const Backlog& backlog) noexcept {
  return static_cast<const base::ListNode<Tag>&>(backlog).linked();
}

void drop_all_items(State& s, Backlog& backlog) noexcept {
  while (Item* item = backlog.plain.pop_front()) drop_item(s, backlog, item);
  while (Item* item = backlog.held.pop_front()) drop_item(s, backlog, item);
  if (backlog.rest != nullptr) drop_item(s, backlog, backlog.rest);
  backlog.lost = 0;
}

void remove_all_members(State& s, Outlet& outlet) noexcept {
  while (outlet.members != nullptr) remove_member(s, *outlet.members, true);
}

}  // namespace

Backlog& backlog_of(State& s, SessionSlot session) noexcept {
  Outlet& outlet = *s.outlets.find(session);
  if (outlet.backlog == nullptr) {
    outlet.backlog = s.backlogs.make();
    CHATROOM_ASSERT(outlet.backlog != nullptr);  // reserved by open_outlet
    outlet.backlog->session = session;
  }
  return *outlet.backlog;
}

void release_if_idle(State& s, SessionSlot session) noexcept {
  Outlet& outlet = *s.outlets.find(session);
  Backlog* backlog = outlet.backlog;
  if (backlog == nullptr) return;
  if (backlog->tracked > 0 || backlog->lost > 0 || backlog->blocked) return;
  if (!backlog->plain.empty() || !backlog->held.empty() || backlog->rest != nullptr) return;
  if (linked<DoomTag>(*backlog) || linked<ReliefTag>(*backlog)) return;
  if (linked<ReadyTag>(*backlog)) s.ready.remove(*backlog);
  if (linked<StallTag>(*backlog)) s.stalled.remove(*backlog);
  s.backlogs.destroy(backlog);
  outlet.backlog = nullptr;
}

void make_ready(State& s, Backlog& backlog) noexcept {
  if (!linked<ReadyTag>(backlog)) s.ready.push_back(backlog);
}

void drop_item(State& s, Backlog& backlog, Item* item) noexcept {
  backlog.bytes -= PrivateStore::cost(*item);
  if (item->entry_class != Item::kNoClass) {
    --s.rest_pending[item->entry_class];
    const bool whole = item->sent == item->size;
    tally(s, nullptr, whole ? Column::delivered : Column::closed, item->entry_class);
  }
  if (item == backlog.rest) {
    backlog.rest = nullptr;
    backlog.rest_member = nullptr;
  }
  if (item == backlog.cut_item) backlog.cut_item = nullptr;
  s.store.destroy(item);
}

void doom(State& s, SessionSlot session, CloseCode code) noexcept {
  Outlet& outlet = *s.outlets.find(session);
  if (outlet.doomed) return;
  outlet.doomed = true;
  Backlog& backlog = backlog_of(s, session);
  backlog.code = code;
  if (code == CloseCode::slow_consumer) ++s.counters.slow_consumers;
  if (linked<ReadyTag>(backlog)) s.ready.remove(backlog);
  if (linked<StallTag>(backlog)) s.stalled.remove(backlog);
  s.doomed.push_back(backlog);
  // Out of the sweeps; until the engine pops it, its entries go on waiting in the account.
  for (Member* member = outlet.members; member != nullptr; member = member->next) {
    track(s, *member);
  }
}

void after_write(State& s, SessionSlot session, Instant now, bool blocked, bool progress) noexcept {
  Outlet& outlet = *s.outlets.find(session);
  for (Member* member = outlet.members; member != nullptr; member = member->next) {
    const bool behind = next_of(*member) <= member->log().head ||
                        (member->laggard() != nullptr && member->laggard()->loss.count > 0);
    if (blocked || behind) {
      track(s, *member);
      if (blocked) member->laggard()->was_blocked = true;
    } else if (member->laggard() != nullptr) {
      untrack(s, *member);
      settle(s, member->log());
    }
    settle_choice(s, *member);
  }
  Backlog* backlog = outlet.backlog;
  if (blocked) {
    backlog = &backlog_of(s, session);
    backlog->blocked = true;
    if (linked<ReadyTag>(*backlog)) s.ready.remove(*backlog);
    if (progress || !linked<StallTag>(*backlog)) {
      if (linked<StallTag>(*backlog)) s.stalled.remove(*backlog);
      backlog->progress = now;
      s.stalled.push_back(*backlog);
    }
  } else if (backlog != nullptr) {
    if (linked<StallTag>(*backlog)) s.stalled.remove(*backlog);
    if (linked<ReadyTag>(*backlog)) s.ready.remove(*backlog);
    // Lost items that could not be told are tried again only once something has moved.
    const bool left = backlog->tracked > 0 || !backlog->plain.empty() || !backlog->held.empty() ||
                      backlog->rest != nullptr || (backlog->lost > 0 && progress);
    if (left) s.ready.push_back(*backlog);
  }
  if (backlog != nullptr && backlog->half_full && backlog->bytes <= reading_bound(s.limits) / 2) {
    backlog->half_full = false;
    if (!linked<ReliefTag>(*backlog)) s.relieved.push_back(*backlog);
  }
  refresh_flags(outlet);
  release_if_idle(s, session);
}

Status Fanout::open_outlet(SessionSlot session, Connection& connection,
                           const OutletOptions& options) noexcept {
  State& s = *state_;
  const bool json = options.profile.codec == CodecKind::json;
  if ((json ? s.codecs.json : s.codecs.flatbuffers) == nullptr) return Errc::unsupported;
  Outlet* outlet = s.outlets.make(session);
  if (outlet == nullptr || !s.backlogs.reserve(s.outlets_open + 1)) return Errc::limit_reached;
  CHATROOM_ASSERT(outlet->connection == nullptr);
  *outlet = Outlet{};
  outlet->connection = &connection;
  outlet->profile = options.profile.id() & 0xf;
  set_compress(session, options.compress);
  if (options.boundary == Boundary::message) {
    CHATROOM_ASSERT(options.max_frame > 0);
    outlet->max_frame = options.max_frame < kWriteBytesMax ? options.max_frame : kWriteBytesMax;
  }
  ++s.outlets_open;
  return {};
}

void Fanout::set_compress(SessionSlot session, Compress compress) noexcept {
  State& s = *state_;
  if (s.compressor != nullptr)
    s.outlets.find(session)->compress = static_cast<std::uint8_t>(compress) & 0xf;
}

void Fanout::close_outlet(SessionSlot session) noexcept {
  State& s = *state_;
  Outlet* outlet = s.outlets.find(session);
  if (outlet == nullptr || outlet->connection == nullptr) return;
  remove_all_members(s, *outlet);
  if (Backlog* backlog = outlet->backlog; backlog != nullptr) {
    drop_all_items(s, *backlog);
    if (linked<ReadyTag>(*backlog)) s.ready.remove(*backlog);
    if (linked<StallTag>(*backlog)) s.stalled.remove(*backlog);
    if (linked<DoomTag>(*backlog)) s.doomed.remove(*backlog);
    if (linked<ReliefTag>(*backlog)) s.relieved.remove(*backlog);
    s.backlogs.destroy(backlog);
  }
  *outlet = Outlet{};
  --s.outlets_open;
}

bool Fanout::next_doomed(Doomed& doomed) noexcept {
  State& s = *state_;
  Backlog* backlog = s.doomed.pop_front();
  if (backlog == nullptr) return false;
  doomed = {backlog->session, backlog->code};
  Outlet& outlet = *s.outlets.find(backlog->session);
  backlog->blocked = false;
  drop_all_items(s, *backlog);
  // Keeps the backlog alive while its members go.
  backlog->lost = 1;
  remove_all_members(s, outlet);
  backlog->lost = 0;
  release_if_idle(s, doomed.session);
  return true;
}

bool Fanout::next_relieved(SessionSlot& session) noexcept {
  Backlog* backlog = state_->relieved.pop_front();
  if (backlog == nullptr) return false;
  session = backlog->session;
  release_if_idle(*state_, session);
  return true;
}

void Fanout::on_writable(SessionSlot session) noexcept {
  Outlet* outlet = state_->outlets.find(session);
  if (outlet == nullptr || outlet->doomed || outlet->backlog == nullptr) return;
  if (!outlet->backlog->blocked) return;
  outlet->backlog->blocked = false;
  make_ready(*state_, *outlet->backlog);
}

bool Fanout::has_outlet(SessionSlot session) const noexcept {
  const Outlet* outlet = state_->outlets.find(session);
  return outlet != nullptr && outlet->connection != nullptr;
}
Connection& Fanout::connection(SessionSlot session) const noexcept {
  CHATROOM_ASSERT(has_outlet(session));
  return *state_->outlets.find(session)->connection;
}
bool Fanout::blocked(SessionSlot session) const noexcept {
  const Outlet* outlet = state_->outlets.find(session);
  return outlet != nullptr && outlet->backlog != nullptr && outlet->backlog->blocked;
}
Instant Fanout::blocked_since(SessionSlot session) const noexcept {
  return blocked(session) ? state_->outlets.find(session)->backlog->progress : Instant::never();
}
std::uint32_t Fanout::private_bytes(SessionSlot session) const noexcept {
  const Outlet* outlet = state_->outlets.find(session);
  return outlet == nullptr || outlet->backlog == nullptr ? 0 : outlet->backlog->bytes;
}
bool Fanout::half_full(SessionSlot session) const noexcept {
  const Outlet* outlet = state_->outlets.find(session);
  return outlet != nullptr && outlet->backlog != nullptr && outlet->backlog->half_full;
}

Instant Fanout::next_stall() const noexcept {
  const Backlog* first = state_->stalled.front();
  return first == nullptr ? Instant::never() : first->progress + state_->limits.write_stall;
}

void Fanout::doom_stalled(Instant now) noexcept {
  State& s = *state_;
  while (Backlog* first = s.stalled.front()) {
    if (now < first->progress + s.limits.write_stall) return;
    if (first->blocked) {
      doom(s, first->session, CloseCode::slow_consumer);
    } else {  // it may write again and waits for its visit: that is our delay, not the link's
      s.stalled.remove(*first);
      first->progress = now;
      s.stalled.push_back(*first);
    }
  }
}

}  // namespace chatroom::fanout
