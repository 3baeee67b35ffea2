// Slow work: what happened, once more for whoever takes his time with it: copies for third parties
// (an archive, a search index, moderation from outside), and pushes to people who are not here. The
// engine hands over and goes on; what nobody fetches in time is dropped, the oldest first.
//
//   WorkQueue queue(*global_heap());
//   auto engine = Engine::create({.slow_work = kCopies | kPushes}, {.slow_work = &queue, ...});
//   Work work;
//   while (queue.take(work)) archive(work);  // on another thread, or once a tick
//
// SlowWorker (adapters/slow_worker.h) brings the thread. Questions that take longer than a
// millisecond (a filter that asks a service) are not this: Answer::later is their way.
#pragma once

#include "chatroom/command.h"
#include "chatroom/error.h"
#include "chatroom/event.h"
#include "chatroom/memory.h"

namespace chatroom {

namespace engine {
class Mailbox;
}

enum class WorkKind : std::uint8_t {
  message,    // room, message: kept messages of rooms that live at this engine, as members see them
  direct,     // user (to whom), message: those that arrive
  joined,     // room, user
  left,       // room, user, reason
  moderated,  // room, op, user (of whom), by (empty: the host), until_ms, text (why), offset
  push,       // user (who is at no engine), message, and its room where he was mentioned
};
inline constexpr int kWorkKinds = static_cast<int>(WorkKind::push) + 1;
std::string_view name_of(WorkKind kind) noexcept;

// EngineOptions::slow_work is a sum of these.
constexpr std::uint32_t work_bit(WorkKind kind) noexcept { return 1u << static_cast<int>(kind); }
inline constexpr std::uint32_t kCopies = (1u << static_cast<int>(WorkKind::push)) - 1;
inline constexpr std::uint32_t kPushes = work_bit(WorkKind::push);

// Views live until the call that brought it returns.
struct Work {
  WorkKind kind = WorkKind::message;
  std::uint64_t number = 0;  // of this engine, from 1 on; a hole is what was lost
  std::int64_t time_ms = 0;
  std::string_view room{};
  std::string_view user{};
  std::string_view by{};
  std::string_view text{};
  Op op = Op::none;
  LeaveReason reason = LeaveReason::left;
  std::int64_t until_ms = 0;
  std::uint64_t offset = 0;  // moderated: the message it is about
  Message message{};
};

// Who takes it. Thread: the engine's. Re-entry: none. Must not block.
class SlowWork {
 public:
  // Answers how many pieces of work were lost for it, itself among them if it could not be taken.
  // They are told as HostEventType::copies_lost at the end of the turn.
  virtual std::uint32_t put(const Work& work) noexcept = 0;

 protected:
  ~SlowWork() = default;
};

struct WorkQueueOptions {
  std::uint32_t entries = 4'096;     // past it the oldest goes
  std::uint32_t bytes = 4u << 20;    // likewise; all taken at construction
  std::uint32_t one_bytes = 16'384;  // of one piece: what is longer is lost itself
};

// The bounded queue in between. One engine puts; one thread, any, takes: neither waits for the
// other longer than a copy of one piece takes.
class WorkQueue final : public SlowWork {
 public:
  // No memory: all is lost, and said so.
  explicit WorkQueue(Memory& memory, const WorkQueueOptions& options = {}) noexcept;
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  std::uint32_t put(const Work& work) noexcept override;
  // The oldest. Its views live until the next call. False: there is none.
  bool take(Work& work) noexcept;
  bool empty() const noexcept;

 private:
  MutableBytes half(std::size_t which) const noexcept;

  Memory& memory_;
  const std::uint32_t one_bytes_;
  std::byte* scratch_ = nullptr;  // where one is packed, and where one is unpacked
  engine::Mailbox* pieces_ = nullptr;
  std::string_view mentions_[kMentionsPerMessage];
};

}  // namespace chatroom
