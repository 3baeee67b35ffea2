// ManualLoop: an EventLoop whose time is moved by hand, for tests, simulations and first steps.
#pragma once

#include <atomic>

#include "chatroom/event_loop.h"

namespace chatroom {

// Thread: one; wake() from any. Entropy is a fixed sequence from `seed`: never use it where secrets
// matter.
class ManualLoop final : public EventLoop {
 public:
  explicit ManualLoop(std::uint64_t seed = 1, Instant start = {1'700'000'000'000'000}) noexcept
      : now_(start), random_(seed) {}

  // Moves time forward and runs what became due on the way, in order.
  void advance(Duration by) noexcept {
    const Instant end = now_ + by;
    while (client_ != nullptr && (woken_ || alarm_ <= end)) {
      if (alarm_ > now_ && !woken_) now_ = alarm_;
      run_once();
    }
    now_ = end;
  }
  // Runs what is due at this moment; false: nothing was.
  bool run_once() noexcept {
    if (client_ == nullptr || (!woken_ && alarm_ > now_)) return false;
    woken_ = false;
    if (alarm_ <= now_) alarm_ = Instant::never();
    client_->on_loop();
    return true;
  }
  Instant alarm() const noexcept { return alarm_; }

  Instant now() noexcept override { return now_; }
  void set_alarm(Instant at) noexcept override { alarm_ = at; }
  void wake() noexcept override { woken_ = true; }
  void entropy(MutableBytes out) noexcept override {
    for (std::byte& byte : out) {
      random_ = random_ * 6364136223846793005ull + 1442695040888963407ull;
      byte = static_cast<std::byte>(random_ >> 56);
    }
  }
  void attach(LoopClient* client) noexcept override { client_ = client; }

 private:
  Instant now_;
  Instant alarm_ = Instant::never();
  std::atomic<bool> woken_ = false;
  std::uint64_t random_;
  LoopClient* client_ = nullptr;
};

}  // namespace chatroom
