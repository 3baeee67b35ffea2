// Decisions: one mechanism for everything the host decides: who is this, may this room exist, may
// he join, may this be said, what is the answer to this call.
#pragma once

#include "chatroom/error.h"
#include "chatroom/message.h"

namespace chatroom {

// Names one open decision. Goes stale when it was answered, when its deadline passed, or when the
// session it was about is gone; answering a stale one is `not_found` and harmless.
using Question = Handle<struct QuestionTag>;

// What the host says. Views are copied before the call that took the answer returns.
struct Answer {
  enum class Verdict : std::uint8_t {
    pass,     // go on; for auth with `identity`, for call with `data`
    refuse,   // with `error`
    rewrite,  // publish only: go on with `text` instead
    drop,     // publish only: the sender is told success, nobody sees it
    hold,     // publish only: answered `held`; it waits for a moderator
    later,    // not now: Engine::answer or Remote::answer exactly once, before the deadline
  };
  Verdict verdict = Verdict::pass;
  Error error{};
  Identity identity{};
  std::string_view text{};
  Data data{};

  static Answer pass() noexcept { return {}; }
  static Answer later() noexcept {
    return {.verdict = Verdict::later, .error = {}, .identity = {}, .text = {}, .data = {}};
  }
  static Answer refuse(Errc code) noexcept {
    return {
        .verdict = Verdict::refuse, .error = {code, 0, 0}, .identity = {}, .text = {}, .data = {}};
  }
  static Answer as(Identity identity) noexcept {
    return {.verdict = Verdict::pass, .error = {}, .identity = identity, .text = {}, .data = {}};
  }
};

struct AuthRequest {
  SessionId session{};
  std::string_view token{};  // as the client sent it, at most 4 KiB; or empty and then
  std::string_view user{};   // what it says it is: to be believed on open servers only
  std::string_view nick{};
  std::string_view peer{};  // SessionOptions::peer
};

// Who is this. Default at the deadline: refused, `unauthorized`, temporary.
// Thread: the engine's. Re-entry: none (`answer` for another question included); to answer later
// from the same thread, do it in your own loop's next round or in an EngineObserver.
class Auth {
 public:
  virtual Answer on_auth(Question question, const AuthRequest& request) noexcept = 0;

 protected:
  ~Auth() = default;
};

struct JoinRequest {
  SessionId session{};
  std::string_view user{};
  std::string_view room{};
  std::string_view password{};
};
struct PublishRequest {
  SessionId session{};
  std::string_view user{};
  Role role = Role::member;
  const Outgoing* message = nullptr;
};
struct CallRequest {
  SessionId session{};
  std::string_view user{};
  std::string_view room{};  // may be empty
  std::string_view name{};
  Data data{};
};

// Looks at what members say in rooms, before Rules does: passes it, rewrites it, holds it for a
// moderator, drops or refuses it. One engine has one; whose rooms have rules of their own looks at
// `message->room`. Called for messages with a text. Default at the deadline: refused `internal`,
// temporary. Thread and re-entry: as Auth.
class Filter {
 public:
  virtual Answer on_text(Question question, const PublishRequest& request) noexcept = 0;

 protected:
  ~Filter() = default;
};

struct PasswordRequest {
  SessionId session{};
  std::string_view user{};
  std::string_view room{};
  std::string_view password{};  // as it was said, at most 128 bytes
  std::string_view stored{};    // on_try: what on_set made of the room's
};

// Passwords of rooms. What is stored is what a slow hash makes of one, so both questions are to be
// answered `later`, from another thread: nothing waits but the session. Default at the deadline:
// refused `internal`, temporary. Thread and re-entry: as Auth.
class Passwords {
 public:
  // A new one: passed with `text`, 1 to 128 bytes without NUL, to be stored.
  virtual Answer on_set(Question question, const PasswordRequest& request) noexcept = 0;
  // Is it the room's: passed, or refused `wrong_password`. Anything else (there is too much to do)
  // is told as it is and does not count as a wrong one.
  virtual Answer on_try(Question question, const PasswordRequest& request) noexcept = 0;

 protected:
  ~Passwords() = default;
};

struct DirectRequest {
  SessionId session{};
  std::string_view from{};
  std::string_view to{};
};
struct BlockRequest {
  SessionId session{};
  std::string_view user{};   // who wants it
  std::string_view other{};  // empty: everybody but friends (`shield`)
  bool blocks = true;        // false: no more
};

// Who somebody is to others: friends, and those whom he does not want to hear. Kept by the host (or
// MemoryRelations); the engine asks. With a Broker port on_direct is asked where the sender sits,
// then at each other engine where the receiver does, there without a session. Defaults at the
// deadline: refused `internal`, temporary.
// Thread and re-entry: as Auth.
class Relations {
 public:
  // A direct message: passed; dropped, which its sender is not to know; or refused.
  virtual Answer on_direct(Question question, const DirectRequest& request) noexcept = 0;
  // `block`, `unblock`, `shield`: passed when it holds.
  virtual Answer on_block(Question question, const BlockRequest& request) noexcept = 0;

 protected:
  ~Relations() = default;
};

struct ProfileRequest {
  std::string_view user{};  // whose
};

// Profiles: what is shown of somebody to whoever asks (avatar, words about oneself, ...). These are
// the cold attributes: behind this port, fetched when a client asks (`profile`), kept for a while
// in one bounded place (Limits::profiles) and never held for each member; who asks meanwhile waits
// for the same answer. Hot ones, which go out with messages and lists, are Identity's and a
// member's own (`set_attribute` with a user).
//
// Passed with `data` of at most kProfileBytesMax, the same for whoever asks; refused with the
// host's code (not_found: there is none). Default at the deadline: refused `internal`, temporary.
// Thread and re-entry: as Auth. The question outlives the session that asked first.
inline constexpr std::size_t kProfileBytesMax = 1'024;
class Profiles {
 public:
  virtual Answer on_profile(Question question, const ProfileRequest& request) noexcept = 0;

 protected:
  ~Profiles() = default;
};

// May this happen. Each has a default so that a host overrides what it cares about; the contract is
// Auth's. Defaults at the deadline: refused `internal`, temporary.
class Rules {
 public:
  // A join names a room that does not exist. `pass` opens it with EngineOptions::new_room_policy.
  virtual Answer on_missing_room(Question, const JoinRequest&) noexcept {
    return Answer::refuse(Errc::not_found);
  }
  virtual Answer on_join(Question, const JoinRequest&) noexcept { return Answer::pass(); }
  // In a room that is followers_only: does he follow whoever it belongs to. Asked at his first
  // message of a stay. A refusal is told `mode_restricted`, with its retry_after_ms.
  virtual Answer on_follower(Question, const PublishRequest&) noexcept {
    return Answer::refuse(Errc::mode_restricted);
  }
  virtual Answer before_publish(Question, const PublishRequest&) noexcept { return Answer::pass(); }
  virtual Answer on_call(Question, const CallRequest&) noexcept {
    return Answer::refuse(Errc::unsupported);
  }

 protected:
  ~Rules() = default;
};

}  // namespace chatroom
