// Decisions: answered now, late, never, too late, from another thread; and what waits behind them.
#include <thread>

#include "scenario/fake_local.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

StageOptions with(testing::FakeRules& rules) {
  StageOptions options;
  options.engine.open_rooms = false;
  options.ports.rules = &rules;
  return options;
}

Answer later(Question, const JoinRequest&) { return Answer::later(); }

// The answers among what was heard: "2:ok 3:not_found".
std::string verdicts(Peer& peer) {
  std::string found;
  for (const std::string& line : peer.all()) {
    if (!line.starts_with("{\"id\":")) continue;
    const std::string id = line.substr(6, line.find(',') - 6);
    const std::size_t code = line.find(R"("code":")");
    found += (found.empty() ? "" : " ") + id + ":";
    found += code == std::string::npos ? "ok"
                                       : line.substr(code + 8, line.find('"', code + 8) - code - 8);
  }
  return found;
}

std::string ask_join(int id, std::string_view room) {
  return R"({"id":)" + std::to_string(id) + R"(,"op":"join","room":")" + std::string(room) +
         R"("})";
}

}  // namespace

TEST_CASE("a missing room and a join are two questions, each late", "[engine]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    testing::FakeRules rules;
    rules.missing_room = later;
    rules.join = later;
    Stage stage(with(rules));
    Peer& alice = stage.user(carrier, "alice");
    alice.say(ask_join(2, "r"));
    stage.run();
    REQUIRE(rules.questions.size() == 1);
    CHECK(stage.engine().metrics().rooms == 0);
    CHECK(stage.engine().answer(rules.questions[0], Answer::pass()));
    REQUIRE(rules.questions.size() == 2);
    CHECK(stage.engine().metrics().rooms == 1);
    CHECK(verdicts(alice).empty());
    CHECK(stage.engine().answer(rules.questions[1], Answer::pass()));
    CHECK(verdicts(alice) == "2:ok");
    for (const Question question : rules.questions) {
      CHECK(stage.engine().answer(question, Answer::pass()).error().code == Errc::not_found);
    }
    CHECK(stage.engine().answer({}, Answer::pass()).error().code == Errc::not_found);
    CHECK(stage.engine().answer({0, 77}, Answer::pass()).error().code == Errc::not_found);
  }
}

