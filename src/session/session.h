// Sessions, the server half: turns a peer's bytes into commands, keeps what the protocol demands of
// one connection (authentication first, deadlines, heartbeat, limits), and says what to answer.
// It does no room logic and writes to no connection: the engine does both.
//
//   connected --auth command--> authenticating --accept--> usable --> closing
//             '--known identity at open------------------'
//
// The engine owns one `Session` a slot and one wheel node a session. Per input it asks `next` (or
// `frame`) until the answer is `none`:
//
//   for (Bytes rest = bytes;;) {
//     const Intake intake = sessions.next(session, rest, now);
//     if (intake.type == Intake::Type::none) break;
//     ...
//   }
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bucket.h"
#include "base/random.h"
#include "chatroom/codec.h"
#include "chatroom/compressor.h"
#include "chatroom/connection.h"
#include "chatroom/framing.h"
#include "chatroom/limits.h"
#include "chatroom/memory.h"
#include "session/input_pool.h"

namespace chatroom::session {

enum class State : std::uint8_t {
  connected,       // hello was sent; only auth and ping are served
  authenticating,  // an auth command is with the host
  usable,
  closing,  // nothing of it is read any more
};

// One connection's protocol state: a record that the engine keeps in its slot. `Sessions` reads and
// writes it; the engine may read `state`, `codec` and `framing`.
struct Session {
  Session() noexcept {}  // a union's members need it

  std::uint64_t id = 0;  // random: what clients see, as 16 hexadecimal digits
  Instant heard{0};      // when the last byte came
  union {
    Instant auth_by = Instant::never();  // until it is usable
    base::Bucket joins;                  // then
  };
  base::Bucket commands;
  [[no_unique_address]] InputChain partial;  // a frame that has not come whole
  union {
    std::uint32_t bytes_before_auth = 0;  // until it is usable
    std::uint32_t owed;                   // then: bytes not covered by the rate yet, as of `heard`
  };
  State state = State::closing;
  CodecKind codec = CodecKind::flatbuffers;
  Framing framing = Framing::outer;
  std::uint8_t pings = 0;  // sent since the last byte
};
static_assert(sizeof(void*) != 8 || sizeof(Session) <= 56);

// What one step of reading came to. Views live until the next call of `next` or `frame` (for any
// session) or of the codec.
struct Intake {
  enum class Type : std::uint8_t {
    none,     // nothing more in these bytes
    command,  // `command` is for the engine to carry out
    refuse,   // `reply()` goes to the peer, the session stays
    deflate,  // outer: the peer takes deflated frames and is told so
    pong,     // websocket: answer with a pong frame of `payload`
    close,    // send what `farewell` says, then close with `code`; the session is in `closing`
  };
  enum class Farewell : std::uint8_t {
    nothing,
    reply,  // reply() first
    echo,   // websocket: the peer's close frame, echoed: `payload` is its body (0 or 2 bytes)
  };

  Type type = Type::none;
  Farewell farewell = Farewell::nothing;
  CloseCode code = CloseCode::normal;
  Op op = Op::none;
  std::uint32_t id = 0;  // 0: the reply is an error event
  Error error;
  const Command* command = nullptr;
  Bytes payload;

  // The answer (or error event) for `refuse`, and for `close` with Farewell::reply.
  Event reply() const noexcept;
};

// An answer to `id` that says `error`, or the error event where id is 0.
Event refusal(std::uint32_t id, Op op, Error error) noexcept;

struct Opening {
  CodecKind codec = CodecKind::flatbuffers;
  Framing framing = Framing::outer;
  bool known = false;                   // the host gave an identity: usable at once
  Instant deadline = Instant::never();  // an earlier end of the auth deadline
};

// The texts of an auth answer; must live as long as the Event made with it.
struct AuthTexts {
  char session[16];
  char resume[32];
};

// What a deadline asks of the engine.
struct Action {
  enum class Type : std::uint8_t { none, send_ping, close };
  Type type = Type::none;
  CloseCode code = CloseCode::normal;
};

// Thread: the engine's. Bounds: `ceiling_bytes`; no call allocates except `next`, from the input
// pool, for a frame that is not whole.
class Sessions final {
 public:
  struct Options {
    Codec* flatbuffers = nullptr;  // null: sessions of that codec are never opened
    Codec* json = nullptr;
    Compressor* compressor = nullptr;  // null: nobody may send deflated
    std::uint64_t seed = 0;
  };

