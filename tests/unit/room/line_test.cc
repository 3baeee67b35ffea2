// Lines: in front of a full room, and to speak. First come, first called; a kept place is kept.
#include <deque>
#include <optional>

#include "base/random.h"
#include "room/permission.h"
#include "unit/room/town.h"

namespace chatroom::room::test {

namespace {

using News = std::vector<std::string>;

// What the lines of a town had to tell, as "<user> <what> <number>".
struct Street : Town {
  explicit Street(const Limits& given = {}) : Town(given) {}

  News tend() {
    News news;
    struct Context {
      Registry& rooms;
      News& news;
    } context{rooms, news};
    for (RoomId room = rooms.next_line(now); room; room = rooms.next_line(now)) {
      rooms.tend_line(
          room, now,
          [](void* to, const LineNews& one) {
            Context& all = *static_cast<Context*>(to);
            all.news.push_back(text(all.rooms, one));
          },
          &context);
    }
    return news;
  }
  static std::string text(Registry& rooms, const LineNews& one) {
    const std::string who = one.user == kNone ? "all" : std::string(rooms.user(one.user).id);
    switch (one.what) {
      case LineNews::What::called:
        return who + " called";
      case LineNews::What::removed:
        return who + " removed";
      default:
        return who + " " + std::to_string(one.number);
    }
  }
  Errc enqueue(RoomId room, SessionIndex who, Line line = Line::room) {
    return rooms.enqueue(room, rooms.user_of(who), line, now).error().code;
  }
};

}  // namespace

TEST_CASE("who waits for a full room is called in turn, and nobody overtakes") {
  Street town;
  const RoomId room = town.open("r", {.max_members = 1, .line_length = 2});
  const SessionIndex a = town.session("a");
  const SessionIndex b = town.session("b");
  const SessionIndex c = town.session("c");
  const SessionIndex d = town.session("d");
  town.join(room, a);
  CHECK(town.enqueue(room, a) == Errc::already_member);
  CHECK(*town.rooms.enqueue(room, town.rooms.user_of(b), Line::room, town.now) == 1);
  CHECK(*town.rooms.enqueue(room, town.rooms.user_of(c), Line::room, town.now) == 2);
  CHECK(town.enqueue(room, d) == Errc::queue_full);
  CHECK(town.refused_join(room, b) == Errc::room_full);
  CHECK(town.tend() == News{"all 2"});

  town.leave(room, a);
  // Free, but not for whoever comes along.
  CHECK(town.refused_join(room, d) == Errc::room_full);
  CHECK(town.tend() == News{"b called"});
  CHECK(town.refused_join(room, c) == Errc::room_full);
  town.wait(Duration::s(1));
  CHECK(town.tend() == News{"c 1", "all 1"});
  town.join(room, b);
  CHECK(town.tend().empty());
  CHECK(town.rooms.view(room).users == 1);

  // Its turn is over when it was not taken.
  town.leave(room, b);
  CHECK(town.tend() == News{"c called"});
  town.wait(Duration::s(30));
  CHECK(town.tend() == News{"c removed", "all 0"});
  CHECK(town.refused_join(room, d) == Errc::ok);
  CHECK(town.tend().empty());
  CHECK(town.rooms.next_line_due() == Instant::never());
}

TEST_CASE("who may exceed the members of a room stands in no line") {
  Street town;
  const RoomId room = town.open("r", {.max_members = 1, .line_length = 9});
  const SessionIndex a = town.session("a");
  const SessionIndex b = town.session("b");
  const SessionIndex boss = town.session("boss", Role::admin);
  town.join(room, a);
  CHECK(town.enqueue(room, b) == Errc::ok);
  CHECK(town.enqueue(room, boss) == Errc::ok);
  town.tend();
  town.join(room, boss);
  town.wait(Duration::s(1));
  CHECK(town.tend() == News{"all 1"});
  town.leave(room, a);
  CHECK(town.tend().empty());  // the boss fills it
  town.leave(room, boss);
  CHECK(town.tend() == News{"b called"});
}

TEST_CASE("a place in a line goes with the user's last session, not with its first") {
  Street town;
  const RoomId room = town.open("r", {.max_members = 1, .line_length = 9});
  const SessionIndex a = town.session("a");
  town.join(room, a);
  const SessionIndex phone = town.session("b");
  const SessionIndex desk = town.session("b");
  const SessionIndex c = town.session("c");
  CHECK(town.enqueue(room, phone) == Errc::ok);
  CHECK(town.enqueue(room, desk) == Errc::ok);  // the same place
  CHECK(town.enqueue(room, c) == Errc::ok);
  CHECK(town.rooms.waiting(room, Line::room) == 2);
  CHECK(town.tend() == News{"b 1", "all 2"});
  town.rooms.sign_out(phone);
  CHECK(town.rooms.waiting(room, Line::room) == 2);
  town.rooms.sign_out(desk);
  CHECK(town.rooms.waiting(room, Line::room) == 1);
  town.wait(Duration::s(1));
  CHECK(town.tend() == News{"c 1", "all 1"});
}

TEST_CASE("hands are raised by members, called by name or in turn, and lowered by leaving") {
  Street town;
  const RoomId room = town.open("r", {.hands = 3});
  std::vector<SessionIndex> all;
  for (const char* name : {"a", "b", "c", "d"}) {
    all.push_back(town.session(name));
    if (all.size() == 1) CHECK(town.enqueue(room, all[0], Line::speak) == Errc::not_member);
    town.join(room, all.back());
  }
  for (std::size_t i = 0; i < 3; ++i) CHECK(town.enqueue(room, all[i], Line::speak) == Errc::ok);
  CHECK(town.enqueue(room, all[3], Line::speak) == Errc::queue_full);
  const auto line = town.rooms.list_line(room, Line::speak, 2);
  REQUIRE(line.size() == 2);
  CHECK(line[0].user == "a");
  CHECK(line[1].user == "b");
  CHECK(*town.rooms.call_next(room, Line::speak, "b", town.now) == town.rooms.user_of(all[1]));
  CHECK(*town.rooms.call_next(room, Line::speak, "", town.now) == town.rooms.user_of(all[0]));
  town.leave(room, all[2]);
  CHECK(town.rooms.call_next(room, Line::speak, "", town.now).error().code == Errc::not_found);
  CHECK(town.tend().empty());  // as many as nobody was told of
}

TEST_CASE("places in lines are bounded for all rooms together, and closing gives them back") {
  Limits limits;
  limits.line_places = 2;
  Street town(limits);
  const RoomId first = town.open("1", {.max_members = 1, .line_length = 9});
  const RoomId second = town.open("2", {.max_members = 1, .line_length = 9});
  const SessionIndex a = town.session("a");
  town.join(first, a);
  town.join(second, a);
  const SessionIndex b = town.session("b");
  const SessionIndex c = town.session("c");
  CHECK(town.enqueue(first, b) == Errc::ok);
  CHECK(town.enqueue(second, b) == Errc::ok);
  CHECK(town.enqueue(second, c) == Errc::queue_full);
  CHECK(town.rooms.open("3", {.line_length = 1'001}, "", town.now).error().code ==
        Errc::bad_request);
  town.rooms.close(first);
  CHECK(town.enqueue(second, c) == Errc::ok);
  CHECK(town.tend() == News{"all 2"});
}

// Anything may happen; in the model a line is a list of names.
TEST_CASE("lines agree with a model, whatever happens") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    base::Random dice(seed);
    Street town;
    constexpr std::uint32_t kMost = 3;
    const RoomId room = town.open("r", {.max_members = kMost, .line_length = 5});
    std::vector<SessionIndex> who;
    for (int i = 0; i < 12; ++i) who.push_back(town.session("u" + std::to_string(i)));
    std::deque<SessionIndex> line;     // nobody called them yet
    std::deque<SessionIndex> called;   // a place is kept for them
    std::vector<SessionIndex> inside;  // members
    const auto take = [](auto& list, SessionIndex one) {
      const auto at = std::find(list.begin(), list.end(), one);
      if (at == list.end()) return false;
      list.erase(at);
      return true;
    };
    for (int step = 0; step < 1'500; ++step) {
      const std::uint64_t what = dice.below(10);
      const SessionIndex one = who[dice.below(who.size())];
      const bool in = std::find(inside.begin(), inside.end(), one) != inside.end();
      const bool has_turn = std::find(called.begin(), called.end(), one) != called.end();
      if (what < 4) {
        const Errc code = town.enqueue(room, one);
        const bool waits = std::find(line.begin(), line.end(), one) != line.end();
        const bool free = line.empty() && inside.size() + called.size() < kMost;
        if (in) {
          CHECK(code == Errc::already_member);
        } else if (has_turn || waits) {
          CHECK(code == Errc::ok);
        } else if (!free && line.size() == 5) {
          CHECK(code == Errc::queue_full);
        } else {
          CHECK(code == Errc::ok);
          line.push_back(one);
        }
      } else if (what < 7) {
        const Errc code = town.refused_join(room, one);
        const bool free = line.empty() && inside.size() + called.size() < kMost;
        if (in) {
          CHECK(code == Errc::already_member);
        } else {
          CHECK((code == Errc::ok) == (has_turn || free));
          if (code == Errc::ok) take(line, one), take(called, one), inside.push_back(one);
        }
      } else if (what == 7 && in) {
        town.leave(room, one);
        take(inside, one);
      } else if (what == 8) {
        const bool there = take(line, one) || take(called, one);
        CHECK(static_cast<bool>(town.rooms.dequeue(room, town.rooms.user_of(one), Line::room)) ==
              there);
      } else {
        town.wait(Duration::ms(static_cast<std::int64_t>(dice.below(20'000))));
      }
      for (const std::string& news : town.tend()) {
        const std::string name = news.substr(0, news.find(' '));
        if (name == "all") continue;
        const SessionIndex about = who[std::stoul(name.substr(1))];
        if (news == name + " called") {
          if (std::find(called.begin(), called.end(), about) != called.end()) continue;  // again
          REQUIRE(!line.empty());
          CHECK(line.front() == about);
          line.pop_front();
          called.push_back(about);
          CHECK(inside.size() + called.size() <= kMost);
        } else if (news == name + " removed") {
          CHECK(take(called, about));
        } else {
          const std::size_t place = std::stoul(news.substr(news.find(' ') + 1));
          REQUIRE(place <= line.size());
          CHECK(line[place - 1] == about);
        }
      }
      CHECK(town.rooms.view(room).users == inside.size());
      CHECK(inside.size() <= kMost);
      const bool idle = inside.size() + called.size() < kMost;
      CHECK_FALSE((idle && !line.empty()));  // nobody waits before a free place
    }
  }
}

}  // namespace chatroom::room::test
