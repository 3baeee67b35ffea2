// Direct messages between members at any engines of a cluster: who may hear one, and how often.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "chatroom/engine.h"
#include "sim/report.h"

namespace chatroom::sim {

class Directs final {
 public:
  explicit Directs(Report& report) : report_(report) {}

  std::uint64_t next() const noexcept { return said_.size() + 1; }  // its number
  void send(Engine& engine, SessionId from, const std::string& user, const std::string& to);
  // `ear` names a session of `user`.
  void hear(const std::string& ear, const std::string& user, const Event& event);
  // In quiet: to whom that one and all after it were said has heard them.
  void check_heard(std::uint64_t first) const;

 private:
  struct Said {
    std::string from;
    std::string to;
    std::set<std::string> ears;
    bool arrived = false;
  };
  Report& report_;
  std::map<std::uint64_t, Said> said_;
};

}  // namespace chatroom::sim
