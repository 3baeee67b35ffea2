// The engine's own records: one for each session, room and open question. What the layers know of
// them is kept by the layers, under the same slot index.
#pragma once

#include "base/list.h"
#include "base/text.h"
#include "base/wheel.h"
#include "chatroom/decision.h"
#include "chatroom/storage.h"
#include "engine/byte_queue.h"
#include "room/keys.h"
#include "session/session.h"

namespace chatroom::engine {

// Words that differ between engines. The hash key changes no output.
struct Seeds {
  std::uint64_t random = 0;
  std::uint64_t hash_low = 0;
  std::uint64_t hash_high = 0;
};

// What a timer of the one wheel belongs to.
enum class TimerKind : std::uint8_t { session, question, drain, scheduled };

// A wheel node that knows its owner's slot, so that a due timer finds it without arithmetic on
// addresses. It is cancelled before the slot is given back.
struct Timer final : base::TimerNode {
  explicit Timer(TimerKind kind) noexcept : TimerNode(static_cast<std::uint8_t>(kind)) {}
  std::uint32_t index = 0;
};

enum class Stage : std::uint8_t {
  open,     // reading and writing
  closing,  // left its rooms; what waits for it is offered once more at this turn's flush
  closed,   // Connection::close was called, on_closed has not come yet
};

// What a session needs only until it is signed in.
struct HalfOpen : base::ListNode<> {  // by age
  SessionId session;
  base::FixedText<64> peer;
};

class LocalLink;

// Kept small: an idle session costs all of it. Its connection stands in its outlet (fan-out).
struct SessionRecord {
  SessionRecord() noexcept : timer(TimerKind::session) {}

  static constexpr std::uint32_t kNothing = UINT32_MAX;

  [[no_unique_address]] session::Session protocol;
  std::uint32_t waiting = kNothing;  // the question: input is held until it is answered
  union {
    HalfOpen* half_open = nullptr;  // null: signed in, or ended
    LocalLink* link;                // of a local member, who never is half open
  };
  ByteQueue* held = nullptr;          // raw bytes, or frames behind a byte that tells their kind
  [[no_unique_address]] Timer timer;  // of the protocol; while draining: when to leave
  CloseCode close_code = CloseCode::normal;
  std::uint8_t asks = 0;  // open questions behind which its input is not held
  Stage stage : 2 = Stage::open;
  bool local : 1 = false;  // a member inside the host: `link` is its connection
  bool paused : 1 = false;
  bool gone : 1 = false;   // on_closed came
  bool guest : 1 = false;  // of another engine: no connection (cluster.h)
  bool traced : 1 = false;
};
static_assert(sizeof(void*) != 8 || sizeof(SessionRecord) <= 104);

enum class QuestionKind : std::uint8_t {
  auth,
  missing_room,
  join,
  publish,
  call,
  load,
  home,
  follower,
  filter,
  set_password,
  password,
  direct,
  block,
  profile,         // a fetch: of no session
  profile_wanted,  // who waits for it
  around,          // a user is looked for at all other engines (direct.cc)
  direct_here,     // a direct message of somebody who sits at another engine
};

// Somebody who said a room's password: a place may be another's by now, then it is asked again.
struct Passed {
  SessionId session;
  RoomId room;
  std::uint64_t version = 0;
};

// Calls and profiles that one session may have open; past them `queue_full`, temporary.
inline constexpr std::uint8_t kAsksMost = 128;

// A decision that the host has not taken yet, and the command that waits for it.
struct Pending {
  Pending() noexcept : timer(TimerKind::question) {}

  Timer timer;
  QuestionKind kind = QuestionKind::auth;
  SessionId session;
  RoomId room;                      // load: the one that is waited for; publishes: where
  std::uint32_t peer = UINT32_MAX;  // home: the engine that is asked
  std::uint64_t joins = 0;          // with a Broker port: a join; the hash of its room
  std::uint32_t id = 0;
  bool host = false;
  bool decides = false;  // home: a join beside it failed here and may have been let in there
  bool opens = false;    // load: he opens the room, and comes before all who join it
  Tag tag = 0;
  std::uint64_t ticket = 0;
  Instant asked;
  Instant sent;  // this question
  room::KeyPrint said{};
  // around: who has not said anything yet, and where its sender is too (Peers); what was found.
  std::uint64_t silent = 0;
  std::uint64_t senders = 0;
  std::uint32_t found = 0;
  bool unasked = false;  // somebody had no place for the question, or is lost
  Error refused;
  ByteQueue command;  // packed; empty while the port is being asked
};

// Something that the host will say.
struct Scheduled {
  Scheduled() noexcept : timer(TimerKind::scheduled) {}

