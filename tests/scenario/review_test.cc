// What is said under review: a filter that masks, holds or refuses, now or later; moderators who
// release and reject; modes, duplicates, and mutes that only some see.
#include <algorithm>
#include <map>

#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

// What it says is in the text itself.
struct Words final : Filter {
  Answer on_text(Question question, const PublishRequest& request) noexcept override {
    const std::string_view text = request.message->text;
    ++asked;
    late = question;
    if (text.starts_with("later")) return Answer::later();
    return answer_to(text);
  }
  static Answer answer_to(std::string_view text) {
    Answer answer;
    if (text.find("bad") != std::string_view::npos) {
      answer.verdict = Answer::Verdict::rewrite;
      answer.text = "b**";
    } else if (text.find("odd") != std::string_view::npos) {
      answer.verdict = Answer::Verdict::hold;
    } else if (text.find("vile") != std::string_view::npos) {
      answer.verdict = Answer::Verdict::refuse;
      answer.error = refusal(Errc::filtered, Rule::filter);
    }
    return answer;
  }
  Question late;
  int asked = 0;
};

StageOptions with(Filter* filter, Rules* rules = nullptr) {
  EnginePorts ports;
  ports.filter = filter;
  ports.rules = rules;
  return owned(ports);
}
std::string say(std::string_view text) {
  return R"({"id":8,"op":"publish","room":"r","text":")" + std::string(text) + R"("})";
}
std::string verb(std::string_view op, std::string_view more) {
  return R"({"id":9,"op":")" + std::string(op) + R"(","room":"r",)" + std::string(more) + "}";
}
const std::string kDone = R"({"id":9,"ok":{}})";
std::string no(std::string_view code, std::string_view rule) {
  return R"({"id":*,"error":{"code":")" + std::string(code) + R"(",*"rule":")" + std::string(rule) +
         "\"*";
}
void set(Stage& stage, void (*change)(RoomPolicy&)) {
  RoomPolicy policy = stage.room("r").policy();
  change(policy);
  REQUIRE(stage.room("r").set_policy(policy));
  stage.run();
}

}  // namespace

TEST_CASE("a filter passes, masks or refuses what is said, before the host sees it", "[scenario]") {
  struct Host final : Rules {
    Answer before_publish(Question, const PublishRequest& request) noexcept override {
      seen = request.message->text;
      return Answer::pass();
    }
    std::string seen;
  };
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Words words;
    Host host;
    Stage stage(with(&words, &host));
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    alice.forget(), bob.forget();
    CHECK_LIKE(bob.ask(say("fine")), R"({"id":8,"ok":*)");
    CHECK_LIKE(bob.ask(say("so bad")), R"({"id":8,"ok":*)");
    CHECK(host.seen == "b**");
    CHECK_LIKE(bob.ask(say("vile")), no("filtered", "filter"));
    CHECK(host.seen == "b**");
    const auto heard = alice.events("message");
    REQUIRE(heard.size() == 2);
    CHECK_LIKE(heard[1], R"(*"text":"b**"*)");
    // Nobody looks at what has no text, or what the host says.
    const int asked = words.asked;
    CHECK_LIKE(bob.ask(verb("publish", R"("kind":"like","data":1)")), R"({"id":9,"ok":*)");
    REQUIRE(stage.room("r").broadcast({.text = "vile"}));
    CHECK(words.asked == asked);
  }
}

