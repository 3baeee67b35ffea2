// Roles in one channel, and channels that are not everybody's: who gets in, who is taken off, and
// that nobody else reads a word of them by any op there is.
#include <algorithm>

#include "scenario/engines.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string verb(std::string_view op, std::string_view more) {
  return R"({"id":9,"op":")" + std::string(op) + R"(","room":"r",)" + std::string(more) + "}";
}
std::string say(std::string_view channel, std::string_view text, std::string_view more = "") {
  return R"({"id":8,"op":"publish","room":"r","channel":")" + std::string(channel) +
         R"(","text":")" + std::string(text) + "\"" + std::string(more) + "}";
}
std::string role_in(std::string_view channel, std::string_view user, std::string_view role) {
  return verb("set_role", R"("user":")" + std::string(user) + R"(","role":")" + std::string(role) +
                              R"(","channel":")" + std::string(channel) + "\"");
}
std::string on(std::string_view channel) {
  return verb("subscribe", R"("channel":")" + std::string(channel) + "\"");
}
const std::string kDone = R"({"id":9,"ok":{}})";
const std::string kOk = R"({"id":*,"ok":*)";
std::string no(std::string_view code) {
  return R"({"id":*,"error":{"code":")" + std::string(code) + "\",*";
}
const std::string kPrivate = R"(*"code":"forbidden",*"rule":"channel_private","scope":"channel"*)";

// Holds what says so.
struct Holds final : Filter {
  Answer on_text(Question, const PublishRequest& request) noexcept override {
    if (request.message->text.find("odd") == std::string_view::npos) return Answer::pass();
    Answer answer;
    answer.verdict = Answer::Verdict::hold;
    return answer;
  }
};

// A room with a channel for admins and who is let in.
struct House {
  explicit House(const Carrier& carrier, Filter* filter = nullptr)
      : stage(owned({.filter = filter})),
        owner(stage.member(carrier, "owner", "r")),
        friend_(stage.member(carrier, "friend", "r")),
        bob(stage.member(carrier, "bob", "r")) {
    CHECK(owner.ask(verb("open_channel", R"("channel":"inner","access":"admin")")) == kDone);
    CHECK(owner.ask(role_in("inner", "friend", "member")) == kDone);
    CHECK_LIKE(owner.ask(on("inner")), kOk);
    CHECK_LIKE(friend_.ask(on("inner")), kOk);
    owner.forget(), friend_.forget(), bob.forget();
  }
  bool heard(Peer& peer, std::string_view what) {
    const auto all = peer.all();
    return std::ranges::any_of(
        all, [&](const std::string& one) { return one.find(what) != std::string::npos; });
  }
  Stage stage;
  Peer& owner;
  Peer& friend_;
  Peer& bob;
};

}  // namespace

TEST_CASE("a channel of some is joined by its rank and by who was let in", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    House house(carrier);
    CHECK_LIKE(house.bob.ask(on("inner")), kPrivate);
    CHECK_LIKE(house.bob.ask(verb("switch", R"("from":"main","to":"inner")")), kPrivate);
    house.bob.ask(R"({"id":3,"op":"leave","room":"r"})");
    CHECK_LIKE(house.bob.ask(R"({"id":4,"op":"join","room":"r","channels":["main","inner"]})"),
               kPrivate);
    // Everybody sees that there is one, and what he himself was given in it.
    CHECK_LIKE(house.bob.ask(R"({"id":4,"op":"join","room":"r"})"),
               R"(*{"name":"inner","state":"open","creator":"owner","access":"admin"}*)");
    house.friend_.ask(R"({"id":3,"op":"leave","room":"r"})");
    CHECK_LIKE(house.friend_.ask(R"({"id":4,"op":"join","room":"r","channels":["main","inner"]})"),
               R"(*"access":"admin","role":"member"}*)");
    CHECK_LIKE(house.owner.ask(say("inner", "psst")), kOk);
    CHECK(house.heard(house.friend_, "psst"));
    CHECK_FALSE(house.heard(house.bob, "psst"));

    // An admin of the room is in by his rank; one who is not any more is out at once.
    CHECK(house.owner.ask(verb("set_role", R"("user":"bob","role":"admin")")) == kDone);
    CHECK_LIKE(house.bob.ask(on("inner")), kOk);
    CHECK_LIKE(house.owner.ask(say("inner", "you too")), kOk);
    CHECK(house.heard(house.bob, "you too"));
    CHECK(house.owner.ask(verb("set_role", R"("user":"bob","role":"member")")) == kDone);
    CHECK_LIKE(house.owner.ask(say("inner", "not you")), kOk);
    CHECK_FALSE(house.heard(house.bob, "not you"));
    CHECK_LIKE(house.bob.ask(say("inner", "let me")), no("not_member"));

    // Likewise whose role in it is taken away, who is told where.
    CHECK(house.owner.ask(role_in("inner", "friend", "visitor")) == kDone);
    const auto told = house.friend_.events("moderation");
    REQUIRE(told.size() == 1);
    CHECK_LIKE(told[0], R"(*"action":"set_role","user":"friend","role":"visitor",)"
                        R"("channel":"inner","by":"owner"*)");
    CHECK_LIKE(house.owner.ask(say("inner", "nor you")), kOk);
    CHECK_FALSE(house.heard(house.friend_, "nor you"));

    // Open to everybody again: who was put off has to choose it again.
    CHECK(house.owner.ask(verb("open_channel", R"("channel":"inner","access":"visitor")")) ==
          kDone);
    CHECK_LIKE(house.bob.ask(on("inner")), kOk);
    CHECK_LIKE(house.owner.ask(verb("open_channel", R"("channel":"main","access":"admin")")),
               no("bad_request"));
    CHECK_LIKE(house.bob.ask(verb("open_channel", R"("channel":"mine","access":"member")")),
               no("forbidden"));
  }
}

