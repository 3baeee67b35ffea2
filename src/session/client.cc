// The client's operations: each is a command with an id, and a note of the answer that will come.
#include "chatroom/client.h"

#include <algorithm>
#include <memory>

#include "session/client_state.h"

namespace chatroom {

namespace {

Command command_of(Op op, std::string_view room = {}) noexcept {
  Command command;
  command.op = op;
  command.room = room;
  return command;
}

}  // namespace

Client::Client(const ClientOptions& options, ClientHandler& handler) noexcept {
  CHATROOM_ASSERT(options.codec != nullptr);
  CHATROOM_ASSERT(options.memory != nullptr);
  void* const place = options.memory->allocate(sizeof(State), alignof(State));
  if (place != nullptr) state_ = std::construct_at(static_cast<State*>(place), options, handler);
}

Client::~Client() {
  if (state_ == nullptr) return;
  CHATROOM_ASSERT(!state_->in_handler);
  Memory& memory = *state_->options.memory;
  std::destroy_at(state_);
  memory.release(state_, sizeof(State), alignof(State));
}

Client::Asked Client::auth(const ClientAuth& auth) noexcept {
  Command command = command_of(Op::auth);
  command.token = auth.token;
  command.user = auth.user;
  command.nick = auth.nick;
  command.resume = auth.resume;
  return ask(command);
}

Client::Asked Client::join(const ClientJoin& join) noexcept {
  Command command = command_of(Op::join, join.room);
  command.channels = join.channels;
  command.password = join.password;
  command.recent = join.recent;
  if (!join.recover || state_ == nullptr) return ask(command);
  const std::uint32_t known = state_->positions.find(join.room);
  if (known == session::Positions::kNone) return ask(command);
  const session::Place& place = state_->positions.at(known);
  command.has_since = !place.epoch.view().empty();
  command.since_epoch = place.epoch.view();
  command.since_offset = place.offset;
  if (command.has_since) command.recent = 0;
  return ask(command);
}

Client::Asked Client::publish(const Outgoing& message) noexcept {
  Command command = command_of(Op::publish, message.room);
  command.out = message;
  command.has_text = !message.text.empty();
  return ask(command);
}

Client::Asked Client::leave(std::string_view room) noexcept {
  return ask(command_of(Op::leave, room));
}

Client::Asked Client::subscribe(std::string_view room, std::string_view channel) noexcept {
  Command command = command_of(Op::subscribe, room);
  command.channel = channel;
  return ask(command);
}

Client::Asked Client::unsubscribe(std::string_view room, std::string_view channel) noexcept {
  Command command = command_of(Op::unsubscribe, room);
  command.channel = channel;
  return ask(command);
}

Client::Asked Client::switch_channel(std::string_view room, std::string_view from,
                                     std::string_view to) noexcept {
  Command command = command_of(Op::switch_channel, room);
  command.from = from;
  command.to = to;
  return ask(command);
}

Client::Asked Client::history(const ClientHistory& history) noexcept {
  Command command = command_of(Op::history, history.room);
  command.channel = history.channel;
  command.before = history.before;
  command.has_after = history.has_after;
  command.after = history.after;
  command.limit = history.limit;
  return ask(command);
}

Client::Asked Client::send_to(std::string_view user, const Outgoing& message) noexcept {
  Command command = command_of(Op::send_to);
  command.user = user;
  command.out = message;
  command.has_text = !message.text.empty();
  return ask(command);
}

Client::Asked Client::presence(const ClientPresence& presence) noexcept {
  Command command = command_of(Op::presence, presence.room);
  command.limit = presence.limit;
  command.has_since_version = presence.has_since_version;
  command.since_version = presence.since_version;
  command.cursor = presence.cursor;
  return ask(command);
}

Client::Asked Client::call(std::string_view room, std::string_view name, Data data) noexcept {
  Command command = command_of(Op::call, room);
  command.name = name;
  command.out.data = data;
  return ask(command);
}

Client::Asked Client::profile(std::string_view user) noexcept {
  Command command = command_of(Op::profile);
  command.user = user;
  return ask(command);
}

Client::Asked Client::set_receive(std::string_view room, std::uint32_t normal_per_s,
                                  std::uint32_t high_per_s) noexcept {
  Command command = command_of(Op::set_receive);
  command.room = room;
  command.normal_per_s = normal_per_s;
  command.high_per_s = high_per_s;
  return ask(command);
}

Client::Asked Client::ping() noexcept { return ask(command_of(Op::ping)); }

Client::Asked Client::ask(Command command) noexcept {
  if (state_ == nullptr) return Errc::limit_reached;
  return state_->ask(command);
}

Status Client::tell(Command command) noexcept {
  if (state_ == nullptr) return Errc::limit_reached;
  if (state_->ended) return Errc::not_found;
  command.id = 0;
  return state_->send(command);
}

std::uint32_t Client::State::fresh_id() noexcept {
  const auto taken = [&](const Awaited& one) { return one.id == last_id; };
  do {
    if (++last_id == 0) last_id = 1;
  } while (std::any_of(awaited.begin(), awaited.end(), taken));
  return last_id;
}

Client::Asked Client::State::ask(Command& command) noexcept {
  if (ended) return Errc::not_found;
  if (awaited.size() == awaited.size_max()) return Errc::queue_full;
  Awaited answer{};
  answer.op = command.op;
  const bool join = command.op == Op::join;
  answer.place = join ? positions.make(command.room) : positions.find(command.room);
  if (join && answer.place == session::Positions::kNone) return Errc::limit_reached;
  if (command.op == Op::history && answer.place != session::Positions::kNone) {
    answer.page.after_position = command.has_after && command.channel.empty();
    answer.page.after = command.after;
  }
  if (!awaited.reserve(awaited.size() + 1)) return Errc::limit_reached;
  command.id = fresh_id();
  answer.id = command.id;
  if (const Status status = send(command); !status) return status.error();
  CHATROOM_ASSERT(awaited.push_back(answer));
  if (answer.place != session::Positions::kNone) ++positions.at(answer.place).awaited;
  return command.id;
}

// How long a frame will be is known only when it was encoded: try small, then larger.
Status Client::State::send(const Command& command) noexcept {
  const std::size_t most = std::min<std::size_t>(options.frame_bytes_max, outbox.left());
  for (std::size_t guess = 512;; guess *= 4) {
    const std::size_t bytes = std::min(guess, most);
    if (bytes == 0) return Errc::queue_full;
    const MutableBytes place = outbox.place(bytes);
    if (place.empty()) return Errc::limit_reached;
    const std::size_t written = options.codec->encode(command, place);
    if (written > 0) {
      const bool text = options.kind == CodecKind::json;
      outbox.commit(text ? FrameKind::text : FrameKind::binary, written);
      spoke = true;
      return {};
    }
    if (bytes == options.frame_bytes_max) return Errc::too_large;
    if (bytes == most) return Errc::queue_full;
  }
}

Status Client::on_bytes(Bytes bytes) noexcept {
  if (state_ == nullptr) return Errc::limit_reached;
  return state_->on_bytes(bytes);
}
Status Client::on_frame(FrameKind kind, Bytes payload) noexcept {
  if (state_ == nullptr) return Errc::limit_reached;
  return state_->on_frame(kind, payload);
}

Bytes Client::pending() const noexcept {
  if (state_ == nullptr) return {};
  CHATROOM_ASSERT(state_->options.framing == Framing::outer);
  return state_->outbox.stream();
}
void Client::sent(std::size_t bytes) noexcept {
  if (state_ != nullptr) state_->outbox.sent(bytes);
}
bool Client::pending_frame(OutFrame& frame) const noexcept {
  if (state_ == nullptr) return false;
  CHATROOM_ASSERT(state_->options.framing == Framing::websocket);
  return state_->outbox.front(frame.kind, frame.payload);
}
void Client::frame_sent() noexcept {
  if (state_ != nullptr) state_->outbox.pop();
}

void Client::restart() noexcept {
  if (state_ != nullptr) state_->restart();
}
bool Client::beat(Instant now) noexcept { return state_ != nullptr && state_->beat(now); }
Instant Client::next_beat() const noexcept {
  if (state_ == nullptr || state_->ended) return Instant::never();
  const State& state = *state_;
  if (!state.timed) return Instant{0};
  return std::min(state.spoke_at + state.heartbeat, state.heard_at + state.options.dead_after);
}

bool Client::authenticated() const noexcept { return state_ != nullptr && state_->authenticated; }
bool Client::ended() const noexcept { return state_ == nullptr || state_->ended; }
CloseCode Client::close_code() const noexcept {
  return state_ == nullptr ? CloseCode::normal : state_->close_code;
}
std::string_view Client::user() const noexcept {
  return state_ == nullptr ? std::string_view{} : state_->user.view();
}
std::uint32_t Client::awaiting() const noexcept {
  return state_ == nullptr ? 0 : static_cast<std::uint32_t>(state_->awaited.size());
}
std::uint64_t Client::deflated() const noexcept { return state_ == nullptr ? 0 : state_->deflated; }

Result<ClientRoom> Client::room(std::string_view room) const noexcept {
  if (state_ == nullptr) return Errc::not_found;
  const std::uint32_t index = state_->positions.find(room);
  if (index == session::Positions::kNone) return Errc::not_found;
  const session::Place& place = state_->positions.at(index);
  return ClientRoom{.joined = place.joined,
                    .epoch = place.epoch.view(),
                    .offset = place.offset,
                    .catching_up = place.target != 0,
                    .messages = place.messages,
                    .gaps = place.gaps,
                    .lost = place.lost,
                    .duplicated = place.duplicated};
}

}  // namespace chatroom
