// Items kept by versions: increments, copies that are overtaken, removals that were forgotten, and
// refreshes that readers share.
#include "chatroom/versioned.h"

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "unit/base/heap.h"

namespace chatroom {

namespace {

using Applied = VersionedItems::Applied;
using Content = std::map<std::string, std::string>;

// An increment that owns what it names, as one that crosses a network does.
struct Parcel {
  Increment news;
  std::vector<std::string> words;
  std::vector<VersionedItem> items;

  static Parcel of(const Increment& news) {
    Parcel parcel{news, {}, {}};
    for (const VersionedItem& item : news.items) {
      parcel.words.emplace_back(item.key);
      parcel.words.emplace_back(as_text(item.value));
      parcel.items.push_back(item);
    }
    return parcel;
  }
  Result<Applied> into(VersionedItems& copy) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].key = words[2 * i];
      items[i].value = as_bytes(words[2 * i + 1]);
    }
    news.items = items;
    return copy.apply(news);
  }
};

Parcel ask(const VersionedItems& owner, const VersionedItems& copy, std::size_t places) {
  std::vector<VersionedItem> room(places);
  return Parcel::of(owner.since(copy.stand(), room));
}

// Refreshes until there is no more; how many questions that took.
int refresh(const VersionedItems& owner, VersionedItems& copy, std::size_t places) {
  for (int questions = 1; questions < 1'000; ++questions) {
    Parcel parcel = ask(owner, copy, places);
    const bool more = parcel.news.more;
    REQUIRE(bool(parcel.into(copy)));
    if (!more) return questions;
  }
  FAIL("a refresh without an end");
  return 0;
}

Content content(const VersionedItems& items) {
  std::vector<VersionedItem> room(items.size() + 2'000);
  const Increment all = items.since({}, room);
  Content out;
  for (const VersionedItem& item : all.items) {
    out[std::string(item.key)] = std::string(as_text(item.value));
  }
  CHECK(out.size() == items.size());
  return out;
}

}  // namespace

TEST_CASE("a copy fetches what is newer than what it has, and nothing when it has all") {
  VersionedItems owner({}, 7);
  VersionedItems copy({}, 0);
  REQUIRE(*owner.put("ann", as_bytes("node 1")) == 1);
  REQUIRE(*owner.put("ben", as_bytes("node 2")) == 2);
  REQUIRE(refresh(owner, copy, 10) == 1);
  REQUIRE(copy.stand() == owner.stand());
  Parcel none = ask(owner, copy, 10);
  CHECK(none.items.empty());
  CHECK(*none.into(copy) == Applied::known);

  REQUIRE(*owner.put("ann", as_bytes("node 3")) == 3);
  REQUIRE(*owner.remove("ben") == 4);
  Parcel news = ask(owner, copy, 10);
  CHECK_FALSE(news.news.whole);
  CHECK(news.items.size() == 2);
  REQUIRE(*news.into(copy) == Applied::applied);
  VersionedItem item;
  REQUIRE(copy.find("ann", item));
  CHECK(as_text(item.value) == "node 3");
  CHECK(item.version == 3);
  CHECK_FALSE(copy.find("ben", item));
  CHECK(copy.size() == 1);
  // An equal value is no change; who was removed may come back.
  CHECK(*owner.put("ann", as_bytes("node 3")) == 3);
  CHECK(*owner.put("ben", as_bytes("")) == 5);
  CHECK(owner.remove("cleo").error().code == Errc::not_found);
  CHECK(owner.put("", as_bytes("x")).error().code == Errc::bad_request);
  CHECK(owner.put(std::string(129, 'k'), as_bytes("x")).error().code == Errc::bad_request);
  CHECK(owner.put("k", as_bytes(std::string(257, 'v'))).error().code == Errc::bad_request);
}

