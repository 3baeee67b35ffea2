// Insider: a member inside the host: an ordinary one, one of the crowd that only listens, each on
// channels of its own, or a room's witness, who is on all channels and writes down what it sees.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "chatroom/engine.h"
#include "sim/eyes.h"
#include "sim/random.h"

namespace chatroom::sim {

class World;

class Insider final : public LocalMember {
 public:
  enum class Kind : std::uint8_t { member, crowd, witness };

  Insider(World& world, Kind kind, User user, std::uint32_t index);

  void open();
  void start(Duration after);
  void join(const std::string& room, std::uint32_t channels);
  void leave(const std::string& room);
  bool watches(const std::string& room) const { return watched_.count(room) != 0; }
  void settle();
  void retire();
  void crashed();
  void check_end() const;

  void on_event(const Event& event) noexcept override;
  void on_closed(CloseCode code) noexcept override;

  Kind kind() const noexcept { return kind_; }
  const std::string& user() const noexcept { return user_.id; }
  Eyes& eyes() noexcept { return eyes_; }
  bool opened() const noexcept { return opened_; }

 private:
  void witness(const Event& event);
  void on_answer(const Event& event);
  void act();
  void plan_next();
  void publish(const std::string& room);
  void change_channels(const std::string& room);

  World& world_;
  const Kind kind_;
  const User user_;
  const std::uint32_t index_;
  Random random_;
  Eyes eyes_;
  SessionId session_;
  bool opened_ = false;
  bool settled_ = false;
  bool retired_ = false;
  std::map<std::string, Asked> joins_;
  std::deque<Asked> changes_;  // leave, subscribe, unsubscribe
  std::map<std::string, Life*> watched_;
};

}  // namespace chatroom::sim
