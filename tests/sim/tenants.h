// Tenants: a world whose members are all the house's, beside a tenant with one user, who tries to
// see, enter and reach what is theirs. What must hold: it is always refused and never told
// anything; and the house's rooms are visited no more often than its share allows.
#pragma once

#include "chatroom/engine.h"
#include "sim/random.h"

namespace chatroom::sim {

class World;

class Tenants final : public LocalMember {
 public:
  explicit Tenants(World& world);
  void declare();  // of each engine's life
  void start();
  void crashed() noexcept { opened_ = false; }
  void check_step();
  void on_event(const Event& event) noexcept override;
  void on_closed(CloseCode code) noexcept override;

 private:
  void act();
  void open();
  void check(const char* what, bool refused) const;

  World& world_;
  Random random_;
  SessionId session_;
  Instant looked_;
  std::int64_t level_ = 0;  // of the house's visits, in millionths
  std::uint64_t visits_ = 0;
  bool opened_ = false;
  bool started_ = false;
};

}  // namespace chatroom::sim