TEST_CASE("two writers whose clocks differ by 20 ms, and updates that overtake each other") {
  int lost_by_clock = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    VersionedItems owner({.items = 50, .removed = 8}, seed);
    VersionedItems copy({.items = 50, .removed = 8}, 0);
    std::vector<Parcel> on_their_way;
    std::map<std::string, std::uint64_t> seen;
    // What the source of the idea does: each item has its writer's stamp, and a reader asks for
    // what is newer than the newest that it has.
    std::map<std::string, std::pair<int, std::string>> stamped;
    Content by_clock;
    int newest = -1;
    for (int ms = 0; ms < 400; ms += 5) {
      for (const int skew : {0, -20}) {
        const std::string key(1, static_cast<char>('a' + random() % 12));
        const std::string value = std::to_string(ms) + (skew == 0 ? " one" : " two");
        if (random() % 5 == 0) {
          static_cast<void>(owner.remove(key));
        } else {
          REQUIRE(bool(owner.put(key, as_bytes(value))));
          stamped[key] = {ms + skew, value};
        }
      }
      if (random() % 3 == 0) on_their_way.push_back(ask(owner, copy, 1 + random() % 6));
      if (!on_their_way.empty() && random() % 3 == 0) {
        Parcel& any = on_their_way[random() % on_their_way.size()];
        REQUIRE(bool(any.into(copy)));
        if (random() % 2 == 0) std::swap(any, on_their_way.back()), on_their_way.pop_back();
      }
      for (char c = 'a'; c < 'm'; ++c) {
        VersionedItem item;
        if (!copy.find(std::string(1, c), item)) continue;
        REQUIRE(item.version >= seen[std::string(1, c)]);  // never back
        seen[std::string(1, c)] = item.version;
      }
      int read = newest;
      for (const auto& [key, item] : stamped) {
        if (item.first <= newest) continue;
        by_clock[key] = item.second;
        read = std::max(read, item.first);
      }
      newest = read;
    }
    refresh(owner, copy, 5);
    REQUIRE(content(copy) == content(owner));
    for (Parcel& late : on_their_way) REQUIRE(bool(late.into(copy)));
    REQUIRE(content(copy) == content(owner));
    for (const auto& [key, item] : stamped) lost_by_clock += by_clock[key] != item.second ? 1 : 0;
  }
  // The case is real: without looking back, stamps lose what the slower clock wrote.
  CHECK(lost_by_clock > 0);
}

