// Slow work between the engine and whoever takes his time: bounded, the oldest goes, all is
// counted.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "chatroom/adapters/slow_worker.h"
#include "chatroom/testing/fakes.h"
#include "engine/mailbox.h"

using namespace chatroom;

namespace {

Work message(std::uint64_t number, std::string_view text = "x") {
  Work work;
  work.number = number;
  work.room = "r";
  work.message.room = "r";
  work.message.text = text;
  work.message.offset = number;
  return work;
}

struct Sink final : WorkSink {
  void on_work(const Work& work) noexcept override {
    while (held) std::this_thread::yield();
    numbers.push_back(work.number);
  }
  void on_idle() noexcept override { ++idle; }
  std::atomic<bool> held{false};
  std::atomic<int> idle{0};
  std::vector<std::uint64_t> numbers;
};
struct Hook final : PushHook {
  void push(std::string_view user, const Work& work) noexcept override {
    users.emplace_back(user);
    texts.emplace_back(work.message.text);
  }
  std::vector<std::string> users, texts;
};

}  // namespace

TEST_CASE("work comes out as it went in, in order") {
  testing::FakeMemory memory;
  WorkQueue queue(memory);
  CHECK(queue.empty());
  Work in{.kind = WorkKind::moderated, .number = 7, .time_ms = 1'000};
  in.room = "r";
  in.user = "eve";
  in.by = "mod";
  in.text = "enough";
  in.op = Op::ban;
  in.reason = LeaveReason::kicked;
  in.until_ms = 5;
  in.offset = 17;
  CHECK(queue.put(in) == 0);
  const std::string_view mentions[] = {"bob", "ann"};
  Work said = message(8, "hello");
  said.message.user = "alice";
  said.message.mentions = mentions;
  said.message.kind = Kind::gift;
  CHECK(queue.put(said) == 0);
  CHECK_FALSE(queue.empty());
  Work out;
  REQUIRE(queue.take(out));
  CHECK(out.kind == WorkKind::moderated);
  CHECK(out.number == 7);
  CHECK(out.time_ms == 1'000);
  CHECK((out.room == "r" && out.user == "eve" && out.by == "mod" && out.text == "enough"));
  CHECK((out.op == Op::ban && out.reason == LeaveReason::kicked));
  CHECK((out.until_ms == 5 && out.offset == 17));
  REQUIRE(queue.take(out));
  CHECK(out.kind == WorkKind::message);
  CHECK((out.message.room == "r" && out.message.user == "alice" && out.message.text == "hello"));
  CHECK((out.message.mentions.size() == 2 && out.message.mentions[1] == "ann"));
  CHECK(out.message.kind == Kind::gift);
  CHECK_FALSE(queue.take(out));
}

TEST_CASE("a queue of work that is full drops the oldest and says how many") {
  testing::FakeMemory memory;
  Work out;
  SECTION("by entries") {
    WorkQueue queue(memory, {.entries = 4});
    for (std::uint64_t i = 1; i <= 4; ++i) CHECK(queue.put(message(i)) == 0);
    CHECK(queue.put(message(5)) == 1);
    CHECK(queue.put(message(6)) == 1);
    for (std::uint64_t i = 3; i <= 6; ++i) {
      REQUIRE(queue.take(out));
      CHECK(out.number == i);
    }
    CHECK_FALSE(queue.take(out));
  }
  SECTION("by bytes") {
    WorkQueue queue(memory, {.entries = 1'000, .bytes = 2'048, .one_bytes = 1'500});
    std::uint32_t lost = 0;
    for (std::uint64_t i = 1; i <= 20; ++i) lost += queue.put(message(i));
    lost += queue.put(message(21, std::string(1'200, 'x')));
    std::uint32_t taken = 0;
    std::uint64_t last = 0;
    for (; queue.take(out); ++taken) {
      CHECK(out.number > last);
      last = out.number;
    }
    CHECK(last == 21);
    CHECK(lost > 0);
    CHECK(taken + lost == 21);
  }
  SECTION("what is too long is lost itself, and nothing else") {
    WorkQueue queue(memory, {.one_bytes = 512});
    CHECK(queue.put(message(1)) == 0);
    CHECK(queue.put(message(2, std::string(600, 'x'))) == 1);
    REQUIRE(queue.take(out));
    CHECK(out.number == 1);
    CHECK_FALSE(queue.take(out));
  }
  SECTION("a queue of nothing has a place for one") {
    WorkQueue queue(memory, {.entries = 0, .bytes = 0, .one_bytes = 512});
    CHECK(queue.put(message(1)) == 0);
    CHECK(queue.put(message(2)) == 1);
    REQUIRE(queue.take(out));
    CHECK(out.number == 2);
  }
}

TEST_CASE("a queue of work without memory loses all, and says so") {
  Work out;
  for (const std::size_t fail_at : {0u, 1u}) {
    testing::FakeMemory memory;
    memory.fail_at = fail_at;
    WorkQueue queue(memory);
    CHECK(queue.put(message(1)) == 1);
    CHECK_FALSE(queue.take(out));
    CHECK(queue.empty());
  }
}

TEST_CASE("the oldest mail may be dropped to make place") {
  testing::FakeMemory memory;
  engine::Mailbox* box = engine::Mailbox::create(memory, nullptr, 64, 4);
  REQUIRE(box != nullptr);
  CHECK_FALSE(box->drop());
  REQUIRE(box->put(as_bytes("one")));
  REQUIRE(box->put(as_bytes("two")));
  CHECK(box->drop());
  std::byte out[8];
  CHECK(box->take(out) == 3);
  CHECK(as_text(Bytes{out}.first(3)) == "two");
  CHECK(box->take(out) == 0);
  CHECK_FALSE(box->drop());
  box->drop_reference();
}

TEST_CASE("a slow worker does what it is given, in order, and ends with nothing left") {
  Sink sink;
  Hook hook;
  {
    SlowWorker worker(sink, {}, &hook);
    for (std::uint64_t i = 1; i <= 500; ++i) {
      CHECK(worker.put(message(i)) == 0);
      if (i % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    Work push = message(501, "psst");
    push.kind = WorkKind::push;
    push.user = "away";
    CHECK(worker.put(push) == 0);
  }
  CHECK(sink.numbers.size() == 500);
  CHECK(std::is_sorted(sink.numbers.begin(), sink.numbers.end()));
  CHECK(hook.users == std::vector<std::string>{"away"});
  CHECK(hook.texts == std::vector<std::string>{"psst"});
  CHECK(sink.idle > 0);
}

TEST_CASE("a worker that hangs holds up nobody, and what it misses is counted") {
  Sink sink;
  sink.held = true;
  std::uint32_t lost = 0;
  {
    SlowWorker worker(sink, {.entries = 8});
    for (std::uint64_t i = 1; i <= 1'000; ++i) lost += worker.put(message(i));
    sink.held = false;
  }
  CHECK(lost >= 1'000 - 8 - 1);
  CHECK(sink.numbers.size() + lost == 1'000);
  CHECK(sink.numbers.back() == 1'000);
}
