// Desk: a small room by invitation in which members inside the host use every verb that members
// have: measures timed and for good, with and without taking back what was said, of others and of
// oneself; roles in the room and in a channel of some, lines, invitations, blocks. A model of each
// says who may, and what must come of it: nobody is heard who may not speak, nothing that was taken
// back is read again, nothing is offered to who was put out, nobody gets in who may not.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chatroom/engine.h"
#include "sim/random.h"

namespace chatroom::sim {

class Desk;
class World;

class Clerk final : public LocalMember {
 public:
  Clerk(Desk& desk, World& world, std::uint32_t index);
  void open();
  void on_event(const Event& event) noexcept override;
  void on_closed(CloseCode code) noexcept override;

  struct Measure {
    Instant until{INT64_MIN};
    bool for_good = false;
    bool holds(Instant now) const { return for_good || until > now; }
  };
  const std::string user;
  SessionId session;
  bool opened = false;
  bool in = false;
  bool expected = false;  // is coming in: the answer may be told within the call
  bool waits = false;     // applied to be let in
  bool hand = false;      // would like to speak
  Role role = Role::member;
  bool lasting = false;
  Role kept = Role::member;    // if it is lasting
  Role inner = Role::visitor;  // in the channel of some
  bool on_inner = false;
  bool shielded = false;
  Measure muted, self_muted, banned;
  std::set<std::string> blocked;

 private:
  Desk& desk_;
  World& world_;
};

class Desk final : public Relations {
 public:
  explicit Desk(World& world);
  void start();
  void crashed();
  void settle() { settled_ = true; }

  Answer on_direct(Question question, const DirectRequest& request) noexcept override;
  Answer on_block(Question question, const BlockRequest& request) noexcept override;
  void told_direct(const Clerk& to, const Message& message);
  [[noreturn]] void fail(const Clerk& who, const std::string& what) const;

  static constexpr const char* kRoom = "desk";

 private:
  struct Spoken {
    std::uint64_t offset = 0;
    std::string user;
    bool gone = false;
  };
  struct Words {
    std::uint64_t offset = 0;
    Instant at;
  };
  static constexpr const char* kInner = "den";
  static constexpr const char* kHall = "hall";
  static constexpr std::uint32_t kDuplicateS = 2;

  void open_room();
  void act();
  void come(Clerk& who);
  void speak(Clerk& who);
  void punish(Clerk& who, Clerk& other);
  void pardon(Clerk& who, Clerk& other);
  void of_oneself(Clerk& who, Clerk& other);
  void promote(Clerk& who, Clerk& other);
  void take_back(Clerk& who, Clerk& other);
  void tend_channels(Clerk& who, Clerk& other);
  void tend_lines(Clerk& who, Clerk& other);
  void write(Clerk& who, Clerk& other);
  void check_history(const Clerk& who);
  Errc ask(Clerk& who, const Command& command);
  Command command(Op op, const Clerk* other = nullptr) const;
  // What came of it is what may; true: it was done.
  bool judge(const Clerk& who, const Command& command, Errc done, bool may) const;
  static Role rank(const Clerk& one) {
    return one.in ? one.role : one.lasting ? one.kept : Role::member;
  }
  static bool outranks(const Clerk& who, const Clerk& other) { return who.role > rank(other); }
  bool reads(const Clerk& one) const { return one.role >= access_ || one.inner != Role::visitor; }
  void forget(const std::string& user);
  void put_out(Clerk& other);
  void enforce();
  Clerk* find(std::string_view user);

  World& world_;
  Random random_;
  std::vector<std::unique_ptr<Clerk>> clerks_;
  std::vector<Spoken> spoken_;
  std::map<std::string, Words> words_;  // by user and text, since when they were new
  std::set<std::string> undue_;         // direct messages that nobody may hear
  Role access_ = Role::moderator;
  bool hall_closed_ = false;
  bool settled_ = false;
  std::uint64_t letters_ = 0;
};

}  // namespace chatroom::sim
