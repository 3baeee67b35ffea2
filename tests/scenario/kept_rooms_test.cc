// What a room keeps from others holds when it comes back: after its storage or its home was away,
// whoever opens it again, and whatever was done while it was loaded.
#include "chatroom/adapters/memory.h"
#include "scenario/engines.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

StageOptions kept(Storage& storage) {
  StageOptions options = owned({.storage = &storage});
  options.engine.new_room_policy.durability = Durability::behind;
  return options;
}
std::string verb(std::string_view op, std::string_view more = "", std::string_view room = "r") {
  return R"({"id":9,"op":")" + std::string(op) + R"(","room":")" + std::string(room) + '"' +
         (more.empty() ? "" : ",") + std::string(more) + "}";
}
std::string no(std::string_view code) {
  return R"({"id":9,"error":{"code":")" + std::string(code) + "\",*";
}
const std::string kIn = R"({"id":9,"ok":*)";
const std::string kDone = R"({"id":9,"ok":{}})";
const std::string kDown = R"({"id":9,"error":{"code":"storage_failed",*"temporary":true*)";
const std::string kPrivate = R"(*"code":"forbidden",*"rule":"channel_private"*)";

// Makes nothing of a password, and says at once which is right.
struct Plain final : Passwords {
  Answer on_set(Question, const PasswordRequest& request) noexcept override {
    Answer answer;
    answer.text = request.password;
    return answer;
  }
  Answer on_try(Question, const PasswordRequest& request) noexcept override {
    return request.password == request.stored ? Answer::pass()
                                              : Answer::refuse(Errc::wrong_password);
  }
};

struct Holds final : Filter {
  Answer on_text(Question, const PublishRequest&) noexcept override {
    Answer answer;
    answer.verdict = Answer::Verdict::hold;
    return answer;
  }
};

// All that waits for the storage, and what that leads to.
void settle(Stage& stage, testing::FaultyStorage& storage) {
  stage.run();
  while (storage.deliver() > 0) stage.run();
}

// A room with a channel for its owner, who said something there.
void write_room(Storage& storage) {
  Stage stage(kept(storage));
  Peer& owner = stage.member(kWsJson, "owner", "r");
  CHECK(owner.ask(verb("open_channel", R"("channel":"inner","access":"owner")")) == kDone);
  CHECK_LIKE(owner.ask(verb("subscribe", R"("channel":"inner")")), kIn);
  CHECK_LIKE(owner.ask(verb("publish", R"("channel":"inner","text":"secret")")), kIn);
  CHECK(owner.ask(verb("set_policy", R"("policy":{"slow_mode_s":7})")) == kDone);
  CHECK(owner.ask(verb("ban", R"("user":"mallory")")) == kDone);
  stage.run();
}

}  // namespace

TEST_CASE("a room in storage is nobody's who opens it again", "[scenario]") {
  for (const bool late : {false, true}) {
    MemoryStorage under;
    write_room(under);
    testing::FaultyStorage storage(under);
    storage.late = late;
    Stage stage(kept(storage));
    Peer& eve = stage.user(kWsJson, "eve");
    Peer& bob = stage.user(kTcp, "bob");
    const auto ask = [&](Peer& peer, const std::string& line) {
      peer.forget();
      peer.say(line);
      settle(stage, storage);
      return peer.next();
    };
    CHECK_LIKE(ask(eve, verb("open_room", R"("policy":{"slow_mode_s":1})")), no("already_member"));
    CHECK(stage.room("r").policy().slow_mode_s == 7);
    CHECK_LIKE(ask(eve, verb("join", R"("channels":["main","inner"])")), kPrivate);
    CHECK_LIKE(ask(eve, verb("join")), kIn);
    CHECK(stage.room("r").member("eve").role() < Role::owner);
    CHECK(stage.room("r").sanctions("mallory").banned);
    // What nobody had is his who opens it, and has its settings before anybody comes in.
    bob.forget(), eve.forget();
    eve.say(verb("open_room", R"("policy":{"max_members":1})", "new"));
    bob.say(verb("join", "", "new"));
    settle(stage, storage);
    CHECK(eve.next() == kDone);
    CHECK_LIKE(bob.next(), kIn);
    CHECK(stage.room("new").member("bob").role() < Role::owner);
    CHECK(stage.room("new").policy().max_members == 1);
    CHECK_LIKE(ask(eve, verb("join", "", "new")), kIn);
    CHECK(stage.room("new").member("eve").role() == Role::owner);
  }
}

