#include "engine/recording.h"

#include "engine/state.h"

namespace chatroom {

namespace engine {

void pack(Packer& to, const Limits& limits) noexcept {
  each_limit(limits, [&to](auto value) { to.u64(static_cast<std::uint64_t>(value)); });
}

void unpack(Unpacker& from, Limits& limits) noexcept {
  each_limit(limits, [&from]<class T>(T& value) { value = static_cast<T>(from.u64()); });
}

namespace {

// Every word of a tenant's policy, in one order.
template <class P, class Each>
void each_word(P& policy, Each each) noexcept {
  each(policy.rooms), each(policy.sessions), each(policy.memberships), each(policy.history_bytes);
  for (auto* rate : {&policy.commands, &policy.publishes, &policy.writes}) {
    each(rate->per_second), each(rate->burst);
  }
}
static_assert(sizeof(TenantPolicy) == 48, "a word that is added must be added above");

}  // namespace

void pack(Packer& to, const TenantPolicy& policy) noexcept {
  each_word(policy, [&to](auto value) { to.u64(std::uint64_t{value}); });
}

void unpack(Unpacker& from, TenantPolicy& policy) noexcept {
  each_word(policy, [&from]<class T>(T& value) { value = static_cast<T>(from.u64()); });
}

void pack(Packer& to, const EngineOptions& options) noexcept {
  to.u64(options.seed);
  to.i64(options.start.us);
  pack(to, options.limits);
  to.flag(options.open_server);
  to.flag(options.open_rooms);
  pack(to, options.new_room_policy);
  to.u8(static_cast<std::uint8_t>(options.unfiltered));
  to.u32(options.slow_work);
  to.u32(options.budget.sends);
  to.u32(options.budget.commands);
}

void unpack(Unpacker& from, EngineOptions& options) noexcept {
  options.seed = from.u64();
  options.start.us = from.i64();
  unpack(from, options.limits);
  options.open_server = from.flag();
  options.open_rooms = from.flag();
  unpack(from, options.new_room_policy);
  options.unfiltered = static_cast<Unfiltered>(from.u8());
  options.slow_work = from.u32();
  options.budget.sends = from.u32();
  options.budget.commands = from.u32();
}

void pack(Packer& to, const SessionOptions& options) noexcept {
  to.u8(static_cast<std::uint8_t>(options.codec));
  to.u8(static_cast<std::uint8_t>(options.framing));
  to.u8(static_cast<std::uint8_t>(options.boundary));
  to.u8(static_cast<std::uint8_t>(options.compress));
  to.u32(options.max_frame);
  to.flag(options.identity != nullptr);
  pack(to, options.identity != nullptr ? *options.identity : Identity{});
  to.text(options.peer);
  to.i64(options.deadline.us);
}

void unpack(Unpacker& from, SessionOptions& options, Identity& identity) noexcept {
  options.codec = static_cast<CodecKind>(from.u8());
  options.framing = static_cast<Framing>(from.u8());
  options.boundary = static_cast<Boundary>(from.u8());
  options.compress = static_cast<Compress>(from.u8());
  options.max_frame = from.u32();
  const bool known = from.flag();
  unpack(from, identity);
  options.identity = known ? &identity : nullptr;
  options.peer = from.text();
  options.deadline.us = from.i64();
}

}  // namespace engine

using engine::Record;

void engine::Taped::record_begin(const Seeds& seeds) noexcept {
  record(Record::begin, [&](engine::Packer& to) {
    to.text(engine::kRecordMagic);
    to.u64(seeds.random);
    to.u64(seeds.hash_low);
    to.u64(seeds.hash_high);
    pack(to, options);
    to.flag(ports.loop != nullptr);
    to.flag(ports.json != nullptr);
    to.flag(ports.auth != nullptr);
    to.flag(ports.rules != nullptr);
    to.flag(ports.filter != nullptr);
    to.flag(ports.passwords != nullptr);
    to.flag(ports.relations != nullptr);
    to.flag(ports.profiles != nullptr);
    to.flag(ports.storage != nullptr);
    to.flag(ports.observer != nullptr);
    to.flag(ports.compressor != nullptr);
    to.flag(ports.slow_work != nullptr);
    to.flag(options.budget.over != nullptr);
  });
}

// Sees what every Connection took. The hash runs over the pieces as they were offered: a replay
// offers the same ones.
void engine::Taped::record_write(void* context, std::uint32_t session,
                                 std::span<const Bytes> pieces, std::size_t taken) noexcept {
  Taped& state = *static_cast<Taped*>(context);
  std::uint64_t hash = 0;
  std::size_t offered = 0;
  for (const Bytes piece : pieces) {
    hash = base::siphash({hash, offered}, piece);
    offered += piece.size();
  }
  state.record(Record::wrote, [&](engine::Packer& to) {
    to.u32(session);
    to.u32(static_cast<std::uint32_t>(offered));
    to.u32(static_cast<std::uint32_t>(taken));
    to.u64(hash);
  });
}

void engine::RecordedCompressor::restart(std::uint8_t window_bits) noexcept {
  state_.ports.compressor->restart(window_bits);
}

std::size_t engine::RecordedCompressor::deflate(std::span<const Bytes> payload,
                                                MutableBytes out) noexcept {
  const std::size_t size = state_.ports.compressor->deflate(payload, out);
  state_.record(
      Record::deflated, [](engine::Packer&) {}, Bytes{out}.first(size));
  return size;
}

Compressor::Inflated engine::RecordedCompressor::inflate(Bytes message, MutableBytes out) noexcept {
  const Inflated done = state_.ports.compressor->inflate(message, out);
  state_.record(
      Record::inflated, [&](engine::Packer& to) { to.u8(static_cast<std::uint8_t>(done.outcome)); },
      Bytes{out}.first(done.outcome == Outcome::whole ? done.size : 0));
  return done;
}

// Budget::over is the host's answer too: asked through here, so that it is recorded.
bool engine::Taped::record_over(void* context) noexcept {
  Taped& state = *static_cast<Taped*>(context);
  const bool over = state.asked_budget.over(state.asked_budget.arg);
  state.record(Record::over, [&](engine::Packer& to) { to.flag(over); });
  return over;
}

Budget engine::Taped::recorded(Budget budget) noexcept {
  if (ports.recorder == nullptr || budget.over == nullptr) return budget;
  asked_budget = budget;
  budget.over = &record_over;
  budget.arg = this;
  return budget;
}

}  // namespace chatroom
