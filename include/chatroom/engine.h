// Engine: live rooms inside the program that links this. Start reading here; the picture of what
// happens inside is src/README.md.
#pragma once

#include "chatroom/broker.h"
#include "chatroom/budget.h"
#include "chatroom/codec.h"
#include "chatroom/compressor.h"
#include "chatroom/connection.h"
#include "chatroom/decision.h"
#include "chatroom/event_loop.h"
#include "chatroom/framing.h"
#include "chatroom/global_heap.h"
#include "chatroom/limits.h"
#include "chatroom/log.h"
#include "chatroom/memory.h"
#include "chatroom/metrics.h"
#include "chatroom/observer.h"
#include "chatroom/recorder.h"
#include "chatroom/refusal.h"
#include "chatroom/remote.h"
#include "chatroom/room.h"
#include "chatroom/slow_work.h"
#include "chatroom/storage.h"
#include "chatroom/tenant.h"

namespace chatroom {

// The ports. Null where it says so. All must outlive the engine.
struct EnginePorts {
  EventLoop* loop = nullptr;         // null: the host calls advance(now)
  Memory* memory = global_heap();    // never null
  Codec* json = nullptr;             // null: sessions with codec json are refused, unsupported
  Compressor* compressor = nullptr;  // null: RoomPolicy::compress changes nothing
  Auth* auth = nullptr;              // null: only sessions opened with an Identity, or open servers
  Rules* rules = nullptr;
  Filter* filter = nullptr;        // null: texts are not looked at
  Passwords* passwords = nullptr;  // null: rooms have none, `unsupported`
  Relations* relations = nullptr;  // null: `block` is unsupported, direct messages arrive
  Profiles* profiles = nullptr;    // null: `profile` is unsupported
  Storage* storage = nullptr;      // null: history is the ring alone
  Broker* broker = nullptr;        // null: home of all its rooms; see broker.h
  Recorder* recorder = nullptr;    // not with a broker
  LogSink* log = nullptr;
  EngineObserver* observer = nullptr;
  SlowWork* slow_work = nullptr;  // null: nothing is copied, nobody is pushed to
};

// What becomes of texts while the Filter port fails (Limits::breaker_failures).
enum class Unfiltered : std::uint8_t {
  hold,  // they wait for a moderator, as if the filter had held them
  pass,  // they go on to Rules, not looked at
};

struct EngineOptions {
  std::uint64_t seed = 0;  // 0: from EventLoop::entropy; same seed, same inputs, same bytes
  Instant start{};  // hosts without a loop: the present moment, where `advance` goes on from;
                    // a first `advance` years later would find everybody dead, and every
                    // question expired that was asked before it
  Limits limits{};
  bool open_server = false;      // auth without a token: the client says who it is
  bool open_rooms = false;       // a join of an unknown room opens it (no Rules port asked)
  RoomPolicy new_room_policy{};  // for rooms opened that way
  Unfiltered unfiltered = Unfiltered::hold;
  std::uint32_t slow_work = kCopies;  // what goes to EnginePorts::slow_work; with kPushes what is
                                      // said to users who are not here, too
  Budget budget{};                    // for turns that end by themselves (Turn, on_loop)
};

struct SessionOptions {
  CodecKind codec = CodecKind::flatbuffers;
  Framing framing = Framing::outer;
  Boundary boundary = Boundary::stream;
  Compress compress = Compress::none;  // what its peer agreed to; nothing on message links
  std::uint32_t max_frame = 0;         // message links: bytes a write may carry, at least 256
  const Identity* identity = nullptr;  // known already: no auth is asked for. Copied.
  std::string_view peer{};             // for Auth and logs, at most 64 bytes. Copied.
  Instant deadline =
      Instant::never();  // earlier end of the auth deadline (time spent on an upgrade)
};

struct JoinOptions {
  std::string_view room{};
  std::span<const std::string_view> channels{};  // empty: {"main"}
  std::string_view password{};
  bool recover = false;  // everything after `since`
  Position since{};
  std::uint32_t recent = 0;  // or: the newest so many
};

// A member inside the host: gets decoded events, no bytes. Same rules, order and bounds as any
// other: up to 64 KiB of frames wait for it between turns, past that it is a slow consumer like any
// other.
//
// Thread: the engine's. Re-entry: allowed from on_event (it runs in the turn's tell step).
// Must outlive its session: until on_closed returned, or the engine is destroyed.
class LocalMember {
 public:
  virtual void on_event(const Event& event) noexcept = 0;
  virtual void on_closed(CloseCode code) noexcept { static_cast<void>(code); }

