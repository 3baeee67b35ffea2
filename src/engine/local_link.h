// LocalLink: the connection of a member inside the host. Frames wait here, bounded like a socket's
// buffer, until the tell step decodes them for the LocalMember: so local members have the rules,
// order and back-pressure of everybody else, and may call back in from their events.
#pragma once

#include "base/vector.h"
#include "chatroom/connection.h"
#include "chatroom/engine.h"
#include "engine/byte_queue.h"

namespace chatroom::engine {

class LocalLink final : public Connection {
 public:
  // A message link takes whole frames; none is longer than what an engine encodes.
  static constexpr std::uint32_t kFrameBytes = 256 * 1024;
  static constexpr std::uint32_t kInboxBytes = 64 * 1024;

  // `ready` names the links that have something to tell; it has a place for every session.
  LocalLink(LocalMember& member, SessionId session, base::BlockPool& blocks,
            base::Vector<SessionId>& ready) noexcept
      : member_(member), session_(session), blocks_(blocks), ready_(ready) {}
  ~LocalLink() { inbox_.clear(blocks_); }

  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::size_t size = 0;
    for (const Bytes piece : pieces) size += piece.size();
    const bool fits = inbox_.empty() || inbox_.bytes() + size <= kInboxBytes;
    if (!fits || !inbox_.push(blocks_, pieces)) {
      refused_ = true;
      return 0;
    }
    mark_ready();
    return size;
  }
  void pause(bool) noexcept override {}  // it is the host that calls
  void close(CloseCode code) noexcept override {
    code_ = code;
    closed_ = true;
    mark_ready();
  }

  LocalMember& member() const noexcept { return member_; }
  SessionId session() const noexcept { return session_; }
  ByteQueue& inbox() noexcept { return inbox_; }
  bool closed() const noexcept { return closed_; }
  void told() noexcept { listed_ = false; }
  CloseCode code() const noexcept { return code_; }
  // Whether a write was refused since it was last asked.
  bool take_refused() noexcept { return std::exchange(refused_, false); }

 private:
  void mark_ready() noexcept {
    if (!listed_) listed_ = ready_.push_back(session_);
  }

  LocalMember& member_;
  const SessionId session_;
  base::BlockPool& blocks_;
  base::Vector<SessionId>& ready_;
  bool listed_ = false;
  ByteQueue inbox_;
  bool refused_ = false;
  bool closed_ = false;
  CloseCode code_ = CloseCode::normal;
};

}  // namespace chatroom::engine