TEST_CASE("whoever missed a removal that nobody remembers gets the whole list") {
  VersionedItems owner({.items = 1'000, .removed = 4}, 3);
  VersionedItems copy({.items = 1'000, .removed = 4}, 0);
  for (int i = 0; i < 100; ++i) REQUIRE(bool(owner.put(std::to_string(i), as_bytes("x"))));
  refresh(owner, copy, 1'000);
  for (int i = 0; i < 50; ++i) REQUIRE(bool(owner.remove(std::to_string(i))));
  Parcel news = ask(owner, copy, 1'000);
  CHECK(news.news.whole);
  REQUIRE(*news.into(copy) == Applied::applied);
  REQUIRE(content(copy) == content(owner));

  SECTION("in pages, while removals go on") {
    VersionedItems late({.items = 1'000, .removed = 4}, 0);
    int next = 50;
    for (int questions = 0;; ++questions) {
      REQUIRE(questions < 20);
      Parcel page = ask(owner, late, 10);
      REQUIRE(bool(page.into(late)));
      CHECK(late.complete() == !page.news.more);
      if (!page.news.more) break;
      if (next < 53) REQUIRE(bool(owner.remove(std::to_string(next++))));
    }
    REQUIRE(content(late) == content(owner));
  }
  SECTION("and so does whoever knew an earlier life of the owner") {
    VersionedItems again({}, 4);
    REQUIRE(bool(again.put("new", as_bytes("y"))));
    refresh(again, copy, 10);
    REQUIRE(content(copy) == Content{{"new", "y"}});
    Parcel old = ask(owner, VersionedItems({}, 0), 5);
    old.news.whole = false;
    old.news.from.version = 50;
    CHECK(*old.into(copy) == Applied::gap);
  }
  SECTION("a copy of the copy too") {
    VersionedItems third({.items = 1'000, .removed = 4}, 0);
    refresh(copy, third, 7);
    REQUIRE(content(third) == content(owner));
    REQUIRE(bool(owner.remove("60")));
    refresh(owner, copy, 10);
    CHECK(refresh(copy, third, 10) == 1);
    REQUIRE(content(third) == content(owner));
  }
}

TEST_CASE("versioned items keep within their limits and give everything back") {
  test::Heap heap;
  {
    VersionedItems owner({.items = 3, .removed = 2, .bytes = 1 << 20}, 1, heap);
    for (int round = 0; round < 1'000; ++round) {
      const std::string key(1, static_cast<char>('a' + round % 5));
      const auto done = owner.put(key, as_bytes(std::to_string(round)));
      CHECK((done || done.error().code == Errc::limit_reached));
      if (round % 3 == 0) static_cast<void>(owner.remove(key));
      REQUIRE(owner.size() <= 3);
    }
    const std::size_t steady = heap.peak;
    for (int round = 0; round < 10'000; ++round) {
      REQUIRE(bool(owner.put("a", as_bytes(std::to_string(round)))) == (owner.size() <= 3));
    }
    CHECK(heap.peak == steady);
    // A dry port: refused, nothing half done.
    heap.dry = true;
    const Content before = content(owner);
    VersionedItems none({}, 1, heap);
    CHECK_FALSE(none.ready());
    CHECK(none.put("a", as_bytes("b")).error().code == Errc::limit_reached);
    CHECK(none.size() == 0);
    CHECK(content(owner) == before);
    heap.dry = false;
  }
  CHECK(heap.bytes == 0);

  SECTION("a copy that is too small says so and is empty") {
    VersionedItems owner({}, 5);
    VersionedItems copy({.items = 2}, 0);
    for (const char* key : {"a", "b", "c"}) REQUIRE(bool(owner.put(key, as_bytes("x"))));
    Parcel news = ask(owner, copy, 10);
    CHECK(news.into(copy).error().code == Errc::limit_reached);
    CHECK(copy.size() == 0);
    CHECK_FALSE(copy.complete());
    CHECK(copy.stand().version == 0);
  }
  SECTION("10,000 members of 64 bytes are 2 MB") {
    VersionedItems owner({}, 1);
    for (int i = 0; i < 10'000; ++i) {
      REQUIRE(bool(owner.put("member-" + std::to_string(i), as_bytes(std::string(64, 'v')))));
    }
    CHECK(owner.bytes_held() / 10'000 <= 200);
  }
}

TEST_CASE("readers of the same item share one refresh") {
  SharedRefresh shared(Duration::s(5));
  Instant now{1'000'000};
  using Role = SharedRefresh::Role;
  CHECK(shared.ask(1, now) == Role::fetch);
  for (Tag reader = 2; reader <= 10; ++reader) CHECK(shared.ask(reader, now) == Role::wait);
  struct Told {
    SharedRefresh* shared;
    Instant now;
    std::vector<Tag> readers;
  } told{&shared, now, {}};
  const auto tell = [](void* context, Tag reader) {
    Told& all = *static_cast<Told*>(context);
    all.readers.push_back(reader);
    // Not new enough for the third: it asks again, and is the first of the next one.
    if (reader == 3 && all.readers.size() < 11) {
      CHECK(all.shared->ask(reader, all.now) == Role::fetch);
    }
  };
  shared.finish(tell, &told);
  CHECK(told.readers == std::vector<Tag>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  CHECK(shared.waiting() == 1);
  CHECK(shared.ask(11, now) == Role::wait);

  SECTION("a fetch that never comes back is given up") {
    CHECK(shared.ask(12, now + Duration::ms(4'999)) == Role::wait);
    CHECK(shared.ask(13, now + Duration::s(5)) == Role::fetch);
    CHECK(shared.ask(14, now + Duration::s(6)) == Role::wait);
    told.readers.assign(20, 0);
    shared.finish(tell, &told);
    CHECK(told.readers.size() == 20 + 5);
  }
  SECTION("too many are told to come back") {
    while (shared.waiting() < SharedRefresh::kWaitingMax) {
      CHECK(shared.ask(99, now) == Role::wait);
    }
    CHECK(shared.ask(100, now) == Role::full);
  }
}

}  // namespace chatroom
