// Who is in a room, told by differences, counts and pages.
#include <set>

#include "base/random.h"
#include "unit/room/town.h"

namespace chatroom::room::test {

using Names = std::vector<std::string>;

namespace {

Names joins_of(const PresenceChange& change) {
  Names names;
  for (const chatroom::Member& member : change.joins) names.emplace_back(member.user);
  return names;
}
Names leaves_of(const PresenceChange& change) {
  return {change.leaves.begin(), change.leaves.end()};
}

}  // namespace

TEST_CASE("joins and leaves since the last telling are told once, in order") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice", Role::member, "Al");
  const SessionIndex desk = town.session("alice");
  const SessionIndex bob = town.session("bob");
  town.join(room, alice);
  town.join(room, bob);
  town.join(room, desk);
  CHECK(town.rooms.next_presence(town.now) == room);
  PresenceChange change = town.rooms.take_presence(room, town.now);
  CHECK(change.exact);
  CHECK(change.online == 2);
  CHECK(change.version == 2);
  CHECK(joins_of(change) == Names{"alice", "bob"});
  CHECK(change.leaves.empty());
  CHECK_FALSE(static_cast<bool>(town.rooms.next_presence(town.now)));
  CHECK(town.rooms.next_presence_due() == Instant::never());

  town.leave(room, alice);  // one of two sessions: nothing to tell
  CHECK_FALSE(static_cast<bool>(town.rooms.next_presence(town.now)));
  const SessionIndex carol = town.session("carol");
  town.join(room, carol);
  town.leave(room, desk);
  town.leave(room, bob);
  town.rooms.sign_out(bob);
  change = town.rooms.take_presence(room, town.now);
  CHECK(joins_of(change) == Names{"carol"});
  CHECK(leaves_of(change) == Names{"alice", "bob"});
  CHECK(change.version == 5);
}

TEST_CASE("coming and going between two tellings is nothing, but the version rises") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  const SessionIndex bob = town.session("bob");
  town.join(room, alice);
  static_cast<void>(town.rooms.take_presence(room, town.now));
  town.join(room, bob);
  town.leave(room, bob);
  town.leave(room, alice);
  town.join(room, alice);
  const PresenceChange change = town.rooms.take_presence(room, town.now);
  CHECK(change.joins.empty());
  CHECK(change.leaves.empty());
  CHECK(change.version == 5);
  town.leave(room, alice);
  CHECK(leaves_of(town.rooms.take_presence(room, town.now)) == Names{"alice"});
}

TEST_CASE("who got the list while somebody was out is told that he is back") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  const SessionIndex bob = town.session("bob");
  town.join(room, alice);
  town.join(room, bob);
  static_cast<void>(town.rooms.take_presence(room, town.now));
  town.leave(room, alice);
  CHECK(town.rooms.presence(room, 50, {}, nullptr)->members.size() == 1);
  town.join(room, alice);
  const PresenceChange back = town.rooms.take_presence(room, town.now);
  CHECK(joins_of(back) == Names{"alice"});
  // Out, listed, back and out again: one leave.
  town.leave(room, alice);
  CHECK(town.rooms.presence(room, 50, {}, nullptr)->members.size() == 1);
  town.join(room, alice);
  town.leave(room, alice);
  const PresenceChange gone = town.rooms.take_presence(room, town.now);
  CHECK(gone.joins.empty());
  CHECK(leaves_of(gone) == Names{"alice"});
}

TEST_CASE("above the bound only counts are told, at most once a second") {
  Limits limits;
  limits.presence_exact = 3;
  Town town(limits);
  const RoomId room = town.open("r");
  for (const char* name : {"a", "b", "c"}) town.join(room, town.session(name));
  CHECK(town.rooms.take_presence(room, town.now).joins.size() == 3);
  const SessionIndex d = town.session("d");
  town.join(room, d);
  PresenceChange change = town.rooms.take_presence(room, town.now);
  CHECK_FALSE(change.exact);
  CHECK(change.online == 4);
  CHECK(change.joins.empty());
  const SessionIndex e = town.session("e");
  town.join(room, e);
  CHECK_FALSE(static_cast<bool>(town.rooms.next_presence(town.now)));
  CHECK(town.rooms.next_presence_due() == town.now + Duration::s(1));
  town.wait(Duration::ms(999));
  CHECK_FALSE(static_cast<bool>(town.rooms.next_presence(town.now)));
  town.wait(Duration::ms(1));
  CHECK(town.rooms.next_presence(town.now) == room);
  CHECK(town.rooms.take_presence(room, town.now).online == 5);

  // Back under the bound: one more count, then differences on top of who is here.
  town.leave(room, d);
  town.leave(room, e);
  town.wait(Duration::s(1));
  CHECK(town.rooms.next_presence(town.now) == room);
  CHECK_FALSE(town.rooms.take_presence(room, town.now).exact);
  town.leave(room, 0);
  town.wait(Duration::s(1));
  CHECK(town.rooms.next_presence(town.now) == room);
  change = town.rooms.take_presence(room, town.now);
  CHECK(change.exact);
  CHECK(leaves_of(change) == Names{"a"});
}

