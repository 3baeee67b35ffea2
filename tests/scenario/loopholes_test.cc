// What somebody of rank, or of none, could try: a way around the rank that a verb asks for, around
// a mute, around a count, or at somebody else's cost.
#include "chatroom/adapters/memory.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string verb(std::string_view op, std::string_view more = {}) {
  return R"({"id":9,"op":")" + std::string(op) + R"(","room":"r")" + std::string(more) + "}";
}
std::string say(std::string_view text) {
  return verb("publish", ",\"text\":\"" + std::string(text) + '"');
}
std::string no(std::string_view code) {
  return R"({"id":9,"error":{"code":")" + std::string(code) + "\"*";
}
const std::string kDone = R"({"id":9,"ok":*)";

struct Holds final : Filter {
  Answer on_text(Question, const PublishRequest&) noexcept override {
    Answer answer;
    answer.verdict = Answer::Verdict::hold;
    return answer;
  }
};
struct Hashes final : Passwords {
  Answer on_set(Question, const PasswordRequest&) noexcept override {
    ++made;
    Answer answer;
    answer.text = "H";
    return answer;
  }
  Answer on_try(Question, const PasswordRequest& request) noexcept override {
    return request.password == "pw" ? Answer::pass() : Answer::refuse(Errc::wrong_password);
  }
  int made = 0;
};

}  // namespace

TEST_CASE("who may not read a channel does not open it to himself", "[scenario]") {
  Stage stage(owned());
  Peer& owner = stage.member(kTcp, "owner", "r");
  Peer& admin = stage.member(kWsJson, "admin", "r");
  CHECK_LIKE(owner.ask(verb("open_channel", R"(,"channel":"inner","access":"owner")")), kDone);
  CHECK_LIKE(owner.ask(verb("set_role", R"(,"user":"admin","role":"admin")")), kDone);
  CHECK_LIKE(admin.ask(verb("open_channel", R"(,"channel":"inner","access":"admin")")),
             no("forbidden"));
  CHECK_LIKE(admin.ask(verb("open_channel", R"(,"channel":"inner","access":"visitor")")),
             no("forbidden"));
  CHECK_LIKE(admin.ask(verb("subscribe", R"(,"channel":"inner")")), no("forbidden"));
  // Of a new one, and of one that he reads, he says for whom it is.
  CHECK_LIKE(admin.ask(verb("open_channel", R"(,"channel":"staff","access":"moderator")")), kDone);
  CHECK_LIKE(admin.ask(verb("open_channel", R"(,"channel":"staff","access":"admin")")), kDone);
}

TEST_CASE("a mute of oneself is between oneself and the room, and says nothing", "[scenario]") {
  for (const bool in_public : {false, true}) {
    StageOptions options = owned();
    options.engine.new_room_policy.public_moderation = in_public;
    Stage stage(options);
    Peer& owner = stage.member(kTcp, "owner", "r");
    Peer& bob = stage.member(kWsJson, "bob", "r");
    owner.forget(), bob.forget();
    CHECK_LIKE(bob.ask(verb("mute", R"(,"user":"bob","for_ms":1000,"reason":"hear me")")), kDone);
    CHECK_LIKE(bob.ask(say("x")), no("muted"));
    CHECK_LIKE(bob.ask(verb("unmute", R"(,"user":"bob","reason":"hear me")")), kDone);
    stage.run();
    CHECK(owner.events("moderation").empty());
    const auto told = bob.events("moderation");
    REQUIRE(told.size() == 2);
    CHECK(told[0].find("hear me") == std::string::npos);
    CHECK(told[1].find("hear me") == std::string::npos);
  }
}

TEST_CASE("mutes of oneself leave half of the table to the others", "[scenario]") {
  StageOptions options = owned();
  options.engine.limits.sanctions = 4;
  Stage stage(options);
  Peer& owner = stage.member(kTcp, "owner", "r");
  for (const std::string name : {"a", "b", "c"}) {
    Peer& peer = stage.member(kWsJson, name, "r");
    CHECK_LIKE(peer.ask(verb("mute", ",\"user\":\"" + name + '"')),
               name == "c" ? no("limit_reached") : kDone);
  }
  CHECK_LIKE(owner.ask(verb("ban", R"(,"user":"c")")), kDone);
  CHECK_LIKE(owner.ask(verb("ban", R"(,"user":"d")")), kDone);
  CHECK_LIKE(owner.ask(verb("ban", R"(,"user":"e")")), no("limit_reached"));
}

