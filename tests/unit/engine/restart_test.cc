// What a room is after its engine went: in order, or in the middle of things. A Stage that is
// destroyed is a crash; one that was drained first went in order.
#include "chatroom/adapters/memory.h"
#include "unit/engine/stored.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string join_since(const std::string& epoch, int offset) {
  return R"({"id":2,"op":"join","room":"r","since":{"epoch":")" + epoch + R"(","offset":)" +
         std::to_string(offset) + "}}";
}

// Says so many in "r" as alice; the epoch they have.
std::string say_some(Stage& stage, int count) {
  Peer& alice = stage.member(kTcp, "alice", "r");
  std::string epoch;
  for (int i = 1; i <= count; ++i) {
    epoch = epoch_in(alice.ask(R"({"id":5,"op":"publish","room":"r","text":"x"})"));
  }
  stage.run();
  return epoch;
}

void go_in_order(Stage& stage) {
  stage.engine().drain(CloseCode::shutdown, Duration::ms(10));
  stage.pass(Duration::ms(20));
  CHECK(stage.engine().drained());
}

}  // namespace

TEST_CASE("behind: what a crash may have cost is never called recovered", "[engine][restart]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  std::string epoch;
  {
    Stage stage(stored(storage));
    epoch = say_some(stage, 3);
    storage.late = true;  // the last two are told to everybody and never stored
    Peer& bob = stage.member(kWsJson, "bob", "r");
    for (int i = 4; i <= 5; ++i) {
      const std::string number = std::to_string(i);
      CHECK_LIKE(bob.ask(R"({"id":5,"op":"publish","room":"r","text":"x"})"),
                 "*\"offset\":" + number + "}}");
    }
  }
  REQUIRE(under.messages("r") == 3);
  // Offsets 4 and 5 are given out again, to other messages.
  Stage stage(stored(under));
  const std::string anew = say_some(stage, 4);
  CHECK(anew != epoch);
  Peer& carol = stage.user(kWsJson, "carol");
  CHECK_LIKE(carol.ask(join_since(epoch, 5)),
             R"(*"was_recovering":true,"recovered":false,"messages":[]*)");
  // What was stored is still there to be read.
  CHECK_LIKE(carol.ask(R"({"id":3,"op":"history","room":"r"})"),
             R"(*"epoch":")" + anew + R"(",*"offset":1,*"offset":3,*"offset":7,*)");
}

TEST_CASE("behind: who was there until an orderly end recovers after it", "[engine][restart]") {
  for (const bool later : {false, true}) {
    INFO("storage answers later: " << later);
    MemoryStorage under;
    testing::FaultyStorage storage(under);
    std::string epoch;
    {
      Stage stage(stored(storage));
      epoch = say_some(stage, 3);
      storage.late = later;
      stage.engine().drain(CloseCode::shutdown, Duration::ms(10));
      stage.pass(Duration::ms(20));
      CHECK(stage.engine().drained() != later);  // not before the storage knows
      storage.deliver();
      stage.run();
      CHECK(stage.engine().drained());
    }
    Stage stage(stored(under));
    Peer& carol = stage.user(kWsJson, "carol");
    const std::string joined = carol.ask(join_since(epoch, 2));
    CHECK_LIKE(joined, R"(*"recovered":true,"messages":[*"offset":3,*)");
    CHECK(epoch_in(joined) == epoch);
  }
}

TEST_CASE("behind: an orderly end counts once", "[engine][restart]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  std::string epoch;
  {
    Stage stage(stored(storage));
    epoch = say_some(stage, 3);
    go_in_order(stage);
  }
  {
    Stage stage(stored(storage));
    Peer& bob = stage.member(kWsJson, "bob", "r");
    storage.late = true;
    CHECK_LIKE(bob.ask(R"({"id":5,"op":"publish","room":"r","text":"lost"})"),
               R"(*"epoch":")" + epoch + R"(","offset":4}})");
  }
  REQUIRE(under.messages("r") == 3);
  Stage stage(stored(under));
  say_some(stage, 2);  // offset 4 is given out again
  Peer& carol = stage.user(kWsJson, "carol");
  CHECK_LIKE(carol.ask(join_since(epoch, 4)), R"(*"recovered":false,*)");
}

TEST_CASE("behind: what cannot be marked is taken for cut", "[engine][restart]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  std::string epoch;
  {
    Stage stage(stored(storage));
    epoch = say_some(stage, 3);
    go_in_order(stage);
  }
  // The storage answers the load, and refuses to forget the orderly end.
  storage.fail_at = storage.requests + 1;
  std::string second;
  {
    Stage stage(stored(storage));
    Peer& bob = stage.user(kWsJson, "bob");
    second = epoch_in(bob.ask(join_since(epoch, 3)));
    CHECK(second != epoch);
    storage.late = true;
    CHECK_LIKE(bob.ask(R"({"id":5,"op":"publish","room":"r","text":"lost"})"),
               R"(*"epoch":")" + second + R"(","offset":4}})");
  }
  Stage stage(stored(under));
  say_some(stage, 2);
  Peer& carol = stage.user(kWsJson, "carol");
  CHECK_LIKE(carol.ask(join_since(second, 4)), R"(*"recovered":false,*)");
}