 protected:
  ~LocalMember() = default;
};

class EnginePtr;

// Thread: one at a time, always the same one (the loop's). Only Remote is for others.
// Re-entry: from EngineObserver and LocalMember callbacks: everything here except ~Engine. From any
// other port callback: nothing (asserted).
// Errors: every call that takes a handle may answer not_found. None throws.
class Engine final : private LoopClient {
 public:
  struct State;                                     // the inside
  State* state() const noexcept { return state_; }  // for the core's own tools (replay)

  // Takes everything it needs at once or fails: limit_reached (memory), bad_request (options),
  // unsupported (a broker and a recorder).
  static Result<EnginePtr> create(const EngineOptions& options, const EnginePorts& ports) noexcept;

  // One turn over many sockets, so that one loop iteration makes one flush. The destructor ends it.
  // At most one at a time; calls on the engine made meanwhile become part of it.
  class Turn final {
   public:
    explicit Turn(Engine& engine) noexcept;  // now: from the loop, or the last advance
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // Bytes of a Framing::outer session, in any pieces. Read until the call returns.
    void on_bytes(SessionId session, Bytes bytes) noexcept;
    // One inbound frame of a Framing::websocket session.
    void on_frame(SessionId session, FrameKind kind, Bytes payload) noexcept;
    // The filter found a fault (RFC 6455 code); the session ends with it.
    void on_fault(SessionId session, CloseCode code) noexcept;
    void on_writable(SessionId session) noexcept;
    // Exactly once for each successful open, after which the Connection may be destroyed.
    void on_closed(SessionId session) noexcept;

   private:
    Engine& engine_;
  };

  // A new session on a connection. limit_reached, unsupported (no such codec).
  [[nodiscard]] Result<SessionId> open(Connection& connection,
                                       const SessionOptions& options) noexcept;
  [[nodiscard]] Result<SessionId> open_local(LocalMember& member,
                                             const Identity& identity) noexcept;
  // Ends a session; on_closed follows.
  Status close(SessionId session, CloseCode code) noexcept;

  // As a client would, for any session; every rule applies. The answer comes to the session too
  // (local members see an `answer` event with id 0), and to the observer with `tag`.
  Result<Ticket> join(SessionId session, const JoinOptions& options, Tag tag = 0) noexcept;
  Result<Ticket> leave(SessionId session, std::string_view room, Tag tag = 0) noexcept;
  Result<Ticket> publish(SessionId session, const Outgoing& message, Tag tag = 0) noexcept;
  Result<Ticket> subscribe(SessionId session, std::string_view room,
                           std::string_view channel) noexcept;
  Result<Ticket> unsubscribe(SessionId session, std::string_view room,
                             std::string_view channel) noexcept;

  // Any of a client's commands, `id` ignored: moderation and settings, with the rank of the
  // session's user.
  Result<Ticket> command(SessionId session, const Command& command, Tag tag = 0) noexcept;

  // As the host, outside rooms: a `direct` of nobody to all sessions of each user. How many
  // sessions here; with a Broker port those at other engines are sent to as well, and not counted.
  // At most 16 users a call.
  Result<std::uint32_t> send_to(std::span<const std::string_view> users,
                                const Outgoing& message) noexcept;
  // As Room::broadcast in all rooms that live here and whose names begin like that: all of a tenant
  // (`acme/`), or all there are. How many rooms it was said in; with a Broker port also in those of
  // other engines, which are not counted (`refused`, queue_full: one of them could not be told).
  Result<std::uint32_t> broadcast(std::string_view prefix, const Outgoing& message) noexcept;
  Status cancel(ScheduleId id) noexcept;  // not_found: said already, or its room is gone

