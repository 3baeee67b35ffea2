// Who does not want to hear whom: direct messages of somebody blocked look delivered, and are not.
#include "chatroom/adapters/relations.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string to_bob(std::string_view text) {
  return R"({"id":7,"op":"send_to","user":"bob","text":")" + std::string(text) + R"("})";
}
const std::string kDone = R"({"id":9,"ok":{}})";

}  // namespace

TEST_CASE("who is blocked reaches nobody who blocked him, and is not told", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    MemoryRelations relations;
    StageOptions options;
    options.ports.relations = &relations;
    Stage stage(options);
    Peer& bob = stage.user(carrier, "bob");
    Peer& phone = stage.user(carrier, "bob");
    Peer& eve = stage.user(carrier, "eve");
    Peer& ann = stage.user(carrier, "ann");
    const std::string delivered = eve.ask(to_bob("one"));
    CHECK_LIKE(delivered, R"({"id":7,"ok":{"sessions":2}})");
    CHECK(bob.events("direct").size() == 1);
    CHECK(bob.ask(R"({"id":9,"op":"block","user":"eve"})") == kDone);
    CHECK(bob.ask(R"({"id":9,"op":"block","user":"eve"})") == kDone);
    phone.forget();
    CHECK(eve.ask(to_bob("two")) == delivered);
    CHECK(bob.events("direct").empty());
    CHECK(phone.events("direct").empty());
    CHECK_LIKE(ann.ask(to_bob("hi")), R"(*"sessions":2*)");
    CHECK(bob.events("direct").size() == 1);
    CHECK(bob.ask(R"({"id":9,"op":"unblock","user":"eve"})") == kDone);
    CHECK(eve.ask(to_bob("three")) == delivered);
    CHECK(bob.events("direct").size() == 1);

    // A shield lets friends through.
    CHECK(relations.befriend("ann", "bob"));
    CHECK(bob.ask(R"({"id":9,"op":"shield"})") == kDone);
    CHECK(eve.ask(to_bob("four")) == delivered);
    CHECK(bob.events("direct").empty());
    CHECK(ann.ask(to_bob("five")) == delivered);
    CHECK(bob.events("direct").size() == 1);
    CHECK(bob.ask(R"({"id":9,"op":"unblock"})") == kDone);
    CHECK(eve.ask(to_bob("six")) == delivered);
    CHECK(bob.events("direct").size() == 1);
    CHECK_LIKE(bob.ask(R"({"id":9,"op":"block","user":"bob"})"), R"(*"bad_request"*)");
    // Whoever is not there is not there, blocked or not.
    CHECK(relations.block("zoe", "eve"));
    CHECK_LIKE(eve.ask(R"({"id":7,"op":"send_to","user":"zoe","text":"x"})"), R"(*"not_found"*)");
  }
}

TEST_CASE("a host may think about it, and what it says late finds things as they are",
          "[scenario]") {
  struct Slow final : Relations {
    Answer on_direct(Question question, const DirectRequest&) noexcept override {
      last = question;
      return Answer::later();
    }
    Answer on_block(Question question, const BlockRequest& request) noexcept override {
      last = question;
      other = request.other;
      return Answer::later();
    }
    Question last;
    std::string other = "?";
  } slow;
  StageOptions options;
  options.ports.relations = &slow;
  Stage stage(options);
  Peer& bob = stage.user(kTcp, "bob");
  Peer& eve = stage.user(kWsJson, "eve");
  eve.say(to_bob("one"));
  stage.run();
  CHECK(bob.events("direct").empty());
  CHECK(stage.engine().answer(slow.last, Answer::pass()));
  stage.run();
  CHECK(bob.events("direct").size() == 1);
  CHECK_LIKE(eve.next(), R"({"id":7,"ok":*)");
  eve.say(to_bob("two"));
  stage.run();
  bob.drop();
  stage.run();
  CHECK(stage.engine().answer(slow.last, Answer::pass()));
  stage.run();
  CHECK_LIKE(eve.next(), R"(*"not_found"*)");
  eve.say(R"({"id":9,"op":"shield"})");
  stage.run();
  CHECK(slow.other.empty());
  CHECK(stage.engine().answer(slow.last, Answer::refuse(Errc::limit_reached)));
  stage.run();
  CHECK_LIKE(eve.next(), R"(*"limit_reached"*)");
}

