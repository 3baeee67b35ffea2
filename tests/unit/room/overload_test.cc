// What a room with a receive budget shows: the ladder, the fairness of the sample, merged repeats.
#include "room/overload.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
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
  CHECK_FALSE(Repeats::fits({.kind = Kind::signal, .text = "gg"}));
  CHECK_FALSE(Repeats::fits(
      {.kind = Kind{std::string_view("a kind of more than thirty-two letters")}, .text = "gg"}));
  CHECK_FALSE(Repeats::fits({.text = "gg", .keep = false}));
  CHECK_FALSE(Repeats::fits({.text = "gg", .latest = "key"}));
  CHECK_FALSE(Repeats::fits({.text = std::string_view("0123456789012345678901234567890123456789"
                                                      "0123456789012345678901234567890123456789"
                                                      "01234567890123456789")}));
}

TEST_CASE("without a budget of its own high priority is shown until members are refused") {
  Room room(20);
  room.policy.receive_high_per_s = 0;
  for (int i = 0; i < 1'000; ++i) REQUIRE(room.say(1, "gift", Priority::high).way == Way::shown);
}

TEST_CASE("pressure takes one rung a window, told once, and none above the last") {
  Room room(20);
  const Rung rungs[] = {Rung::high_only, Rung::read_only, Rung::read_only};
  for (int i = 0; i < 3; ++i) {
    room.overload.pressed(room.now);
    room.overload.pressed(room.now);  // within one window that says nothing new
    room.pass(Duration::s(1));
    CHECK(room.overload.rung() == rungs[i]);
    CHECK(room.overload.take_change() == (i < 2));
  }
}

TEST_CASE("what is held back does not leave while only high priority may") {
  Room room(20, true);
  for (UserIndex author = 0; author < 40; ++author) room.say(author, "gg");
  room.pass(Duration::s(1));
  REQUIRE(room.overload.repeats().holds());
  room.overload.pressed(room.now);
  room.pass(Duration::s(1));
  REQUIRE(room.overload.rung() == Rung::high_only);
  CHECK(room.overload.next_release(room.policy, room.now) == nullptr);
  CHECK(room.overload.repeats().holds());
}

TEST_CASE("while the room samples, what is held back waits for the budget like all else") {
  Room room(20, true);
  for (int i = 0; i < 2; ++i) room.second(100);
  room.pass(Duration::s(1));  // in which nobody spoke: all are in the next sample
  REQUIRE(room.overload.rung() == Rung::sample);
  CHECK(room.say(1, "gg").way == Way::shown);
  CHECK(room.say(2, "gg").way == Way::merged);
  std::uint32_t shown = 0;
  for (UserIndex author = 3; author < 33; ++author) {
    shown += room.say(author, "words of " + std::to_string(author)).way == Way::shown;
  }
  CHECK(shown == 19);
  CHECK(room.overload.next_release(room.policy, room.now) == nullptr);
  SECTION("until there is some") {
    CHECK(room.overload.next_release(room.policy, room.now + Duration::ms(50)) != nullptr);
  }
  SECTION("or until the room has no budget any more") {
    room.policy.receive_normal_per_s = 0;
    CHECK(room.overload.next_release(room.policy, room.now) != nullptr);
  }
}

TEST_CASE("the share that is shown is told when it has changed enough, and not at every turn") {
  Room room(20);
  ShownRate rate;
  CHECK_FALSE(room.overload.take_rate(rate));  // all of it, which everybody supposes
  room.second(100), room.second(100);
  REQUIRE(room.overload.take_rate(rate));
  CHECK(rate.rung == Rung::sample);
  CHECK(rate.kept > 100);
  CHECK(rate.kept < 500);  // the first second of the crowd began with all that fitted
  CHECK(room.overload.rate_told().kept == rate.kept);
  int told = 0;
  for (int i = 0; i < 12; ++i) {
    room.second(100);
    told += room.overload.take_rate(rate) ? 1 : 0;
  }
  CHECK(told <= 2);
  CHECK(rate.kept > 150);
  CHECK(rate.kept < 300);
  told = 0;
  for (int i = 0; i < 12; ++i) {
    room.second(400);
    told += room.overload.take_rate(rate) ? 1 : 0;
  }
  CHECK(told >= 1);
  CHECK(told <= 4);
  CHECK(rate.kept < 80);
  // It could not be told: it is tried again.
  room.overload.rate_untold();
  CHECK(room.overload.rate_told().kept == 1'000);
  CHECK(room.overload.take_rate(rate));
  // Windows go on until it is known that all is shown again.
  while (room.overload.rung() != Rung::normal) room.pass(Duration::s(1));
  room.pass(Duration::s(1)), room.pass(Duration::s(1));
  CHECK(room.overload.window_end() != Instant::never());
  REQUIRE(room.overload.take_rate(rate));
  CHECK(rate.rung == Rung::normal);
  CHECK(rate.kept == 1'000);
  room.pass(Duration::s(1));
  CHECK(room.overload.window_end() == Instant::never());
}

TEST_CASE("a share of next to nothing is not told again for next to nothing") {
  Room room(1);
  ShownRate rate;
  for (int i = 0; i < 10; ++i) room.second(100), room.overload.take_rate(rate);
  CHECK(rate.kept < 40);
  const std::uint32_t before = rate.kept;
  for (int i = 0; i < 10; ++i) {
    room.second(70);
    CHECK_FALSE(room.overload.take_rate(rate));
  }
  CHECK(rate.kept == before);
}

TEST_CASE("what comes with data is not merged while its text alone would be") {
  Room room(20, true);
  for (UserIndex author = 0; author < 40; ++author) room.say(author, "gg");
  room.pass(Duration::s(1));
  REQUIRE(room.say(50, "gg").way == Way::merged);
  const Outgoing message{.text = "gg", .data = {Data::Form::json, as_bytes("{}")}};
  const Showing showing = room.overload.decide(room.policy, 51, 0, message, room.now);
  CHECK(showing.way != Way::merged);
  CHECK(showing.repeat == Repeats::kNoPlace);
}

TEST_CASE("a text whose first message found no place in the log has nothing to join") {
  Room room(20, true);
  for (UserIndex author = 0; author < 40; ++author) room.say(author, "gg");
  room.pass(Duration::s(1));
  room.pass(Duration::s(1));
  REQUIRE(room.overload.rung() >= Rung::merge);
  const Outgoing message{.text = "new"};
  for (UserIndex author = 50; author < 52; ++author) {
    const Showing showing = room.overload.decide(room.policy, author, 0, message, room.now);
    CHECK(showing.way == Way::shown);  // and the caller tells no offset
  }
}

TEST_CASE("a room that bears its crowd by merging stays on that rung until it is calm") {
  Room room(20, true);
  for (UserIndex author = 0; author < 40; ++author) room.say(author, "gg");
  room.pass(Duration::s(1));
  REQUIRE(room.overload.rung() == Rung::sample);
  const auto windows = [&room](int count, int repeats) {
    for (int i = 0; i < count; ++i) {
      for (UserIndex author = 0; author < static_cast<UserIndex>(repeats); ++author) {
        CHECK(room.say(author, "gg").way == Way::merged);
      }
      room.pass(Duration::s(1));
    }
  };
  windows(3, 40);
  CHECK(room.overload.rung() == Rung::merge);
  windows(6, 40);
  CHECK(room.overload.rung() == Rung::merge);
  windows(3, 1);
  CHECK(room.overload.rung() == Rung::normal);
}

TEST_CASE("once the fan-out can follow again a room samples, though the crowd is still there") {
  Room room(20);
  for (int i = 0; i < 2; ++i) room.second(100);
  room.overload.pressed(room.now);
  room.pass(Duration::s(1));
  REQUIRE(room.overload.rung() == Rung::high_only);
  for (int i = 0; i < 2; ++i) CHECK(room.second(100) == 0);
  CHECK(room.overload.rung() == Rung::high_only);
  room.second(100);
  CHECK(room.overload.rung() == Rung::sample);
  CHECK(room.second(100) > 0);
}

TEST_CASE("a room that merges no more goes past that rung on its way down") {
  Room room(20, true);
  for (UserIndex author = 0; author < 40; ++author) room.say(author, "gg");
  room.pass(Duration::s(1));
  REQUIRE(room.overload.rung() == Rung::sample);
  room.policy.merge_repeats = false;
  for (int i = 0; i < 3; ++i) room.second(2);
  CHECK(room.overload.rung() == Rung::normal);
}

TEST_CASE("windows go on until what is held back has left") {
  Room room(20, true);
  for (UserIndex author = 0; author < 40; ++author) room.say(author, "gg");
  for (int i = 0; i < 20; ++i) room.pass(Duration::s(1));
  CHECK(room.overload.rung() == Rung::normal);
  CHECK(room.overload.window_end() != Instant::never());
  Repeat* held = room.overload.next_release(room.policy, room.now);
  REQUIRE(held != nullptr);
  held->count = 0;
  room.pass(Duration::s(1));
  CHECK(room.overload.window_end() == Instant::never());
}

TEST_CASE("a window that nobody ends remembers as many speakers as two seconds can have") {
  Room room(kReceiveMax);
  for (int i = 0; i < 2; ++i) room.second(2'000);
  room.pass(Duration::s(1));
  REQUIRE(room.overload.rung() == Rung::sample);
  UserIndex author = 10'000;
  for (int second = 0; second < 3; ++second) {  // the host comes late: no window ends
    for (std::uint32_t i = 0; i < kReceiveMax; ++i) {
      REQUIRE(room.say(author++, "x").way == Way::shown);
    }
    room.now = room.now + Duration::s(1);
  }
  CHECK(room.say(10'000, "y").way == Way::sampled);    // has spoken
  CHECK(room.say(author - 1, "y").way == Way::shown);  // as well, but nobody knows
}

TEST_CASE("what could not be told of one window is told with the next") {
  Room room(20);
  for (int i = 0; i < 30; ++i) room.say(1, "x");
  room.now = room.overload.window_end();
  const Sampled first = room.overload.end_window(room.policy, room.now);
  CHECK(first[0] == 10);
  room.overload.tell_later(0, first[0]);
  const Sampled second = room.pass(Duration::s(1));
  CHECK(second[0] == 10);
}

}  // namespace chatroom::room::test
