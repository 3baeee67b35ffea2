// Pools, slot map, table, vector, ring, list, text: against a plain model, at their limits, and
// with a Memory port that says no.
#include <cstring>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/list.h"
#include "base/pool.h"
#include "base/ring.h"
#include "base/slot_map.h"
#include "base/table.h"
#include "base/text.h"
#include "base/vector.h"
#include "catch.hpp"
#include "heap.h"

using namespace chatroom;
using namespace chatroom::base;
using chatroom::test::Heap;

TEST_CASE("a block pool stops at its limit and never passes bytes_max", "[pool]") {
  for (const std::size_t block : {1u, 24u, 100u, 4096u, 16384u, 100'000u}) {
    Heap heap;
    const BlockPool::Shape shape{block, 37, 16};
    BlockPool pool(heap, shape);
    std::vector<void*> taken;
    while (void* at = pool.take()) {
      REQUIRE(reinterpret_cast<std::uintptr_t>(at) % 16 == 0);
      std::memset(at, 0xab, block);
      taken.push_back(at);
    }
    CHECK(taken.size() == 37);
    CHECK(pool.blocks_in_use() == 37);
    CHECK(heap.bytes == BlockPool::bytes_max(shape));
    CHECK(pool.bytes_held() == heap.bytes);
    std::sort(taken.begin(), taken.end());
    for (std::size_t i = 1; i < taken.size(); ++i) {
      REQUIRE(static_cast<char*>(taken[i]) - static_cast<char*>(taken[i - 1]) >=
              static_cast<std::ptrdiff_t>(block));
    }
    pool.give(taken[5]);
    CHECK(pool.take() == taken[5]);
  }
}

TEST_CASE("a pool at its high-water mark asks for nothing more", "[pool]") {
  Heap heap;
  Pool<std::uint64_t> pool(heap, 100'000);
  REQUIRE(pool.reserve(20'000));
  const std::size_t calls = heap.calls;
  std::vector<std::uint64_t*> objects;
  for (std::uint64_t i = 0; i < 20'000; ++i) objects.push_back(pool.make(i));
  for (std::uint64_t i = 0; i < 20'000; ++i) REQUIRE(*objects[i] == i);
  for (auto* object : objects) pool.destroy(object);
  for (std::uint64_t i = 0; i < 20'000; ++i) REQUIRE(pool.make(i) != nullptr);
  CHECK(heap.calls == calls);
  CHECK(pool.bytes_in_use() == 160'000);
}

TEST_CASE("what a pool reserves is not touched before it is taken", "[pool]") {
  struct Marking final : Memory {
    void* allocate(std::size_t size, std::size_t align) noexcept override {
      void* block = heap.allocate(size, align);
      std::memset(block, 0xee, size);
      return slabs.emplace_back(static_cast<unsigned char*>(block));
    }
    void release(void* block, std::size_t size, std::size_t align) noexcept override {
      heap.release(block, size, align);
    }
    Heap heap;
    std::vector<unsigned char*> slabs;
  } memory;
  BlockPool pool(memory, {.block_bytes = 200, .blocks_max = 10'000});
  void* first = pool.take();
  REQUIRE(pool.reserve(1'000));
  REQUIRE(memory.slabs.size() > 2);
  for (const unsigned char* slab : memory.slabs) {
    for (std::size_t at = 64; at < 60'000; ++at) REQUIRE(slab[at] == 0xee);
  }
  pool.give(first);
}

TEST_CASE("a dry port fails a take and harms nothing", "[pool]") {
  Heap heap;
  heap.dry = true;
  Pool<int> pool(heap, 10);
  CHECK(pool.make(1) == nullptr);
  CHECK(pool.in_use() == 0);
  heap.dry = false;
  CHECK(pool.make(2) != nullptr);
}

TEST_CASE("stale handles find nothing, live ones keep their address", "[slot_map]") {
  struct Counted {
    explicit Counted(int* count) : alive(count) { ++*alive; }
    ~Counted() { --*alive; }
    int* alive;
    char payload[90] = {};
  };
  int alive = 0;
  Heap heap;
  {
    SlotMap<Counted, SessionId> map(heap, 5'000);
    std::vector<SessionId> handles;
    std::vector<Counted*> addresses;
    for (int i = 0; i < 5'000; ++i) {
      handles.push_back(map.insert(&alive));
      addresses.push_back(map.get(handles.back()));
      REQUIRE(addresses.back() != nullptr);
    }
    CHECK_FALSE(map.insert(&alive));
    CHECK(alive == 5'000);
    CHECK(heap.bytes == SlotMap<Counted, SessionId>::bytes_max(5'000));
    for (std::size_t i = 0; i < 5'000; ++i) REQUIRE(map.get(handles[i]) == addresses[i]);

    CHECK(map.erase(handles[17]));
    CHECK_FALSE(map.erase(handles[17]));
    CHECK(map.get(handles[17]) == nullptr);
    CHECK(map.at(17) == nullptr);
    const SessionId again = map.insert(&alive);
    CHECK(again.index == 17);
    CHECK(again != handles[17]);
    CHECK(map.get(handles[17]) == nullptr);
    CHECK(map.handle_at(17) == again);
    CHECK(map.get(SessionId{}) == nullptr);
    CHECK(map.get(SessionId{4'999'999, 1}) == nullptr);
    CHECK(map.size() == 5'000);
  }
  CHECK(alive == 0);
}

TEST_CASE("a slot map with a dry port refuses and recovers", "[slot_map]") {
  Heap heap;
  SlotMap<int, RoomId> map(heap, 100'000);
  for (heap.dry = true; heap.dry; heap.dry = false) CHECK_FALSE(map.insert(1));
  const RoomId id = map.insert(2);
  REQUIRE(map.get(id) != nullptr);
  CHECK(*map.get(id) == 2);
}

namespace {

struct Row {
  std::string key;
  int value = 0;
};
struct KeyOfRow {
  std::string_view operator()(const Row* row) const { return row->key; }
};
using Rows = Table<Row*, KeyOfRow>;

}  // namespace

TEST_CASE("a table agrees with a model under every key, full and nearly empty", "[table]") {
  for (const HashKey hash : {HashKey{1, 2}, HashKey{0x1234567890abcdef, 99}}) {
    Heap heap;
    Rows table(heap, hash, 1'000);
    std::vector<std::unique_ptr<Row>> rows;
    std::map<std::string, Row*> model;
    std::mt19937 random(7);
    for (int step = 0; step < 60'000; ++step) {
      // In turns of 10,000 it fills to its limit and is emptied again.
      const bool fills = step / 10'000 % 2 == 0;
      const std::string key = "user-" + std::to_string(random() % 1'500);
      const auto known = model.find(key);
      Row** found = table.find(key);
      REQUIRE((found != nullptr) == (known != model.end()));
      if (found != nullptr) {
        REQUIRE(*found == known->second);
        if (random() % 8 < (fills ? 1 : 8)) {
          REQUIRE(table.erase(key));
          REQUIRE_FALSE(table.erase(key));
          model.erase(known);
        }
      } else if (fills || random() % 8 == 0) {
        rows.push_back(std::make_unique<Row>(Row{key, step}));
        const bool full = model.size() == 1'000;
        REQUIRE((table.insert(rows.back().get()) == nullptr) == full);
        if (!full) model.emplace(key, rows.back().get());
      }
      REQUIRE(table.size() == model.size());
      if (step % 1'000 != 0) continue;
      for (const auto& [name, row] : model) REQUIRE(*table.find(name) == row);
    }
    CHECK(heap.peak <= Rows::bytes_max(1'000));
  }
}

TEST_CASE("a large table of indexes takes some 11 bytes a value, and grows in parts", "[table]") {
  struct Numbers {
    std::string_view operator()(const std::uint32_t& number) const { return key_of_number(number); }
  };
  using Set = Table<std::uint32_t, Numbers>;
  constexpr std::uint32_t kMost = 100'000;
  Heap heap;
  Set table(heap, {3, 4}, kMost);
  std::size_t largest = 0;  // more at once, by one insert
  for (std::uint32_t i = 0; i < kMost; ++i) {
    const std::size_t before = table.bytes_held();
    REQUIRE(table.insert(i) != nullptr);
    if (i > 0) largest = std::max(largest, table.bytes_held() - before);
    if (i > kMost / 2) REQUIRE(table.bytes_held() <= 12 * table.size());
  }
  CHECK(table.insert(kMost) == nullptr);
  CHECK(largest <= 2'048);
  CHECK(heap.bytes == table.bytes_held());
  CHECK(heap.peak <= Set::bytes_max(kMost));
  for (std::uint32_t i = 0; i < kMost; ++i) REQUIRE(*table.find(key_of_number(i)) == i);
  // What is gone leaves what stays where it is found, in every part.
  for (std::uint32_t i = 0; i < kMost; i += 2) REQUIRE(table.erase(key_of_number(i)));
  for (std::uint32_t i = 0; i < kMost; ++i)
    REQUIRE((table.find(key_of_number(i)) != nullptr) == (i % 2 == 1));
}

TEST_CASE("a table takes no more than its plan however hashes fall", "[table]") {
  struct Same {  // everybody's hash is the same
    std::string_view operator()(const std::uint32_t&) const { return "same"; }
  };
  Heap heap;
  using Set = Table<std::uint32_t, Same>;
  Set table(heap, {3, 4}, 8'192);
  REQUIRE(table.insert(1) != nullptr);
  CHECK(*table.find("same") == 1);
  CHECK(table.find("other") == nullptr);
  CHECK_FALSE(table.erase("other"));
  CHECK(table.erase("same"));
  CHECK(table.find("same") == nullptr);
  CHECK(heap.peak <= Set::bytes_max(8'192));
}

TEST_CASE("a full table churns without asking for memory", "[table]") {
  Heap heap;
  Rows table(heap, {5, 6}, 128);
  std::vector<std::unique_ptr<Row>> rows;
  for (int i = 0; i < 128; ++i) {
    rows.push_back(std::make_unique<Row>(Row{std::to_string(i), i}));
    REQUIRE(table.insert(rows.back().get()) != nullptr);
  }
  const std::size_t calls = heap.calls;
  for (int i = 128; i < 5'000; ++i) {
    REQUIRE(table.erase(rows[static_cast<std::size_t>(i) - 128]->key));
    rows.push_back(std::make_unique<Row>(Row{std::to_string(i), i}));
    REQUIRE(table.insert(rows.back().get()) != nullptr);
  }
  CHECK(heap.calls == calls);
  for (std::size_t i = 0; i < rows.size(); ++i)
    REQUIRE((table.find(rows[i]->key) != nullptr) == (i >= rows.size() - 128));
}

TEST_CASE("a table whose growth fails keeps what it has", "[table]") {
  Heap heap;
  Rows table(heap, {5, 6}, 500);
  std::vector<std::unique_ptr<Row>> rows;
  for (int i = 0; i < 300; ++i) rows.push_back(std::make_unique<Row>(Row{std::to_string(i), i}));
  std::size_t held = 0;
  while (table.insert(rows[held].get()) != nullptr) heap.dry = ++held >= 20;
  CHECK(held >= 20);
  CHECK(held < 300);
  for (std::size_t i = 0; i < 300; ++i)
    REQUIRE((table.find(rows[i]->key) != nullptr) == (i < held));
}

TEST_CASE("vectors and rings grow to their limit and keep their order", "[vector][ring]") {
  Heap heap;
  {
    Vector<std::string> vector(heap, 100);
    Ring<std::string> ring(heap, 100);
    for (int i = 0; i < 100; ++i) {
      REQUIRE(vector.push_back("a long enough string " + std::to_string(i)));
      REQUIRE(ring.push_back("a long enough string " + std::to_string(i)));
      if (i % 3 == 0) {
        ring.pop_front();
        REQUIRE(ring.push_back("again"));
      }
    }
    CHECK_FALSE(vector.push_back("more"));
    CHECK_FALSE(ring.push_back("more"));
    CHECK(ring.full());
    CHECK(vector[99] == "a long enough string 99");
    vector.erase_swap(0);
    CHECK(vector[0] == "a long enough string 99");
    vector.erase(0);
    CHECK(vector[0] == "a long enough string 1");
    CHECK(vector.size() == 98);
    CHECK(ring.back() == "again");
    ring.pop_back();
    CHECK(ring.back() == "a long enough string 99");
    const std::string one[] = {"x", "y", "z"};
    CHECK_FALSE(vector.append(one));
    CHECK(vector.append({one, 2}));
    CHECK(vector.back() == "y");
  }
  CHECK(heap.bytes == 0);
  CHECK(heap.peak <= Vector<std::string>::bytes_max(100) + Ring<std::string>::bytes_max(100));
}

TEST_CASE("a ring is a queue through many wraps", "[ring]") {
  Heap heap;
  Ring<int> ring(heap, 1'000);
  int in = 0;
  int out = 0;
  std::mt19937 random(3);
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 2 == 0) {
      if (ring.push_back(in)) ++in;
    } else if (!ring.empty()) {
      REQUIRE(ring.front() == out++);
      ring.pop_front();
    }
    REQUIRE(ring.size() == static_cast<std::size_t>(in - out));
  }
}

TEST_CASE("list elements leave from the middle and from two lists", "[list]") {
  struct First;
  struct Second;
  struct Element : ListNode<First>, ListNode<Second> {
    explicit Element(int v) : value(v) {}
    int value;
  };
  Element a(1), b(2), c(3);
  List<Element, First> first;
  List<Element, Second> second;
  for (Element* e : {&a, &b, &c}) {
    first.push_back(*e);
    second.push_front(*e);
  }
  first.remove(b);
  CHECK(first.next(a) == &c);
  CHECK(first.next(c) == nullptr);
  CHECK(second.front() == &c);
  CHECK(second.pop_front() == &c);
  CHECK(second.front() == &b);
  CHECK(static_cast<ListNode<Second>&>(b).linked());
  CHECK_FALSE(static_cast<ListNode<First>&>(b).linked());
  CHECK(first.size() == 2);
  while (first.pop_front() != nullptr) {
  }
  CHECK(first.empty());
  CHECK(first.back() == nullptr);
}

TEST_CASE("texts of every length are kept, replaced and dropped", "[text]") {
  Heap heap;
  TextPool pool(heap, 1 << 20);
  std::vector<Text> texts(TextPool::kTextMax + 1);
  for (std::size_t i = 0; i < texts.size(); ++i) REQUIRE(pool.keep(std::string(i, 'x'), texts[i]));
  for (std::size_t i = 0; i < texts.size(); ++i) REQUIRE(texts[i].view() == std::string(i, 'x'));
  CHECK_FALSE(texts[0]);
  REQUIRE(pool.replace(texts[3], "longer than it was before"));
  CHECK(texts[3].view() == "longer than it was before");
  for (Text& text : texts) pool.drop(text);
  CHECK(pool.bytes_in_use() == 0);
  CHECK(pool.bytes_held() > 0);
}

TEST_CASE("a text pool is bounded over all its sizes together", "[text]") {
  Heap heap;
  TextPool pool(heap, 200'000);
  Text text;
  std::size_t kept = 0;
  while (pool.keep("a name", text)) ++kept;
  CHECK(kept > 4'000);
  CHECK(heap.peak <= 200'000);
  CHECK_FALSE(text);
  CHECK(pool.keep("", text));
}

TEST_CASE("fixed texts cut what does not fit", "[text]") {
  FixedText<5> text;
  CHECK(text.assign("12345"));
  CHECK_FALSE(text.assign("123456"));
  CHECK(text.view() == "12345");
}
