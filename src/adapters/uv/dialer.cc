// uv::Dialer: client connections by the thousand, for tools and tests.
#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "chatroom/adapters/uv.h"
#include "chatroom/engine.h"
#include "uv/links.h"
#include "uv/socket.h"

namespace chatroom::uv {

namespace {

// One dial; its index and generation are its id, and its links' SessionId.
struct Dialed {
  Link* link = nullptr;
  DialHandler* handler = nullptr;
  CloseCode code = CloseCode::going_away;
  std::uint32_t generation = 0;
  bool opened = false;
};

class DialIntake final : public Intake {
 public:
  explicit DialIntake(std::uint32_t send_bytes) : send_bytes_(send_bytes) {}

  void begin_round() noexcept override {}
  void end_round() noexcept override {}
  Result<SessionId> open(Link&, const SessionOptions&) noexcept override;
  bool admitted(SessionId) noexcept override { return true; }
  void on_bytes(SessionId session, Bytes bytes) noexcept override;
  void on_frame(SessionId session, FrameKind kind, Bytes payload) noexcept override;
  void on_fault(SessionId session, CloseCode code) noexcept override;
  void on_writable(SessionId session) noexcept override;
  void on_closed(SessionId session, int error) noexcept override;

  DialId add(DialHandler& handler);
  Dialed* find(DialId id) noexcept;
  void connect(DialId id, Link& link) noexcept { dials_[id.index].link = &link; }
  void forget(DialId id) noexcept;
  bool send(Dialed& dialed, FrameKind kind, Bytes payload) noexcept;
  bool send(Dialed& dialed, Bytes bytes) noexcept;
  void close(Dialed& dialed, CloseCode code) noexcept;

  Links* links = nullptr;
  std::size_t open_dials = 0;
  bool silent = false;  // the Dialer is going: nobody is told

 private:
  static DialId id_of(SessionId session) noexcept { return {session.index, session.generation}; }

  std::uint32_t send_bytes_;
  std::vector<Dialed> dials_;
  std::vector<std::uint32_t> free_;
  std::vector<std::byte> scratch_;
};

Dialed* DialIntake::find(DialId id) noexcept {
  if (id.index >= dials_.size()) return nullptr;
  Dialed& dialed = dials_[id.index];
  return dialed.link != nullptr && dialed.generation == id.generation ? &dialed : nullptr;
}

DialId DialIntake::add(DialHandler& handler) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(dials_.size()));
    dials_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Dialed& dialed = dials_[index];
  dialed.handler = &handler;
  dialed.code = CloseCode::going_away;
  dialed.opened = false;
  return {index, dialed.generation};
}

void DialIntake::forget(DialId id) noexcept {
  Dialed& dialed = dials_[id.index];
  dialed.link = nullptr;
  dialed.handler = nullptr;
  ++dialed.generation;
  free_.push_back(id.index);
}

// The link was added with its session; this only says that it is open now.
Result<SessionId> DialIntake::open(Link& link, const SessionOptions&) noexcept {
  const SessionId session = links->session_of(link);
  Dialed* const dialed = find(id_of(session));
  if (dialed == nullptr) return Errc::not_found;
  dialed->opened = true;
  dialed->handler->on_open(id_of(session));
  return session;
}

void DialIntake::on_bytes(SessionId session, Bytes bytes) noexcept {
  Dialed* const dialed = find(id_of(session));
  if (dialed != nullptr) dialed->handler->on_bytes(id_of(session), bytes);
}

void DialIntake::on_frame(SessionId session, FrameKind kind, Bytes payload) noexcept {
  Dialed* dialed = find(id_of(session));
  if (dialed == nullptr) return;
  if (kind == FrameKind::ping) static_cast<void>(send(*dialed, FrameKind::pong, payload));
  if (kind == FrameKind::close && payload.size() >= 2) {
    const unsigned code =
        std::to_integer<unsigned>(payload[0]) << 8 | std::to_integer<unsigned>(payload[1]);
    dialed->code = static_cast<CloseCode>(code);
  }
  dialed->handler->on_frame(id_of(session), kind, payload);
  dialed = find(id_of(session));
  if (kind == FrameKind::close && dialed != nullptr) close(*dialed, dialed->code);
}

void DialIntake::on_fault(SessionId session, CloseCode code) noexcept {
  Dialed* const dialed = find(id_of(session));
  if (dialed == nullptr) return;
  dialed->code = code;
  close(*dialed, code);
}

void DialIntake::on_writable(SessionId session) noexcept {
  Dialed* const dialed = find(id_of(session));
  if (dialed != nullptr) dialed->handler->on_writable(id_of(session));
}

void DialIntake::on_closed(SessionId session, int error) noexcept {
  Dialed* const dialed = find(id_of(session));
  if (dialed == nullptr) return;
  DialHandler* const handler = dialed->handler;
  const CloseCode code = dialed->code;
  if (!dialed->opened && error == 0) error = ECONNREFUSED;  // the handshake was
  --open_dials;
  forget(id_of(session));
  if (!silent) handler->on_closed(id_of(session), code, error);
}

