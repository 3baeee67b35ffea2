// engines: what a second core brings. One room, its members on connections that take everything,
// once at one engine and once halved over two, each on a thread of its own and joined by a
// LocalBroker. The home says messages as fast as its slower half brings them to everybody. The
// third side is what the machine allows at all: two engines that know nothing of each other, each
// with half of the members and all of the messages.
//
//   engines [--members N] [--messages N] [--batch N] [--rounds N]
//
// Prints one JSON line: deliveries a second with one engine, with two and with two apart, and the
// ratios to one; each by the wall clock, and by the CPU time of the busier thread, which other work
// on the machine does not stretch. They take turns; each round gives a ratio of each kind, the line
// has their medians with least and greatest.
#include <time.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "chatroom/adapters/local.h"
#include "micro/null_room.h"

namespace {

using namespace chatroom;
using bench::kText;

constexpr std::uint64_t kAhead = 2;  // batches that the home may be ahead of the other engine

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// A thread's loop: sleeps until it is woken or an alarm is due.
class ThreadLoop final : public EventLoop {
 public:
  Instant now() noexcept override {
    return Instant{static_cast<std::int64_t>(seconds_of(CLOCK_MONOTONIC) * 1e6)};
  }
  void set_alarm(Instant at) noexcept override { alarm_ = at; }
  void wake() noexcept override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  void entropy(MutableBytes out) noexcept override { std::memset(out.data(), 7, out.size()); }
  void attach(LoopClient* client) noexcept override { client_ = client; }

  // One turn, as soon as there is a reason for one.
  void turn() {
    {
      std::unique_lock lock(mutex_);
      const std::int64_t left = alarm_ == Instant::never() ? 100'000 : (alarm_ - now()).us;
      if (left > 0 && !woken_) {  // a wait costs some 0.2 ms even where it has nothing to wait for
        changed_.wait_for(lock, std::chrono::microseconds(std::min<std::int64_t>(left, 100'000)),
                          [&] { return woken_; });
      }
      woken_ = false;
      alarm_ = Instant::never();
    }
    client_->on_loop();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  Instant alarm_ = Instant::never();
  LoopClient* client_ = nullptr;
};

template <class Value>
void require(const Result<Value>& result, const char* what) {
  if (result) return;
  const std::string_view why = name_of(result.error().code);
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(why.size()), why.data());
  std::exit(1);
}

// The last of the members, who counts what is said: a sweep comes to it when all others have it.
struct Listener final : LocalMember {
  void on_event(const Event& event) noexcept override {
    if (event.type == EventType::message) heard.fetch_add(1, std::memory_order_release);
  }
  std::atomic<std::uint64_t> heard{0};
};

// One engine, its thread and its share of the members.
struct Part {
  Part(std::uint32_t number_, std::uint32_t members) : number(number_), connections(members) {}

  std::uint32_t number;
  std::vector<bench::NullConnection> connections;
  Listener listener;
  bench::CountingMemory memory;
  ThreadLoop loop;
  EnginePtr engine;
  std::uint64_t said = 0;  // by its own thread
  double cpu = 0;
};

struct Figures {
  double wall_s = 0;
  double cpu_s = 0;  // of the thread that used most
};

enum class Side { one, two, apart };

class Measurement {
 public:
  Measurement(Side side, std::uint32_t members, std::uint64_t messages, std::uint64_t batch)
      : side_(side),
        broker_({.engines = 2}),
        members_(members),
        messages_(messages),
        batch_(batch) {
    const std::uint32_t engines = side == Side::one ? 1 : 2;
    for (std::uint32_t i = 0; i < engines; ++i) {
      parts_.push_back(std::make_unique<Part>(i, members / engines));
      create(*parts_.back());
    }
    for (int i = 0; side == Side::two && broker_.home_of(room_) != 0; ++i) {
      room_ = "plaza " + std::to_string(i);
    }
  }

  Figures run() {
    std::vector<std::thread> threads;
    for (auto& part : parts_) threads.emplace_back([&, this] { work(*part); });
    for (std::thread& thread : threads) thread.join();
    Figures result{.wall_s = ended_ - began_, .cpu_s = 0};
    for (auto& part : parts_) result.cpu_s = std::max(result.cpu_s, part->cpu);
    for (auto& part : parts_) check(*part);
    for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) (*part)->engine.reset();
    return result;
  }

 private:
  static double wall() { return seconds_of(CLOCK_MONOTONIC); }

  void create(Part& part) {
    // A room's home has a place for each member, wherever it is.
    Limits limits = bench::limits_for(members_);
    limits.questions = limits.sessions;
    limits.large_room_writes = 1'000;  // nobody else waits here
    const EngineOptions options{.seed = 7 + part.number,
                                .limits = limits,
                                .open_rooms = true,
                                .new_room_policy = {.history_messages = 100, .idle_close = {}},
                                .budget = {.sends = UINT32_MAX, .commands = UINT32_MAX}};
    EnginePorts ports{.loop = &part.loop, .memory = &part.memory};
    if (side_ == Side::two) ports.broker = broker_.port(part.number);
    Result<EnginePtr> made = Engine::create(options, ports);
    if (!made) std::abort();
    part.engine = std::move(*made);
  }

  // The thread of one engine, from the first member to the last message.
  void work(Part& part) {
    fill(part);
    if (part.number == 0) began_ = wall();
    const double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    std::uint64_t told = 0;
    const bool says = part.number == 0 || side_ == Side::apart;
    while (part.listener.heard.load() < messages_ || slowest() < messages_) {
      if (!says || !say_on(part)) part.loop.turn();
      if (!says && part.listener.heard.load() != told) {
        told = part.listener.heard.load();
        parts_.front()->loop.wake();
      }
    }
    while (pending(part) > 0) part.loop.turn();
    part.cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    if (part.number == 0) ended_ = wall();
    meet(part);
  }
  void fill(Part& part) {
    const std::uint32_t first = part.number * 10'000'000;
    for (std::uint32_t i = 0; i < part.connections.size(); ++i) {
      const std::string user = "user-" + std::to_string(first + i);
      const Identity identity{.user = user};
      const auto session = part.engine->open(part.connections[i], {.identity = &identity});
      require(session, "open");
      require(part.engine->join(*session, {.room = room_}), "join");
      if (i % 100 == 99) part.loop.turn();
    }
    const std::string ear = "ear-" + std::to_string(part.number);
    const auto listening = part.engine->open_local(part.listener, {.user = ear});
    require(listening, "open");
    require(part.engine->join(*listening, {.room = room_}), "join");
    // Presence is told for a while after the last join.
    for (const double end = wall() + 3; wall() < end;) part.loop.turn();
    meet(part);
    for (const double end = wall() + 1.5; wall() < end;) part.loop.turn();
    meet(part);
  }
  // False: the other engine has to catch up first.
  bool say_on(Part& part) {
    if (part.said == messages_ || part.said > part.listener.heard.load()) return false;
    if (side_ == Side::two && part.said + batch_ > slowest() + kAhead * batch_) return false;
    say(part, batch_);
    return true;
  }
  void say(Part& part, std::uint64_t count) {
    const Engine::Turn turn(*part.engine);  // one flush for all of them
    Room room = *part.engine->room(room_);
    for (; count > 0 && part.said < messages_; --count, ++part.said) {
      require(room.broadcast({.text = kText}), "broadcast");
    }
  }
  std::uint64_t slowest() const {
    std::uint64_t least = UINT64_MAX;
    for (const auto& part : parts_) least = std::min(least, part->listener.heard.load());
    return least;
  }
  // Threads wait here for each other, and their engines go on meanwhile.
  void meet(Part& part) {
    const std::size_t goal = (met_.fetch_add(1) / parts_.size() + 1) * parts_.size();
    while (met_.load() < goal) part.loop.turn();
    for (auto& other : parts_) other->loop.wake();
  }
  static std::uint64_t pending(const Part& part) {
    std::uint64_t sum = 0;
    for (const Ledger::Class& one : part.engine->metrics().ledger.by_priority) sum += one.pending;
    return sum;
  }
  static void check(const Part& part) {
    for (const Ledger::Class& one : part.engine->metrics().ledger.by_priority) {
      if (one.dropped + one.sampled > 0) std::abort();  // not everybody has it all
    }
  }

  const Side side_;
  LocalBroker broker_;
  const std::uint32_t members_;
  const std::uint64_t messages_;
  const std::uint64_t batch_;  // said in one turn
  std::string room_ = "plaza";
  std::vector<std::unique_ptr<Part>> parts_;
  std::atomic<std::size_t> met_{0};
  double began_ = 0;
  double ended_ = 0;
};

// Of the rounds.
struct Ratio {
  std::vector<double> values;

