// Timer: one uv_timer_t with a plain callback. libuv frees handles later than their owners go, so
// the handle lives on the heap and goes when libuv lets it.
#pragma once

#include <uv.h>

#include "chatroom/types.h"

namespace chatroom::uv {

// Closes a handle made with `new Handle`, and deletes it when libuv is done with it.
template <class Handle>
void close_and_delete(Handle* handle) noexcept {
  uv_close(reinterpret_cast<uv_handle_t*>(handle),
           [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
}

class Timer {
 public:
  using Callback = void (*)(void* context);

  Timer(uv_loop_t* loop, Callback callback, void* context)
      : timer_(new uv_timer_t), callback_(callback), context_(context) {
    uv_timer_init(loop, timer_);
    timer_->data = this;
  }
  ~Timer() { close_and_delete(timer_); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // At least a millisecond: libuv runs a timer of 0 again and again without looking at sockets.
  void start(Duration after) noexcept {
    const std::int64_t ms = after.us <= 1'000 ? 1 : (after.us + 999) / 1'000;
    uv_update_time(timer_->loop);
    uv_timer_start(
        timer_,
        [](uv_timer_t* timer) {
          Timer& self = *static_cast<Timer*>(timer->data);
          self.callback_(self.context_);
        },
        static_cast<std::uint64_t>(ms), 0);
  }
  void stop() noexcept { uv_timer_stop(timer_); }
  bool active() const noexcept {
    return uv_is_active(reinterpret_cast<const uv_handle_t*>(timer_)) != 0;
  }

 private:
  uv_timer_t* timer_;
  Callback callback_;
  void* context_;
};

}  // namespace chatroom::uv
