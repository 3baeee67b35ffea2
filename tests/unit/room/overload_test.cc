// What a room with a receive budget shows: the ladder, the fairness of the sample, merged repeats.
#include "room/overload.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "catch.hpp"

namespace chatroom::room::test {

namespace {

using Way = Showing::Way;

struct Room {
  explicit Room(std::uint32_t normal, bool merge = false, std::uint64_t seed = 1)
      : overload({seed, 99}) {
    policy.receive_normal_per_s = normal;
    policy.receive_high_per_s = 10;
    policy.merge_repeats = merge;
  }
  Showing say(UserIndex author, std::string_view text, Priority priority = Priority::normal) {
    const Outgoing message{.text = text, .priority = priority};
    const Showing showing = overload.decide(policy, author, 0, message, now);
    if (showing.way == Way::shown && showing.repeat != Repeats::kNoPlace) {
      overload.repeats().at(showing.repeat).first = ++offset;
    }
    return showing;
  }
  // Time passes; a window that is over ends.
  Sampled pass(Duration time) {
    now = now + time;
    if (overload.window_end() > now) return {};
    while (overload.repeats().pop_unused() != kNone) {
    }
    return overload.end_window(policy, now);
  }
  // One second in which senders 0 to `senders` - 1 each say something, in an order of chance.
  std::uint32_t second(std::uint32_t senders, std::vector<std::uint32_t>* shown = nullptr) {
    std::vector<UserIndex> order(senders);
    for (std::uint32_t i = 0; i < senders; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), chance);
    std::uint32_t count = 0;
    for (const UserIndex author : order) {
      if (say(author, "x").way == Way::shown) {
        ++count;
        if (shown != nullptr) ++(*shown)[author];
      }
      pass(Duration{1'000'000 / senders});
    }
    return count;
  }

