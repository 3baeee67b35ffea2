// The token bucket: never more than its rate, hardly less, and an honest time to wait.
#include "base/bucket.h"

#include <map>
#include <random>

#include "base/buckets.h"
#include "catch.hpp"
#include "heap.h"

namespace chatroom::base {

namespace {

constexpr Instant kBegin{1'000'000};

}  // namespace

TEST_CASE("buckets keep to their rate over any pattern of use") {
  std::mt19937_64 random{3};
  for (const Rate rate : {Rate{20, 40}, Rate{1, 1}, Rate{3, 7}, Rate{1'000, 5}}) {
    Bucket bucket;
    Instant now = kBegin;
    std::uint64_t taken = 0;
    for (int i = 0; i < 5'000; ++i) {
      now = now + Duration{static_cast<std::int64_t>(random() % (i % 3 == 0 ? 1'000'000 : 1'000))};
      const Duration wait = bucket.take(rate, now);
      if (wait.us == 0) {
        ++taken;
      } else {
        // Exactly then, and not a moment before.
        Bucket early = bucket;
        REQUIRE(early.take(rate, now + Duration{wait.us - 1}).us == 1);
        Bucket due = bucket;
        REQUIRE(due.take(rate, now + wait).us == 0);
      }
      // 1/3 s is not a whole number of microseconds: allow for the rounding.
      const double seconds = static_cast<double>((now - kBegin).us) / 1e6;
      REQUIRE(static_cast<double>(taken) <=
              rate.burst + seconds * rate.per_second * 1.00001 + 1e-6);
    }
  }
  Bucket bucket;
  for (int i = 0; i < 1'000; ++i) REQUIRE(bucket.take(Rate::unlimited(), kBegin).us == 0);
  REQUIRE(retry_after_ms(bucket.take(Rate{0, 0}, kBegin)) == 0);
  REQUIRE(bucket.take(Rate{0, 0}, kBegin).us > 0);
  REQUIRE(bucket.take(Rate{5, 0}, kBegin) == Bucket::kForever);
}

TEST_CASE("who always takes what there is gets its rate to within a thousandth") {
  for (const std::uint32_t per_second : {1u, 3u, 7u, 20u, 999u, 15'000u, 700'000u, 3'000'000u}) {
    const Rate rate{per_second, 10};
    Bucket bucket;
    std::uint64_t taken = 0;
    const std::uint32_t seconds = per_second < 1'000 ? 1'000 : 1;
    const Instant end = kBegin + Duration::s(seconds);
    for (Instant now = kBegin; now < end;) {
      const Duration wait = bucket.take(rate, now);
      if (wait.us == 0) ++taken;
      now = now + wait;
    }
    const double due = double{1} * per_second * seconds;
    CHECK(static_cast<double>(taken) >= due * 0.999);
    CHECK(static_cast<double>(taken) <= due * 1.001 + rate.burst + 1);
  }
}

TEST_CASE("a bucket is full again when nothing is owed") {
  Bucket bucket;
  REQUIRE(bucket.full(kBegin));
  REQUIRE(bucket.take({4, 2}, kBegin).us == 0);
  REQUIRE_FALSE(bucket.full(kBegin + Duration::ms(249)));
  REQUIRE(bucket.full(kBegin + Duration::ms(250)));
  REQUIRE(retry_after_ms({1}) == 1);
  REQUIRE(retry_after_ms({1'000}) == 1);
  REQUIRE(retry_after_ms({1'001}) == 2);
  REQUIRE(retry_after_ms({INT64_MAX - 1}) == UINT32_MAX);
}

TEST_CASE("several tokens at once are those that are there") {
  constexpr Rate rate{100, 10};
  Bucket bucket;
  Instant now{5'000'000};
  CHECK(bucket.available(rate, now) == 10);
  CHECK(bucket.available(Rate::unlimited(), now) == UINT32_MAX);
  CHECK(bucket.available({0, 5}, now) == 0);
  bucket.take_many(rate, now, 7);
  CHECK(bucket.available(rate, now) == 3);
  CHECK(bucket.wait_for(rate, now, 3).us == 0);
  CHECK(bucket.wait_for(rate, now, 5) == Duration::ms(20));
  CHECK(bucket.wait_for(rate, now, 99) == Duration::ms(70));  // all that there can be
  bucket.take_many(rate, now, 8);                             // five more than there are
  CHECK(bucket.available(rate, now) == 0);
  CHECK(bucket.wait_for(rate, now, 1) == Duration::ms(60));
  now = now + Duration::ms(60);
  CHECK(bucket.available(rate, now) == 1);
  // Over a minute it is the rate, however they are taken.
  std::uint64_t taken = 0;
  for (int i = 0; i < 60'000; ++i) {
    now = now + Duration::ms(1);
    const std::uint32_t some = std::min(bucket.available(rate, now), 3u);
    bucket.take_many(rate, now, some);
    taken += some;
  }
  CHECK(taken >= 6'000);
  CHECK(taken <= 6'001);
}

TEST_CASE("without a limit nothing is owed, and of nothing there never is any") {
  Bucket bucket;
  const Instant now{5'000'000};
  bucket.take_many(Rate::unlimited(), now, 1'000);
  CHECK(bucket.full(now));
  CHECK(bucket.wait_for(Rate::unlimited(), now, 1'000).us == 0);
  bucket.take_many({0, 5}, now, 1);
  CHECK(bucket.full(now));
  CHECK(bucket.wait_for({0, 5}, now, 1) == Bucket::kForever);
  CHECK(bucket.wait_for({5, 0}, now, 1) == Bucket::kForever);
}

TEST_CASE("buckets by name are as good as one for each, and are forgotten once full") {
  test::Heap heap;
  std::mt19937_64 random{11};
  const Rate rate{20, 5};
  {
    Buckets buckets(heap, {1, 2}, 64);
    std::map<std::uint64_t, Bucket> each;
    Instant now = kBegin;
    CHECK(buckets.wait(7, rate, now).us == 0);
    CHECK(heap.calls == 0);  // who does nothing costs nothing
    buckets.take(7, Rate::unlimited(), now);
    CHECK(heap.calls == 0);
    for (int i = 0; i < 20'000; ++i) {
      now = now + Duration{static_cast<std::int64_t>(random() % 20'000)};
      const std::uint64_t who = random() % 40;
      const Duration wait = buckets.wait(who, rate, now);
      REQUIRE(wait == each[who].wait(rate, now));
      if (wait.us > 0) continue;
      buckets.take(who, rate, now);
      static_cast<void>(each[who].take(rate, now));
    }
    CHECK(buckets.wait(7, {0, 5}, now) == Bucket::kForever);
    CHECK(buckets.size() <= 40);
    // Each newcomer takes the places of two who are full again.
    now = now + Duration::s(10);
    for (std::uint64_t who = 100; who < 140; ++who) buckets.take(who, rate, now);
    CHECK(buckets.size() == 40);
    for (int i = 0; i < 5; ++i) buckets.take(100, rate, now);
    CHECK(buckets.wait(100, rate, now) == Duration::ms(50));
    CHECK(heap.bytes <= Buckets::bytes_max(64));
  }
  CHECK(heap.bytes == 0);
}

TEST_CASE("of too many names whoever was longest silent begins anew") {
  test::Heap heap;
  const Rate rate{1, 1};
  {
    Buckets buckets(heap, {1, 2}, 3);
    for (std::uint64_t who = 1; who <= 3; ++who) buckets.take(who, rate, kBegin);
    CHECK(buckets.wait(1, rate, kBegin) == Duration::s(1));
    buckets.take(4, rate, kBegin);
    CHECK(buckets.size() == 3);
    CHECK(buckets.wait(1, rate, kBegin).us == 0);
    for (std::uint64_t who = 2; who <= 4; ++who) {
      CHECK(buckets.wait(who, rate, kBegin) == Duration::s(1));
    }
  }
  // Without memory, for its places or for its table, nothing is counted and nothing breaks.
  heap.dry = true;
  Buckets dry(heap, {1, 2}, 3);
  dry.take(1, rate, kBegin);
  CHECK(dry.size() == 0);
  heap.dry = false;
  Buckets none(heap, {1, 2}, 0);
  none.take(1, rate, kBegin);
  CHECK(none.wait(1, rate, kBegin).us == 0);
  class Few final : public Memory {
   public:
    explicit Few(test::Heap& from) noexcept : heap(from) {}
    void* allocate(std::size_t size, std::size_t align) noexcept override {
      return left-- > 0 ? heap.allocate(size, align) : nullptr;
    }
    void release(void* block, std::size_t size, std::size_t align) noexcept override {
      heap.release(block, size, align);
    }
    test::Heap& heap;
    int left = 2;  // its directory and its first segment
  } few(heap);
  Buckets half(few, {1, 2}, 3);
  half.take(1, rate, kBegin);
  CHECK(half.size() == 0);
  few.left = 10;
  half.take(1, rate, kBegin);
  CHECK(half.wait(1, rate, kBegin) == Duration::s(1));
}

}  // namespace chatroom::base
