// EventLoop: the host's loop as the engine sees it: a clock, one alarm, a wake from other threads,
// entropy. Optional: a host without one calls Engine::advance itself (game loops).
#pragma once

#include "chatroom/types.h"

namespace chatroom {

// What the loop calls back. The engine implements it; a loop holds at most one.
class LoopClient {
 public:
  // The alarm is due or a wake came. On the loop's thread, never from inside another engine call.
  virtual void on_loop() noexcept = 0;

 protected:
  ~LoopClient() = default;
};

// Thread: all but `wake` on the engine's thread. Re-entry: none of these may call into the engine.
class EventLoop {
 public:
  // The present moment; never goes back (see Instant). Asked once a turn.
  virtual Instant now() noexcept = 0;
  // Calls client.on_loop() at `at` or soon after; replaces the alarm before it. A moment that has
  // passed means: at once, but not from inside this call. `Instant::never()` clears it.
  virtual void set_alarm(Instant at) noexcept = 0;
  // Makes the loop call on_loop() soon. The one function that any thread may call; calls before
  // on_loop() ran may be folded into one.
  virtual void wake() noexcept = 0;
  // Fills `out` from the operating system's generator (session ids, the key of the hash tables).
  virtual void entropy(MutableBytes out) noexcept = 0;
  // Given once by Engine::create, and null by ~Engine; afterwards nothing is called.
  virtual void attach(LoopClient* client) noexcept = 0;

 protected:
  ~EventLoop() = default;
};

}  // namespace chatroom