TEST_CASE("a filter may answer late; what changed meanwhile holds", "[scenario]") {
  Words words;
  Stage stage(with(&words));
  Peer& alice = stage.member(kTcp, "alice", "r");
  Peer& bob = stage.member(kWsJson, "bob", "r");
  alice.forget(), bob.forget();
  bob.say(say("later bad"));
  stage.run();
  CHECK(bob.next() == "");
  REQUIRE(stage.engine().answer(words.late, Words::answer_to("bad")));
  stage.run();
  CHECK_LIKE(alice.events("message").at(0), R"(*"text":"b**"*)");
  CHECK_LIKE(bob.next(), "*");
  bob.forget();
  bob.say(say("later odd"));
  stage.run();
  REQUIRE(stage.room("r").mute("bob"));
  REQUIRE(stage.engine().answer(words.late, Words::answer_to("odd")));
  stage.run();
  CHECK(alice.events("held").empty());
  const auto answers = bob.all();
  CHECK(std::any_of(answers.begin(), answers.end(),
                    [](const std::string& line) { return matches(line, no("muted", "mute")); }));
  // Nothing came in time.
  REQUIRE(stage.room("r").unmute("bob"));
  bob.say(say("later"));
  stage.run();
  bob.forget();
  stage.pass(Duration::s(10));
  CHECK_LIKE(bob.next(), R"({"id":8,"error":{"code":"internal",*"temporary":true}})");
}

TEST_CASE("what is held waits for a moderator, who releases or rejects it", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Words words;
    Stage stage(with(&words));
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& mod = stage.member(carrier, "mod", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    REQUIRE(stage.room("r").set_role("mod", Role::moderator));
    stage.run();
    alice.forget(), mod.forget(), bob.forget();
    CHECK_LIKE(bob.ask(say("odd one")), no("held", "filter"));
    CHECK_LIKE(bob.ask(say("odd two")), no("held", "filter"));
    const auto waiting = mod.events("held");
    REQUIRE(waiting.size() == 2);
    CHECK_LIKE(waiting[0], R"({"event":"held","room":"r","held":1,"action":"hold","message":{)"
                           R"("room":"r","channel":"main","user":"bob","nick":"bob",)"
                           R"("role":"member","kind":"text","text":"odd one","time":*}})");
    CHECK(alice.events("held").size() == 2);
    CHECK(bob.events("held").empty());
    CHECK(alice.events("message").empty());

    CHECK_LIKE(bob.ask(verb("release", R"("held":1)")), no("forbidden", "rank"));
    CHECK_LIKE(bob.ask(R"({"id":9,"op":"list_held","room":"r"})"), no("forbidden", "rank"));
    CHECK_LIKE(mod.ask(verb("release", R"("held":9)")), R"(*"not_found"*)");
    CHECK(mod.ask(verb("release", R"("held":1)")) == kDone);
    CHECK_LIKE(alice.events("message").at(0),
               R"(*"offset":1,"user":"bob",*"text":"odd one","time":*)");
    CHECK_LIKE(bob.events("held").at(0),
               R"(*"held":1,"action":"release","message":{*"offset":1,*},"by":"mod"})");
    CHECK_LIKE(mod.ask(verb("release", R"("held":1)")), R"(*"not_found"*)");
    CHECK(mod.ask(verb("reject", R"("held":2,"reason":"not here")")) == kDone);
    CHECK_LIKE(bob.events("held").at(0),
               R"(*"held":2,"action":"reject","message":{*},"by":"mod","text":"not here"})");
    CHECK(alice.events("message").empty());
    // The audit trail says of whom.
    const auto& told = stage.observer.events;
    CHECK(std::any_of(told.begin(), told.end(), [](const auto& event) {
      return event.type == HostEventType::moderated && event.user == "bob";
    }));

    // Who comes later asks for the list; who wrote it may be gone.
    CHECK_LIKE(bob.ask(say("odd three")), no("held", "filter"));
    bob.drop();
    stage.run();
    mod.forget(), alice.forget();
    CHECK(mod.ask(R"({"id":9,"op":"list_held","room":"r"})") == kDone);
    CHECK_LIKE(mod.events("held").at(0), R"(*"held":3,"action":"hold",*"text":"odd three",*)");
    REQUIRE(stage.room("r").release(3));
    stage.run();
    CHECK_LIKE(alice.events("message").at(0), R"(*"user":"bob",*"text":"odd three",*)");
    CHECK(stage.room("r").release(3).error().code == Errc::not_found);
  }
}

