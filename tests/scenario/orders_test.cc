// Kick, publish, coming back, switching channels and a late answer of the host's, in every order:
// who is out hears nothing, and what he was about to say is not said.
#include <algorithm>
#include <deque>

#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

enum class Step { say, bob, answer, kick, mute, change, join };

// Whatever bob says, the host thinks about.
struct Thinking final : Rules {
  Answer before_publish(Question question, const PublishRequest& request) noexcept override {
    if (request.user != "bob") return Answer::pass();
    late = question;
    return Answer::later();
  }
  Question late;
};

// What bob is expected to hear, step by step. While an answer is awaited his commands wait.
struct Expected {
  bool in = true, muted = false, waits = false;
  bool on_main = true;
  std::deque<Step> queued;
  std::vector<std::string> heard;  // since the last step

  void command(Step step) {
    if (waits) return queued.push_back(step);
    if (step == Step::join) {
      heard.push_back(in ? "already_member" : "joined");
      if (!in) on_main = true;
      in = true;
    } else if (!in) {
      heard.push_back("not_member");
    } else if (step == Step::change) {
      on_main = !on_main;
      heard.push_back("changed");
      // Of a channel that one leaves, what was not sent yet is forgotten.
      std::erase(heard, "bob");
    } else if (muted) {
      heard.push_back("muted");
    } else {
      waits = true;
    }
  }
  void take(Step step) {
    switch (step) {
      case Step::say:
        if (in && on_main) heard.push_back("alice");
        return;
      case Step::kick:
        if (in) heard.insert(heard.end(), {"moderation", "left"});
        in = false;
        return;
      case Step::mute:
        if (in) heard.push_back("moderation");
        muted = true;
        return;
      case Step::answer:
        if (!waits) return;
        waits = false;
        if (!in || muted) {
          heard.push_back(in ? "muted" : "not_member");
        } else {
          heard.insert(heard.end(), {"bob", "said"});
        }
        for (; !queued.empty() && !waits; queued.pop_front()) command(queued.front());
        return;
      default:
        return command(step);
    }
  }
};

std::string word_of(const std::string& line) {
  if (line.starts_with(R"({"id":1,"ok")")) return "joined";
  if (line.starts_with(R"({"id":2,"ok")")) return "changed";
  if (line.starts_with(R"({"id":3,"ok")")) return "said";
  for (const char* word : {"already_member", "not_member", "moderation", "\"left\"", "\"muted\""}) {
    const std::string bare(word);
    if (line.find(bare) == std::string::npos) continue;
    return bare[0] == '"' ? bare.substr(1, bare.size() - 2) : bare;
  }
  if (line.find(R"("user":"alice","nick":"alice")") != std::string::npos) return "alice";
  if (line.find(R"("user":"bob","nick":"bob")") != std::string::npos) return "bob";
  return line;
}

class Orders {
 public:
  explicit Orders(const Carrier& carrier)
      : stage_({.engine = options(), .ports = {.rules = &rules_}, .record = false}),
        alice_(stage_.user(carrier, "alice")),
        bob_(stage_.user(carrier, "bob")) {}

  void run(const std::vector<Step>& steps) {
    const std::string key = "r" + std::to_string(++rooms_);
    const std::string at = R"("room":")" + key + "\"";
    Room room = stage_.room(key);
    alice_.ask(R"({"id":1,"op":"join",)" + at + "}");
    bob_.ask(R"({"id":1,"op":"join","channels":["main"],)" + at + "}");
    bob_.say(R"({"op":"subscribe","channel":"b",)" + at + "}");
    bob_.say(R"({"op":"unsubscribe","channel":"b",)" + at + "}");
    stage_.run();
    bob_.forget();
    Expected expected;
    std::string told;
    bool on_main = true;
    for (const Step step : steps) {
      told += std::to_string(static_cast<int>(step)) + " ";
      // The names of the channels as bob means them when he asks.
      expected.heard.clear();
      const std::string channel = on_main ? "main" : "b";
      switch (step) {
        case Step::say:
          alice_.say(R"({"op":"publish","text":"x",)" + at + "}");
          break;
        case Step::bob:
          bob_.say(R"({"id":3,"op":"publish","text":"y","channel":")" + channel + "\"," + at + "}");
          break;
        case Step::answer:
          static_cast<void>(static_cast<bool>(stage_.engine().answer(rules_.late, Answer::pass())));
          break;
        case Step::kick:
          static_cast<void>(static_cast<bool>(room.kick("bob")));
          break;
        case Step::mute:
          CHECK(room.mute("bob"));
          break;
        case Step::change:
          bob_.say(R"({"id":2,"op":"switch","from":")" + channel + R"(","to":")" +
                   (on_main ? "b" : "main") + "\"," + at + "}");
          break;
        case Step::join:
          bob_.say(R"({"id":1,"op":"join","since":{"epoch":"0","offset":0},)" + at + "}");
          break;
      }
      stage_.run();
      expected.take(step);
      on_main = expected.on_main;
      std::vector<std::string> heard;
      for (const std::string& line : bob_.all()) {
        const bool noise = line.starts_with(R"({"event":"presence")") ||
                           line.starts_with(R"({"event":"room_state")");
        if (!noise) heard.push_back(word_of(line));
      }
      // An answer may overtake the event that it is about.
      std::sort(heard.begin(), heard.end());
      std::sort(expected.heard.begin(), expected.heard.end());
      INFO("steps " << told);
      if (heard != expected.heard) REQUIRE(heard == expected.heard);
    }
    static_cast<void>(static_cast<bool>(stage_.engine().answer(rules_.late, Answer::pass())));
    CHECK(room.close());
    stage_.run();
    alice_.forget();
    bob_.forget();
  }

 private:
  static EngineOptions options() {
    EngineOptions options = open_options();
    options.limits.rooms = 16;
    return options;
  }
  Thinking rules_;
  Stage stage_;
  Peer& alice_;
  Peer& bob_;
  int rooms_ = 0;
};

}  // namespace

TEST_CASE("every order of up to six of kick, publish, answer, switch and return holds",
          "[scenario]") {
  // With a mute in the place of the kick, too.
  for (const Step blow : {Step::kick, Step::mute}) {
    const std::array<Step, 6> six{Step::say, Step::bob,    Step::answer,
                                  blow,      Step::change, Step::join};
    Orders orders(kWsJson);
    int runs = 0;
    for (std::size_t length = 1; length <= six.size(); ++length) {
      // All choices of `length` steps in all orders: the first `length` of each permutation, once.
      std::array<std::size_t, 6> order{0, 1, 2, 3, 4, 5};
      std::vector<std::size_t> last;
      do {
        std::vector<std::size_t> now(order.begin(),
                                     order.begin() + static_cast<std::ptrdiff_t>(length));
        if (now == last) continue;
        last = now;
        std::vector<Step> steps;
        for (const std::size_t at : now) steps.push_back(six[at]);
        orders.run(steps);
        ++runs;
      } while (std::next_permutation(order.begin(), order.end()));
    }
    CHECK(runs == 6 + 30 + 120 + 360 + 720 + 720);
  }
}