  Overload overload;
  RoomPolicy policy;
  Instant now{1'700'000'000'000'000};
  std::uint64_t offset = 0;
  std::mt19937 chance{7};
};

// Upper tail of chi-square with `freedom` degrees (Wilson and Hilferty's approximation).
double tail(double chi_square, double freedom) {
  const double spread = 2.0 / (9.0 * freedom);
  const double z = (std::cbrt(chi_square / freedom) - (1.0 - spread)) / std::sqrt(spread);
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

// p of 1,000 equal senders having been shown equally often, after 300 seconds at a budget of 100.
double fairness(std::uint64_t seed) {
  constexpr std::uint32_t kSenders = 1'000;
  Room room(100, false, seed);
  room.chance.seed(static_cast<unsigned>(seed));
  for (int i = 0; i < 2; ++i) room.second(kSenders);  // up the ladder
  std::vector<std::uint32_t> shown(kSenders);
  double total = 0;
  for (int i = 0; i < 300; ++i) total += room.second(kSenders, &shown);
  const double share = total / 300 / kSenders;  // a sender is shown at most once a second
  const double expected = total / kSenders;
  double chi_square = 0;
  for (const std::uint32_t count : shown) {
    chi_square += (count - expected) * (count - expected) / (expected * (1.0 - share));
  }
  return tail(chi_square, kSenders - 1);
}

}  // namespace

TEST_CASE("what fits the receive budget is shown, whoever says it") {
  Room room(20);
  for (int i = 0; i < 10; ++i) CHECK(room.second(19) == 19);
  CHECK(room.overload.rung() == Rung::normal);
}

TEST_CASE("a room without a budget is never merged or sampled") {
  Room room(0, true);
  for (int i = 0; i < 5; ++i) CHECK(room.second(500) == 500);
  CHECK(room.overload.rung() == Rung::normal);
}

TEST_CASE("past the budget the room samples and stays within it") {
  Room room(20);
  room.second(1'000);
  CHECK(room.overload.rung() == Rung::sample);
  std::uint32_t shown = 0;
  for (int i = 0; i < 60; ++i) shown += room.second(1'000);
  CHECK(shown <= 20 * 60 + 20);
  CHECK(shown >= 15 * 60);
}

TEST_CASE("who says more is not shown more often") {
  Room room(20);
  for (int i = 0; i < 3; ++i) room.second(1'000);
  std::uint32_t loud = 0;
  for (int i = 0; i < 200; ++i) {
    for (int n = 0; n < 50; ++n) loud += room.say(5'000, "me me me").way == Way::shown;
    room.second(1'000);
  }
  CHECK(loud <= 200 / 10);  // its share is one in fifty
}

TEST_CASE("of 1,000 equal senders each is shown as often as any other") {
  int fair = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) fair += fairness(seed) > 0.01;
  CHECK(fair >= 95);
}

TEST_CASE("low priority is the first to wait, high the last") {
  Room room(20);
  for (int i = 0; i < 2; ++i) room.second(100);
  REQUIRE(room.overload.rung() == Rung::sample);
  CHECK(room.say(1, "low", Priority::low).way == Way::sampled);
  CHECK(room.say(1, "high", Priority::high).way == Way::shown);
  room.overload.pressed(room.now);
  room.pass(Duration::s(1));
  REQUIRE(room.overload.rung() == Rung::high_only);
  CHECK(room.say(2, "normal").way == Way::sampled);
  CHECK(room.say(2, "high", Priority::high).way == Way::shown);
  room.overload.pressed(room.now);
  room.pass(Duration::s(1));
  REQUIRE(room.overload.rung() == Rung::read_only);
  const Showing refused = room.say(3, "high", Priority::high);
  CHECK(refused.way == Way::refused);
  CHECK(refused.retry_after_ms > 0);
  CHECK(refused.retry_after_ms <= 1'000);
}

TEST_CASE("high priority past its own budget is refused with a time to wait") {
  Room room(20);
  for (int i = 0; i < 10; ++i) CHECK(room.say(1, "gift", Priority::high).way == Way::shown);
  const Showing refused = room.say(1, "gift", Priority::high);
  CHECK(refused.way == Way::refused);
  CHECK(refused.retry_after_ms == 100);
  room.pass(Duration::ms(100));
  CHECK(room.say(1, "gift", Priority::high).way == Way::shown);
}

TEST_CASE("the ladder goes down one rung after three calm windows, and not sooner") {
  Room room(20);
  for (int i = 0; i < 3; ++i) room.second(200);
  const Rung top = room.overload.rung();
  REQUIRE(top == Rung::sample);
  room.second(2);
  room.second(2);
  CHECK(room.overload.rung() == top);
  // A window at the edge of the budget starts the count again.
  room.second(19);
  room.second(2);
  room.second(2);
  CHECK(room.overload.rung() == top);
  for (int i = 0; i < 8; ++i) room.second(2);
  CHECK(room.overload.rung() == Rung::normal);
}

TEST_CASE("repeats are counted, and leave as one with the count") {
  Room room(20, true);
  for (UserIndex author = 0; author < 40; ++author) room.say(author, "gg");
  room.pass(Duration::s(1));
  REQUIRE(room.overload.rung() >= Rung::merge);
  Repeat* early = room.overload.next_release(room.policy, room.now);
  REQUIRE(early != nullptr);
  CHECK(early->count == 19);  // 20 were shown; the next found the budget spent, and its text busy
  early->count = 0;
  const Showing again = room.say(50, "gg");
  CHECK(again.way == Way::merged);
  CHECK(again.first == 1);
  for (UserIndex author = 51; author < 60; ++author)
    CHECK(room.say(author, "gg").way == Way::merged);
  CHECK(room.say(60, "something else").way == Way::shown);
  room.pass(Duration::s(1));
  Repeat* held = room.overload.next_release(room.policy, room.now);
  REQUIRE(held != nullptr);
  CHECK(held->text.view() == "gg");
  CHECK(held->count == 10);
  CHECK(held->first == 1);
  held->count = 0;
  CHECK(room.overload.next_release(room.policy, room.now) == nullptr);
}

TEST_CASE("merged repeats leave within the budget, on every rung, each in its turn") {
  Room room(20, true);
  std::uint32_t got = 0;
  std::vector<std::uint32_t> left(16);
  const auto release = [&] {
    while (Repeat* held = room.overload.next_release(room.policy, room.now)) {
      held->count = 0;
      ++left[static_cast<std::size_t>(std::stoi(std::string(held->text.view())))];
      ++got;
    }
  };
  int merging = 0;
  std::uint32_t number = 0;
  for (int window = 0; window < 40; ++window) {
    // Sixteen things that all shout; once they are merged, as much that is new as may still be.
    for (UserIndex author = 0; author < 48; ++author) {
      got += room.say(author, std::to_string(author % 16)).way == Way::shown;
    }
    for (int i = 0; window > 10 && i < 16; ++i) {
      got += room.say(100 + number, "new " + std::to_string(number)).way == Way::shown;
      ++number;
    }
    room.pass(Duration::s(1));
    merging += room.overload.rung() == Rung::merge;
    release();
  }
  CHECK(merging > 3);
  CHECK(got <= 20 * 40 + 20);
  for (const std::uint32_t times : left) CHECK(times > 0);
}

TEST_CASE("what comes with data, mentions or a reply is never merged") {
  Outgoing message{.text = "gg"};
  CHECK(Repeats::fits(message));
  const std::string_view who[] = {"bob"};
  CHECK_FALSE(Repeats::fits({.text = "gg", .mentions = who}));
  CHECK_FALSE(Repeats::fits({.text = "gg", .reply_to = 3}));
  CHECK_FALSE(Repeats::fits({.text = "gg", .data = {Data::Form::json, as_bytes("{}")}}));
  CHECK_FALSE(Repeats::fits({.text = "gg", .priority = Priority::high}));
  CHECK_FALSE(Repeats::fits({.text = std::string_view("0123456789012345678901234567890123456789"
                                                      "0123456789012345678901234567890123456789"
                                                      "01234567890123456789")}));
}

TEST_CASE("the number of different senders is counted without a list of them") {
  for (const std::uint32_t senders : {1u, 10u, 100u, 1'000u, 10'000u}) {
    FairSample sample({3, 4});
    for (int again = 0; again < 3; ++again) {
      for (std::uint32_t i = 0; i < senders; ++i) sample.heard(i);
    }
    CHECK(sample.senders() >= senders * 95 / 100);
    CHECK(sample.senders() <= senders * 105 / 100 + 1);
  }
}

}  // namespace chatroom::room::test