TEST_CASE("a room that cannot be read lets nobody in and is not written over", "[scenario]") {
  MemoryStorage under;
  write_room(under);
  for (const bool hosts : {false, true}) {
    INFO(hosts);
    testing::FaultyStorage storage(under);
    storage.fail_at = 0;
    storage.fail_after = true;
    const StageOptions options = kept(storage);
    Stage stage(options);
    Peer& mallory = stage.user(kWsJson, "mallory");
    Peer& bob = stage.user(kTcp, "bob");
    if (hosts) REQUIRE(stage.engine().open_room("r", options.engine.new_room_policy));
    stage.run();
    const std::string opens = verb(hosts ? "join" : "open_room");
    CHECK_LIKE(mallory.ask(opens), kDown);
    CHECK_LIKE(mallory.ask(verb("join")), kDown);
    CHECK(static_cast<bool>(stage.engine().room("r")) == hosts);
    for (int i = 0; i < 10; ++i) CHECK_LIKE(bob.ask(verb("join")), kDown);
    CHECK(storage.requests == (hosts ? 1u : 5u));  // then it is left alone
    stage.pass_alive(Duration::s(20));
    CHECK_LIKE(mallory.ask(verb("join")), kDown);
    storage.fail_at = SIZE_MAX;
    storage.fail_after = false;
    stage.pass_alive(Duration::s(6));  // the host's room is asked for again by itself
    const std::size_t before = storage.requests;
    CHECK_LIKE(mallory.ask(verb("join")), no("banned"));
    CHECK((storage.requests == before) == hosts);
    CHECK_LIKE(bob.ask(verb("join", R"("channels":["main","inner"])")), kPrivate);
    CHECK_LIKE(bob.ask(verb("join")), kIn);
    CHECK(stage.room("r").policy().slow_mode_s == 7);
  }
}

TEST_CASE("while too much of the storage is under way nobody is let into a further room",
          "[scenario]") {
  MemoryStorage under;
  write_room(under);
  testing::FaultyStorage storage(under);
  storage.late = true;
  StageOptions options = kept(storage);
  options.engine.limits.storage_waiting = 1;
  Stage stage(options);
  Peer& alice = stage.user(kWsJson, "alice");
  Peer& mallory = stage.user(kWsJson, "mallory");
  alice.say(verb("join", "", "other"));
  stage.run();
  CHECK(storage.waiting() == 1);
  CHECK_LIKE(mallory.ask(verb("join")), kDown);
  REQUIRE(stage.engine().open_room("hosts", options.engine.new_room_policy));
  CHECK_LIKE(mallory.ask(verb("join", "", "hosts")), kDown);
  settle(stage, storage);
  CHECK_LIKE(alice.next(), kIn);
  mallory.say(verb("join"));
  settle(stage, storage);
  CHECK_LIKE(mallory.next(), no("banned"));
  stage.pass(Duration::s(1));
  settle(stage, storage);
  mallory.say(verb("join", "", "hosts"));
  settle(stage, storage);
  CHECK_LIKE(mallory.next(), kIn);
}

