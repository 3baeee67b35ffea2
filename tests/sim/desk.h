// Desk: a small room, by invitation or with an open door, in which members use every verb that
// members have, some of them inside the host and at least one moderator over the wire: measures
// timed and for good, with and without taking back what was said, of others and of oneself; roles
// in the room and in a channel of some, modes, pins, lines, invitations, blocks, what is held. A
// model of each says who may, and what must come of it: nobody is heard who may not speak, nothing
// that was taken back is read again, nothing is offered to who was put out, nobody gets in who may
// not. While a command is on the wire nobody else does anything, so the model knows what it found.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chatroom/engine.h"
#include "sim/far.h"
#include "sim/random.h"

namespace chatroom::sim {

class Desk;
class World;

class Clerk final : public LocalMember {
 public:
  Clerk(Desk& desk, World& world, std::uint32_t index, bool remote);
  void open();
  void on_event(const Event& event) noexcept override;
  void on_closed(CloseCode code) noexcept override;
  void hear(const Event& event);  // either way
  [[noreturn]] void fail(const std::string& what) const;
  bool waits() const noexcept { return far != nullptr && far->waits(); }

  // It ends somewhere between the two.
  struct Measure {
    Instant until{INT64_MIN};
    Instant sure_until{INT64_MIN};
    bool for_good = false;
    bool may_hold(Instant now) const { return for_good || until > now; }
    bool holds(Instant now) const { return for_good || sure_until > now; }
  };
  const std::string user;
  const std::unique_ptr<Far> far;  // over the wire
  SessionId session;
  bool opening = false;
  bool opened = false;
  std::uint32_t lives = 0;  // of its sessions
  bool in = false;
  bool expected = false;  // is coming in: the answer may be told within the call
  bool waits_outside = false;
  bool hand = false;  // would like to speak
  Role role = Role::member;
  bool guided = false;  // was ever one of those who are told of what is held
  bool lasting = false;
  Role kept = Role::member;    // if it is lasting
  Role inner = Role::visitor;  // in the channel of some
  bool on_inner = false;
  bool shielded = false;
  bool allowed = false;  // to speak while all are muted
  bool follows = false;
  bool followed = false;  // and has said so in this stay
  Measure muted, self_muted, banned, shadow;
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
  void check_end() const;

  Answer on_direct(Question question, const DirectRequest& request) noexcept override;
  Answer on_block(Question question, const BlockRequest& request) noexcept override;
  Answer on_follower(const PublishRequest& request);
  Answer on_text(const PublishRequest& request) const;
  void told(Clerk& to, const Event& event);
  [[noreturn]] void fail(const Clerk& who, const std::string& what) const;
  bool over() const { return settled_; }

  static constexpr const char* kRoom = "desk";

 private:
  struct Spoken {
    std::uint64_t offset = 0;
    std::string user;
    bool gone = false;
    bool inside = false;
  };
  struct Words {
    std::uint64_t offset = 0;
    Instant since;
    Instant until;  // said between the two
    bool vague = false;
  };
  struct Letter {
    std::string to;
    std::uint32_t life = 0;
  };
  struct Modes {
    bool mute_all = false, moderated = false, members = false, followers = false, emotes = false;
  };
  static constexpr const char* kInner = "den";
  static constexpr const char* kHall = "hall";
  static constexpr std::uint32_t kDuplicateS = 2;

  // desk.cc
  void open_room();
  void act();
  bool busy();
  void come(Clerk& who);
  void speak(Clerk& who);
  void spoke(Clerk& who, const std::string& text, const std::string& channel, std::uint64_t head,
             const Done& done);
  void check_refused(const Clerk& who, const Spoken& how, const std::string& text,
                     const Done& done) const;
  void check_said(const Clerk& who, const Spoken& how, const std::string& text,
                  const Done& done) const;
  void write(Clerk& who, Clerk& other);
  void ask(Clerk& who, const Command& command, Then then);
  Command command(Op op, const Clerk* other = nullptr) const;
  // What came of it is what may; true: it was done.
  bool judge(const Clerk& who, const std::string& what, Errc done, bool may) const;
  void order(Clerk& who, const Command& verb, bool may, Then then);
  bool closed_to(const Clerk& who, const std::string& text, bool inside) const;
  Clerk* find(std::string_view user);
  static bool friends(const Clerk& one, const Clerk& other);

  // desk_verbs.cc
  void punish(Clerk& who, Clerk& other);
  void pardon(Clerk& who, Clerk& other);
  void of_oneself(Clerk& who, Clerk& other);
  void promote(Clerk& who, Clerk& other);
  void change_modes(Clerk& who, Clerk& other);
  void decorate(Clerk& who, Clerk& other);
  void review(Clerk& who, Clerk& other);
  void take_back(Clerk& who, Clerk& other);
  void tend_channels(Clerk& who, Clerk& other);
  void tend_lines(Clerk& who, Clerk& other);
  void check_history(const Clerk& who);
  static Role rank(const Clerk& one) {
    return one.in ? one.role : one.lasting ? one.kept : Role::member;
  }
  static bool outranks(const Clerk& who, const Clerk& other) { return who.role > rank(other); }
  static Role here(const Clerk& one, bool inside) {
    return inside ? std::max(one.role, one.inner) : one.role;
  }
  bool reads(const Clerk& one) const { return one.role >= access_ || one.inner != Role::visitor; }
  void forget(const std::string& user);
  void put_out(Clerk& other);
  void enforce();

  World& world_;
  Random random_;
  Random late_;  // dice for relations
  std::vector<std::unique_ptr<Clerk>> clerks_;
  std::vector<Spoken> spoken_;
  std::map<std::string, Words> words_;  // by user and text, since when they were new
  std::set<std::string> undue_;         // direct messages that nobody may hear
  std::map<std::string, Letter> due_;   // and those that somebody has to
  Modes modes_;
  Role access_ = Role::moderator;
  bool invites_ = true;
  bool hall_closed_ = false;
  bool settled_ = false;
  std::uint64_t letters_ = 0;
};

}  // namespace chatroom::sim
