// EpollLoop: the EventLoop port over epoll, for hosts that have their own loop and no libuv.
#pragma once

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "chatroom/event_loop.h"

// What wants to know that its descriptor is ready.
class Watcher {
 public:
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~Watcher() = default;
};

class EpollLoop final : public chatroom::EventLoop {
 public:
  EpollLoop()
      : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    const timespec wall = read(CLOCK_REALTIME);
    const timespec steady = read(CLOCK_MONOTONIC);
    ahead_us_ = micros(wall) - micros(steady);
    watch(wake_, EPOLLIN, nullptr);
  }
  ~EpollLoop() {
    close(wake_);
    close(epoll_);
  }

  void watch(int fd, std::uint32_t events, Watcher* watcher) {
    control(EPOLL_CTL_ADD, fd, events, watcher);
  }
  void change(int fd, std::uint32_t events, Watcher* watcher) {
    control(EPOLL_CTL_MOD, fd, events, watcher);
  }

  // Waits for sockets, a wake or the alarm, at most `at_most`. `begin` and `end` stand around the
  // handling of all sockets that are ready, so that the host can make one turn of them.
  template <class Begin, class End>
  void run_once(chatroom::Duration at_most, Begin begin, End end) {
    epoll_event ready[256];
    const int count = epoll_wait(epoll_, ready, 256, timeout(at_most));
    bool woken = false;
    begin();
    for (int i = 0; i < count; ++i) {
      auto* watcher = static_cast<Watcher*>(ready[i].data.ptr);
      if (watcher != nullptr) watcher->on_ready(ready[i].events);
      woken = woken || watcher == nullptr;
    }
    end();
    if (woken) drain_wake();
    if (client_ == nullptr || (!woken && alarm_ > now())) return;
    if (alarm_ <= now()) alarm_ = chatroom::Instant::never();
    client_->on_loop();
  }

  chatroom::Instant now() noexcept override { return {micros(read(CLOCK_MONOTONIC)) + ahead_us_}; }
  void set_alarm(chatroom::Instant at) noexcept override { alarm_ = at; }
  void wake() noexcept override {
    const std::uint64_t one = 1;
    if (write(wake_, &one, sizeof(one)) < 0) return;  // full: a wake is under way already
  }
  void entropy(chatroom::MutableBytes out) noexcept override {
    for (std::size_t at = 0; at < out.size();) {
      const ssize_t size = getrandom(out.data() + at, out.size() - at, 0);
      if (size > 0) at += static_cast<std::size_t>(size);
    }
  }
  void attach(chatroom::LoopClient* client) noexcept override { client_ = client; }

 private:
  static timespec read(clockid_t clock) noexcept {
    timespec time{};
    clock_gettime(clock, &time);
    return time;
  }
  static std::int64_t micros(const timespec& time) noexcept {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000;
  }
  int timeout(chatroom::Duration at_most) noexcept {
    const chatroom::Instant start = now();
    const chatroom::Instant until = std::min(alarm_, start + at_most);
    return until <= start ? 0 : static_cast<int>((until - start).us / 1'000 + 1);
  }
  void control(int operation, int fd, std::uint32_t events, Watcher* watcher) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = watcher;
    epoll_ctl(epoll_, operation, fd, &event);
  }
  void drain_wake() {
    std::uint64_t count = 0;
    while (::read(wake_, &count, sizeof(count)) > 0) {
    }
  }

  const int epoll_;
  const int wake_;
  std::int64_t ahead_us_ = 0;
  chatroom::Instant alarm_ = chatroom::Instant::never();
  chatroom::LoopClient* client_ = nullptr;
};
