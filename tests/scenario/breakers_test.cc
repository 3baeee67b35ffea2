// Ports that fail: they are left alone for a while, and what is said meanwhile is said at once.
#include "chatroom/adapters/memory.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string refused(std::string_view code) {
  return R"({"id":2,"error":{"code":")" + std::string(code) + R"(",*"temporary":true*)";
}

// What the host is told of ports.
struct Told {
  explicit Told(Stage& stage) {
    stage.observer.then = [this](const HostEvent& event) {
      if (event.type != HostEventType::breaker) return;
      events.push_back(std::string(event.text) + (event.until_ms != 0 ? " open" : " closed"));
      until_ms = event.until_ms;
    };
  }
  std::vector<std::string> events;
  std::int64_t until_ms = 0;
};
using Events = std::vector<std::string>;

struct Picky final : Filter {
  Answer answer = Answer::pass();
  std::vector<Question> asked;
  Answer on_text(Question question, const PublishRequest&) noexcept override {
    asked.push_back(question);
    return answer;
  }
};

constexpr std::string_view kSay = R"({"id":2,"op":"publish","room":"r","text":"x"})";

// The port has two seconds to answer, sessions a minute to sign in.
StageOptions asking(Auth& auth) {
  StageOptions options;
  options.ports.auth = &auth;
  options.engine.limits.auth_deadline = Duration::s(60);
  options.engine.limits.question_deadline = Duration::s(2);
  return options;
}

}  // namespace

