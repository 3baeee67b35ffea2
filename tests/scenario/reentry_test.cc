// Calling back in: every callback that may, times everything that a host could do there.
#include <set>

#include "scenario/fake_local.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

// A little host: two members inside it, one outside, a room; and what they do all day.
class Host {
 public:
  Host() : stage_(options()) {
    self_.then = [this](const Event& event) { heard(event.type); };
    self_.closed_then = [this] {
      ++closed_told_;
      if (on_closed) act();
    };
    stage_.observer.then = [this](const HostEvent& event) {
      if (on_host_event == static_cast<int>(event.type)) act();
    };
  }

  // Which callback acts, how often at most, and what it does.
  int on_host_event = -1;
  int on_event = -1;
  bool on_closed = false;
  std::function<void(Host&)> action;
  int acts = 0;
  bool peopled = false;  // everybody is here

  void live() {
    Engine& engine = stage_.engine();
    static_cast<void>(engine.open_room("r", {}));
    self = open(self_, "self");
    other = open(other_, "other");
    Peer& bob = stage_.user(kWsJson, "bob");
    Peer& slow = stage_.user(kTcp, "slow");
    peopled = true;
    for (const SessionId id : {self, other}) static_cast<void>(engine.join(id, {.room = "r"}));
    bob.say(R"({"id":2,"op":"join","room":"r"})");
    slow.say(R"({"id":2,"op":"join","room":"r"})");
    stage_.run();
    static_cast<void>(engine.publish(self, {.room = "r", .text = "from inside"}, 7));
    bob.say(R"({"id":3,"op":"publish","room":"r","text":"from outside"})");
    bob.say(R"({"id":4,"op":"send_to","user":"self","text":"psst"})");
    stage_.run();
    // A reader that stalls loses something (dropped), a call from elsewhere fails (refused).
    slow.link.stalled = true;
    const std::string filling(2'000, 'x');
    for (int i = 0; i < 100; ++i) {
      if (Result<Room> room = engine.room("r")) room->broadcast({.text = filling});
    }
    stage_.run();
    slow.stall(false);
    static_cast<void>(engine.remote().kick("nowhere", "nobody", {}, 9));
    static_cast<void>(engine.publish(self, {.room = "r", .text = "x"}, 8));
    if (Result<Room> room = engine.room("r")) {
      static_cast<void>(room->set_policy({.slow_mode_s = 1}));
      static_cast<void>(room->kick("other"));
    }
    stage_.run();
    static_cast<void>(engine.leave(self, "r"));
    static_cast<void>(engine.join(self, {.room = "r"}));
    bob.say(R"({"id":5,"op":"leave","room":"r"})");
    stage_.run();
    if (Result<Room> room = engine.room("r")) static_cast<void>(room->close());
    stage_.run();
    bob.drop();
    engine.drain(CloseCode::shutdown, Duration::ms(10));
    stage_.pass(Duration::s(1));
  }

  // What holds at the end of each such day.
  void check() {
    Engine& engine = stage_.engine();
    for (const SessionId id : sessions_) static_cast<void>(engine.close(id, CloseCode::normal));
    stage_.run();
    for (Result<Room> room = engine.room("r"); room; room = engine.room("r")) {
      REQUIRE(room->close());
    }
    stage_.run();
    const testing::FakeObserver& seen = stage_.observer;
    const MetricsSnapshot metrics = engine.metrics();
    CHECK(metrics.sessions == 0);
    CHECK(metrics.memberships == 0);
    CHECK(seen.count(HostEventType::session_closed) == metrics.sessions_opened);
    CHECK(metrics.sessions_closed == metrics.sessions_opened);
    CHECK(seen.count(HostEventType::joined) == seen.count(HostEventType::left));
    CHECK(seen.count(HostEventType::room_opened) >= seen.count(HostEventType::room_closed));
    std::set<SessionId> ended;
    for (const auto& event : seen.events) {
      if (event.type == HostEventType::session_closed) CHECK(ended.insert(event.session).second);
    }
    CHECK(closed_told_ <= 1);
    CHECK(engine.drained());
  }

  Engine& engine() { return stage_.engine(); }
  SessionId self;
  SessionId other;

 private:
  static StageOptions options() {
    StageOptions options;
    options.engine.limits.window_bytes = 64 * 1024;
    return options;
  }
  SessionId open(FakeLocal& member, std::string_view name) {
    const Result<SessionId> id = stage_.engine().open_local(member, {.user = name});
    if (!id) return {};
    sessions_.push_back(*id);
    return *id;
  }
  void heard(EventType type) {
    if (on_event == static_cast<int>(type)) act();
  }
  void act() {
    if (acts >= 5) return;
    ++acts;
    action(*this);
  }

  FakeLocal self_;
  FakeLocal other_;
  Stage stage_;
  std::vector<SessionId> sessions_;
  int closed_told_ = 0;
};

struct Action {
  const char* name;
  std::function<void(Host&)> run;
};

std::vector<Action> actions() {
  static const std::string megabyte(1 << 20, 'x');
  return {
      {"close self",
       [](Host& h) { static_cast<void>(h.engine().close(h.self, CloseCode::normal)); }},
      {"close other",
       [](Host& h) { static_cast<void>(h.engine().close(h.other, CloseCode::banned)); }},
      {"leave", [](Host& h) { static_cast<void>(h.engine().leave(h.self, "r")); }},
      {"join", [](Host& h) { static_cast<void>(h.engine().join(h.self, {.room = "r"})); }},
      {"kick self",
       [](Host& h) {
         if (Result<Room> room = h.engine().room("r")) static_cast<void>(room->kick("self", "out"));
       }},
      {"kick bob",
       [](Host& h) {
         if (Result<Room> room = h.engine().room("r")) static_cast<void>(room->kick("bob"));
       }},
      {"publish",
       [](Host& h) { static_cast<void>(h.engine().publish(h.self, {.room = "r", .text = "y"})); }},
      {"broadcast and send",
       [](Host& h) {
         if (Result<Room> room = h.engine().room("r")) {
           room->broadcast({.text = "z"}, 5);
           static_cast<void>(room->send_to("self", {.text = "only you"}));
           static_cast<void>(room->member("bob").send({.text = "or you"}));
         }
       }},
      {"send a megabyte",
       [](Host& h) {
         CHECK_FALSE(h.engine().publish(h.self, {.room = "r", .text = megabyte}));
         if (Result<Room> room = h.engine().room("r")) {
           CHECK(room->broadcast({.text = megabyte}).error().code == Errc::too_large);
           CHECK_FALSE(room->send_to("self", {.text = megabyte}));
           CHECK_FALSE(room->kick("bob", megabyte));
         }
         CHECK_FALSE(h.engine().open_room(megabyte, {}));
       }},
      {"close the room",
       [](Host& h) {
         if (Result<Room> room = h.engine().room("r")) static_cast<void>(room->close());
       }},
      {"open a room",
       [](Host& h) { static_cast<void>(h.engine().open_room("r", {.slow_mode_s = 2})); }},
      {"drain",
       [](Host& h) {
         if (h.peopled) h.engine().drain(CloseCode::moved, Duration::s(0));
       }},
  };
}

}  // namespace

