// The account that replay keeps must notice what it is there to notice: each fault by its name.
#include "account.h"

#include <string>

#include "catch.hpp"

using namespace replayer;
using chatroom::Message;

namespace {

constexpr std::int64_t kNow = 1'000;

// Two members of one room; the first says "m1", "m2", …
struct Room {
  Room() : account(2) {
    account.add_member(0, "ann");
    account.add_member(1, "ben");
    account.begin(0, 0);
    account.begin(1, 0);
  }
  static std::string text(std::uint64_t offset) { return "m" + std::to_string(offset); }
  void say(std::uint64_t count) {
    for (std::uint64_t i = 1; i <= count; ++i) {
      account.sent(0, static_cast<std::uint32_t>(i + 2), text(i), kNow);
    }
  }
  // As replay does it: compare the bytes first, decode what does not match.
  void arrives(std::size_t member, std::uint64_t offset, const std::string& body,
               const char* user = "ann") {
    const std::string frame = std::string(user) + "|" + std::to_string(offset) + "|" + body;
    if (account.matches(member, Profile::json, frame, kNow + 5)) return;
    Message message;
    message.offset = offset;
    message.user = user;
    message.text = body;
    account.received(member, Profile::json, frame, message, kNow + 5);
  }
  void arrives(std::size_t member, std::uint64_t offset) { arrives(member, offset, text(offset)); }
  Account account;
};

}  // namespace

TEST_CASE("all in order is all delivered") {
  Room room;
  room.say(3);
  for (std::uint64_t offset = 1; offset <= 3; ++offset) {
    room.arrives(0, offset);
    room.arrives(1, offset);
  }
  CHECK(room.account.expected() == 6);
  CHECK(room.account.totals().delivered == 6);
  CHECK(room.account.lost() == 0);
  CHECK(room.account.slowest() == 3);
  CHECK(room.account.totals().duplicated == 0);
  CHECK(room.account.totals().reordered == 0);
  CHECK(room.account.latencies().percentile(0.5) == 5);
}

TEST_CASE("a message that never comes is lost") {
  Room room;
  room.say(3);
  for (const unsigned offset : {1u, 2u, 3u}) room.arrives(0, offset);
  for (const unsigned offset : {1u, 3u}) room.arrives(1, offset);
  CHECK(room.account.lost() == 1);
  CHECK(room.account.slowest() == 2);
}

TEST_CASE("a message that comes again is doubled, not delivered twice") {
  Room room;
  room.say(2);
  for (const unsigned offset : {1u, 1u, 2u, 1u}) room.arrives(0, offset);
  CHECK(room.account.totals().delivered == 2);
  CHECK(room.account.totals().duplicated == 2);
}

TEST_CASE("a message behind a later one is out of order, and not lost") {
  Room room;
  room.say(4);
  for (const unsigned offset : {1u, 4u, 3u, 2u}) room.arrives(0, offset);
  for (const unsigned offset : {1u, 2u, 3u, 4u}) room.arrives(1, offset);
  CHECK(room.account.totals().reordered == 2);
  CHECK(room.account.totals().duplicated == 0);
  CHECK(room.account.lost() == 0);
}

TEST_CASE("another text at a message's place is no delivery") {
  Room room;
  room.say(2);
  room.arrives(0, 1);
  room.arrives(1, 1, "other");
  CHECK(room.account.totals().corrupted == 1);
  CHECK(room.account.totals().delivered == 1);
  room.arrives(0, 2, "never said");
  CHECK(room.account.totals().corrupted == 2);
  CHECK(room.account.lost() == 3);
}

TEST_CASE("what others say takes a place and counts for nobody") {
  Room room;
  room.say(1);
  room.arrives(0, 1, "hello", "visitor");
  room.arrives(1, 1, "hello", "visitor");
  room.arrives(0, 2, "m1");
  room.arrives(1, 2, "m1");
  CHECK(room.account.totals().foreign == 1);
  CHECK(room.account.lost() == 0);
  CHECK(room.account.totals().delivered == 2);
}

TEST_CASE("a refused message is expected of nobody") {
  Room room;
  room.say(2);
  room.account.refused(0, 3);
  room.arrives(0, 1, "m2");
  room.arrives(1, 1, "m2");
  CHECK(room.account.totals().refused == 1);
  CHECK(room.account.expected() == 2);
  CHECK(room.account.lost() == 0);
}
