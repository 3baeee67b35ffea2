// Rooms that are kept: behind, before, not at all; what a second engine finds; what a storage that
// fails, stalls or answers late does to those who are here.
#include "chatroom/adapters/memory.h"
#include "unit/engine/stored.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string say(std::string_view text, std::string_view key = {}) {
  std::string line = R"({"id":5,"op":"publish","room":"r","text":")" + std::string(text) + '"';
  if (!key.empty()) line += R"(,"key":")" + std::string(key) + '"';
  return line + "}";
}

std::string shown(Peer& peer) {
  std::string lines;
  for (const std::string& event : peer.events("message")) lines += event;
  return texts(lines);
}

// Without it the end is a crash (restart_test.cc).
void end_in_order(Stage& stage) {
  stage.engine().drain(CloseCode::shutdown, Duration{});
  stage.pass(Duration::ms(1));
  CHECK(stage.engine().drained());
}

}  // namespace

TEST_CASE("a room that is kept nowhere asks nothing of the storage", "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  Stage stage(stored(storage, Durability::none));
  Peer& alice = stage.member(kTcp, "alice", "r");
  CHECK_LIKE(alice.ask(say("x")), R"({"id":5,"ok":*)");
  stage.run();
  CHECK(storage.requests == 0);
}

TEST_CASE("behind: said at once, stored after, and a second engine goes on where it was",
          "[engine][storage]") {
  MemoryStorage storage;
  std::string epoch;
  {
    Stage stage(stored(storage));
    Peer& alice = stage.member(kTcp, "alice", "r");
    for (int i = 1; i <= 150; ++i) {
      const std::string answer = alice.ask(say(std::to_string(i)));
      epoch = epoch_in(answer);
    }
    alice.ask(R"({"id":6,"op":"publish","room":"r","kind":"signal","text":"not kept"})");
    stage.run();
    CHECK(storage.messages("r") == 150);
    end_in_order(stage);
  }
  {
    Stage stage(stored(storage));
    Peer& bob = stage.user(kWsJson, "bob");
    const std::string joined = bob.ask(R"({"id":2,"op":"join","room":"r","recent":3})");
    CHECK(epoch_in(joined) == epoch);
    CHECK_LIKE(joined, R"(*"offset":150,*"more":true}})");
    CHECK(texts(joined) == "148 149 150 ");
    CHECK_LIKE(bob.ask(say("next")), R"({"id":5,"ok":{"epoch":")" + epoch + R"(","offset":151}})");
    stage.run();
    CHECK(storage.messages("r") == 151);
    // Past the ring, which holds the newest hundred, pages come from the storage.
    CHECK(texts(bob.ask(R"({"id":3,"op":"history","room":"r","before":12,"limit":3})")) ==
          "9 10 11 ");
    CHECK_LIKE(bob.ask(R"({"id":3,"op":"history","room":"r","before":12,"limit":3})"),
               R"(*"more":true}})");
    CHECK(texts(bob.ask(R"({"id":3,"op":"history","room":"r","after":2,"limit":2})")) == "3 4 ");
    const std::string first = bob.ask(R"({"id":3,"op":"history","room":"r","before":3})");
    CHECK(texts(first) == "1 2 ");
    CHECK_LIKE(first, R"(*"more":false}})");
    // Who was away over the restart gets what it missed.
    Peer& carol = stage.user(kTcp, "carol");
    const std::string back = carol.ask(R"({"id":2,"op":"join","room":"r","since":{"epoch":")" +
                                       epoch + R"(","offset":149}})");
    CHECK(texts(back) == "150 next ");
    CHECK_LIKE(back, R"(*"was_recovering":true,"recovered":true,*)");
  }
}