TEST_CASE("an observer may do anything at any event", "[scenario][reentry]") {
  for (int type = 0; type <= static_cast<int>(HostEventType::overload); ++type) {
    for (const Action& action : actions()) {
      INFO(name_of(static_cast<HostEventType>(type)) << " -> " << action.name);
      Host host;
      host.on_host_event = type;
      host.action = action.run;
      host.live();
      host.check();
      const bool rare = type == static_cast<int>(HostEventType::events_lost) ||
                        type == static_cast<int>(HostEventType::overload);
      CHECK((rare || host.acts > 0));
    }
  }
}

TEST_CASE("a member inside the host may do anything at any event", "[scenario][reentry]") {
  for (const EventType type :
       {EventType::hello, EventType::answer, EventType::message, EventType::direct,
        EventType::presence, EventType::room_state, EventType::left, EventType::reconnect}) {
    for (const Action& action : actions()) {
      INFO(name_of(type) << " -> " << action.name);
      Host host;
      host.on_event = static_cast<int>(type);
      host.action = action.run;
      host.live();
      host.check();
      CHECK(host.acts > 0);
    }
  }
}

TEST_CASE("a member inside the host may do anything at its end", "[scenario][reentry]") {
  for (const Action& action : actions()) {
    INFO(action.name);
    Host host;
    host.on_closed = true;
    host.action = action.run;
    host.live();
    host.check();
    CHECK(host.acts == 1);
  }
}
