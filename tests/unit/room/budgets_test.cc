// Rooms whose channels have budgets of their own: what each is sure of, what it may borrow, and
// that all together never show more than the room does.
#include "room/budgets.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "unit/room/town.h"

namespace chatroom::room::test {

namespace {

using Way = Showing::Way;

// A room as the tables hold one, without the rest of the tables.
struct Square {
  explicit Square(RoomPolicy how) : policy(how), budgets(true) {}

  Overload& open(ChannelIndex channel) {
    if (records[channel] == nullptr) {
      records[channel] = std::make_unique<Overload>(base::HashKey{channel + 1u, 5});
      budgets.channels[channel] = records[channel].get();
    }
    return *records[channel];
  }
  Way say(ChannelIndex channel, UserIndex author, Priority priority = Priority::normal) {
    Overload& own = open(channel);
    const Outgoing message{.text = "x", .priority = priority};
    return own.decide(budgets.share(policy, channel), author, channel, message, now).way;
  }
  void pass(Duration time) {
    now = now + time;
    for (ChannelIndex i = 0; i < kChannelsMax; ++i) {
      if (records[i] == nullptr || records[i]->window_end() > now) continue;
      records[i]->end_window(budgets.share(policy, i), now);
      budgets.divide(policy);
    }
  }
  // So many messages a second in each channel, by as many authors, each somewhere in its own part
  // of the second; what was shown of each.
  std::vector<std::uint32_t> talk(const std::vector<std::uint32_t>& rates, int seconds,
                                  Priority priority = Priority::normal) {
    std::vector<std::uint32_t> shown(rates.size());
    for (int second = 0; second < seconds; ++second) {
      std::vector<std::pair<double, std::pair<ChannelIndex, UserIndex>>> all;
      for (ChannelIndex i = 0; i < rates.size(); ++i) {
        for (UserIndex author = 0; author < rates[i]; ++author) {
          const double part = static_cast<double>(chance()) / 4'294'967'296.0;
          all.push_back({(author + part) / rates[i], {i, author}});
        }
      }
      std::sort(all.begin(), all.end());
      for (const auto& [when, what] : all) {
        const auto& [channel, author] = what;
        shown[channel] += say(channel, author, priority) == Way::shown;
        pass(Duration{1'000'000 / static_cast<std::int64_t>(all.size())});
      }
    }
    return shown;
  }