TEST_CASE("behind: a room that closed empty goes on where it was", "[engine][restart]") {
  MemoryStorage storage;
  std::string epoch;
  {
    Stage stage(stored(storage));
    epoch = say_some(stage, 3);
    stage.peers.back()->drop();
    stage.pass(Duration::s(301));
    CHECK_FALSE(stage.engine().room("r"));
    // In the same engine.
    Peer& bob = stage.user(kTcp, "bob");
    CHECK_LIKE(bob.ask(join_since(epoch, 2)), R"(*"recovered":true,"messages":[*"offset":3,*)");
    bob.drop();
    stage.pass(Duration::s(301));
  }
  Stage stage(stored(storage));
  Peer& carol = stage.user(kTcp, "carol");
  CHECK_LIKE(carol.ask(join_since(epoch, 2)), R"(*"recovered":true,"messages":[*"offset":3,*)");
}

TEST_CASE("before: a crash costs nothing that anybody was told", "[engine][restart]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  std::string epoch;
  {
    Stage stage(stored(storage, Durability::before));
    epoch = say_some(stage, 3);
    storage.late = true;
    Peer& bob = stage.member(kTcp, "bob", "r");
    bob.say(R"({"id":5,"op":"publish","room":"r","text":"never told"})");
    stage.run();
    CHECK(bob.events("message").empty());
  }
  Stage stage(stored(under, Durability::before));
  Peer& carol = stage.user(kWsJson, "carol");
  const std::string joined = carol.ask(join_since(epoch, 2));
  CHECK_LIKE(joined, R"(*"recovered":true,"messages":[*"offset":3,*)");
  CHECK(epoch_in(joined) == epoch);
}

TEST_CASE("a room that changes how it stores is told of by what it was", "[engine][restart]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  std::string epoch;
  const auto set = [](Stage& stage, Durability durability) {
    RoomPolicy policy = stage.room("r").policy();
    policy.durability = durability;
    REQUIRE(stage.room("r").set_policy(policy));
    stage.run();
  };
  SECTION("from before to behind: it may be cut from then on") {
    {
      Stage stage(stored(storage, Durability::before));
      epoch = say_some(stage, 3);
      set(stage, Durability::behind);
      storage.late = true;
      Peer& bob = stage.member(kTcp, "bob", "r");
      CHECK_LIKE(bob.ask(R"({"id":5,"op":"publish","room":"r","text":"lost"})"), "*\"offset\":4}}");
    }
    Stage stage(stored(under, Durability::before));
    say_some(stage, 2);
    Peer& carol = stage.user(kTcp, "carol");
    CHECK_LIKE(carol.ask(join_since(epoch, 4)), R"(*"recovered":false,*)");
  }
  SECTION("while the storage does not know yet, it stores first") {
    Stage stage(stored(storage, Durability::before));
    epoch = say_some(stage, 3);
    storage.late = true;
    set(stage, Durability::behind);
    Peer& bob = stage.member(kTcp, "bob", "r");
    bob.say(R"({"id":5,"op":"publish","room":"r","text":"x"})");
    stage.run();
    CHECK(bob.next() == "");
    storage.deliver();
    stage.run();
    CHECK_LIKE(bob.ask(R"({"id":5,"op":"publish","room":"r","text":"x"})"), "*\"offset\":5}}");
  }
  SECTION("from behind to before: whole again when all is stored") {
    {
      Stage stage(stored(storage));
      epoch = say_some(stage, 3);
      set(stage, Durability::before);
    }
    Stage stage(stored(under, Durability::before));
    Peer& carol = stage.user(kTcp, "carol");
    CHECK_LIKE(carol.ask(join_since(epoch, 2)), R"(*"recovered":true,*)");
  }
}

