// Rooms with a password: who says it and who need not, what is remembered, what is counted, and
// that a slow answer lets nobody in who must not be.
#include "scenario/engines.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

// Stores a password as itself, reversed; answers at once, or when told to.
struct Slow final : Passwords {
  Answer on_set(Question question, const PasswordRequest& request) noexcept override {
    ++asked;
    made.assign(request.password.rbegin(), request.password.rend());
    made = "$" + made;
    last = question;
    Answer answer;
    answer.text = made;
    return late ? Answer::later() : answer;
  }
  Answer on_try(Question question, const PasswordRequest& request) noexcept override {
    ++asked;
    last = question;
    if (late) return Answer::later();
    return verdict(request);
  }
  static Answer verdict(const PasswordRequest& request) {
    const std::string said(request.password.rbegin(), request.password.rend());
    if (request.password == "busy") {
      Answer busy = Answer::refuse(Errc::queue_full);
      busy.error.detail = kTemporary;
      return busy;
    }
    return "$" + said == request.stored ? Answer::pass() : Answer::refuse(Errc::wrong_password);
  }
  bool late = false;
  int asked = 0;
  std::string made;
  Question last;
};

StageOptions with(Slow& passwords) { return owned({.passwords = &passwords}); }
std::string set(std::string_view password, std::string_view more = "") {
  return R"({"id":9,"op":"set_policy","room":"r","policy":{"password":")" + std::string(password) +
         "\"" + std::string(more) + "}}";
}
std::string join(std::string_view password) {
  return R"({"id":4,"op":"join","room":"r","password":")" + std::string(password) + R"("})";
}
const std::string kLeave = R"({"id":3,"op":"leave","room":"r"})";
const std::string kDone = R"({"id":9,"ok":{}})";
const std::string kIn = R"({"id":4,"ok":*)";
const std::string kWrong = R"(*"code":"wrong_password",*"rule":"password"*)";

}  // namespace

TEST_CASE("a room with a password lets in who says it, once a session", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Slow slow;
    Stage stage(with(slow));
    Peer& owner = stage.member(carrier, "owner", "r");
    Peer& bob = stage.member(carrier, "bob", "r");
    bob.forget();
    CHECK(owner.ask(set("open sesame")) == kDone);
    const auto told = bob.events("room_state");
    REQUIRE(told.size() == 1);
    CHECK_LIKE(told[0], R"(*"has_password":true*)");
    CHECK(told[0].find("sesame") == std::string::npos);
    // Who is in stays; who comes back says it.
    CHECK_LIKE(bob.ask(kLeave), R"(*"ok"*)");
    CHECK_LIKE(bob.ask(R"({"id":4,"op":"join","room":"r"})"), kWrong);
    CHECK_LIKE(bob.ask(join("sesame")), kWrong);
    CHECK_LIKE(bob.ask(join("open sesame")), kIn);
    const int asked = slow.asked;
    CHECK_LIKE(bob.ask(kLeave), R"(*"ok"*)");
    CHECK_LIKE(bob.ask(R"({"id":4,"op":"join","room":"r"})"), kIn);
    CHECK(slow.asked == asked);
    // Not in another session; and not after it changed.
    Peer& again = stage.user(carrier, "bob");
    CHECK_LIKE(again.ask(R"({"id":4,"op":"join","room":"r"})"), kWrong);
    CHECK(owner.ask(set("swordfish")) == kDone);
    CHECK_LIKE(bob.ask(kLeave), R"(*"ok"*)");
    CHECK_LIKE(bob.ask(R"({"id":4,"op":"join","room":"r"})"), kWrong);
    CHECK_LIKE(bob.ask(join("swordfish")), kIn);
    // Whoever may change it need not say it.
    owner.ask(kLeave);
    CHECK_LIKE(owner.ask(R"({"id":4,"op":"join","room":"r"})"), kIn);
    // With `expel` the others leave.
    bob.forget();
    CHECK(owner.ask(set("tulip", R"(,"expel":true)")) == kDone);
    CHECK_LIKE(bob.all().back(), R"(*"left","room":"r","reason":"password_changed"*)");
    CHECK(stage.room("r").online() == 1);
    CHECK(owner.ask(set("")) == kDone);
    CHECK_LIKE(again.ask(R"({"id":4,"op":"join","room":"r"})"), kIn);
  }
}