TEST_CASE("pages of members go on where they stopped, whoever leaves meanwhile") {
  Town town;
  const RoomId room = town.open("r");
  for (int i = 0; i < 25; ++i) town.join(room, town.session("u" + std::to_string(i)));
  Names seen;
  std::string cursor;
  int pages = 0;
  do {
    const Result<PresencePage> page = town.rooms.presence(room, 10, cursor, nullptr);
    REQUIRE(static_cast<bool>(page));
    for (const chatroom::Member& member : page->members) seen.emplace_back(member.user);
    cursor = page->next;
    // The cursor's own member goes.
    if (pages++ == 0) town.leave(room, 9);
  } while (!cursor.empty());
  REQUIRE(seen.size() == 25);
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == "u" + std::to_string(i));

  CHECK(town.rooms.presence(room, 10, "nonsense", nullptr).error().code == Errc::bad_request);
  const Result<PresencePage> page = town.rooms.presence(room, 0, {}, nullptr);
  CHECK(page->online == 24);
  CHECK(page->members[0].since_ms == kStart / 1'000);
  CHECK(page->next.empty());
  const std::uint64_t version = page->version;
  CHECK(town.rooms.presence(room, 0, {}, &version)->unchanged);
  REQUIRE(static_cast<bool>(town.rooms.set_role(room, "u3", Role::speaker)));
  CHECK_FALSE(town.rooms.presence(room, 0, {}, &version)->unchanged);
}

TEST_CASE("who is on a list that somebody was given is told to leave even if it was never told") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  const SessionIndex bob = town.session("bob");
  town.join(room, alice);
  static_cast<void>(town.rooms.take_presence(room, town.now));
  town.join(room, bob);
  CHECK(town.rooms.presence(room, 0, {}, nullptr)->members.size() == 2);
  town.leave(room, bob);
  PresenceChange change = town.rooms.take_presence(room, town.now);
  CHECK(joins_of(change).empty());
  CHECK(leaves_of(change) == Names{"bob"});

  // If it stays, the others still have to hear of it.
  town.join(room, bob);
  CHECK(town.rooms.presence(room, 0, {}, nullptr)->members.size() == 2);
  change = town.rooms.take_presence(room, town.now);
  CHECK(joins_of(change) == Names{"bob"});
  CHECK(change.leaves.empty());
}

TEST_CASE("a change that could not be told is followed by a count") {
  Town town;
  const RoomId room = town.open("r");
  const SessionIndex alice = town.session("alice");
  const SessionIndex bob = town.session("bob");
  town.join(room, alice);
  CHECK(town.rooms.take_presence(room, town.now).exact);
  town.join(room, bob);
  const std::uint64_t version = town.rooms.take_presence(room, town.now).version;
  town.rooms.presence_untold(room, town.now);
  CHECK_FALSE(static_cast<bool>(town.rooms.next_presence(town.now)));  // not at once again
  town.leave(room, alice);
  town.wait(Duration::s(1));
  REQUIRE(town.rooms.next_presence(town.now) == room);
  PresenceChange change = town.rooms.take_presence(room, town.now);
  CHECK_FALSE(change.exact);
  CHECK(change.online == 1);
  CHECK(change.version == version + 1);
  CHECK_FALSE(static_cast<bool>(town.rooms.next_presence(town.now)));

  // From there on by differences again, on top of who was there.
  town.wait(Duration::s(1));
  town.leave(room, bob);
  town.join(room, alice);
  REQUIRE(town.rooms.next_presence(town.now) == room);
  change = town.rooms.take_presence(room, town.now);
  CHECK(change.exact);
  CHECK(joins_of(change) == Names{"alice"});
  CHECK(leaves_of(change) == Names{"bob"});
}

TEST_CASE("who applies every difference knows who is there") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    base::Random random(seed);
    Limits limits;
    limits.presence_exact = 40;
    limits.publishes = {1, 2};
    Town town(limits);
    RoomId rooms[] = {town.open("a"), town.open("b", {.slow_mode_s = 9})};
    std::map<std::uint32_t, std::set<std::string>> known;
    std::map<std::uint32_t, bool> lost;
    for (int i = 0; i < 90; ++i) town.session("u" + std::to_string(i % 60));
    INFO("seed " << seed);
    for (int step = 0; step < 1'500; ++step) {
      const auto who = static_cast<SessionIndex>(random.below(90));
      const RoomId room = rooms[random.below(2)];
      // Phases of filling and of emptying, to pass the bound in both directions.
      const bool filling = step / 300 % 2 == 0;
      if (town.rooms.membership(room, who) == kNone) {
        if (filling || random.below(4) == 0) town.join(room, who);
      } else if (random.below(3) == 0) {
        static_cast<void>(town.say(room, who));
      } else if (!filling || random.below(4) == 0) {
        town.leave(room, who);
      }
      if (random.below(6) != 0) continue;
      town.wait(Duration::ms(static_cast<std::int64_t>(random.below(800))));
      while (const RoomId due = town.rooms.next_presence(town.now)) {
        const PresenceChange change = town.rooms.take_presence(due, town.now);
        std::set<std::string>& names = known[due.index];
        std::set<std::string> truth;
        for (MemberIndex at = town.rooms.first_member(due); at != kNone;
             at = town.rooms.next_member(at)) {
          truth.emplace(town.rooms.describe(at).user);
        }
        REQUIRE(change.online == truth.size());
        if (change.exact) {
          if (lost[due.index]) names = truth;  // a client would have asked for the list
          if (!lost[due.index]) {
            for (const std::string& name : joins_of(change)) REQUIRE(names.insert(name).second);
            for (const std::string& name : leaves_of(change)) REQUIRE(names.erase(name) == 1);
          }
          REQUIRE(names == truth);
          lost[due.index] = false;
        } else {
          lost[due.index] = truth.size() > 40;
          names = truth;
        }
      }
    }
  }
}

}  // namespace chatroom::room::test
