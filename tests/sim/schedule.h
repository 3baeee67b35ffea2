// Schedule: virtual time. What is due at one moment runs in the order in which it was asked for;
// alarms after all else, since when they were last set is the engine's own business: whoever makes
// it look at the clock once more must not decide whose bytes come before somebody else's ping.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "chatroom/types.h"

namespace chatroom::sim {

class Schedule final {
 public:
  using Task = std::function<void()>;

  explicit Schedule(Instant start) noexcept : now_(start) {}

  Instant now() const noexcept { return now_; }
  bool empty() const noexcept { return tasks_.empty(); }
  Instant next() const noexcept { return tasks_.empty() ? Instant::never() : tasks_.front().at; }

  void at(Instant moment, Task task) { add(moment, order_++, std::move(task)); }
  void alarm(Instant moment, Task task) { add(moment, kLate + order_++, std::move(task)); }
  void after(Duration delay, Task task) { at(now_ + delay, std::move(task)); }

  void run_one() {
    std::pop_heap(tasks_.begin(), tasks_.end(), later);
    Planned planned = std::move(tasks_.back());
    tasks_.pop_back();
    now_ = planned.at;
    planned.task();
  }
  void clear() { tasks_.clear(); }

 private:
  static constexpr std::uint64_t kLate = std::uint64_t{1} << 62;

  void add(Instant moment, std::uint64_t order, Task task) {
    tasks_.push_back({std::max(moment, now_), order, std::move(task)});
    std::push_heap(tasks_.begin(), tasks_.end(), later);
  }

  struct Planned {
    Instant at;
    std::uint64_t order = 0;
    Task task;
  };
  static bool later(const Planned& a, const Planned& b) noexcept {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }
  std::vector<Planned> tasks_;
  std::uint64_t order_ = 0;
  Instant now_;
};

}  // namespace chatroom::sim
