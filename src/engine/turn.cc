// The turn: every way into the engine opens one, and this is where the order of its steps is read.
//
//   intake, decide   per input, while the turn is open (intake.cc, decide*.cc)
//   record           what rooms keep goes to storage, if there is one (record.cc, storing.cc)
//   spread           once at its end: what whole rooms are told (spread.cc)
//   flush            members behind their log get one write each, within the budget (flush.cc)
//   tell             the host's observer and local members; they may call back in (tell.cc)
//
// What members said in a room enters its log when it is decided, so that joins and leaves of the
// same turn stand at their true place; only rooms that store first wait for their completion.
#include <algorithm>

#include "base/plant.h"
#include "engine/cluster.h"
#include "engine/state.h"

namespace chatroom {

namespace {

// Calls made from tell decide at once and are spread in a further round; what is left after so many
// waits for the next turn, so that a host that answers every event with a message cannot hold the
// loop for ever.
constexpr int kRoundsPerTurn = 4;

// A storage that answers at once lets a room that stores first go on in the same turn.
constexpr int kStorageRoundsPerTurn = 64;

}  // namespace

TurnScope::TurnScope(Engine::State& state) noexcept : state_(state) { state_.enter(); }
TurnScope::~TurnScope() { state_.leave(); }

Engine::Turn::Turn(Engine& engine) noexcept : engine_(engine) {
  engine_.state_->record(engine::Record::turn_begin);
  engine_.state_->enter();
}
Engine::Turn::~Turn() {
  engine_.state_->record(engine::Record::turn_end);
  engine_.state_->leave();
}

void Engine::State::enter() noexcept {
  CHATROOM_ASSERT(!in_port);
  if (depth++ != 0) return;
  ++counters.turns;
  inputs = 0;
  input_bytes = 0;
  if (ports.loop == nullptr) return;
  const Instant moment = ports.loop->now();
  record(engine::Record::now, [&](engine::Packer& to) { to.i64(moment.us); });
  stamp(moment);
}

void Engine::State::leave() noexcept {
  CHATROOM_ASSERT(depth > 0);
  if (depth == 1 && !telling) {
    // Without a loop of its own, a host that polls gets one flush a tick, from advance.
    if (ports.loop != nullptr || inputs != 0) {
      Budget budget = recorded(options.budget);
      run_steps(budget, large_share());
    }
    set_alarm();
  }
  --depth;
}

// A turn over very many sockets ends itself now and then, so that its memory and delay are bounded.
void Engine::State::count_input(std::size_t bytes) noexcept {
  ++inputs;
  input_bytes += static_cast<std::uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX / 2));
  counters.bytes_in += bytes;
  dirty = true;
  if (CHATROOM_PLANTED(turn_never_ends_itself)) return;
  if (telling || (inputs < options.limits.turn_inputs && input_bytes < options.limits.turn_bytes)) {
    return;
  }
  Budget budget = recorded(options.budget);
  run_steps(budget, large_share());
  inputs = 1;
  input_bytes = 0;
}

// Once the loop is asked to come back at once, large rooms wait for that: a turn for input in
// between would be a second share before the loop has looked at its sockets again.
std::uint32_t Engine::State::large_share() const noexcept {
  if (ports.loop == nullptr) return UINT32_MAX;
  if (alarm <= now && !CHATROOM_PLANTED(large_share_doubled)) return 0;
  return options.limits.large_room_writes;
}

void Engine::State::run_steps(Budget& budget, std::uint32_t large) noexcept {
  more_work = false;
  for (int round = 0; round < kRoundsPerTurn; ++round) {
    dirty = false;
    take_completions();
    for (int i = 0; i < kStorageRoundsPerTurn; ++i) {
      record_changes();
      if (done_works.empty()) break;
      take_completions();
    }
    spread();
    settle_cluster();
    flush(budget, large);
    if (!tell()) break;
    if (!dirty) break;
  }
  settle_cluster();
  more_work = more_work || dirty || !locals_ready.empty() || !events.empty() ||
              !done_works.empty() || !changed_records.empty();
}

Instant Engine::State::advance(Instant moment, Budget budget) noexcept {
  CHATROOM_ASSERT(!in_port);
  CHATROOM_ASSERT(!telling);
  record(engine::Record::advance, [&](engine::Packer& to) {
    to.i64(moment.us);
    to.u32(budget.sends);
    to.u32(budget.commands);
    to.flag(budget.over != nullptr);
  });
  enter();
  stamp(moment);
  work(budget, UINT32_MAX);
  return next_deadline();
}

// The loop's alarm or wake: it is set anew afterwards, whatever it was.
void Engine::State::on_alarm() noexcept {
  record(engine::Record::alarm);
  alarm = Instant::never();
  enter();
  work(options.budget, large_share());
}

void Engine::State::work(Budget budget, std::uint32_t large) noexcept {
  take_broker(budget.commands);
  take_mail(budget.commands);
  take_timers(budget.commands);
  budget = recorded(budget);
  run_steps(budget, large);
  --depth;
  set_alarm();
}

// A clock that steps back stands still instead.
void Engine::State::stamp(Instant moment) noexcept { now = std::max(now, moment); }

Instant Engine::State::next_deadline() const noexcept {
  if (more_work || broker_waits || !mailbox->empty()) return now;
  const Instant losses =
      cluster == nullptr ? Instant::never() : std::min(cluster->tell_losses, cluster->tell_records);
  return std::min({wheel.next_due(), next_flush, losses, fanout.next_stall(),
                   rooms.next_idle_deadline(), rooms.next_sanction_due(), rooms.next_presence_due(),
                   rooms.next_overload_due(), rooms.next_line_due(), rooms.next_receipt_due(),
                   rooms.next_likes_due(), retry_appends, save_reads});
}

void Engine::State::set_alarm() noexcept {
  if (ports.loop == nullptr) return;
  const Instant next = next_deadline();
  if (next == alarm) return;
  alarm = next;
  ports.loop->set_alarm(next);
}

}  // namespace chatroom
