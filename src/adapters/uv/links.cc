#include "uv/links.h"

#include <cerrno>
#include <new>

#include "uv/socket.h"

namespace chatroom::uv {

namespace {

// The poller's tags: links as they are, listeners with the lowest bit set.
void* tag_of_listener(void* listener) noexcept {
  return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(listener) | 1);
}

}  // namespace

// Hands on what a filter says about one link; lives for one call.
class LinkSink final : public FilterSink {
 public:
  LinkSink(Links& links, Link& link) : links_(links), link_(link) {}

  bool on_open(const LinkInfo& info) noexcept override { return links_.open_session(link_, info); }
  bool on_bytes(MutableBytes bytes) noexcept override {
    links_.intake_.on_bytes(link_.session_, bytes);
    return wanted();
  }
  bool on_frame(FrameKind kind, Bytes payload) noexcept override {
    links_.intake_.on_frame(link_.session_, kind, payload);
    return wanted();
  }
  void on_fault(CloseCode code) noexcept override { links_.intake_.on_fault(link_.session_, code); }
  void on_output(Bytes bytes) noexcept override {
    links_.send_first(link_, bytes);
    if (!link_.has(Link::kHeld)) return;
    // The answer to the upgrade is out: the session may write, and is told if it tried before.
    link_.clear(Link::kHeld);
    links_.watch(link_);
  }
  void on_end() noexcept override { links_.end(link_); }
  bool admitted() noexcept override { return links_.intake_.admitted(link_.session_); }

 private:
  bool wanted() const noexcept { return !links_.ending(link_); }

  Links& links_;
  Link& link_;
};

Links::Links(Loop& loop, Intake& intake, LinkOwner* owner, const LinksOptions& options)
    : loop_(loop),
      intake_(intake),
      owner_(owner),
      options_(options),
      poller_(make_poller(loop, *this, options.polling)),
      timer_(
          loop.native(), [](void* self) { static_cast<Links*>(self)->on_deadline(); }, this),
      buffer_(std::make_unique<std::byte[]>(options.read_buffer_bytes)) {
  stats_.memory_bytes = options.read_buffer_bytes;
}

Links::~Links() {
  on_round_begin();
  for (LinkSlab* const slab : slabs_) {
    const std::size_t made = slab == slabs_.back() ? made_ : kLinksPerSlab;
    for (Link* link = slab->first(); link < slab->first() + made; ++link) {
      if (link->fd_ >= 0) finish(*link, 0);
    }
  }
  on_round_end();
  for (LinkSlab* const slab : slabs_) {
    ::operator delete (slab, std::align_val_t{kLinkSlabBytes});
  }
}

Link* Links::add(const Added& added) noexcept {
  Link* const link = take();
  if (link == nullptr) {
    close_socket(added.fd);
    if (owner_ != nullptr) owner_->on_released(added.address);
    return nullptr;
  }
  link->filter_ = added.filter;
  link->address_ = added.address;
  link->session_ = added.session;
  link->fd_ = added.fd;
  link->flags_ = 0;
  ++stats_.open;
  if (added.session) link->set(Link::kSession);
  if (added.connecting) link->set(Link::kConnecting | Link::kWatchWrite);
  if (added.filter != nullptr) link->set(Link::kHandshake);
  const unsigned interest = added.connecting ? kWrite : kRead;
  bool good = poller_->add(added.fd, interest, link);
  if (good && (added.filter != nullptr || added.connecting)) {
    Errand* const errand = errand_of(*link);
    good = errand != nullptr;
    if (good) enlist(*errand, Errand::Stage::opening, options_.opening);
  } else if (good && !added.session) {
    good = open_session(*link, {});
  }
  if (!good) {
    link->clear(Link::kSession);  // nobody knows it yet
    finish(*link, ENOMEM);
    return nullptr;
  }
  if (stats_.opening > options_.opening_links) finish(*opening_.first->link, ETIMEDOUT);
  return link;
}