TEST_CASE("who restricts a channel takes off it all who may not read it", "[scenario]") {
  Stage stage(owned());
  Peer& owner = stage.member(kWsJson, "owner", "r");
  Peer& bob = stage.member(kTcp, "bob", "r");
  Peer& eve = stage.member(kWsFb, "eve", "r");
  for (Peer* peer : {&owner, &bob, &eve}) CHECK_LIKE(peer->ask(on("inner")), kOk);
  CHECK(stage.room("r").set_role("eve", Role::member, "inner"));
  // What bob has not got yet of it he gets no more: he is behind.
  bob.stall(true);
  CHECK_LIKE(owner.ask(say("inner", "first")), kOk);
  CHECK(stage.room("r").restrict_channel("inner", Role::moderator));
  stage.run();
  CHECK_LIKE(owner.ask(say("inner", "second")), kOk);
  CHECK_LIKE(owner.ask(say("main", "third")), kOk);
  bob.stall(false);
  stage.run();
  const auto heard = bob.events("message");
  for (const std::string& one : heard) CHECK(one.find("second") == std::string::npos);
  REQUIRE_FALSE(heard.empty());
  CHECK_LIKE(heard.back(), R"(*"third"*)");
  CHECK(eve.events("message").size() == 3);
  CHECK_FALSE(stage.room("r").restrict_channel("main", Role::admin));
}

