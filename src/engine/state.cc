// How an engine comes to be and what it may use.
#include "engine/state.h"

#include <algorithm>

namespace chatroom {

namespace {

using Blocks = engine::ByteQueue;

base::BlockPool::Shape blocks_shape(const Limits& limits) noexcept {
  return {Blocks::kBlockBytes,
          static_cast<std::size_t>(limits.waiting_bytes / Blocks::kBlockBytes)};
}

// Two blocks an event at most, and a place for the end of every session beside the others.
base::BlockPool::Shape events_shape(const Limits& limits) noexcept {
  return {Blocks::kBlockBytes, 2 * (std::size_t{limits.events} + limits.sessions)};
}

std::size_t packed_bytes(const Limits& limits) noexcept {
  return std::size_t{limits.frame_bytes} + 16 * 1024;
}
std::size_t held_bytes(const Limits& limits) noexcept {
  return 2 * std::size_t{limits.frame_bytes} + 64;
}
// Results of a read: kept to page_bytes, but a first one may be longer than that alone.
std::size_t page_bytes(const Limits& limits) noexcept {
  return std::size_t{limits.page_bytes} + limits.text_bytes + limits.data_bytes + 4096;
}
constexpr std::size_t kMailBytes = 16 * 1024;
constexpr std::size_t kTriesKept = 1'024;  // of wrong passwords
FlatbuffersOptions peer_codec(const Limits& limits) noexcept {
  return {.frame_bytes_max = 128 * 1024, .data_bytes_max = limits.data_bytes, .events_in = false};
}
constexpr FlatbuffersOptions kLocalCodec{.frame_bytes_max = 128 * 1024, .events_in = true};

std::size_t scratch_bytes(const Limits& limits, bool stores) noexcept {
  return engine::LocalLink::kFrameBytes + held_bytes(limits) + kMailBytes +
         3 * packed_bytes(limits) + page_bytes(limits) + (stores ? kStoredRecordBytesMax : 0);
}

// What is not asked for through the engine's own account: the engine itself, and the mailbox, which
// lives as long as the last Remote.
std::size_t outside_bytes(const Limits& limits) noexcept {
  return sizeof(engine::Mailbox) + limits.mailbox_bytes + sizeof(Engine) + sizeof(Engine::State);
}

// One more than may stay, for the newcomer that pushes the oldest out.
std::size_t half_open_max(const Limits& limits) noexcept {
  return std::min<std::size_t>(limits.sessions, std::size_t{limits.half_open} + 1);
}

std::uint32_t counted_addresses(const Limits& limits) noexcept {
  return limits.address_commands.limited() ? limits.sessions : 0;
}

}  // namespace

MemoryPlan plan(const Limits& limits) noexcept {
  const room::RegistryPlan rooms = room::plan_registry(limits);
  MemoryPlan plan;
  plan.sessions_bytes =
      base::SlotMap<engine::SessionRecord, SessionId>::bytes_max(limits.sessions) +
      base::Vector<SessionId>::bytes_max(limits.sessions) * 2 +
      base::Pool<engine::LocalLink>::bytes_max(limits.sessions) + fanout::outlets_ceiling(limits) +
      fanout::members_ceiling(limits) +
      base::Pool<engine::HalfOpen>::bytes_max(half_open_max(limits)) +
      base::Pool<engine::ByteQueue>::bytes_max(limits.sessions);
  plan.rooms_bytes = rooms.rooms_bytes + fanout::logs_ceiling(limits);
  plan.logs_bytes = fanout::log_pool_ceiling(limits);
  plan.private_bytes = fanout::private_pool_ceiling(limits);
  plan.input_bytes = session::Sessions::ceiling_bytes(limits);
  plan.history_bytes = rooms.history_bytes;
  plan.tables_bytes =
      rooms.users_bytes + rooms.keys_bytes + fanout::scratch_ceiling(limits) +
      base::SlotMap<engine::Pending, Question>::bytes_max(limits.questions) +
      base::SlotMap<engine::Scheduled, ScheduleId>::bytes_max(limits.scheduled) +
      base::BlockPool::bytes_max(blocks_shape(limits)) +
      base::BlockPool::bytes_max(events_shape(limits)) + scratch_bytes(limits, true) +
      base::Pool<engine::RoomRecord>::bytes_max(limits.rooms) +
      engine::HeldMessages::bytes_max(limits.held_messages) +
      base::SlotMap<engine::StorageWork, StorageRequest>::bytes_max(limits.storage_waiting) +
      base::Ring<StorageRequest>::bytes_max(limits.storage_waiting) +
      base::Vector<Message>::bytes_max(limits.page_messages) +
      base::Vector<std::string_view>::bytes_max(limits.page_messages * kMentionsPerMessage) +
      base::Vector<engine::Passed>::bytes_max(limits.passwords_known) +
      engine::Refusals::bytes_max(limits.refusals) +
      base::Vector<base::FixedText<64>>::bytes_max(limits.traced_users) +
      base::Vector<std::int64_t>::bytes_max(kTriesKept) +
      engine::ProfileCache::bytes_max(limits.profiles) +
      base::Buckets::bytes_max(counted_addresses(limits)) +
      base::Vector<std::uint64_t>::bytes_max(counted_addresses(limits)) +
      FlatbuffersCodec::bytes_needed(peer_codec(limits)) +
      FlatbuffersCodec::bytes_needed(kLocalCodec) + outside_bytes(limits) + 64 * 1024;
  plan.broker_bytes = Engine::State::cluster_bytes(limits);
  plan.ceiling_bytes = plan.sessions_bytes + plan.rooms_bytes + plan.logs_bytes +
                       plan.private_bytes + plan.input_bytes + plan.history_bytes +
                       plan.tables_bytes;
  return plan;
}

engine::Tables::Tables(const EngineOptions& given, const EnginePorts& given_ports) noexcept
    : options(given),
      ports(given_ports),
      memory(*given_ports.memory,
             plan(given.limits).ceiling_bytes - outside_bytes(given.limits) +
                 (given_ports.broker == nullptr ? 0 : Engine::State::cluster_bytes(given.limits))),
      codec(memory, peer_codec(given.limits)),
      local_codec(memory, kLocalCodec),
      sessions(options.limits, memory),
      slots(memory, given.limits.sessions),
      questions(memory, given.limits.questions),
      scheduled(memory, given.limits.scheduled),
      blocks(memory, blocks_shape(given.limits)),
      event_blocks(memory, events_shape(given.limits)),
      links(memory, given.limits.sessions),
      half_open_records(memory, half_open_max(given.limits)),
      held_queues(memory, given.limits.sessions),
      closing(memory, given.limits.sessions),
      locals_ready(memory, given.limits.sessions),
      held_messages(memory, blocks, given.limits.held_messages),
      room_records(memory, given.limits.rooms),
      storage_works(memory, given.limits.storage_waiting),
      done_works(memory, given.limits.storage_waiting),
      loaded(memory, given.limits.page_messages),
      loaded_mentions(memory, given.limits.page_messages * kMentionsPerMessage),
      known_passwords(memory, std::max(given.limits.passwords_known, 1u)),
      wrong_tries(memory, kTriesKept),
      profiles(memory, given.limits.profiles),
      address_of(memory, counted_addresses(given.limits)),
      random(0),
      refusals(memory, given.limits.refusals),
      traced(memory, given.limits.traced_users),
      now(given.start) {
  const std::string_view room_owner = given.new_room_policy.owner;
  new_room_owner.assign(room_owner);
  options.new_room_policy.owner = new_room_owner.view();
}

Engine::State::State(Engine& owner, const EngineOptions& given,
                     const EnginePorts& given_ports) noexcept
    : Taped(given, given_ports), engine(owner) {}

Engine::State::~State() {
  leave_cluster();
  if (mailbox != nullptr) {
    mailbox->shut();
    mailbox->drop_reference();
  }
  for (std::uint32_t i = 0; i < slots.extent(); ++i) {
    SessionRecord* record = slots.at(i);
    if (record == nullptr) continue;
    wheel.cancel(record->timer);
    sessions.close(record->protocol);
    forget_half_open(*record);
    if (record->local) links.destroy(record->link);
  }
  for (std::uint32_t i = 0; i < questions.extent(); ++i) {
    if (Pending* pending = questions.at(i)) wheel.cancel(pending->timer);
  }
  for (std::uint32_t i = 0; i < scheduled.extent(); ++i) {
    if (engine::Scheduled* later = scheduled.at(i)) wheel.cancel(later->timer);
  }
  if (scratch_block != nullptr) {
    memory.release(scratch_block, scratch_bytes(options.limits, ports.storage != nullptr),
                   alignof(std::max_align_t));
  }
}

Status Engine::State::create(const Seeds& seeds) noexcept {
  const Limits& limits = options.limits;
  if (!codec.ready() || !local_codec.ready()) return Errc::limit_reached;
  if (!refusals.reserve()) return Errc::limit_reached;
  if (!closing.reserve(limits.sessions) || !locals_ready.reserve(limits.sessions)) {
    return Errc::limit_reached;
  }
  if (ports.storage != nullptr &&
      !(done_works.reserve(limits.storage_waiting) && loaded.reserve(limits.page_messages) &&
        loaded_mentions.resize(limits.page_messages * kMentionsPerMessage))) {
    return Errc::limit_reached;
  }
  if (ports.passwords != nullptr &&
      !(known_passwords.resize(known_passwords.size_max()) && wrong_tries.resize(kTriesKept))) {
    return Errc::limit_reached;
  }
  if (ports.profiles != nullptr) profiles.begin({seeds.hash_low, seeds.hash_high});
  if (limits.address_commands.limited()) {
    addresses.emplace(memory, base::HashKey{seeds.hash_low, seeds.hash_high},
                      counted_addresses(limits));
  }
  tries_key = {seeds.random ^ 0x70617373776f7264, ~seeds.random};
  const bool stores = ports.storage != nullptr;
  scratch_block = memory.allocate(scratch_bytes(limits, stores), alignof(std::max_align_t));
  if (scratch_block == nullptr) return Errc::limit_reached;
  std::byte* at = static_cast<std::byte*>(scratch_block);
  const auto cut = [&at](std::size_t size) {
    return MutableBytes{std::exchange(at, at + size), size};
  };
  scratch.told = cut(engine::LocalLink::kFrameBytes);
  scratch.held = cut(held_bytes(limits));
  scratch.mail = cut(kMailBytes);
  scratch.packed = cut(packed_bytes(limits));
  scratch.record = cut(packed_bytes(limits));
  scratch.page = cut(page_bytes(limits));
  scratch.unpacked = cut(packed_bytes(limits));
  scratch.kept = cut(stores ? kStoredRecordBytesMax : 0);

  record_begin(seeds);
  random = base::Random{seeds.random};
  mailbox = engine::Mailbox::create(*ports.memory, ports.loop, limits.mailbox_bytes,
                                    limits.mailbox_messages);
  if (mailbox == nullptr) return Errc::limit_reached;
  Compressor* const compressing = ports.compressor == nullptr ? nullptr : &compressor;
  const Status begun = sessions.create({.flatbuffers = &codec,
                                        .json = ports.json,
                                        .compressor = compressing,
                                        .seed = random.next()});
  if (!begun) return begun;
  const Status registry =
      rooms.init(memory, limits, {seeds.hash_low, seeds.hash_high}, random.next());
  if (!registry) return registry;
  fanout::WriteTap tap;
  if (ports.recorder != nullptr)
    tap = {.on_write = &record_write, .context = static_cast<engine::Taped*>(this)};
  const Status brought =
      fanout.init(memory, limits, {.flatbuffers = &codec, .json = ports.json}, tap, compressing);
  return brought ? enter_cluster({seeds.hash_low, seeds.hash_high}) : brought;
}

MetricsSnapshot Engine::metrics() const noexcept {
  const State& state = *state_;
  MetricsSnapshot snapshot = state.counters;
  const fanout::Counters out = state.fanout.counters();
  snapshot.sessions = state.slots.size() - state.guest_count();
  snapshot.sessions_half_open = state.half_open.size();
  snapshot.rooms = state.rooms.room_count() - state.mirror_count();
  snapshot.blocked_members = out.blocked_members;
  snapshot.log_bytes = out.log_bytes;
  snapshot.private_bytes = out.private_bytes;
  snapshot.memory_bytes = state.memory.bytes_held() + outside_bytes(state.options.limits);
  snapshot.questions_waiting = state.questions.size();
  for (const engine::Breaker& breaker : state.breakers) {
    if (breaker.open_for(state.now).us > 0) ++snapshot.breakers_open;
  }
  snapshot.bytes_out = out.bytes_out;
  snapshot.writes = out.writes;
  snapshot.writes_blocked = out.writes_blocked;
  snapshot.gaps = out.gaps;
  snapshot.deflated_runs = out.deflated_runs;
  snapshot.deflated_from = out.deflated_from;
  snapshot.deflated_to = out.deflated_to;
  snapshot.ledger = state.fanout.ledger();
  for (RoomId room = state.rooms.first_room(); room; room = state.rooms.next_room(room)) {
    const room::RoomView view = state.rooms.view(room);
    snapshot.memberships += view.sessions;
  }
  snapshot.memberships -= state.guest_memberships();
  snapshot.history_bytes = state.rooms.history_bytes();
  return snapshot;
}

void Engine::inspect(RoomInfoVisitor visit, void* context) const noexcept {
  const State& state = *state_;
  for (RoomId room = state.rooms.first_room(); room; room = state.rooms.next_room(room)) {
    const room::RoomView view = state.rooms.view(room);
    const fanout::RoomCounters out = state.fanout.room_counters(room.index);
    const RoomInfo info{.key = view.key,
                        .online = view.users,
                        .sessions = view.sessions,
                        .blocked = out.blocked,
                        .log_bytes = out.log_bytes,
                        .history_messages = view.history_messages,
                        .position = view.position};
    if (!visit(context, info)) return;
  }
}

std::size_t Engine::top_rooms(std::span<RoomCost> out, RoomOrder by) const noexcept {
  const auto worth = [by](const RoomCost& cost) noexcept {
    switch (by) {
      case RoomOrder::deliveries:
        return cost.deliveries;
      case RoomOrder::bytes:
        return cost.bytes;
      case RoomOrder::entries:
        return cost.entries;
      case RoomOrder::lag:
        return cost.lag_bytes;
    }
    return std::uint64_t{0};
  };
  const State& state = *state_;
  std::size_t found = 0;
  for (RoomId room = state.rooms.first_room(); room; room = state.rooms.next_room(room)) {
    const room::RoomView view = state.rooms.view(room);
    const fanout::RoomCounters counted = state.fanout.room_counters(room.index);
    const RoomCost cost{.key = view.key,
                        .online = view.users,
                        .blocked = counted.blocked,
                        .entries = counted.entries,
                        .deliveries = counted.offered,
                        .bytes = counted.offered_bytes,
                        .lag_bytes = counted.log_bytes};
    // Into its place among the few that lead so far; of equals the older room stays in front.
    std::size_t at = std::min(found, out.size());
    while (at > 0 && worth(out[at - 1]) < worth(cost)) --at;
    if (at == out.size()) continue;
    if (found < out.size()) ++found;
    std::move_backward(out.begin() + static_cast<std::ptrdiff_t>(at),
                       out.begin() + static_cast<std::ptrdiff_t>(found) - 1,
                       out.begin() + static_cast<std::ptrdiff_t>(found));
    out[at] = cost;
  }
  return found;
}

Result<Refusal> Engine::why(std::uint64_t verdict) const noexcept {
  const Refusal told = state_->refusals.find(verdict);
  if (!told) return Errc::not_found;
  return told;
}

std::size_t Engine::refusals(std::string_view user, std::span<Refusal> out) const noexcept {
  return state_->refusals.list(user, out);
}

void Engine::State::log(LogLevel level, std::string_view line) noexcept {
  if (ports.log != nullptr) ports.log->log(level, line);
}

}  // namespace chatroom
