#include "sim/cluster.h"

#include <algorithm>
#include <cinttypes>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chatroom/engine.h"
#include "sim/directs.h"
#include "sim/net.h"
#include "sim/schedule.h"

namespace chatroom::sim {

namespace {

constexpr Instant kBegin{1'700'000'000'000'000};

class Cluster;

// What one engine's host hears: each call of its members is answered once.
struct Watch final : EngineObserver {
  explicit Watch(Report& to) : report(to) {}
  void on_event(const HostEvent& event) noexcept override {
    const bool answer = event.type == HostEventType::joined ||
                        event.type == HostEventType::published ||
                        event.type == HostEventType::refused;
    if (!answer || event.tag == 0) return;
    waiting.erase(event.tag);
  }
  Report& report;
  std::map<Tag, const void*> waiting;  // and whose call it was
};

struct Node {
  explicit Node(Report& report) : watch(report) {}
  Watch watch;
  EnginePtr engine;
  Instant asleep_until;
};

struct Log {  // of a room and epoch: what stands where
  std::map<std::uint64_t, std::uint64_t> at;
};

// A member at one engine, with what it was told.
class Seat final : public LocalMember {
 public:
  Seat(Cluster& cluster, std::uint32_t where, std::string who, Role as)
      : engine(where), user(std::move(who)), role(as), cluster_(cluster) {}

  void on_event(const Event& event) noexcept override;
  void on_closed(CloseCode code) noexcept override;

  const std::uint32_t engine;
  const std::string user;
  const Role role;
  SessionId session;
  std::uint64_t ear = 0;  // how many sessions it had
  bool open = false;
  struct Place {
    std::string epoch;
    std::uint64_t offset = 0;
  };
  std::map<std::string, Place> rooms;
  std::deque<std::string> leaving;

 private:
  [[noreturn]] void fail(const std::string& what) const;
  Cluster& cluster_;
};

class Cluster {
 public:
  Cluster(std::uint64_t seed, Report& report)
      : random_(seed, 80),
        engines_(random_.between(2, 3)),
        net_(seed, engines_),
        report_(report),
        directs_(report),
        schedule_(kBegin) {
    for (std::uint32_t i = 0; i < engines_; ++i) make_node(seed, i);
    const std::uint32_t seats = random_.between(5, 12);
    for (std::uint32_t i = 0; i < seats; ++i) {
      const Role role = random_.chance(15) ? Role::visitor : Role::member;
      seats_.push_back(std::make_unique<Seat>(*this, i % engines_, "u" + std::to_string(i), role));
    }
  }

  ClusterOutcome run() {
    for (std::uint32_t i = 0; i < engines_; ++i) tick(i);
    for (std::size_t i = 0; i < seats_.size(); ++i) plan(i);
    trouble();
    run_until(kBegin + Duration::s(25));
    settle();
    outcome_.parted = net_.parted();
    for (auto& node : nodes_) node->engine.reset();
    return outcome_;
  }

  // ---- What seats tell

  void seen(const Seat& seat, const std::string& room, const Seat::Place& place,
            const Message& message) {
    const std::uint64_t serial =
        message.text.empty() ? 0 : std::strtoull(message.text.data() + 1, nullptr, 10);
    const auto said = said_.find(serial);
    const auto wrong = [&](const char* what) {
      report_.fail(Verdict::correctness, "%s heard #%" PRIu64 " in %s at %" PRIu64 ": wrong %s",
                   seat.user.c_str(), serial, room.c_str(), message.offset, what);
    };
    if (said == said_.end()) wrong("text");
    if (said->second.room != room) wrong("room");
    if (said->second.user != message.user) wrong("user");
    if (said->second.visitor) wrong("right: a visitor spoke");
    const auto [at, fresh] = logs_[room + place.epoch].at.emplace(message.offset, serial);
    if (!fresh && at->second != serial) wrong("place: another stands there");
    if (fresh && said->second.placed) wrong("place: it stands somewhere else too");
    said->second.placed = true;
    ++outcome_.heard;
  }
  // Of a session that is gone nobody hears any more.
  void gone(const Seat& seat) {
    std::map<Tag, const void*>& waiting = nodes_[seat.engine]->watch.waiting;
    for (auto at = waiting.begin(); at != waiting.end();) {
      at = at->second == &seat ? waiting.erase(at) : std::next(at);
    }
  }
  void counted(bool gap) { ++(gap ? outcome_.gaps : outcome_.resets); }
  Report& report() { return report_; }
  Directs& directs() { return directs_; }

 private:
  struct Said {
    std::string room;
    std::string user;
    bool visitor = false;
    bool placed = false;
  };

  void make_node(std::uint64_t seed, std::uint32_t i) {
    nodes_.push_back(std::make_unique<Node>(report_));
    EngineOptions options;
    options.seed = seed * 8 + i + 1;
    options.start = kBegin;
    options.open_server = true;
    options.open_rooms = true;
    options.new_room_policy.idle_close = Duration::s(random_.between(2, 60));
    options.limits.sessions = 64;
    options.limits.rooms = 16;
    options.limits.memberships = 256;
    options.limits.window_bytes = random_.chance(30) ? 16'384 : 262'144;
    options.limits.log_pool_bytes = 2u << 20;
    options.limits.private_pool_bytes = 2u << 20;
    options.limits.input_pool_bytes = 1u << 20;
    options.limits.history_pool_bytes = 2u << 20;
    options.limits.waiting_bytes = 2u << 20;
    options.limits.room_publishes = options.limits.joins_in_all = Rate::unlimited();
    options.limits.user_publishes = Rate::unlimited();
    options.limits.commands = options.limits.publishes = options.limits.joins = Rate::unlimited();
    EnginePorts ports;
    ports.broker = net_.port(i);
    ports.observer = &nodes_[i]->watch;
    Result<EnginePtr> made = Engine::create(options, ports);
    if (!made) report_.fail(Verdict::correctness, "no engine");
    nodes_[i]->engine = std::move(*made);
  }

  // Engines look in when they like.
  void tick(std::uint32_t i) {
    Node& node = *nodes_[i];
    if (!node.engine) return;
    net_.at(schedule_.now());
    if (schedule_.now() >= node.asleep_until) {
      static_cast<void>(node.engine->advance(schedule_.now()));
    }
    schedule_.after(Duration::ms(calm_ ? 5 : random_.between(1, 40)), [this, i] { tick(i); });
  }

  void run_until(Instant end) {
    while (!schedule_.empty() && schedule_.next() <= end) {
      report_.at(schedule_.next());
      net_.at(schedule_.next());
      schedule_.run_one();
    }
  }

  void plan(std::size_t i) {
    schedule_.after(Duration::ms(random_.between(10, 400)), [this, i] {
      if (calm_) return;
      act(*seats_[i]);
      plan(i);
    });
  }

  std::string some_room() { return "hall" + std::to_string(random_.below(3)); }
  Engine* engine_of(const Seat& seat) { return nodes_[seat.engine]->engine.operator->(); }

  void enter(Seat& seat) {
    Engine* engine = engine_of(seat);
    if (engine == nullptr || seat.open) return;
    seat.open = true;
    ++seat.ear;
    const Result<SessionId> opened =
        engine->open_local(seat, {.user = seat.user, .nick = {}, .info = {}, .role = seat.role});
    seat.open = static_cast<bool>(opened);
    if (opened) seat.session = *opened;
  }

  void act(Seat& seat) {
    Engine* engine = engine_of(seat);
    if (engine == nullptr) return;
    if (!seat.open) return enter(seat);
    const std::string room = some_room();
    const std::uint32_t what = random_.below(100);
    if (what < 20) return join(seat, room);
    if (what < 28) {
      seat.leaving.push_back(room);
      if (!engine->leave(seat.session, room)) seat.leaving.pop_back();
    } else if (what < 75) {
      publish(seat, room);
    } else if (what < 80) {
      for (int i = 0; i < 20; ++i) broadcast(*engine, room);
    } else if (what < 86) {
      broadcast(*engine, room);
    } else if (what < 89) {
      const std::string victim =
          seats_[random_.below(static_cast<std::uint32_t>(seats_.size()))]->user;
      if (Result<Room> there = engine->room(room)) static_cast<void>(there->kick(victim));
    } else if (what < 92) {
      static_cast<void>(engine->close(seat.session, CloseCode::normal));
    } else {
      const std::uint32_t to = random_.below(static_cast<std::uint32_t>(seats_.size()));
      directs_.send(*engine, seat.session, seat.user, seats_[to]->user);
    }
  }

  void join(Seat& seat, const std::string& room) {
    Watch& watch = nodes_[seat.engine]->watch;
    const Tag tag = ++tags_;
    watch.waiting[tag] = &seat;
    JoinOptions how;
    how.room = room;
    if (!engine_of(seat)->join(seat.session, how, tag)) watch.waiting.erase(tag);
  }

  std::uint64_t register_word(const std::string& room, const std::string& user, bool visitor) {
    said_[++outcome_.said] = {room, user, visitor, false};
    return outcome_.said;
  }
  void publish(Seat& seat, const std::string& room) {
    const std::string text =
        "#" + std::to_string(register_word(room, seat.user, seat.role == Role::visitor)) + " " +
        std::string(random_.below(600), 'x');
    Watch& watch = nodes_[seat.engine]->watch;
    const Tag tag = ++tags_;
    watch.waiting[tag] = &seat;
    Outgoing message;
    message.room = room;
    message.text = text;
    if (!engine_of(seat)->publish(seat.session, message, tag)) watch.waiting.erase(tag);
  }
  void broadcast(Engine& engine, const std::string& room) {
    Result<Room> there = engine.room(room);
    if (!there) return;
    const std::string text = "#" + std::to_string(register_word(room, {}, false)) + " news";
    Outgoing message;
    message.text = text;
    static_cast<void>(there->broadcast(message));
  }

  void trouble() {
    if (random_.chance(60)) {
      for (int i = 0; i < 4; ++i) {
        schedule_.after(Duration::ms(random_.between(1'000, 22'000)), [this] {
          const std::uint32_t a = random_.below(engines_);
          const std::uint32_t b = (a + 1 + random_.below(engines_ - 1)) % engines_;
          report_.note("parts", {}, {}, a, b);
          net_.part(a, b);
        });
      }
    }
    for (std::uint32_t i = 0; i < 5; ++i) {
      schedule_.after(Duration::ms(random_.between(1'000, 22'000)), [this] {
        Node& node = *nodes_[random_.below(engines_)];
        node.asleep_until = schedule_.now() + Duration::ms(random_.between(200, 4'000));
      });
    }
    if (!random_.chance(50)) return;
    const std::uint32_t victim = random_.below(engines_);
    schedule_.after(Duration::ms(random_.between(4'000, 20'000)), [this, victim] { lose(victim); });
  }

  void lose(std::uint32_t victim) {
    report_.note("an engine is lost", {}, {}, victim);
    ++outcome_.lost;
    for (const auto& seat : seats_) {
      if (seat->engine == victim) seat->open = false, seat->rooms.clear();
    }
    nodes_[victim]->engine.reset();
  }

  // ---- The end

  void settle() {
    calm_ = true;
    net_.calm();
    for (auto& node : nodes_) node->asleep_until = {};
    const auto wait = [this](int s) { run_until(schedule_.now() + Duration::s(s)); };
    wait(8);
    for (int round = 0; round < 3; ++round) {
      for (const auto& seat : seats_) {
        if (!nodes_[seat->engine]->engine) continue;
        enter(*seat);
        for (int i = 0; i < 3; ++i) {
          const std::string room = "hall" + std::to_string(i);
          if (seat->rooms.count(room) == 0) join(*seat, room);
        }
      }
      wait(4);
    }
    for (int i = 0; i < 3; ++i) {
      const std::string room = "hall" + std::to_string(i);
      broadcast(*nodes_[net_.home_of(room)]->engine, room);
    }
    wait(3);
    for (int i = 0; i < 3; ++i) check_room("hall" + std::to_string(i));
    // All are here: who is written to hears it, whatever engine he is at.
    const std::uint64_t first = directs_.next();
    for (std::size_t i = 0; i < seats_.size(); ++i) {
      const Seat& seat = *seats_[i];
      const Seat& to = *seats_[(i + 1) % seats_.size()];
      if (!seat.open || !to.open) continue;
      directs_.send(*engine_of(seat), seat.session, seat.user, to.user);
    }
    wait(2);
    directs_.check_heard(first);
    for (const auto& node : nodes_) {
      if (!node->engine || node->watch.waiting.empty()) continue;
      report_.fail(Verdict::liveness, "%zu calls were never answered, the first %" PRIu64,
                   node->watch.waiting.size(), node->watch.waiting.begin()->first);
    }
  }

  void check_room(const std::string& room) {
    Engine& home = *nodes_[net_.home_of(room)]->engine;
    const Result<Room> there = home.room(room);
    if (!there) report_.fail(Verdict::liveness, "%s is not open", room.c_str());
    std::set<std::string> members;
    there->for_each_member(
        [](void* to, const Member& member) {
          static_cast<std::set<std::string>*>(to)->insert(std::string{member.user});
          return true;
        },
        &members);
    std::set<std::string> inside;
    const std::uint64_t head = there->position().offset;
    std::string epoch;
    for (const auto& seat : seats_) {
      if (!nodes_[seat->engine]->engine) continue;
      const auto at = seat->rooms.find(room);
      if (at == seat->rooms.end()) {
        report_.fail(Verdict::liveness, "%s is not back in %s", seat->user.c_str(), room.c_str());
      }
      inside.insert(seat->user);
      if (epoch.empty()) epoch = at->second.epoch;
      if (at->second.offset != head || at->second.epoch != epoch) {
        report_.fail(Verdict::correctness, "%s in %s stands at %" PRIu64 ", the room at %" PRIu64,
                     seat->user.c_str(), room.c_str(), at->second.offset, head);
      }
    }
    if (members != inside) {
      report_.fail(Verdict::correctness, "%s: %zu are in it, its home lists %zu", room.c_str(),
                   inside.size(), members.size());
    }
    check_history(*there, room, epoch, head);
  }

  // The home's history is what members were given, without a hole, up to the head.
  void check_history(const Room& there, const std::string& room, const std::string& epoch,
                     std::uint64_t head) {
    struct Walk {
      const Log* log;
      std::uint64_t last = 0;
      bool good = true;
    } walk{&logs_[room + epoch], 0, true};
    static_cast<void>(there.history(
        0, 100,
        [](void* to, const Message& message) {
          Walk& at = *static_cast<Walk*>(to);
          const std::uint64_t serial = std::strtoull(message.text.data() + 1, nullptr, 10);
          const auto seen = at.log->at.find(message.offset);
          if (seen != at.log->at.end() && seen->second != serial) at.good = false;
          if (at.last != 0 && message.offset != at.last + 1) at.good = false;
          at.last = message.offset;
        },
        &walk));
    if (!walk.good || walk.last != head) {
      report_.fail(Verdict::correctness, "history of %s is not what was told", room.c_str());
    }
  }

  Random random_;
  const std::uint32_t engines_;
  Net net_;
  Report& report_;
  Directs directs_;
  Schedule schedule_;
  std::vector<std::unique_ptr<Seat>> seats_;  // outlive the engines
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::uint64_t, Said> said_;
  std::map<std::string, Log> logs_;
  Tag tags_ = 0;
  bool calm_ = false;
  ClusterOutcome outcome_;
};

void Seat::fail(const std::string& what) const {
  cluster_.report().fail(Verdict::correctness, "%s at engine %u: %s", user.c_str(), engine,
                         what.c_str());
}

void Seat::on_closed(CloseCode) noexcept {
  open = false;
  rooms.clear();
  leaving.clear();
  cluster_.gone(*this);
}

void Seat::on_event(const Event& event) noexcept {
  const std::string room{event.type == EventType::message ? event.message.room : event.room};
  const auto at = rooms.find(room);
  cluster_.report().note("hears", user, room, static_cast<std::uint64_t>(event.type),
                         event.type == EventType::message ? event.message.offset
                         : event.type == EventType::answer
                             ? static_cast<std::uint64_t>(event.op) * 1000 +
                                   static_cast<std::uint64_t>(event.error.code)
                             : event.offset);
  switch (event.type) {
    case EventType::answer:
      if (event.error.code != Errc::ok) break;
      if (event.op != Op::join && event.op != Op::publish && event.op != Op::send_to &&
          !leaving.empty()) {  // a leave
        rooms.erase(leaving.front());
        leaving.pop_front();
      }
      if (event.op != Op::join) break;
      if (at != rooms.end()) fail("joined " + room + " twice");
      rooms[room] = {std::string{event.epoch}, event.offset};
      break;
    case EventType::left:
      rooms.erase(room);
      break;
    case EventType::reset:
      cluster_.counted(false);
      if (at == rooms.end()) fail("a reset of " + room + ", where it is not");
      at->second = {std::string{event.epoch}, event.offset};
      break;
    case EventType::gap:
      cluster_.counted(true);
      if (room.empty()) break;  // of what was told to it alone
      if (at == rooms.end()) fail("a gap of " + room + ", where it is not");
      if (event.gap.to > at->second.offset) {
        if (event.gap.from > at->second.offset + 1) fail("a gap that begins too late");
        at->second.offset = event.gap.to;
      }
      break;
    case EventType::message:
      if (at == rooms.end()) fail("a message of " + room + ", where it is not");
      if (event.message.offset != at->second.offset + 1) {
        fail("in " + room + " " + std::to_string(event.message.offset) + " after " +
             std::to_string(at->second.offset));
      }
      at->second.offset = event.message.offset;
      cluster_.seen(*this, room, at->second, event.message);
      break;
    case EventType::direct:
      cluster_.directs().hear(user + " " + std::to_string(ear), user, event);
      break;
    case EventType::presence:
    case EventType::room_state:
      if (at == rooms.end()) fail("news of " + room + ", where it is not");
      break;
    default:
      break;
  }
}

}  // namespace

ClusterOutcome run_cluster(std::uint64_t seed, Report& report) {
  return Cluster{seed, report}.run();
}

}  // namespace chatroom::sim
