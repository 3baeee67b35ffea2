// uv::Loop: the EventLoop port over a uv_loop_t.
#include <uv.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "chatroom/adapters/uv.h"
#include "chatroom/assert.h"

namespace chatroom::uv {

// Lives until libuv has closed the last of its handles.
struct Loop::State {
  uv_loop_t* loop = nullptr;
  bool own = false;
  int handles = 0;  // initialised and not closed yet
  bool orphaned = false;

  // The clock: the wall clock at start, and how far the steady one has come since.
  std::int64_t wall_us = 0;
  std::uint64_t steady_ns = 0;

  LoopClient* client = nullptr;
  Instant alarm = Instant::never();
  bool stopped = false;
  void (*on_signal)(void*) = nullptr;
  void* on_signal_context = nullptr;

  uv_loop_t storage{};
  uv_timer_t timer{};  // alarms to come
  uv_idle_t idle{};    // an alarm that is due: next round, after a look at the sockets
  uv_async_t async{};  // wakes
  uv_timer_t limit{};  // run_for
  uv_signal_t signals[2]{};
  bool signals_open = false;

  template <class Handle>
  uv_handle_t* open(Handle& handle) noexcept {
    handle.data = this;
    ++handles;
    return reinterpret_cast<uv_handle_t*>(&handle);
  }
  template <class Handle>
  void close(Handle& handle) noexcept {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), [](uv_handle_t* closed) {
      auto* self = static_cast<State*>(closed->data);
      if (--self->handles == 0 && self->orphaned && !self->own) delete self;
    });
  }
  Instant now() const noexcept {
    const std::uint64_t passed = uv_hrtime() - steady_ns;
    return {wall_us + static_cast<std::int64_t>(passed / 1'000)};
  }
  // libuv counts from whole milliseconds, so its timers may be a part of one early; an alarm is
  // not.
  void on_timer() noexcept {
    if (now() >= alarm) return due();
    uv_timer_start(
        &timer, [](uv_timer_t* early) { static_cast<State*>(early->data)->on_timer(); }, 1, 0);
  }
  void due() noexcept {
    alarm = Instant::never();
    if (client != nullptr) client->on_loop();
  }
};

Loop::Loop() : Loop(nullptr) {}

Loop::Loop(uv_loop_s* theirs) : state_(new State) {
  State& s = *state_;
  s.own = theirs == nullptr;
  s.loop = s.own ? &s.storage : theirs;
  if (s.own) {
    const int started = uv_loop_init(s.loop);
    CHATROOM_ASSERT(started == 0);  // no descriptors left at start: nothing would work
  }
  uv_timeval64_t wall{};
  uv_gettimeofday(&wall);
  s.wall_us = wall.tv_sec * 1'000'000 + wall.tv_usec;
  s.steady_ns = uv_hrtime();

  uv_timer_init(s.loop, &s.timer);
  s.open(s.timer);
  uv_timer_init(s.loop, &s.limit);
  s.open(s.limit);
  uv_idle_init(s.loop, &s.idle);
  s.open(s.idle);
  uv_async_init(s.loop, &s.async, [](uv_async_t* async) {
    auto* self = static_cast<State*>(async->data);
    if (self->client != nullptr) self->client->on_loop();
  });
  uv_handle_t* const async = s.open(s.async);
  if (!s.own) uv_unref(async);  // the host's loop ends when the host's own handles do
}

Loop::~Loop() {
  State* const s = state_;
  s->client = nullptr;
  s->close(s->timer);
  s->close(s->limit);
  s->close(s->idle);
  s->close(s->async);
  if (s->signals_open) {
    for (uv_signal_t& signal : s->signals) s->close(signal);
  }
  if (!s->own) {
    s->orphaned = true;
    return;
  }
  while (uv_run(s->loop, UV_RUN_DEFAULT) != 0) {
  }
  const int closed = uv_loop_close(s->loop);
  CHATROOM_ASSERT(closed == 0);  // else a Server or Dialer outlived its loop
  delete s;
}

void Loop::run() noexcept {
  state_->stopped = false;
  while (!state_->stopped && uv_run(state_->loop, UV_RUN_DEFAULT) != 0) {
  }
}

bool Loop::run_for(Duration at_most) noexcept {
  State& s = *state_;
  s.stopped = false;
  bool elapsed = false;
  struct Limit {
    uv_loop_t* loop;
    bool* elapsed;
  } limit{s.loop, &elapsed};
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(at_most.in_ms(), 1));
  s.limit.data = &limit;
  uv_update_time(s.loop);
  uv_timer_start(
      &s.limit,
      [](uv_timer_t* timer) {
        auto* at = static_cast<Limit*>(timer->data);
        *at->elapsed = true;
        uv_stop(at->loop);
      },
      ms, 0);
  while (!s.stopped && !elapsed && uv_run(s.loop, UV_RUN_DEFAULT) != 0) {
  }
  uv_timer_stop(&s.limit);
  s.limit.data = &s;
  return s.stopped;
}

void Loop::stop() noexcept {
  state_->stopped = true;
  uv_stop(state_->loop);
}

void Loop::on_signals(void (*callback)(void*), void* context) noexcept {
  State& s = *state_;
  s.on_signal = callback;
  s.on_signal_context = context;
  if (s.signals_open) return;
  s.signals_open = true;
  const int numbers[] = {SIGINT, SIGTERM};
  for (int i = 0; i < 2; ++i) {
    uv_signal_init(s.loop, &s.signals[i]);
    uv_unref(s.open(s.signals[i]));
    uv_signal_start(
        &s.signals[i],
        [](uv_signal_t* signal, int) {
          auto* self = static_cast<State*>(signal->data);
          if (self->on_signal != nullptr) self->on_signal(self->on_signal_context);
        },
        numbers[i]);
  }
}

void Loop::stop_on_signals() noexcept {
  on_signals([](void* self) { static_cast<Loop*>(self)->stop(); }, this);
}

uv_loop_s* Loop::native() noexcept { return state_->loop; }

Instant Loop::now() noexcept { return state_->now(); }

void Loop::set_alarm(Instant at) noexcept {
  State& s = *state_;
  if (at == s.alarm) return;
  s.alarm = at;
  if (at == Instant::never()) {
    uv_timer_stop(&s.timer);
    uv_idle_stop(&s.idle);
    return;
  }
  const Duration wait = at - now();
  if (wait.us <= 0) {
    // Not a timer of 0: libuv would run it again and again before it looks at sockets.
    uv_timer_stop(&s.timer);
    uv_idle_start(&s.idle, [](uv_idle_t* idle) {
      uv_idle_stop(idle);
      static_cast<State*>(idle->data)->due();
    });
    return;
  }
  uv_idle_stop(&s.idle);
  uv_update_time(s.loop);  // a timer counts from the round's cached time
  uv_timer_start(
      &s.timer, [](uv_timer_t* timer) { static_cast<State*>(timer->data)->on_timer(); },
      static_cast<std::uint64_t>((wait.us + 999) / 1'000), 0);
}

void Loop::wake() noexcept { uv_async_send(&state_->async); }

void Loop::entropy(MutableBytes out) noexcept {
  const int filled = uv_random(nullptr, nullptr, out.data(), out.size(), 0, nullptr);
  if (filled != 0) std::abort();  // without random bytes no key may be made
}

void Loop::attach(LoopClient* client) noexcept { state_->client = client; }

}  // namespace chatroom::uv
