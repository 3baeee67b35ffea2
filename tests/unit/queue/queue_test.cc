// What waits inside an engine, and in what: byte queues, the mailbox, tapes.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "chatroom/testing/fakes.h"
#include "engine/byte_queue.h"
#include "engine/mailbox.h"
#include "fanout/tape.h"

using namespace chatroom;
using namespace chatroom::engine;

namespace {

std::string letters(std::size_t size, char first = 'a') {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>(first + static_cast<int>(i % 26));
  return text;
}

struct Queue {
  testing::FakeMemory memory;
  base::BlockPool pool;
  ByteQueue queue;

  explicit Queue(std::size_t blocks = 64) : pool(memory, {ByteQueue::kBlockBytes, blocks}) {}
  ~Queue() { queue.clear(pool); }
  std::string pop() {
    std::string out(queue.front_size(), '\0');
    const std::size_t size =
        queue.pop(pool, std::as_writable_bytes(std::span(out.data(), out.size())));
    REQUIRE(size == out.size());
    return out;
  }
};

// A loop whose wake takes as long as another thread needs to come to the same mailbox.
class SlowLoop final : public EventLoop {
 public:
  Instant now() noexcept override { return {}; }
  void set_alarm(Instant) noexcept override {}
  void wake() noexcept override {
    ++wakes;
    woken = true;
    while (!other_came) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  void entropy(MutableBytes) noexcept override {}
  void attach(LoopClient*) noexcept override {}

  int wakes = 0;
  std::atomic<bool> woken{false};
  std::atomic<bool> other_came{false};
};

struct Taped {
  explicit Taped(std::uint64_t window = 64 * 1024, std::uint64_t pool_bytes = 4 * 1024 * 1024)
      : pool(memory, limits_of(window, pool_bytes)) {}
  ~Taped() { tape.clear(pool); }
  static Limits limits_of(std::uint64_t window, std::uint64_t pool_bytes) {
    Limits limits;
    limits.window_bytes = static_cast<decltype(limits.window_bytes)>(window);
    limits.log_pool_bytes = static_cast<decltype(limits.log_pool_bytes)>(pool_bytes);
    return limits;
  }
  bool append(std::string_view text) {
    const std::uint64_t end = tape.end();
    if (!tape.grow(pool, end + text.size())) return false;
    tape.write(pool, end, as_bytes(text));
    tape.commit(end + text.size());
    return true;
  }
  std::string read(std::uint64_t at, std::size_t size) const {
    std::string text;
    for (; size > 0; --size, ++at) text += static_cast<char>(*tape.at(pool, at));
    return text;
  }

