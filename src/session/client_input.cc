// The client's way in: frames to events, answers to what was asked, time.
#include <algorithm>

#include "session/client_state.h"
#include "wire/outer.h"
#include "wire/websocket_header.h"

namespace chatroom {

Status Client::State::on_bytes(Bytes bytes) noexcept {
  CHATROOM_ASSERT(!in_handler);
  CHATROOM_ASSERT(options.framing == Framing::outer);
  if (!bytes.empty()) heard = true;
  while (!bytes.empty()) {
    if (ended) return Errc::not_found;
    if (const Status status = take_outer(bytes); !status) return status;
  }
  return {};
}

// One frame, in place if it came whole; what is only begun is kept.
Status Client::State::take_outer(Bytes& bytes) noexcept {
  const bool was_begun = !begun.empty();
  if (was_begun) {
    const std::size_t have = begun.bytes().size();
    std::size_t whole = wire::kOuterHeaderBytes;
    if (have >= whole) whole += wire::outer_body_bytes(begun.bytes());
    const std::size_t count = std::min(bytes.size(), whole - have);
    if (!begun.append(bytes.first(count))) return end(Errc::limit_reached);
    bytes = bytes.subspan(count);
  }
  const Bytes input = was_begun ? begun.bytes() : bytes;
  const wire::OuterFrame frame = wire::read_outer_frame(input, options.frame_bytes_max);
  switch (frame.state) {
    case wire::OuterFrame::State::wrong_type:
      return end(Errc::bad_request);
    case wire::OuterFrame::State::too_long:
      return end(Errc::too_large);
    case wire::OuterFrame::State::partial:
    case wire::OuterFrame::State::whole:
      break;
  }
  const bool deflates =
      frame.type == wire::OuterType::deflated && authenticated && options.inflater != nullptr;
  if (frame.type != wire::OuterType::plain && !deflates) return end(Errc::bad_request);
  if (frame.state == wire::OuterFrame::State::partial) {
    if (was_begun) return {};
    const bool kept = begun.append(bytes);
    bytes = {};
    return kept ? Status() : end(Errc::limit_reached);
  }
  if (!was_begun) bytes = bytes.subspan(frame.bytes);
  const Status status = deflates ? take_deflated(frame.body) : dispatch(frame.body);
  // A page of history can be long and is rare: what held its parts is given back.
  if (was_begun) begun.release();
  return status;
}

// An empty one says only that the server deflates, too.
Status Client::State::take_deflated(Bytes body) noexcept {
  if (body.empty()) return {};
  const MutableBytes place = inflated.place(options.frame_bytes_max);
  if (place.empty()) return end(Errc::limit_reached);
  const Compressor::Inflated done = options.inflater->inflate(body, place);
  switch (done.outcome) {
    case Compressor::Outcome::whole:
      ++deflated;
      return dispatch(place.first(done.size));
    case Compressor::Outcome::too_large:
      return end(Errc::too_large);
    case Compressor::Outcome::bad:
      break;
    case Compressor::Outcome::no_memory:
      return end(Errc::limit_reached);
  }
  return end(Errc::bad_request);
}

// An outbox without room: then all comes plain.
void Client::State::ask_deflated() noexcept {
  if (options.inflater == nullptr || options.framing != Framing::outer) return;
  outbox.add_deflated_mark();
}

Status Client::State::on_frame(FrameKind kind, Bytes payload) noexcept {
  CHATROOM_ASSERT(!in_handler);
  CHATROOM_ASSERT(options.framing == Framing::websocket);
  if (ended) return Errc::not_found;
  heard = true;
  const bool text = options.kind == CodecKind::json;
  switch (kind) {
    case FrameKind::pong:
      return {};
    case FrameKind::ping:
      return send_control(FrameKind::pong, payload);
    case FrameKind::close: {
      const Status status = send_control(FrameKind::close, payload.first(payload.size() / 2 * 2));
      if (payload.size() >= 2) {
        const unsigned code =
            std::to_integer<unsigned>(payload[0]) << 8 | std::to_integer<unsigned>(payload[1]);
        close_code = static_cast<CloseCode>(code);
      }
      ended = true;
      return status;
    }
    case FrameKind::text:
    case FrameKind::binary:
      break;
  }
  if (text != (kind == FrameKind::text)) return end(Errc::bad_request);
  if (payload.size() > options.frame_bytes_max) return end(Errc::too_large);
  return dispatch(payload);
}

Status Client::State::send_control(FrameKind kind, Bytes payload) noexcept {
  if (payload.size() > wire::kWebsocketControlBytesMax) return end(Errc::bad_request);
  // An outbox with no room left: the server sees the silence, and that is the truth.
  if (!outbox.add(kind, payload)) return {};
  spoke = true;
  return {};
}

Status Client::State::dispatch(Bytes frame) noexcept {
  Event event;
  const Decoded decoded = options.codec->decode(frame, event);
  if (decoded.fatal) return end(Errc::bad_request);
  const Errc code = decoded.status.error().code;
  // A newer server may say more than we know.
  if (code == Errc::unsupported) return {};
  if (code != Errc::ok) return end(code);
  if (event.type == EventType::none) return {};
  if (event.type == EventType::answer) {
    on_answer(event);
  } else {
    on_event(event);
  }
  in_handler = true;
  handler.on_event(event);
  in_handler = false;
  return {};
}

void Client::State::on_answer(Event& event) noexcept {
  const auto* const found = std::find_if(awaited.begin(), awaited.end(),
                                         [&](const Awaited& one) { return one.id == event.id; });
  if (found == awaited.end()) return;  // it is not ours; the handler sees it with op none
  const Awaited asked = *found;
  awaited.erase_swap(static_cast<std::size_t>(found - awaited.begin()));
  event.op = asked.op;
  const bool ok = event.error.code == Errc::ok;
  if (asked.op == Op::auth && ok) {
    authenticated = true;
    user.assign(event.user);
    if (event.heartbeat_ms > 0) heartbeat = Duration::ms(event.heartbeat_ms);
    ask_deflated();
  }
  if (asked.place == session::Positions::kNone) return;
  session::Place& place = positions.at(asked.place);
  CHATROOM_ASSERT(place.awaited > 0);
  --place.awaited;
  if (event.room.empty()) event.room = place.room.view();
  if (!ok) return;
  if (asked.op == Op::join) positions.on_join(place, event);
  if (asked.op == Op::history) positions.on_page(place, event, asked.page);
  if (asked.op == Op::leave) place.joined = false;
}

void Client::State::on_event(const Event& event) noexcept {
  if (event.type == EventType::hello && event.heartbeat_ms > 0) {
    heartbeat = Duration::ms(event.heartbeat_ms);
  }
  positions.on_event(event);
}

Status Client::State::end(Errc why) noexcept {
  ended = true;
  begun.release();
  return why;
}

bool Client::State::beat(Instant now) noexcept {
  if (!timed || heard) heard_at = now;
  if (!timed || spoke) spoke_at = now;
  timed = true;
  heard = spoke = false;
  if (ended) return false;
  if (now >= heard_at + options.dead_after) return false;
  if (now < spoke_at + heartbeat) return true;
  Command ping;
  ping.op = Op::ping;
  // A full outbox has something to send already.
  static_cast<void>(ask(ping));
  spoke_at = now;
  spoke = false;
  return true;
}

void Client::State::restart() noexcept {
  CHATROOM_ASSERT(!in_handler);
  outbox.release();
  begun.release();
  inflated.release();
  if (options.inflater != nullptr) options.inflater->restart();
  deflated = 0;
  awaited.clear();
  positions.on_restart();
  authenticated = ended = heard = spoke = timed = false;
  close_code = CloseCode::normal;
  heartbeat = options.heartbeat;
}

}  // namespace chatroom
