// The World that hosts write their tests with, and the fakes of every port.
#include "chatroom/testing/world.h"

#include "catch.hpp"
#include "chatroom/adapters/json.h"
#include "chatroom/adapters/memory.h"
#include "chatroom/testing/fakes.h"

using namespace chatroom;
using namespace chatroom::testing;

TEST_CASE("what one user says, the others hear") {
  World world;
  User& alice = world.user("alice");
  User& bob = world.user("bob");
  REQUIRE(alice.join("r"));
  REQUIRE(bob.join("r"));
  REQUIRE(alice.say("hi"));
  const Told heard = bob.next();
  REQUIRE(heard.text == "hi");
  REQUIRE(heard.user == "alice");
  REQUIRE(heard.room == "r");
  REQUIRE(bob.next().type == EventType::none);
  REQUIRE(alice.next().text == "hi");
  REQUIRE(world.breach() == "");
}

TEST_CASE("a refusal says why") {
  World world;
  User& alice = world.user("alice");
  const Verdict verdict = alice.say("nowhere", "hi");
  REQUIRE_FALSE(verdict);
  REQUIRE(verdict.error == Errc::not_member);
  REQUIRE(alice.join("r"));
  REQUIRE(alice.join("r").error == Errc::already_member);
}

TEST_CASE("the host speaks and acts in the same world") {
  World world;
  User& alice = world.user("alice");
  REQUIRE(alice.join("r"));
  static_cast<void>(world.room("r").broadcast({.kind = Kind::notice, .text = "welcome"}));
  world.run();
  REQUIRE(alice.next().text == "welcome");
  REQUIRE(world.room("r").kick("alice", "enough"));
  world.run();
  const Told left = alice.next_event(EventType::left);
  REQUIRE(left.type == EventType::left);
  REQUIRE(left.reason == LeaveReason::kicked);
}

TEST_CASE("a user that comes back gets what it missed") {
  World world;
  User& alice = world.user("alice");
  User& bob = world.user("bob");
  REQUIRE(alice.join("r"));
  REQUIRE(bob.join("r"));
  REQUIRE(alice.say("one"));
  bob.disconnect();
  REQUIRE_FALSE(bob.connected());
  REQUIRE(alice.say("two"));
  bob.reconnect();
  const Verdict again = bob.join({.room = "r", .recover = true});
  REQUIRE(again);
  REQUIRE(again.told.recovered);
  REQUIRE(again.told.messages.size() == 1);
  REQUIRE(again.told.messages[0].text == "two");
}

