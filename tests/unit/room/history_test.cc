// What is kept, what is shown of it, and when a recovery is whole.
#include "room/history.h"

#include "base/random.h"
#include "unit/room/town.h"

namespace chatroom::room::test {

using Texts = std::vector<std::string>;

namespace {

struct Said {
  std::uint64_t offset;
  ChannelIndex channel;
  std::string text;
  std::int64_t time_ms;
};

// A room whose truth is kept beside it, message by message.
struct Script {
  explicit Script(const Limits& limits, const RoomPolicy& policy) : town(limits) {
    room = town.open("r", policy);
    for (const char* name : {"a", "b", "c"}) {
      REQUIRE(static_cast<bool>(town.rooms.open_channel(room, name, "host")));
    }
  }
  void say(ChannelIndex channel, std::string text) {
    static constexpr std::string_view kNames[] = {"main", "a", "b", "c"};
    town.broadcast(room, text, kNames[channel]);
    said.push_back({town.last.offset, channel, std::move(text), town.now.unix_ms()});
  }
  Texts missed(std::uint64_t since, ChannelMask mask) const {
    Texts texts;
    for (const Said& one : said) {
      if (one.offset > since && (mask & bit_of(one.channel)) != 0) texts.push_back(one.text);
    }
    return texts;
  }