TEST_CASE("wrong passwords are counted for the user, whatever its sessions", "[scenario]") {
  Slow slow;
  Stage stage(with(slow));
  Peer& owner = stage.member(kWsJson, "owner", "r");
  CHECK(owner.ask(set("right")) == kDone);
  Peer& eve = stage.user(kTcp, "eve");
  Peer& more = stage.user(kWsJson, "eve");
  for (int i = 0; i < 5; ++i) CHECK_LIKE((i % 2 == 0 ? eve : more).ask(join("wrong")), kWrong);
  const int asked = slow.asked;
  // The right one is not looked at either: else each answer would tell.
  CHECK_LIKE(more.ask(join("right")),
             R"(*"rate_limited"*"retry_after_ms":12000,"rule":"password"*)");
  CHECK(slow.asked == asked);
  Peer& bob = stage.user(kTcp, "bob");
  CHECK_LIKE(bob.ask(join("right")), kIn);
  stage.pass_alive(Duration::ms(12'000));
  CHECK_LIKE(eve.ask(join("right")), kIn);
  // What was right, or could not be looked at, counts for nothing.
  for (int i = 0; i < 8; ++i) {
    bob.ask(kLeave);
    CHECK_LIKE(bob.ask(join("right")), kIn);
  }
  Peer& carol = stage.user(kTcp, "carol");
  for (int i = 0; i < 8; ++i) {
    CHECK_LIKE(carol.ask(join("busy")), R"(*"queue_full"*"temporary":true*)");
  }
  CHECK_LIKE(carol.ask(join("right")), kIn);
}

TEST_CASE("tries under way count, and an answer about an older password lets nobody in",
          "[scenario]") {
  Slow slow;
  StageOptions options = with(slow);
  options.engine.limits.password_tries = 3;
  Stage stage(options);
  Peer& owner = stage.member(kWsJson, "owner", "r");
  CHECK(owner.ask(set("old")) == kDone);
  slow.late = true;
  // Many at once are no way around the count.
  std::vector<Question> open;
  for (int i = 0; i < 3; ++i) {
    Peer& eve = stage.user(kTcp, "eve");
    eve.say(join("guess"));
    stage.run();
    open.push_back(slow.last);
  }
  Peer& fourth = stage.user(kTcp, "eve");
  CHECK_LIKE(fourth.ask(join("guess")), R"(*"rate_limited"*)");
  for (const Question question : open) {
    CHECK(stage.engine().answer(question, Answer::refuse(Errc::wrong_password)));
  }
  stage.run();
  // Right when it was asked, but the room has another by now.
  Peer& bob = stage.user(kTcp, "bob");
  bob.say(join("old"));
  stage.run();
  const Question about_old = slow.last;
  slow.late = false;
  CHECK(owner.ask(set("new")) == kDone);
  CHECK(stage.engine().answer(about_old, Answer::pass()));
  stage.run();
  CHECK_LIKE(bob.next(), kWrong);
  CHECK(stage.room("r").online() == 1);
  // Nor into a room of that name that is another one.
  slow.late = true;
  bob.say(join("new"));
  stage.run();
  const Question about_gone = slow.last;
  CHECK(stage.room("r").close());
  stage.run();
  CHECK(stage.engine().answer(about_gone, Answer::pass()));
  stage.run();
  CHECK_LIKE(bob.next(), R"(*"not_found"*)");
}

TEST_CASE("a new password is set by who may still do that when it is made", "[scenario]") {
  Slow slow;
  Stage stage(with(slow));
  Peer& owner = stage.member(kWsJson, "owner", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  CHECK(stage.room("r").set_role("bob", Role::admin));
  slow.late = true;
  bob.say(set("mine"));
  stage.run();
  CHECK(stage.room("r").set_role("bob", Role::member));
  Answer made;
  made.text = slow.made;
  CHECK(stage.engine().answer(slow.last, made));
  stage.run();
  CHECK_LIKE(bob.all().back(), R"(*"forbidden"*)");
  slow.late = false;
  owner.ask(kLeave);
  Peer& eve = stage.user(kTcp, "eve");
  CHECK_LIKE(eve.ask(R"({"id":4,"op":"join","room":"r"})"), kIn);
  // Rooms may be opened with one; the host gives what is stored.
  CHECK_LIKE(eve.ask(R"({"id":5,"op":"open_room","room":"s","policy":{"password":"abc"}})"),
             R"({"id":5,"ok":*)");
  CHECK_LIKE(bob.ask(R"({"id":4,"op":"join","room":"s","password":"ab"})"), kWrong);
  CHECK(stage.room("s").set_password("$ba"));
  CHECK_LIKE(bob.ask(R"({"id":4,"op":"join","room":"s","password":"ab"})"), kIn);
}

TEST_CASE("without somebody to make them there are no passwords", "[scenario]") {
  Stage stage(owned());
  Peer& owner = stage.member(kWsJson, "owner", "r");
  CHECK_LIKE(owner.ask(set("x")), R"(*"unsupported"*)");
  CHECK_FALSE(stage.room("r").set_password("$x"));
  CHECK_LIKE(owner.ask(R"({"id":5,"op":"open_room","room":"s","policy":{"password":"a"}})"),
             R"(*"unsupported"*)");
}

TEST_CASE("a password holds for members of other engines, and without its home", "[scenario]") {
  Slow slow;
  EnginePorts ports;
  ports.passwords = &slow;
  Engines engines(3, open_options(), {}, ports);
  const std::string key = engines.room_of(0);
  engines.member(1, kTcp, "bob", key);
  REQUIRE(engines[0].room(key).set_password("$oof"));
  engines.run();
  Peer& eve = engines[2].user(kWsJson, "eve");
  const auto join_with = [&](std::string_view password) {
    return R"({"id":4,"op":"join","room":")" + key + R"(","password":")" + std::string(password) +
           R"("})";
  };
  CHECK_LIKE(engines.ask(eve, join_with("bar")), kWrong);
  engines.lose(0);
  engines.run();
  engines.pass(Duration::s(3));
  CHECK_LIKE(engines.ask(eve, join_with("bar")), kWrong);
  CHECK_LIKE(engines.ask(eve, join_with("foo")), kIn);
}