TEST_CASE("roles and closed channels come back by name", "[scenario]") {
  MemoryStorage under;
  {
    Stage stage(kept(under));
    stage.member(kWsJson, "owner", "r");
    Room room = stage.room("r");
    CHECK(room.restrict_channel("staff", Role::owner));
    CHECK(room.open_channel("two"));
    CHECK(room.restrict_channel("three", Role::owner));
    CHECK(room.close_channel("three"));
    CHECK(room.set_role("bob", Role::member, "two"));
    CHECK(room.set_role("carol", Role::member, "staff"));
    CHECK(room.set_role("dave", Role::member, "staff"));
    stage.run();
  }
  testing::FaultyStorage storage(under);
  storage.late = true;
  const StageOptions options = kept(storage);
  Stage stage(options);
  Result<Room> room = stage.engine().open_room("r", options.engine.new_room_policy);
  REQUIRE(room);
  CHECK(room->open_channel("two"));  // 1 now; it was 2
  CHECK(room->restrict_channel("staff", Role::owner));
  CHECK(room->set_role("dave", Role::moderator, "staff"));
  settle(stage, storage);
  const auto can = [&](const char* user, const char* channel) {
    Peer& peer = stage.user(kWsJson, user);
    peer.say(verb("join", R"("channels":[")" + std::string(channel) + "\"]"));
    settle(stage, storage);
    return matches(peer.next(), kIn);
  };
  CHECK(can("bob", "two"));
  CHECK_FALSE(can("bob", "staff"));
  CHECK_FALSE(can("bob", "three"));
  CHECK(can("carol", "staff"));
  // What was set while it was loaded stands.
  Peer& dave = stage.user(kWsJson, "dave");
  dave.say(verb("join"));
  settle(stage, storage);
  const std::string state = dave.next();
  CHECK_LIKE(state, R"(*{"name":"staff",*"access":"owner","role":"moderator"}*)");
  CHECK_LIKE(state, R"(*{"name":"three","state":"closed"*)");
  CHECK(state.find(R"("state":"closed")") == state.rfind(R"("state":"closed")"));
}

TEST_CASE("a channel without a place costs the room nothing else that was kept", "[scenario]") {
  MemoryStorage under;
  {
    Stage stage(kept(under));
    stage.member(kWsJson, "owner", "r");
    Room room = stage.room("r");
    for (const char* name : {"one", "two", "three"}) CHECK(room.open_channel(name));
    CHECK(room.restrict_channel("three", Role::owner));
    CHECK(room.set_role("bob", Role::member, "three"));
    CHECK(room.set_attribute("topic", "cats"));
    CHECK(room.ban("mallory"));
    stage.run();
  }
  testing::FaultyStorage storage(under);
  storage.late = true;
  StageOptions options = kept(storage);
  options.engine.limits.channels_per_room = 4;
  Stage stage(options);
  Result<Room> room = stage.engine().open_room("r", options.engine.new_room_policy);
  REQUIRE(room);
  CHECK(room->open_channel("three"));
  CHECK(room->open_channel("mine"));
  settle(stage, storage);
  CHECK(room->sanctions("mallory").banned);
  Peer& bob = stage.user(kWsJson, "bob");
  bob.say(verb("join", R"("channels":["three"])"));
  settle(stage, storage);
  CHECK_LIKE(bob.next(), R"(*"attributes":{"topic":"cats"}*)");
}

TEST_CASE("who came in at a new home before it knew the room is taken off channels of others",
          "[scenario]") {
  int tried = 0;
  for (int i = 0; tried < 2 && i < 40; ++i) {
    Engines server(3);
    const std::string room = server.room_of(0, "room" + std::to_string(i) + "x");
    Peer& mod = server.member(2, kWsJson, "mod", room);
    Result<Room> here = server[0].engine().room(room);
    REQUIRE(here);
    CHECK(here->restrict_channel("staff", Role::owner));
    CHECK(here->set_role("mod", Role::member, "staff"));
    server.run();
    const std::string on_staff = R"("channel":"staff")";
    CHECK_LIKE(server.ask(mod, verb("subscribe", on_staff, room)), kIn);
    Peer& eve = server[1].user(kWsJson, "eve");
    const std::string join = verb("join", R"("channels":["main","staff"])", room);
    CHECK_LIKE(server.ask(eve, join), kPrivate);
    server.stages[0].reset();
    if (server.broker.home_of(room) != 1) continue;
    ++tried;
    server[1].run();  // it has noticed, and the other not yet
    eve.forget();
    CHECK_LIKE(eve.ask(join), kIn);
    server.run();
    const auto told = eve.events("room_state");
    REQUIRE(!told.empty());
    CHECK_LIKE(told.back(), R"(*{"name":"staff",*"access":"owner"}*)");
    CHECK_LIKE(server.ask(mod, verb("publish", on_staff + R"(,"text":"secret")", room)), kIn);
    server.run();
    for (const std::string& line : eve.all()) CHECK(line.find("secret") == std::string::npos);
    const std::string read = server.ask(eve, verb("history", on_staff, room));
    CHECK(read.find("secret") == std::string::npos);
  }
  CHECK(tried == 2);
}

