// Turns, time and memory: who flushes when, how a turn ends itself, what other threads send, how an
// engine drains, and that it never takes more than it planned.
#include "scenario/fake_local.h"
#include "scenario/stage.h"
#include "small_limits.h"

using namespace chatroom;
using namespace chatroom::test;

TEST_CASE("an engine is not created from what cannot work", "[engine]") {
  testing::FakeMemory memory;
  ManualLoop loop;
  EnginePorts ports;
  ports.memory = &memory;
  EngineOptions options;
  CHECK(Engine::create(options, ports).error().code == Errc::bad_request);  // no seed, no entropy
  options.seed = 1;
  ports.memory = nullptr;
  CHECK(Engine::create(options, ports).error().code == Errc::bad_request);
  ports.memory = &memory;
  const auto wrong = [&](auto change) {
    EngineOptions bad = options;
    change(bad.limits);
    return Engine::create(bad, ports).error().code == Errc::bad_request;
  };
  CHECK(wrong([](Limits& l) { l.sessions = 0; }));
  CHECK(wrong([](Limits& l) { l.rooms = 0; }));
  CHECK(wrong([](Limits& l) { l.channels_per_room = 33; }));
  CHECK(wrong([](Limits& l) { l.frame_bytes = 100; }));
  CHECK(wrong([](Limits& l) { l.private_bytes = l.page_bytes; }));
  CHECK(wrong([](Limits& l) { l.large_room_writes = 0; }));
  CHECK(memory.bytes == 0);
  memory.bytes_max = 1'000'000;
  CHECK(Engine::create(options, ports).error().code == Errc::limit_reached);
  CHECK(memory.bytes == 0);
  ports.loop = &loop;
  memory.bytes_max = SIZE_MAX;
  options.seed = 0;
  CHECK(Engine::create(options, ports));
  CHECK(memory.bytes == 0);
}

TEST_CASE("a host that polls gets one flush a tick", "[engine]") {
  StageOptions options;
  options.polled = true;
  Stage stage(options);
  Engine& engine = stage.engine();
  testing::FakeConnection link;
  const Identity who{.user = "alice"};
  const Result<SessionId> id = engine.open(link, {.identity = &who});
  REQUIRE(id);
  REQUIRE(engine.open_room("r", {}));
  REQUIRE(engine.join(*id, {.room = "r"}));
  for (int i = 0; i < 10; ++i) REQUIRE(engine.publish(*id, {.room = "r", .text = "x"}));
  CHECK(link.writes == 0);
  CHECK(stage.observer.events.empty());
  engine.advance(stage.loop.now());
  CHECK(link.writes == 1);
  CHECK(stage.observer.count(HostEventType::published) == 10);
  // But a turn with input ends with a flush of its own.
  Engine::Turn(engine).on_bytes(*id, as_bytes(std::string_view("\x30\x00\x00\x00", 4)));
  CHECK(link.closed);
  Engine::Turn(engine).on_closed(*id);
}

TEST_CASE("a host with a loop is flushed by each call, or once a turn", "[engine]") {
  Stage stage;
  Engine& engine = stage.engine();
  testing::FakeConnection link;
  const Identity who{.user = "alice"};
  const Result<SessionId> id = engine.open(link, {.identity = &who});
  REQUIRE(id);
  CHECK(link.writes == 1);
  REQUIRE(engine.open_room("r", {}));
  {
    Engine::Turn turn(engine);
    REQUIRE(engine.join(*id, {.room = "r"}));
    for (int i = 0; i < 10; ++i) REQUIRE(engine.publish(*id, {.room = "r", .text = "x"}));
    CHECK(link.writes == 1);
  }
  CHECK(link.writes == 2);
  REQUIRE(engine.publish(*id, {.room = "r", .text = "x"}));
  CHECK(link.writes == 3);
  Engine::Turn(engine).on_closed(*id);
}