TEST_CASE("lists end where the options say", "[scenario]") {
  MemoryRelations relations({.users = 2, .others = 2, .profile_bytes = 4});
  CHECK(relations.block("a", "x"));
  CHECK(relations.block("a", "y"));
  CHECK(relations.block("a", "y"));
  CHECK(relations.block("a", "z").error().code == Errc::limit_reached);
  CHECK(relations.set_profile("b", "{}"));
  CHECK(relations.set_profile("b", "{....}").error().code == Errc::too_large);
  CHECK(relations.block("c", "x").error().code == Errc::limit_reached);
  CHECK(relations.befriend("a", "c").error().code == Errc::limit_reached);
  CHECK(relations.friends("a").empty());
  CHECK(relations.profile("b") == "{}");
  CHECK(relations.blocked("a") == std::vector<std::string>{"x", "y"});
  relations.unblock("a", "x"), relations.unblock("a", "y");
  CHECK(relations.befriend("b", "c"));
  relations.unfriend("c", "b");
  relations.shield("c", true);
  CHECK_FALSE(relations.reaches("a", "c"));
  relations.shield("c", false);
  CHECK(relations.reaches("a", "c"));
}

// ---- Profiles: what is shown of somebody, fetched when it is asked for

namespace {

// Answers when it is told to, and counts.
struct SlowProfiles final : Profiles {
  Answer on_profile(Question question, const ProfileRequest& request) noexcept override {
    asked.push_back(std::string(request.user));
    last = question;
    return Answer::later();
  }
  std::vector<std::string> asked;
  Question last;
};
Answer shown(std::string_view json) {
  Answer answer;
  answer.data = {Data::Form::json, as_bytes(json)};
  return answer;
}
std::string profile_of(std::string_view user, int id = 9) {
  return R"({"id":)" + std::to_string(id) + R"(,"op":"profile","user":")" + std::string(user) +
         R"("})";
}

}  // namespace