TEST_CASE("no op reads a word of a channel that one may not read", "[scenario]") {
  for (const Carrier& carrier : {kWsJson, kTcp}) {
    for (const char* rank : {"member", "moderator"}) {
      INFO(carrier.name << " " << rank);
      Holds filter;
      House house(carrier, &filter);
      if (rank != std::string_view("member")) {
        CHECK(house.owner.ask(verb("set_role", R"("user":"bob","role":"moderator")")) == kDone);
      }
      // Of all that a channel can hold: said, pinned, recalled, given, waiting for a moderator.
      CHECK_LIKE(house.owner.ask(say("inner", "SECRET one", R"(,"data":{"s":"SECRET"})")), kOk);
      CHECK(house.owner.ask(verb("pin", R"("offset":1)")) == kDone);
      CHECK_LIKE(house.friend_.ask(say("inner", "SECRET odd")), no("held"));
      house.bob.ask(R"({"id":3,"op":"leave","room":"r"})");
      const std::string back =
          R"({"id":4,"op":"join","room":"r","since":{"epoch":"0000000000000001","offset":0},)"
          R"("recent":50})";
      const std::string joined = house.bob.ask(back);
      CHECK(joined.find("SECRET") == std::string::npos);
      const std::size_t epoch = joined.find(R"("epoch":")") + 9;
      const std::string known = joined.substr(epoch, 16);
      int asked = 0;
      for (int i = 1; i < static_cast<int>(Op::unknown); ++i) {
        const Op op = static_cast<Op>(i);
        if (op == Op::auth) continue;
        // Every field that any op reads, so that whichever it is, it is about that channel.
        for (const char* more :
             {R"("channel":"inner","channels":["inner"],"from":"main","to":"inner","offset":1)",
              R"("offset":1,"held":1,"limit":100,"recent":50)",
              R"("held":0,"after":0,"limit":100,"cursor":"","user":"friend")",
              R"("before":100,"limit":100,"channel":"main","user":"owner","line":"speak")"}) {
          std::string words = R"({"id":9,"op":")" + std::string(name_of(op)) +
                              R"(","room":"r","since":{"epoch":")" + known +
                              R"(","offset":0},"kind":"text","text":"x","key":"k","name":"n",)" +
                              more + "}";
          Command command;
          if (!tool_json().decode(as_bytes(words), command).status) continue;
          INFO(words);
          ++asked;
          CHECK(house.bob.ask(words).find("SECRET") == std::string::npos);
          CHECK_LIKE(house.owner.ask(say("inner", "SECRET live")), kOk);
          CHECK_FALSE(house.heard(house.bob, "SECRET"));
          house.bob.say(back);  // should it have left
          house.stage.run();
          CHECK_FALSE(house.heard(house.bob, "SECRET"));
        }
      }
      CHECK(asked > 100);
      // Coming back, with all that can be asked for then.
      for (const std::string& since :
           {R"("since":{"epoch":")" + known + R"(","offset":0})", std::string(R"("recent":50)")}) {
        house.bob.ask(R"({"id":3,"op":"leave","room":"r"})");
        const std::string all = house.bob.ask(R"({"id":4,"op":"join","room":"r",)" + since + "}");
        CHECK_LIKE(all, kOk);
        CHECK(all.find("SECRET") == std::string::npos);
      }
      CHECK(house.heard(house.owner, "SECRET live"));
    }
  }
}

TEST_CASE("a moderator of one channel is that in it and nowhere else", "[scenario]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Holds filter;
    House house(carrier, &filter);
    CHECK(house.owner.ask(verb("open_channel", R"("channel":"gifts")")) == kDone);
    CHECK(house.owner.ask(role_in("gifts", "bob", "moderator")) == kDone);
    for (Peer* peer : {&house.owner, &house.friend_, &house.bob}) {
      CHECK_LIKE(peer->ask(on("gifts")), kOk);
      peer->forget();
    }
    // His messages say what he is there.
    CHECK_LIKE(house.bob.ask(say("gifts", "hear", R"(,"priority":"high")")), kOk);
    CHECK_LIKE(house.friend_.next(), R"(*"channel":"gifts"*"role":"moderator"*"hear"*)");
    CHECK_LIKE(house.bob.ask(say("main", "hear", R"(,"priority":"high")")), no("forbidden"));
    // He takes back, pins and reviews there.
    CHECK_LIKE(house.friend_.ask(say("gifts", "one")), R"(*"offset":2}*)");
    CHECK_LIKE(house.friend_.ask(say("main", "two")), R"(*"offset":3}*)");
    CHECK(house.bob.ask(verb("pin", R"("offset":2)")) == kDone);
    CHECK(house.bob.ask(verb("recall", R"("offset":2)")) == kDone);
    CHECK_LIKE(house.bob.ask(verb("pin", R"("offset":3)")), no("forbidden"));
    CHECK_LIKE(house.bob.ask(verb("recall", R"("offset":3)")), no("forbidden"));
    house.bob.forget();
    CHECK_LIKE(house.friend_.ask(say("main", "odd main")), no("held"));
    CHECK_LIKE(house.friend_.ask(say("gifts", "odd gift")), no("held"));
    const auto held = house.bob.events("held");
    REQUIRE(held.size() == 1);
    CHECK_LIKE(held[0], R"(*"odd gift"*)");
    CHECK(house.bob.ask(verb("release", R"("held":2)")) == kDone);
    CHECK_LIKE(house.bob.ask(verb("release", R"("held":1)")), no("forbidden"));
    // What holds in the whole room is not his, nor are the roles of others.
    CHECK_LIKE(house.bob.ask(verb("mute", R"("user":"friend")")), no("forbidden"));
    CHECK_LIKE(house.bob.ask(role_in("gifts", "friend", "speaker")), no("forbidden"));
    // An admin of it gives roles below his own, there only; it lasts.
    CHECK(house.owner.ask(role_in("gifts", "bob", "admin")) == kDone);
    CHECK(house.bob.ask(role_in("gifts", "friend", "moderator")) == kDone);
    CHECK_LIKE(house.bob.ask(role_in("gifts", "friend", "admin")), no("forbidden"));
    CHECK_LIKE(house.bob.ask(role_in("main", "friend", "speaker")), no("forbidden"));
    house.friend_.ask(R"({"id":3,"op":"leave","room":"r"})");
    CHECK_LIKE(house.friend_.ask(R"({"id":4,"op":"join","room":"r","channels":["gifts"]})"),
               R"(*"name":"gifts"*"role":"moderator"*)");
    CHECK_LIKE(house.friend_.ask(say("gifts", "again", R"(,"priority":"high")")), kOk);
  }
}

