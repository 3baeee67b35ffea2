// Reviewers: a filter that passes, rewrites, holds or refuses what members say, now, late or never;
// and moderators who release and reject what is held. They know what must hold: what waits is what
// was said, bounded; nobody sees it before it is released, or at all if it was rejected.
#pragma once

#include <map>
#include <set>
#include <string>

#include "chatroom/decision.h"
#include "chatroom/room.h"
#include "sim/random.h"

namespace chatroom::sim {

class World;
struct Said;

class Reviewers final : public Filter {
 public:
  explicit Reviewers(World& world);

  void start();
  Answer on_text(Question question, const PublishRequest& request) noexcept override;
  // Whether it was thought about for a while: what else held when it was said may have changed.
  bool was_late(std::uint64_t serial) const { return late_.count(serial) != 0; }
  // Whether something of that user was released a moment ago.
  bool released_lately(std::string_view room, std::string_view user) const;

 private:
  void plan_next();
  void act();
  void decide(const std::string& key, Room room);
  Answer verdict(std::uint64_t serial, std::string& text);

  World& world_;
  Random random_;
  std::set<std::uint64_t> late_;
  std::map<std::pair<std::string, std::string>, Instant> released_;
};

}  // namespace chatroom::sim