TEST_CASE("auth that says nothing is not asked after five deadlines, and then again",
          "[scenario][breakers]") {
  testing::FakeAuth auth;
  auth.tokens["t"] = {.user = "alice"};
  auth.later = true;
  Stage stage(asking(auth));
  Told told(stage);
  constexpr std::string_view kAuth = R"({"id":2,"op":"auth","token":"t"})";
  const auto come = [&]() -> Peer& {
    Peer& peer = stage.connect(kWsJson);
    peer.say(kAuth);
    return peer;
  };
  for (int i = 0; i < 4; ++i) come();
  stage.pass(Duration::s(2));
  CHECK(told.events.empty());
  CHECK(auth.asked.size() == 4);
  come();
  stage.pass(Duration::s(2));
  CHECK(told.events == Events{"auth open"});
  CHECK(told.until_ms == stage.loop.now().unix_ms() + 5'000);
  CHECK(stage.engine().metrics().breakers_open == 1);
  // At once, with the moment to come back.
  Peer& early = stage.connect(kWsJson);
  CHECK_LIKE(early.ask(kAuth), refused("unauthorized") + R"("retry_after_ms":5000*)");
  CHECK(early.closed() != 0);
  CHECK(auth.asked.size() == 5);
  stage.pass(Duration::s(4));
  CHECK_LIKE(stage.connect(kWsJson).ask(kAuth),
             refused("unauthorized") + R"("retry_after_ms":1000*)");
  CHECK(stage.engine().metrics().breaker_refused == 2);
  // The next one is asked; its failure opens it again at once.
  stage.pass(Duration::s(1));
  come();
  stage.pass(Duration::s(2));
  CHECK(auth.asked.size() == 6);
  CHECK(told.events == Events{"auth open", "auth open"});
  stage.pass(Duration::s(5));
  auth.later = false;
  CHECK_LIKE(stage.connect(kWsJson).ask(kAuth), R"({"id":2,"ok":*)");
  CHECK(told.events == Events{"auth open", "auth open", "auth closed"});
  CHECK(stage.engine().metrics().breakers_open == 0);
  CHECK(stage.engine().metrics().breaker_trips == 2);
}

TEST_CASE("failures that are further apart open nothing", "[scenario][breakers]") {
  testing::FakeAuth auth;
  auth.later = true;
  Stage stage(asking(auth));
  Told told(stage);
  for (int i = 0; i < 12; ++i) {
    stage.connect(kWsJson).say(R"({"id":2,"op":"auth","token":"t"})");
    stage.pass(Duration::ms(2'600));  // five of them in 10.4 seconds
  }
  CHECK(told.events.empty());
  CHECK(auth.asked.size() == 12);
}

TEST_CASE("while the filter fails texts pass or are held, as the host chose",
          "[scenario][breakers]") {
  for (const bool hold : {true, false}) {
    INFO(hold);
    Picky filter;
    StageOptions options;
    options.ports.filter = &filter;
    options.engine.unfiltered = hold ? Unfiltered::hold : Unfiltered::pass;
    Stage stage(options);
    Told told(stage);
    Peer& alice = stage.member(kWsJson, "alice", "r");
    filter.answer = Answer::refuse(Errc::internal);  // it knows that it fails
    for (int i = 0; i < 5; ++i) CHECK_LIKE(alice.ask(kSay), refused("internal"));
    CHECK(told.events == Events{"filter open"});
    const std::size_t asked = filter.asked.size();
    CHECK_LIKE(alice.ask(kSay), hold ? R"({"id":2,"error":{"code":"held"*)" : R"({"id":2,"ok":*)");
    CHECK(filter.asked.size() == asked);
    CHECK(stage.observer.count(HostEventType::held) == (hold ? 1u : 0u));
    // What it says of others by then changes nothing; when it is asked again and works, all is
    // well.
    filter.answer = Answer::pass();
    stage.pass(Duration::s(5));
    CHECK_LIKE(alice.ask(kSay), R"({"id":2,"ok":*)");
    CHECK(told.events == Events{"filter open", "filter closed"});
    CHECK(filter.asked.size() == asked + 1);
  }
}

TEST_CASE("rules that fail refuse at once, and calls are nobody else's business",
          "[scenario][breakers]") {
  testing::FakeRules rules;
  StageOptions options;
  options.ports.rules = &rules;
  options.engine.limits.breaker_failures = 3;
  options.engine.limits.breaker_open = Duration::s(2);
  Stage stage(options);
  Told told(stage);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  rules.publish = [](Question, const PublishRequest&) { return Answer::refuse(Errc::internal); };
  rules.call = [](Question, const CallRequest&) { return Answer::refuse(Errc::internal); };
  for (int i = 0; i < 5; ++i) alice.ask(R"({"id":2,"op":"call","room":"r","name":"x"})");
  CHECK(told.events.empty());
  for (int i = 0; i < 3; ++i) alice.ask(kSay);
  CHECK(told.events == Events{"rules open"});
  const std::size_t asked = rules.questions.size();
  CHECK_LIKE(alice.ask(kSay), refused("internal") + R"("retry_after_ms":2000*)");
  Peer& bob = stage.user(kWsJson, "bob");
  CHECK_LIKE(bob.ask(R"({"id":2,"op":"join","room":"r"})"), refused("internal"));
  CHECK(rules.questions.size() == asked);
  stage.pass(Duration::s(2));
  CHECK_LIKE(bob.ask(R"({"id":2,"op":"join","room":"r"})"), R"({"id":2,"ok":*)");
  CHECK(told.events == Events{"rules open", "rules closed"});
}

TEST_CASE("while storage fails `behind` goes on and `before` refuses, then all is stored",
          "[scenario][breakers]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  StageOptions options;
  options.ports.storage = &storage;
  Stage stage(options);
  Told told(stage);
  RoomPolicy policy;
  policy.durability = Durability::before;
  REQUIRE(stage.engine().open_room("safe", policy));
  stage.run();
  Peer& alice = stage.member(kWsJson, "alice", "r");
  CHECK_LIKE(alice.ask(R"({"id":2,"op":"join","room":"safe"})"), R"({"id":2,"ok":*)");
  constexpr std::string_view kSafe = R"({"id":2,"op":"publish","room":"safe","text":"x"})";
  CHECK_LIKE(alice.ask(kSafe), R"({"id":2,"ok":*)");
  CHECK_LIKE(alice.ask(kSay), R"({"id":2,"ok":*)");
  stage.pass(Duration::s(1));
  storage.fail_at = storage.requests;
  storage.fail_after = true;
  for (int i = 0; i < 5; ++i) CHECK_LIKE(alice.ask(kSafe), refused("storage_failed"));
  CHECK(told.events == Events{"storage open"});
  const std::size_t requests = storage.requests;
  CHECK_LIKE(alice.ask(kSafe), refused("storage_failed") + R"("retry_after_ms":5000*)");
  for (int i = 0; i < 3; ++i) CHECK_LIKE(alice.ask(kSay), R"({"id":2,"ok":*)");
  stage.pass(Duration::s(4));
  CHECK(storage.requests == requests);  // it is left alone
  storage.fail_after = false;
  storage.fail_at = SIZE_MAX;
  stage.pass(Duration::s(2));  // what `behind` kept back is what tries it
  CHECK(told.events == Events{"storage open", "storage closed"});
  CHECK_LIKE(alice.ask(kSafe), R"({"id":2,"ok":*)");
  CHECK_LIKE(alice.ask(R"({"id":2,"op":"history","room":"r"})"), R"(*"offset":4*)");
  REQUIRE(stage.room("r").close());
  stage.run();
  Peer& bob = stage.user(kWsJson, "bob");
  CHECK_LIKE(bob.ask(R"({"id":2,"op":"join","room":"r","recent":10})"), R"(*"offset":4*)");
}

TEST_CASE("passwords that fail are not asked, and no try is counted for it",
          "[scenario][breakers]") {
  struct Failing final : Passwords {
    Answer answer = Answer::pass();
    int asked = 0;
    Answer on_set(Question, const PasswordRequest&) noexcept override {
      ++asked;
      Answer made = answer;
      made.text = "stored";
      return made;
    }
    Answer on_try(Question, const PasswordRequest&) noexcept override { return ++asked, answer; }
  } passwords;
  StageOptions options;
  options.ports.passwords = &passwords;
  options.engine.limits.password_tries = 20;
  Stage stage(options);
  Told told(stage);
  stage.member(kWsJson, "alice", "r");
  REQUIRE(stage.room("r").set_password("stored"));
  Peer& bob = stage.user(kWsJson, "bob");
  constexpr std::string_view kJoin = R"({"id":2,"op":"join","room":"r","password":"x"})";
  passwords.answer = Answer::refuse(Errc::wrong_password);
  for (int i = 0; i < 6; ++i) CHECK_LIKE(bob.ask(kJoin), R"(*"wrong_password"*)");
  CHECK(told.events.empty());  // it did what it is for
  passwords.answer = Answer::refuse(Errc::internal);
  for (int i = 0; i < 5; ++i) CHECK_LIKE(bob.ask(kJoin), refused("internal"));
  CHECK(told.events == Events{"passwords open"});
  const int asked = passwords.asked;
  for (int i = 0; i < 30; ++i) {
    CHECK_LIKE(bob.ask(kJoin), refused("internal") + R"("retry_after_ms":5000*)");
  }
  CHECK(passwords.asked == asked);
  stage.pass(Duration::s(5));
  passwords.answer = Answer::pass();
  CHECK_LIKE(bob.ask(kJoin), R"({"id":2,"ok":*)");
  CHECK(told.events == Events{"passwords open", "passwords closed"});
}

TEST_CASE("while relations fail direct messages and blocks are refused at once",
          "[scenario][breakers]") {
  struct Failing final : Relations {
    Answer answer = Answer::refuse(Errc::internal);
    int asked = 0;
    Answer on_direct(Question, const DirectRequest&) noexcept override { return ++asked, answer; }
    Answer on_block(Question, const BlockRequest&) noexcept override { return ++asked, answer; }
  } relations;
  StageOptions options;
  options.ports.relations = &relations;
  Stage stage(options);
  Told told(stage);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  stage.member(kWsJson, "bob", "r");
  constexpr std::string_view kDirect = R"({"id":2,"op":"send_to","user":"bob","text":"x"})";
  for (int i = 0; i < 5; ++i) CHECK_LIKE(alice.ask(kDirect), refused("internal"));
  CHECK(told.events == Events{"relations open"});
  CHECK_LIKE(alice.ask(kDirect), refused("internal") + R"("retry_after_ms":5000*)");
  CHECK_LIKE(alice.ask(R"({"id":2,"op":"block","user":"bob"})"), refused("internal"));
  CHECK(relations.asked == 5);
  CHECK_LIKE(alice.ask(kSay), R"({"id":2,"ok":*)");  // rooms are not concerned
  stage.pass(Duration::s(5));
  relations.answer = Answer::pass();
  CHECK_LIKE(alice.ask(kDirect), R"({"id":2,"ok":*)");
  CHECK(told.events == Events{"relations open", "relations closed"});
}