bool DialIntake::send(Dialed& dialed, Bytes bytes) noexcept {
  Link& link = *dialed.link;
  if (!dialed.opened || links->ending(link)) return false;
  const std::size_t waiting = links->waiting(link);
  // What is larger than the bound may still go alone.
  if (waiting > 0 && bytes.size() > send_bytes_ - std::min<std::size_t>(waiting, send_bytes_)) {
    links->tell_when_writable(link);
    return false;
  }
  links->send_first(link, bytes);
  return true;
}

bool DialIntake::send(Dialed& dialed, FrameKind kind, Bytes payload) noexcept {
  Link& link = *dialed.link;
  ByteFilter* const filter = links->filter_of(link);
  if (filter == nullptr) return false;
  if (scratch_.size() < payload.size() + ByteFilter::kWrapBytes) {
    scratch_.resize(payload.size() + ByteFilter::kWrapBytes);
  }
  const std::size_t size = filter->wrap(links->filter_state(link), kind, payload, scratch_);
  return size != 0 && send(dialed, Bytes(scratch_).first(size));
}

// With a filter: its close frame first.
void DialIntake::close(Dialed& dialed, CloseCode code) noexcept {
  Link& link = *dialed.link;
  dialed.code = code;
  if (dialed.opened && links->filter_of(link) != nullptr) {
    const auto number = static_cast<std::uint16_t>(code);
    const std::byte payload[] = {static_cast<std::byte>(number >> 8),
                                 static_cast<std::byte>(number & 0xFF)};
    static_cast<void>(send(dialed, FrameKind::close, payload));
  }
  links->end(link);
}

}  // namespace

struct Dialer::State {
  State(Loop& loop, const DialerOptions& given)
      : options(given),
        intake(given.send_bytes),
        links(loop, intake, nullptr,
              {.opening = given.connect_deadline,
               .closing = Duration::ms(100),
               .opening_links = UINT32_MAX,
               .read_buffer_bytes = given.read_buffer_bytes,
               .polling = given.polling}) {
    intake.links = &links;
  }

  DialerOptions options;
  DialIntake intake;
  Links links;
};

Dialer::Dialer(Loop& loop, const DialerOptions& options)
    : state_(std::make_unique<State>(loop, options)) {}
Dialer::~Dialer() { state_->intake.silent = true; }

Result<DialId> Dialer::dial(const DialOptions& options, DialHandler& handler) noexcept {
  State& s = *state_;
  const auto failed = [](int error) {
    return Error{Errc::bad_request, static_cast<std::uint16_t>(-error), 0};
  };
  Address to;
  Address from;
  int result = parse_address(options.host, options.port, to);
  if (result == 0 && !options.from.empty()) result = parse_address(options.from, 0, from);
  if (result < 0) return failed(result);
  const SocketOptions socket{.receive_buffer_bytes = s.options.receive_buffer_bytes};
  const int fd = connect_to(to, options.from.empty() ? nullptr : &from, socket);
  if (fd < 0) return failed(fd);
  const DialId id = s.intake.add(handler);
  Link* const link = s.links.add({.fd = fd,
                                  .filter = options.filter,
                                  .address = nullptr,
                                  .connecting = true,
                                  .session = {id.index, id.generation}});
  if (link == nullptr) {
    s.intake.forget(id);
    return failed(-ENOMEM);
  }
  s.intake.connect(id, *link);
  ++s.intake.open_dials;
  return id;
}

bool Dialer::send(DialId id, Bytes bytes) noexcept {
  Dialed* const dialed = state_->intake.find(id);
  return dialed != nullptr && state_->links.filter_of(*dialed->link) == nullptr &&
         state_->intake.send(*dialed, bytes);
}

bool Dialer::send(DialId id, FrameKind kind, Bytes payload) noexcept {
  Dialed* const dialed = state_->intake.find(id);
  return dialed != nullptr && state_->intake.send(*dialed, kind, payload);
}

std::size_t Dialer::waiting_bytes(DialId id) const noexcept {
  const Dialed* const dialed = state_->intake.find(id);
  return dialed == nullptr ? 0 : state_->links.waiting(*dialed->link);
}

void Dialer::pause(DialId id, bool paused) noexcept {
  Dialed* const dialed = state_->intake.find(id);
  if (dialed != nullptr) static_cast<Connection&>(*dialed->link).pause(paused);
}

void Dialer::close(DialId id, CloseCode code) noexcept {
  Dialed* const dialed = state_->intake.find(id);
  if (dialed != nullptr) state_->intake.close(*dialed, code);
}

void Dialer::reset(DialId id) noexcept {
  Dialed* const dialed = state_->intake.find(id);
  if (dialed != nullptr) state_->links.reset(*dialed->link);
}

std::size_t Dialer::open() const noexcept { return state_->intake.open_dials; }

}  // namespace chatroom::uv
