// What was not said after all: a refusal, a storage that fails or a room that is another by now
// must leave nothing behind that a second try meets, and nothing may be said in a first one's name.
#include <algorithm>

#include "chatroom/adapters/memory.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string say(int id, std::string_view text, std::string_view more = {}) {
  return R"({"id":)" + std::to_string(id) + R"(,"op":"publish","room":"r","text":")" +
         std::string(text) + '"' + std::string(more) + "}";
}
std::string no(std::string_view code) {
  return R"({"id":*,"error":{"code":")" + std::string(code) + "\"*";
}
const std::string kDone = R"({"id":*,"ok":*)";

struct Later final : Filter {
  Answer on_text(Question question, const PublishRequest&) noexcept override {
    asked.push_back(question);
    return Answer::later();
  }
  std::vector<Question> asked;
};
struct Masks final : Filter {
  Answer on_text(Question, const PublishRequest&) noexcept override {
    Answer answer;
    answer.verdict = Answer::Verdict::rewrite;
    answer.text = "b**";
    return answer;
  }
};
struct Host final : Rules {
  Answer before_publish(Question, const PublishRequest&) noexcept override {
    ++asked;
    return refuses ? Answer::refuse(Errc::filtered) : Answer::pass();
  }
  Answer on_follower(Question, const PublishRequest&) noexcept override {
    ++followers;
    return Answer::refuse(Errc::mode_restricted);
  }
  bool refuses = false;
  int asked = 0;
  int followers = 0;
};
// Fails at appends when told to.
struct Failing final : Storage {
  void append(StorageRequest request, StorageReply& reply, std::string_view room,
              std::uint64_t epoch, std::span<const Message> messages) noexcept override {
    if (fails) return reply.on_done(request, Errc::storage_failed);
    inner.append(request, reply, room, epoch, messages);
  }
  void save(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            Bytes record) noexcept override {
    inner.save(request, reply, room, epoch, record);
  }
  void read(StorageRequest request, StorageReply& reply, std::string_view room, std::uint64_t epoch,
            std::uint64_t after, std::uint32_t limit) noexcept override {
    inner.read(request, reply, room, epoch, after, limit);
  }
  void load(StorageRequest request, StorageReply& reply, std::string_view room) noexcept override {
    inner.load(request, reply, room);
  }
  MemoryStorage inner;
  bool fails = false;
};

}  // namespace

TEST_CASE("an answer that comes late says nothing in another room of that name", "[scenario]") {
  for (const bool channel : {false, true}) {
    Later later;
    Host host;
    StageOptions options = owned();
    options.ports.filter = &later;
    options.ports.rules = &host;
    Stage stage(options);
    Peer& bob = stage.member(kWsJson, "bob", "r");
    if (channel)
      CHECK_LIKE(bob.ask(R"({"id":2,"op":"subscribe","room":"r","channel":"x"})"), kDone);
    bob.say(say(8, "please", channel ? R"(,"channel":"x")" : ""));
    stage.run();
    REQUIRE(later.asked.size() == 1);
    REQUIRE(stage.room("r").close());
    stage.run();
    REQUIRE(stage.engine().open_room("r", options.engine.new_room_policy));
    REQUIRE(stage.room("r").set_role("bob", Role::admin, "main"));
    REQUIRE(stage.engine().join(bob.session(), {.room = "r"}));
    stage.run();
    bob.forget();
    REQUIRE(stage.engine().answer(later.asked[0], Answer::pass()));
    stage.run();
    CHECK_LIKE(bob.next(), no("not_member"));
    CHECK(bob.events("message").empty());
    CHECK(host.asked == 0);
  }
}

TEST_CASE("what waits for its answer is held to the modes of when it comes", "[scenario]") {
  for (const bool asks_rules : {false, true}) {
    INFO((asks_rules ? "filter, then host" : "filter"));
    Later later;
    Host host;
    StageOptions options = owned();
    options.ports.filter = &later;
    if (asks_rules) options.ports.rules = &host;
    Stage stage(options);
    Peer& owner = stage.member(kTcp, "owner", "r");
    Peer& bob = stage.member(kWsJson, "bob", "r");
    bob.say(say(2, "x"));
    stage.run();
    owner.ask(R"({"id":3,"op":"set_policy","room":"r","policy":{"mute_all":true}})");
    owner.forget(), bob.forget();
    REQUIRE(stage.engine().answer(later.asked[0], Answer::pass()));
    stage.run();
    CHECK_LIKE(bob.next(), R"({"id":2,"error":{"code":"mode_restricted",*"rule":"mute_all"*)");
    CHECK(owner.events("message").empty());
    CHECK(host.asked == 0);
  }
}