  void print(const char* name) {
    std::sort(values.begin(), values.end());
    std::printf(",\"%s\":[%.2f,%.2f,%.2f]", name, values[values.size() / 2], values.front(),
                values.back());
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::uint32_t members = 20'000;
  std::uint64_t messages = 2'000;
  std::uint64_t batch = 1;
  int rounds = 5;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const long value = std::atol(argv[i + 1]);
    if (name == "--members") members = static_cast<std::uint32_t>(value);
    if (name == "--messages") messages = static_cast<std::uint64_t>(value);
    if (name == "--batch") batch = static_cast<std::uint64_t>(value);
    if (name == "--rounds") rounds = static_cast<int>(value);
  }
  const double deliveries = static_cast<double>(members) * static_cast<double>(messages);
  Ratio one_per_s, two, two_cpu, apart, apart_cpu;
  for (int round = 0; round < rounds; ++round) {
    Figures by[3];
    for (int turn = 0; turn < 3; ++turn) {  // who goes first changes
      const int side = (turn + round) % 3;
      by[side] = Measurement(static_cast<Side>(side), members, messages, batch).run();
    }
    one_per_s.values.push_back(deliveries / by[0].wall_s / 1e6);
    two.values.push_back(by[0].wall_s / by[1].wall_s);
    two_cpu.values.push_back(by[0].cpu_s / by[1].cpu_s);
    apart.values.push_back(by[0].wall_s / by[2].wall_s);
    apart_cpu.values.push_back(by[0].cpu_s / by[2].cpu_s);
    std::fprintf(stderr, "round %d of %d: two %.2f by the clock, %.2f by CPU; apart %.2f, %.2f\n",
                 round + 1, rounds, two.values.back(), two_cpu.values.back(), apart.values.back(),
                 apart_cpu.values.back());
  }
  std::printf("{\"members\":%u,\"batch\":%llu,\"rounds\":%d", members,
              static_cast<unsigned long long>(batch), rounds);
  one_per_s.print("one_million_per_s");
  two.print("two");
  two_cpu.print("two_cpu");
  apart.print("apart");
  apart_cpu.print("apart_cpu");
  std::printf("}\n");
}
