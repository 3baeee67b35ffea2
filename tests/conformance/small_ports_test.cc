// The suites for Memory and EventLoop: ours pass, and each kind of broken one is found.
#include <deque>
#include <functional>
#include <memory>

#include "catch.hpp"
#include "chatroom/adapters/manual_loop.h"
#include "chatroom/global_heap.h"
#include "chatroom/testing/conformance.h"
#include "chatroom/testing/fakes.h"

#if __has_include(<uv.h>)
#include "chatroom/adapters/uv.h"
#endif

using namespace chatroom;
using namespace chatroom::testing;

namespace {

bool names(const Conformance& found, std::string_view promise) {
  return found.text().find(promise) != std::string::npos;
}

LoopUnderTest manual_loop() {
  auto loop = std::make_shared<ManualLoop>();
  return {loop, [loop](Duration time) { loop->advance(time); }, true};
}

// ---- Broken memory

class BrokenMemory final : public Memory {
 public:
  enum class Fault { none, unaligned, overlapping, empty };
  explicit BrokenMemory(Fault fault) : fault_(fault) {}

  void* allocate(std::size_t size, std::size_t align) noexcept override {
    if (fault_ == Fault::empty) return nullptr;
    if (fault_ == Fault::overlapping) {
      // Each block begins a little behind the one before.
      at_ = (at_ + 16 + align - 1) / align * align;
      if (at_ + size > sizeof arena_) at_ = 0;
      return arena_ + at_;
    }
    auto* const at = static_cast<std::byte*>(under_.allocate(size + 1, align));
    return fault_ == Fault::unaligned ? at + 1 : at;
  }
  void release(void* block, std::size_t size, std::size_t align) noexcept override {
    if (fault_ == Fault::overlapping) return;
    auto* const at = static_cast<std::byte*>(block);
    under_.release(fault_ == Fault::unaligned ? at - 1 : at, size + 1, align);
  }

 private:
  const Fault fault_;
  FakeMemory under_;
  std::size_t at_ = 0;
  alignas(4'096) std::byte arena_[1 << 20];
};

// ---- Broken loops

class BrokenLoop final : public EventLoop {
 public:
  enum class Fault {
    none,
    early,
    adds_alarms,
    never_stays,
    inside,
    loses_past,
    loses_wakes,
    wakes_inside,
    steps_back,
    same_entropy,
    half_entropy,
    calls_the_gone,
  };
  explicit BrokenLoop(Fault fault) : fault_(fault) {}

  void run(Duration time) {
    for (const Instant end = now_ + time; now_ < end; now_ = now_ + Duration::ms(1)) {
      const bool due =
          std::any_of(alarms_.begin(), alarms_.end(), [&](Instant alarm) { return alarm <= at(); });
      if (!due && !woken_) continue;
      woken_ = false;
      std::erase_if(alarms_, [&](Instant alarm) { return alarm <= at(); });
      tell();
    }
  }

  Instant now() noexcept override {
    if (fault_ == Fault::steps_back && ++asked_ % 7 == 0) return {now_.us - 1'000};
    return now_;
  }
  void set_alarm(Instant alarm) noexcept override {
    if (alarm == Instant::never() && fault_ == Fault::never_stays) return;
    if (fault_ != Fault::adds_alarms) alarms_.clear();
    if (alarm == Instant::never()) return alarms_.clear();
    if (alarm <= now_ && fault_ == Fault::loses_past) return;
    if (alarm <= now_ && fault_ == Fault::inside) return tell();
    alarms_.push_back(alarm);
  }
  void wake() noexcept override {
    if (fault_ == Fault::wakes_inside) return tell();
    woken_ = fault_ != Fault::loses_wakes;
  }
  void entropy(MutableBytes out) noexcept override {
    if (fault_ != Fault::same_entropy) ++seed_;
    std::size_t left = fault_ == Fault::half_entropy ? out.size() / 2 : out.size();
    for (std::byte& byte : out.first(left)) byte = static_cast<std::byte>(seed_ * 37 + left--);
  }
  void attach(LoopClient* client) noexcept override {
    if (client == nullptr && fault_ == Fault::calls_the_gone) return;
    client_ = client;
  }

 private:
  Instant at() const { return fault_ == Fault::early ? now_ + Duration::ms(5) : now_; }
  void tell() {
    if (client_ != nullptr) client_->on_loop();
  }
  const Fault fault_;
  Instant now_{1'700'000'000'000'000};
  std::vector<Instant> alarms_;
  LoopClient* client_ = nullptr;
  bool woken_ = false;
  std::size_t seed_ = 1;
  int asked_ = 0;
};

Conformance check_broken(BrokenLoop::Fault fault) {
  return check_event_loop([fault] {
    auto loop = std::make_shared<BrokenLoop>(fault);
    return LoopUnderTest{loop, [loop](Duration time) { loop->run(time); }, true};
  });
}

}  // namespace

TEST_CASE("our memories keep the promises of Memory") {
  REQUIRE(check_memory(*global_heap()).text() == "");
  FakeMemory fake;
  REQUIRE(check_memory(fake).text() == "");
  REQUIRE(fake.bytes == 0);
  REQUIRE(fake.breach == "");
  auto whole = std::make_unique<BrokenMemory>(BrokenMemory::Fault::none);
  REQUIRE(check_memory(*whole).text() == "");
}

TEST_CASE("broken memories are found") {
  using Fault = BrokenMemory::Fault;
  auto broken = std::make_unique<BrokenMemory>(Fault::unaligned);
  REQUIRE(names(check_memory(*broken), "aligned as asked"));
  broken = std::make_unique<BrokenMemory>(Fault::overlapping);
  REQUIRE(names(check_memory(*broken), "do not overlap"));
  broken = std::make_unique<BrokenMemory>(Fault::empty);
  REQUIRE(names(check_memory(*broken), "gives what is reasonable"));
}

TEST_CASE("our loops keep the promises of EventLoop") {
  REQUIRE(check_event_loop(manual_loop).text() == "");
  REQUIRE(check_broken(BrokenLoop::Fault::none).text() == "");
}

#if __has_include(<uv.h>)
TEST_CASE("the libuv loop keeps the promises of EventLoop") {
  const Conformance found = check_event_loop([] {
    auto loop = std::make_shared<uv::Loop>();
    return LoopUnderTest{loop, [loop](Duration time) { loop->run_for(time); }, true};
  });
  REQUIRE(found.text() == "");
}
#endif

TEST_CASE("broken loops are found") {
  using Fault = BrokenLoop::Fault;
  const std::pair<Fault, std::string_view> rows[] = {
      {Fault::early, "set_alarm: not before its moment"},
      {Fault::adds_alarms, "set_alarm: the next one replaces the one before"},
      {Fault::never_stays, "set_alarm: never clears"},
      {Fault::inside, "is not called from inside"},
      {Fault::loses_past, "a moment that passed means at once"},
      {Fault::loses_wakes, "wake: on_loop runs soon"},
      {Fault::wakes_inside, "wake: on_loop does not run inside of it"},
      {Fault::steps_back, "now: never goes back"},
      {Fault::same_entropy, "entropy: another one each time"},
      {Fault::half_entropy, "entropy: fills all of it"},
      {Fault::calls_the_gone, "attach: nothing is called after null"},
  };
  for (const auto& [fault, promise] : rows) {
    const Conformance found = check_broken(fault);
    INFO(promise << "\nfound:\n" << found.text());
    REQUIRE(names(found, promise));
  }
}