  // `limits` and `memory` outlive this.
  Sessions(const Limits& limits, Memory& memory) noexcept;
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  // Once, before all else. limit_reached: no memory.
  Status create(const Options& options) noexcept;
  static std::uint64_t ceiling_bytes(const Limits& limits) noexcept;

  // unsupported: no such codec. After success the engine sends hello().
  Status open(Session& session, const Opening& opening, Instant now) noexcept;
  // No more input, whoever ends it; gives back what was buffered. Idempotent; needed before the
  // slot is reused.
  void close(Session& session) noexcept;

  // Counts what came against Limits::inbound; before it is read.
  void charge(Session& session, std::size_t bytes, Instant now) noexcept;
  // From when on the session is to be read from; past: at once.
  Instant readable_at(const Session& session) const noexcept;

  // One step over `rest`, from which it takes what it used. After `none` nothing is left of it.
  Intake next(Session& session, Bytes& rest, Instant now) noexcept;
  // One inbound WebSocket frame, whole. Called once a frame; never needs a second call.
  Intake frame(Session& session, FrameKind kind, Bytes payload, Instant now) noexcept;

  // The host's answer to the auth command. False: the session is not waiting for one any more.
  bool accept(Session& session) noexcept;
  // Likewise; the engine then answers the command (see refusal) and closes with bad_token.
  bool refuse(Session& session) noexcept;

  // When on_deadline is to be called at the latest. Input only moves it later, so the engine sets
  // its timer after open, accept and on_deadline, and not for every byte.
  Instant next_deadline(const Session& session) const noexcept;
  // May be called early: then it asks for nothing. After close the session is in `closing`.
  Action on_deadline(Session& session, Instant now) noexcept;

  Event hello() const noexcept;
  SessionLimits session_limits() const noexcept;
  // The answer to `auth`. The resume token is a random word that is not taken back yet.
  Event auth_ok(const Session& session, std::uint32_t id, std::string_view user,
                AuthTexts& texts) noexcept;

  std::uint64_t input_bytes() const noexcept { return pool_.used_bytes(); }

 private:
  // Frames that come in pieces are put together behind their header, at the start of `scratch_`, so
  // that the frame itself is aligned.
  static constexpr std::size_t kScratchAlign = 16;
  static std::size_t scratch_bytes(const Limits& limits) noexcept;

  Intake read_whole(Session& session, Bytes& rest, Instant now) noexcept;
  Intake read_partial(Session& session, Bytes& rest, Instant now) noexcept;
  bool check_header(Session& session, Bytes head, Intake& failure) noexcept;
  Intake keep(Session& session, Bytes& rest) noexcept;
  Intake read_frame(Session& session, Bytes frame, Instant now) noexcept;
  Intake inflate(Session& session, Bytes body, Instant now) noexcept;
  Intake pong(Session& session, Bytes payload, Instant now) noexcept;
  Intake echo_close(Session& session, Bytes payload) noexcept;

  Intake decode(Session& session, Bytes frame, Instant now) noexcept;
  Intake admit(Session& session, Error form, Instant now) noexcept;
  Intake admit_auth(Session& session) noexcept;
  Intake accepted() const noexcept;
  Intake refused(Error error) const noexcept;
  Intake fail(Session& session, CloseCode code) noexcept;
  Intake fail_told(Session& session, Error error) noexcept;
  bool fits(const Session& session, std::size_t frame_bytes) const noexcept;
  void count_before_auth(Session& session, std::size_t frame_bytes) noexcept;

  Instant next_ping(const Session& session) const noexcept;
  Instant dead_at(const Session& session) const noexcept;
  void heard(Session& session, Instant now) noexcept;
  std::uint32_t owed_at(const Session& session, Instant now) const noexcept;

  const Limits& limits_;
  Memory& memory_;
  InputPool pool_;
  base::Random random_{0};
  Codec* codecs_[2] = {};
  Compressor* compressor_ = nullptr;
  MutableBytes scratch_;   // a frame that came in pieces is put together here
  MutableBytes inflated_;  // and this is what was deflated in it
  Command command_;
};

}  // namespace chatroom::session
