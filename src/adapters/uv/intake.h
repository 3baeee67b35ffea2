// Intake: who gets what sockets bring. The server's is an Engine::Turn, the dialer's its handlers,
// a test's an echo.
#pragma once

#include "chatroom/engine.h"

namespace chatroom::uv {

class Link;

class Intake {
 public:
  // Everything below comes between these two; what is written may leave at the end.
  virtual void begin_round() noexcept = 0;
  virtual void end_round() noexcept = 0;

  // The link is ready for a session (links that were added with one: it is open now).
  virtual Result<SessionId> open(Link& link, const SessionOptions& options) noexcept = 0;
  virtual bool admitted(SessionId session) noexcept = 0;
  virtual void on_bytes(SessionId session, Bytes bytes) noexcept = 0;
  virtual void on_frame(SessionId session, FrameKind kind, Bytes payload) noexcept = 0;
  virtual void on_fault(SessionId session, CloseCode code) noexcept = 0;
  virtual void on_writable(SessionId session) noexcept = 0;
  // Exactly once for each open session; the link lives until the end of the round. `error`: errno.
  virtual void on_closed(SessionId session, int error) noexcept = 0;

  // A listener has connections waiting.
  virtual void on_acceptable(void* listener) noexcept { static_cast<void>(listener); }

 protected:
  ~Intake() = default;
};

}  // namespace chatroom::uv
