// Wardens: moderators in a world of several engines, most of them at another engine than the home
// of the room. They mute, ban, kick, take back, pin and close rooms to all talk, and know what must
// hold from the moment at which they were told that it is done: nobody who is muted or banned is
// heard or comes in, whatever engine he sits at, and nobody does what he may not.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "chatroom/command.h"
#include "chatroom/error.h"
#include "sim/random.h"
#include "sim/report.h"

namespace chatroom::sim {

// One command of a moderator's, on its way.
struct Verb {
  Op op = Op::none;
  std::string room;
  std::string user;
  Role of = Role::member;  // the user's rank at most, and at least
  Role of_least = Role::member;
  std::uint64_t offset = 0;
  bool on = false;         // set_policy: nobody may speak
  std::uint32_t life = 0;  // of the room
  Command command() const;
};

class Wardens final {
 public:
  Wardens(std::uint64_t seed, Report& report) : random_(seed, 95), report_(report) {}

  struct Target {
    std::string user;
    Role role;
  };
  // What a seat orders next.
  Verb choose(const std::string& room, const Target& target, std::uint64_t newest);
  // Before it is asked: from here on what it may end may have ended.
  void asks(const std::string& who, Role rank, Verb& verb);
  void answered(const std::string& who, Role rank, const Verb& verb, Errc done, Instant now);
  void home_lost(const std::string& room);  // nobody knows what held there
  void forgive(const std::string& room);    // all measures are about to be lifted

  // Whether it may have been said at that moment, by one of such a rank.
  bool silent(const std::string& room, const std::string& user, Role rank, Instant asked) const;
  bool barred(const std::string& room, const std::string& user, Instant asked) const;
  // What stands there may be left out of what is told; it must be.
  bool may_lack(const std::string& room, std::uint64_t offset) const;
  bool gone(const std::string& room, std::uint64_t offset) const;
  std::uint64_t done() const { return done_; }

 private:
  using Key = std::pair<std::string, std::string>;
  struct Taken {
    std::set<std::uint64_t> maybe;
    std::set<std::uint64_t> surely;
    std::uint64_t cleared = 0;  // up to here anything may have been
  };

  Random random_;
  Report& report_;
  std::map<Key, Instant> muted_, banned_;  // since when, surely
  std::map<std::string, Instant> quiet_;   // rooms in which only moderators speak
  std::map<std::string, Taken> taken_;
  std::map<std::string, std::uint32_t> lives_;
  std::uint64_t done_ = 0;
};

}  // namespace chatroom::sim
