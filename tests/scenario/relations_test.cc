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