  // Declares a tenant, or gives it another policy from now on (what it has beyond it, it keeps); ""
  // is the house. bad_request: a name of more than 32 bytes or with a '/', writes of nothing;
  // limit_reached: Limits::tenants; unsupported: they are 0.
  [[nodiscard]] Status set_tenant(std::string_view name, const TenantPolicy& policy) noexcept;
  Result<TenantUsage> tenant(std::string_view name) const noexcept;  // not_found

  // Nothing of it may be here any more: forbidden while it has rooms or sessions. Its counters and
  // budgets are gone; its name is nobody's. bad_request: the house; not_found; unsupported.
  [[nodiscard]] Status remove_tenant(std::string_view name) noexcept;

  // For operators. What this user's sessions do and are told from now on comes as
  // HostEventType::traced, those of sessions to come too, until it is switched off.
  // limit_reached: Limits::traced_users; bad_request: no name; not_found: off, and was not on.
  [[nodiscard]] Status trace(std::string_view user, bool on) noexcept;
  // A refusal that a client was told, by the number that its answer carried. not_found: it was
  // long ago (Limits::refusals), or at another engine.
  Result<Refusal> why(std::uint64_t verdict) const noexcept;
  // The last ones of this user, or (empty) of anybody, the newest first; how many.
  std::size_t refusals(std::string_view user, std::span<Refusal> out) const noexcept;
  // The rooms that lead by that, the first first; how many. Counters are since the room opened.
  // Looks at every room once: some 10 ns each for ten places.
  std::size_t top_rooms(std::span<RoomCost> out, RoomOrder by) const noexcept;

  // Does what is due: mail, timers, late answers, work left over; answers when to call again at the
  // latest. Hosts with an EventLoop need not call it.
  Instant advance(Instant now, Budget budget = {}) noexcept;

  // The late half of a decision.
  [[nodiscard]] Status answer(Question question, const Answer& answer) noexcept;

  [[nodiscard]] Result<Room> open_room(std::string_view key, const RoomPolicy& policy) noexcept;
  [[nodiscard]] Result<Room> room(std::string_view key) noexcept;  // not_found

  Room room(RoomId id) noexcept;  // a handle, stale or not

  Remote remote() noexcept;

  // No new sessions (limit_reached); tells everybody `reconnect` with a moment of its own within
  // `spread`, and closes each with `code` at that moment.
  void drain(CloseCode code, Duration spread) noexcept;
  // Nobody is left, and what there is to store is stored, or was refused.
  bool drained() const noexcept;

  MetricsSnapshot metrics() const noexcept;
  std::string_view user_of(SessionId session) const noexcept;  // empty if unknown or not ready

  // Walks rooms in order of opening; stops when visit answers false. For operators' pages.
  struct RoomInfo {
    std::string_view key{};
    std::uint32_t online = 0;
    std::uint32_t sessions = 0;
    std::uint32_t blocked = 0;
    std::uint64_t log_bytes = 0;
    std::uint64_t history_messages = 0;
    Position position{};
  };
  using RoomInfoVisitor = bool (*)(void* context, const RoomInfo& info);
  void inspect(RoomInfoVisitor visit, void* context) const noexcept;

 private:
  friend class EnginePtr;
  friend class Room;
  friend class MemberHandle;
  Engine() noexcept = default;
  ~Engine() = default;
  void on_loop() noexcept override;
  State* state_ = nullptr;
};

// Owns an engine; move-only. Destroying it closes nothing by itself: connections still open are
// simply no longer known (drain first). Frees all memory.
class EnginePtr final {
 public:
  EnginePtr() noexcept = default;
  EnginePtr(EnginePtr&& other) noexcept : engine_(other.engine_) { other.engine_ = nullptr; }
  EnginePtr& operator=(EnginePtr&& other) noexcept {
    if (this != &other) {
      reset();
      engine_ = other.engine_;
      other.engine_ = nullptr;
    }
    return *this;
  }
  ~EnginePtr() { reset(); }

  void reset() noexcept;
  explicit operator bool() const noexcept { return engine_ != nullptr; }
  Engine& operator*() const noexcept { return *engine_; }
  Engine* operator->() const noexcept { return engine_; }

 private:
  friend class Engine;
  explicit EnginePtr(Engine* engine) noexcept : engine_(engine) {}
  Engine* engine_ = nullptr;
};

}  // namespace chatroom