TEST_CASE("before: nobody sees or is told what is not stored yet", "[engine][storage]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    MemoryStorage under;
    testing::FaultyStorage storage(under);
    Stage stage(stored(storage, Durability::before));
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(kTcp, "bob", "r");
    storage.late = true;
    alice.forget();
    for (const char* text : {"1", "2", "3"}) alice.say(say(text));
    const Result<Ticket> ticket = stage.room("r").broadcast({.text = "host"}, 77);
    REQUIRE(ticket);
    CHECK(ticket->position.offset == 0);
    stage.run();
    CHECK(alice.next() == "");
    CHECK(bob.next() == "");
    CHECK(stage.room("r").position().offset == 0);
    CHECK(storage.waiting() == 2);
    storage.deliver(1);  // the room's record
    stage.run();
    // One at a time, in order.
    for (int i = 1; i <= 4; ++i) {
      CHECK(storage.waiting() == 1);
      CHECK(under.messages("r") == static_cast<std::uint64_t>(i) - 1);
      storage.deliver(1);
      stage.run();
      CHECK(stage.room("r").position().offset == static_cast<std::uint64_t>(i));
    }
    CHECK(shown(bob) == "1 2 3 host ");
    CHECK(under.messages("r") == 4);
    std::string heard;
    for (const std::string& line : alice.all()) {
      if (line.starts_with("{\"id\":5")) heard += line.substr(line.find("\"offset\""), 10);
    }
    CHECK(heard == R"("offset":1"offset":2"offset":3)");
    CHECK(std::any_of(stage.observer.events.begin(), stage.observer.events.end(),
                      [](const auto& event) {
                        return event.type == HostEventType::published && event.tag == 77 &&
                               event.position.offset == 4;
                      }));
  }
}

TEST_CASE("before: a failed append is told, and its place is the next one's", "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  Stage stage(stored(storage, Durability::before));
  Peer& alice = stage.member(kTcp, "alice", "r");
  Peer& bob = stage.member(kWsJson, "bob", "r");
  CHECK_LIKE(alice.ask(say("1")), R"(*"offset":1}})");
  storage.fail_at = storage.requests;
  CHECK_LIKE(alice.ask(say("lost", "k")),
             R"({"id":5,"error":{"code":"storage_failed",*"temporary":true}})");
  CHECK(stage.room("r").position().offset == 1);
  // The key of what was not said is free again.
  CHECK_LIKE(alice.ask(say("2", "k")), R"(*"offset":2}})");
  CHECK_LIKE(alice.ask(say("again", "k")), R"(*"offset":2}})");
  CHECK(shown(bob) == "1 2 ");
  storage.fail_at = storage.requests;
  stage.room("r").broadcast({.text = "lost too"}, 9);
  stage.run();
  CHECK(std::any_of(stage.observer.events.begin(), stage.observer.events.end(),
                    [](const auto& event) {
                      return event.type == HostEventType::refused && event.tag == 9 &&
                             event.error.code == Errc::storage_failed;
                    }));
  CHECK(under.messages("r") == 2);
}

TEST_CASE("before: a key repeated while it is stored waits for the same answer",
          "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  Stage stage(stored(storage, Durability::before));
  Peer& alice = stage.member(kTcp, "alice", "r");
  Peer& again = stage.member(kWsJson, "alice", "r");
  storage.late = true;
  alice.say(say("gift", "k"));
  stage.run();
  again.say(say("gift", "k"));
  alice.say(say("gift", "k"));
  stage.run();
  CHECK(again.events("message").empty());
  CHECK(storage.waiting() == 2);  // the room's record, and the first
  storage.deliver();
  stage.run();
  storage.deliver();
  stage.run();
  int answered = 0;
  for (Peer* peer : {&alice, &again}) {
    for (const std::string& line : peer->all()) {
      answered += matches(line, R"({"id":5,"ok":*"offset":1}})");
    }
  }
  CHECK(answered == 3);
  CHECK(under.messages("r") == 1);
  CHECK(stage.room("r").position().offset == 1);
}

TEST_CASE("before: closing the room answers what waited in it", "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  Stage stage(stored(storage, Durability::before));
  Peer& alice = stage.member(kTcp, "alice", "r");
  storage.late = true;
  alice.forget();
  for (int i = 0; i < 3; ++i) alice.say(say("x"));
  stage.run();
  REQUIRE(stage.room("r").close());
  stage.run();
  int refused = 0;
  int unknown = 0;  // the one that the storage has: it may be there when the room is opened again
  for (const std::string& line : alice.all()) {
    refused += matches(line, R"({"id":5,"error":{"code":"not_member",*)");
    unknown += matches(line, R"({"id":5,"error":{"code":"internal",*)");
  }
  CHECK(refused == 2);
  CHECK(unknown == 1);
  storage.deliver();  // the completion of what is gone
  stage.run();
}