TEST_CASE("what is held twice under one key is said once", "[scenario]") {
  Words words;
  Stage stage(with(&words));
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  const std::string keyed = verb("publish", R"("text":"odd","key":"k")");
  CHECK_LIKE(bob.ask(keyed), no("held", "filter"));
  CHECK_LIKE(bob.ask(keyed), no("held", "filter"));  // its answer was lost on the way
  alice.forget();
  CHECK(alice.ask(verb("release", R"("held":1)")) == kDone);
  CHECK_LIKE(bob.ask(keyed), R"({"id":9,"ok":*"offset":1}})");
  CHECK(alice.ask(verb("release", R"("held":2)")) == kDone);
  CHECK(alice.events("message").size() == 1);
}

TEST_CASE("held messages are bounded: the oldest is rejected and told", "[scenario]") {
  Words words;
  StageOptions options = with(&words);
  options.engine.limits.held_messages = 8;
  Stage stage(options);
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& bob = stage.member(kWsJson, "bob", "r");
  alice.forget();
  for (const char* text : {"odd 1", "odd 2", "odd 3"}) {
    CHECK_LIKE(bob.ask(say(text)), no("held", "filter"));
  }
  CHECK_LIKE(bob.events("held").at(0),
             R"(*"held":1,"action":"reject","message":{*"text":"odd 1",*}})");
  int count = 0;
  REQUIRE(stage.room("r").for_each_held(
      [](void* context, std::uint64_t held, const Message& message) {
        const int n = ++*static_cast<int*>(context);
        CHECK(held == static_cast<std::uint64_t>(n + 1));
        CHECK(message.text == "odd " + std::to_string(n + 1));
      },
      &count));
  CHECK(count == 2);
  // Other rooms have their share; when all of it is used the oldest of those goes that have most.
  for (const char* room : {"a", "b", "c", "d"}) {
    const std::string at = R"("room":")" + std::string(room) + "\"";
    CHECK_LIKE(bob.ask(R"({"id":1,"op":"join",)" + at + "}"), R"({"id":1,"ok":*)");
    for (int i = 0; i < 2; ++i) {
      CHECK_LIKE(bob.ask(R"({"id":2,"op":"publish",)" + at + R"(,"text":"odd"})"), R"(*"held"*)");
    }
  }
  const auto rejected = [&bob] {
    const auto told = bob.events("held");
    return std::count_if(told.begin(), told.end(), [](const std::string& line) {
      return matches(line, R"(*"action":"reject"*)");
    });
  };
  CHECK(rejected() == 2);
  // With the room goes what waits in it: there is place for two more now.
  REQUIRE(stage.room("d").close());
  stage.run();
  CHECK(rejected() == 0);
  // And with a clearing what its author said.
  CHECK_LIKE(bob.ask(say("odd again")), no("held", "filter"));
  CHECK(alice.ask(verb("mute", R"("user":"bob","clear":true)")) == kDone);
  const auto told = bob.events("held");
  REQUIRE(told.size() == 2);
  CHECK_LIKE(told[0], R"(*"action":"reject",*"text":"odd 3",*"by":"alice"})");
  CHECK_LIKE(told[1], R"(*"action":"reject",*"text":"odd again",*"by":"alice"})");
  CHECK(alice.events("messages_cleared").size() == 1);
  CHECK_LIKE(bob.ask(say("x")), no("muted", "mute"));
}

