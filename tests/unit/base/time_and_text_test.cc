// Wheel, random numbers, SipHash, UTF-8, checked arithmetic and the words of the protocol.
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/checked.h"
#include "base/random.h"
#include "base/siphash.h"
#include "base/utf8.h"
#include "base/wheel.h"
#include "catch.hpp"
#include "chatroom/command.h"
#include "chatroom/event.h"
#include "chatroom/observer.h"

using namespace chatroom;
using namespace chatroom::base;

namespace {

constexpr std::int64_t kStart = 1'700'000'000'000'000;

struct Timer : TimerNode {
  std::int64_t at = 0;
  int order = 0;
};

}  // namespace

TEST_CASE("timers come out by deadline and then in order of scheduling, never early", "[wheel]") {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<std::unique_ptr<Timer>> timers;
    Wheel wheel;
    std::vector<Timer*> armed;
    std::int64_t now = kStart;
    int scheduled = 0;
    const auto span = [&] {
      const std::int64_t spans[] = {3'000, 70'000, 5'000'000, 400'000'000, 90'000'000'000};
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(spans[random() % 5]));
    };
    for (int i = 0; i < 400; ++i) timers.push_back(std::make_unique<Timer>());
    const auto tick = [](std::int64_t us) { return (us + 999) / 1'000; };
    const auto arm = [&](Timer& timer) {
      timer.at = now + span() - 500;
      timer.order = scheduled++;
      wheel.schedule(timer, {timer.at});
    };
    for (int step = 0; step < 3'000; ++step) {
      Timer& timer = *timers[random() % timers.size()];
      if (random() % 4 == 0) {
        wheel.cancel(timer);
      } else {
        arm(timer);
      }
      if (step % 3 != 0) continue;
      now += random() % 20 == 0 ? span() : static_cast<std::int64_t>(random() % 5'000);
      std::vector<Timer*> expected;
      for (auto& t : timers) {
        if (t->armed() && tick(t->at) <= now / 1'000) expected.push_back(t.get());
      }
      const Instant alarm = wheel.next_due();
      for (auto& t : timers) {
        if (t->armed()) REQUIRE(alarm.us <= std::max(tick(t->at) * 1'000, now));
      }
      std::vector<Timer*> due;
      wheel.advance({now}, SIZE_MAX,
                    [&](TimerNode& node) { due.push_back(static_cast<Timer*>(&node)); });
      REQUIRE(due.size() == expected.size());
      for (std::size_t i = 1; i < due.size(); ++i) {
        // Deadlines that had passed when they were scheduled count as that moment.
        if (tick(due[i - 1]->at) == tick(due[i]->at)) REQUIRE(due[i - 1]->order < due[i]->order);
      }
      for (Timer* t : due)
        REQUIRE(std::find(expected.begin(), expected.end(), t) != expected.end());
      std::vector<Timer*> sorted = due;
      std::stable_sort(sorted.begin(), sorted.end(), [&](Timer* a, Timer* b) {
        return std::max(a->due(), Instant{0}) < std::max(b->due(), Instant{0});
      });
      REQUIRE(sorted == due);
      REQUIRE(wheel.next_due().us > now / 1'000 * 1'000);
    }
  }
}

TEST_CASE("one alarm after the other reaches a far deadline exactly", "[wheel]") {
  TimerNode node(5);
  Wheel wheel;
  CHECK(wheel.next_due() == Instant::never());
  const Instant at{kStart + 25'000'000 + 1};
  CHECK(wheel.pop_due({kStart}) == nullptr);
  wheel.schedule(node, at);
  int alarms = 0;
  Instant now{kStart};
  TimerNode* popped = nullptr;
  while (popped == nullptr) {
    REQUIRE(wheel.next_due() > now);
    now = wheel.next_due();
    REQUIRE(now.us <= at.us + 999);
    popped = wheel.pop_due(now);
    REQUIRE(++alarms < 8);
  }
  CHECK(now.us == (at.us + 999) / 1'000 * 1'000);
  CHECK(popped == &node);
  CHECK(node.kind() == 5);
  CHECK_FALSE(node.armed());
}

TEST_CASE("a budget stops in the middle and loses nothing", "[wheel]") {
  std::vector<std::unique_ptr<Timer>> timers;
  Wheel wheel;
  for (int i = 0; i < 100; ++i) {
    timers.push_back(std::make_unique<Timer>());
    timers.back()->order = i;
    wheel.schedule(*timers.back(), {kStart + (99 - i) / 10 * 1'000});
  }
  std::vector<int> seen;
  const auto visit = [&](TimerNode& node) { seen.push_back(static_cast<Timer&>(node).order); };
  CHECK(wheel.advance({kStart + 100'000}, 33, visit) == 33);
  CHECK(wheel.next_due().us <= kStart + 100'000);
  wheel.cancel(*timers[0]);
  CHECK(wheel.advance({kStart + 100'000}, 1'000, visit) == 66);
  CHECK(wheel.next_due() == Instant::never());
  CHECK(seen.front() == 90);
  CHECK(seen.back() == 9);
  CHECK(wheel.size() == 0);
}

TEST_CASE("deadlines in the past, at never and beyond all levels", "[wheel]") {
  TimerNode past, never, far;
  Wheel wheel;
  CHECK(wheel.pop_due({kStart}) == nullptr);
  wheel.schedule(past, {-5});
  wheel.schedule(never, Instant::never());
  wheel.schedule(far, {INT64_MAX - 1});
  CHECK_FALSE(never.armed());
  CHECK(far.armed());
  CHECK(wheel.pop_due({kStart}) == &past);
  CHECK(wheel.pop_due({kStart}) == nullptr);
  wheel.schedule(past, Instant::never());
  CHECK(wheel.size() == 1);
}

TEST_CASE("SipHash-2-4 gives the published vectors", "[siphash]") {
  const HashKey key{0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};
  std::byte message[64];
  for (std::size_t i = 0; i < 64; ++i) message[i] = static_cast<std::byte>(i);
  // From the reference implementation's table for messages 00, 00 01, ...
  CHECK(siphash(key, Bytes{message, 0}) == 0x726fdb47dd0e0e31ull);
  CHECK(siphash(key, Bytes{message, 1}) == 0x74f839c593dc67fdull);
  CHECK(siphash(key, Bytes{message, 2}) == 0x0d6c8009d9a94f5aull);
  CHECK(siphash(key, Bytes{message, 3}) == 0x85676696d7fb7e2dull);
  CHECK(siphash(key, Bytes{message, 7}) == 0xab0200f58b01d137ull);
  CHECK(siphash(key, Bytes{message, 8}) == 0x93f5f5799a932462ull);
  CHECK(siphash(key, Bytes{message, 15}) == 0xa129ca6149be45e5ull);
  CHECK(siphash(key, Bytes{message, 63}) == 0x958a324ceb064572ull);
}

TEST_CASE("the same seed gives the same numbers", "[random]") {
  Random a(42), b(42), c(43);
  const std::uint64_t first = a.next();
  CHECK(first == b.next());
  CHECK(first != c.next());
  Random pinned(0);
  CHECK(pinned.next() == 0x99ec5f36cb75f2b4ull);  // xoshiro256** after SplitMix64(0)
  std::byte bytes[11];
  pinned.fill(bytes);
  CHECK(bytes[0] != bytes[8]);
  std::uint64_t seen = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t n = a.below(7);
    REQUIRE(n < 7);
    seen |= 1u << n;
  }
  CHECK(seen == 0x7f);
  CHECK(a.below(1) == 0);
}

TEST_CASE("well-formed UTF-8 passes at every alignment", "[utf8]") {
  const std::string good[] = {"",
                              "plain",
                              "\x7f",
                              "\xc2\x80",
                              "\xdf\xbf",
                              "\xe0\xa0\x80",
                              "\xed\x9f\xbf",
                              "\xee\x80\x80",
                              "\xef\xbf\xbf",
                              "\xf0\x90\x80\x80",
                              "\xf4\x8f\xbf\xbf",
                              "弹幕 – 草 👨‍👩‍👧‍👦 שלום"};
  for (const std::string& text : good) {
    for (std::size_t lead = 0; lead < 9; ++lead) {
      for (std::size_t trail = 0; trail < 9; ++trail) {
        INFO(text << " " << lead << " " << trail);
        REQUIRE(valid_utf8(std::string(lead, 'a') + text + std::string(trail, 'b')));
      }
    }
  }
}

TEST_CASE("malformed UTF-8 of every class is refused at every alignment", "[utf8]") {
  const std::string bad[] = {
      "\x80",
      "\xbf",
      "\x80\xbf\x80",  // continuations alone
      "\xc2",
      "\xe0\xa0",
      "\xf0\x90\x80",  // cut off
      "\xc2 ",
      "\xe0\xa0 ",
      "\xf0\x90\x80 ",  // interrupted
      "\xc0\x80",
      "\xc1\xbf",  // overlong, two bytes
      "\xe0\x80\x80",
      "\xe0\x9f\xbf",  // overlong, three
      "\xf0\x80\x80\x80",
      "\xf0\x8f\xbf\xbf",  // overlong, four
      "\xed\xa0\x80",
      "\xed\xaf\xbf",
      "\xed\xb0\x80",
      "\xed\xbf\xbf",              // surrogates
      "\xed\xa0\x80\xed\xb0\x80",  // a pair of them
      "\xf4\x90\x80\x80",
      "\xf5\x80\x80\x80",  // over U+10FFFF
      "\xf8\x88\x80\x80\x80",
      "\xfc\x84\x80\x80\x80\x80",
      "\xfe",
      "\xff",
      "\xc3\xc3",
  };
  for (const std::string& text : bad) {
    for (std::size_t lead = 0; lead < 9; ++lead) {
      for (std::size_t trail = 0; trail < 9; ++trail) {
        INFO(lead << " " << trail);
        REQUIRE_FALSE(valid_utf8(std::string(lead, 'a') + text + std::string(trail, 'b')));
      }
    }
  }
}

TEST_CASE("names hold no controls and fit", "[utf8]") {
  CHECK(valid_name("bob", 64));
  CHECK(valid_name("名前 with space", 64));
  CHECK(valid_name(std::string(64, 'x'), 64));
  CHECK_FALSE(valid_name("", 64));
  CHECK_FALSE(valid_name(std::string(65, 'x'), 64));
  CHECK_FALSE(valid_name("a\nb", 64));
  CHECK_FALSE(valid_name(std::string_view("a\0b", 3), 64));
  CHECK_FALSE(valid_name("\xc0\x80", 64));
  CHECK(valid_text("line\nline\t"));
  CHECK_FALSE(valid_text(std::string_view("a\0", 2)));
}

TEST_CASE("sums saturate where others choose the numbers", "[checked]") {
  CHECK(saturating_add<std::uint32_t>(UINT32_MAX, 1) == UINT32_MAX);
  CHECK(saturating_add<std::uint32_t>(3, 4) == 7);
  CHECK(saturating_add(INT64_MAX, std::int64_t{5}) == INT64_MAX);
  CHECK(saturating_add(INT64_MIN, std::int64_t{-5}) == INT64_MIN);
  CHECK(round_up(65, 64) == 128);
  CHECK(round_up(64, 64) == 64);
}

TEST_CASE("every word has a name and comes back", "[names]") {
  for (int i = 0; i < kErrcCount; ++i) {
    const auto code = static_cast<Errc>(i);
    CHECK(errc_from(name_of(code)) == code);
    CHECK_FALSE(message_of(code).empty());
  }
  CHECK(errc_from("no such word") == Errc::internal);
  for (int i = 1; i < static_cast<int>(Op::unknown); ++i) {
    const auto op = static_cast<Op>(i);
    CHECK(op_from(name_of(op)) == op);
  }
  CHECK(name_of(Op::switch_channel) == "switch");
  CHECK(name_of(Op::set_receive) == "set_receive");
  CHECK(op_from("unknown") == Op::unknown);
  CHECK(op_from("none") == Op::unknown);
  CHECK(op_from("") == Op::unknown);
  CHECK(name_of(static_cast<Op>(200)) == "unknown");
  CHECK(name_of(Role::owner) == "owner");
  CHECK(name_of(Priority::low) == "low");
  CHECK(name_of(EventType::messages_cleared) == "messages_cleared");
  CHECK(name_of(EventType::reconnect) == "reconnect");
  CHECK(name_of(LeaveReason::protocol_error) == "protocol_error");
  CHECK(name_of(GapReason::history_lost) == "history_lost");
  CHECK(name_of(HostEventType::overload) == "overload");
  CHECK(is_temporary(Errc::rate_limited));
  CHECK_FALSE(is_temporary(Errc::banned));
}
