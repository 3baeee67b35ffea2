// Several engines: rooms that a client opens, numbers of channels after a succession, what was
// taken back before a far member saw it, and losses after which nothing comes.
#include "scenario/engines.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string command(int id, const char* op, const std::string& room, const std::string& more = {}) {
  return R"({"id":)" + std::to_string(id) + R"(,"op":")" + op + R"(","room":")" + room + '"' +
         more + "}";
}
std::string done(int id) { return R"({"id":)" + std::to_string(id) + R"(,"ok":*)"; }

std::size_t count(const std::vector<std::string>& lines, const std::string& part) {
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(),
                    [&](const std::string& line) { return line.find(part) != std::string::npos; }));
}

// Without the others: only these two have spoken to each other when it returns.
void settle(Engines& server, std::uint32_t a, std::uint32_t b) {
  for (int i = 0; i < 3; ++i) {
    for (const std::uint32_t engine : {a, b}) {
      server[engine].loop.run_once();
      server[engine].run();
    }
  }
}

}  // namespace

TEST_CASE("a room that a client opens is one room, at its home", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Peer& near = server.stages[0]->user(kTcp, "near");
  Peer& far = server.stages[1]->user(kTcp, "far");
  CHECK_LIKE(server.ask(far, command(2, "open_room", room)), done(2));
  CHECK(server[0].engine().room(room));
  CHECK_FALSE(server[1].engine().room(room));
  CHECK_LIKE(server.ask(near, command(2, "open_room", room)), R"(*"already_member"*)");
  CHECK_LIKE(server.ask(far, command(3, "open_room", room)), R"(*"already_member"*)");
  CHECK_LIKE(server.ask(far, command(4, "join", room)), R"(*"role":"owner"*)");
  CHECK_LIKE(server.ask(far, command(5, "open_room", room)), R"(*"already_member"*)");
  CHECK_LIKE(server.ask(near, command(4, "join", room)), done(4));
  near.forget();
  CHECK_LIKE(server.ask(far, command(6, "publish", room, R"(,"text":"to all")")), done(6));
  server.run();
  CHECK(count(near.all(), "to all") == 1);
  // What is wrong with it is said by the home as well.
  const std::string other = server.room_of(0, "other");
  CHECK_LIKE(server.ask(far, command(7, "open_room", other, R"(,"policy":{"password":"x"})")),
             R"(*"unsupported"*)");
  CHECK_FALSE(server[0].engine().room(other));
}

TEST_CASE("who opened a room from another engine keeps order in it from there", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Peer& near = server.stages[0]->user(kTcp, "near");
  Peer& far = server.stages[1]->user(kTcp, "far");
  CHECK_LIKE(server.ask(far, command(1, "open_room", room)), done(1));
  CHECK_LIKE(server.ask(far, command(2, "join", room)), done(2));
  CHECK_LIKE(server.ask(near, command(2, "join", room)), done(2));
  CHECK_LIKE(server.ask(near, command(3, "publish", room, R"(,"text":"one")")), done(3));
  const std::string who = R"(,"user":"near")";
  const std::pair<const char*, std::string> asked[] = {
      {"mute", who + R"(,"for_ms":60000)"},
      {"unmute", who},
      {"set_role", who + R"(,"role":"moderator")"},
      {"allow", who},
      {"disallow", who},
      {"pin", R"(,"offset":1)"},
      {"unpin", R"(,"offset":1)"},
      {"recall", R"(,"offset":1)"},
      {"clear", who},
      {"set_attribute", R"(,"key":"topic","value":"x")"},
      {"set_policy", R"(,"policy":{"slow_mode_s":5})"},
      {"open_channel", R"(,"channel":"news")"},
      {"close_channel", R"(,"channel":"news")"},
      {"kick", who},
      {"ban", who},
      {"unban", who},
      {"close_room", {}},
  };
  for (const auto& [op, more] : asked) {
    INFO(op);
    CHECK_LIKE(server.ask(far, command(9, op, room, more)), done(9));
    server.run();
  }
  CHECK(count(near.all(), R"("reason":"kicked")") == 1);
  CHECK_FALSE(server[0].engine().room(room));
  CHECK_FALSE(server[1].engine().room(room));
}

