// The engine's public face: checks, a turn around each call, and the way into State.
#include "chatroom/engine.h"

#include <algorithm>
#include <new>

#include "engine/host_input.h"
#include "engine/state.h"

namespace chatroom {

using engine::admit;
using engine::Packer;
using engine::Record;

namespace {

Status check(const EngineOptions& options, const EnginePorts& ports) noexcept {
  const Limits& limits = options.limits;
  if (ports.memory == nullptr) return Errc::bad_request;
  if (ports.loop == nullptr && options.seed == 0) return Errc::bad_request;  // no entropy
  if (ports.broker != nullptr && ports.recorder != nullptr) return Errc::unsupported;
  if (ports.broker != nullptr && limits.questions == 0) return Errc::bad_request;
  if (limits.sessions == 0 || limits.rooms == 0 || limits.channels_per_room > 32) {
    return Errc::bad_request;
  }
  if (limits.tenants > kTenantsMax) return Errc::bad_request;
  if (limits.frame_bytes < 4096 || limits.private_bytes <= limits.page_bytes) {
    return Errc::bad_request;
  }
  if (limits.large_room_writes == 0) return Errc::bad_request;  // such a room would get nothing
  return {};
}

}  // namespace

// With a loop the hash key is always the loop's: a seed that somebody may know must not be a way to
// make collisions.
Engine::State::Seeds Engine::State::make_seeds(std::uint64_t seed, EventLoop* loop) noexcept {
  base::Random from{seed};
  Seeds seeds{.random = seed, .hash_low = from.next(), .hash_high = from.next()};
  if (loop == nullptr) return seeds;
  std::uint64_t words[3];
  loop->entropy(std::as_writable_bytes(std::span{words}));
  seeds.hash_low = words[0];
  seeds.hash_high = words[1];
  if (CHATROOM_PLANTED(hash_key_fixed)) seeds.hash_low = seeds.hash_high = 0;
  if (seed == 0) seeds.random = words[2];
  return seeds;
}

Result<EnginePtr> Engine::create(const EngineOptions& options, const EnginePorts& ports) noexcept {
  if (const Status checked = check(options, ports); !checked) return checked.error();
  struct Block {
    Engine engine;
    alignas(State) std::byte state[sizeof(State)];
  };
  void* memory = ports.memory->allocate(sizeof(Block), alignof(Block));
  if (memory == nullptr) return Errc::limit_reached;
  Block* block = static_cast<Block*>(memory);
  Engine* engine = ::new (&block->engine) Engine;
  engine->state_ = ::new (block->state) State(*engine, options, ports);
  EnginePtr owner{engine};
  const Status created = engine->state_->create(State::make_seeds(options.seed, ports.loop));
  if (!created) return created.error();
  engine->state_->attached = ports.loop != nullptr;
  if (ports.loop != nullptr) ports.loop->attach(engine);
  return owner;
}

void EnginePtr::reset() noexcept {
  if (engine_ == nullptr) return;
  struct Block {
    Engine engine;
    alignas(Engine::State) std::byte state[sizeof(Engine::State)];
  };
  Engine::State* state = engine_->state_;
  CHATROOM_ASSERT(state->depth == 0);
  Memory& memory = *state->ports.memory;
  if (state->attached) state->ports.loop->attach(nullptr);
  state->~State();
  engine_->~Engine();
  memory.release(engine_, sizeof(Block), alignof(Block));
  engine_ = nullptr;
}

void Engine::on_loop() noexcept { state_->on_alarm(); }

// ---- Turn

void Engine::Turn::on_bytes(SessionId session, Bytes bytes) noexcept {
  State& state = *engine_.state_;
  do {
    const Bytes slice = bytes.first(std::min<std::size_t>(bytes.size(), 64 * 1024));
    bytes = bytes.subspan(slice.size());
    state.record(
        Record::bytes, [&](Packer& to) { to.handle(session); }, slice);
    state.take_bytes(session, slice);
  } while (!bytes.empty());
}

void Engine::Turn::on_frame(SessionId session, FrameKind kind, Bytes payload) noexcept {
  State& state = *engine_.state_;
  state.record(
      Record::frame,
      [&](Packer& to) {
        to.handle(session);
        to.u8(static_cast<std::uint8_t>(kind));
      },
      payload);
  state.take_frame(session, kind, payload);
}

void Engine::Turn::on_fault(SessionId session, CloseCode code) noexcept {
  engine_.state_->record(Record::fault, [&](Packer& to) {
    to.handle(session);
    to.u16(static_cast<std::uint16_t>(code));
  });
  engine_.state_->take_fault(session, code);
}

void Engine::Turn::on_writable(SessionId session) noexcept {
  if (!CHATROOM_PLANTED(writable_not_recorded)) {
    engine_.state_->record(Record::writable, [&](Packer& to) { to.handle(session); });
  }
  engine_.state_->take_writable(session);
}

void Engine::Turn::on_closed(SessionId session) noexcept {
  engine_.state_->record(Record::closed, [&](Packer& to) { to.handle(session); });
  engine_.state_->take_closed(session);
}

// ---- Sessions

Result<SessionId> Engine::open(Connection& connection, const SessionOptions& options) noexcept {
  const Limits& limits = state_->options.limits;
  const Identity nobody;
  Error error = admit(limits, options.identity == nullptr ? nobody : *options.identity);
  if (error.code == Errc::ok) error = admit(limits, options.peer.size());
  if (error.code != Errc::ok) return error;
  state_->record(Record::open, [&](Packer& to) { pack(to, options); });
  const TurnScope turn{*state_};
  return state_->open(connection, options);
}

Result<SessionId> Engine::open_local(LocalMember& member, const Identity& identity) noexcept {
  if (const Error error = admit(state_->options.limits, identity); error.code != Errc::ok) {
    return error;
  }
  state_->record(Record::open_local, [&](Packer& to) { pack(to, identity); });
  const TurnScope turn{*state_};
  return state_->open_local(member, identity);
}

Status Engine::close(SessionId session, CloseCode code) noexcept {
  state_->record(Record::close, [&](Packer& to) {
    to.handle(session);
    to.u16(static_cast<std::uint16_t>(code));
  });
  const TurnScope turn{*state_};
  if (state_->slots.get(session) == nullptr) return Errc::not_found;
  state_->end_session(session, code, LeaveReason::left);
  return {};
}

std::string_view Engine::user_of(SessionId session) const noexcept {
  if (state_->slots.get(session) == nullptr) return {};
  const room::UserIndex user = state_->rooms.user_of(session.index);
  return user == room::kNone ? std::string_view{} : state_->rooms.user(user).id;
}

// ---- Calls on behalf of a session: the fields that a client would have sent.

Result<Ticket> Engine::join(SessionId session, const JoinOptions& options, Tag tag) noexcept {
  const room::EpochText epoch = room::epoch_text(options.since.epoch);
  Command command;
  command.op = Op::join;
  command.room = options.room;
  command.channels = options.channels;
  command.password = options.password;
  command.has_since = options.recover;
  command.since_epoch = epoch.view();
  command.since_offset = options.since.offset;
  command.recent = options.recent;
  return state_->host_call(session, command, tag);
}

Result<Ticket> Engine::command(SessionId session, const Command& command, Tag tag) noexcept {
  return state_->host_call(session, command, tag);
}

Result<Ticket> Engine::leave(SessionId session, std::string_view room, Tag tag) noexcept {
  Command command;
  command.op = Op::leave;
  command.room = room;
  return state_->host_call(session, command, tag);
}

Result<Ticket> Engine::publish(SessionId session, const Outgoing& message, Tag tag) noexcept {
  Command command;
  command.op = Op::publish;
  command.room = message.room;
  command.out = message;
  command.has_text = !message.text.empty();
  return state_->host_call(session, command, tag);
}

Result<Ticket> Engine::subscribe(SessionId session, std::string_view room,
                                 std::string_view channel) noexcept {
  Command command;
  command.op = Op::subscribe;
  command.room = room;
  command.channel = channel;
  return state_->host_call(session, command, 0);
}

Result<Ticket> Engine::unsubscribe(SessionId session, std::string_view room,
                                   std::string_view channel) noexcept {
  Command command;
  command.op = Op::unsubscribe;
  command.room = room;
  command.channel = channel;
  return state_->host_call(session, command, 0);
}

// ---- Tenants

Status Engine::set_tenant(std::string_view name, const TenantPolicy& policy) noexcept {
  if (const Error error = admit(state_->options.limits, name.size()); error.code != Errc::ok) {
    return error;
  }
  state_->record(Record::set_tenant, [&](Packer& to) {
    to.text(name);
    pack(to, policy);
  });
  const TurnScope turn{*state_};
  if (const Status set = state_->rooms.set_tenant(name, policy); !set) return set;
  state_->fanout.set_visits(state_->rooms.tenant_index(name), policy.writes);
  return {};
}

Status Engine::remove_tenant(std::string_view name) noexcept {
  if (const Error error = admit(state_->options.limits, name.size()); error.code != Errc::ok) {
    return error;
  }
  state_->record(Record::remove_tenant, [&](Packer& to) { to.text(name); });
  const TurnScope turn{*state_};
  const std::uint16_t index = state_->rooms.tenant_index(name);
  if (const Status removed = state_->rooms.remove_tenant(name); !removed) return removed;
  state_->fanout.forget_visits(index);
  return {};
}

Result<TenantUsage> Engine::tenant(std::string_view name) const noexcept {
  Result<TenantUsage> used = state_->rooms.tenant(name);
  if (!used) return used;
  const fanout::Share share = state_->fanout.share(state_->rooms.tenant_index(name));
  used->writes = share.visits;
  used->waits = share.waits;
  return used;
}

// ---- The rest

Instant Engine::advance(Instant now, Budget budget) noexcept {
  return state_->advance(now, budget);
}

Status Engine::answer(Question question, const Answer& answer) noexcept {
  if (const Error error = admit(state_->options.limits, answer); error.code != Errc::ok) {
    return error;
  }
  state_->record(Record::answer, [&](Packer& to) {
    to.handle(question);
    pack(to, answer);
  });
  const TurnScope turn{*state_};
  if (answer.verdict == Answer::Verdict::later) return Errc::bad_request;
  return state_->take_answer(question, answer);
}

Result<Room> Engine::open_room(std::string_view key, const RoomPolicy& policy) noexcept {
  if (const Error error = admit(state_->options.limits, key.size() + policy.owner.size());
      error.code != Errc::ok) {
    return error;
  }
  state_->record(Record::open_room, [&](Packer& to) {
    to.text(key);
    pack(to, policy);
  });
  const TurnScope turn{*state_};
  const Lease lease = state_->cluster == nullptr ? Lease{} : state_->ports.broker->claim(key);
  const bool elsewhere = lease.home != kNoPeer && !state_->is_home(lease);
  const Result<RoomId> room =
      elsewhere ? state_->follow_room(key, policy, lease.home) : state_->open_room(key, policy, {});
  if (!room) return room.error();
  return Room{this, *room};
}

Result<Room> Engine::room(std::string_view key) noexcept {
  const RoomId room = state_->rooms.find(key);
  if (!room) return Errc::not_found;
  return Room{this, room};
}

Room Engine::room(RoomId id) noexcept { return Room{this, id}; }

Remote Engine::remote() noexcept { return Remote{state_->mailbox}; }

void Engine::drain(CloseCode code, Duration spread) noexcept {
  state_->record(Record::drain, [&](Packer& to) {
    to.u16(static_cast<std::uint16_t>(code));
    to.i64(spread.us);
  });
  const TurnScope turn{*state_};
  state_->drain(code, spread);
}

bool Engine::drained() const noexcept {
  return state_->draining && state_->slots.size() == state_->guest_count() &&
         state_->changed_records.empty() && state_->waiting_records.empty() &&
         state_->storage_works.size() == 0;
}

}  // namespace chatroom
