// The life of a session: open, authentication, deadlines, what it tells a client about itself.
#include "session/session.h"

#include <algorithm>

#include "base/checked.h"
#include "base/plant.h"
#include "chatroom/assert.h"

namespace chatroom::session {

namespace {

Instant after(Instant at, Duration by) noexcept {
  if (by.us <= 0) return Instant::never();  // a length of nothing switches the deadline off
  return {base::saturating_add(at.us, by.us)};
}

void write_hex(std::uint64_t value, char* out) noexcept {
  for (int i = 0; i < 16; ++i) out[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
}

constexpr std::uint32_t kProtocolVersion = 1;

}  // namespace

Sessions::Sessions(const Limits& limits, Memory& memory) noexcept
    : limits_(limits), memory_(memory), pool_(memory, limits.input_pool_bytes) {}

Sessions::~Sessions() {
  for (const MutableBytes block : {scratch_, inflated_}) {
    if (!block.empty()) memory_.release(block.data(), block.size(), kScratchAlign);
  }
}

Status Sessions::create(const Options& options) noexcept {
  CHATROOM_ASSERT(scratch_.empty());
  void* const place = memory_.allocate(scratch_bytes(limits_), kScratchAlign);
  if (place == nullptr) return Errc::limit_reached;
  scratch_ = {static_cast<std::byte*>(place), scratch_bytes(limits_)};
  if (options.compressor != nullptr) {
    void* const second = memory_.allocate(scratch_bytes(limits_), kScratchAlign);
    if (second == nullptr) return Errc::limit_reached;
    inflated_ = {static_cast<std::byte*>(second), scratch_bytes(limits_)};
    compressor_ = options.compressor;
  }
  codecs_[static_cast<int>(CodecKind::flatbuffers)] = options.flatbuffers;
  codecs_[static_cast<int>(CodecKind::json)] = options.json;
  random_ = base::Random{options.seed};
  return {};
}

std::size_t Sessions::scratch_bytes(const Limits& limits) noexcept {
  return kScratchAlign + std::max(limits.frame_bytes, limits.frame_bytes_before_auth);
}

std::uint64_t Sessions::ceiling_bytes(const Limits& limits) noexcept {
  return InputPool::ceiling_bytes(limits.input_pool_bytes) + 2 * scratch_bytes(limits);
}

Status Sessions::open(Session& session, const Opening& opening, Instant now) noexcept {
  if (codecs_[static_cast<int>(opening.codec)] == nullptr) return Errc::unsupported;
  session = {};
  session.id = random_.next();
  if (opening.known) {
    session.joins = base::Bucket{};
    session.owed = 0;
  } else {
    session.auth_by = std::min(after(now, limits_.auth_deadline), opening.deadline);
  }
  session.heard = now;
  session.state = opening.known ? State::usable : State::connected;
  session.codec = opening.codec;
  session.framing = opening.framing;
  return {};
}

void Sessions::close(Session& session) noexcept {
  pool_.release(session.partial);
  session.state = State::closing;
}

bool Sessions::accept(Session& session) noexcept {
  if (session.state != State::authenticating) return false;
  session.state = State::usable;
  session.joins = base::Bucket{};
  session.owed = 0;
  return true;
}

bool Sessions::refuse(Session& session) noexcept {
  if (session.state != State::authenticating) return false;
  close(session);
  return true;
}

// Pings go out at every multiple of the heartbeat since the last byte, so that a byte can only move
// the next one later.
Instant Sessions::next_ping(const Session& session) const noexcept {
  if (session.framing != Framing::websocket) return Instant::never();
  if (session.state != State::usable || session.pings == UINT8_MAX) return Instant::never();
  const std::int64_t beat_us = std::min(limits_.heartbeat.us, INT64_MAX / (UINT8_MAX + 1));
  return after(session.heard, {beat_us * (session.pings + 1)});
}

Instant Sessions::dead_at(const Session& session) const noexcept {
  if (CHATROOM_PLANTED(heartbeat_never_dead)) return Instant::never();
  return after(session.heard, limits_.dead_after);
}

Instant Sessions::next_deadline(const Session& session) const noexcept {
  if (session.state == State::closing) return Instant::never();
  Instant next = std::min(dead_at(session), next_ping(session));
  if (session.state != State::usable) next = std::min(next, session.auth_by);
  return next;
}

Action Sessions::on_deadline(Session& session, Instant now) noexcept {
  using Type = Action::Type;
  if (session.state == State::closing) return {};
  if (session.state != State::usable && now >= session.auth_by) {
    close(session);
    return {Type::close, CloseCode::handshake_timeout};
  }
  if (now >= dead_at(session)) {
    close(session);
    return {Type::close, CloseCode::no_pong};
  }
  if (now < next_ping(session)) return {};
  ++session.pings;
  return {Type::send_ping, CloseCode::normal};
}

void Sessions::heard(Session& session, Instant now) noexcept {
  if (session.state == State::usable) session.owed = owed_at(session, now);
  session.heard = std::max(session.heard, now);
  session.pings = 0;
  if (session.state != State::usable && CHATROOM_PLANTED(auth_deadline_extended_by_progress)) {
    session.auth_by = after(now, limits_.auth_deadline);
  }
}

// A token bucket kept as what is owed, and `heard` for its moment: four bytes, no timer.
std::uint32_t Sessions::owed_at(const Session& session, Instant now) const noexcept {
  if (session.owed == 0) return 0;
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>((now - session.heard).us, 0));
  const std::uint64_t rate = limits_.inbound.per_second;
  const std::uint64_t s = std::min<std::uint64_t>(us / 1'000'000, UINT32_MAX / 2);
  const std::uint64_t paid = s * rate + us % 1'000'000 * rate / 1'000'000;
  return paid >= session.owed ? 0 : static_cast<std::uint32_t>(session.owed - paid);
}

void Sessions::charge(Session& session, std::size_t bytes, Instant now) noexcept {
  if (session.state != State::usable || !limits_.inbound.limited()) return;
  if (CHATROOM_PLANTED(inbound_rate_ignored)) return;
  heard(session, now);
  const std::size_t most = UINT32_MAX - session.owed;
  session.owed += static_cast<std::uint32_t>(std::min(bytes, most));
}

Instant Sessions::readable_at(const Session& session) const noexcept {
  const Rate rate = limits_.inbound;
  if (session.state != State::usable || session.owed <= rate.burst) return session.heard;
  if (rate.per_second == 0) return Instant::never();
  const std::uint64_t us = std::uint64_t{session.owed - rate.burst} * 1'000'000;
  const std::uint64_t wait_us = (us + rate.per_second - 1) / rate.per_second;
  return after(session.heard, {static_cast<std::int64_t>(wait_us)});
}

Event Sessions::hello() const noexcept {
  Event event;
  event.type = EventType::hello;
  event.version = kProtocolVersion;
  event.heartbeat_ms = static_cast<std::uint32_t>(limits_.heartbeat.in_ms());
  return event;
}

SessionLimits Sessions::session_limits() const noexcept {
  const auto told = [](Rate rate) { return rate.limited() ? rate.per_second : 0; };
  return {.frame_bytes = limits_.frame_bytes,
          .text_bytes = limits_.text_bytes,
          .rooms = limits_.rooms_per_session,
          .commands_per_s = told(limits_.commands),
          .publish_per_s = told(limits_.publishes)};
}

Event Sessions::auth_ok(const Session& session, std::uint32_t id, std::string_view user,
                        AuthTexts& texts) noexcept {
  write_hex(session.id, texts.session);
  write_hex(random_.next(), texts.resume);
  write_hex(random_.next(), texts.resume + 16);
  Event event;
  event.type = EventType::answer;
  event.op = Op::auth;
  event.id = id;
  event.session = {texts.session, sizeof texts.session};
  event.resume = {texts.resume, sizeof texts.resume};
  event.user = user;
  event.heartbeat_ms = static_cast<std::uint32_t>(limits_.heartbeat.in_ms());
  event.limits = session_limits();
  return event;
}

}  // namespace chatroom::session