TEST_CASE("a late answer says nothing in a channel that one was taken off meanwhile",
          "[scenario]") {
  struct Late final : Rules {
    Answer before_publish(Question question, const PublishRequest&) noexcept override {
      asked = question;
      return Answer::later();
    }
    Question asked;
  } late;
  StageOptions options = owned();
  options.ports.rules = &late;
  Stage stage(options);
  Peer& bob = stage.member(kWsJson, "bob", "r");
  Room room = stage.room("r");
  CHECK(room.restrict_channel("inner", Role::owner));
  CHECK(room.set_role("bob", Role::member, "inner"));
  // Bob owns the room: he joined first.
  CHECK(room.set_role("bob", Role::member));
  CHECK_LIKE(bob.ask(on("inner")), kOk);
  bob.say(say("inner", "too late"));
  stage.run();
  CHECK(room.set_role("bob", Role::visitor, "inner"));
  CHECK(stage.engine().answer(late.asked, Answer::pass()));
  stage.run();
  const auto heard = bob.all();
  REQUIRE_FALSE(heard.empty());
  CHECK_LIKE(heard.back(), kPrivate);
  CHECK(room.position().offset == 0);
}

TEST_CASE("a channel of some is one on other engines too, and stays so without its home",
          "[scenario]") {
  EngineOptions options = open_options();
  options.new_room_policy.first_join_owns = true;
  Engines engines(3, options);
  const std::string key = engines.room_of(0);
  Peer& owner = engines.member(0, kWsJson, "owner", key);
  Peer& bob = engines.member(1, kTcp, "bob", key);
  Peer& eve = engines.member(2, kTcp, "eve", key);
  const auto words = [&](std::string_view op, std::string_view more) {
    return R"({"id":9,"op":")" + std::string(op) + R"(","room":")" + key + "\"," +
           std::string(more) + "}";
  };
  const std::string subscribe = words("subscribe", R"("channel":"inner")");
  Room room = engines[0].room(key);
  CHECK(room.restrict_channel("inner", Role::owner));
  CHECK(room.set_role("bob", Role::member, "inner"));
  engines.run();
  CHECK_LIKE(engines.ask(owner, subscribe), kOk);
  CHECK_LIKE(engines.ask(bob, subscribe), kOk);
  CHECK_LIKE(engines.ask(eve, subscribe), kPrivate);
  bob.forget(), eve.forget();
  const std::string inside = words("publish", R"("channel":"inner","text":"psst")");
  CHECK_LIKE(engines.ask(owner, inside), kOk);
  engines.run();
  CHECK(bob.events("message").size() == 1);
  CHECK(eve.events("message").empty());

  // Put off at home, he hears nothing of it where he is.
  CHECK(room.set_role("bob", Role::visitor, "inner"));
  engines.run();
  CHECK_LIKE(engines.ask(owner, inside), kOk);
  engines.run();
  CHECK(bob.events("message").empty());
  CHECK(room.set_role("bob", Role::member, "inner"));
  engines.run();
  CHECK_LIKE(engines.ask(bob, subscribe), kOk);

  // The home is lost: who was on it stays on it, and nobody else gets in.
  engines.lose(0);
  engines.run();
  engines.pass(Duration::s(3));
  bob.forget(), eve.forget();
  CHECK_LIKE(engines.ask(eve, subscribe), kPrivate);
  CHECK_LIKE(engines.ask(bob, inside), kOk);
  engines.run();
  CHECK(bob.events("message").size() == 1);
  CHECK(eve.events("message").empty());
}
