// What moderation costs a message: two rooms are told the same trace, turn about, in blocks. One is
// plain and without limits; the other has a filter of 1,000 words, looks for duplicates, keeps
// rates and has 1,000 mutes. Time is the thread's, between the publish and its answer; what is sent
// to members is paid for outside.
//
//   moderation_cost [TRACE...]                      microseconds a message, paired by blocks
//   moderation_cost --count plain|moderated TRACE   1,000 messages, for valgrind (moderation.sh)
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "chatroom/adapters/words.h"
#include "chatroom/engine.h"
#include "micro/callgrind.h"

namespace chatroom::bench {
namespace {

constexpr int kUsers = 64;
constexpr int kWords = 1'000;
constexpr std::size_t kMessages = 20'000;  // of a trace

struct Taker final : Connection {
  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::size_t all = 0;
    for (const Bytes piece : pieces) all += piece.size();
    return all;
  }
  void pause(bool) noexcept override {}
  void close(CloseCode) noexcept override {}
};

// The texts of a trace; those with an escape in them are left out. Nothing: a made-up crowd.
std::vector<std::string> read_trace(const char* path) {
  std::vector<std::string> texts;
  std::ifstream file(path == nullptr ? "" : path);
  for (std::string line; texts.size() < kMessages && std::getline(file, line);) {
    constexpr std::string_view kBegin = R"("text":")";
    const std::size_t begin = line.find(kBegin);
    const std::size_t end = line.rfind('"');
    if (begin == std::string::npos || end <= begin + kBegin.size()) continue;
    std::string text = line.substr(begin + kBegin.size(), end - begin - kBegin.size());
    if (text.find('\\') == std::string::npos && text.size() <= 2'000) texts.push_back(text);
  }
  std::minstd_rand random(1);
  while (path == nullptr && texts.size() < kMessages) {
    std::string text;
    for (std::size_t left = 4 + random() % 40; left > 0; --left) {
      text += random() % 6 == 0 ? ' ' : static_cast<char>('a' + random() % 26);
    }
    texts.push_back(text);
  }
  return texts;
}

// Half Latin, half pairs of ideographs; ten of them are in the trace.
void fill(WordFilter& words, const std::vector<std::string>& texts) {
  std::minstd_rand random(2);
  for (int i = 0; i < 10; ++i) {
    std::string text = texts[random() % texts.size()];
    words.add(text.substr(0, std::min(text.find(' '), text.size())));
  }
  while (words.size() < kWords) {
    std::string word;
    if (words.size() % 2 == 0) {
      for (std::size_t left = 4 + random() % 6; left > 0; --left) {
        word += static_cast<char>('a' + random() % 26);
      }
    } else {
      for (int left = 2; left > 0; --left) {
        const auto c = static_cast<unsigned>(0x4E00 + random() % 3'000);
        word += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
                 static_cast<char>(0x80 | (c & 0x3F))};
      }
    }
    words.add(word);
  }
}

class Side {
 public:
  Side(bool moderated, const std::vector<std::string>& texts) : texts_(texts) {
    EngineOptions options;
    options.seed = 1;
    options.start = now_;
    EnginePorts ports;
    options.limits.commands = options.limits.joins = Rate::unlimited();
    options.limits.room_publishes = options.limits.joins_in_all = Rate::unlimited();
    options.limits.heartbeat = options.limits.dead_after =
        Duration::s(100'000'000);  // nobody reads
    options.limits.publishes = moderated ? Rate{5, 10} : Rate::unlimited();
    options.limits.user_publishes = moderated ? Rate{20, 40} : Rate::unlimited();
    if (moderated) {
      fill(words_, texts);
      ports.filter = &words_;
    }
    engine_ = std::move(*Engine::create(options, ports));
    RoomPolicy policy;
    if (moderated) policy.duplicate_s = 1;
    Room room = *engine_->open_room("plaza", policy);
    for (int i = 0; i < kUsers; ++i) {
      const std::string name = "user" + std::to_string(i);
      const Identity identity{.user = name};
      connections_.emplace_back();
      sessions_.push_back(*engine_->open(connections_.back(), {.identity = &identity}));
      engine_->join(sessions_.back(), {.room = "plaza"});
    }
    for (int i = 0; moderated && i < 1'000; ++i) {
      static_cast<void>(room.mute("muted" + std::to_string(i)));
    }
  }

  // A message by each user, and how many were said.
  template <class Before, class After>
  int block(Before before, After after) {
    now_ = now_ + Duration::s(2);
    engine_->advance(now_);
    int said = 0;
    before();
    for (const SessionId session : sessions_) {
      const std::string& text = texts_[at_++ % texts_.size()];
      said += engine_->publish(session, {.room = "plaza", .text = text}) ? 1 : 0;
    }
    after();
    while (engine_->advance(now_) <= now_) {
    }
    return said;
  }

 private:
  const std::vector<std::string>& texts_;
  WordFilter words_;
  EnginePtr engine_;
  std::deque<Taker> connections_;
  std::vector<SessionId> sessions_;
  Instant now_{1'700'000'000'000'000};
  std::size_t at_ = 0;
};

double thread_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int compare(const char* path) {
  const std::vector<std::string> texts = read_trace(path);
  if (texts.empty()) return std::fprintf(stderr, "moderation_cost: no texts in %s\n", path), 1;
  Side plain(false, texts);
  Side moderated(true, texts);
  std::vector<double> costs[3];
  const std::size_t blocks = std::max<std::size_t>(texts.size() / kUsers, 200);
  for (std::size_t i = 0; i < blocks + 20; ++i) {
    double took[2] = {};
    for (int turn = 0; turn < 2; ++turn) {
      const int side = (static_cast<int>(i) + turn) % 2;
      double begun = 0;
      const int said = (side == 0 ? plain : moderated)
                           .block([&] { begun = thread_us(); },
                                  [&] { took[side] = (thread_us() - begun) / kUsers; });
      if (said != kUsers) return std::fputs("moderation_cost: not all was said\n", stderr), 1;
    }
    if (i < 20) continue;  // warming up
    costs[0].push_back(took[0]);
    costs[1].push_back(took[1]);
    costs[2].push_back(took[1] - took[0]);
  }
  const char* name = path == nullptr ? "made up" : std::strrchr(path, '/');
  name = name == nullptr ? path : *name == '/' ? name + 1 : name;
  std::printf("%-40s plain %.2f us, moderated %.2f us, more by %.3f us a message (median of %zu)\n",
              name, median(costs[0]), median(costs[1]), median(costs[2]), costs[2].size());
  return median(costs[2]) <= 1.0 ? 0 : 1;
}

int count(bool moderated, const char* path) {
  const std::vector<std::string> texts = read_trace(path);
  if (texts.empty()) return 1;
  Side side(moderated, texts);
  for (int i = 0; i < 32; ++i) side.block([] {}, [] {});
  int said = 0;
  while (said < 1'000) {
    said +=
        side.block([] { CALLGRIND_START_INSTRUMENTATION; }, [] { CALLGRIND_STOP_INSTRUMENTATION; });
  }
  std::printf("said %d\n", said);
  return 0;
}

}  // namespace
}  // namespace chatroom::bench

int main(int argc, char** argv) {
  using namespace chatroom::bench;
  if (argc >= 3 && std::strcmp(argv[1], "--count") == 0) {
    return count(std::strcmp(argv[2], "moderated") == 0, argc > 3 ? argv[3] : nullptr);
  }
  if (argc == 1) return compare(nullptr);
  int worst = 0;
  for (int i = 1; i < argc; ++i) worst = std::max(worst, compare(argv[i]));
  return worst;
}
