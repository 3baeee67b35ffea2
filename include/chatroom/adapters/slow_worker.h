// SlowWorker: slow work on a thread of its own.
//
//   struct Archive final : WorkSink {
//     void on_work(const Work& work) noexcept override { insert(work); }  // may take its time
//   } archive;
//   SlowWorker worker(archive);
//   auto engine = Engine::create({...}, {.slow_work = &worker});
#pragma once

#include <cstdint>
#include <memory>

#include "chatroom/slow_work.h"

namespace chatroom {

// Thread: the worker's, one call at a time, in order. Views live until it returns.
class WorkSink {
 public:
  // Copies, and pushes unless there is a hook for them.
  virtual void on_work(const Work& work) noexcept = 0;
  // Nothing waits any more: a moment to write out what was collected.
  virtual void on_idle() noexcept {}

 protected:
  ~WorkSink() = default;
};

// Tells somebody who is not here, by whatever reaches him. Thread: as WorkSink.
class PushHook {
 public:
  virtual void push(std::string_view user, const Work& work) noexcept = 0;

 protected:
  ~PushHook() = default;
};

// One engine each. Its end works off what waits, so it may take as long as that does; destroy it
// after the engine, and the sinks after it.
class SlowWorker final : public SlowWork {
 public:
  explicit SlowWorker(WorkSink& sink, const WorkQueueOptions& options = {},
                      PushHook* push = nullptr);
  ~SlowWorker();
  SlowWorker(const SlowWorker&) = delete;
  SlowWorker& operator=(const SlowWorker&) = delete;

  std::uint32_t put(const Work& work) noexcept override;

 private:
  struct Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace chatroom