// A session for a link whose handshake is done, or that needs none.
bool Links::open_session(Link& link, const LinkInfo& info) noexcept {
  Address peer;
  AddressText text{};
  SessionOptions options;
  options.codec = info.codec;
  options.framing = info.framing;
  options.compress = info.compress;
  options.peer = info.peer;
  if (info.peer.empty() && !link.has(Link::kSession) && peer_of(link.fd_, peer)) {
    text = text_of(peer);
    options.peer = text.view();
  }
  // What the upgrade took of the deadline is gone.
  if (link.errand_ != nullptr) options.deadline = link.errand_->deadline;
  link.set(Link::kHeld);
  const Result<SessionId> session = intake_.open(link, options);
  const bool server = !link.has(Link::kSession);
  if (!session) {
    link.clear(Link::kHeld);
    return false;
  }
  link.session_ = *session;
  link.set(Link::kSession);
  link.clear(Link::kHandshake);
  Errand* const errand = link.errand_;
  if (errand != nullptr && errand->stage == Errand::Stage::opening) {  // not closed meanwhile
    unlist(*errand);
    if (errand->waiting() == 0) drop_errand(link);
  }
  // A server's filter answers the peer next; until then the session's bytes must wait.
  if (link.filter_ == nullptr || !server) {
    link.clear(Link::kHeld);
    if (link.has(Link::kBlocked)) watch(link);
  }
  return true;
}

void Links::on_round_begin() noexcept {
  if (depth_++ == 0) intake_.begin_round();
}

void Links::on_round_end() noexcept {
  if (--depth_ > 0) return;
  intake_.end_round();
  free_gone();
}

void Links::on_ready(void* tag, unsigned events) noexcept {
  const auto bits = reinterpret_cast<std::uintptr_t>(tag);
  if ((bits & 1) != 0)
    return intake_.on_acceptable(reinterpret_cast<void*>(bits & ~std::uintptr_t{1}));
  Link& link = *static_cast<Link*>(tag);
  if (link.has(Link::kGone)) return;
  if (link.has(Link::kConnecting)) return connected(link);
  if ((events & kWrite) != 0) writable(link);
  if (link.has(Link::kGone)) return;
  if ((events & (kRead | kHangup)) != 0) readable(link, (events & kHangup) != 0);
}

// A client's socket is through, or not.
void Links::connected(Link& link) noexcept {
  const int error = error_of(link.fd_);
  if (error != 0) return finish(link, error);
  link.clear(Link::kConnecting);
  watch(link);
  if (link.filter_ == nullptr) {
    static_cast<void>(open_session(link, {}));
    return;
  }
  LinkSink sink(*this, link);
  link.filter_->start(link.state_, sink);
}

void Links::writable(Link& link) noexcept {
  if (link.waiting() > 0) {
    if (!flush_tail(link)) return;
    if (link.has(Link::kEnding)) return start_closing(link);
  }
  const bool owed = link.has(Link::kBlocked);
  link.clear(Link::kBlocked);
  watch(link);
  if (owed && link.has(Link::kSession)) intake_.on_writable(link.session_);
}

void Links::readable(Link& link, bool hangup) noexcept {
  if (link.has(Link::kClosing)) return drain(link);
  if (link.has(Link::kPaused) && !hangup) return;
  const std::ptrdiff_t got = receive(link.fd_, {buffer_.get(), options_.read_buffer_bytes});
  if (got > 0) {
    stats_.bytes_in += static_cast<std::uint64_t>(got);
    return feed(link, {buffer_.get(), static_cast<std::size_t>(got)});
  }
  if (would_block(got)) {
    if (hangup && link.has(Link::kBroken)) finish(link, 0);
    return;
  }
  // A peer that only finished sending may still read the answer on its way.
  if (got == 0 && link.has(Link::kEnding) && link.waiting() > 0 && !link.has(Link::kPaused)) {
    link.set(Link::kPaused);
    return watch(link);
  }
  finish(link, got == 0 ? 0 : static_cast<int>(-got));
}

void Links::feed(Link& link, MutableBytes bytes) noexcept {
  if (link.has(Link::kEnding | Link::kBroken)) return;
  if (link.filter_ == nullptr) return intake_.on_bytes(link.session_, bytes);
  LinkSink sink(*this, link);
  link.filter_->feed(link.state_, bytes, sink);
}

// Closing: what still comes is thrown away, since closing a socket with unread bytes would reset it
// and take our last bytes with it.
void Links::drain(Link& link) noexcept {
  constexpr int kReads = 4;
  for (int i = 0; i < kReads; ++i) {
    const std::ptrdiff_t got = receive(link.fd_, {buffer_.get(), options_.read_buffer_bytes});
    if (would_block(got)) return;
    if (got <= 0) return finish(link, 0);
  }
}

