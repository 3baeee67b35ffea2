// Remote: the engine from other threads.
#pragma once

#include "chatroom/decision.h"
#include "chatroom/error.h"
#include "chatroom/message.h"

namespace chatroom {

namespace engine {
class Mailbox;
}

// A copyable handle; every call copies its bytes into a bounded mailbox, wakes the loop and
// returns: it never waits. What became of it is told to the EngineObserver with `tag`.
//
// Thread: any. May outlive the engine: then every call answers not_found.
// Errors: queue_full (Limits::mailbox_*): nothing was queued.
// Hosts without an EventLoop: the mail is read at the next Engine::advance.
class Remote final {
 public:
  Remote() noexcept = default;
  Remote(const Remote&) noexcept;
  Remote& operator=(const Remote&) noexcept;
  ~Remote();

  Status broadcast(std::string_view room, const Outgoing& message, Tag tag) noexcept;
  Status send_to(std::string_view room, std::string_view user, const Outgoing& message,
                 Tag tag) noexcept;
  Status kick(std::string_view room, std::string_view user, std::string_view text,
              Tag tag) noexcept;
  Status answer(Question question, const Answer& answer) noexcept;

 private:
  friend class Engine;
  explicit Remote(engine::Mailbox* mailbox) noexcept;
  engine::Mailbox* mailbox_ = nullptr;
};

}  // namespace chatroom
