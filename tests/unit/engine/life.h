// Life: a seeded stretch of everything that can happen to an engine, step by step, so that it can
// be run twice, beside another, recorded, and with memory that fails. No step expects anything.
#pragma once

#include <random>

#include "chatroom/adapters/memory.h"
#include "scenario/fake_local.h"
#include "scenario/stage.h"

namespace chatroom::test {

class Life {
 public:
  struct Options {
    std::uint32_t seed = 1;
    std::uint64_t loop_seed = 1;
    bool record = true;
    bool fragile = false;
  };

  explicit Life(const Options& how)
      : random_(how.seed), storage_({.later = true}), stage_(options(how)) {
    stage_.observer.then = [this](const HostEvent& event) { react(event); };
    local_.then = [this](const Event& event) { reply(event); };
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
  }

  void step() {
    if (!populated_) return populate();
    const std::string room = "room" + std::to_string(below(3));
    const std::string id = std::to_string(1 + below(1'000));
    switch (below(24)) {
      case 0:
      case 1:
        return join_someone();
      case 2:
        if (Peer* peer = any()) peer->drop();
        return;
      case 3:
        if (Peer* peer = any()) peer->stall(below(2) == 0);
        return;
      case 4:
        return say(R"({"id":)" + id + R"(,"op":"leave","room":")" + room + R"("})");
      case 5:
        return say(R"({"id":)" + id + R"(,"op":"history","room":")" + room + R"(","limit":20})");
      case 6:
        return say(R"({"id":)" + id + R"(,"op":"presence","room":")" + room + R"("})");
      case 7:
        return say(R"({"id":)" + id + R"(,"op":"send_to","user":"user1","text":"psst"})");
      case 8:
        return say(R"({"id":)" + id + R"(,"op":"switch","room":")" + room +
                   R"(","from":"main","to":"b"})");
      case 9:
        return say(R"({"id":)" + id + R"(,"op":"call","room":")" + room +
                   R"(","name":"x","data":{"n":1}})");
      case 10:
        if (Peer* peer = any()) peer->frame(std::string(below(50), '?'));
        return;
      case 11:
        return host(room);
      case 12:
        stage_.pass(Duration::ms(static_cast<std::int64_t>(below(3'000))));
        return;
      case 13:
        storage_.deliver(below(4));
        stage_.run();
        return;
      case 14:
        while (!questions_.empty() && below(3) != 0) answer_one();
        return;
      case 15:
        return from_elsewhere(room);
      default:
        return say(R"({"id":)" + id + R"(,"op":"publish","room":")" + room + R"(","text":")" +
                   std::string(1 + below(below(10) == 0 ? 2'000 : 60), 'x') + R"(","priority":")" +
                   (below(2) == 0 ? "low" : "normal") + R"(","key":"k)" +
                   std::to_string(below(50)) + R"("})");
    }
  }

  // Every byte that every peer was sent.
  std::string bytes() {
    std::string all;
    for (const auto& peer : stage_.peers) {
      peer->all();
      all += peer->wire + "|";
    }
    for (const std::string& told : local_.told) all += told;
    return all;
  }

  // The worst is over: it must still be a chat.
  void check_alive() {
    while (!questions_.empty()) answer_one();
    quiet_ = true;
    settle();
    stage_.pass(Duration::s(70));
    settle();
    Peer& last = stage_.user(kWsJson, "the last");
    last.say(R"({"id":2,"op":"join","room":"fresh"})");
    last.say(R"({"id":3,"op":"publish","room":"fresh","text":"still here"})");
    settle();
    std::string heard;
    for (const std::string& line : last.all()) heard += line;
    INFO(heard);
    CHECK(matches(heard, R"(*{"id":2,"ok":*{"id":3,"ok":*)"));
    CHECK(heard.find("still here") != std::string::npos);
  }

  Stage& stage() { return stage_; }

 private:
  StageOptions options(const Options& how) {
    rules_.join = [this](Question question, const JoinRequest&) { return decide(question); };
    rules_.publish = [this](Question question, const PublishRequest&) { return decide(question); };
    rules_.call = [this](Question question, const CallRequest&) { return decide(question); };
    StageOptions options;
    options.record = how.record;
    options.fragile = how.fragile;
    options.loop_seed = how.loop_seed;
    options.ports.rules = &rules_;
    options.ports.storage = &storage_;
    Limits& limits = options.engine.limits;
    limits.sessions = 24;
    limits.half_open = 4;
    limits.window_bytes = 64 * 1024;
    limits.publishes = limits.user_publishes = {50, 100};
    options.engine.open_rooms = false;
    options.engine.budget.sends = 5;
    options.engine.budget.over = [](void* self) { return static_cast<Life*>(self)->below(4) == 0; };
    options.engine.budget.arg = this;
    options.engine.new_room_policy.history_messages = 20;
    return options;
  }

  void settle() {
    for (int i = 0; i < 20; ++i) {
      storage_.deliver();
      stage_.run();
    }
  }
  std::size_t below(std::size_t end) { return random_() % end; }

  Peer* any() {
    std::vector<Peer*> here;
    for (const auto& peer : stage_.peers) {
      if (!peer->gone()) here.push_back(peer.get());
    }
    return here.empty() ? nullptr : here[below(here.size())];
  }
  void say(const std::string& json) {
    if (Peer* peer = any()) peer->say(json);
    if (below(3) == 0) stage_.run();
  }
  void populate() {
    populated_ = true;
    for (int i = 0; i < 6; ++i) {
      const std::string user = std::to_string(i);
      Peer& peer = stage_.connect(kCarriers[static_cast<std::size_t>(i) % 4]);
      peer.say(R"({"id":1,"op":"auth","user":"user)" + user + R"("})");
      for (int room = 0; room < 3; ++room) {
        peer.say(R"({"id":2,"op":"join","room":"room)" + std::to_string(room) + R"("})");
      }
    }
    storage_.deliver();
    stage_.run();
  }
  void join_someone() {
    const Carrier& carrier = kCarriers[below(kCarriers.size())];
    if (stage_.peers.size() < 16 || below(4) == 0) {
      if (!local_open_ && below(3) == 0) {
        local_open_ = true;
        const Result<SessionId> id = stage_.engine().open_local(local_, {.user = "inside"});
        if (id) local_id_ = *id;
        static_cast<void>(stage_.engine().join(local_id_, {.room = "room0"}));
        return;
      }
      // Removes nobody: peers keep their place, so that runs can be compared.
      Peer& peer = stage_.connect(carrier);
      if (below(5) != 0) {
        peer.say(R"({"id":1,"op":"auth","user":"user)" + std::to_string(below(6)) + R"("})");
      }
      return;
    }
    say(R"({"id":2,"op":"join","room":"room)" + std::to_string(below(3)) +
        R"(","channels":["main","b"],"recent":5})");
  }
  void host(const std::string& key) {
    Engine& engine = stage_.engine();
    const Result<Room> found = engine.room(key);
    if (!found) {
      RoomPolicy policy;
      policy.history_messages = 20;
      policy.durability = static_cast<Durability>(below(3));
      policy.reliable = below(2) == 0;
      static_cast<void>(engine.open_room(key, policy));
      return;
    }
    Room room = *found;
    switch (below(9)) {
      case 0:
        static_cast<void>(room.kick("user2", "out"));
        break;
      case 1:
        static_cast<void>(room.set_role("user3", Role::moderator));
        break;
      case 2:
        static_cast<void>(room.set_policy({.slow_mode_s = static_cast<std::uint32_t>(below(2))}));
        break;
      case 3:
        if (below(5) == 0) static_cast<void>(room.close());
        break;
      case 4:
        room.send_to("user1", {.text = "for you"});
        break;
      case 5:
        static_cast<void>(room.member("user1").set_tag(below(9)));
        break;
      case 6:
        static_cast<void>(engine.publish(local_id_, {.room = key, .text = "from inside"}, 4));
        break;
      case 7:
        if (Peer* peer = any()) static_cast<void>(engine.close(peer->session(), CloseCode::banned));
        break;
      default:
        room.broadcast({.text = "as the host", .priority = Priority::high}, below(100));
    }
    stage_.run();
  }
  void from_elsewhere(const std::string& room) {
    Remote remote = stage_.engine().remote();
    static_cast<void>(remote.broadcast(room, {.text = "from afar", .key = "same"}, 11));
    static_cast<void>(remote.kick(room, "user4", {}, 12));
    stage_.run();
  }

