// Pages of history that come out of the storage: to their ends, over holes and over what the reader
// may not see; and what a ring holds after a restart.
#include <algorithm>

#include "chatroom/adapters/memory.h"
#include "unit/engine/stored.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string say(std::string_view text) {
  std::string line = R"({"id":5,"op":"publish","room":"r","text":")" + std::string(text) + '"';
  return line + "}";
}

// What one reader finds page by page, in his order; each page that says more says where it goes on.
std::string read_through(Peer& reader, bool forward) {
  std::string found;
  std::string from = forward ? "0" : "";
  for (int pages = 0; pages < 200; ++pages) {
    std::string ask = R"({"id":3,"op":"history","room":"r","limit":20)";
    if (!from.empty()) ask += (forward ? R"(,"after":)" : R"(,"before":)") + from;
    const std::string page = reader.ask(ask + "}");
    found = forward ? found + texts(page) : texts(page) + found;
    if (page.find(R"("more":true)") == std::string::npos) return found;
    const std::size_t at = forward ? page.rfind("\"offset\":") : page.find("\"offset\":");
    INFO(page.substr(0, 200));
    REQUIRE(at != std::string::npos);
    from = page.substr(at + 9, page.find_first_of(",}", at) - at - 9);
  }
  return "does not end: " + found;
}

}  // namespace

TEST_CASE("a client can read a kept room from its beginning to its end", "[engine][storage]") {
  MemoryStorage storage;
  {
    Stage stage(stored(storage));
    Peer& alice = stage.user(kTcp, "alice");
    alice.ask(R"({"id":2,"op":"join","room":"r","channels":["main","b"]})");
    // The middle is all in another channel.
    for (int i = 1; i <= 300; ++i) {
      const bool other = i > 50 && i <= 250;
      alice.ask(R"({"id":5,"op":"publish","room":"r","channel":")" +
                std::string(other ? "b" : "main") + R"(","text":")" + std::to_string(i) + R"("})");
    }
    stage.run();
    CHECK(storage.messages("r") == 300);
  }
  Stage stage(stored(storage));
  Peer& bob = stage.user(kWsJson, "bob");
  bob.ask(R"({"id":2,"op":"join","room":"r"})");
  std::string all;
  std::string after = "0";
  int pages = 0;
  for (bool more = true; more && pages < 100; ++pages) {
    const std::string page =
        bob.ask(R"({"id":3,"op":"history","room":"r","limit":20,"after":)" + after + "}");
    all += texts(page);
    more = page.find(R"("more":true)") != std::string::npos;
    const std::size_t last = page.rfind("\"offset\":");
    if (more) {
      INFO("a page that says more must move the reader on");
      REQUIRE(last != std::string::npos);
    }
    if (last != std::string::npos) after = page.substr(last + 9, page.find(',', last) - last - 9);
  }
  std::string expected;
  for (int i = 1; i <= 300; ++i) {
    if (i <= 50 || i > 250) expected += std::to_string(i) + " ";
  }
  CHECK(all == expected);
  CHECK(pages < 20);
  // And backwards.
  all.clear();
  std::string before = "301";
  pages = 0;
  for (bool more = true; more && pages < 100; ++pages) {
    const std::string page =
        bob.ask(R"({"id":3,"op":"history","room":"r","limit":20,"before":)" + before + "}");
    all = texts(page) + all;
    more = page.find(R"("more":true)") != std::string::npos;
    const std::size_t at = page.find("\"channel\":\"main\",\"offset\":");
    if (more) REQUIRE(at != std::string::npos);
    if (at != std::string::npos) before = page.substr(at + 26, page.find(',', at + 26) - at - 26);
  }
  CHECK(all == expected);
}

