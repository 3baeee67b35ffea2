// The way in: outer frames out of bytes in any splitting, WebSocket frames, commands out of both,
// and the rules of the protocol that need no room: who may speak yet, how much, how often.
#include <algorithm>
#include <cstring>

#include "base/plant.h"
#include "chatroom/assert.h"
#include "chatroom/codec_checks.h"
#include "session/session.h"
#include "wire/outer.h"
#include "wire/websocket_header.h"

namespace chatroom::session {

namespace {

constexpr std::size_t kHeaderBytes = wire::kOuterHeaderBytes;
constexpr std::byte kPlain{static_cast<std::uint8_t>(wire::OuterType::plain)};
constexpr std::byte kDeflated{static_cast<std::uint8_t>(wire::OuterType::deflated)};

Bytes take(Bytes& rest, std::size_t count) noexcept {
  const Bytes front = rest.first(count);
  rest = rest.subspan(count);
  return front;
}

bool served(Op op) noexcept {
  switch (op) {
    case Op::allow:
    case Op::disallow:
    case Op::ack:
    case Op::apply:
    case Op::approve:
    case Op::invite:
    case Op::enqueue:
    case Op::dequeue:
    case Op::call_next:
    case Op::waiting:
    case Op::release:
    case Op::reject:
    case Op::list_held:
    case Op::shadow_mute:
    case Op::shield:
    case Op::block:
    case Op::unblock:
    case Op::profile:
    case Op::set_receive:
      return true;
    default:
      return op > Op::none && op <= Op::close_channel;
  }
}

}  // namespace

Event refusal(std::uint32_t id, Op op, Error error) noexcept {
  Event event;
  event.type = id == 0 ? EventType::error : EventType::answer;
  event.op = op;
  event.id = id;
  event.error = explained(error);
  event.text = message_of(error.code);
  return event;
}

Event Intake::reply() const noexcept { return refusal(id, op, error); }

Intake Sessions::next(Session& session, Bytes& rest, Instant now) noexcept {
  CHATROOM_ASSERT(session.framing == Framing::outer);
  if (!rest.empty() && session.state != State::closing) heard(session, now);
  while (!rest.empty()) {
    if (session.state == State::closing) {
      rest = {};
      break;
    }
    const Intake intake =
        session.partial.empty() ? read_whole(session, rest, now) : read_partial(session, rest, now);
    if (intake.type == Intake::Type::close) rest = {};
    if (intake.type != Intake::Type::none) return intake;
  }
  return {};
}

// No frame is begun: one that lies whole in `rest` is decoded where it is.
Intake Sessions::read_whole(Session& session, Bytes& rest, Instant now) noexcept {
  Intake failure;
  if (!check_header(session, rest, failure)) return failure;
  if (rest.size() < kHeaderBytes) return keep(session, rest);
  const std::size_t whole = kHeaderBytes + wire::outer_body_bytes(rest);
  if (rest.size() < whole) return keep(session, rest);
  return read_frame(session, take(rest, whole), now);
}

Intake Sessions::read_partial(Session& session, Bytes& rest, Instant now) noexcept {
  InputChain& partial = session.partial;
  if (partial.size < kHeaderBytes) {
    Bytes part = take(rest, std::min(rest.size(), kHeaderBytes - partial.size));
    const Intake kept = keep(session, part);
    if (kept.type != Intake::Type::none || partial.size < kHeaderBytes) return kept;
    Intake failure;
    if (!check_header(session, InputPool::front(partial), failure)) return failure;
  }
  const std::size_t whole = kHeaderBytes + wire::outer_body_bytes(InputPool::front(partial));
  if (partial.size + rest.size() < whole) return keep(session, rest);

  // The rest of it came: put together behind its header, so that the frame is aligned.
  const MutableBytes place = scratch_.subspan(kScratchAlign - kHeaderBytes, whole);
  pool_.copy(partial, place);
  const Bytes last = take(rest, whole - partial.size);
  if (!last.empty()) std::memcpy(place.data() + partial.size, last.data(), last.size());
  pool_.release(partial);
  return read_frame(session, place, now);
}

Intake Sessions::read_frame(Session& session, Bytes frame, Instant now) noexcept {
  const Bytes body = frame.subspan(kHeaderBytes);
  return frame[0] == kDeflated ? inflate(session, body, now) : decode(session, body, now);
}

// An empty one says that the peer takes such frames itself.
Intake Sessions::inflate(Session& session, Bytes body, Instant now) noexcept {
  Intake intake;
  if (body.empty()) {
    if (session.commands.take(limits_.commands, now).us > 0) return intake;
    intake.type = Intake::Type::deflate;
    return intake;
  }
  const std::size_t most = inflated_bytes_max(body.size(), limits_.frame_bytes);
  const Compressor::Inflated done = compressor_->inflate(body, inflated_.first(most));
  switch (done.outcome) {
    case Compressor::Outcome::whole:
      charge(session, done.size, now);  // what it costs is what it became
      return decode(session, inflated_.first(done.size), now);
    case Compressor::Outcome::too_large:
      return fail(session, CloseCode::too_big);
    case Compressor::Outcome::bad:
      return fail(session, CloseCode::bad_data);
    case Compressor::Outcome::no_memory:
      break;
  }
  return fail(session, CloseCode::overloaded);
}

// Decides as soon as it can: on the type with the first byte, on the length with the fourth.
bool Sessions::check_header(Session& session, Bytes head, Intake& failure) noexcept {
  // Deflated frames come only from who has shown who it is.
  const bool known = session.state == State::usable || CHATROOM_PLANTED(inflated_before_auth);
  const bool deflated = head[0] == kDeflated && compressor_ != nullptr && known;
  if (head[0] != kPlain && !deflated) {
    failure = fail(session, CloseCode::protocol_error);
    return false;
  }
  if (head.size() < kHeaderBytes || fits(session, wire::outer_body_bytes(head))) return true;
  failure = fail(session, CloseCode::too_big);
  return false;
}

Intake Sessions::keep(Session& session, Bytes& rest) noexcept {
  if (!pool_.append(session.partial, rest)) return fail(session, CloseCode::overloaded);
  rest = {};
  return {};
}

Intake Sessions::frame(Session& session, FrameKind kind, Bytes payload, Instant now) noexcept {
  CHATROOM_ASSERT(session.framing == Framing::websocket);
  if (session.state == State::closing) return {};
  heard(session, now);
  if (!fits(session, payload.size())) return fail(session, CloseCode::too_big);
  switch (kind) {
    case FrameKind::text:
    case FrameKind::binary:
      break;
    case FrameKind::ping:
      return pong(session, payload, now);
    case FrameKind::pong:
      return {};
    case FrameKind::close:
      return echo_close(session, payload);
  }
  const bool text = session.codec == CodecKind::json;
  if (text != (kind == FrameKind::text)) return fail_told(session, {Errc::bad_request, 0, 0});
  return decode(session, payload, now);
}

// Pings are counted with the commands; past that rate they get no pong, since each would wait in
// the session's private items.
Intake Sessions::pong(Session& session, Bytes payload, Instant now) noexcept {
  if (payload.size() > wire::kWebsocketControlBytesMax) return fail(session, CloseCode::protocol);
  count_before_auth(session, payload.size());
  if (session.commands.take(limits_.commands, now).us > 0) return {};
  Intake intake;
  intake.type = Intake::Type::pong;
  intake.payload = payload;
  return intake;
}

Intake Sessions::echo_close(Session& session, Bytes payload) noexcept {
  if (payload.size() == 1) return fail(session, CloseCode::protocol);
  Intake intake = fail(session, CloseCode::normal);
  intake.farewell = Intake::Farewell::echo;
  intake.payload = payload.first(std::min<std::size_t>(payload.size(), 2));
  if (intake.payload.empty()) return intake;
  const unsigned code =
      std::to_integer<unsigned>(payload[0]) << 8 | std::to_integer<unsigned>(payload[1]);
  intake.code = static_cast<CloseCode>(code);
  return intake;
}

Intake Sessions::decode(Session& session, Bytes frame, Instant now) noexcept {
  count_before_auth(session, frame.size());
  command_ = {};
  Codec& codec = *codecs_[static_cast<int>(session.codec)];
  const Decoded decoded = codec.decode(frame, command_);
  if (decoded.fatal) return fail_told(session, decoded.status.error());

  Intake intake = admit(session, decoded.status.error(), now);
  if (intake.type != Intake::Type::refuse) return intake;
  // Without an id there is no answer, not even an error; an id that cannot be echoed gets the
  // event.
  if (intake.id == 0 && !decoded.unusable_id) return {};
  return intake;
}

// What becomes of `command_`, whose form the codec judged with `form`.
Intake Sessions::admit(Session& session, Error form, Instant now) noexcept {
  const Op op = command_.op;
  Duration wait = session.commands.take(limits_.commands, now);
  if (CHATROOM_PLANTED(rate_limit_per_frame_forgotten)) wait = {};
  if (wait.us > 0) {
    return refused(
        chatroom::refusal(Errc::rate_limited, Rule::command_rate, base::retry_after_ms(wait)));
  }

  const bool open_to_all = op == Op::none || op == Op::auth || op == Op::ping;
  if (session.state != State::usable && !open_to_all && !CHATROOM_PLANTED(served_before_auth)) {
    return refused({Errc::unauthorized, 0, 0});
  }
  if (form.code != Errc::ok) return refused(form);
  if (!served(op)) return refused({op == Op::none ? Errc::bad_request : Errc::unsupported, 0, 0});
  if (op == Op::auth) return admit_auth(session);
  if ((op == Op::join || op == Op::open_room) && session.state == State::usable) {
    wait = session.joins.take(limits_.joins, now);
    if (wait.us > 0) {
      return refused(
          chatroom::refusal(Errc::rate_limited, Rule::join_rate, base::retry_after_ms(wait)));
    }
  }
  return accepted();
}

Intake Sessions::admit_auth(Session& session) noexcept {
  if (session.state != State::connected) return refused({Errc::bad_request, 0, 0});
  if (command_.token.size() > kTokenBytesMax) return refused({Errc::bad_request, 0, 0});
  if (!command_.resume.empty()) {
    // Sessions cannot be resumed yet: a failed authentication like any other.
    Intake intake = fail(session, CloseCode::bad_token);
    intake.op = Op::auth;
    intake.id = command_.id;
    intake.error = {Errc::unauthorized, 0, 0};
    if (intake.id != 0) intake.farewell = Intake::Farewell::reply;
    return intake;
  }
  session.state = State::authenticating;
  return accepted();
}

Intake Sessions::accepted() const noexcept {
  Intake intake;
  intake.type = Intake::Type::command;
  intake.op = command_.op;
  intake.id = command_.id;
  intake.command = &command_;
  return intake;
}

Intake Sessions::refused(Error error) const noexcept {
  Intake intake;
  intake.type = Intake::Type::refuse;
  intake.op = command_.op;
  intake.id = command_.id;
  intake.error = error;
  return intake;
}

Intake Sessions::fail(Session& session, CloseCode code) noexcept {
  close(session);
  Intake intake;
  intake.type = Intake::Type::close;
  intake.code = code;
  return intake;
}

Intake Sessions::fail_told(Session& session, Error error) noexcept {
  Intake intake = fail(session, CloseCode::protocol_error);
  intake.farewell = Intake::Farewell::reply;
  intake.error = error.code == Errc::ok ? Error{Errc::bad_request, 0, 0} : error;
  return intake;
}

bool Sessions::fits(const Session& session, std::size_t frame_bytes) const noexcept {
  if (CHATROOM_PLANTED(frame_limit_not_applied)) return frame_bytes <= limits_.frame_bytes;
  if (session.state == State::usable || CHATROOM_PLANTED(limits_before_auth_forgotten)) {
    return frame_bytes <= limits_.frame_bytes;
  }
  if (frame_bytes > limits_.frame_bytes_before_auth) return false;
  return session.bytes_before_auth + kHeaderBytes + frame_bytes <= limits_.total_bytes_before_auth;
}

void Sessions::count_before_auth(Session& session, std::size_t frame_bytes) noexcept {
  if (session.state == State::usable) return;
  session.bytes_before_auth += static_cast<std::uint32_t>(kHeaderBytes + frame_bytes);
}

}  // namespace chatroom::session