  RoomPolicy policy;
  Budgets budgets;
  std::unique_ptr<Overload> records[kChannelsMax];
  Instant now{1'700'000'000'000'000};
  std::mt19937 chance{7};
};

RoomPolicy apart(std::uint32_t room, std::uint16_t channel) {
  RoomPolicy policy{.receive_normal_per_s = room, .receive_high_per_s = room / 2};
  policy.channel_normal_per_s = channel;
  policy.channel_high_per_s = static_cast<std::uint16_t>(channel / 2);
  return policy;
}

}  // namespace

TEST_CASE("a channel past its budget takes nothing from another") {
  Square square(apart(0, 20));
  square.talk({2'000, 19, 5}, 3);
  const std::vector<std::uint32_t> shown = square.talk({2'000, 19, 5}, 60);
  CHECK(shown[0] <= 20 * 60 + 20);
  CHECK(shown[0] >= 15 * 60);
  CHECK(shown[1] == 19 * 60);
  CHECK(shown[2] == 5 * 60);
}

TEST_CASE("under a room's budget each channel is sure of an equal part, and what is left is used") {
  Square square(apart(20, 20));
  SECTION("quiet ones are shown whole") {
    square.talk({2'000, 6, 2}, 5);
    const std::vector<std::uint32_t> shown = square.talk({2'000, 6, 2}, 100);
    CHECK(shown[1] == 6 * 100);
    CHECK(shown[2] == 2 * 100);
    CHECK(shown[0] >= 9 * 100);
    CHECK(shown[0] + shown[1] + shown[2] <= 20 * 100 + 20);
  }
  SECTION("busy ones share alike") {
    square.talk({2'000, 500}, 5);
    const std::vector<std::uint32_t> shown = square.talk({2'000, 500}, 100);
    CHECK(shown[0] + shown[1] <= 20 * 100 + 20);
    CHECK(shown[0] >= 8 * 100);
    CHECK(shown[1] >= 8 * 100);
  }
  SECTION("one alone has all of it") {
    square.talk({2'000}, 5);
    const std::vector<std::uint32_t> shown = square.talk({2'000}, 100);
    CHECK(shown[0] >= 17 * 100);
    CHECK(shown[0] <= 20 * 100 + 20);
  }
  SECTION("one that begins to speak is heard at once") {
    square.talk({2'000}, 5);
    const std::vector<std::uint32_t> shown = square.talk({2'000, 10}, 1);
    CHECK(shown[1] == 10);
  }
  SECTION("high priority likewise") {
    square.talk({100, 4}, 3, Priority::high);
    const std::vector<std::uint32_t> shown = square.talk({100, 4}, 50, Priority::high);
    CHECK(shown[1] == 4 * 50);
    CHECK(shown[0] >= 5 * 50);
    CHECK(shown[0] + shown[1] <= 10 * 50 + 10);
  }
}

TEST_CASE("more channels than the room has places stay within them all the same") {
  Square square(apart(4, 4));
  const std::vector<std::uint32_t> rates(16, 5);
  square.talk(rates, 3);
  std::uint32_t sum = 0;
  for (const std::uint32_t shown : square.talk(rates, 100)) sum += shown;
  CHECK(sum <= 4 * 100 + 4);
  CHECK(sum >= 3 * 100);
}

TEST_CASE("a budget of channels for one priority only leaves the other to the room") {
  Square square({.receive_normal_per_s = 20, .receive_high_per_s = 0, .channel_high_per_s = 2});
  std::uint32_t high = 0;
  for (int i = 0; i < 5; ++i) high += square.say(0, 1, Priority::high) == Way::shown;
  CHECK(high == 2);
  std::uint32_t normal = 0;
  for (UserIndex author = 0; author < 30; ++author) normal += square.say(0, author) == Way::shown;
  CHECK(normal == 20);
  square.pass(Duration::s(1));
  CHECK(square.open(0).expected() == 20);
  Square gifts({.receive_high_per_s = 4, .channel_normal_per_s = 2});
  high = 0;
  for (int i = 0; i < 9; ++i) high += gifts.say(0, 1, Priority::high) == Way::shown;
  CHECK(high == 4);
  SECTION("or nothing bounds it") {
    Square open({.channel_high_per_s = 2});
    for (UserIndex author = 0; author < 300; ++author) REQUIRE(open.say(3, author) == Way::shown);
    Square normal_only({.channel_normal_per_s = 2});
    for (int i = 0; i < 300; ++i) REQUIRE(normal_only.say(3, 1, Priority::high) == Way::shown);
  }
  SECTION("a room without a budget for all has none to divide") {
    Square open(apart(0, 2));
    open.talk({50, 50}, 3);
    CHECK(open.open(0).expected() == 0);
    CHECK(open.budgets.share(open.policy, 0).expected == 2);
  }
}

TEST_CASE("those who are sure of a part run ahead of the whole by a second at most") {
  // As when channels begin to speak one after the other, each while it is alone.
  CapPart cap;
  cap.per_second = cap.sure = 4;
  Purse first, second, third;
  const Instant now{1'000'000};
  for (Purse* purse : {&first, &second}) {
    for (int i = 0; i < 4; ++i) CHECK(purse->take(0, &cap, now).us == 0);
  }
  CHECK(third.take(0, &cap, now).us > 0);
}

TEST_CASE("channels that share a budget have no other") {
  Budgets budgets(false);
  Overload only({1, 2});
  budgets.channels[0] = &only;
  const RoomPolicy policy{.receive_normal_per_s = 7, .receive_high_per_s = 3};
  const Share share = budgets.share(policy, 5);
  CHECK(share.normal == 7);
  CHECK(share.expected == 7);
  CHECK(share.high == 3);
  CHECK(share.cap == nullptr);
  CHECK(&budgets.of(5) == &only);
  budgets.divide(policy);
  CHECK(only.expected() == 0);
  CHECK(budgets.next_end() == Instant::never());
  CHECK(budgets.rung() == Rung::normal);
}

TEST_CASE("the highest rung and the first window are those of the room") {
  Square square(apart(20, 20));
  square.talk({100, 2}, 2);
  CHECK(square.budgets.rung() == Rung::sample);
  CHECK(square.open(1).rung() == Rung::normal);
  CHECK(square.budgets.next_end() ==
        std::min(square.open(0).window_end(), square.open(1).window_end()));
  for (int i = 0; i < 20; ++i) square.pass(Duration::s(1));
  CHECK(square.budgets.rung() == Rung::normal);
  CHECK(square.budgets.next_end() == Instant::never());
  // Who is silent has no part in it.
  square.budgets.share(square.policy, 5);
  CHECK(square.budgets.cap.normal.sure == 20);
  CHECK(square.budgets.cap.high.sure == 10);
}

namespace {

// In a registry: its tables give records and take them back.
struct Plaza : Town {
  explicit Plaza(const Limits& given = {}) : Town(given) {
    room = open("r", apart(20, 10));
    who = session("alice");
    join(room, who, {"main", "side", "third"});
  }
  Showing shout(std::string_view channel, int times) {
    Showing showing;
    for (int i = 0; i < times; ++i) {
      const Outgoing message{.channel = channel, .text = "x"};
      showing = rooms.show(room, rooms.user_of(who), message, now);
    }
    return showing;
  }
  // All windows up to then; how many messages were not shown, by channel.
  Sampled windows(Duration time) {
    Sampled sum{};
    const Instant end = now + time;
    while (rooms.next_overload_due() <= end) {
      now = std::max(now, rooms.next_overload_due());
      WindowEnd ended;
      REQUIRE(rooms.end_window(now, ended));
      ShownRate rate;
      static_cast<void>(rooms.take_rate(room, ended.budget, rate));
      for (ChannelIndex i = 0; i < kChannelsMax; ++i) sum[i] += ended.sampled[i];
      rooms.let_go(room, ended.budget);
    }
    now = end;
    return sum;
  }

  RoomId room;
  SessionIndex who = 0;
};

}  // namespace

TEST_CASE("each channel has its own rung, and what was not shown is counted by channel") {
  Plaza plaza;
  CHECK(plaza.shout("side", 15).budget == 1);
  CHECK(plaza.shout("main", 3).way == Way::shown);
  CHECK(plaza.rooms.rung(plaza.room) == Rung::sample);
  CHECK(plaza.rooms.rung(plaza.room, 1) == Rung::sample);
  CHECK(plaza.rooms.rung(plaza.room, 0) == Rung::normal);
  CHECK(plaza.rooms.rung(plaza.room, 2) == Rung::normal);
  CHECK(plaza.rooms.rung(plaza.room, kNone) == Rung::normal);
  CHECK(plaza.rooms.budgets_apart(plaza.room));
  CHECK(plaza.rooms.take_rung_change(plaza.room, 1));
  CHECK_FALSE(plaza.rooms.take_rung_change(plaza.room, 0));
  CHECK_FALSE(plaza.rooms.take_rung_change(plaza.room, 2));
  const Sampled sum = plaza.windows(Duration::s(1));
  CHECK(sum[0] == 0);
  CHECK(sum[1] == 5);
  CHECK(plaza.rooms.rates_told(plaza.room) == bit_of(1));
  const RoomState state = plaza.rooms.state(plaza.room);
  CHECK_FALSE(state.has_rate);
  CHECK_FALSE(state.channels[0].rung.has_value());
  CHECK(state.channels[1].rung == Rung::sample);
  CHECK(state.channels[1].kept == 666);
}

TEST_CASE("who comes to a channel that is sampled is told so with its next window") {
  Plaza plaza;
  plaza.shout("side", 15);
  plaza.windows(Duration::s(1));
  ShownRate rate;
  CHECK_FALSE(plaza.rooms.take_rate(plaza.room, 1, rate));
  plaza.rooms.tell_rate_again(plaza.room, bit_of(0) | bit_of(2));
  CHECK_FALSE(plaza.rooms.take_rate(plaza.room, 1, rate));
  plaza.rooms.tell_rate_again(plaza.room, bit_of(1));
  CHECK_FALSE(plaza.rooms.take_rate(plaza.room, 0, rate));  // on which all is shown
  REQUIRE(plaza.rooms.take_rate(plaza.room, 1, rate));
  CHECK(rate.rung == Rung::sample);
  CHECK_FALSE(plaza.rooms.take_rate(plaza.room, 1, rate));
  plaza.rooms.tell_rate_again({}, bit_of(1));
  const RoomId shared = plaza.open("shared", {.receive_normal_per_s = 5});
  plaza.rooms.tell_rate_again(shared, bit_of(0));
  CHECK_FALSE(plaza.rooms.take_rate(shared, 0, rate));
}

TEST_CASE("a channel that nobody speaks in is not on the rung of main") {
  Plaza plaza;
  plaza.shout("main", 15);
  CHECK(plaza.rooms.rung(plaza.room, 0) == Rung::sample);
  CHECK(plaza.rooms.rung(plaza.room, 1) == Rung::normal);
  plaza.shout("side", 1);
  CHECK(plaza.rooms.rung(plaza.room, 1) == Rung::normal);
}

TEST_CASE("a channel gives its budget back when it is quiet, and gets one again") {
  Limits limits;
  limits.budget_rooms = 4;  // half of them for channels, and the room's own is one of those
  Plaza plaza(limits);
  CHECK(plaza.shout("side", 1).budget == 1);
  CHECK(plaza.rooms.rung(plaza.room, 1) == Rung::normal);
  CHECK(plaza.shout("third", 1).budget == 0);  // no place: it shares that of main
  CHECK(plaza.rooms.rung(plaza.room, 2) == Rung::normal);
  plaza.windows(Duration::ms(1'500));
  CHECK(plaza.shout("third", 1).budget == 0);  // the other's last second is not over yet
  plaza.windows(Duration::s(5));
  CHECK(plaza.rooms.next_overload_due() == Instant::never());
  CHECK(plaza.shout("third", 1).budget == 2);
  CHECK(plaza.shout("side", 1).budget == 0);
}

TEST_CASE("what shares the budget of main is counted and told by its own channel") {
  Limits limits;
  limits.budget_rooms = 1;
  Plaza plaza(limits);
  plaza.shout("side", 14);
  const Sampled sum = plaza.windows(Duration::s(1));
  CHECK(sum[1] == 4);
  plaza.rooms.tell_later(plaza.room, 1, 4);
  CHECK(plaza.windows(Duration::s(1))[1] == 4);
}

TEST_CASE("where the fan-out cannot follow, every channel climbs, also one that begins to speak") {
  Plaza plaza;
  plaza.shout("main", 1), plaza.shout("side", 1);
  plaza.rooms.pressed(plaza.room, plaza.now);
  plaza.windows(Duration::s(1));
  CHECK(plaza.rooms.rung(plaza.room, 0) == Rung::high_only);
  CHECK(plaza.rooms.rung(plaza.room, 1) == Rung::high_only);
  CHECK(plaza.shout("third", 1).way == Way::sampled);
  CHECK(plaza.rooms.rung(plaza.room, 2) == Rung::high_only);
  plaza.windows(Duration::s(20));
  CHECK(plaza.rooms.rung(plaza.room) == Rung::normal);
}

TEST_CASE("a room's channels come to budgets of their own, and lose them, by its policy") {
  Plaza plaza;
  plaza.shout("side", 15);
  RoomPolicy policy = apart(20, 0);
  REQUIRE(plaza.rooms.set_policy(plaza.room, policy, plaza.now));
  CHECK_FALSE(plaza.rooms.budgets_apart(plaza.room));
  CHECK(plaza.rooms.rung(plaza.room) == Rung::normal);
  CHECK(plaza.rooms.next_overload_due() == Instant::never());
  CHECK(plaza.shout("side", 15).budget == 0);
  policy.channel_high_per_s = 3;
  REQUIRE(plaza.rooms.set_policy(plaza.room, policy, plaza.now));
  CHECK(plaza.rooms.budgets_apart(plaza.room));
  CHECK(plaza.shout("side", 15).budget == 1);
  policy.channel_normal_per_s = kReceiveMax + 1;
  CHECK(plaza.rooms.set_policy(plaza.room, policy, plaza.now).error().code == Errc::bad_request);
  policy.channel_normal_per_s = 0;
  policy.channel_high_per_s = kReceiveMax + 1;
  CHECK(plaza.rooms.set_policy(plaza.room, policy, plaza.now).error().code == Errc::bad_request);
  REQUIRE(plaza.rooms.set_policy(plaza.room, {}, plaza.now));
  CHECK(plaza.rooms.rates_told(plaza.room) == 0);
  CHECK(plaza.rooms.rung(plaza.room, 1) == Rung::normal);
  CHECK(plaza.rooms.next_release(plaza.room, 1, plaza.now) == nullptr);
  plaza.rooms.rate_untold(plaza.room, 1);
  plaza.rooms.let_go(plaza.room, 1);
  CHECK_FALSE(plaza.rooms.budgets_apart(plaza.room));
}

}  // namespace chatroom::room::test