void Links::watch(Link& link) noexcept {
  if (link.has(Link::kGone | Link::kConnecting)) return;
  unsigned interest = 0;
  if (!link.has(Link::kPaused) || link.has(Link::kClosing)) interest |= kRead;
  const bool write = link.waiting() > 0 || (link.has(Link::kBlocked) && !link.has(Link::kHeld));
  if (write && !link.has(Link::kClosing)) interest |= kWrite;
  (interest & kWrite) != 0 ? link.set(Link::kWatchWrite) : link.clear(Link::kWatchWrite);
  poller_->set(link.fd_, interest, &link);
}

void Links::end(Link& link) noexcept {
  if (link.has(Link::kEnding | Link::kClosing | Link::kBroken | Link::kGone)) return;
  link.set(Link::kEnding);
  if (link.has(Link::kConnecting)) return broke(link);
  if (link.waiting() == 0) return start_closing(link);
  // What a session's link has left may take as long as closing, an HTTP answer as long as asking.
  if (link.has(Link::kSession)) {
    enlist(*link.errand_, Errand::Stage::closing, options_.closing);
  } else {
    enlist(*link.errand_, Errand::Stage::opening, options_.opening);
  }
}

void Links::start_closing(Link& link) noexcept {
  link.set(Link::kClosing);
  Errand* const errand = errand_of(link);
  if (errand == nullptr) return broke(link);
  finish_writing(link.fd_);
  enlist(*errand, Errand::Stage::closing, options_.closing);
  watch(link);
}

// An error while something of the session's is running: the end comes in a round of its own.
void Links::broke(Link& link) noexcept {
  if (link.has(Link::kBroken | Link::kGone)) return;
  link.set(Link::kBroken);
  Errand* const errand = errand_of(link);
  if (errand == nullptr) return;  // the poller reports the hang-up, if later
  enlist(*errand, Errand::Stage::closing, {0});
}

void Links::reset(Link& link) noexcept { broke(link); }

void Links::finish(Link& link, int error, bool reset) noexcept {
  if (link.has(Link::kGone)) return;
  link.set(Link::kGone);
  if (link.errand_ != nullptr) drop_errand(link);
  poller_->remove(link.fd_);
  reset ? reset_socket(link.fd_) : close_socket(link.fd_);
  link.fd_ = -1;
  if (link.filter_ != nullptr) link.filter_->stop(link.state_);
  if (owner_ != nullptr) owner_->on_released(link.address_);
  --stats_.open;
  link.next_ = gone_;
  gone_ = &link;
  if (link.has(Link::kSession)) intake_.on_closed(link.session_, error);
}

void Links::send_first(Link& link, Bytes bytes) noexcept {
  if (link.has(Link::kEnding | Link::kClosing | Link::kBroken | Link::kGone)) return;
  if (link.waiting() == 0) {
    const Bytes pieces[] = {bytes};
    const std::ptrdiff_t sent = send_pieces(link.fd_, pieces);
    if (sent < 0 && !would_block(sent)) return broke(link);
    const std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    stats_.bytes_out += taken;
    bytes = bytes.subspan(taken);
    if (bytes.empty()) return;
  }
  Errand* const errand = errand_of(link);
  if (errand == nullptr) return broke(link);
  if (errand->sent > errand->tail.size() / 2) {
    errand->tail.erase(0, errand->sent);
    errand->sent = 0;
  }
  errand->tail.append(as_text(bytes));
  watch(link);
}

// True: all of it has left.
bool Links::flush_tail(Link& link) noexcept {
  Errand& errand = *link.errand_;
  const Bytes rest = as_bytes(errand.tail).subspan(errand.sent);
  const Bytes pieces[] = {rest};
  const std::ptrdiff_t sent = send_pieces(link.fd_, pieces);
  if (sent < 0) {
    if (!would_block(sent)) finish(link, static_cast<int>(-sent));
    return false;
  }
  errand.sent += static_cast<std::size_t>(sent);
  stats_.bytes_out += static_cast<std::uint64_t>(sent);
  if (errand.waiting() > 0) return false;
  errand.tail.clear();
  errand.sent = 0;
  if (errand.stage == Errand::Stage::none) drop_errand(link);
  return true;
}

void Links::tell_when_writable(Link& link) noexcept {
  link.set(Link::kBlocked);
  watch(link);
}

bool Links::watch_listener(int fd, void* listener) noexcept {
  return poller_->add(fd, kRead, tag_of_listener(listener));
}
void Links::set_listener(int fd, void* listener, bool accepting) noexcept {
  poller_->set(fd, accepting ? unsigned{kRead} : 0u, tag_of_listener(listener));
}
void Links::unwatch_listener(int fd) noexcept { poller_->remove(fd); }

}  // namespace chatroom::uv