TEST_CASE("users over every kind of link are in one room") {
  JsonCodec json;
  World world({.ports = {.json = &json}});
  User* const users[] = {
      &world.user("tcp"),
      &world.over({.boundary = Boundary::message, .max_frame = 256}, "game"),
      &world.over({.codec = CodecKind::json, .framing = Framing::websocket}, "browser"),
      &world.over({.framing = Framing::websocket}, "binary"),
      &world.over({.delay = Duration::ms(50)}, "far"),
  };
  world.pass(Duration::s(1));
  for (User* user : users) static_cast<void>(user->join("r"));
  world.pass(Duration::s(1));
  const std::string text(1'500, 'x');
  for (User* user : users) static_cast<void>(user->say("r", text));
  world.pass(Duration::s(1));
  for (User* user : users) {
    INFO(user->name());
    REQUIRE(user->texts().size() == 5);
  }
  REQUIRE(world.breach() == "");
}

TEST_CASE("a user that reads nothing is told what it lost, and the others lose nothing") {
  World world;
  User& alice = world.user("alice");
  User& bob = world.user("bob");
  User& carol = world.user("carol");
  for (User* user : {&alice, &bob, &carol}) REQUIRE(user->join("r"));
  bob.stall(true);
  const std::string text(1'000, 'x');
  for (int i = 0; i < 3'000; ++i) {
    static_cast<void>(world.room("r").broadcast({.text = text}));
    if (i % 50 == 0) world.run();
  }
  world.run();
  REQUIRE(carol.texts().size() == 3'000);
  bob.stall(false);
  world.pass(Duration::s(1));
  const ClientRoom seen = *bob.client().room("r");
  REQUIRE(seen.lost > 0);
  REQUIRE(seen.messages + seen.lost == 3'000);
}

TEST_CASE("time passes only when it is told to") {
  World world;
  User& browser = world.over({.framing = Framing::websocket}, "browser");
  User& tcp = world.user("tcp");
  world.pass(Duration::s(59));
  REQUIRE(tcp.connected());
  world.pass(Duration::s(2));
  REQUIRE_FALSE(tcp.connected());  // said nothing for a minute
  REQUIRE(tcp.close_code() == CloseCode::no_pong);
  REQUIRE(browser.connected());  // answered the pings
}

TEST_CASE("the same world gives the same bytes") {
  std::string recordings[2];
  for (std::string& recording : recordings) {
    FakeRecorder recorder;
    World world({.ports = {.recorder = &recorder}});
    User& alice = world.user("alice");
    REQUIRE(alice.join("r"));
    for (int i = 0; i < 20; ++i) static_cast<void>(alice.say("again"));
    world.pass(Duration::s(30));
    recording = recorder.bytes;
  }
  REQUIRE_FALSE(recordings[0].empty());
  REQUIRE(recordings[0] == recordings[1]);
}

TEST_CASE("FakeAuth decides who somebody is, at once or later") {
  FakeAuth auth;
  auth.tokens["secret"] = {.user = "alice", .nick = "Alice", .role = Role::owner};
  World world({.ports = {.auth = &auth}});
  SECTION("at once") {
    User& alice = world.user("anyone", "secret");
    const Verdict joined = alice.join("r");
    REQUIRE(joined);
    REQUIRE(joined.told.role == Role::owner);
    REQUIRE(alice.client().user() == "alice");
    User& mallory = world.user("mallory", "guess");
    REQUIRE_FALSE(mallory.connected());
    REQUIRE(mallory.close_code() == CloseCode::bad_token);
  }
  SECTION("later") {
    auth.later = true;
    User& alice = world.user("anyone", "secret");
    REQUIRE_FALSE(alice.client().authenticated());
    REQUIRE(auth.asked.size() == 1);
    REQUIRE(world.engine().answer(auth.asked[0].question, auth.answer_for("secret")));
    world.run();
    REQUIRE(alice.client().authenticated());
  }
}

TEST_CASE("FakeRules says no where a test wants it") {
  FakeRules rules;
  rules.publish = [](Question, const PublishRequest& request) {
    return request.message->text == "spam" ? Answer::refuse(Errc::filtered) : Answer::pass();
  };
  World world({.ports = {.rules = &rules}});
  User& alice = world.user("alice");
  REQUIRE(alice.join("r"));
  REQUIRE(alice.say("fine"));
  REQUIRE(alice.say("spam").error == Errc::filtered);
  REQUIRE(alice.texts() == std::vector<std::string>{"fine"});
}

TEST_CASE("FakeObserver keeps what happened") {
  FakeObserver observer;
  World world({.ports = {.observer = &observer}});
  User& alice = world.user("alice");
  REQUIRE(alice.join("r"));
  REQUIRE(alice.say("hi"));
  REQUIRE(observer.count(HostEventType::session_ready) == 1);
  REQUIRE(observer.count(HostEventType::joined) == 1);
  REQUIRE(observer.count(HostEventType::published) == 1);
  alice.disconnect();
  REQUIRE(observer.count(HostEventType::session_closed) == 1);
}

TEST_CASE("FaultyStorage fails and delays") {
  MemoryStorage under;
  FaultyStorage storage(under);
  WorldOptions options{.ports = {.storage = &storage}};
  options.engine.new_room_policy.durability = Durability::before;
  World world(options);
  User& alice = world.user("alice");
  static_cast<void>(alice.join("r"));
  REQUIRE(storage.requests > 0);
  REQUIRE(alice.say("first"));  // the room's record is saved with it
  SECTION("a failed append refuses what was said") {
    storage.fail_at = storage.requests;
    REQUIRE(alice.say("lost").error == Errc::storage_failed);
    REQUIRE(alice.say("kept"));
  }
  SECTION("what waits for storage is not shown before") {
    storage.late = true;
    REQUIRE_FALSE(alice.say("wait").answered);
    REQUIRE(alice.texts() == std::vector<std::string>{"first"});
    while (storage.waiting() > 0) {
      storage.deliver();
      world.run();
    }
    REQUIRE(alice.texts() == std::vector<std::string>{"wait"});
  }
}

TEST_CASE("FakeMemory fails the n-th allocation, and an engine survives each") {
  // How many there are when none fails.
  std::size_t count = 0;
  {
    FakeMemory memory;
    { World world({.ports = {.memory = &memory}}); }
    count = memory.allocations;
    REQUIRE(memory.bytes == 0);
    REQUIRE(memory.breach == "");
    REQUIRE(memory.peak <= plan(Limits{}).ceiling_bytes);
  }
  for (std::size_t fail = 0; fail < count; ++fail) {
    FakeMemory memory;
    memory.fail_at = fail;
    ManualLoop loop;
    {
      const auto engine = Engine::create({.seed = 1}, {.loop = &loop, .memory = &memory});
      if (!engine) REQUIRE(engine.error().code == Errc::limit_reached);
    }
    REQUIRE(memory.bytes == 0);
    REQUIRE(memory.breach == "");
  }
}

TEST_CASE("FakeConnection takes what it is told to take, and watches") {
  FakeConnection connection;
  connection.takes = {3, 0};
  const Bytes pieces[] = {as_bytes("ab"), as_bytes("cdef")};
  REQUIRE(connection.write(pieces) == 3);
  REQUIRE(connection.blocked);
  REQUIRE(connection.bytes == "abc");
  connection.writable();
  REQUIRE(connection.write(pieces) == 0);
  REQUIRE(connection.breach == "");
  static_cast<void>(connection.write(pieces));
  REQUIRE(connection.breach == "write: blocked and not told writable");

  FakeConnection message;
  message.boundary = Boundary::message;
  message.takes = {3};
  REQUIRE(message.write(pieces) == 0);
  message.writable();
  REQUIRE(message.write(pieces) == 6);
  REQUIRE(message.messages == std::vector<std::string>{"abcdef"});
  message.close(CloseCode::normal);
  message.close(CloseCode::normal);
  REQUIRE(message.breach == "close: called twice");
}

TEST_CASE("FakeMemory notices a wrong release") {
  FakeMemory memory;
  void* const block = memory.allocate(10, 8);
  memory.release(block, 11, 8);
  REQUIRE(memory.breach == "release: another size or alignment than it was allocated with");
}

TEST_CASE("pages asked for at once all come") {
  World world;
  User& alice = world.user("alice");
  REQUIRE(alice.join("r"));
  const std::string text(2'000, 'x');
  for (int i = 0; i < 100; ++i) {
    static_cast<void>(world.room("r").broadcast({.text = text}));
    world.run();
  }
  for (int i = 0; i < 4; ++i) {
    REQUIRE(alice.client().history({.room = "r", .has_after = true, .limit = 100}));
  }
  world.run();
  REQUIRE(alice.client().awaiting() == 0);
  REQUIRE(alice.connected());
}