TEST_CASE("the same words again are refused, or merged into the first", "[scenario]") {
  for (const Carrier& carrier : {kTcp, kWsJson}) {
    INFO(carrier.name);
    Stage stage;
    Peer& bob = stage.member(carrier, "bob", "r");
    Peer& eve = stage.member(carrier, "eve", "r");
    CHECK_LIKE(bob.ask(say("Hello there")), R"({"id":8,"ok":*)");
    CHECK_LIKE(bob.ask(say("Hello there")), R"({"id":8,"ok":*)");  // off unless asked for
    set(stage, [](RoomPolicy& policy) { policy.duplicate_s = 30; });
    CHECK_LIKE(bob.ask(say("Hello there")), R"({"id":8,"ok":*)");
    stage.pass_alive(Duration::s(1));
    CHECK_LIKE(bob.ask(say("ＨＥＬＬＯ there!!")),
               R"(*"duplicate"*"retry_after_ms":29000,"rule":"duplicate","scope":"user"}})");
    CHECK_LIKE(eve.ask(say("hello there")), R"({"id":8,"ok":*)");
    CHECK_LIKE(bob.ask(say("hello you")), R"({"id":8,"ok":*)");
    CHECK_LIKE(bob.ask(say("!!!")), R"({"id":8,"ok":*)");
    CHECK_LIKE(bob.ask(say("???")), R"({"id":8,"ok":*)");
    CHECK_LIKE(bob.ask(say("!!!")), no("duplicate", "duplicate"));
    stage.pass_alive(Duration::s(29));
    CHECK_LIKE(bob.ask(say("hello there")), R"({"id":8,"ok":*)");
    set(stage, [](RoomPolicy& policy) { policy.merge_duplicates = true; });
    const std::string first = bob.ask(say("spam"));
    eve.forget();
    CHECK(bob.ask(say("SPAM")) == first);
    CHECK(eve.events("message").empty());
    // What was refused was not said.
    set(stage, [](RoomPolicy& policy) { policy.merge_duplicates = false; });
    set(stage, [](RoomPolicy& policy) { policy.mute_all = true; });
    CHECK_LIKE(bob.ask(say("now?")), no("mode_restricted", "mute_all"));
    set(stage, [](RoomPolicy& policy) { policy.mute_all = false; });
    CHECK_LIKE(bob.ask(say("now?")), R"({"id":8,"ok":*)");
    RoomPolicy policy = stage.room("r").policy();
    policy.duplicate_s = 301;
    CHECK(stage.room("r").set_policy(policy).error().code == Errc::bad_request);
  }
}