  Answer decide(Question question) {
    if (quiet_) return Answer::pass();
    switch (below(8)) {
      case 0:
        return Answer::refuse(Errc::forbidden);
      case 1:
        questions_.push_back(question);
        return Answer::later();
      case 2:
        return {.verdict = Answer::Verdict::rewrite, .text = "rewritten"};
      default:
        return Answer::pass();
    }
  }
  void answer_one() {
    const Question question = questions_.back();
    questions_.pop_back();
    const Answer answer = below(3) == 0 ? Answer::refuse(Errc::filtered) : Answer::pass();
    static_cast<void>(stage_.engine().answer(question, answer));
  }
  // Calls back in, now and then.
  void react(const HostEvent& event) {
    if (quiet_ || below(10) != 0) return;
    if (const Result<Room> room = stage_.engine().room(event.room)) {
      Room(*room).broadcast({.kind = Kind::notice, .text = name_of(event.type)});
    }
  }
  void reply(const Event& event) {
    if (quiet_ || event.type != EventType::message || below(4) != 0) return;
    static_cast<void>(stage_.engine().publish(local_id_, {.room = "room0", .text = "echo"}));
  }

  std::mt19937 random_;
  bool populated_ = false;
  bool quiet_ = false;
  MemoryStorage storage_;
  testing::FakeRules rules_;
  FakeLocal local_;
  bool local_open_ = false;
  SessionId local_id_;
  std::vector<Question> questions_;
  Stage stage_;
};

}  // namespace chatroom::test
