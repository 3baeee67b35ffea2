// Rates that count over more than one session or room: of a user wherever it speaks, of all
// sessions of an address. Each holds on every carrier alike.
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::size_t count(const std::vector<std::string>& lines, std::string_view pattern) {
  std::size_t found = 0;
  for (const std::string& line : lines) found += matches(line, pattern);
  return found;
}

}  // namespace

TEST_CASE("what a user says in all its rooms and sessions has one rate", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.record = false;
    options.engine.limits.user_publishes = {20, 40};
    Stage stage(options);
    Peer& phone = stage.member(carrier, "flood", "a");
    Peer& desk = stage.member(kWsJson, "flood", "b");
    desk.ask(R"({"id":1,"op":"join","room":"c"})");
    Peer& bob = stage.member(carrier, "bob", "a");
    const auto say = [](std::string_view room) {
      return R"({"id":2,"op":"publish","room":")" + std::string(room) + R"(","text":"x"})";
    };
    std::size_t good = 0;
    for (int i = 0; i < 60 * 20; ++i) {
      phone.say(say("a")), desk.say(say("b")), desk.say(say("c"));
      stage.pass(Duration::ms(50));
      if (i % 400 == 399) bob.ask(R"({"id":1,"op":"ping"})");
      good += count(phone.all(), R"({"id":2,"ok":*)") + count(desk.all(), R"({"id":2,"ok":*)");
    }
    CHECK(good >= 1'200 * 99 / 100);
    CHECK(good <= (1'200 + 40) * 101 / 100);
    for (int i = 0; i < 40; ++i) phone.say(say("a"));
    phone.forget();
    CHECK_LIKE(desk.ask(say("b")),
               R"(*"code":"rate_limited"*"retry_after_ms":50,"rule":"user_rate","scope":"user"}})");
    CHECK_LIKE(bob.ask(say("a")), R"({"id":2,"ok":*)");
    // Who goes and comes back has said what it said; who waits a while may begin anew.
    phone.drop(), desk.drop();
    stage.run();
    Peer& again = stage.member(carrier, "flood", "b");
    CHECK_LIKE(again.ask(say("b")), R"(*"rule":"user_rate"*)");
    stage.pass(Duration::s(2));
    for (int i = 0; i < 41; ++i) again.say(say("b"));
    CHECK(count(again.all(), R"({"id":2,"ok":*)") == 40);
  }
}

TEST_CASE("all sessions of an address share one rate", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.record = false;
    options.engine.limits.address_commands = {50, 100};
    Stage stage(options);
    const auto from = [&](const char* peer, const char* name) -> Peer& {
      Peer& link = stage.connect(carrier, {.peer = peer});
      CHECK_LIKE(link.ask(R"({"id":1,"op":"auth","user":")" + std::string(name) + R"("})"),
                 R"(*"ok"*)");
      return link;
    };
    Peer& one = from("192.0.2.1:1000", "one");
    Peer& two = from("192.0.2.1:2000", "two");
    Peer& far = from("192.0.2.2:1000", "far");
    Peer& six = from("[2001:db8:1:2::7]:1", "six");
    Peer& home = from("[2001:db8:1:2:ffff::1]:9", "home");
    Peer& next = from("[2001:db8:1:3::7]:1", "next");
    Peer& nobody = from("", "nobody");
    const char* kPing = R"({"id":2,"op":"ping"})";
    one.ask(R"({"id":1,"op":"join","room":"r"})");
    std::size_t good = 0;
    for (int i = 0; i < 60 * 20; ++i) {
      for (int j = 0; j < 3; ++j) one.say(kPing), two.say(kPing);
      stage.pass(Duration::ms(50));
      if (i % 400 == 399) far.ask(kPing), six.ask(kPing), home.ask(kPing), next.ask(kPing);
      if (i % 400 == 399) nobody.ask(kPing);
      good += count(one.all(), R"({"id":2,"ok":*)") + count(two.all(), R"({"id":2,"ok":*)");
    }
    CHECK(good >= 3'000 * 99 / 100);
    CHECK(good <= (3'000 + 100) * 101 / 100);
    for (int i = 0; i < 60; ++i) one.say(kPing), two.say(kPing);
    one.forget(), two.forget();
    CHECK_LIKE(
        two.ask(kPing),
        R"(*"code":"rate_limited"*"retry_after_ms":*,"rule":"address_rate","scope":"address"}})");
    CHECK_LIKE(one.ask(R"({"id":3,"op":"leave","room":"r"})"), R"({"id":3,"ok":*)");
    // A household of IPv6 is one address; who has none is not counted.
    stage.pass(Duration::s(2));  // all that may be said at once is there again
    for (int i = 0; i < 101; ++i) six.say(kPing);
    CHECK(count(six.all(), R"({"id":2,"ok":*)") == 100);
    CHECK_LIKE(home.ask(kPing), R"(*"address_rate"*)");
    CHECK_LIKE(far.ask(kPing), R"({"id":2,"ok":*)");
    CHECK_LIKE(next.ask(kPing), R"({"id":2,"ok":*)");
    for (int i = 0; i < 200; ++i) nobody.say(kPing);
    CHECK(count(nobody.all(), R"({"id":2,"ok":*)") == 200);
    CHECK(two.closed() == 0);
  }
}
