// Everything at once, over engines that run when they like, through mailboxes that are too small,
// with homes that go: afterwards all must agree on who is where, and nobody may have heard a
// message twice, out of order, or lost one without being told.
#include <random>
#include <set>

#include "scenario/engines.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string field(const std::string& line, const std::string& name) {
  const std::size_t at = line.find("\"" + name + "\":");
  if (at == std::string::npos) return {};
  std::size_t from = at + name.size() + 3;
  const bool quoted = line[from] == '"';
  if (quoted) ++from;
  return line.substr(from, line.find_first_of(quoted ? "\"" : ",}]", from) - from);
}
std::uint64_t number(const std::string& line, const std::string& name) {
  const std::string text = field(line, name);
  return text.empty() ? 0 : std::stoull(text);
}

// One client, as it sees the rooms it is in.
struct Viewer {
  Peer* peer = nullptr;
  std::uint32_t engine = 0;
  std::string name;
  std::map<int, std::string> joining;  // id, room
  std::map<int, std::string> leaving;
  std::map<std::string, std::uint64_t> rooms;  // room, newest offset
  int next_id = 10;
};

class Trial {
 public:
  explicit Trial(std::uint32_t seed) : random_(seed), server_(3, open_options(), small(seed)) {
    for (std::uint32_t i = 0; i < 3; ++i) rooms_.push_back(server_.room_of(i, "hall"));
    for (std::uint32_t i = 0; i < 9; ++i) {
      Viewer viewer;
      viewer.engine = i % 3;
      viewer.name = "v" + std::to_string(i);
      viewer.peer = &server_[viewer.engine].user(i % 2 == 0 ? kTcp : kWsJson, viewer.name);
      viewers_.push_back(viewer);
    }
  }

