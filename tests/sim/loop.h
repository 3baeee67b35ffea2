// Loop: the EventLoop port on virtual time, and the recording of what went into an engine.
#pragma once

#include <string>

#include "chatroom/event_loop.h"
#include "chatroom/recorder.h"
#include "sim/random.h"
#include "sim/world.h"

namespace chatroom::sim {

class Loop final : public EventLoop {
 public:
  Loop(World& world, std::uint64_t entropy) noexcept : world_(world), entropy_(entropy) {}

  Instant now() noexcept override { return world_.now(); }
  void set_alarm(Instant at) noexcept override {
    ++alarm_;
    if (at == Instant::never()) return;
    // Never at the same moment: what asks for that without end would stop the clock.
    const Instant soon = world_.now() + Duration{200};
    plan(at > soon ? at : soon, alarm_);
  }
  void wake() noexcept override { plan(world_.now() + Duration{200}, ++alarm_); }
  void entropy(MutableBytes out) noexcept override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(entropy_.next() & 0xff);
  }
  void attach(LoopClient* client) noexcept override { client_ = client; }

 private:
  void plan(Instant at, std::uint64_t alarm) {
    world_.schedule().alarm(at, [this, alarm] {
      if (alarm != alarm_ || client_ == nullptr) return;
      world_.end_turn();
      client_->on_loop();
    });
  }

  World& world_;
  Random entropy_;
  LoopClient* client_ = nullptr;
  std::uint64_t alarm_ = 0;
};

class Recording final : public Recorder {
 public:
  void record(std::span<const Bytes> pieces) noexcept override {
    for (const Bytes piece : pieces) bytes_.append(as_text(piece));
  }
  Bytes bytes() const noexcept { return as_bytes(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace chatroom::sim
