// Client: the other end of a session, for tools, tests and programs that talk to a chat server.
// It does no I/O: the program moves the bytes and tells the time.
//
//   FlatbuffersCodec codec;
//   Client client({.codec = &codec}, handler);
//   client.auth({.user = "alice"});
//   client.join({.room = "live/1", .recover = true});
//   write(socket, client.pending()); client.sent(n);
//   client.on_bytes(what_was_read);            // calls handler.on_event
#pragma once

#include "chatroom/codec.h"
#include "chatroom/compressor.h"
#include "chatroom/connection.h"
#include "chatroom/framing.h"
#include "chatroom/global_heap.h"
#include "chatroom/memory.h"

namespace chatroom {

// Hears what the server says.
class ClientHandler {
 public:
  // Events as they come; of answers, `op` (and `room`, of history) is filled from the client's own
  // list. Views live until this returns, or until it calls a client that shares the codec: copy
  // first, then answer. Calling the client's operations is allowed, on_bytes, on_frame and restart
  // are not.
  virtual void on_event(const Event& event) noexcept = 0;

 protected:
  ~ClientHandler() = default;
};

struct ClientOptions {
  Codec* codec = nullptr;  // never null; all clients of one thread may share one
  CodecKind kind = CodecKind::flatbuffers;
  Framing framing = Framing::outer;
  Memory* memory = global_heap();
  std::uint32_t pending_max = 64;              // answers awaited; more: queue_full
  std::uint32_t out_bytes_max = 256 * 1024;    // not taken by the transport yet; more: queue_full
  std::uint32_t frame_bytes_max = 128 * 1024;  // a longer one from the server ends the stream
  std::uint32_t rooms_max = 32;                // rooms whose position is known; more: limit_reached
  Duration heartbeat = Duration::s(25);        // until the server named its own
  Duration dead_after = Duration::s(60);       // without a byte
  // Framing::outer: this client's alone. Then it asks for DEFLATED frames once it has signed in,
  // and holds frame_bytes_max of memory from the first of them on. A server that has no compressor
  // ends the link then (WIRE.md). Null: none are taken.
  Inflater* inflater = nullptr;
};

struct ClientAuth {
  std::string_view token{};
  std::string_view user{};  // open servers
  std::string_view nick{};
  std::string_view resume{};
};

struct ClientJoin {
  std::string_view room{};
  std::span<const std::string_view> channels{};  // empty: {"main"}
  std::string_view password{};
  bool recover = false;      // all since this client's last position in the room, if it has one
  std::uint32_t recent = 0;  // the newest so many (where there is no position)
};

struct ClientHistory {
  std::string_view room{};
  std::string_view channel{};  // empty: all
  std::uint64_t before = 0;
  bool has_after = false;
  std::uint64_t after = 0;
  std::uint32_t limit = 0;
};

struct ClientPresence {
  std::string_view room{};
  std::uint32_t limit = 0;
  bool has_since_version = false;
  std::uint64_t since_version = 0;
  std::string_view cursor{};
};

// Where a client stands in one room.
struct ClientRoom {
  bool joined = false;
  std::string_view epoch{};
  std::uint64_t offset = 0;      // everything up to here was seen, or told as lost
  bool catching_up = false;      // pages of `history` after `offset` are still to be read
  std::uint64_t messages = 0;    // live ones
  std::uint64_t gaps = 0;        // `gap` events
  std::uint64_t lost = 0;        // entries that they counted
  std::uint64_t duplicated = 0;  // live messages at or before one that was seen live
};

// Thread: one at a time. Re-entry: see ClientHandler.
// Memory: grows with what waits in it, never past the bounds of ClientOptions.
class Client final {
 public:
  // What the operations answer: the id that the server's answer will carry. Errors: queue_full,
  // limit_reached (no memory, or rooms_max), too_large (does not fit a frame or the buffer),
  // not_found (the stream has ended).
  using Asked = Result<std::uint32_t>;

  Client(const ClientOptions& options, ClientHandler& handler) noexcept;
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  bool ready() const noexcept { return state_ != nullptr; }  // false: no memory, every call fails

  Asked auth(const ClientAuth& auth) noexcept;
  Asked join(const ClientJoin& join) noexcept;
  Asked publish(const Outgoing& message) noexcept;
  Asked leave(std::string_view room) noexcept;
  Asked subscribe(std::string_view room, std::string_view channel) noexcept;
  Asked unsubscribe(std::string_view room, std::string_view channel) noexcept;
  Asked switch_channel(std::string_view room, std::string_view from, std::string_view to) noexcept;
  Asked history(const ClientHistory& history) noexcept;
  Asked send_to(std::string_view user, const Outgoing& message) noexcept;
  Asked presence(const ClientPresence& presence) noexcept;
  Asked call(std::string_view room, std::string_view name, Data data) noexcept;
  Asked profile(std::string_view user) noexcept;
  // No more of the room than so many messages a second, until it is left; 0: all that it shows.
  Asked set_receive(std::string_view room, std::uint32_t normal_per_s,
                    std::uint32_t high_per_s) noexcept;
  Asked ping() noexcept;
  // Any command; the id is the client's to give.
  Asked ask(Command command) noexcept;
  // Without an id: there will be no answer, not even an error.
  Status tell(Command command) noexcept;

  // What came. bad_request: not what a server sends, an outer frame of a wrong type, or bad
  // deflate; too_large: over frame_bytes_max, deflated or not; limit_reached: no memory. After an
  // error the stream has ended: drop the link.
  Status on_bytes(Bytes bytes) noexcept;                    // Framing::outer, in any pieces
  Status on_frame(FrameKind kind, Bytes payload) noexcept;  // Framing::websocket, whole frames

  // What is to go out. Outer: a stream, of which the transport may take any part.
  Bytes pending() const noexcept;
  void sent(std::size_t bytes) noexcept;
  // WebSocket: whole frames, oldest first (pongs and the echo of a close among them); the transport
  // adds header and mask. False: none.
  struct OutFrame {
    FrameKind kind = FrameKind::text;
    Bytes payload{};
  };
  bool pending_frame(OutFrame& frame) const noexcept;
  void frame_sent() noexcept;

  // Keeps the link alive: asks for a `ping` after the heartbeat's silence. Call it at next_beat()
  // at the latest. False: nothing came for `dead_after`; drop the link.
  bool beat(Instant now) noexcept;
  Instant next_beat() const noexcept;

  // A new link begins: buffers and awaited answers are forgotten (they will not come), positions
  // stay, so that `join` with `recover` goes on where this client was.
  void restart() noexcept;

  bool authenticated() const noexcept;
  bool ended() const noexcept;              // a close frame came or the stream broke
  CloseCode close_code() const noexcept;    // of the server's close frame; normal if it had none
  std::string_view user() const noexcept;   // as the server named us
  std::uint32_t awaiting() const noexcept;  // answers
  std::uint64_t deflated() const noexcept;  // frames of this link that came so
  // not_found: never joined, or its place was needed for another room.
  Result<ClientRoom> room(std::string_view room) const noexcept;

 private:
  struct State;
  State* state_ = nullptr;
};

}  // namespace chatroom