TEST_CASE("what is stored of a room has its bans before all else, and no mutes of oneself",
          "[scenario]") {
  MemoryStorage storage;
  StageOptions options = owned();
  options.ports.storage = &storage;
  options.engine.new_room_policy.idle_close = Duration::s(60);
  options.engine.new_room_policy.durability = Durability::behind;
  Stage stage(options);
  Peer& owner = stage.member(kTcp, "owner", "r");
  Peer& bob = stage.user(kWsJson, "bob");
  Peer& own = stage.member(kWsJson, "own", "r");
  CHECK_LIKE(owner.ask(verb("ban", R"(,"user":"bob")")), kDone);
  CHECK_LIKE(own.ask(verb("mute", R"(,"user":"own")")), kDone);
  for (int i = 0; i < 230; ++i) {
    REQUIRE(stage.room("r").mute("somebody" + std::to_string(i)));
  }
  CHECK_LIKE(own.ask(verb("leave")), kDone);
  CHECK_LIKE(owner.ask(verb("leave")), kDone);
  stage.pass_alive(Duration::s(80));
  REQUIRE(!stage.engine().room("r"));
  CHECK_LIKE(bob.ask(verb("join")), no("banned"));
  CHECK_LIKE(own.ask(verb("join")), kDone);
  CHECK_LIKE(own.ask(say("x")), kDone);
}

TEST_CASE("a change of settings that is refused changed nothing", "[scenario]") {
  Hashes hashes;
  StageOptions options = owned();
  options.ports.passwords = &hashes;
  options.engine.limits.password_rooms = 1;
  Stage stage(options);
  Peer& owner = stage.member(kTcp, "owner", "r");
  Peer& bob = stage.member(kWsJson, "bob", "r");
  bob.forget();
  const std::string both = R"(,"policy":{"password":"pw","expel":true,)";
  CHECK_LIKE(owner.ask(verb("set_policy", both + R"("duplicate_s":1000})")), "*error*");
  CHECK(bob.all().empty());
  CHECK_LIKE(stage.user(kWsJson, "carol").ask(verb("join")), kDone);
  // Nor where the password finds no place.
  RoomPolicy policy;
  Result<Room> other = stage.engine().open_room("other", policy);
  REQUIRE(other);
  REQUIRE(other->set_password("H"));
  bob.forget();
  CHECK_LIKE(owner.ask(verb("set_policy", both + R"("slow_mode_s":60})")), no("limit_reached"));
  CHECK(stage.room("r").policy().slow_mode_s == 0);
  CHECK(bob.events("left").empty());
}

TEST_CASE("who may not open a room has no password made, and nobody uses up another's tries",
          "[scenario]") {
  struct Refuses final : Rules {
    Answer on_missing_room(Question, const JoinRequest&) noexcept override {
      return Answer::refuse(Errc::forbidden);
    }
  } refuses;
  const auto open = [](Peer& peer, int number) {
    return peer.ask(R"({"id":9,"op":"open_room","room":"x)" + std::to_string(number) +
                    R"(","policy":{"password":"q"}})");
  };
  for (Rules* rules : {static_cast<Rules*>(nullptr), static_cast<Rules*>(&refuses)}) {
    Hashes hashes;
    StageOptions options = owned();
    options.ports.passwords = &hashes;
    options.ports.rules = rules;
    options.engine.open_rooms = false;
    Stage stage(options);
    CHECK_LIKE(open(stage.user(kWsJson, "eve"), 1), no("forbidden"));
    CHECK(hashes.made == 0);
  }
  Hashes hashes;
  StageOptions options = owned();
  options.ports.passwords = &hashes;
  Stage stage(options);
  Peer& eve = stage.user(kWsJson, "eve");
  for (int i = 0; i < 12; ++i) open(eve, i);
  CHECK(hashes.made == int(options.engine.limits.password_tries));
  stage.pass(options.engine.limits.password_wait);
  CHECK_LIKE(open(eve, 20), kDone);
}

TEST_CASE("a list of held messages fits what a session may have waiting", "[scenario]") {
  Holds holds;
  StageOptions options = owned();
  options.ports.filter = &holds;
  Stage stage(options);
  Peer& owner = stage.member(kWsJson, "owner", "r");
  Peer& bob = stage.member(kWsJson, "bob", "r");
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += "\\u0001";
  for (int i = 0; i < 8; ++i) CHECK_LIKE(bob.ask(say(text)), no("held"));
  owner.forget();
  std::size_t listed = 0;
  for (int round = 0; round < 8; ++round) {
    const std::string answer = owner.ask(verb("list_held", ",\"held\":" + std::to_string(listed)));
    CHECK_LIKE(answer, kDone);
    listed += owner.events("held").size();
    if (answer.find("more") == std::string::npos) break;
  }
  CHECK(listed == 8);
  CHECK(owner.closed() == 0);
}

