// The token bucket: never more than its rate, hardly less, and an honest time to wait.
#include "base/bucket.h"

#include <random>

#include "catch.hpp"

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

}  // namespace chatroom::base
