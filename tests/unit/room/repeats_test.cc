// The parts of a receive budget by themselves: the table of repeats, and the count of senders.
#include <string>

#include "catch.hpp"
#include "room/overload.h"

namespace chatroom::room::test {

TEST_CASE("the table of repeats gives a place away only when nobody waits for it") {
  Repeats repeats;
  UserIndex evicted = kNone;
  const auto place = [&](std::uint32_t number) {
    const std::string text = "text " + std::to_string(number);
    return repeats.place(0, {.text = text}, 100 + number, evicted);
  };
  for (std::uint32_t i = 0; i < Repeats::kPlaces; ++i) {
    CHECK(place(i) == i);
    CHECK(evicted == kNone);
  }
  CHECK(place(16) == Repeats::kNoPlace);  // all were said in this window
  CHECK(repeats.pop_unused() == kNone);
  repeats.turn();
  repeats.at(0).count = 3;
  repeats.at(1).used = true;
  CHECK(place(16) == 2);
  CHECK(evicted == 102);
  CHECK(repeats.at(2).count == 0);
  CHECK(place(17) == 3);
  CHECK(repeats.next_held() == 0);
  CHECK(repeats.pop_unused() == 104);  // not 0, which holds something, nor those just said
  CHECK(place(18) == 4);
  std::uint32_t left = 0;
  while (repeats.pop() != kNone) ++left;
  CHECK(left == Repeats::kPlaces);
  CHECK_FALSE(repeats.holds());
}

TEST_CASE("a text is found again in its channel and kind only") {
  Repeats repeats;
  UserIndex evicted = kNone;
  const Outgoing said{.text = "gg"};
  const std::uint32_t place = repeats.place(3, said, 7, evicted);
  REQUIRE(place != Repeats::kNoPlace);
  CHECK(repeats.find(3, said) == place);
  CHECK(repeats.find(4, said) == Repeats::kNoPlace);
  CHECK(repeats.find(3, {.text = "gg "}) == Repeats::kNoPlace);
  CHECK(repeats.find(3, {.kind = Kind::gift, .text = "gg"}) == Repeats::kNoPlace);
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
