// The suite for Connection: an engine at one end, a client at the other, and what may never happen
// in between: bytes lost, doubled or out of order, a close that loses what was taken, an end that
// the engine is not told of.
#include <charconv>

#include "chatroom/flatbuffers.h"
#include "chatroom/testing/conformance.h"
#include "chatroom/testing/fakes.h"

namespace chatroom::testing {

namespace {

constexpr int kRoundsMax = 20'000;

// One link, just connected, with its two ends.
class Scene final : private ClientHandler {
 public:
  Scene(const std::function<std::unique_ptr<LinkUnderTest>()>& make, Conformance& found)
      : found_(found), link_(make()) {
    EngineOptions options;
    options.seed = 1;
    options.open_server = options.open_rooms = true;
    options.limits.commands = options.limits.joins = Rate::unlimited();
    EnginePorts ports = link_->ports();
    ports.loop = &link_->loop();
    ports.observer = &observer;
    Result<EnginePtr> created = Engine::create(options, ports);
    found_.check(bool(created), "an engine can be made on this loop");
    if (!created) return;
    engine = std::move(*created);
    ClientOptions peer = link_->client();
    if (peer.codec == nullptr) peer.codec = &codec_;
    peer.pending_max = 4'096;
    client = std::make_unique<Client>(peer, static_cast<ClientHandler&>(*this));
    const bool connected = bool(link_->connect(*engine, *client));
    found_.check(connected, "connect: opens a session");
    if (!connected) return;
    static_cast<void>(client->auth({.user = "peer"}));
    static_cast<void>(client->join({.room = "r"}));
    ready = until([&] { return joined_; });
    found_.check(ready, "bytes from the peer reach the engine, and its answers the peer");
  }
  ~Scene() {
    link_->stop();
    engine.reset();
  }

  template <class Done>
  bool until(Done done, int rounds = kRoundsMax) {
    for (int i = 0; i < rounds; ++i) {
      if (done()) return true;
      link_->run();
    }
    return done();
  }
  void run(int rounds) {
    for (int i = 0; i < rounds; ++i) link_->run();
  }
  // Message `number` of the room: its text begins with the number and has a length of its own.
  void say(int number) {
    std::string text = std::to_string(number) + " ";
    text.resize(1 + static_cast<std::size_t>(number) * 37 % 1'900 + text.size(), '.');
    Result<Room> room = engine->room("r");
    if (room) static_cast<void>(room->broadcast({.text = text, .priority = Priority::high}));
  }
  bool in_order() const {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] != static_cast<int>(i)) return false;
    }
    return true;
  }
  LinkUnderTest& link() { return *link_; }
  Conformance& found() { return found_; }

  FakeObserver observer;
  EnginePtr engine;
  std::unique_ptr<Client> client;
  bool ready = false;
  std::vector<int> numbers;  // of the messages that came
  std::size_t pongs = 0;

 private:
  void on_event(const Event& event) noexcept override {
    if (event.type == EventType::answer && event.op == Op::join) joined_ = true;
    if (event.type == EventType::answer && event.op == Op::ping) ++pongs;
    if (event.type != EventType::message) return;
    const std::string_view text = event.message.text;
    int number = -1;
    std::from_chars(text.data(), text.data() + text.size(), number);
    numbers.push_back(number);
  }

  Conformance& found_;
  FlatbuffersCodec codec_;
  std::unique_ptr<LinkUnderTest> link_;
  bool joined_ = false;
};