  testing::FakeMemory memory;
  fanout::ChunkPool pool;
  fanout::Tape tape;
};

}  // namespace

TEST_CASE("a byte queue gives back what it was given, in order and of any size") {
  Queue q;
  std::vector<std::string> in;
  for (const std::size_t size :
       {0u, 1u, 243u, 244u, 245u, 247u, 248u, 249u, 491u, 492u, 493u, 1'000u}) {
    in.push_back(letters(size));
    REQUIRE(q.queue.push(q.pool, as_bytes(in.back())));
  }
  const Bytes pieces[] = {as_bytes("one "), {}, as_bytes("two "), as_bytes("three")};
  REQUIRE(q.queue.push(q.pool, pieces));
  in.emplace_back("one two three");
  CHECK(q.queue.size() == in.size());
  for (const std::string& one : in) CHECK(q.pop() == one);
  CHECK(q.queue.empty());
  CHECK(q.queue.bytes() == 0);
}

TEST_CASE("what goes to the front of a byte queue comes first") {
  Queue q;
  REQUIRE(q.queue.push_front(q.pool, as_bytes("b")));
  REQUIRE(q.queue.push(q.pool, as_bytes("c")));
  REQUIRE(q.queue.push_front(q.pool, as_bytes(letters(600))));
  CHECK(q.queue.bytes() == 602);
  CHECK(q.pop() == letters(600));
  CHECK(q.pop() == "b");
  REQUIRE(q.queue.push(q.pool, as_bytes("d")));
  CHECK(q.pop() == "c");
  CHECK(q.pop() == "d");
  CHECK(q.queue.empty());
}

TEST_CASE("a dry pool changes nothing in a byte queue") {
  Queue q(4);
  REQUIRE(q.queue.push(q.pool, as_bytes(letters(400))));  // two blocks
  CHECK_FALSE(q.queue.push(q.pool, as_bytes(letters(700))));
  CHECK_FALSE(q.queue.push_front(q.pool, as_bytes(letters(700))));
  REQUIRE(q.queue.push(q.pool, as_bytes(letters(400, 'b'))));
  CHECK_FALSE(q.queue.push(q.pool, Bytes{}));
  CHECK(q.queue.size() == 2);
  CHECK(q.pop() == letters(400));
  REQUIRE(q.queue.push(q.pool, as_bytes("x")));
  CHECK(q.pop() == letters(400, 'b'));
  CHECK(q.pop() == "x");
}

TEST_CASE("a byte queue that is cleared gives all blocks back") {
  Queue q;
  REQUIRE(q.queue.push(q.pool, as_bytes(letters(600))));
  REQUIRE(q.queue.push(q.pool, as_bytes("x")));
  REQUIRE(q.pool.blocks_in_use() == 4);
  q.queue.clear(q.pool);
  CHECK(q.queue.empty());
  CHECK(q.queue.size() == 0);
  CHECK(q.queue.bytes() == 0);
  CHECK(q.pool.blocks_in_use() == 0);
}

TEST_CASE("a mailbox keeps order round its ring, and says when it is full") {
  testing::FakeMemory memory;
  Mailbox* box = Mailbox::create(memory, nullptr, 64, 4);
  REQUIRE(box != nullptr);
  std::string out(64, '\0');
  const auto take = [&] {
    const std::size_t size = box->take(std::as_writable_bytes(std::span(out)));
    return out.substr(0, size);
  };
  for (int round = 0; round < 50; ++round) {
    const std::string one = letters(static_cast<std::size_t>(round % 20 + 1));
    REQUIRE(box->put(as_bytes(one)));
    REQUIRE(box->put(as_bytes("two")));
    CHECK(take() == one);
    CHECK(take() == "two");
    CHECK(take().empty());
  }
  REQUIRE(box->put({}));
  CHECK_FALSE(box->empty());
  CHECK(take().empty());
  CHECK(box->empty());
  REQUIRE(box->put(as_bytes(letters(60))));  // with its length: all 64
  CHECK(box->put({}).error().code == Errc::queue_full);
  CHECK(take() == letters(60));
  for (const std::size_t size : {61u, 64u, 65u, 1'000u}) {
    CHECK(box->put(as_bytes(letters(size))).error().code == Errc::queue_full);
  }
  for (int i = 0; i < 4; ++i) REQUIRE(box->put(as_bytes("x")));
  CHECK(box->put(as_bytes("x")).error().code == Errc::queue_full);  // four messages
  box->shut();
  CHECK(box->put(as_bytes("x")).error().code == Errc::not_found);
  box->drop_reference();
  CHECK(memory.bytes == 0);
}

TEST_CASE("two threads meet in a mailbox and nothing is lost or doubled") {
  testing::FakeMemory memory;
  Mailbox* box = Mailbox::create(memory, nullptr, 4'096, 64);
  REQUIRE(box != nullptr);
  constexpr std::uint32_t kMessages = 20'000;
  const auto fill = [box](std::uint32_t who) {
    for (std::uint32_t i = 0; i < kMessages; ++i) {
      const std::uint32_t message[] = {who, i};
      while (!box->put(std::as_bytes(std::span(message)))) std::this_thread::yield();
    }
  };
  std::thread one(fill, 0);
  std::thread two(fill, 1);
  std::uint32_t next[2] = {};
  bool in_order = true;
  while (next[0] + next[1] < 2 * kMessages) {
    std::uint32_t message[2];
    if (box->take(std::as_writable_bytes(std::span(message))) == 0) {
      std::this_thread::yield();
      continue;
    }
    in_order = in_order && message[0] < 2 && message[1] == next[message[0]];
    ++next[message[0] & 1];
  }
  one.join();
  two.join();
  CHECK(in_order);
  CHECK(box->empty());
  box->drop_reference();
}

TEST_CASE("a mailbox lives as long as anybody who holds it, if it was born") {
  testing::FakeMemory memory;
  memory.fail_at = 0;
  CHECK(Mailbox::create(memory, nullptr, 64, 4) == nullptr);
  Mailbox* box = Mailbox::create(memory, nullptr, 64, 4);
  REQUIRE(box != nullptr);
  box->add_reference();
  box->drop_reference();
  CHECK(memory.blocks() == 1);
  REQUIRE(box->put(as_bytes("x")));
  box->drop_reference();
  CHECK(memory.blocks() == 0);
  CHECK(memory.breach.empty());
}

TEST_CASE("who comes to a mailbox that is in use waits, and only the first message wakes") {
  testing::FakeMemory memory;
  SlowLoop loop;
  Mailbox* box = Mailbox::create(memory, &loop, 64, 4);
  REQUIRE(box != nullptr);
  Status second;
  std::thread other([&] {
    while (!loop.woken) std::this_thread::yield();
    loop.other_came = true;
    second = box->put(as_bytes("second"));
  });
  CHECK(box->put(as_bytes("first")));
  other.join();
  CHECK(second);
  CHECK(loop.wakes == 1);
  std::string out(64, '\0');
  for (const char* text : {"first", "second"}) {
    const std::size_t size = box->take(std::as_writable_bytes(std::span(out)));
    CHECK(out.substr(0, size) == text);
  }
  box->drop_reference();
}

TEST_CASE("chunks are large enough that one of pointers finds all of a window") {
  for (const std::uint64_t mib : {1u, 2u, 3u, 8u, 9u, 32u, 100u}) {
    INFO(mib);
    const Taped taped(mib * 1024 * 1024);
    const std::uint64_t chunk = taped.pool.chunk_bytes();
    CHECK(chunk / sizeof(std::byte*) * chunk >= mib * 1024 * 1024);
    CHECK((mib > 2 || chunk == 4'096));
    CHECK((mib != 8 || chunk == 8'192));
  }
}

TEST_CASE("a tape as long as its one directory grows no further until its beginning is dropped") {
  Taped taped;
  const std::string page = letters(4'096);
  for (int i = 0; i < 512; ++i) REQUIRE(taped.append(page));
  CHECK(taped.tape.chunks() == 512);
  const std::size_t held = taped.pool.bytes_in_use();
  CHECK_FALSE(taped.append("x"));
  CHECK(taped.pool.bytes_in_use() == held);
  taped.tape.drop_before(taped.pool, 3 * 4'096 + 7);
  REQUIRE(taped.append(page));  // round the end of the directory
  CHECK(taped.tape.chunks() == 510);
  CHECK(taped.read(3 * 4'096 + 7, 26) == page.substr(7, 26));
  CHECK(taped.read(512 * 4'096, 4'096) == page);
  taped.tape.clear(taped.pool);
  CHECK(taped.pool.bytes_in_use() == 0);
}

TEST_CASE("a tape of one chunk that was passed whole holds nothing, and goes on") {
  Taped taped;
  REQUIRE(taped.append(letters(4'096)));
  taped.tape.drop_before(taped.pool, 4'096);
  CHECK(taped.tape.chunks() == 0);
  CHECK(taped.pool.bytes_in_use() == 0);
  taped.tape.drop_before(taped.pool, 10);  // long gone
  CHECK(taped.tape.begin() == 4'096);
  REQUIRE(taped.append("next"));
  CHECK(taped.read(4'096, 4) == "next");
}

TEST_CASE("a tape for which the pool has no chunk, or none for pointers, stays as it is") {
  Taped taped(64 * 1024, 2 * 4'096);
  REQUIRE(taped.append(letters(4'000)));
  const std::size_t held = taped.pool.bytes_in_use();
  CHECK_FALSE(taped.append(letters(200)));  // one chunk is left, and pointers need one too
  CHECK(taped.pool.bytes_in_use() == held);
  CHECK(taped.read(0, 26) == letters(26));
  Taped dry(64 * 1024, 4'096);
  REQUIRE(dry.append(letters(100)));
  CHECK_FALSE(dry.append(letters(4'000)));
  CHECK(dry.read(0, 26) == letters(26));
}