TEST_CASE("an invitation takes nothing from who has more", "[scenario]") {
  Stage stage(owned());
  Peer& owner = stage.member(kTcp, "owner", "r");
  Peer& one = stage.member(kWsJson, "one", "r");
  Peer& two = stage.member(kWsJson, "two", "r");
  for (const char* name : {"one", "two"}) {
    REQUIRE(stage.room("r").set_role(name, Role::moderator));
  }
  RoomPolicy policy = stage.room("r").policy();
  policy.by_invitation = true;
  REQUIRE(stage.room("r").set_policy(policy));
  CHECK_LIKE(two.ask(verb("invite", R"(,"user":"one")")), kDone);
  CHECK(stage.room("r").member("one").role() == Role::moderator);
  CHECK_LIKE(one.ask(verb("invite", R"(,"user":"three")")), kDone);
  CHECK_LIKE(stage.user(kWsJson, "three").ask(verb("join")), kDone);
  owner.forget();
}

TEST_CASE("a moderator who is muted in the shadow is not told, nor who is let speak again",
          "[scenario]") {
  StageOptions options = owned();
  options.engine.new_room_policy.public_moderation = true;
  Stage stage(options);
  Peer& owner = stage.member(kTcp, "owner", "r");
  Peer& mod = stage.member(kWsJson, "mod", "r");
  Peer& bob = stage.member(kWsJson, "bob", "r");
  REQUIRE(stage.room("r").set_role("mod", Role::moderator));
  stage.run();
  owner.forget(), mod.forget(), bob.forget();
  for (const std::string user : {R"(,"user":"mod")", R"(,"user":"bob")"}) {
    CHECK_LIKE(owner.ask(verb("shadow_mute", user)), kDone);
    CHECK_LIKE(owner.ask(verb("unmute", user)), kDone);
  }
  stage.run();
  CHECK(owner.events("moderation").size() == 4);
  CHECK(bob.events("moderation").empty());
  CHECK(mod.events("moderation").size() == 2);  // of bob
  // One that he knew of is told.
  CHECK_LIKE(owner.ask(verb("mute", R"(,"user":"bob")")), kDone);
  CHECK_LIKE(owner.ask(verb("unmute", R"(,"user":"bob")")), kDone);
  CHECK(bob.events("moderation").size() == 2);
}

TEST_CASE("one tenant's held messages do not push out another's", "[scenario]") {
  Holds holds;
  StageOptions options = owned();
  options.ports.filter = &holds;
  options.engine.limits.tenants = 2;
  options.engine.limits.held_messages = 16;
  Stage stage(options);
  REQUIRE(stage.engine().set_tenant("a", {}));
  REQUIRE(stage.engine().set_tenant("b", {}));
  Peer& mod = stage.member(kWsJson, "b/m", "b/r");
  Peer& vic = stage.member(kWsJson, "b/v", "b/r");
  const auto publish = [](Peer& peer, const std::string& room) {
    return peer.ask(R"({"id":9,"op":"publish","room":")" + room + R"(","text":"please"})");
  };
  CHECK_LIKE(publish(vic, "b/r"), no("held"));
  mod.forget(), vic.forget();
  Peer& eve = stage.user(kTcp, "a/eve");
  for (int i = 0; i < 6; ++i) {
    const std::string room = "a/" + std::to_string(i);
    eve.ask(R"({"id":9,"op":"join","room":")" + room + "\"}");
    for (int n = 0; n < 4; ++n) publish(eve, room);
    stage.pass(Duration::s(10));
  }
  CHECK(mod.events("held").empty());
  CHECK(vic.events("held").empty());
  int held = 0;
  const auto count = [](void* context, std::uint64_t, const Message&) {
    ++*static_cast<int*>(context);
  };
  REQUIRE(stage.room("b/r").for_each_held(count, &held));
  CHECK(held == 1);
}

TEST_CASE("the host may decide each held message as it visits them", "[scenario]") {
  Holds holds;
  StageOptions options = owned();
  options.ports.filter = &holds;
  Stage stage(options);
  stage.member(kTcp, "owner", "r");
  Peer& bob = stage.member(kWsJson, "bob", "r");
  for (const char* text : {"one", "two", "three", "four"})
    CHECK_LIKE(bob.ask(say(text)), no("held"));
  struct Visit {
    Room room;
    std::vector<std::string> texts;
  } visit{stage.room("r"), {}};
  const auto decide = [](void* context, std::uint64_t held, const Message& message) {
    Visit& at = *static_cast<Visit*>(context);
    at.texts.emplace_back(message.text);
    CHECK((held == 2 ? at.room.release(held) : at.room.reject(held)));
    if (held == 2) CHECK(at.room.reject(3));
  };
  REQUIRE(stage.room("r").for_each_held(decide, &visit));
  CHECK(visit.texts == std::vector<std::string>{"one", "two", "four"});
}