void check_order(Scene& scene) {
  constexpr int kMessages = 1'000;
  for (int number = 0; number < kMessages; ++number) {
    scene.say(number);
    if (number % 10 == 0) scene.run(1);
  }
  const bool all = scene.until([&] { return scene.numbers.size() >= kMessages; }, 2'000);
  scene.found().check(!scene.client->ended(), "write: what was taken arrives as it was");
  scene.found().check(all, "write: what was taken arrives");
  scene.found().check(scene.in_order(), "write: what was taken arrives once and in order");
}

void check_intake(Scene& scene) {
  constexpr std::size_t kPings = 2'000;
  for (std::size_t i = 0; i < kPings; ++i) {
    static_cast<void>(scene.client->ping());
    if (i % 50 == 0) scene.run(1);
  }
  const bool all = scene.until([&] { return scene.pongs >= kPings; }, 2'000);
  scene.found().check(all, "on_bytes: all that the peer says arrives");
  scene.found().check(scene.pongs <= kPings, "on_bytes: once");
}

// The peer stops reading: the link takes less, says so, and goes on when it can.
void check_backpressure(Scene& scene) {
  if (!scene.link().stops()) return;
  scene.link().hold(true);
  int number = 0;
  const auto blocked = [&] { return scene.engine->metrics().blocked_members > 0; };
  for (; number < 700 && !blocked(); ++number) {
    scene.say(number);
    scene.run(1);
  }
  scene.found().check(blocked(), "write: takes less when the peer reads nothing");
  const int more = number + 100;
  for (; number < more; ++number) scene.say(number);
  scene.run(5);
  scene.link().hold(false);
  const auto count = static_cast<std::size_t>(number);
  const bool all = scene.until([&] { return scene.numbers.size() >= count; }, 4'000);
  scene.found().check(all, "on_writable: comes when a blocked link can take more");
  scene.found().check(scene.in_order() && !scene.client->ended(),
                      "write: what was not taken was neither sent nor kept");
}

// The engine stops reading, and nothing that the peer said meanwhile is lost.
void check_pause(Scene& scene) {
  if (!scene.link().stops()) return;
  scene.link().hold(true);
  std::size_t asked = 0;
  for (int i = 0; i < 400; ++i) {
    for (int one = 0; one < 10; ++one) {
      if (scene.client->history({.room = "r"})) ++asked;
    }
    scene.run(1);
  }
  scene.link().hold(false);
  const bool answered = scene.until([&] { return scene.client->awaiting() == 0; }, 4'000);
  scene.found().check(answered, "pause: what came meanwhile is handed over afterwards");
}

void check_close(Scene& scene) {
  for (int number = 0; number < 20; ++number) scene.say(number);
  const SessionId session =
      scene.observer.events.empty() ? SessionId{} : scene.observer.events.front().session;
  static_cast<void>(scene.engine->close(session, CloseCode::normal));
  const auto closed = [&] { return scene.observer.count(HostEventType::session_closed) > 0; };
  scene.found().check(scene.until(closed, 2'000), "close: on_closed follows");
  scene.found().check(scene.until([&] { return scene.link().ended(); }, 2'000),
                      "close: the peer sees the end");
  const auto high = static_cast<std::size_t>(Priority::high);
  const std::uint64_t taken = scene.engine->metrics().ledger.by_priority[high].delivered;
  scene.found().check(taken > 0, "write: takes something");
  scene.found().check(scene.numbers.size() >= taken && scene.in_order(),
                      "close: what was taken arrives before the end");
  scene.run(20);
  scene.found().check(scene.engine->metrics().sessions == 0, "close: on_closed follows");
}

void check_close_of_a_stalled_peer(Scene& scene) {
  scene.link().hold(true);
  for (int number = 0; number < 100; ++number) scene.say(number);
  scene.run(5);
  const SessionId session =
      scene.observer.events.empty() ? SessionId{} : scene.observer.events.front().session;
  static_cast<void>(scene.engine->close(session, CloseCode::normal));
  scene.found().check(scene.until([&] { return scene.engine->metrics().sessions == 0; }, 2'000),
                      "close: gives up on a peer that reads nothing");
}

void check_hang_up(Scene& scene) {
  scene.link().hang_up();
  scene.found().check(scene.until([&] { return scene.engine->metrics().sessions == 0; }, 2'000),
                      "on_closed: comes when the peer is gone");
  scene.run(20);
  scene.found().check(scene.observer.count(HostEventType::session_closed) == 1,
                      "on_closed: exactly once");
}

}  // namespace

Conformance check_connection(const std::function<std::unique_ptr<LinkUnderTest>()>& make) {
  Conformance found;
  using Part = void (*)(Scene&);
  for (const Part part :
       {Part{check_order}, Part{check_intake}, Part{check_backpressure}, Part{check_pause},
        Part{check_close}, Part{check_close_of_a_stalled_peer}, Part{check_hang_up}}) {
    Scene scene(make, found);
    if (!scene.ready) return found;
    part(scene);
  }
  return found;
}

}  // namespace chatroom::testing