TEST_CASE("before: as many wait as may, the next is refused", "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  Stage stage(stored(storage, Durability::before));
  Peer& alice = stage.member(kTcp, "alice", "r");
  storage.late = true;
  alice.forget();
  for (int i = 0; i < 1'100; ++i) alice.say(say("x"));
  stage.run();
  int refused = 0;
  for (const std::string& line : alice.all()) {
    refused += matches(line, R"({"id":5,"error":{"code":"room_overloaded",*)");
  }
  CHECK(refused == 1'100 - 1'024 - 1);
  storage.late = false;
  storage.deliver();
  stage.run();
  CHECK(stage.room("r").position().offset == 1'025);
  CHECK(under.messages("r") == 1'025);
}

TEST_CASE("joins wait while a room is loaded", "[engine][storage]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    MemoryStorage under;
    {
      Stage stage(stored(under));
      Peer& alice = stage.member(kTcp, "alice", "r");
      for (const char* text : {"1", "2", "3"}) alice.ask(say(text));
    }
    testing::FaultyStorage storage(under);
    storage.late = true;
    Stage stage(stored(storage));
    Peer& bob = stage.user(carrier, "bob");
    Peer& carol = stage.user(kWsJson, "carol");
    bob.say(R"({"id":2,"op":"join","room":"r","recent":10})");
    bob.say(say("after"));
    carol.say(R"({"id":2,"op":"join","room":"r"})");
    stage.run();
    CHECK(bob.next() == "");
    // The host cannot speak into it either yet.
    CHECK(stage.room("r").broadcast({.text = "x"}).error().code == Errc::room_overloaded);
    CHECK(storage.waiting() == 1);
    storage.deliver(1);
    stage.run();
    CHECK(bob.next() == "");
    storage.deliver(1);
    storage.late = false;
    stage.run();
    const std::string joined = bob.next();
    CHECK_LIKE(joined, R"({"id":2,"ok":*"offset":3,*)");
    CHECK(texts(joined) == "1 2 3 ");
    CHECK_LIKE(bob.next(), R"({"id":5,"ok":*"offset":4}})");
    CHECK_LIKE(carol.next(), R"({"id":2,"ok":*"offset":4,*)");  // what bob said came first
  }
}

TEST_CASE("a room that cannot be loaded lets nobody in until it can", "[engine][storage]") {
  MemoryStorage under;
  std::string epoch;
  {
    Stage stage(stored(under));
    Peer& alice = stage.member(kTcp, "alice", "r");
    epoch = epoch_in(alice.ask(say("1")));
    stage.run();
  }
  testing::FaultyStorage storage(under);
  storage.fail_at = 0;
  StageOptions options = stored(storage);
  options.engine.seed = 8;
  Stage stage(options);
  Peer& bob = stage.user(kTcp, "bob");
  const std::string join =
      R"({"id":2,"op":"join","room":"r","since":{"epoch":")" + epoch + R"(","offset":1}})";
  CHECK_LIKE(bob.ask(join), R"({"id":2,"error":{"code":"storage_failed",*"temporary":true*)");
  CHECK_FALSE(stage.engine().room("r"));
  CHECK(storage.requests == 1);  // nothing is written over
  const std::string joined = bob.ask(join);
  CHECK_LIKE(joined, R"(*"offset":1,*"was_recovering":true,"recovered":false,*)");
  CHECK(epoch_in(joined) != epoch);
}

TEST_CASE("a storage that never answers keeps joins for ten seconds", "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  storage.late = true;
  Stage stage(stored(storage));
  Peer& bob = stage.user(kWsJson, "bob");
  bob.say(R"({"id":2,"op":"join","room":"r"})");
  stage.pass(Duration::s(10));
  CHECK_LIKE(bob.next(), R"({"id":2,"error":{"code":"internal",*"temporary":true}})");
  CHECK(bob.ask(R"({"id":3,"op":"ping"})") == R"({"id":3,"ok":{}})");
}

TEST_CASE("a storage that fails is tried again, without haste, and nothing is lost",
          "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  Stage stage(stored(storage));
  Peer& alice = stage.member(kTcp, "alice", "r");
  storage.fail_at = storage.requests;
  storage.fail_after = true;
  const std::size_t before = storage.requests;
  for (int i = 0; i < 10; ++i) CHECK_LIKE(alice.ask(say("x")), R"({"id":5,"ok":*)");
  stage.run();  // comes to rest
  stage.pass_alive(Duration::s(60));
  // The messages and the room's record, until the breaker opens and whenever it asks again.
  CHECK(storage.requests - before <= 5 + 2 * 60 / 5 + 2);
  CHECK(storage.requests - before >= 20);
  CHECK(under.messages("r") == 0);
  storage.fail_at = SIZE_MAX;
  storage.fail_after = false;
  stage.pass(Limits{}.breaker_open);
  CHECK(under.messages("r") == 10);
}

TEST_CASE("a storage slower than the room leaves a hole in what is stored, no more",
          "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  StageOptions options = stored(storage);
  options.engine.new_room_policy.history_messages = 20;
  Stage stage(options);
  Peer& alice = stage.member(kTcp, "alice", "r");
  alice.ask(say("1"));
  storage.late = true;
  for (int i = 2; i <= 100; ++i) alice.ask(say(std::to_string(i)));
  while (storage.waiting() > 0) {
    storage.deliver();
    stage.run();
  }
  CHECK(under.messages("r") == 22);  // 1, 2 and the twenty that the ring still had
  storage.late = false;
  alice.ask(say("101"));
  stage.run();
  CHECK(under.messages("r") == 23);
}

TEST_CASE("a page that the storage cannot give is refused", "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  StageOptions options = stored(storage);
  options.engine.new_room_policy.history_messages = 5;
  Stage stage(options);
  Peer& alice = stage.member(kTcp, "alice", "r");
  for (int i = 1; i <= 20; ++i) alice.ask(say(std::to_string(i)));
  stage.run();
  storage.fail_at = storage.requests;
  CHECK_LIKE(alice.ask(R"({"id":3,"op":"history","room":"r","before":8,"limit":3})"),
             R"({"id":3,"error":{"code":"storage_failed",*"temporary":true}})");
  CHECK(texts(alice.ask(R"({"id":3,"op":"history","room":"r","before":8,"limit":3})")) == "5 6 7 ");
  // Who left while it was read gets nothing of the room.
  storage.late = true;
  alice.say(R"({"id":4,"op":"history","room":"r","before":8,"limit":3})");
  alice.say(R"({"id":6,"op":"leave","room":"r"})");
  stage.run();
  alice.forget();
  storage.deliver();
  stage.run();
  CHECK_LIKE(alice.next(), R"({"id":4,"error":{"code":"not_member",*)");
  CHECK(alice.next() == "");
}

TEST_CASE("what storage reads back is what was said, to the last field", "[engine][storage]") {
  MemoryStorage storage;
  const auto read = [&](Stage& stage) {
    Peer& peer = stage.user(kWsJson, "reader");
    peer.ask(R"({"id":2,"op":"join","room":"r"})");
    return peer.ask(R"({"id":3,"op":"history","room":"r"})");
  };
  std::string before;
  {
    Stage stage(stored(storage));
    const Identity who{
        .user = "alice", .nick = "Al \"\xc3\xa9\"", .info = as_bytes(R"({"level":3})")};
    Peer& alice = stage.connect(kTcp, {.identity = &who});
    alice.ask(R"({"id":2,"op":"join","room":"r"})");
    alice.ask(R"({"id":3,"op":"publish","room":"r","kind":"gift","text":"<b>","priority":"low",)"
              R"("data":{"n":[1,{"x":null}]},"reply_to":1,"mentions":["bob","carol"]})");
    stage.room("r").broadcast(
        {.kind = Kind::notice,
         .text = "host",
         .data = {Data::Form::binary, as_bytes(std::string_view("\0\xff", 2))},
         .priority = Priority::high});
    stage.run();
    before = read(stage);
    CHECK(before.find("carol") != std::string::npos);
    end_in_order(stage);
  }
  Stage stage(stored(storage));
  CHECK(read(stage) == before);
}
