// Rungs: in rooms that show only so much a second, whoever is on a channel knows how far that is
// from showing everything, whenever he came; and a channel goes up the ladder only for what is said
// on itself, however much is said on others.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "chatroom/engine.h"
#include "sim/random.h"

namespace chatroom::sim {

class Eyes;
class World;
struct Stay;

class Rungs final : public LocalMember {
 public:
  explicit Rungs(World& world);
  void start();
  void asked(std::string_view room, std::string_view channel);  // may this be said
  void climbs(const HostEvent& event);
  void crashed() noexcept { opened_ = in_ = false; }
  void on_event(const Event& event) noexcept override;
  void on_closed(CloseCode) noexcept override { opened_ = in_ = false; }

 private:
  struct Since {
    Rung rung = Rung::normal;
    Instant at;
  };
  void look();
  void look(Eyes& eyes);
  void look(const Stay& stay, const std::string& channel, Rung rung);

  void visit();
  void leave();
  void look_on();

  World& world_;
  Random random_;
  SessionId session_;
  std::string room_, channel_;  // where it is
  Rung supposed_ = Rung::normal;
  Instant since_;
  bool opened_ = false;
  bool in_ = false;
  std::map<std::pair<std::string, std::string>, Rung> last_;
  std::map<std::pair<std::string, std::string>, Since> is_;  // by room and channel
  std::map<std::pair<const Stay*, std::string>, Instant> on_;
  std::map<std::pair<std::string, std::string>, std::deque<Instant>> asked_;
};

}  // namespace chatroom::sim
