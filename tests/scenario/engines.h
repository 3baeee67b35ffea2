// Engines: several stages that are one server, joined by a LocalBroker, all on one thread and with
// time that is moved by hand.
#pragma once

#include "chatroom/adapters/local.h"
#include "scenario/stage.h"

namespace chatroom::test {

class Engines {
 public:
  using Fit = std::function<void(std::uint32_t engine, StageOptions&)>;  // what is its own
  explicit Engines(std::uint32_t count, EngineOptions options = open_options(),
                   LocalBrokerOptions broker_options = {}, EnginePorts ports = {},
                   const Fit& fit = {})
      : broker(with_engines(broker_options, count)) {
    for (std::uint32_t i = 0; i < count; ++i) {
      StageOptions how{.engine = options, .ports = ports, .record = false};
      how.engine.seed = options.seed + i;
      how.loop_seed = 1 + i;
      how.ports.broker = broker.port(i);
      if (fit) fit(i, how);
      stages.push_back(std::make_unique<Stage>(how));
    }
  }

  Stage& operator[](std::uint32_t engine) { return *stages[engine]; }

  // A room whose home that engine is.
  std::string room_of(std::uint32_t engine, const std::string& prefix = "room") {
    for (int i = 0;; ++i) {
      const std::string name = prefix + std::to_string(i);
      if (broker.home_of(name) == engine) return name;
    }
  }

  void run() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& stage : stages) {
        if (stage == nullptr || !stage->loop.run_once()) continue;
        stage->run();
        moved = true;
      }
    }
  }
  void pass(Duration time) {
    for (Duration left = time; left.us > 0; left.us -= Duration::ms(50).us) {
      for (auto& stage : stages) {
        if (stage != nullptr) stage->pass(std::min(left, Duration::ms(50)));
      }
      run();
    }
  }

  // The answer, whichever engines it takes. "": none came.
  std::string ask(Peer& peer, const std::string& json) {
    const std::string early = peer.ask(json);
    if (!early.empty()) return early;
    run();
    const std::string id = json.substr(1, json.find(',') - 1);
    std::string answer;
    for (const std::string& line : peer.all()) {
      if (line.starts_with("{" + id + ",")) answer = line;
    }
    return answer;
  }
  Peer& member(std::uint32_t engine, const Carrier& carrier, const std::string& name,
               const std::string& room) {
    Peer& peer = stages[engine]->user(carrier, name);
    const std::string answer = ask(peer, R"({"id":1,"op":"join","room":")" + room + R"("})");
    INFO(answer);
    REQUIRE(matches(answer, R"({"id":1,"ok":*)"));
    run();
    for (auto& stage : stages) {
      if (stage == nullptr) continue;
      for (auto& everybody : stage->peers) everybody->forget();
    }
    return peer;
  }
  // That engine is no more.
  void lose(std::uint32_t engine) {
    stages[engine].reset();
    run();
  }

  LocalBroker broker;
  std::vector<std::unique_ptr<Stage>> stages;

 private:
  static LocalBrokerOptions with_engines(LocalBrokerOptions options, std::uint32_t count) {
    options.engines = count;
    return options;
  }
};

}  // namespace chatroom::test
