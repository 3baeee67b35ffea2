// One epoll descriptor of our own, watched through a single uv_poll_t: one callback is one round
// over all sockets that are ready. About 100 bytes less a socket than a uv_poll_t each.
#include "uv/poller.h"

#ifdef __linux__
#include <sys/epoll.h>
#include <unistd.h>
#include <uv.h>

#include <cstdint>

#include "uv/timer.h"
#endif

namespace chatroom::uv {

#ifdef __linux__

namespace {

constexpr int kEventsPerRound = 256;

class EpollPoller final : public Poller {
 public:
  // `watch` is initialised, for `epoll`.
  EpollPoller(PollerClient& client, int epoll, uv_poll_t* watch)
      : client_(client), epoll_(epoll), poll_(watch) {
    poll_->data = this;
    uv_poll_start(poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
      static_cast<EpollPoller*>(poll->data)->round();
    });
  }
  ~EpollPoller() override {
    uv_poll_stop(poll_);
    close_and_delete(poll_);
    ::close(epoll_);
  }

  bool add(int fd, unsigned interest, void* tag) noexcept override {
    return control(EPOLL_CTL_ADD, fd, interest, tag) == 0;
  }
  void set(int fd, unsigned interest, void* tag) noexcept override {
    static_cast<void>(control(EPOLL_CTL_MOD, fd, interest, tag));
  }
  void remove(int) noexcept override {}  // closing it does that

 private:
  int control(int operation, int fd, unsigned interest, void* tag) noexcept {
    epoll_event event{};
    if ((interest & kRead) != 0) event.events |= EPOLLIN;
    if ((interest & kWrite) != 0) event.events |= EPOLLOUT;
    event.data.ptr = tag;
    return epoll_ctl(epoll_, operation, fd, &event);
  }

  void round() noexcept {
    epoll_event events[kEventsPerRound];
    const int count = epoll_wait(epoll_, events, kEventsPerRound, 0);
    if (count <= 0) return;
    client_.on_round_begin();
    for (int i = 0; i < count; ++i) {
      unsigned ready = 0;
      if ((events[i].events & EPOLLIN) != 0) ready |= kRead;
      if ((events[i].events & EPOLLOUT) != 0) ready |= kWrite;
      if ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0) ready |= kHangup;
      client_.on_ready(events[i].data.ptr, ready);
    }
    client_.on_round_end();
  }

  PollerClient& client_;
  int epoll_;
  uv_poll_t* poll_;
};

}  // namespace

std::unique_ptr<Poller> make_epoll_poller(Loop& loop, PollerClient& client) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return nullptr;
  auto poll = std::make_unique<uv_poll_t>();
  if (uv_poll_init(loop.native(), poll.get(), epoll) != 0) {
    ::close(epoll);
    return nullptr;
  }
  return std::make_unique<EpollPoller>(client, epoll, poll.release());
}

#else

std::unique_ptr<Poller> make_epoll_poller(Loop&, PollerClient&) { return nullptr; }

#endif

}  // namespace chatroom::uv
