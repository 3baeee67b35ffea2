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
