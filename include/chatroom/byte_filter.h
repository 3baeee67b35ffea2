// ByteFilter: what stands between a peer's bytes and the engine: WebSocket now, PROXY protocol and
// TLS by the same shape. Sans I/O: no loop, no socket, no clock, so that a host with its own epoll
// serves browsers with the same code as the uv adapter.
//
//   socket --bytes--> [ByteFilter] --frames or bytes--> [FilterSink: the adapter] --> Engine::Turn
//
// One filter object serves all connections of a listener; what it must know about one of them is 16
// bytes that the adapter keeps in its own record.
#pragma once

#include "chatroom/connection.h"
#include "chatroom/framing.h"

namespace chatroom {

// What a link turned out to be once its handshake was done.
struct LinkInfo {
  CodecKind codec = CodecKind::flatbuffers;
  Framing framing = Framing::outer;
  Compress compress = Compress::none;
  std::string_view peer{};  // who the link says it carries (PROXY protocol); empty: as accepted
};

// What a filter tells the adapter, from inside `start` and `feed` only.
//
// Thread: the filter's. Re-entry: none of these may call the filter again for the same link.
class FilterSink {
 public:
  // The handshake is good: open the session. False: there is no room; the filter says so in its
  // own language and ends. Bytes for the peer (`on_output`) may follow right after this returned
  // and must come before everything that the engine writes.
  virtual bool on_open(const LinkInfo& link) noexcept = 0;
  // What came out, as in Engine::Turn. False: no more of this link is wanted (it is being closed).
  virtual bool on_bytes(MutableBytes bytes) noexcept = 0;
  virtual bool on_frame(FrameKind kind, Bytes payload) noexcept = 0;
  // The peer broke the rules, after on_open. Last call for this link.
  virtual void on_fault(CloseCode code) noexcept = 0;
  // Bytes for the peer, ahead of all else. The sink takes all of them; the filter bounds them.
  virtual void on_output(Bytes bytes) noexcept = 0;
  // The conversation is over without a session: close once what was output has left. Last call.
  virtual void on_end() noexcept = 0;
  // Whether the peer has shown who it is. Asked only where a message would be larger than a
  // stranger may send.
  virtual bool admitted() noexcept { return true; }

 protected:
  ~FilterSink() = default;
};

// Thread: one, the engine's. Nothing blocks. Bounds: each filter states what it may hold for all
// links together.
class ByteFilter {
 public:
  // All that is kept for one idle link. Zero means fresh; the adapter never looks inside.
  struct State {
    void* held = nullptr;
    std::uint64_t word = 0;
  };

  // A client's filter speaks first here; a server's waits.
  virtual void start(State& state, FilterSink& sink) noexcept {
    static_cast<void>(state);
    static_cast<void>(sink);
  }
  // Bytes of the peer, in any pieces. They may be changed in place (unmasked, decrypted), and
  // payloads handed to the sink may point into them. After on_fault and on_end: ignored.
  virtual void feed(State& state, MutableBytes bytes, FilterSink& sink) noexcept = 0;
  // The link is gone: frees what is held. Exactly once for each link that was fed.
  virtual void stop(State& state) noexcept = 0;
  // A client's filter: `payload` as one outgoing frame. Answers its length, at most
  // `payload.size() + kWrapBytes`, or 0 where the filter has no frames of its own or `out` is too
  // small. (A server's outbound framing is the core's: encoded once for all members.)
  static constexpr std::size_t kWrapBytes = 14;
  virtual std::size_t wrap(State& state, FrameKind kind, Bytes payload, MutableBytes out) noexcept {
    static_cast<void>(state);
    static_cast<void>(kind);
    static_cast<void>(payload);
    static_cast<void>(out);
    return 0;
  }

 protected:
  ~ByteFilter() = default;
};

}  // namespace chatroom
