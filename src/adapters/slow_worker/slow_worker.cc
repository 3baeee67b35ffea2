// The thread behind SlowWorker: asleep until something is put, then it works off all there is.
#include "chatroom/adapters/slow_worker.h"

#include <atomic>
#include <thread>

#include "chatroom/global_heap.h"

namespace chatroom {

struct SlowWorker::Thread {
  Thread(WorkSink& to, const WorkQueueOptions& options, PushHook* hook)
      : sink(to), push(hook), queue(*global_heap(), options), thread([this] { run(); }) {}
  ~Thread() {
    ends = true;
    ring();
    thread.join();
  }

  void ring() noexcept {
    rung = true;
    rung.notify_one();
  }

  // What is put before the bell is rung is found after it was heard: nothing is overslept.
  void run() noexcept {
    for (bool last = false; !last;) {
      rung.wait(false);
      rung = false;
      last = ends;
      Work work;
      while (queue.take(work)) {
        if (work.kind == WorkKind::push && push != nullptr) {
          push->push(work.user, work);
        } else {
          sink.on_work(work);
        }
      }
      sink.on_idle();
    }
  }

  WorkSink& sink;
  PushHook* const push;
  WorkQueue queue;
  std::atomic<bool> rung{false};
  std::atomic<bool> ends{false};
  std::thread thread;  // last: it uses all of the above
};

SlowWorker::SlowWorker(WorkSink& sink, const WorkQueueOptions& options, PushHook* push)
    : thread_(std::make_unique<Thread>(sink, options, push)) {}
SlowWorker::~SlowWorker() = default;

std::uint32_t SlowWorker::put(const Work& work) noexcept {
  const std::uint32_t lost = thread_->queue.put(work);
  thread_->ring();
  return lost;
}

}  // namespace chatroom