TEST_CASE("a room whose password finds no place at its new home does not stand open",
          "[scenario]") {
  Plain plain;
  EnginePorts ports;
  ports.passwords = &plain;
  EngineOptions options = open_options();
  options.limits.password_rooms = 1;
  for (const std::uint32_t full : {1u, 2u}) {
    INFO(full);
    bool tried = false;
    for (int i = 0; !tried && i < 40; ++i) {
      Engines server(3, options, {}, ports);
      const std::string other = server.room_of(full, "other");
      REQUIRE(server[full].engine().open_room(other, {}));
      CHECK(server[full].engine().room(other)->set_password("takes the place"));
      const std::string room = server.room_of(0, "room" + std::to_string(i) + "x");
      server.member(1, kWsJson, "ann", room);
      server.member(2, kWsJson, "ben", room);
      CHECK(server[0].engine().room(room)->set_password("sesame"));
      server.run();
      Peer& eve = server[1].user(kWsJson, "eve");
      CHECK_LIKE(server.ask(eve, verb("join", "", room)), no("wrong_password"));
      server.lose(0);
      if (server.broker.home_of(room) != 1) continue;
      tried = true;
      // By invitation, or by the password which that engine had.
      CHECK_LIKE(server.ask(eve, verb("join", "", room)),
                 no(full == 1 ? "forbidden" : "wrong_password"));
      CHECK(server[1].engine().room(room)->online() == 2);
      CHECK_LIKE(server.ask(eve, verb("join", R"("password":"sesame")", room)),
                 full == 1 ? no("forbidden") : kIn);
    }
    CHECK(tried);
  }
}

TEST_CASE("what was released waits again if the storage refuses it", "[scenario]") {
  Holds filter;
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  StageOptions options = kept(storage);
  options.ports.filter = &filter;
  options.engine.new_room_policy.durability = Durability::before;
  Stage stage(options);
  Peer& owner = stage.member(kWsJson, "owner", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  for (const char* text : {"one", "two"}) {
    CHECK_LIKE(bob.ask(verb("publish", R"("text":")" + std::string(text) + '"')), no("held"));
  }
  CHECK(stage.room("r").broadcast({.text = "so that the room has a record"}));
  stage.run();
  owner.forget(), bob.forget();
  storage.fail_at = storage.requests;
  CHECK(owner.ask(verb("release", R"("held":1)")) == kDone);
  const auto again = owner.events("held");
  REQUIRE(again.size() == 2);
  CHECK_LIKE(again[0], R"(*"held":1,"action":"release"*)");
  CHECK_LIKE(again[1], R"(*"held":1,"action":"hold"*"text":"one"*)");
  CHECK(stage.observer.count(HostEventType::held) == 3);
  // At its place among those that wait.
  CHECK(owner.ask(verb("list_held", R"("held":0)")) == kDone);
  const auto listed = owner.events("held");
  REQUIRE(listed.size() == 2);
  CHECK_LIKE(listed[0], R"(*"held":1,*)");
  CHECK_LIKE(listed[1], R"(*"held":2,*)");
  // Once it is under way it does not wait for anybody, even if its author goes meanwhile.
  storage.late = true;
  bob.forget();
  CHECK(owner.ask(verb("release", R"("held":1)")) == kDone);
  CHECK_LIKE(owner.ask(verb("reject", R"("held":1)")), no("not_found"));
  CHECK_LIKE(owner.ask(verb("release", R"("held":1)")), no("not_found"));
  bob.drop();
  settle(stage, storage);
  storage.late = false;
  const auto said = owner.events("message");
  REQUIRE(said.size() == 1);
  CHECK_LIKE(said[0], R"(*"user":"bob"*"text":"one"*)");
  CHECK(owner.ask(verb("list_held", R"("held":0)")) == kDone);
  CHECK(owner.events("held").size() == 1);
  // A room that closes takes along what is under way.
  Peer& back = stage.member(kTcp, "bob", "r");
  storage.late = true;
  CHECK(owner.ask(verb("release", R"("held":2)")) == kDone);
  CHECK(stage.room("r").close());
  settle(stage, storage);
  CHECK(back.closed() == 0);
}
