// Links: all sockets of a server or a dialer: reading, deadlines, closing, in rounds.
#pragma once

#include <memory>
#include <vector>

#include "uv/intake.h"
#include "uv/link.h"
#include "uv/poller.h"
#include "uv/timer.h"

namespace chatroom::uv {

struct LinksOptions {
  Duration opening = Duration::s(10);        // absolute, until a filter has opened its link
  Duration closing = Duration::ms(100);      // taken bytes may still leave
  std::uint32_t opening_links = UINT32_MAX;  // above: the oldest is closed
  std::uint32_t read_buffer_bytes = 64 * 1024;
  Polling polling = Polling::automatic;
};

// Whose turn it was when a link went away, for the server's address table.
class LinkOwner {
 public:
  virtual void on_released(AddressUse* address) noexcept = 0;

 protected:
  ~LinkOwner() = default;
};

class Links final : private PollerClient {
 public:
  Links(Loop& loop, Intake& intake, LinkOwner* owner, const LinksOptions& options);
  ~Links();  // every socket is closed; sessions get their on_closed
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  struct Added {
    int fd = -1;
    ByteFilter* filter = nullptr;
    AddressUse* address = nullptr;
    bool connecting = false;
    SessionId session;  // set: this one, known already; else Intake::open gives it
  };
  // Takes the descriptor over, and closes it on failure. Inside a round for accepted sockets.
  Link* add(const Added& added) noexcept;
  // Bytes ahead of the session's, all of them taken.
  void send_first(Link& link, Bytes bytes) noexcept;
  void end(Link& link) noexcept;    // close once those have left
  void reset(Link& link) noexcept;  // RST; on_closed comes in a later round
  std::size_t waiting(const Link& link) const noexcept { return link.waiting(); }
  SessionId session_of(const Link& link) const noexcept { return link.session_; }
  ByteFilter::State& filter_state(Link& link) noexcept { return link.state_; }
  ByteFilter* filter_of(Link& link) noexcept { return link.filter_; }
  bool ending(const Link& link) const noexcept {
    return link.has(Link::kEnding | Link::kClosing | Link::kBroken | Link::kGone);
  }
  // Intake::on_writable, although nothing was refused by write().
  void tell_when_writable(Link& link) noexcept;

  bool watch_listener(int fd, void* listener) noexcept;
  void set_listener(int fd, void* listener, bool accepting) noexcept;
  void unwatch_listener(int fd) noexcept;

  struct Stats {
    std::uint64_t open = 0;
    std::uint64_t opening = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t memory_bytes = 0;
  };
  const Stats& stats() const noexcept { return stats_; }

 private:
  friend class Link;
  friend class LinkSink;
  struct List {  // by deadline: all of one stage wait equally long
    Errand* first = nullptr;
    Errand* last = nullptr;
  };

  void on_round_begin() noexcept override;
  void on_ready(void* tag, unsigned events) noexcept override;
  void on_round_end() noexcept override;
  void on_deadline() noexcept;

  void connected(Link& link) noexcept;
  bool open_session(Link& link, const LinkInfo& info) noexcept;
  void writable(Link& link) noexcept;
  void readable(Link& link, bool hangup) noexcept;
  void feed(Link& link, MutableBytes bytes) noexcept;
  void drain(Link& link) noexcept;

  void watch(Link& link) noexcept;  // tells the poller what the link wants now
  void start_closing(Link& link) noexcept;
  void broke(Link& link) noexcept;
  void finish(Link& link, int error, bool reset = false) noexcept;
  void expire(List& list, Instant now) noexcept;

  Errand* errand_of(Link& link) noexcept;  // null: no memory
  void drop_errand(Link& link) noexcept;
  void enlist(Errand& errand, Errand::Stage stage, Duration wait) noexcept;
  void unlist(Errand& errand) noexcept;
  List& list_of(Errand::Stage stage) noexcept {
    return stage == Errand::Stage::opening ? opening_ : closing_;
  }
  void arm() noexcept;
  bool flush_tail(Link& link) noexcept;

  Link* take() noexcept;
  void free_gone() noexcept;

  Loop& loop_;
  Intake& intake_;
  LinkOwner* owner_;
  LinksOptions options_;
  std::unique_ptr<Poller> poller_;
  Timer timer_;
  Instant armed_ = Instant::never();
  std::unique_ptr<std::byte[]> buffer_;
  std::vector<LinkSlab*> slabs_;
  std::size_t made_ = 0;  // links in the last slab; all in those before
  Link* free_ = nullptr;
  Link* gone_ = nullptr;
  List opening_;
  List closing_;
  int depth_ = 0;  // of rounds
  Stats stats_;
};

}  // namespace chatroom::uv
