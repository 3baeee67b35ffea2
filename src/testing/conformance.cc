// What the suites share, and the two small ones: Memory and EventLoop.
#include "chatroom/testing/conformance.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <utility>

namespace chatroom::testing {

std::string Conformance::text() const {
  std::string lines;
  for (const std::string& failure : failures) lines += failure + "\n";
  return lines;
}

void Conformance::check(bool good, std::string_view promise) {
  ++checks;
  if (good) return;
  if (std::find(failures.begin(), failures.end(), promise) != failures.end()) return;
  failures.emplace_back(promise);
}

// ---- Memory

namespace {

struct Block {
  std::byte* at;
  std::size_t size;
  std::size_t align;
  std::byte fill;
};

bool filled(const Block& block) {
  return std::all_of(block.at, block.at + block.size,
                     [&](std::byte byte) { return byte == block.fill; });
}

}  // namespace

Conformance check_memory(Memory& memory) {
  Conformance found;
  std::vector<Block> blocks;
  const std::size_t sizes[] = {1, 8, 24, 100, 1'000, 4'096, 64 * 1'024, 100'001};
  for (int round = 0; round < 2; ++round) {
    for (std::size_t align = 1; align <= 4'096; align *= 2) {
      for (const std::size_t size : sizes) {
        void* const at = memory.allocate(size, align);
        found.check(at != nullptr, "allocate: gives what is reasonable");
        if (at == nullptr) continue;
        found.check(reinterpret_cast<std::uintptr_t>(at) % align == 0,
                    "allocate: aligned as asked, up to 4096");
        const Block block{static_cast<std::byte*>(at), size, align,
                          static_cast<std::byte>(blocks.size() * 7 + 1)};
        std::memset(at, std::to_integer<int>(block.fill), size);
        blocks.push_back(block);
      }
    }
    // Every other one goes; the next round may use their place.
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      found.check(filled(blocks[i]), "allocate: blocks in use do not overlap");
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const Block gone = blocks[i];
      memory.release(gone.at, gone.size, gone.align);
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (const Block& block : blocks) {
      found.check(filled(block), "release: leaves other blocks alone");
    }
  }
  for (const Block& block : blocks) memory.release(block.at, block.size, block.align);
  return found;
}

// ---- EventLoop

namespace {

// Counts, and watches that it is never called from inside a call of its own.
class Watch final : public LoopClient {
 public:
  void on_loop() noexcept override {
    ++calls;
    if (inside) called_inside = true;
    if (loop != nullptr) seen = loop->now();
    if (then) then();
  }
  EventLoop* loop = nullptr;
  int calls = 0;
  bool inside = false;
  bool called_inside = false;
  Instant seen{0};
  std::function<void()> then;
};

void check_alarms(Conformance& found, const LoopUnderTest& made, Watch& watch) {
  EventLoop& loop = *made.loop;
  const Duration moment = Duration::ms(30);
  const auto set = [&](Instant at) {
    watch.inside = true;
    loop.set_alarm(at);
    watch.inside = false;
  };
  made.run(moment);
  found.check(watch.calls == 0, "on_loop: not without an alarm or a wake");

  const Instant due = loop.now() + moment;
  set(due);
  made.run(Duration::ms(120));
  found.check(watch.calls == 1, "set_alarm: one alarm, one call");
  found.check(watch.seen >= due, "set_alarm: not before its moment");

  set(loop.now() + moment);
  set(loop.now() + Duration::s(3'600));
  made.run(Duration::ms(120));
  found.check(watch.calls == 1, "set_alarm: the next one replaces the one before");

  set(loop.now() + moment);
  set(Instant::never());
  made.run(Duration::ms(120));
  found.check(watch.calls == 1, "set_alarm: never clears");

  set({loop.now().us - 1});
  found.check(!watch.called_inside, "set_alarm: a moment that passed is not called from inside");
  made.run(moment);
  found.check(watch.calls == 2, "set_alarm: a moment that passed means at once");

  bool again = true;
  watch.then = [&] {
    if (std::exchange(again, false)) set({0});
  };
  set(loop.now());
  made.run(moment);
  found.check(watch.calls == 4, "set_alarm: may be called from on_loop");
  watch.then = nullptr;
}

void check_wakes(Conformance& found, const LoopUnderTest& made, Watch& watch) {
  EventLoop& loop = *made.loop;
  const int before = watch.calls;
  loop.set_alarm(Instant::never());
  watch.inside = true;
  loop.wake();
  watch.inside = false;
  made.run(Duration::ms(30));
  found.check(watch.calls > before, "wake: on_loop runs soon");
  found.check(!watch.called_inside, "wake: on_loop does not run inside of it");
  if (!made.threads) return;
  for (int i = 0; i < 20; ++i) {
    const int calls = watch.calls;
    std::thread other([&] { loop.wake(); });
    other.join();
    made.run(Duration::ms(5));
    found.check(watch.calls > calls, "wake: from any thread");
  }
}

}  // namespace

Conformance check_event_loop(const std::function<LoopUnderTest()>& make) {
  Conformance found;
  LoopUnderTest made = make();
  EventLoop& loop = *made.loop;

  Instant last = loop.now();
  for (int i = 0; i < 100; ++i) {
    if (i % 20 == 0) made.run(Duration::ms(1));
    const Instant next = loop.now();
    found.check(next >= last, "now: never goes back");
    last = next;
  }

  std::byte first[64] = {};
  std::byte second[64] = {};
  loop.entropy(first);
  loop.entropy(second);
  const auto zeros = [](const std::byte* bytes) {
    return std::count(bytes, bytes + 64, std::byte{});
  };
  found.check(zeros(first) < 16 && zeros(second) < 16, "entropy: fills all of it");
  found.check(std::memcmp(first, second, sizeof first) != 0, "entropy: another one each time");

  Watch watch;
  watch.loop = &loop;
  loop.attach(&watch);
  check_alarms(found, made, watch);
  check_wakes(found, made, watch);

  const int calls = watch.calls;
  loop.set_alarm(loop.now());
  loop.wake();
  loop.attach(nullptr);
  made.run(Duration::ms(30));
  found.check(watch.calls == calls, "attach: nothing is called after null");
  return found;
}

}  // namespace chatroom::testing
