// What many use together, and one could use up: records, places, questions, the right to be shown.
// Whoever tries is stopped by a share, and the others go on as before.
#include "chatroom/adapters/memory.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

const std::string kOk = R"({"id":*,"ok":*)";

std::string on(std::string_view op, std::string_view room, std::string_view more = "") {
  return R"({"id":9,"op":")" + std::string(op) + R"(","room":")" + std::string(room) + '"' +
         std::string(more) + "}";
}
std::string on_channel(std::string_view op, int channel, std::string_view more = "") {
  return on(op, "r", R"(,"channel":"c)" + std::to_string(channel) + "\"" + std::string(more));
}

// Answers nothing about profiles, and at once about messages.
struct Undecided final : Profiles, Rules {
  Answer on_profile(Question, const ProfileRequest&) noexcept override { return Answer::later(); }
  Answer before_publish(Question, const PublishRequest&) noexcept override {
    return Answer::pass();
  }
};

}  // namespace

TEST_CASE("main is sure of half a room's budget, however many channels are loud", "[shares]") {
  StageOptions options;
  options.record = false;
  options.engine.new_room_policy = RoomPolicy::plaza();
  options.engine.new_room_policy.merge_repeats = false;
  const std::uint32_t budget = options.engine.new_room_policy.receive_normal_per_s;
  REQUIRE(budget == 20);
  Stage stage(options);
  Peer& reader = stage.member(kWsJson, "reader", "r");
  std::vector<Peer*> talkers;
  for (int i = 0; i < 60; ++i) {
    talkers.push_back(&stage.member(kWsJson, "t" + std::to_string(i), "r"));
  }
  Peer& loud = stage.member(kWsJson, "loud", "r");
  for (int channel = 0; channel < 25; ++channel) {
    CHECK_LIKE(loud.ask(on_channel("subscribe", channel)), kOk);
  }
  // The first seconds are shown as they come; then all that counts is who is sure of what.
  std::size_t shown = 0;
  constexpr int kFirst = 5, kSeconds = 25;
  for (int second = 0; second < kFirst + kSeconds; ++second) {
    for (int part = 0; part < 60; ++part) {
      const std::string text = R"(,"text":"x)" + std::to_string(second * 60 + part) + '"';
      if (part < 50) loud.say(on_channel("publish", part % 25, text));
      talkers[static_cast<std::size_t>(part)]->say(on("publish", "r", text));
      stage.pass(Duration{16'667});
    }
    if (second >= kFirst) shown += reader.events("message").size();
    for (const auto& peer : stage.peers) peer->forget();
  }
  CHECK(shown >= kSeconds * budget * 4 / 10);  // of 10 a second a tenth is for repeats
}

TEST_CASE("channels that are spoken in keep no room from opening", "[shares]") {
  StageOptions options;
  options.engine.limits.budget_rooms = 16;
  options.engine.new_room_policy = RoomPolicy::plaza();
  Stage stage(options);
  Peer& loud = stage.member(kWsJson, "loud", "r");
  for (int channel = 0; channel < 30; ++channel) {
    CHECK_LIKE(loud.ask(on_channel("subscribe", channel)), kOk);
    CHECK_LIKE(loud.ask(on_channel("publish", channel, R"(,"text":"x")")), kOk);
  }
  Peer& other = stage.user(kWsJson, "other");
  for (int i = 0; i < 8; ++i) {
    CHECK_LIKE(other.ask(on("join", "room" + std::to_string(i))), kOk);
  }
}

TEST_CASE("questions that hold nobody up leave half of the places to decisions", "[shares]") {
  Undecided host;
  StageOptions options;
  options.engine.limits.questions = 256;
  options.ports.profiles = &host;
  options.ports.rules = &host;
  Stage stage(options);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  const auto ask = [](Peer& peer, int user) {
    return peer.ask(R"({"id":7,"op":"profile","user":"u)" + std::to_string(user) + "\"}");
  };
  std::string last;
  for (int session = 0; session < 4; ++session) {
    Peer& bad = stage.user(kWsJson, "bad" + std::to_string(session));
    for (int i = 0; i < 40; ++i) last = ask(bad, session * 40 + i);
  }
  CHECK_LIKE(last, R"({"id":7,"error":{"code":"queue_full",*"temporary":true*)");
  CHECK_LIKE(alice.ask(on("publish", "r", R"(,"text":"x")")), kOk);
  // When the port has had its time, all is as before.
  stage.pass_alive(Duration::s(20));
  Peer& carol = stage.user(kWsJson, "carol");
  CHECK(ask(carol, 500).empty());
}