TEST_CASE("past any number of messages that a reader may not see there is a way on",
          "[engine][storage]") {
  MemoryStorage storage;
  StageOptions options = stored(storage);
  options.engine.limits.page_messages = 10;  // 160 of them are looked at for one command
  options.engine.new_room_policy.history_messages = 10;
  Stage stage(options);
  Peer& alice = stage.user(kTcp, "alice");
  alice.ask(R"({"id":2,"op":"join","room":"r","channels":["main","b"]})");
  alice.ask(say("first"));
  for (int i = 0; i < 500; ++i) {
    alice.ask(R"({"id":5,"op":"publish","room":"r","channel":"b","text":"hidden"})");
  }
  alice.ask(say("last"));
  stage.run();
  for (const Carrier& carrier : {kTcp, kWsJson}) {
    INFO(carrier.name);
    Peer& bob = stage.member(carrier, "bob", "r");
    CHECK(read_through(bob, true) == "first last ");
    CHECK(read_through(bob, false) == "first last ");
    bob.drop();
  }
}

TEST_CASE("a message longer than a page stands alone in one", "[engine][storage]") {
  MemoryStorage storage;
  StageOptions options = stored(storage);
  options.engine.limits.page_bytes = 512;
  options.engine.new_room_policy.history_messages = 2;
  Stage stage(options);
  Peer& alice = stage.member(kTcp, "alice", "r");
  const std::string longer(1'000, 'x');
  for (const std::string& text :
       {std::string{"1"}, longer, longer, std::string{"4"}, std::string{"5"}, std::string{"6"}}) {
    alice.ask(say(text));
  }
  stage.run();
  CHECK(read_through(alice, true) == "1 " + longer + " " + longer + " 4 5 6 ");
  CHECK(read_through(alice, false) == "1 " + longer + " " + longer + " 4 5 6 ");
}

TEST_CASE("whoever reads back into a hole of the stored log comes to its other side",
          "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  StageOptions options = stored(storage);
  options.engine.new_room_policy.history_messages = 5;
  options.engine.limits.page_messages = 10;
  Stage stage(options);
  Peer& alice = stage.member(kTcp, "alice", "r");
  alice.ask(say("1"));
  alice.ask(say("2"));
  storage.late = true;
  for (int i = 3; i <= 100; ++i) alice.ask(say(std::to_string(i)));
  while (storage.waiting() > 0) {
    storage.deliver();
    stage.run();
  }
  storage.late = false;
  for (int i = 101; i <= 110; ++i) alice.ask(say(std::to_string(i)));
  stage.run();
  const std::string all = read_through(alice, true);
  CHECK(all.substr(0, 4) == "1 2 ");
  CHECK(all.find(" 50 ") == std::string::npos);
  CHECK(read_through(alice, false) == all);
  for (int before = 1; before <= 111; ++before) {
    const std::string page = alice.ask(R"({"id":3,"op":"history","room":"r","limit":7,"before":)" +
                                       std::to_string(before) + "}");
    CHECK((before < 2 || !texts(page).empty()));
  }
}

TEST_CASE("after a restart the ring holds what somebody may come back for", "[engine][storage]") {
  MemoryStorage under;
  testing::FaultyStorage storage(under);
  StageOptions options = stored(storage, Durability::before);
  options.engine.limits.page_bytes = 4'096;
  options.engine.limits.page_messages = 10;
  std::string epoch;
  const std::string text(900, 'x');
  {
    Stage stage(options);
    Peer& alice = stage.member(kTcp, "alice", "r");
    for (int i = 0; i < 40; ++i) {
      alice.say(say(text));
      stage.run();
      epoch = epoch_in(alice.next());
      alice.forget();
    }
  }
  const auto comes_back = [&](const std::string& name) {
    Stage stage(options);
    Peer& bob = stage.user(kTcp, name);
    bob.say(R"({"id":2,"op":"join","room":"r","since":{"epoch":")" + epoch + R"(","offset":7}})");
    stage.run();
    const std::string answer = bob.next();
    const bool recovered = answer.find(R"("recovered":true)") != std::string::npos;
    const std::string all = read_through(bob, true);
    CHECK(std::count(all.begin(), all.end(), ' ') == 40);
    return recovered;
  };
  CHECK(comes_back("bob"));
  // A read that fails half way leaves no part of a ring.
  storage.fail_at = storage.requests + 3;
  CHECK_FALSE(comes_back("carol"));
}