TEST_CASE("a profile is fetched when it is asked for, and shown from memory while it is fresh",
          "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    MemoryRelations people;
    StageOptions options;
    options.ports.profiles = &people;
    options.engine.limits.profile_fresh = Duration::s(30);
    Stage stage(options);
    Peer& bob = stage.user(carrier, "bob");
    // Of anybody, here or not.
    CHECK(people.set_profile("zoe", R"({"bio":"likes cats","level":7})"));
    const std::string cats = R"({"id":9,"ok":{"data":{"bio":"likes cats","level":7}}})";
    CHECK(bob.ask(profile_of("zoe")) == cats);
    CHECK(people.set_profile("zoe", R"({"bio":"dogs"})"));
    stage.pass(Duration::ms(29'999));
    CHECK(bob.ask(profile_of("zoe")) == cats);
    stage.pass(Duration::ms(1));
    CHECK(bob.ask(profile_of("zoe")) == R"({"id":9,"ok":{"data":{"bio":"dogs"}}})");
    CHECK_LIKE(bob.ask(profile_of("nobody")), R"(*"not_found"*"rule":"host"*)");
    // What is not to be had is not remembered.
    CHECK(people.set_profile("nobody", "[1]"));
    CHECK_LIKE(bob.ask(profile_of("nobody")), R"(*"data":[1]*)");
    CHECK_LIKE(bob.ask(R"({"id":9,"op":"ping"})"), kDone);
  }
  Stage without;
  CHECK_LIKE(without.user(kWsJson, "a").ask(profile_of("b")), R"(*"unsupported"*)");
}

TEST_CASE("who asks while a profile is fetched shares the answer", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    SlowProfiles host;
    StageOptions options;
    options.ports.profiles = &host;
    Stage stage(options);
    Peer& first = stage.user(carrier, "first");
    Peer& second = stage.user(carrier, "second");
    Peer& third = stage.user(kTcp, "third");
    for (Peer* peer : {&first, &second, &third}) peer->say(profile_of("zoe"));
    second.say(profile_of("zoe", 10));
    stage.run();
    CHECK(host.asked == std::vector<std::string>{"zoe"});
    // Nobody's other commands wait for it, and whoever asked first may go.
    CHECK_LIKE(second.ask(R"({"id":11,"op":"ping"})"), R"({"id":11,"ok":{}})");
    first.drop();
    CHECK(stage.engine().answer(host.last, shown(R"({"n":1})")));
    stage.run();
    CHECK(second.next() == R"({"id":9,"ok":{"data":{"n":1}}})");
    CHECK(second.next() == R"({"id":10,"ok":{"data":{"n":1}}})");
    CHECK(third.next() == R"({"id":9,"ok":{"data":{"n":1}}})");
    CHECK(stage.engine().answer(host.last, shown("2")).error().code == Errc::not_found);
    CHECK(second.ask(profile_of("zoe")) == R"({"id":9,"ok":{"data":{"n":1}}})");
    CHECK(host.asked.size() == 1);
    // A host that says nothing: all are told so at the deadline, and the next one asks anew.
    second.say(profile_of("kim"));
    third.say(profile_of("kim"));
    stage.pass(Duration::s(10));
    for (Peer* peer : {&second, &third}) {
      CHECK_LIKE(peer->all().at(0), R"({"id":9,"error":{"code":"internal",*"temporary":true}})");
    }
    second.say(profile_of("kim"));
    stage.run();
    CHECK(host.asked == std::vector<std::string>{"zoe", "kim", "kim"});
    // What cannot be shown is nobody's.
    third.say(profile_of("kim"));
    CHECK(stage.engine().answer(host.last, shown(std::string(1'100, '1'))));
    stage.run();
    for (Peer* peer : {&second, &third}) CHECK_LIKE(peer->next(), R"(*"too_large"*)");
    CHECK(stage.engine().metrics().questions_waiting == 0);
  }
}

TEST_CASE("profiles that are kept are bounded, and so is who waits for one", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    SlowProfiles host;
    StageOptions options;
    options.ports.profiles = &host;
    options.engine.limits.profiles = 2;
    Stage stage(options);
    Peer& bob = stage.user(carrier, "bob");
    const auto fetch = [&](const std::string& who) {
      bob.say(profile_of(who));
      stage.run();
      CHECK(stage.engine().answer(host.last, shown('"' + who + '"')));
      stage.run();
      CHECK(bob.next() == R"({"id":9,"ok":{"data":")" + who + R"("}})");
    };
    for (const char* who : {"a", "b", "c"}) fetch(who);
    CHECK(bob.ask(profile_of("c")) == R"({"id":9,"ok":{"data":"c"}})");
    CHECK(bob.ask(profile_of("b")) == R"({"id":9,"ok":{"data":"b"}})");
    fetch("a");  // the oldest had to go
    // While as many are being fetched, no more are.
    bob.say(profile_of("x"));
    const Question x = (stage.run(), host.last);
    bob.say(profile_of("y"));
    stage.run();
    CHECK_LIKE(bob.ask(profile_of("z", 12)), R"({"id":12,"error":{"code":"queue_full",*)");
    // Nor do more than sixty-four wait for one.
    for (int i = 0; i < 64; ++i) bob.say(profile_of("x", 100 + i));
    stage.run();
    CHECK_LIKE(bob.next(), R"({"id":163,"error":{"code":"queue_full",*)");
    CHECK(bob.next() == "");
    CHECK(stage.engine().answer(x, shown("1")));
    stage.run();
    CHECK(bob.all().size() == 64);
    CHECK(stage.engine().answer(host.last, Answer::refuse(Errc::not_found)));
    stage.run();
    CHECK_LIKE(bob.next(), R"(*"not_found"*)");
  }
}

TEST_CASE("a profile that nothing can be kept for is refused, and nothing is lost", "[scenario]") {
  SlowProfiles host;
  StageOptions options;
  options.ports.profiles = &host;
  options.engine.limits.questions = 2;
  Stage stage(options);
  Peer& bob = stage.user(kWsJson, "bob");
  // The fetch takes all that is not for decisions, so nobody can wait for it.
  CHECK_LIKE(bob.ask(profile_of("a")), R"(*"queue_full"*"temporary":true*)");
  CHECK(stage.engine().answer(host.last, shown("1")));
  CHECK_LIKE(bob.ask(profile_of("b")), R"(*"queue_full"*"temporary":true*)");
  CHECK_LIKE(bob.ask(profile_of("c")), R"(*"queue_full"*"temporary":true*)");
  CHECK(host.asked == std::vector<std::string>{"a", "b"});
  stage.pass(Duration::s(10));
  CHECK(stage.engine().metrics().questions_waiting == 0);
}

TEST_CASE("all lists together end too", "[scenario]") {
  MemoryRelations relations({.users = 10, .others = 10, .names = 3});
  CHECK(relations.block("a", "x"));
  CHECK(relations.befriend("b", "c"));
  CHECK(relations.block("a", "x"));
  CHECK(relations.block("d", "x").error().code == Errc::limit_reached);
  CHECK(relations.befriend("a", "b").error().code == Errc::limit_reached);
  relations.unblock("a", "y");
  relations.unblock("a", "x");
  CHECK(relations.befriend("a", "d").error().code == Errc::limit_reached);
  CHECK(relations.friends("a").empty());
  CHECK(relations.block("d", "x"));
  relations.unfriend("c", "b");
  CHECK(relations.befriend("a", "c"));
}
