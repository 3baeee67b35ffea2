// Moderators: they mute, ban, let speak, pin and set words of rooms, and know what must hold then:
// nobody who is muted or banned is let through, a timed measure ends when it was said to.
#pragma once

#include <map>
#include <set>
#include <string>

#include "chatroom/room.h"
#include "sim/random.h"

namespace chatroom::sim {

class World;
struct Life;

class Moderators {
 public:
  explicit Moderators(World& world);

  void start();
  void settle();                         // all is forgiven: what was held up must go on
  void forget(const std::string& room);  // it closed, and nobody kept what held in it
  void forget_all();

  bool muted(std::string_view room, std::string_view user) const;
  bool banned(std::string_view room, std::string_view user) const;
  // For so long that what was said before has been told.
  bool in_shadow(std::string_view room, std::string_view user) const;
  bool ever_in_shadow(std::string_view room, std::string_view user) const;
  bool allowed(std::string_view room, std::string_view user) const;
  // Whether that user may have got onto the room's channel of some.
  bool may_be_inside(const std::string& room, const std::string& user) const;
  void owns(const std::string& room, const std::string& user) { let_in_.insert({room, user}); }
  static constexpr const char* kInside = "council";
  // Whether it ever was: an answer may be on its way for long.
  bool ever(std::string_view room, std::string_view user) const;

 private:
  struct Measure {
    Instant until{INT64_MIN};
    bool for_good = false;
    bool holds(Instant now) const { return for_good || until > now; }
  };
  struct Held {
    Measure mute, ban, shadow;
    Instant shadowed_at;
    bool allowed = false;
  };
  using Key = std::pair<std::string, std::string>;

  void plan_next();
  void act();
  void impose(Room room, const std::string& key, const std::string& user, bool bans);
  void lift(Room room, const std::string& key, const std::string& user, bool bans);
  void shade(Room room, const std::string& key, const std::string& user);
  void decorate(Room room);
  void take_back(Room room, const std::string& key, const std::string& user);
  void recalled(Life& life, std::uint64_t offset);
  void tend_door(Room room, const std::string& key, const std::string& user);
  void check(Room room, const std::string& key, const std::string& user);
  [[noreturn]] void fail(const std::string& key, const char* what) const;
  const Held* find(std::string_view room, std::string_view user) const;

  World& world_;
  Random random_;
  Random doors_;  // dice for channels of some
  Random backs_;  // and for what is taken back
  Random modes_;
  std::map<Key, Held> held_;
  std::set<Key> ever_;
  std::set<Key> shaded_;
  std::set<std::string> private_;  // rooms with a channel of some
  std::set<Key> let_in_;           // onto it, some time
  std::uint64_t decorated_ = 0;
  bool settled_ = false;
};

}  // namespace chatroom::sim
