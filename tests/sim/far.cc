#include "sim/far.h"

#include "sim/desk.h"
#include "sim/world.h"

namespace chatroom::sim {

namespace {

constexpr std::uint64_t kStream = 7'300;
constexpr std::uint64_t kActors = 900'000;

bool tells_of_rooms(EventType type) noexcept {
  return type == EventType::message || type == EventType::presence ||
         type == EventType::room_state || type == EventType::message_removed ||
         type == EventType::messages_cleared || type == EventType::gap;
}

}  // namespace

Far::Far(World& world, Clerk& clerk, std::uint32_t index)
    : world_(world), clerk_(clerk), index_(index), random_(world.plan().seed, kStream + index) {
  const bool json = random_.chance(50);
  const bool websocket = json || random_.chance(30);
  shape_.codec = json ? CodecKind::json : CodecKind::flatbuffers;
  shape_.framing = websocket ? Framing::websocket : Framing::outer;
  shape_.window = 1u << 20;
  shape_.latency_us = random_.between(100, 4'000);
  shape_.clean = true;
}

bool Far::open() {
  if (world_.ending()) return false;
  link_ = std::make_shared<Link>(world_, *this, shape_, clerk_.user, kActors + index_);
  const Identity identity{.user = clerk_.user, .nick = {}, .info = {}};
  SessionOptions options;
  options.codec = shape_.codec;
  options.framing = shape_.framing;
  options.identity = &identity;
  const Result<SessionId> opened = world_.engine().open(*link_, options);
  if (!opened) {
    link_.reset();
    return false;
  }
  world_.link_made(link_);
  world_.session_opened();
  link_->opened(*opened);
  ClientOptions how;
  how.codec = &world_.codec(shape_.codec);
  how.kind = shape_.codec;
  how.framing = shape_.framing;
  how.dead_after = Duration::s(1'000);
  client_ = std::make_unique<Client>(how, *this);
  beat();
  return true;
}

void Far::ask(const Command& command, Then then) {
  const Result<std::uint32_t> id = client_->ask(command);
  if (!id) clerk_.fail("cannot say it: " + std::string{name_of(id.error().code)});
  id_ = *id;
  op_ = command.op;
  asked_ = world_.engine_now();
  then_ = std::move(then);
  flush();
}

void Far::on_frame(const Reader::Whole& whole) {
  frame_ = whole.frame;
  counted_ = false;
  const Status status = shape_.framing == Framing::outer
                            ? client_->on_bytes(as_bytes(whole.all))
                            : client_->on_frame(whole.kind, whole.body());
  if (!counted_) world_.count_entry(shape_.codec, whole);
  if (!status && status.error().code != Errc::not_found) {
    clerk_.fail("could not read what the server sent");
  }
  flush();
}

void Far::on_event(const Event& event) noexcept {
  counted_ = true;
  if (event.type == EventType::answer) return on_answer(event);
  if (event.type == EventType::hello) clerk_.opened = true;
  check_place(event);
  clerk_.hear(event);
  if (event.type == EventType::left) in_ = false;
}

// Nothing of a room before the answer to a join, after `left`, or offered after a kick returned.
void Far::check_place(const Event& event) {
  if (!tells_of_rooms(event.type) || event.room.empty()) return;
  const std::string what{name_of(event.type)};
  if (!in_) clerk_.fail("hears of it over the wire (" + what + ") and is not in");
  if (frame_.start >= quiet_) clerk_.fail("is offered " + what + " after it was put out");
}

void Far::on_answer(const Event& event) {
  if (!then_ || event.id != id_) return;  // to a ping of the client's own
  const bool ok = event.error.code == Errc::ok;
  if (ok && op_ == Op::join) in_ = true, quiet_ = UINT64_MAX;
  if (ok && op_ == Op::leave) in_ = false;
  const Then then = std::exchange(then_, nullptr);
  then({event.error.code, event.offset, asked_, world_.engine_now()});
}

void Far::flush() {
  if (link_ == nullptr || link_->over()) return;
  if (shape_.framing == Framing::outer) {
    const Bytes pending = client_->pending();
    const std::size_t size = pending.size();
    if (size > 0) link_->send(pending);
    client_->sent(size);
    return;
  }
  Client::OutFrame frame;
  while (client_->pending_frame(frame)) {
    link_->send_frame(frame.kind, frame.payload);
    client_->frame_sent();
  }
}

void Far::beat() {
  if (link_ == nullptr || link_->over()) return;
  static_cast<void>(client_->beat(world_.now()));
  flush();
  const std::weak_ptr<Link> link = link_;  // it ends when the process does, as this does
  world_.schedule().after(Duration::ms(500), [this, link] {
    if (const std::shared_ptr<Link> there = link.lock(); there != nullptr && !there->over()) beat();
  });
}

void Far::on_link_closed() {
  const CloseCode code = link_->code();
  link_.reset();
  then_ = nullptr;
  in_ = false;
  clerk_.on_closed(code);
}

}  // namespace chatroom::sim