TEST_CASE("modes let members, followers or emotes through, and say so", "[scenario]") {
  struct Host final : Rules {
    Answer on_follower(Question question, const PublishRequest& request) noexcept override {
      ++asked;
      late = question;
      if (request.user == "fan") return Answer::pass();
      if (request.user == "slow") return Answer::later();
      Answer answer = Answer::refuse(Errc::mode_restricted);
      answer.error.retry_after_ms = 60'000;
      return answer;
    }
    int asked = 0;
    Question late;
  } host;
  Stage stage(with(nullptr, &host));
  Peer& alice = stage.member(kWsJson, "alice", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  Peer& fan = stage.member(kTcp, "fan", "r");
  Peer& slow = stage.member(kWsFb, "slow", "r");
  CHECK(alice.ask(verb("set_policy", R"("policy":{"members_only":true})")) == kDone);
  CHECK_LIKE(bob.events("room_state").at(0), R"(*"policy":{*"members_only":true}}})");
  CHECK_LIKE(bob.ask(say("x")), no("mode_restricted", "members_only"));
  CHECK(alice.ask(verb("set_role", R"("user":"bob","role":"member")")) == kDone);
  CHECK_LIKE(bob.ask(say("x")), R"({"id":8,"ok":*)");
  CHECK_LIKE(alice.ask(say("x")), R"({"id":8,"ok":*)");
  CHECK(alice.ask(verb("set_policy", R"("policy":{"members_only":false,"followers_only":true})")) ==
        kDone);
  CHECK_LIKE(bob.ask(say("x")), R"({"id":8,"ok":*)");  // a lasting member need not follow
  CHECK(host.asked == 0);
  CHECK_LIKE(fan.ask(say("x")), R"({"id":8,"ok":*)");
  CHECK_LIKE(fan.ask(say("y")), R"({"id":8,"ok":*)");
  CHECK(host.asked == 1);
  Peer& other = stage.member(kTcp, "other", "r");
  CHECK_LIKE(other.ask(say("x")),
             R"(*"retry_after_ms":60000,"rule":"followers_only","scope":"room"}})");
  slow.say(say("thinking"));
  stage.run();
  REQUIRE(stage.engine().answer(host.late, Answer::pass()));
  stage.run();
  CHECK_LIKE(alice.events("message").back(), R"(*"text":"thinking"*)");
  CHECK(alice.ask(verb("set_policy", R"("policy":{"followers_only":false,"emote_only":true})")) ==
        kDone);
  CHECK_LIKE(bob.ask(say("hi 😀")), no("mode_restricted", "emote_only"));
  for (const char* text :
       {"😀", "👍🏽 ❤️", ":wave:  :heart_eyes:", "👨‍👩‍👧 🇩🇪"}) {
    INFO(text);
    CHECK_LIKE(bob.ask(say(text)), R"({"id":8,"ok":*)");
  }
  for (const char* text : {":", "::", ":a b:", "7", "前"}) {
    INFO(text);
    CHECK_LIKE(bob.ask(say(text)), no("mode_restricted", "emote_only"));
  }
  CHECK_LIKE(alice.ask(say("words")), R"({"id":8,"ok":*)");
}

TEST_CASE("who is muted in the shadow sees himself, and nobody else does", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(with(nullptr));
    Peer& alice = stage.member(carrier, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    Peer& second = stage.member(carrier, "bob", "r");
    Peer& carol = stage.member(carrier, "carol", "r");
    alice.forget(), bob.forget(), second.forget(), carol.forget();
    CHECK_LIKE(carol.ask(verb("shadow_mute", R"("user":"bob")")), no("forbidden", "rank"));
    CHECK(alice.ask(verb("shadow_mute", R"("user":"bob","for_ms":60000,"reason":"ads")")) == kDone);
    CHECK_LIKE(alice.events("moderation").at(0), R"(*"action":"shadow_mute","user":"bob",*)");
    CHECK(bob.all().empty());
    CHECK(stage.room("r").sanctions("bob").shadow_muted);
    CHECK_LIKE(bob.ask(say("buy")), R"({"id":8,"ok":{"epoch":"*"}})");
    CHECK_LIKE(bob.events("message").at(0), R"(*"user":"bob",*"text":"buy"*)");
    CHECK(second.events("message").size() == 1);
    CHECK(carol.all().empty());
    CHECK(alice.all().empty());
    CHECK_LIKE(carol.ask(R"({"id":9,"op":"history","room":"r"})"), R"(*"messages":[]*)");
    stage.pass_alive(Duration::s(60));
    CHECK_LIKE(bob.ask(say("hello")), R"({"id":8,"ok":*"offset":1}})");
    CHECK(carol.events("message").size() == 1);
    CHECK(alice.ask(verb("shadow_mute", R"("user":"bob")")) == kDone);
    CHECK(alice.ask(verb("unmute", R"("user":"bob")")) == kDone);
    CHECK_LIKE(bob.ask(say("again")), R"({"id":8,"ok":*"offset":2}})");
  }
}

TEST_CASE("a member mutes itself, a moderator's mute is another's to lift", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage(with(nullptr));
    Peer& alice = stage.member(kTcp, "alice", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    CHECK(bob.ask(verb("mute", R"("user":"bob","for_ms":5000)")) == kDone);
    CHECK_LIKE(bob.ask(say("x")),
               R"(*"muted"*"retry_after_ms":5000,"rule":"self_mute","scope":"user"}})");
    CHECK(bob.ask(verb("unmute", R"("user":"bob")")) == kDone);
    CHECK_LIKE(bob.ask(say("x")), R"({"id":8,"ok":*)");
    CHECK(alice.ask(verb("mute", R"("user":"bob")")) == kDone);
    CHECK(bob.ask(verb("unmute", R"("user":"bob")")) == kDone);
    CHECK_LIKE(bob.ask(say("x")), no("muted", "mute"));
    CHECK(bob.ask(verb("mute", R"("user":"bob")")) == kDone);
    CHECK(alice.ask(verb("unmute", R"("user":"bob")")) == kDone);
    CHECK_LIKE(bob.ask(say("x")), no("muted", "self_mute"));
    CHECK_LIKE(bob.ask(verb("mute", R"("user":"bob","clear":true)")), no("forbidden", "rank"));
    CHECK_LIKE(bob.ask(verb("ban", R"("user":"bob")")), no("forbidden", "rank"));
  }
}