TEST_CASE("a session has a few questions open that hold it up in nothing", "[shares]") {
  Undecided host;
  StageOptions options;
  options.ports.profiles = &host;
  options.engine.limits.questions = 4'096;
  Stage stage(options);
  Peer& bob = stage.user(kWsJson, "bob");
  for (int i = 0; i < 128; ++i) {
    CHECK(bob.ask(R"({"id":7,"op":"profile","user":"u)" + std::to_string(i) + "\"}").empty());
  }
  CHECK_LIKE(bob.ask(R"({"id":8,"op":"profile","user":"more"})"), R"(*"queue_full"*)");
  Peer& carol = stage.user(kWsJson, "carol");
  CHECK(carol.ask(R"({"id":8,"op":"profile","user":"more"})").empty());
}

TEST_CASE("who applied everywhere takes half of the places in lines", "[shares]") {
  StageOptions options;
  options.engine.limits.line_places = 8;
  Stage stage(options);
  RoomPolicy closed = RoomPolicy::group(10);
  closed.owner = "boss";
  REQUIRE(stage.engine().open_room("group", closed));
  RoomPolicy open;
  open.hands = 10;
  open.moderated = true;
  open.owner = "boss";
  REQUIRE(stage.engine().open_room("hall", open));
  for (int i = 0; i < 6; ++i) {
    Peer& who = stage.user(kWsJson, "u" + std::to_string(i));
    const std::string answer = who.ask(on("apply", "group"));
    CHECK_LIKE(answer, i < 4 ? kOk : R"(*"queue_full"*)");
    who.drop();
  }
  Peer& guest = stage.member(kWsJson, "guest", "hall");
  CHECK_LIKE(guest.ask(on("enqueue", "hall", R"(,"line":"speak")")), kOk);
  // An application that was decided gives its place back.
  Peer& boss = stage.member(kWsJson, "boss", "group");
  CHECK_LIKE(boss.ask(on("approve", "group", R"(,"user":"u0")")), kOk);
  Peer& late = stage.user(kWsJson, "late");
  CHECK_LIKE(late.ask(on("apply", "group")), kOk);
}

TEST_CASE("an application that was stored renames nobody who is here", "[shares]") {
  MemoryStorage storage;
  StageOptions options = owned({.storage = &storage});
  options.engine.new_room_policy = RoomPolicy::group(10);
  options.engine.new_room_policy.owner = "boss";
  {
    Stage stage(options);
    stage.member(kWsJson, "boss", "r");
    Peer& alice = stage.connect(kWsJson);
    CHECK_LIKE(alice.ask(R"({"id":1,"op":"auth","user":"alice","nick":"Old Name"})"), kOk);
    CHECK_LIKE(alice.ask(on("apply", "r")), kOk);
    stage.engine().drain(CloseCode::shutdown, Duration{});
    stage.run();
  }
  Stage stage(options);
  Peer& alice = stage.user(kWsJson, "alice");
  Peer& boss = stage.member(kWsJson, "boss", "r");
  CHECK_LIKE(boss.ask(on("waiting", "r", R"(,"line":"apply")")),
             R"(*"user":"alice","nick":"alice"*)");
  CHECK_LIKE(alice.ask(on("apply", "r")), kOk);
}

TEST_CASE("what an op has no use for is looked at all the same", "[shares]") {
  StageOptions options;
  options.engine.limits.refusals = 4;
  Stage stage(options);
  Peer& bob = stage.user(kWsJson, "bob");
  REQUIRE(stage.engine().trace("bob", true));
  const std::string odd(2'000, 'x');
  for (const std::string op : {"profile", "list_rooms", "ping", "set_receive", "no_such_op"}) {
    bob.frame(R"({"id":3,"op":")" + op + R"(","user":"zoe","room":")" + odd + "\"}");
    stage.run();
    INFO(op);
    CHECK_LIKE(bob.next(),
               op == "profile" ? R"({"id":3,"error":{"code":"bad_request",*)" : R"({"id":3,*)");
  }
  CHECK_LIKE(bob.ask(R"({"id":5,"op":"ping"})"), kOk);
}