TEST_CASE("after a succession nobody is shown a channel that he is not on", "[broker]") {
  std::string room;
  std::uint32_t heir = 0;
  {
    Engines probe(3);
    room = probe.room_of(0);
    probe.stages[0].reset();
    heir = probe.broker.home_of(room);
  }
  Engines server(3);
  const std::uint32_t other = 3 - heir;
  Peer& at_heir = server.member(heir, kTcp, "heir", room);
  Peer& away = server.member(other, kTcp, "away", room);
  // The heir never hears of that channel.
  away.say(command(3, "subscribe", room, R"(,"channel":"team a")"));
  settle(server, other, 0);
  CHECK(count(away.all(), R"({"id":3,"ok")") == 1);
  server.stages[0].reset();
  server[heir].loop.run_once();
  server[heir].run();
  at_heir.say(command(4, "subscribe", room, R"(,"channel":"team b")"));
  server[heir].run();
  server.run();
  away.forget();
  at_heir.forget();
  CHECK_LIKE(
      server.ask(at_heir, command(5, "publish", room, R"(,"channel":"team b","text":"secret")")),
      done(5));
  server.run();
  CHECK(count(away.all(), "secret") == 0);
  CHECK_LIKE(server.ask(at_heir, command(6, "subscribe", room, R"(,"channel":"team a")")), done(6));
  CHECK_LIKE(
      server.ask(at_heir, command(7, "publish", room, R"(,"channel":"team a","text":"for a")")),
      done(7));
  CHECK_LIKE(server.ask(at_heir, command(8, "publish", room, R"(,"text":"for all")")), done(8));
  server.run();
  const std::vector<std::string> heard = away.all();
  CHECK(count(heard, "for a\"") == 1);
  CHECK(count(heard, "for all") == 1);
}

TEST_CASE("what is cleared before a far member took it is not shown to him", "[broker]") {
  Engines server(2);
  const std::string room = server.room_of(0);
  Peer& nasty = server.member(0, kTcp, "nasty", room);
  Peer& nice = server.member(0, kTcp, "nice", room);
  Peer& away = server.member(1, kTcp, "away", room);
  away.stall(true);
  // Frames that were begun are ended: these may be.
  const std::string fill = R"(,"text":")" + std::string(4'000, 'x') + '"';
  for (int i = 0; i < 3; ++i) server.ask(nice, command(4, "publish", room, fill));
  server.ask(nasty, command(5, "publish", room, R"(,"text":"nasty words")"));
  server.ask(nice, command(5, "publish", room, R"(,"text":"nice words")"));
  server.run();
  const bool one = GENERATE(true, false);
  REQUIRE(server[0].engine().room(room)->clear(one ? "nasty" : ""));
  server.run();
  away.stall(false);
  server.run();
  const std::vector<std::string> heard = away.all();
  CHECK(count(heard, "nasty words") == 0);
  CHECK(count(heard, "nice words") == (one ? 1 : 0));
  CHECK(count(heard, "messages_cleared") == 1);
}

TEST_CASE("the last entries, lost to a full mailbox, are told as lost", "[broker]") {
  LocalBrokerOptions options;
  options.mailbox_items = 64;
  Engines server(2, open_options(), options);
  const std::string room = server.room_of(0);
  Peer& away = server.member(1, kTcp, "away", room);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(server[0].engine().room(room)->broadcast({.text = "again"}));
    server[0].run();
  }
  server.run();
  server.pass(Duration::ms(200));
  const std::vector<std::string> all = away.all();
  const std::size_t heard = count(all, R"("event":"message")");
  CHECK(heard < 100);
  CHECK(count(all, R"("event":"gap")") == 1);
  CHECK(count(all, R"("count":)" + std::to_string(100 - heard) + ',') == 1);
  CHECK(count(all, R"("to":100)") == 1);
  CHECK(server.broker.stats(0).parted == 0);
}

TEST_CASE("a private word lost to a full mailbox is told as lost", "[broker]") {
  LocalBrokerOptions options;
  options.mailbox_items = 64;
  Engines server(2, open_options(), options);
  const std::string room = server.room_of(0);
  Peer& away = server.member(1, kTcp, "away", room);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(server[0].engine().room(room)->send_to("away", {.text = "psst"}));
  }
  server.run();
  server.pass(Duration::ms(200));
  const std::vector<std::string> all = away.all();
  const std::size_t heard = count(all, "psst");
  CHECK(heard < 100);
  CHECK(count(all, R"("event":"gap")") == 1);
  CHECK(count(all, R"("count":)" + std::to_string(100 - heard)) == 1);
}

TEST_CASE("rooms that others follow are bounded, and let go", "[broker]") {
  LocalBrokerOptions options;
  options.subscribed_rooms = 8;
  EngineOptions engine = open_options();
  engine.open_rooms = false;
  Engines server(2, engine, options);
  Peer& away = server.stages[1]->user(kTcp, "away");
  for (int i = 0; i < 20; ++i) {
    const std::string room = server.room_of(0, "nowhere" + std::to_string(i) + ".");
    CHECK_LIKE(server.ask(away, command(3, "join", room)), R"(*"not_found"*)");
  }
  CHECK(server.broker.stats(0).subscribed == 0);
  CHECK(server.broker.stats(0).parted == 0);
  for (int i = 0; i < 9; ++i) {
    const std::string room = server.room_of(0, "real" + std::to_string(i) + ".");
    REQUIRE(server[0].engine().open_room(room, {}));
    const std::string answer = server.ask(away, command(4, "join", room));
    if (i < 8) CHECK_LIKE(answer, done(4));
  }
  server.pass(Duration::s(3));
  CHECK(server.broker.stats(0).parted == 1);
  CHECK(server.broker.stats(0).subscribed <= 8);
  // They find each other again.
  const std::string room = server.room_of(0, "real0.");
  CHECK_LIKE(server.ask(away, command(5, "join", room)), done(5));
}