TEST_CASE("channels, creator and settings come back with the room", "[engine][restart]") {
  for (const Durability durability : {Durability::behind, Durability::before}) {
    MemoryStorage storage;
    std::string before;
    const auto state_in = [](const std::string& joined) {
      const std::size_t at = joined.find("\"state\":");
      return joined.substr(at, joined.find("\"was_recovering\"", at) - at);
    };
    {
      Stage stage(stored(storage, durability));
      Peer& alice = stage.user(kTcp, "alice");
      alice.ask(R"({"id":2,"op":"join","room":"r","channels":["main","gifts"]})");
      Peer& bob = stage.member(kWsJson, "bob", "r");
      bob.ask(R"({"id":3,"op":"subscribe","room":"r","channel":"polls"})");
      RoomPolicy policy = stage.room("r").policy();
      policy.slow_mode_s = 5;
      policy.moderated = true;
      policy.max_members = 77;
      REQUIRE(stage.room("r").set_policy(policy));
      Room room = stage.room("r");
      CHECK(room.broadcast({.text = "rules"}));
      CHECK(room.pin(1));
      CHECK(room.set_attribute("topic", "cats"));
      CHECK(room.close_channel("polls"));
      for (int i = 0; i < 300; ++i) CHECK(room.ban("spammer " + std::to_string(i)));
      Peer& carol = stage.user(kTcp, "carol");
      before = state_in(carol.ask(R"({"id":2,"op":"join","room":"r"})"));
      CHECK_LIKE(before,
                 R"(*"slow_mode_s":5,*"max_members":77,*{"name":"main",*"creator":"alice"},)"
                 R"({"name":"gifts",*"creator":"alice"},{"name":"polls",*"creator":"bob"}*)");
    }
    Stage stage(stored(storage, durability));
    stage.loop.advance(Duration::s(1000));
    Peer& dora = stage.user(kTcp, "dora");
    CHECK(state_in(dora.ask(R"({"id":2,"op":"join","room":"r"})")) == before);
    Room again = stage.room("r");
    // As many as fit the record, the newest first.
    CHECK(again.sanctions("spammer 299").banned);
    CHECK(again.sanctions("spammer 200").banned);
    for (int i = 0; i < 300; ++i) CHECK(again.unban("spammer " + std::to_string(i)));
    // What the host sets before the room is loaded is not undone by what was stored.
    testing::FaultyStorage slow(storage);
    slow.late = true;
    Stage third(stored(slow, durability));
    RoomPolicy policy;
    policy.durability = durability;
    const Result<Room> room = third.engine().open_room("r", policy);
    REQUIRE(room);
    policy.slow_mode_s = 9;
    Room handle = *room;
    REQUIRE(handle.set_policy(policy));
    for (int i = 0; i < 5; ++i) {
      slow.deliver();
      third.run();
    }
    CHECK(handle.policy().slow_mode_s == 9);
    CHECK_FALSE(handle.policy().moderated);
  }
}

TEST_CASE("mutes and bans come back with the room, and end when they end", "[engine][restart]") {
  for (const Durability durability : {Durability::behind, Durability::before}) {
    MemoryStorage storage;
    {
      Stage stage(stored(storage, durability));
      Peer& alice = stage.member(kTcp, "alice", "r");
      alice.ask(R"({"id":2,"op":"publish","room":"r","text":"x"})");
      Room room = stage.room("r");
      CHECK(room.ban("mallory"));
      CHECK(room.mute("loud", Duration::s(2'000)));
      CHECK(room.mute("short", Duration::s(10)));
      CHECK(room.allow("guest"));
      stage.run();
    }
    Stage stage(stored(storage, durability));
    stage.loop.advance(Duration::s(1'000));
    Peer& mallory = stage.user(kTcp, "mallory");
    CHECK_LIKE(mallory.ask(R"({"id":2,"op":"join","room":"r"})"), R"(*"banned"*)");
    Room room = stage.room("r");
    CHECK(room.sanctions("loud").muted);
    CHECK(room.sanctions("loud").muted_until < stage.loop.now() + Duration::s(1'001));
    CHECK_FALSE(room.sanctions("short").muted);
    CHECK(room.sanctions("guest").allowed);
  }
}

TEST_CASE("a room without a record goes on with its messages, one that cannot be read with nobody",
          "[engine][restart]") {
  class Recorder final : public StorageReply {
   public:
    void on_message(StorageRequest, const Message&) noexcept override {}
    void on_room(StorageRequest, const StoredRoom& room) noexcept override { epoch = room.epoch; }
    void on_done(StorageRequest, Status) noexcept override {}
    std::uint64_t epoch = 0;
  } reply;
  for (const std::string& record :
       {std::string("?"), std::string(400, '\1'), std::string(8'192, '\xff'), std::string()}) {
    MemoryStorage storage;
    std::string epoch;
    {
      Stage stage(stored(storage));
      epoch = say_some(stage, 3);
      go_in_order(stage);
    }
    storage.load({0, 0}, reply, "r");
    storage.save({0, 0}, reply, "r", reply.epoch, as_bytes(record));
    Stage stage(stored(storage));
    Peer& carol = stage.user(kTcp, "carol");
    const std::string joined = carol.ask(join_since(epoch, 3));
    CHECK_LIKE(joined,
               record.empty() ? R"(*"offset":3,*"recovered":false,*)" : R"(*"storage_failed"*)");
    if (!record.empty()) continue;
    CHECK_LIKE(carol.ask(R"({"id":5,"op":"publish","room":"r","text":"x"})"), "*\"offset\":4}}");
  }
}

TEST_CASE("a record that could not be saved is saved later", "[engine][restart]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  {
    Stage stage(stored(storage));
    say_some(stage, 1);
    storage.fail_at = storage.requests;
    storage.fail_after = true;
    stage.peers.back()->ask(R"({"id":3,"op":"subscribe","room":"r","channel":"polls"})");
    stage.pass(Duration::s(5));
    storage.fail_at = SIZE_MAX;
    storage.fail_after = false;
    stage.pass(Limits{}.breaker_open);
  }
  Stage stage(stored(under));
  Peer& bob = stage.user(kTcp, "bob");
  CHECK_LIKE(bob.ask(R"({"id":2,"op":"join","room":"r"})"), R"(*{"name":"polls",*)");
}
