// What a world of several engines is made of: engines, members inside their hosts, and what all of
// them have said and been told.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chatroom/engine.h"
#include "sim/cluster.h"
#include "sim/directs.h"
#include "sim/net.h"
#include "sim/random.h"
#include "sim/schedule.h"
#include "sim/wardens.h"

namespace chatroom::sim {

class Cluster;

// What one engine's host hears: each call of its members is answered once.
struct Watch final : EngineObserver {
  void on_event(const HostEvent& event) noexcept override {
    const bool answer = event.type == HostEventType::joined ||
                        event.type == HostEventType::published ||
                        event.type == HostEventType::refused;
    if (answer && event.tag != 0) waiting.erase(event.tag);
    heard(event);
  }
  std::function<void(const HostEvent&)> heard;
  std::map<Tag, const void*> waiting;  // and whose call it was
};

struct Node {
  Watch watch;
  EnginePtr engine;
  Instant asleep_until;
};

// A member at one engine, with what it was told.
class Seat final : public LocalMember {
 public:
  Seat(Cluster& cluster, std::uint32_t where, std::string who, Role as)
      : engine(where), user(std::move(who)), role(as), cluster_(cluster) {}

  void on_event(const Event& event) noexcept override;
  void on_closed(CloseCode code) noexcept override;

  const std::uint32_t engine;
  const std::string user;
  const Role role;
  SessionId session;
  std::uint64_t ear = 0;  // how many sessions it had
  bool open = false;
  struct Place {
    std::string epoch;
    std::uint64_t offset = 0;
  };
  std::map<std::string, Place> rooms;
  std::map<std::string, Instant> joining;  // when it was asked
  // A leave or an order, whose answer does not say what it is to: so there is one at a time.
  struct Asked {
    Tag tag = 0;
    std::string leaves;
    std::optional<Verb> verb;
  };
  std::optional<Asked> asked;

 private:
  void on_answer(const Event& event, const std::string& room);
  [[noreturn]] void fail(const std::string& what) const;
  Cluster& cluster_;
};

class Cluster {
 public:
  Cluster(std::uint64_t seed, Report& report);
  ClusterOutcome run();

  // --- What seats tell
  void seen(const Seat& seat, const std::string& room, const Seat::Place& place,
            const Message& message);
  void gone(const Seat& seat);  // of its session nobody hears any more
  void counted(bool gap) { ++(gap ? outcome_.gaps : outcome_.resets); }
  Report& report() { return report_; }
  Wardens& wardens() { return wardens_; }
  Directs& directs() { return directs_; }
  Instant now() const { return schedule_.now(); }

 private:
  struct Said {
    std::string room;
    std::string user;
    Instant asked;
    Role role = Role::member;
    bool visitor = false;
    bool placed = false;
  };
  struct Log {  // of a room and epoch: what stands where
    std::map<std::uint64_t, std::uint64_t> at;
  };

  void make_node(std::uint64_t seed, std::uint32_t i);
  void tick(std::uint32_t i);
  void run_until(Instant end);
  void plan(std::size_t i);
  std::string some_room() { return "hall" + std::to_string(random_.below(3)); }
  Engine* engine_of(const Seat& seat) { return nodes_[seat.engine]->engine.operator->(); }
  void enter(Seat& seat);
  void act(Seat& seat);
  void moderate(Seat& seat);
  void join(Seat& seat, const std::string& room);
  std::uint64_t register_word(const std::string& room, const std::string& user, Role role);
  void publish(Seat& seat, const std::string& room);
  void broadcast(Engine& engine, const std::string& room);
  void trouble();
  void lose(std::uint32_t victim);
  void told(std::uint32_t engine, const HostEvent& event);

  // cluster_end.cc
  void settle();
  void forgive_all();
  void check_room(const std::string& room);
  void check_history(const Room& there, const std::string& room, const std::string& epoch,
                     std::uint64_t head);

  Random random_;
  Random wardings_;  // dice for moderators
  const std::uint32_t engines_;
  Net net_;
  Report& report_;
  Schedule schedule_;
  Wardens wardens_;
  Directs directs_;
  std::vector<std::unique_ptr<Seat>> seats_;  // outlive the engines
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::uint64_t, Said> said_;
  std::map<std::string, Log> logs_;
  Tag tags_ = 0;
  bool calm_ = false;
  ClusterOutcome outcome_;
};

}  // namespace chatroom::sim