  Town town;
  RoomId room;
  std::vector<Said> said;
};

Limits unlimited() {
  Limits limits;
  limits.publishes = limits.user_publishes = limits.room_publishes = Rate::unlimited();
  return limits;
}

}  // namespace

TEST_CASE("pages go backwards from the newest and forwards from a place, oldest first") {
  Script script(unlimited(), {});
  for (int i = 1; i <= 10; ++i) script.say(i % 2 == 0 ? 1 : 0, std::to_string(i));
  Town& town = script.town;
  const auto page = [&](PageRequest request) {
    return town.rooms.history(script.room, request, town.now);
  };
  CHECK(texts_of(page({.limit = 3})) == Texts{"8", "9", "10"});
  CHECK(page({.limit = 3}).more);
  CHECK(texts_of(page({.before = 8, .limit = 3})) == Texts{"5", "6", "7"});
  CHECK(texts_of(page({.before = 3, .limit = 3})) == Texts{"1", "2"});
  CHECK_FALSE(page({.before = 3, .limit = 3}).more);
  CHECK_FALSE(page({.limit = 10}).more);
  CHECK(page({.before = 1}).messages.empty());
  CHECK(texts_of(page({.before = 99, .limit = 2})) == Texts{"9", "10"});
  CHECK(texts_of(page({.after = 0, .has_after = true, .limit = 2})) == Texts{"1", "2"});
  CHECK(page({.after = 0, .has_after = true, .limit = 2}).more);
  CHECK(texts_of(page({.after = 8, .has_after = true, .limit = 2})) == Texts{"9", "10"});
  CHECK_FALSE(page({.after = 8, .has_after = true, .limit = 2}).more);
  CHECK(page({.after = 10, .has_after = true}).messages.empty());
  CHECK(page({.after = UINT64_MAX, .has_after = true}).messages.empty());
  CHECK(texts_of(page({.before = 6, .after = 2, .has_after = true})) == Texts{"3", "4", "5"});
  // Only what the mask shows, and `more` only if it shows more.
  CHECK(texts_of(page({.mask = 0b10, .limit = 3})) == Texts{"6", "8", "10"});
  CHECK(texts_of(page({.mask = 0b10, .before = 4})) == Texts{"2"});
  CHECK_FALSE(page({.mask = 0b10, .before = 4}).more);
  CHECK(page({.mask = 0b1000}).messages.empty());
  CHECK(texts_of(town.rooms.recent(script.room, 0b01, 2, town.now)) == Texts{"7", "9"});
  CHECK(town.rooms.recent(script.room, kAllChannels, 0, town.now).messages.empty());
}

TEST_CASE("the ring keeps so many and none older than its age") {
  Script script(unlimited(), {.history_messages = 5, .history_age = Duration::s(60)});
  Town& town = script.town;
  for (int i = 1; i <= 8; ++i) script.say(0, std::to_string(i));
  CHECK(texts_of(town.rooms.recent(script.room, 1, 99, town.now)) ==
        Texts{"4", "5", "6", "7", "8"});
  town.wait(Duration::s(40));
  script.say(0, "9");
  town.wait(Duration::s(30));
  CHECK(texts_of(town.rooms.recent(script.room, 1, 99, town.now)) == Texts{"9"});
  RoomPolicy policy = *town.rooms.view(script.room).policy;
  policy.history_messages = 0;
  REQUIRE(static_cast<bool>(town.rooms.set_policy(script.room, policy, town.now)));
  script.say(0, "10");
  CHECK(town.rooms.recent(script.room, 1, 99, town.now).messages.empty());
  CHECK(town.rooms.view(script.room).position.offset == 10);
}

TEST_CASE("a recovery is whole or not at all") {
  Script script(unlimited(), {.history_messages = 1'000});
  Town& town = script.town;
  for (int i = 1; i <= 400; ++i) script.say(0, std::to_string(i));
  const std::uint64_t epoch = town.rooms.view(script.room).position.epoch;
  const auto recovered = [&](std::uint64_t of, std::uint64_t offset) {
    return town.rooms.recover(script.room, {of, offset}, 1, town.now).recovered;
  };
  CHECK(recovered(epoch, 400));
  CHECK(town.rooms.recover(script.room, {epoch, 400}, 1, town.now).page.messages.empty());
  CHECK(texts_of(town.rooms.recover(script.room, {epoch, 398}, 1, town.now).page) ==
        Texts{"399", "400"});
  CHECK(recovered(epoch, 100));
  CHECK_FALSE(recovered(epoch, 99));       // more than 300 missed
  CHECK_FALSE(recovered(epoch, 401));      // ahead of the head
  CHECK_FALSE(recovered(epoch + 1, 399));  // another log
  CHECK_FALSE(recovered(0, 0));
  RoomPolicy policy = *town.rooms.view(script.room).policy;
  policy.history_messages = 10;
  REQUIRE(static_cast<bool>(town.rooms.set_policy(script.room, policy, town.now)));
  CHECK(recovered(epoch, 390));
  CHECK_FALSE(recovered(epoch, 389));  // the ring does not hold it
  const Recovery none = town.rooms.recover(script.room, {epoch, 389}, 1, town.now);
  CHECK(none.page.messages.empty());
  CHECK_FALSE(none.page.more);
}

TEST_CASE("an answer stops at its bytes, says more, and the pages of the promise stay") {
  Limits limits = unlimited();
  limits.page_bytes = 4 * 1024;
  Script script(limits, {.history_messages = 60});
  Town& town = script.town;
  const std::string body(400, 'x');
  for (int i = 1; i <= 60; ++i) script.say(0, body + std::to_string(i));
  const std::uint64_t epoch = town.rooms.view(script.room).position.epoch;
  const Recovery recovery = town.rooms.recover(script.room, {epoch, 0}, 1, town.now);
  REQUIRE(recovery.recovered);
  CHECK(recovery.page.more);
  CHECK(recovery.page.messages.size() < 12);
  Texts got = texts_of(recovery.page);
  std::uint64_t at = recovery.page.messages.back().offset;
  bool more = true;
  int talk = 0;
  while (more) {  // the room goes on meanwhile; what was promised may not fall out of the ring
    for (int i = 0; i < 10; ++i) town.broadcast(script.room, "later " + std::to_string(talk++));
    const Page page =
        town.rooms.history(script.room, {.before = 61, .after = at, .has_after = true}, town.now);
    for (const std::string& text : texts_of(page)) got.push_back(text);
    if (!page.messages.empty()) at = page.messages.back().offset;
    more = page.more;
    town.wait(Duration::s(1));
  }
  CHECK(got == script.missed(0, 1));
  town.wait(Duration::s(60));
  script.say(0, "end");
  CHECK(town.rooms.view(script.room).history_messages == 60);
}

TEST_CASE("a message longer than a page still goes, alone") {
  Limits limits = unlimited();
  limits.page_bytes = 1'024;
  Script script(limits, {});
  for (int i = 0; i < 3; ++i) script.say(0, std::string(2'000, static_cast<char>('a' + i)));
  const Page page = script.town.rooms.recent(script.room, 1, 9, script.town.now);
  REQUIRE(page.messages.size() == 1);
  CHECK(page.messages[0].text == std::string(2'000, 'c'));
  CHECK(page.more);
}

TEST_CASE("whatever is said and asked, recovery and pages agree with what was said") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    base::Random random(seed);
    Limits limits = unlimited();
    limits.history_pool_bytes = 1'024 * (4 + random.below(200));
    limits.page_bytes = static_cast<std::uint32_t>(2'000 + random.below(60'000));
    const auto kept = static_cast<std::uint32_t>(random.below(200));
    Script script(limits, {.history_messages = kept, .history_age = Duration::s(300)});
    Town& town = script.town;
    const std::uint64_t epoch = town.rooms.view(script.room).position.epoch;
    INFO("seed " << seed);
    for (int step = 0; step < 600; ++step) {
      const std::string text(random.below(random.below(8) == 0 ? 3'000 : 60), 'x');
      script.say(static_cast<ChannelIndex>(random.below(4)), text + std::to_string(step));
      if (random.below(50) == 0) town.wait(Duration::s(40));
      if (step % 5 != 0) continue;
      const std::uint64_t head = script.said.back().offset;
      const std::uint64_t since = random.below(head + 1);
      const auto mask = static_cast<ChannelMask>(random.below(16));
      Recovery recovery = town.rooms.recover(script.room, {epoch, since}, mask, town.now);
      const Texts truth = script.missed(since, mask);
      const std::uint64_t holds = town.rooms.view(script.room).history_messages;
      REQUIRE(holds <= kept + 300);  // 300 for what a recovery was promised
      REQUIRE(recovery.recovered == (head - since <= 300 && head - since <= holds));
      if (!recovery.recovered) {
        REQUIRE(recovery.page.messages.empty());
        continue;
      }
      Texts got = texts_of(recovery.page);
      std::uint64_t at = got.empty() ? since : recovery.page.messages.back().offset;
      bool more = recovery.page.more;
      while (more) {
        const Page page = town.rooms.history(
            script.room, {.mask = mask, .after = at, .has_after = true, .limit = 50}, town.now);
        REQUIRE_FALSE(page.messages.empty());
        for (const std::string& one : texts_of(page)) got.push_back(one);
        at = page.messages.back().offset;
        more = page.more;
      }
      REQUIRE(got == truth);
      // And the same from the other end.
      Texts back;
      std::uint64_t before = 0;
      do {
        const Page page = town.rooms.history(
            script.room, {.mask = mask, .before = before, .limit = 30}, town.now);
        Texts texts = texts_of(page);
        back.insert(back.begin(), texts.begin(), texts.end());
        more = page.more;
        if (!page.messages.empty()) before = page.messages.front().offset;
      } while (more);
      const Texts shown = script.missed(head - holds, mask);
      REQUIRE(back == shown);
    }
    town.rooms.close(script.room);
  }
}

TEST_CASE("a dry pool takes the oldest of the longest room") {
  Limits limits = unlimited();
  limits.history_pool_bytes = 16 * 1024;
  Town town(limits);
  const RoomId quiet = town.open("quiet");
  const RoomId loud = town.open("loud");
  for (int i = 0; i < 5; ++i) town.broadcast(quiet, "quiet " + std::to_string(i));
  for (int i = 0; i < 2'000; ++i) town.broadcast(loud, "loud " + std::to_string(i));
  CHECK(town.rooms.view(quiet).history_messages == 5);
  const std::uint64_t held = town.rooms.view(loud).history_messages;
  CHECK(held > 100);
  CHECK(held < 300);
  const Page page = town.rooms.recent(loud, 1, 100, town.now);
  CHECK(page.messages.back().text == "loud 1999");
  CHECK(page.messages.front().text == "loud 1900");
  // The quiet one may grow at the other's expense.
  for (int i = 5; i < 60; ++i) town.broadcast(quiet, "quiet " + std::to_string(i));
  CHECK(town.rooms.view(quiet).history_messages == 60);
  CHECK(town.rooms.view(loud).history_messages < held);
  town.broadcast(quiet, std::string(60'000, 'x'));  // more than there is
  CHECK(town.rooms.view(quiet).position.offset == 61);
  CHECK(town.rooms.view(quiet).history_messages == 0);
  town.broadcast(quiet, "after");
  CHECK(texts_of(town.rooms.recent(quiet, 1, 9, town.now)) == Texts{"after"});
}

TEST_CASE("what storage kept is read back under its own epoch") {
  Script before(unlimited(), {});
  for (int i = 1; i <= 5; ++i) before.say(i % 2 == 0 ? 1 : 0, std::to_string(i));
  Town town(unlimited());
  const RoomId room = town.open("r");
  town.rooms.restore(room, 5, town.rooms.view(room).position.epoch);
  town.rooms.set_epoch(room, 0xabc);
  const Page stored = before.town.rooms.recent(before.room, kAllChannels, 9, before.town.now);
  for (const Message& message : stored.messages) {
    town.rooms.restore_message(room, message, town.now);
  }
  CHECK(town.rooms.view(room).position == Position{0xabc, 5});
  CHECK(texts_of(town.rooms.recover(room, {0xabc, 2}, kAllChannels, town.now).page) ==
        Texts{"3", "4", "5"});
  CHECK(town.rooms.channel(room, "a") == 1);
  town.broadcast(room, "6");
  CHECK(town.last == Position{0xabc, 6});
  CHECK(town.rooms.recover(room, {0xabc, 0}, kAllChannels, town.now).page.messages.size() == 6);
}

TEST_CASE("a room restored without its messages recovers nobody who missed some") {
  Town town(unlimited());
  const RoomId room = town.open("r");
  town.rooms.restore(room, 5, town.rooms.view(room).position.epoch);
  town.rooms.set_epoch(room, 0xabc);
  CHECK(town.rooms.recover(room, {0xabc, 5}, 1, town.now).recovered);
  CHECK_FALSE(town.rooms.recover(room, {0xabc, 4}, 1, town.now).recovered);
  const Message stale{.channel = "main", .offset = 3, .text = "3", .time_ms = kStart / 1'000};
  town.rooms.restore_message(room, stale, town.now);
  CHECK_FALSE(town.rooms.recover(room, {0xabc, 2}, 1, town.now).recovered);
  town.broadcast(room, "6");
  CHECK(town.rooms.recover(room, {0xabc, 5}, 1, town.now).recovered);
  CHECK_FALSE(town.rooms.recover(room, {0xabc, 2}, 1, town.now).recovered);
}

}  // namespace chatroom::room::test
