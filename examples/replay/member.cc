#include "member.h"

#include <chrono>
#include <cstring>

namespace replayer {
namespace {

using namespace chatroom;

constexpr std::uint32_t kAuthId = 1;
constexpr std::uint32_t kJoinId = 2;
constexpr std::size_t kOuterHeader = 4;  // type, then the length as u24, little-endian
constexpr auto kPlain = std::byte{0x30};
constexpr std::int64_t kQuietUs = 20'000'000;

std::size_t outer_length(const char* header) {
  const auto byte = [&](int i) { return std::size_t{static_cast<unsigned char>(header[i])}; };
  return byte(1) | byte(2) << 8 | byte(3) << 16;
}

}  // namespace

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Codec& Member::codec() {
  if (profile_ == Profile::json) return crew_.json;
  return crew_.flatbuffers;
}

void Member::fail(const std::string& what) {
  if (crew_.failed.empty()) crew_.failed = user_ + ": " + what;
}

bool Member::dial(const uv::DialOptions& options) {
  const auto id = crew_.dialer.dial(options, *this);
  if (!id) {
    fail("cannot dial");
    return false;
  }
  id_ = *id;
  ++crew_.connecting;
  return true;
}

bool Member::send(const Command& command) {
  if (profile_ == Profile::json) {
    const std::size_t size = crew_.json.encode(command, crew_.out);
    if (!crew_.dialer.send(id_, FrameKind::text, Bytes(crew_.out).first(size))) return false;
  } else {
    const auto body = MutableBytes(crew_.out).subspan(kOuterHeader);
    const std::size_t size = crew_.flatbuffers.encode(command, body);
    crew_.out[0] = kPlain;
    for (std::size_t i = 0; i < 3; ++i) {
      crew_.out[i + 1] = static_cast<std::byte>(size >> (8 * i) & 0xff);
    }
    if (!crew_.dialer.send(id_, Bytes(crew_.out).first(kOuterHeader + size))) return false;
  }
  spoke_us_ = now_us();
  return true;
}

bool Member::publish(std::string_view text, const char* kind) {
  Command command;
  command.op = Op::publish;
  command.id = next_id_;
  command.room = crew_.room;
  command.out.room = crew_.room;
  command.out.text = text;
  command.out.kind = Kind{kind};
  command.has_text = true;
  const std::int64_t now = now_us();
  if (!send(command)) return false;
  crew_.account.sent(index_, next_id_++, text, now);
  return true;
}

void Member::ping_if_quiet(std::int64_t now) {
  if (profile_ == Profile::json || now - spoke_us_ < kQuietUs) return;  // browsers pong by nature
  Command command;
  command.op = Op::ping;
  send(command);
}

void Member::leave() {
  stage_ = Stage::leaving;
  crew_.dialer.close(id_);
}

void Member::on_open(uv::DialId) noexcept {
  Command command;
  command.op = Op::auth;
  command.id = kAuthId;
  command.user = user_;
  command.nick = nick_;
  stage_ = Stage::authenticating;
  if (!send(command)) fail("cannot send");
}

void Member::on_frame(uv::DialId, FrameKind kind, Bytes payload) noexcept {
  if (kind == FrameKind::text) receive(payload, now_us());
}

void Member::on_bytes(uv::DialId, Bytes bytes) noexcept {
  const std::int64_t now = now_us();
  std::string_view rest = as_text(bytes);
  if (!partial_.empty()) {
    partial_ += rest;
    rest = partial_;
  }
  while (rest.size() >= kOuterHeader) {
    const std::size_t length = outer_length(rest.data());
    if (rest.size() - kOuterHeader < length) break;
    receive(as_bytes(rest.substr(kOuterHeader, length)), now);
    rest.remove_prefix(kOuterHeader + length);
  }
  if (partial_.empty()) {
    partial_ = rest;
  } else {
    partial_.erase(0, partial_.size() - rest.size());
  }
}

void Member::on_closed(uv::DialId, CloseCode code, int error) noexcept {
  if (stage_ == Stage::leaving) return;
  if (stage_ != Stage::joined) --crew_.connecting;
  ++crew_.closed;
  fail(error != 0 ? std::string("connection: ") + std::strerror(error)
                  : "closed with " + std::to_string(static_cast<int>(code)));
}

void Member::receive(Bytes frame, std::int64_t now) {
  const std::string_view text = as_text(frame);
  if (crew_.account.matches(index_, profile_, text, now)) return;
  Event event;
  if (!codec().decode(frame, event).status) return fail("received a frame that cannot be read");
  on_event(event, text, now);
}

void Member::on_event(const Event& event, std::string_view frame, std::int64_t now) {
  switch (event.type) {
    case EventType::message:
      if (event.message.room != crew_.room) return;
      return crew_.account.received(index_, profile_, frame, event.message, now);
    case EventType::answer:
      return on_answer(event);
    case EventType::gap:
      crew_.gaps += event.gap.count;
      return;
    case EventType::left:
      return fail("removed from the room: " + std::string(name_of(event.reason)));
    case EventType::error:
      return fail("error: " + std::string(name_of(event.error.code)));
    default:
      return;  // presence and the like
  }
}

void Member::on_answer(const Event& event) {
  const bool good = event.error.code == Errc::ok;
  if (event.id > kJoinId) {
    if (!good) crew_.account.refused(index_, event.id);
    return;
  }
  if (!good) return fail("refused: " + std::string(name_of(event.error.code)));
  if (event.id == kJoinId) {
    stage_ = Stage::joined;
    crew_.account.begin(index_, event.offset);
    --crew_.connecting;
    ++crew_.joined;
    return;
  }
  if (event.limits.text_bytes != 0) crew_.text_bytes = event.limits.text_bytes;
  Command command;
  command.op = Op::join;
  command.id = kJoinId;
  command.room = crew_.room;
  stage_ = Stage::joining;
  if (!send(command)) fail("cannot send");
}

}  // namespace replayer
