// World: an engine, its time and its users in one object, so that a host's test reads like what
// happens:
//
//   World world;
//   auto& alice = world.user("alice");
//   auto& bob = world.user("bob");
//   alice.join("r");
//   bob.join("r");
//   alice.say("hi");
//   CHECK(bob.next().text == "hi");
//
// Users are real sessions: each speaks the protocol through a Client over a Pipe. Nothing happens
// by itself: time stands still but for pass(). The same calls give the same bytes.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chatroom/adapters/manual_loop.h"
#include "chatroom/adapters/pipe.h"
#include "chatroom/client.h"
#include "chatroom/engine.h"
#include "chatroom/flatbuffers.h"

namespace chatroom::testing {

class World;

// What a user was told, as values of their own. A test that asks for more than there was gets one
// with type none.
struct Told {
  EventType type = EventType::none;
  Op op = Op::none;
  Error error{};
  std::string room, channel;
  std::string user, nick;  // who said it
  std::string text;
  std::string kind;
  std::string data;
  std::string epoch;
  std::uint64_t offset = 0;
  std::uint64_t online = 0;
  Role role = Role::member;
  Gap gap{};
  LeaveReason reason = LeaveReason::left;
  bool was_recovering = false;
  bool recovered = false;
  bool more = false;
  std::vector<std::string> members;  // user ids, of a presence answer
  std::vector<Told> messages;        // of join and history answers
};

// The answer to something a user did. `answered` is false if none came yet (a late decision).
struct Verdict {
  bool answered = false;
  Errc error = Errc::ok;
  Rule rule = Rule::none;
  std::uint32_t retry_after_ms = 0;
  Told told{};  // all of it

  explicit operator bool() const noexcept { return answered && error == Errc::ok; }
};

class User final : private ClientHandler {
 public:
  // Each does it, lets the world run until nothing moves, and answers what the server said.
  Verdict join(std::string_view room);
  Verdict join(const ClientJoin& join);
  Verdict leave(std::string_view room);
  Verdict say(std::string_view text);  // in the room it joined last
  Verdict say(std::string_view room, std::string_view text);
  Verdict publish(const Outgoing& message);
  Verdict whisper(std::string_view user, std::string_view text);
  Verdict history(const ClientHistory& history);
  Verdict who(std::string_view room);
  Verdict call(std::string_view room, std::string_view name, std::string_view json);
  Verdict ask(const Command& command);

  // The next message it was shown and has not looked at; type none: there is none.
  Told next();
  // The next event that is no message and no answer (hello is left out); of that type: what stood
  // before it is passed over.
  Told next_event();
  Told next_event(EventType type);
  // All messages not looked at, as texts.
  std::vector<std::string> texts();
  // Everything it was ever told, answers included, in order.
  const std::vector<Told>& all() const noexcept { return all_; }

  // Its link: hold it to stall (it reads nothing), reset it, or let it come back with a new one,
  // signed in again (rooms are joined again by the test).
  void stall(bool stalled);
  void disconnect();
  void reconnect();
  bool connected() const noexcept;
  CloseCode close_code() const noexcept;

  const std::string& name() const noexcept { return name_; }
  SessionId session() const noexcept { return pipe_->session(); }
  Client& client() noexcept { return client_; }
  Pipe& pipe() noexcept { return *pipe_; }

 private:
  friend class World;
  User(World& world, std::string name, std::string token, const PipeOptions& link);
  void on_event(const Event& event) noexcept override;
  void connect();
  Verdict wait(Client::Asked asked);

  World& world_;
  const std::string name_;
  const std::string token_;
  const PipeOptions link_;
  Client client_;
  std::unique_ptr<Pipe> pipe_;
  std::string room_;  // joined last
  std::vector<Told> all_;
  std::deque<Told> messages_;
  std::deque<Told> events_;
  std::uint32_t awaited_ = 0;  // the answer that `wait` looks for
  std::optional<Told> answer_;
};

struct WorldOptions {
  // open_server and open_rooms are switched on unless there is an Auth port, or Rules port. What
  // stands in `ports` is used; an empty loop is the world's own.
  EngineOptions engine{.seed = 1};
  EnginePorts ports{};
  PipeOptions link{};  // of users; codec json needs ports.json
};

class World final {
 public:
  explicit World(const WorldOptions& options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // The user of that name, connected and signed in at the first call. With an Auth port `token` is
  // what it shows (its name if empty).
  User& user(std::string_view name, std::string_view token = {});
  // Another session, with its own link; not found again by name.
  User& another(std::string_view name, std::string_view token = {});
  User& over(const PipeOptions& link, std::string_view name, std::string_view token = {});

  Engine& engine() noexcept { return *engine_; }
  ManualLoop& loop() noexcept { return loop_; }
  Room room(std::string_view key);  // opens it if it is not there

  void pass(Duration time);  // moves time, and all that becomes due on the way
  void run();                // what can happen at this moment, happens
  // The first breach of a port's contract by the engine that a link noticed; empty: none.
  std::string breach() const;

 private:
  friend class User;
  Codec& codec_for(CodecKind kind);

  ManualLoop loop_;
  FlatbuffersCodec flatbuffers_;
  WorldOptions options_;
  EnginePtr engine_;
  std::vector<std::unique_ptr<User>> users_;
};

}  // namespace chatroom::testing
