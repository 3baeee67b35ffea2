// What members show of themselves: told where presence is by name, else asked for, and gone with
// them.
#include "unit/room/town.h"

namespace chatroom::room::test {

namespace {

std::string shown(const chatroom::Member& member) {
  std::string text{member.user};
  for (const Attribute& one : member.attributes) {
    text += " " + std::string{one.key} + "=" + std::string{one.value};
  }
  return text;
}
std::vector<std::string> shown(std::span<const chatroom::Member> members) {
  std::vector<std::string> texts;
  for (const chatroom::Member& member : members) texts.push_back(shown(member));
  return texts;
}
using Texts = std::vector<std::string>;

struct Square : Town {
  explicit Square(const Limits& given = {}) : Town(given) {
    alice = session("alice");
    bob = session("bob");
    room = open("r");
    join(room, alice);
    join(room, bob);
    static_cast<void>(rooms.take_presence(room, now));
  }
  Errc set(std::string_view user, std::string_view key, std::optional<std::string_view> value) {
    return rooms.set_attribute(room, user, key, value).error().code;
  }
  Texts told() {
    Texts texts;
    while (rooms.next_presence(now)) {
      const Texts part = shown(rooms.take_presence(room, now).changes);
      texts.insert(texts.end(), part.begin(), part.end());
    }
    return texts;
  }
  Texts listed() { return shown(rooms.presence(room, 100, {}, nullptr)->members); }

  SessionIndex alice = 0;
  SessionIndex bob = 0;
  RoomId room;
};

}  // namespace

TEST_CASE("what a member shows is told once, with all that it shows now") {
  Square square;
  const std::uint64_t before = square.rooms.presence(square.room, 9, {}, nullptr)->version;
  CHECK(square.set("alice", "mood", "happy") == Errc::ok);
  CHECK(square.set("alice", "team", "red") == Errc::ok);
  CHECK(square.set("bob", "mood", "") == Errc::ok);
  CHECK(square.told() == Texts{"alice mood=happy team=red", "bob mood="});
  CHECK(square.told().empty());
  CHECK(square.listed() == Texts{"alice mood=happy team=red", "bob mood="});
  CHECK(square.rooms.presence(square.room, 9, {}, nullptr)->version > before);
  CHECK(square.set("alice", "mood", std::nullopt) == Errc::ok);
  CHECK(square.told() == Texts{"alice team=red"});
  CHECK(square.set("alice", "team", std::nullopt) == Errc::ok);
  CHECK(square.told() == Texts{"alice"});
  CHECK(square.listed() == Texts{"alice", "bob mood="});
  CHECK(square.set("alice", "team", std::nullopt) == Errc::ok);
  CHECK(square.told().empty());
}

TEST_CASE("what a newcomer shows is told behind its coming") {
  Square square;
  const SessionIndex carol = square.session("carol");
  square.join(square.room, carol);
  CHECK(square.set("carol", "mood", "shy") == Errc::ok);
  PresenceChange change = square.rooms.take_presence(square.room, square.now);
  CHECK(change.joins.size() == 1);
  CHECK(change.changes.empty());
  CHECK(square.rooms.next_presence(square.now) == square.room);
  const std::uint64_t version = change.version;
  change = square.rooms.take_presence(square.room, square.now);
  CHECK(change.version == version + 1);
  CHECK(shown(change.changes) == Texts{"carol mood=shy"});
}

TEST_CASE("who leaves takes along what it showed, told or not") {
  Square square;
  CHECK(square.set("bob", "mood", "sad") == Errc::ok);
  const bool told = GENERATE(true, false);
  if (told) square.told();
  square.leave(square.room, square.bob);
  CHECK(square.told().empty());
  square.join(square.room, square.bob);
  CHECK(square.listed() == Texts{"alice", "bob"});
  square.leave(square.room, square.bob);
  CHECK(square.set("bob", "mood", "sad") == Errc::not_found);
  CHECK(square.set("nobody", "mood", "sad") == Errc::not_found);
  square.rooms.close(square.room);
  CHECK(square.set("alice", "mood", "sad") == Errc::not_found);
}

TEST_CASE("in a crowd nobody is told by name and whoever asks sees it") {
  Limits limits;
  limits.presence_exact = 2;
  Square square(limits);
  CHECK(square.set("alice", "mood", "untold") == Errc::ok);
  const SessionIndex carol = square.session("carol");
  square.join(square.room, carol);
  CHECK(square.set("bob", "mood", "lost") == Errc::ok);
  CHECK(square.set("bob", "mood", std::nullopt) == Errc::ok);
  CHECK(square.told().empty());
  CHECK(square.listed() == Texts{"alice mood=untold", "bob", "carol"});
}

TEST_CASE("what was deleted before a room became a crowd is forgotten") {
  Limits limits;
  limits.presence_exact = 2;
  Square square(limits);
  CHECK(square.set("alice", "mood", "a") == Errc::ok);
  CHECK(square.set("alice", "mood", std::nullopt) == Errc::ok);
  square.join(square.room, square.session("carol"));
  CHECK(square.told().empty());
  CHECK(square.listed() == Texts{"alice", "bob", "carol"});
}

TEST_CASE("a member has eight of 256 bytes together and not more") {
  Square square;
  for (int i = 0; i < 8; ++i) CHECK(square.set("alice", "k" + std::to_string(i), "v") == Errc::ok);
  CHECK(square.set("alice", "k8", "v") == Errc::limit_reached);
  CHECK(square.set("alice", "k7", "w") == Errc::ok);
  CHECK(square.set("bob", "k", std::string(600, 'x')) == Errc::limit_reached);
  CHECK(square.listed()[1] == "bob");
  CHECK(square.set("bob", "k", std::string(250, 'x')) == Errc::ok);
  CHECK(square.set("bob", "l", std::string(30, 'x')) == Errc::limit_reached);
}

TEST_CASE("rooms and engines hold so many members with attributes and their places come back") {
  Limits limits;
  SECTION("a room") { limits.room_member_attributes = 1; }
  SECTION("an engine") { limits.member_attributes = 1; }
  Square square(limits);
  CHECK(square.set("alice", "k", "v") == Errc::ok);
  CHECK(square.set("bob", "k", "v") == Errc::limit_reached);
  CHECK(square.set("alice", "k", std::nullopt) == Errc::ok);
  CHECK(square.told() == Texts{"alice"});
  CHECK(square.set("bob", "k", "v") == Errc::ok);
  square.leave(square.room, square.bob);
  CHECK(square.set("alice", "k", "v") == Errc::ok);
}

TEST_CASE("pages and tellings end where a frame would be full and go on") {
  Square square;
  Texts expected{"alice", "bob"};
  for (int i = 0; i < 90; ++i) {
    const std::string user = "u" + std::to_string(i);
    square.join(square.room, square.session(user));
    const std::string value(i < 40 ? 200 : 1, 'x');
    CHECK(square.set(user, "k", value) == Errc::ok);
    expected.push_back(user + " k=" + value);
  }
  Texts found;
  std::string cursor;
  int pages = 0;
  do {
    const Result<PresencePage> page = square.rooms.presence(square.room, 100, cursor, nullptr);
    REQUIRE(page);
    for (const std::string& one : shown(page->members)) found.push_back(one);
    cursor = page->next;
    ++pages;
  } while (!cursor.empty());
  CHECK(found == expected);
  CHECK(pages > 2);
  const Texts told = square.told();
  CHECK(told == Texts(expected.begin() + 2, expected.end()));
}

}  // namespace chatroom::room::test
