// A uv_poll_t for each socket: everywhere but Linux, and there as a choice. Each callback is a
// round of its own.
#include <uv.h>

#include <unordered_map>

#include "uv/poller.h"
#include "uv/timer.h"

namespace chatroom::uv {

namespace {

class SocketPoller final : public Poller {
 public:
  SocketPoller(Loop& loop, PollerClient& client) : loop_(loop), client_(client) {}
  ~SocketPoller() override {
    for (const auto& [fd, watch] : watches_) release(watch);
  }

  bool add(int fd, unsigned interest, void* tag) noexcept override {
    auto* watch = new (std::nothrow) Watch;
    if (watch == nullptr) return false;
    if (uv_poll_init(loop_.native(), &watch->poll, fd) != 0) {
      delete watch;
      return false;
    }
    watch->poll.data = watch;
    watch->owner = this;
    watches_[fd] = watch;
    set(fd, interest, tag);
    return true;
  }
  void set(int fd, unsigned interest, void* tag) noexcept override {
    const auto found = watches_.find(fd);
    if (found == watches_.end()) return;
    Watch* const watch = found->second;
    watch->tag = tag;
    int events = 0;
    if ((interest & kRead) != 0) events |= UV_READABLE;
    if ((interest & kWrite) != 0) events |= UV_WRITABLE;
    watch->events = events;
    if (events == 0) {
      uv_poll_stop(&watch->poll);
      return;
    }
    uv_poll_start(&watch->poll, events, on_poll);
  }
  void remove(int fd) noexcept override {
    const auto found = watches_.find(fd);
    if (found == watches_.end()) return;
    release(found->second);
    watches_.erase(found);
  }

 private:
  struct Watch {
    uv_poll_t poll{};
    SocketPoller* owner = nullptr;
    void* tag = nullptr;
    int events = 0;
  };

  static void release(Watch* watch) noexcept {
    uv_poll_stop(&watch->poll);
    uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll),
             [](uv_handle_t* closed) { delete static_cast<Watch*>(closed->data); });
  }
  static void on_poll(uv_poll_t* poll, int status, int events) {
    Watch& watch = *static_cast<Watch*>(poll->data);
    unsigned ready = 0;
    if ((events & UV_READABLE) != 0) ready |= kRead;
    if ((events & UV_WRITABLE) != 0) ready |= kWrite;
    if (status < 0) {
      ready |= kHangup;
      // libuv stops at an error; but what came before it may still be unread.
      if (watch.events != 0) uv_poll_start(poll, watch.events, on_poll);
    }
    PollerClient& client = watch.owner->client_;
    client.on_round_begin();
    client.on_ready(watch.tag, ready);
    client.on_round_end();
  }

  Loop& loop_;
  PollerClient& client_;
  std::unordered_map<int, Watch*> watches_;
};

}  // namespace

std::unique_ptr<Poller> make_socket_poller(Loop& loop, PollerClient& client) {
  return std::make_unique<SocketPoller>(loop, client);
}

std::unique_ptr<Poller> make_poller(Loop& loop, PollerClient& client, Polling polling) {
  std::unique_ptr<Poller> poller;
  if (polling == Polling::automatic) poller = make_epoll_poller(loop, client);
  if (poller == nullptr) poller = make_socket_poller(loop, client);
  return poller;
}

}  // namespace chatroom::uv