  Timer timer;
  RoomId room;
  Tag tag = 0;
  ByteQueue message;  // packed
};

// What a room with a Storage port has under way there.
struct ChangedTag;
struct WaitingTag;
struct ReadsTag;
struct RoomRecord : base::ListNode<ChangedTag>,
                    base::ListNode<WaitingTag>,
                    base::ListNode<ReadsTag> {
  // In State::changed_records.
  bool listed() const noexcept { return base::ListNode<ChangedTag>::linked(); }
  // In State::waiting_records: for a place among what the storage is asked.
  bool waits() const noexcept { return base::ListNode<WaitingTag>::linked(); }
  // In State::read_records: stored with the next save, State::save_reads.
  bool reads_moved() const noexcept { return base::ListNode<ReadsTag>::linked(); }

  RoomId room;
  bool loading = false;    // joins wait for it; with `failed`: they are refused
  bool appending = false;  // one append at a time, so that completions are in order
  bool failed = false;     // the load, or behind the last append; State::retry_appends
  bool durable = false;    // before: the message in `flying` is stored and not spread yet
  // Its record in storage (keeping.cc).
  bool open = true;             // it says that the log may be cut, or there is none
  bool unsaved = true;          // it is not as the room is
  bool kept = false;            // there is one, or there should be
  bool saving = false;          // one save at a time
  bool save_failed = false;     // State::retry_appends
  bool set_meanwhile = false;   // the host set its policy while it was loaded
  bool unread = false;          // its record cannot be read, which was said
  bool found = false;           // the storage knew the room when it was opened
  std::uint32_t left_out = 0;   // of the last save: how many had no place in the record
  std::uint64_t log_epoch = 0;  // as the storage knows it
  std::uint64_t stored = 0;     // behind: offset up to which all is stored
  ByteQueue ahead;              // before: packed publishes that wait for their turn
  ByteQueue flying;             // before: the one that is being stored, with its stamp
};

enum class StorageWorkKind : std::uint8_t { load, warm, save, behind, before, page };

// One request to the Storage port until it is done.
struct StorageWork {
  StorageWorkKind kind = StorageWorkKind::load;
  RoomId room;
  Instant sent;
  std::uint64_t last = 0;   // behind, before: offset of its newest message
  bool found = false;       // load
  bool open = false;        // save: what it says
  std::uint64_t epoch = 0;  // save: the room's
  StoredRoom stored;
  bool newest_first = false;  // page: what does not fit is dropped from the old end
  std::uint64_t after = 0;    // page: what is read begins past this offset
  std::uint64_t before = 0;   // and ends before this one; 0: no end
  std::uint32_t rounds = 0;   // page: how many came before it that showed nothing
  bool cut = false;           // page: there was no place for more
  bool more = false;
  bool done = false;
  Status status;
  ByteQueue command;  // page: who asked for what
  ByteQueue results;  // packed messages; load: the record
};

struct Kept;  // of a room's record in storage: keeping.cc

struct Scratch {      // one for each use, since uses nest
  MutableBytes told;  // a local member's frame while it is told
  MutableBytes held;  // input that waited
  MutableBytes mail;
  MutableBytes packed;  // a command being packed
  MutableBytes record;
  MutableBytes page;      // messages that storage read
  MutableBytes unpacked;  // a command taken up again
  MutableBytes kept;      // a room's record, with a Storage port
};

// Who moderates.
struct Actor {
  std::string_view user{};  // empty: the host, who may do anything
  Role role = Role::owner;
  bool host = false;
};

// Who asked for what is being decided, and where the verdict goes.
struct Caller {
  SessionId session;
  std::uint32_t id = 0;  // of the command; 0: no answer wanted
  Op op = Op::none;
  bool host = false;  // a call of the host's: the verdict is its return value
  Tag tag = 0;
  std::uint64_t ticket = 0;          // of a host's call
  Instant asked = Instant::never();  // when the host was, if it answers late
  room::KeyPrint said{};             // a publish that passed: of its words
};

// What became of a command for now.
struct Outcome {
  Error error;
  bool waiting = false;  // decided later
  Position position;

  Outcome() noexcept = default;
  Outcome(Error e) noexcept : error(e) {}  // NOLINT: a refusal is an outcome
  Outcome(Errc code) noexcept : error{code, 0, 0} {}
  static Outcome later() noexcept {
    Outcome outcome;
    outcome.waiting = true;
    return outcome;
  }
  static Outcome at(Position position) noexcept {
    Outcome outcome;
    outcome.position = position;
    return outcome;
  }
  bool ok() const noexcept { return error.code == Errc::ok; }
};

}  // namespace chatroom::engine