TEST_CASE("the same words while the first wait for the storage are not said beside them",
          "[scenario]") {
  MemoryStorage storage({.later = true});
  StageOptions options = owned();
  options.ports.storage = &storage;
  options.engine.new_room_policy.durability = Durability::before;
  options.engine.new_room_policy.duplicate_s = 60;
  options.engine.new_room_policy.merge_duplicates = true;
  {
    Stage stage(options);
    const auto deliver = [&] {
      stage.run();
      while (storage.deliver() > 0) stage.run();
    };
    Peer& bob = stage.user(kWsJson, "bob");
    Peer& alice = stage.user(kTcp, "alice");
    for (Peer* peer : {&bob, &alice}) {
      peer->say(R"({"id":2,"op":"join","room":"r"})");
      deliver();
      peer->forget();
    }
    bob.say(say(3, "hello"));
    stage.run();
    CHECK_LIKE(bob.ask(say(4, "H.E.L.L.O !!!", R"(,"data":{"more":1})")), no("duplicate"));
    deliver();
    const auto heard = bob.all();
    CHECK(std::ranges::any_of(heard, [](const std::string& line) {
      return matches(line, R"({"id":3,"ok":{*"offset":1*)");
    }));
    CHECK(alice.events("message").size() == 1);
    CHECK_LIKE(bob.ask(say(5, "hello!")), R"({"id":5,"ok":{*"offset":1*)");
    deliver();
    CHECK(alice.events("message").empty());
  }
  storage.drop();
}

TEST_CASE("what the storage refused may be said again", "[scenario]") {
  for (const bool merges : {false, true}) {
    Failing storage;
    StageOptions options = owned();
    options.ports.storage = &storage;
    options.engine.new_room_policy.durability = Durability::before;
    options.engine.new_room_policy.duplicate_s = 60;
    options.engine.new_room_policy.merge_duplicates = merges;
    options.engine.limits.breaker_failures = 1;
    Stage stage(options);
    Peer& alice = stage.member(kTcp, "alice", "r");
    Peer& bob = stage.member(kWsJson, "bob", "r");
    bob.forget(), alice.forget();
    storage.fails = true;
    CHECK_LIKE(bob.ask(say(3, "one")), no("storage_failed"));  // and it is not asked for a while
    CHECK_LIKE(bob.ask(say(4, "two")), no("storage_failed"));
    storage.fails = false;
    stage.pass(Duration::s(8));
    CHECK_LIKE(bob.ask(say(5, "one")), kDone);
    CHECK_LIKE(bob.ask(say(6, "two")), kDone);
    CHECK(alice.events("message").size() == 2);
  }
}

TEST_CASE("what was masked and then refused may be said again", "[scenario]") {
  Masks masks;
  Host host;
  StageOptions options = owned();
  options.ports.filter = &masks;
  options.ports.rules = &host;
  options.engine.new_room_policy.duplicate_s = 60;
  options.engine.new_room_policy.merge_duplicates = true;
  Stage stage(options);
  Peer& bob = stage.member(kWsJson, "bob", "r");
  host.refuses = true;
  CHECK_LIKE(bob.ask(say(3, "bad")), no("filtered"));
  CHECK_LIKE(bob.ask(say(4, "bad")), no("filtered"));
  host.refuses = false;
  CHECK_LIKE(bob.ask(say(5, "bad")), R"({"id":5,"ok":{*"offset":1*)");
  // Masked as it was, the same words are answered with its place.
  CHECK_LIKE(bob.ask(say(6, "bad")), R"({"id":6,"ok":{*"offset":1*)");
  CHECK(host.asked == 3);
}

TEST_CASE("who went while his words were looked at may say them when he is back", "[scenario]") {
  Later later;
  StageOptions options = owned();
  options.ports.filter = &later;
  options.engine.new_room_policy.duplicate_s = 60;
  Stage stage(options);
  stage.member(kTcp, "owner", "r");
  Peer& bob = stage.member(kWsJson, "bob", "r");
  bob.say(say(3, "hello"));
  stage.run();
  bob.drop();
  stage.run();
  static_cast<void>(stage.engine().answer(later.asked.at(0), Answer::pass()));
  stage.run();
  Peer& again = stage.member(kWsJson, "bob", "r");
  again.say(say(4, "hello"));
  stage.run();
  CHECK(later.asked.size() == 2);
}