  std::uint64_t parted() const {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < 3; ++i) sum += server_.broker.stats(i).parted;
    return sum;
  }
  int lost() const { return lost_; }
  int gaps() const { return gaps_; }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      for (Viewer& viewer : viewers_) look(viewer);
    }
    settle();
    check_presence();
  }

 private:
  static LocalBrokerOptions small(std::uint32_t seed) {
    LocalBrokerOptions options;
    options.mailbox_items = 8u << seed % 4;
    return options;
  }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  void step() {
    Viewer& viewer = viewers_[below(static_cast<std::uint32_t>(viewers_.size()))];
    const std::string& room = rooms_[below(3)];
    const int id = viewer.next_id++;
    const std::string head = R"({"id":)" + std::to_string(id) + R"(,"op":")";
    const std::uint32_t what = below(20);
    if (what < 4 && viewer.peer != nullptr) {
      viewer.joining[id] = room;
      viewer.peer->say(head + R"(join","room":")" + room + R"("})");
    } else if (what < 6 && viewer.peer != nullptr) {
      viewer.leaving[id] = room;
      viewer.peer->say(head + R"(leave","room":")" + room + R"("})");
    } else if (what < 13 && viewer.peer != nullptr) {
      viewer.peer->say(head + R"(publish","room":")" + room + R"(","text":"x"})");
    } else if (what == 13 && below(4) == 0) {
      if (Stage* stage = any_stage()) {
        if (auto handle = stage->engine().room(room)) {
          static_cast<void>(handle->kick("v" + std::to_string(below(9))));
        }
      }
    } else if (what == 14 && below(3) == 0 && viewer.peer != nullptr) {
      viewer.peer->drop();
      viewer = {.peer = nullptr,
                .engine = viewer.engine,
                .name = viewer.name,
                .joining = {},
                .leaving = {},
                .rooms = {}};
    } else if (what == 15 && lost_ < 1 && below(10) == 0) {
      lose(below(3));
    } else if (what == 16) {
      server_.pass(Duration::ms(50 * (1 + below(30))));
    } else if (what == 17) {
      server_.run();
    } else if (Stage* stage = any_stage()) {
      stage->run();
    }
  }
  Stage* any_stage() { return server_.stages[below(3)].get(); }
  void lose(std::uint32_t engine) {
    if (server_.stages[engine] == nullptr) return;
    ++lost_;
    for (Viewer& viewer : viewers_) {
      if (viewer.engine != engine) continue;
      look(viewer);
      viewer.peer = nullptr;
      viewer.rooms.clear();
    }
    server_.lose(engine);
  }

  void look(Viewer& viewer) {
    if (viewer.peer == nullptr) return;
    for (const std::string& line : viewer.peer->all()) hear(viewer, line);
    if (viewer.peer->gone()) viewer.peer = nullptr;
  }
  void hear(Viewer& viewer, const std::string& line) {
    INFO(viewer.name << " hears " << line);
    const std::string event = field(line, "event");
    const std::string room = field(line, "room");
    if (event.empty()) {
      const int id = static_cast<int>(number(line, "id"));
      const bool good = line.find("\"ok\":") != std::string::npos;
      if (viewer.joining.count(id) != 0 && good) {
        viewer.rooms[viewer.joining[id]] = number(line, "offset");
      }
      if (viewer.leaving.count(id) != 0 && good) viewer.rooms.erase(viewer.leaving[id]);
      return;
    }
    if (event == "left") {
      viewer.rooms.erase(room);
    } else if (event == "reset") {
      REQUIRE(viewer.rooms.count(room) == 1);
      viewer.rooms[room] = number(line, "offset");
    } else if (event == "gap") {
      ++gaps_;
      if (number(line, "to") != 0) viewer.rooms[room] = number(line, "to");
    } else if (event == "message") {
      REQUIRE(viewer.rooms.count(room) == 1);
      const std::uint64_t offset = number(line, "offset");
      CHECK(offset == viewer.rooms[room] + 1);
      viewer.rooms[room] = offset;
    }
  }

  void settle() {
    for (int i = 0; i < 3; ++i) {
      server_.run();
      server_.pass(Duration::s(3));
      for (Viewer& viewer : viewers_) look(viewer);
    }
    // A hole shows with the next entry.
    for (const std::string& room : rooms_) {
      for (auto& stage : server_.stages) {
        if (stage == nullptr) continue;
        if (auto handle = stage->engine().room(room)) {
          static_cast<void>(handle->broadcast({.text = "settled"}));
          break;
        }
      }
    }
    server_.run();
    for (Viewer& viewer : viewers_) look(viewer);
  }

  void check_presence() {
    for (const std::string& room : rooms_) {
      std::set<std::string> inside;
      for (const Viewer& viewer : viewers_) {
        if (viewer.peer != nullptr && viewer.rooms.count(room) != 0) inside.insert(viewer.name);
      }
      Stage* home = server_.stages[server_.broker.home_of(room)].get();
      REQUIRE(home != nullptr);
      std::set<std::string> listed;
      if (auto handle = home->engine().room(room)) {
        handle->for_each_member(
            [](void* context, const Member& member) {
              static_cast<std::set<std::string>*>(context)->insert(std::string(member.user));
              return true;
            },
            &listed);
      }
      INFO(room);
      CHECK(listed == inside);
      // Whose offsets differ from the home's head missed something untold.
      for (const Viewer& viewer : viewers_) {
        if (viewer.peer == nullptr || viewer.rooms.count(room) == 0) continue;
        INFO(viewer.name);
        CHECK(viewer.rooms.at(room) == home->engine().room(room)->position().offset);
      }
    }
  }

  std::mt19937 random_;
  Engines server_;
  std::vector<std::string> rooms_;
  std::vector<Viewer> viewers_;
  int lost_ = 0;
  int gaps_ = 0;
};

}  // namespace

TEST_CASE("whatever happens over several engines, they agree in the end", "[broker]") {
  int lost = 0;
  int gaps = 0;
  std::uint64_t parted = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Trial trial(seed);
    trial.run(300);
    lost += trial.lost();
    gaps += trial.gaps();
    parted += trial.parted();
  }
  // All of it did happen.
  CHECK(lost > 10);
  CHECK(gaps > 3);
  CHECK(parted > 50);
}