TEST_CASE("a turn over very many inputs ends itself now and then", "[engine]") {
  Stage stage;
  Peer& alice = stage.member(kTcp, "alice", "r");
  alice.forget();
  std::string frames;
  std::size_t flushed = 0;
  stage.in_one_turn([&] {
    for (int i = 0; i < 1'000; ++i) {
      alice.say(R"({"op":"publish","room":"r","text":"x"})");
      if (alice.link.bytes.size() != flushed) {
        flushed = alice.link.bytes.size();
        frames += std::to_string(i + 1) + " ";
      }
    }
  });
  CHECK(frames == "256 511 766 ");
  CHECK(alice.events("message").size() == 1'000);
  // By bytes as well: eight inputs of 60 KiB.
  alice.forget();
  const std::size_t writes = alice.link.writes;
  std::string padded = R"({"op":"ping"})";
  padded.insert(1, std::string(60 * 1024, ' '));
  Peer& bob = stage.member(kWsJson, "bob", "r");
  stage.in_one_turn([&] {
    for (int i = 0; i < 8; ++i) {
      alice.say(R"({"op":"publish","room":"r","text":"y"})");
      bob.frame(padded);
    }
  });
  CHECK(alice.link.writes >= writes + 3);
}

TEST_CASE("what is called from tell decides at once, and is spread in four rounds a turn",
          "[engine]") {
  for (const bool polled : {false, true}) {
    StageOptions options;
    options.polled = polled;
    Stage stage(options);
    Engine& engine = stage.engine();
    FakeLocal echo;
    const Result<SessionId> id = engine.open_local(echo, {.user = "echo"});
    REQUIRE(id);
    REQUIRE(engine.open_room("r", {}));
    REQUIRE(engine.join(*id, {.room = "r"}));
    stage.run();
    echo.told.clear();
    int said = 0;
    echo.then = [&](const Event& event) {
      if (event.type != EventType::message) return;
      const Result<Ticket> ticket = engine.publish(*id, {.room = "r", .text = "again"});
      REQUIRE(ticket);
      CHECK(ticket->position.offset == static_cast<std::uint64_t>(++said) + 1);
    };
    REQUIRE(engine.publish(*id, {.room = "r", .text = "first"}));
    if (polled) {
      CHECK(said == 0);
      for (int tick = 1; tick <= 5; ++tick) {
        CHECK(engine.advance(stage.loop.now()) <= stage.loop.now());
        CHECK(said == 4 * tick);
      }
    } else {
      CHECK(said == 4);
      for (int tick = 2; tick <= 5; ++tick) {
        CHECK(stage.loop.alarm() <= stage.loop.now());
        stage.loop.run_once();
        CHECK(said == 4 * tick);
      }
    }
    echo.then = {};
    stage.run();
  }
}

namespace {

// A hundred members of one room.
struct Crowd {
  explicit Crowd(Engine& engine) : links(100) {
    REQUIRE(engine.open_room("r", {}));
    for (std::size_t i = 0; i < links.size(); ++i) {
      const std::string name = "u" + std::to_string(i);
      const Identity who{.user = name};
      const Result<SessionId> id = engine.open(links[i], {.identity = &who});
      REQUIRE(id);
      REQUIRE(engine.join(*id, {.room = "r"}));
    }
  }
  void forget() {
    for (testing::FakeConnection& link : links) link.bytes.clear(), link.writes = 0;
  }
  std::ptrdiff_t served() const {
    return std::count_if(links.begin(), links.end(),
                         [](const testing::FakeConnection& link) { return link.writes > 0; });
  }

  std::vector<testing::FakeConnection> links;
};

}  // namespace

TEST_CASE("a budget stops a flush, and the next one goes on", "[engine]") {
  StageOptions options;
  options.polled = true;
  Stage stage(options);
  Engine& engine = stage.engine();
  Crowd crowd(engine);
  stage.run();
  stage.pass(Duration::s(1));  // a room that was just told something waits a moment
  crowd.forget();
  Result<Room> room = engine.room("r");
  room->broadcast({.text = "x"});
  Instant next = engine.advance(stage.loop.now(), {.sends = 30});
  CHECK(crowd.served() == 30);
  CHECK(next <= stage.loop.now());
  next = engine.advance(stage.loop.now(), {.sends = 30});
  CHECK(crowd.served() == 60);
  int asked = 0;
  const auto over = [](void* count) { return ++*static_cast<int*>(count) > 0; };
  next = engine.advance(stage.loop.now(), {.sends = 1'000, .over = over, .arg = &asked});
  CHECK(asked == 1);
  CHECK(crowd.served() > 60);
  CHECK(crowd.served() <= 92);
  next = engine.advance(stage.loop.now());
  CHECK(crowd.served() == 100);
  CHECK(next > stage.loop.now());
  for (const testing::FakeConnection& link : crowd.links) CHECK(link.writes == 1);
}

TEST_CASE("with a loop a large room has its share of writes once till the loop comes back",
          "[engine]") {
  StageOptions options;
  options.engine.limits.large_room_writes = 40;
  Stage stage(options);
  Engine& engine = stage.engine();
  Crowd crowd(engine);
  stage.pass(Duration::s(2));
  crowd.forget();
  engine.room("r")->broadcast({.text = "x"});
  CHECK(crowd.served() == 40);
  CHECK(stage.loop.alarm() == stage.loop.now());  // the loop is asked to come back at once
  { const Engine::Turn input(engine); }
  CHECK(crowd.served() == 40);
  CHECK(stage.loop.run_once());
  CHECK(crowd.served() == 80);
  CHECK(stage.loop.run_once());
  CHECK(crowd.served() == 100);
}

TEST_CASE("a clock that goes back stands still", "[engine]") {
  StageOptions options;
  options.polled = true;
  Stage stage(options);
  Engine& engine = stage.engine();
  FakeLocal local;
  REQUIRE(engine.open_room("r", {}));
  const Instant start = stage.loop.now();
  engine.advance(start + Duration::s(2));
  const Result<SessionId> id = engine.open_local(local, {.user = "a"});
  REQUIRE(id);
  REQUIRE(engine.join(*id, {.room = "r"}));
  engine.advance(start + Duration::s(1));
  REQUIRE(engine.publish(*id, {.room = "r", .text = "x"}));
  engine.advance(start);
  CHECK(std::any_of(local.told.begin(), local.told.end(), [](const std::string& told) {
    return matches(told, R"({"event":"message",*"time":1700000002000})");
  }));
}

TEST_CASE("mail from elsewhere is done and told with its tag", "[engine]") {
  for (const bool polled : {false, true}) {
    StageOptions options;
    options.polled = polled;
    Stage stage(options);
    Peer& alice = stage.member(kTcp, "alice", "r");
    Peer& bob = stage.member(kWsJson, "bob", "r");
    alice.forget();
    stage.observer.events.clear();
    Remote remote = stage.engine().remote();
    Remote copy = remote;
    CHECK(copy.broadcast("r", {.kind = Kind::notice, .text = "to all"}, 1));
    CHECK(remote.send_to("r", "bob", {.text = "to bob"}, 2));
    stage.run();
    CHECK(remote.kick("r", "bob", "enough", 3));
    CHECK(remote.kick("r", "bob", "enough", 4));
    CHECK(remote.broadcast("nowhere", {.text = "x"}, 5));
    CHECK(remote.broadcast(std::string(5'000, 'r'), {.text = "x"}, 6));
    CHECK(remote.broadcast("r", {.text = "\xff"}, 7));
    CHECK(remote.broadcast("r", {.text = std::string(2'049, 'x')}, 8));
    CHECK(remote.broadcast("r", {.text = std::string(20'000, 'x')}, 9).error().code ==
          Errc::too_large);
    CHECK(remote.answer({}, Answer::later()).error().code == Errc::bad_request);
    CHECK(remote.answer({1, 1}, Answer::pass()));  // stale: nothing happens
    std::vector<std::string_view> many(100, "m");
    CHECK(remote.broadcast("r", {.text = "x", .mentions = many}, 10).error().code ==
          Errc::bad_request);
    stage.run();
    std::string told;
    for (const auto& event : stage.observer.events) {
      if (event.tag == 0) continue;
      told += std::to_string(event.tag) + ":" + std::string(name_of(event.type)) + ":" +
              std::string(name_of(event.error.code)) + " ";
    }
    CHECK(told ==
          "1:published:ok 2:refused:ok 3:refused:ok 4:refused:not_found 5:refused:not_found "
          "6:refused:not_found 7:refused:bad_request 8:refused:too_large ");
    CHECK_LIKE(alice.next(), R"({"event":"message",*"kind":"notice","text":"to all",*)");
    CHECK_LIKE(bob.next(), R"({"event":"message",*"text":"to all",*)");
    CHECK_LIKE(bob.next(), R"({"event":"message",*"text":"to bob",*)");
    CHECK_LIKE(bob.next(), R"({"event":"moderation","room":"r","action":"kick","user":"bob",*)");
    CHECK_LIKE(bob.next(), R"({"event":"left","room":"r","reason":"kicked",*"text":"enough"*)");
    CHECK(bob.next() == "");
  }
}

TEST_CASE("a mailbox that is full says so, and is read again", "[engine]") {
  StageOptions options;
  options.engine.limits.mailbox_messages = 3;
  Stage stage(options);
  stage.room("r");
  Remote remote = stage.engine().remote();
  for (int i = 0; i < 3; ++i) CHECK(remote.broadcast("r", {.text = "x"}, 1));
  CHECK(remote.broadcast("r", {.text = "x"}, 1).error().code == Errc::queue_full);
  stage.run();
  CHECK(remote.broadcast("r", {.text = "x"}, 1));
  stage.run();
  CHECK(stage.room("r").position().offset == 4);
}

TEST_CASE("a Remote may outlive its engine", "[engine]") {
  testing::FakeMemory memory;
  Remote remote;
  CHECK(remote.broadcast("r", {.text = "x"}, 1).error().code == Errc::not_found);
  {
    ManualLoop loop;
    EnginePorts ports;
    ports.loop = &loop;
    ports.memory = &memory;
    Result<EnginePtr> engine = Engine::create({.seed = 1}, ports);
    REQUIRE(engine);
    remote = (*engine)->remote();
    CHECK(remote.broadcast("r", {.text = "x"}, 1));
  }
  CHECK(remote.broadcast("r", {.text = "x"}, 1).error().code == Errc::not_found);
  CHECK(remote.answer({}, Answer::pass()).error().code == Errc::not_found);
  CHECK(memory.bytes > 0);
  Remote other = remote;
  remote = Remote{};
  CHECK(other.kick("r", "a", {}, 1).error().code == Errc::not_found);
  other = remote;
  CHECK(memory.bytes == 0);
  CHECK(memory.breach == "");
}

TEST_CASE("draining lets nobody in and everybody out, each at a moment of its own", "[engine]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    std::vector<Peer*> peers;
    for (int i = 0; i < 20; ++i) {
      peers.push_back(&stage.member(carrier, "u" + std::to_string(i), "r"));
    }
    FakeLocal local;
    REQUIRE(stage.engine().open_local(local, {.user = "inside"}));
    stage.connect(carrier);  // a stranger
    CHECK_FALSE(stage.engine().drained());
    stage.engine().drain(CloseCode::shutdown, Duration::s(5));
    testing::FakeConnection late;
    CHECK(stage.engine().open(late, {}).error().code == Errc::limit_reached);
    FakeLocal late_local;
    CHECK(stage.engine().open_local(late_local, {.user = "x"}).error().code == Errc::limit_reached);
    std::vector<int> left;
    for (int second = 0; second <= 5; ++second) {
      left.push_back(static_cast<int>(std::count_if(
          peers.begin(), peers.end(), [](const Peer* peer) { return peer->closed() == 0; })));
      stage.pass(Duration::s(1));
    }
    CHECK(left[0] >= 18);
    CHECK(left[3] < left[1]);
    for (Peer* peer : peers) {
      CHECK(peer->closed() == 4000);
      CHECK(peer->events("reconnect").size() == 1);
    }
    CHECK(local.closed == 4000);
    CHECK(stage.engine().drained());
    stage.engine().drain(CloseCode::moved, Duration::s(5));  // once is enough
    CHECK(stage.engine().metrics().sessions == 0);
  }
}

TEST_CASE("the plan is never passed, whatever comes", "[engine]") {
  StageOptions options;
  options.engine.limits = small_limits();
  options.record = false;
  testing::FakeMemory memory;
  options.ports.memory = &memory;
  const MemoryPlan plan = chatroom::plan(options.engine.limits);
  CHECK(plan.ceiling_bytes == plan.sessions_bytes + plan.rooms_bytes + plan.logs_bytes +
                                  plan.private_bytes + plan.input_bytes + plan.history_bytes +
                                  plan.tables_bytes);
  {
    Stage stage(options);
    const std::string text(2'000, 'x');
    std::vector<Peer*> peers;
    for (int i = 0; i < 24; ++i) {
      peers.push_back(
          &stage.user(kCarriers[static_cast<std::size_t>(i) % 4], "u" + std::to_string(i)));
      for (int room = 0; room < 8; ++room) {
        peers.back()->ask(R"({"id":2,"op":"join","room":"r)" + std::to_string(room) + R"("})");
      }
    }
    for (std::size_t i = 0; i < peers.size(); i += 2) peers[i]->link.stalled = true;
    Remote remote = stage.engine().remote();
    for (int round = 0; round < 100; ++round) {
      for (std::size_t i = 1; i < peers.size(); i += 2) {
        if (peers[i]->closed() != 0) continue;
        const std::string room = "r" + std::to_string((round + static_cast<int>(i)) % 8);
        peers[i]->say(R"({"id":3,"op":"publish","room":")" + room + R"(","text":")" + text +
                      R"(","key":"k)" + std::to_string(round) + R"("})");
        peers[i]->say(R"({"id":4,"op":"send_to","user":"u0","text":")" + text + R"("})");
        peers[i]->forget();
      }
      static_cast<void>(remote.broadcast("r1", {.text = text}, 1));
      testing::FakeConnection stranger;
      if (const Result<SessionId> id = stage.engine().open(stranger, {})) {
        std::string begun(5'000, 'x');
        begun[0] = 0x30, begun[1] = 0, begun[2] = 0x17, begun[3] = 0;
        Engine::Turn(stage.engine()).on_bytes(*id, as_bytes(begun));
        Engine::Turn(stage.engine()).on_closed(*id);
      }
      stage.pass(Duration::ms(50));
      CHECK(memory.bytes <= plan.ceiling_bytes);
    }
    const MetricsSnapshot metrics = stage.engine().metrics();
    CHECK(metrics.memory_bytes == memory.bytes);
    CHECK(metrics.log_bytes <= plan.logs_bytes);
    CHECK(metrics.private_bytes <= plan.private_bytes);
    CHECK(metrics.history_bytes <= plan.history_bytes);
    CHECK(memory.peak <= plan.ceiling_bytes);
    CHECK(metrics.published > 100);
  }
  CHECK(memory.bytes == 0);
  CHECK(memory.breach == "");
}