TEST_CASE("a text too long for the room is charged where somebody may shorten it", "[scenario]") {
  Host host;
  StageOptions options = owned();
  options.ports.rules = &host;
  options.engine.new_room_policy.followers_only = true;
  options.engine.limits.publishes = {5, 10};
  Stage stage(options);
  Peer& owner = stage.member(kWsJson, "owner", "r");
  Peer& bob = stage.member(kWsJson, "bob", "r");
  const std::string text(options.engine.limits.text_bytes + 1, 'x');
  CHECK_LIKE(bob.ask(say(3, text)), no("mode_restricted"));
  CHECK(host.followers == 1);
  CHECK(host.asked == 0);
  CHECK_LIKE(owner.ask(say(4, text)), no("too_large"));
  CHECK(host.asked == 1);
  std::string last;
  for (int i = 0; i < 40 && last.find("rate_limited") == std::string::npos; ++i) {
    last = owner.ask(say(5, text));
  }
  CHECK_LIKE(last, R"(*"rule":"publish_rate"*)");
}

TEST_CASE("what a port was asked before it was left alone counts no more", "[scenario][breakers]") {
  Later later;
  StageOptions options = owned();
  options.ports.filter = &later;
  Stage stage(options);
  std::vector<Peer*> peers;
  for (int i = 0; i < 14; ++i) {
    peers.push_back(&stage.member(kWsJson, "u" + std::to_string(i), "r"));
  }
  const auto trips = [&] { return stage.engine().metrics().breaker_trips; };
  for (std::size_t i = 0; i < 5; ++i) peers[i]->say(say(3, "t"));
  stage.pass(Duration::s(8));
  for (std::size_t i = 5; i < 12; ++i) peers[i]->say(say(3, "t"));
  stage.pass(Duration::ms(2'100));
  CHECK(trips() == 1);  // the first five
  stage.pass(Duration::s(5));
  peers[12]->say(say(3, "t"));
  stage.run();
  // An answer to an old question does not say that it works; nor are old failures a second trip.
  REQUIRE(stage.engine().answer(later.asked.at(5), Answer::pass()));
  stage.pass(Duration::s(3));
  CHECK(trips() == 1);
  REQUIRE(stage.engine().answer(later.asked.back(), Answer::pass()));
  stage.run();
  CHECK(stage.engine().metrics().breakers_open == 0);
  peers[13]->say(say(3, "t"));
  stage.pass(Duration::ms(100));
  CHECK(later.asked.size() == 14);
}

TEST_CASE("a stored channel that finds no place takes nothing else with it", "[scenario]") {
  MemoryStorage storage({.later = true});
  StageOptions options = owned();
  options.ports.storage = &storage;
  options.engine.limits.channels_per_room = 3;
  options.engine.new_room_policy.idle_close = Duration::s(60);
  options.engine.new_room_policy.durability = Durability::behind;
  {
    Stage stage(options);
    const auto deliver = [&] {
      stage.run();
      while (storage.deliver() > 0) stage.run();
    };
    Peer& owner = stage.user(kWsJson, "owner");
    const auto ask = [&](std::string_view more) {
      owner.forget();
      owner.say(R"({"id":9,)" + std::string(more) + R"(,"room":"r"})");
      deliver();
      CHECK_LIKE(owner.next(), kDone);
    };
    ask(R"("op":"join")");
    ask(R"("op":"open_channel","channel":"one")");
    ask(R"("op":"open_channel","channel":"two")");
    ask(R"("op":"ban","user":"bob")");
    ask(R"("op":"leave")");
    for (int i = 0; i < 5; ++i) {
      stage.pass_alive(Duration::s(20));
      deliver();
    }
    REQUIRE(!stage.engine().room("r"));
    Result<Room> room = stage.engine().open_room("r", options.engine.new_room_policy);
    REQUIRE(room);
    REQUIRE(room->open_channel("mine"));
    REQUIRE(room->open_channel("mine too"));
    deliver();
    CHECK(room->sanctions("bob").banned);
  }
  storage.drop();
}