TEST_CASE("nobody answers: the stated default at the deadline", "[engine]") {
  struct Row {
    const char* ask;
    const char* verdict;
  };
  for (const Row& row : {Row{R"({"id":2,"op":"join","room":"new"})", "2:internal"},
                         Row{R"({"id":2,"op":"join","room":"r"})", "2:internal"},
                         Row{R"({"id":2,"op":"publish","room":"in","text":"x"})", "2:internal"},
                         Row{R"({"id":2,"op":"call","name":"x"})", "2:internal"}}) {
    INFO(row.ask);
    testing::FakeRules rules;
    Stage stage(with(rules));
    stage.room("r");
    stage.room("in");
    Peer& alice = stage.member(kWsJson, "alice", "in");
    rules.missing_room = later;
    rules.join = later;
    rules.publish = [](Question, const PublishRequest&) { return Answer::later(); };
    rules.call = [](Question, const CallRequest&) { return Answer::later(); };
    alice.say(row.ask);
    stage.pass(Duration::ms(9'999));
    CHECK(verdicts(alice).empty());
    stage.pass(Duration::ms(1));
    const std::string heard = alice.next();
    CHECK_LIKE(heard, R"({"id":2,"error":{"code":"internal",*"temporary":true}})");
    const Question question = rules.questions.back();
    CHECK(stage.engine().answer(question, Answer::pass()).error().code == Errc::not_found);
    CHECK(stage.engine().metrics().questions_waiting == 0);
    CHECK(stage.room("in").position().offset == 0);
  }
}

TEST_CASE("auth that nobody answers is unauthorized, temporary, and closed", "[engine]") {
  testing::FakeAuth auth;
  auth.later = true;
  StageOptions options;
  options.ports.auth = &auth;
  options.engine.limits.question_deadline = Duration::s(5);
  Stage stage(options);
  Peer& alice = stage.connect(kWsJson);
  alice.forget();
  alice.say(R"({"id":1,"op":"auth","token":"t"})");
  stage.pass(Duration::s(5));
  CHECK_LIKE(alice.next(), R"({"id":1,"error":{"code":"unauthorized",*"temporary":true}})");
  CHECK(alice.closed() == 4500);
}

TEST_CASE("commands behind a question keep their order, however their bytes came", "[engine]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    testing::FakeRules rules;
    std::vector<Question> joins;
    rules.join = [&](Question question, const JoinRequest&) {
      joins.push_back(question);
      return Answer::later();
    };
    Stage stage(with(rules));
    for (const char* key : {"a", "b", "c", "d"}) stage.room(key);
    Peer& alice = stage.user(carrier, "alice");
    // Each join waits; what is behind it comes frame by frame, or all at once and cut anywhere.
    alice.say(ask_join(2, "a"));
    alice.say(ask_join(3, "b"));
    alice.say(R"({"id":4,"op":"publish","room":"b","text":"in b"})");
    alice.say(ask_join(5, "c"));
    alice.say(R"({"id":6,"op":"leave","room":"b"})");
    alice.say(ask_join(7, "d"));
    alice.say(R"({"id":8,"op":"publish","room":"b","text":"no more"})");
    stage.run();
    for (std::size_t i = 0; i < 4; ++i) {
      REQUIRE(joins.size() == i + 1);
      CHECK(stage.engine().answer(joins[i], Answer::pass()));
      stage.run();
    }
    CHECK(verdicts(alice) == "2:ok 3:ok 4:ok 5:ok 6:ok 7:ok 8:not_member");
    CHECK_FALSE(alice.link.paused);
  }
}

TEST_CASE("a stream that is held in pieces goes on in one piece", "[engine]") {
  for (std::size_t cut = 1; cut < 40; cut += 3) {
    INFO(cut);
    testing::FakeRules rules;
    rules.join = later;
    Stage stage(with(rules));
    for (const char* key : {"a", "b", "c"}) stage.room(key);
    Peer& alice = stage.user(kTcp, "alice");
    std::string stream;
    for (const std::string& text :
         {ask_join(2, "a"), ask_join(3, "b"), std::string(R"({"id":4,"op":"ping"})"),
          ask_join(5, "c"), std::string(R"({"id":6,"op":"ping"})")}) {
      Command command;
      REQUIRE(tool_json().decode(as_bytes(text), command).status);
      std::string frame(1'024, '\0');
      frame.resize(tool_flatbuffers().encode(command, std::as_writable_bytes(std::span(frame))));
      stream += '\x30';
      stream += static_cast<char>(frame.size());
      stream += std::string(2, '\0') + frame;
    }
    for (std::string_view rest = stream; !rest.empty();) {
      const std::string_view piece = rest.substr(0, cut);
      alice.bytes(as_bytes(piece));
      rest.remove_prefix(piece.size());
    }
    for (std::size_t i = 0; i < 3; ++i) {
      REQUIRE(rules.questions.size() == i + 1);
      CHECK(stage.engine().answer(rules.questions[i], Answer::pass()));
    }
    CHECK(verdicts(alice) == "2:ok 3:ok 4:ok 5:ok 6:ok");
  }
}

TEST_CASE("what was asked of is gone when the answer comes", "[engine]") {
  testing::FakeRules rules;
  rules.join = later;
  rules.call = [](Question, const CallRequest&) { return Answer::later(); };
  Stage stage(with(rules));
  Room room = stage.room("r");
  SECTION("the session") {
    Peer& alice = stage.user(kTcp, "alice");
    alice.say(ask_join(2, "r"));
    alice.say(R"({"id":3,"op":"ping"})");
    alice.drop();
    CHECK(stage.engine().answer(rules.questions[0], Answer::pass()).error().code ==
          Errc::not_found);
  }
  SECTION("the session, and another has its place") {
    Peer& alice = stage.user(kTcp, "alice");
    alice.say(R"({"id":2,"op":"call","name":"x"})");
    alice.drop();
    Peer& bob = stage.user(kTcp, "bob");
    CHECK(bob.session().index == alice.session().index);
    static_cast<void>(stage.engine().answer(rules.questions[0], Answer::pass()));
    stage.pass(Duration::s(11));
    CHECK(bob.next() == "");
  }
  SECTION("the room") {
    Peer& alice = stage.user(kTcp, "alice");
    alice.say(ask_join(2, "r"));
    REQUIRE(room.close());
    CHECK(stage.engine().answer(rules.questions[0], Answer::pass()));
    CHECK(verdicts(alice) == "2:not_found");
  }
  SECTION("the room, and another has its name") {
    Peer& alice = stage.user(kTcp, "alice");
    alice.say(ask_join(2, "r"));
    REQUIRE(room.close());
    stage.room("r");
    CHECK(stage.engine().answer(rules.questions[0], Answer::pass()));
    CHECK(verdicts(alice) == "2:ok");
  }
  CHECK(stage.engine().metrics().questions_waiting == 0);
}

TEST_CASE("a publish that waits is said by who is still there", "[engine]") {
  testing::FakeRules rules;
  Stage stage(with(rules));
  stage.room("r");
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  rules.publish = [](Question, const PublishRequest&) { return Answer::later(); };
  const auto say = [&](int id) {
    alice.say(R"({"id":)" + std::to_string(id) +
              R"(,"op":"publish","room":"r","text":"hm","key":"k)" + std::to_string(id) + R"("})");
    stage.run();
    return rules.questions.back();
  };
  CHECK(stage.engine().answer(say(2), Answer::pass()));
  CHECK(verdicts(alice) == "2:ok");
  CHECK(bob.events("message").size() == 1);
  // Kicked while the host thinks.
  const Question question = say(3);
  REQUIRE(stage.room("r").kick("alice"));
  CHECK(stage.engine().answer(question, Answer::pass()));
  CHECK(verdicts(alice) == "3:not_member");
  CHECK(bob.events("message").empty());
  // An answer of every verdict that can come late.
  alice.ask(ask_join(4, "r"));
  alice.forget();
  Answer rewrite{.verdict = Answer::Verdict::rewrite, .text = "better"};
  CHECK(stage.engine().answer(say(5), rewrite));
  CHECK(stage.engine().answer(say(6), {.verdict = Answer::Verdict::drop}));
  CHECK(stage.engine().answer(say(7), {.verdict = Answer::Verdict::hold}));
  CHECK(stage.engine().answer(say(8), Answer::refuse(Errc::filtered)));
  CHECK(stage.engine().answer(say(9), {.verdict = Answer::Verdict::later}).error().code ==
        Errc::bad_request);
  CHECK(stage.engine().answer(rules.questions.back(), Answer::pass()));
  const std::vector<std::string> seen = bob.events("message");
  CHECK(verdicts(alice) == "5:ok 6:ok 7:held 8:filtered 9:ok");
  REQUIRE(seen.size() == 2);
  CHECK_LIKE(seen[0], R"(*"text":"better"*)");
}

TEST_CASE("one user's key that waits twice is said once", "[engine]") {
  testing::FakeRules rules;
  Stage stage(with(rules));
  stage.room("r");
  Peer& one = stage.member(kTcp, "alice", "r");
  Peer& two = stage.member(kWsJson, "alice", "r");
  rules.publish = [](Question, const PublishRequest&) { return Answer::later(); };
  const std::string_view say = R"({"id":2,"op":"publish","room":"r","text":"gift","key":"k"})";
  one.say(say);
  two.say(say);
  stage.run();
  const std::vector<Question> asked(rules.questions.end() - 2, rules.questions.end());
  for (const Question question : asked) CHECK(stage.engine().answer(question, Answer::pass()));
  stage.run();
  CHECK(stage.room("r").position().offset == 1);
  CHECK(one.events("message").size() == 1);
  CHECK(stage.engine().metrics().published == 1);
}

TEST_CASE("answers come from other threads", "[engine]") {
  for (const bool polled : {false, true}) {
    testing::FakeRules rules;
    rules.join = later;
    StageOptions options = with(rules);
    options.polled = polled;
    Stage stage(options);
    stage.room("r");
    Peer& alice = stage.user(kTcp, "alice");
    alice.say(ask_join(2, "r"));
    stage.run();
    Remote remote = stage.engine().remote();
    std::thread([remote, question = rules.questions[0]]() mutable {
      CHECK(remote.answer(question, Answer::refuse(Errc::banned)));
      CHECK(remote.answer(question, Answer::pass()));  // too late, and harmless
    }).join();
    stage.run();
    CHECK(verdicts(alice) == "2:banned");
  }
}

TEST_CASE("a host's own call that waits is answered by an event", "[engine]") {
  testing::FakeRules rules;
  Stage stage(with(rules));
  stage.room("r");
  FakeLocal local;
  const Result<SessionId> id = stage.engine().open_local(local, {.user = "inside"});
  REQUIRE(id);
  rules.join = later;
  const Result<Ticket> ticket = stage.engine().join(*id, {.room = "r"}, 5);
  REQUIRE(ticket);
  CHECK(stage.engine().answer(rules.questions.back(), Answer::pass()));
  CHECK(stage.engine().leave(*id, "r"));
  const Result<Ticket> second = stage.engine().join(*id, {.room = "r"}, 6);
  REQUIRE(second);
  CHECK(stage.engine().answer(rules.questions.back(), Answer::refuse(Errc::banned)));
  stage.run();
  std::string seen;
  for (const auto& event : stage.observer.events) {
    if (event.tag == 0) continue;
    seen += std::string(name_of(event.type)) + ":" + std::string(name_of(event.error.code)) + ":" +
            std::to_string(event.ticket - ticket->id) + " ";
  }
  CHECK(seen == "joined:ok:0 refused:banned:2 ");
  CHECK(std::any_of(local.told.begin(), local.told.end(), [](const std::string& told) {
    return told.find("\"epoch\"") != std::string::npos;
  }));
}
