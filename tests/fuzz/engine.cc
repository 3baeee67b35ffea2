// Fuzz target: the whole engine. The input is a program of steps: links open, send good and bad
// bytes in either codec and framing, stall, break; time passes; the host broadcasts, kicks, changes
// and closes rooms, answers late or never. Limits are small, so that programs reach them.
//
// Whatever the program: what is written are whole frames that a client can read, no port's contract
// is broken, memory stays below the plan's ceiling and comes back, the ledger balances. With
// CHATROOM_FUZZ_STEPS set, the number of steps taken is printed at the end.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "chatroom/adapters/json.h"
#include "chatroom/adapters/manual_loop.h"
#include "chatroom/engine.h"
#include "chatroom/flatbuffers.h"
#include "chatroom/testing/fakes.h"
#include "wire/outer.h"

namespace {

using namespace chatroom;

constexpr std::size_t kLinks = 6;
constexpr std::size_t kStepsMax = 2'000;
constexpr std::array<std::string_view, 4> kRooms{"a", "b", "plaza", ""};
constexpr std::array<std::string_view, 4> kUsers{"alice", "bob", "eve", ""};
constexpr std::array<std::string_view, 4> kChannels{"main", "team", "x", ""};

// Where a program went wrong; libFuzzer and ASan show the rest.
void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "the engine broke a promise: %s\n", what);
  std::abort();
}

struct Steps {
  std::uint64_t taken = 0;
  ~Steps() {
    if (std::getenv("CHATROOM_FUZZ_STEPS") != nullptr) {
      std::fprintf(stderr, "steps %llu\n", static_cast<unsigned long long>(taken));
    }
  }
} steps;

// The program: what is read past its end is 0.
class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  bool done() const { return size_ == 0; }
  std::uint8_t byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  std::size_t below(std::size_t limit) { return byte() % limit; }
  bool flag() { return (byte() & 1) != 0; }
  Bytes bytes(std::size_t wanted) {
    const std::size_t length = std::min(wanted, size_);
    const Bytes found(reinterpret_cast<const std::byte*>(data_), length);
    data_ += length;
    size_ -= length;
    return found;
  }
  std::string_view text() { return as_text(bytes(below(48))); }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

Codec& codec_of(CodecKind kind) {
  static FlatbuffersCodec flatbuffers;
  static JsonCodec text;
  return kind == CodecKind::json ? static_cast<Codec&>(text) : flatbuffers;
}

Limits small_limits() {
  Limits limits;
  limits.sessions = 5;
  limits.half_open = 3;
  limits.rooms = 3;
  limits.memberships = 10;
  limits.budget_rooms = 1;
  limits.rooms_per_session = 2;
  limits.channels_per_room = 3;
  limits.sessions_per_user = 2;
  limits.text_bytes = 256;
  limits.data_bytes = 256;
  limits.frame_bytes = 8 * 1024;
  limits.page_messages = 4;
  limits.page_bytes = 2 * 1024;
  limits.window_bytes = 32 * 1024;
  limits.log_pool_bytes = 256 * 1024;
  limits.private_bytes = 8 * 1024;
  limits.private_pool_bytes = 64 * 1024;
  limits.input_pool_bytes = 64 * 1024;
  limits.history_pool_bytes = 64 * 1024;
  limits.keys = 4;
  limits.presence_exact = 2;
  limits.waiting_bytes = 32 * 1024;
  limits.events = 16;
  limits.questions = 4;
  limits.mailbox_messages = 8;
  limits.mailbox_bytes = 4 * 1024;
  limits.turn_inputs = 8;
  return limits;
}

// One end of a connection, and what it has understood so far.
struct Link {
  testing::FakeConnection connection;
  SessionId session;
  CodecKind codec = CodecKind::flatbuffers;
  Framing framing = Framing::outer;
  bool open = false;
  std::string unread;

  void read() {
    unread += connection.take_bytes();
    while (read_frame()) {
    }
  }

 private:
  bool read_frame() {
    const Bytes rest = as_bytes(unread);
    if (framing == Framing::outer) {
      const wire::OuterFrame frame = wire::read_outer_frame(rest, wire::kOuterBodyBytesMax);
      require(frame.state != wire::OuterFrame::State::wrong_type, "an outer frame of no type");
      if (frame.state != wire::OuterFrame::State::whole) return false;
      understand(frame.body);
      unread.erase(0, frame.bytes);
      return true;
    }
    if (rest.size() < 2) return false;
    const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>(rest[i]); };
    const std::size_t digits = at(1) == 126 ? 2 : at(1) == 127 ? 8 : 0;
    if (rest.size() < 2 + digits) return false;
    std::size_t length = digits == 0 ? at(1) : 0;
    for (std::size_t i = 0; i < digits; ++i) length = length << 8 | at(2 + i);
    if (rest.size() - 2 - digits < length) return false;
    require((at(0) & 0xf0) == 0x80, "a WebSocket frame in parts");
    if ((at(0) & 15) <= 2) understand(rest.subspan(2 + digits, length));
    unread.erase(0, 2 + digits + length);
    return true;
  }
  void understand(Bytes payload) const {
    Event event;
    require(bool(codec_of(codec).decode(payload, event).status), "a frame that no client reads");
  }
};

// Answers at once, later, or not at all, as the program says.
class Host final : public Auth, public Rules {
 public:
  explicit Host(Script& script) : script_(script) {}

  Answer on_auth(Question question, const AuthRequest& request) noexcept override {
    return request.token.empty() ? Answer::as({.user = request.user, .nick = request.nick})
                                 : decide(question);
  }
  Answer on_missing_room(Question question, const JoinRequest&) noexcept override {
    return decide(question);
  }
  Answer on_join(Question question, const JoinRequest&) noexcept override {
    return decide(question);
  }
  Answer before_publish(Question question, const PublishRequest&) noexcept override {
    return decide(question);
  }
  Answer on_call(Question question, const CallRequest&) noexcept override {
    return decide(question);
  }

  Answer verdict() {
    switch (script_.below(6)) {
      case 0:
        return Answer::refuse(static_cast<Errc>(1 + script_.below(kErrcCount - 1)));
      case 1: {
        Answer answer;
        answer.verdict = static_cast<Answer::Verdict>(script_.below(5));
        answer.text = "rewritten";
        answer.identity.user = kUsers[script_.below(kUsers.size())];
        return answer;
      }
      default:
        return Answer::as({.user = "carol"});
    }
  }
  std::deque<Question> open;

 private:
  Answer decide(Question question) {
    if (script_.below(4) != 0) return Answer::pass();
    if (script_.flag()) return verdict();
    open.push_back(question);
    return Answer::later();
  }
  Script& script_;
};

class Run {
 public:
  Run(const std::uint8_t* data, std::size_t size) : script_(data, size), host_(script_) {
    EngineOptions options;
    options.seed = 1;
    options.limits = small_limits();
    const std::uint8_t how = script_.byte();
    if ((how & 1) != 0) {
      options.limits.publishes = options.limits.user_publishes = Rate::unlimited();
      options.limits.commands = Rate::unlimited();
    }
    options.open_server = (how & 2) != 0;
    options.open_rooms = (how & 4) != 0;
    options.new_room_policy = policy();
    EnginePorts ports{.loop = &loop_, .memory = &memory_, .json = &codec_of(CodecKind::json)};
    if (!options.open_server) ports.auth = &host_;
    if ((how & 8) != 0) ports.rules = &host_;
    if ((how & 16) != 0) ports.observer = &observer_;
    ceiling_ = plan(options.limits).ceiling_bytes;
    Result<EnginePtr> made = Engine::create(options, ports);
    require(bool(made), "create");
    engine_ = std::move(*made);
  }

  void play() {
    for (std::size_t i = 0; i < kStepsMax && !script_.done(); ++i) {
      ++steps.taken;
      step();
      settle();
      require(memory_.bytes <= ceiling_, "memory over the plan");
    }
    finish();
  }

 private:
  void step() {
    Link& link = links_[script_.below(kLinks)];
    switch (script_.below(13)) {
      case 0:
        return open(link);
      case 1:
        return raw(link, script_.bytes(script_.below(script_.below(8) == 0 ? 256 : 24)));
      case 2:
        return say(link, command(static_cast<Op>(script_.below(static_cast<int>(Op::unknown)))));
      case 3:
        return say(link, command(Op::auth));
      case 4:
        return say(link, command(Op::join));
      case 5:
      case 6:
        return say(link, command(Op::publish));
      case 7:
        return loop_.advance(Duration{std::int64_t{1} << script_.below(27)});
      case 8:
        link.connection.stalled = script_.flag();
        if (script_.flag()) link.connection.takes.push_back(script_.below(64));
        return;
      case 9:
        return script_.flag() ? vanish(link) : fault(link);
      case 10:
        return act(script_.below(9));
      case 11:
        return answer();
      default: {  // several commands in one turn
        Engine::Turn turn(*engine_);
        turn_ = &turn;
        for (std::size_t left = script_.below(24); left > 0; --left) {
          ++steps.taken;
          say(links_[script_.below(kLinks)], command(script_.flag() ? Op::publish : Op::join));
        }
        turn_ = nullptr;
      }
    }
  }

  void open(Link& link) {
    if (link.open) return;
    const std::uint8_t how = script_.byte();
    link.codec = (how & 1) != 0 ? CodecKind::json : CodecKind::flatbuffers;
    link.framing = (how & 2) != 0 ? Framing::websocket : Framing::outer;
    if (link.framing == Framing::outer) link.codec = CodecKind::flatbuffers;
    const Identity known{.user = kUsers[(how >> 4) & 3]};
    SessionOptions options{.codec = link.codec, .framing = link.framing};
    if ((how & 4) != 0 && !known.user.empty()) options.identity = &known;
    if ((how & 8) != 0 && link.framing == Framing::outer) options.boundary = Boundary::message;
    options.max_frame = options.boundary == Boundary::message ? 1'200 : 0;
    link.connection = {};
    link.connection.boundary = options.boundary;
    link.unread.clear();
    const Result<SessionId> opened = engine_->open(link.connection, options);
    link.open = bool(opened);
    if (opened) link.session = *opened;
  }

  template <class Act>
  void in_turn(Act act) {
    if (turn_ != nullptr) return act(*turn_);
    Engine::Turn turn(*engine_);
    act(turn);
  }
  void raw(Link& link, Bytes bytes) {
    if (!link.open || link.connection.closed) return;
    if (link.framing == Framing::outer) {
      return in_turn([&](Engine::Turn& turn) { turn.on_bytes(link.session, bytes); });
    }
    const auto kind = static_cast<FrameKind>(script_.below(5));
    in_turn([&](Engine::Turn& turn) { turn.on_frame(link.session, kind, bytes); });
  }
  void say(Link& link, const Command& command) {
    static std::array<std::byte, 64 * 1024> frame;
    const std::span<std::byte> body = std::span(frame).subspan(wire::kOuterHeaderBytes);
    const std::size_t size = codec_of(link.codec).encode(command, body);
    if (size == 0 || !link.open || link.connection.closed) return;
    const std::uint8_t spoil = script_.byte();  // now and then one byte is another
    if (spoil > 240) body[script_.byte() % size] ^= static_cast<std::byte>(spoil);
    if (link.framing == Framing::websocket) {
      const FrameKind kind = link.codec == CodecKind::json ? FrameKind::text : FrameKind::binary;
      return in_turn(
          [&](Engine::Turn& turn) { turn.on_frame(link.session, kind, body.first(size)); });
    }
    wire::write_outer_header(wire::OuterType::plain, size,
                             std::span(frame).first<wire::kOuterHeaderBytes>());
    const Bytes whole = std::span(frame).first(wire::kOuterHeaderBytes + size);
    in_turn([&](Engine::Turn& turn) { turn.on_bytes(link.session, whole); });
  }

  Command command(Op op) {
    Command made;
    made.op = op;
    made.id = script_.byte();
    made.room = kRooms[script_.below(kRooms.size())];
    made.channel = made.out.channel = kChannels[script_.below(kChannels.size())];
    made.from = kChannels[script_.below(kChannels.size())];
    made.to = kChannels[script_.below(kChannels.size())];
    made.user = kUsers[script_.below(kUsers.size())];
    const std::uint8_t what = script_.byte();
    if ((what & 1) != 0) made.token = made.cursor = made.name = script_.text();
    if ((what & 2) != 0) made.out.key = script_.text();
    if ((what & 4) != 0) made.out.data = {Data::Form::binary, as_bytes(script_.text())};
    made.out.priority = static_cast<Priority>((what >> 3) % kPriorityCount);
    made.out.text = (what & 32) != 0 ? script_.text() : std::string_view("hello");
    made.has_text = !made.out.text.empty();
    made.has_since = made.has_after = made.has_since_version = (what & 64) != 0;
    made.since_offset = made.after = made.since_version = script_.byte();
    made.before = (what & 128) != 0 ? script_.byte() : 0u;
    made.recent = made.limit = script_.byte();
    return made;
  }

  void vanish(Link& link) {
    if (!link.open) return;
    link.open = false;
    in_turn([&](Engine::Turn& turn) { turn.on_closed(link.session); });
    check(link);
  }
  void fault(Link& link) {
    if (!link.open || link.connection.closed) return;
    in_turn([&](Engine::Turn& turn) { turn.on_fault(link.session, CloseCode::protocol_error); });
  }

  RoomPolicy policy() {
    RoomPolicy policy;
    const std::uint8_t what = script_.byte();
    policy.max_members = (what & 1) != 0 ? 2 : 0;
    policy.reliable = (what & 2) != 0;
    policy.moderated = (what & 4) != 0;
    policy.slow_mode_s = (what & 8) != 0 ? 2 : 0;
    policy.history_messages = (what & 16) != 0 ? 4 : 300;
    policy.first_join_owns = (what & 32) != 0;
    policy.receive_normal_per_s = (what & 64) != 0 ? 2 : 0;
    policy.receive_high_per_s = (what & 64) != 0 ? 1 : 0;
    policy.merge_repeats = (what & 128) != 0;
    return policy;
  }
  void act(std::size_t which) {
    Room room = engine_->room(RoomId{});
    const std::string_view key = kRooms[script_.below(kRooms.size())];
    if (const Result<Room> known = engine_->room(key)) room = *known;
    const std::string_view user = kUsers[script_.below(kUsers.size())];
    const Outgoing message{.channel = kChannels[script_.below(2)], .text = script_.text()};
    switch (which) {
      case 0:
        return static_cast<void>(engine_->open_room(key, policy()));
      case 1:
        return static_cast<void>(room.broadcast(message, 1));
      case 2:
        return static_cast<void>(room.send_to(user, message));
      case 3:
        return static_cast<void>(room.kick(user, "out"));
      case 4:
        return static_cast<void>(room.set_role(user, static_cast<Role>(script_.below(6))));
      case 5:
        return static_cast<void>(room.set_policy(policy()));
      case 6:
        return static_cast<void>(room.close());
      case 7:
        return static_cast<void>(engine_->remote().broadcast(key, message, 2));
      default:
        return static_cast<void>(
            engine_->close(links_[script_.below(kLinks)].session, CloseCode::normal));
    }
  }
  void answer() {
    if (host_.open.empty()) return;
    const Question question = host_.open.front();
    host_.open.pop_front();
    static_cast<void>(engine_->answer(question, host_.verdict()));
  }

  // What can happen at this moment, happens.
  void settle() {
    for (int round = 0; round < 1'000; ++round) {
      bool moved = loop_.run_once();
      for (Link& link : links_) {
        if (!link.open) continue;
        link.read();
        if (link.connection.closed) {
          vanish(link);
          moved = true;
        } else if (link.connection.blocked && !link.connection.stalled) {
          link.connection.writable();
          Engine::Turn(*engine_).on_writable(link.session);
          moved = true;
        }
      }
      if (!moved) return;
    }
    require(false, "it never comes to rest");
  }
  void check(const Link& link) const {
    if (!link.connection.breach.empty()) require(false, link.connection.breach.c_str());
  }

  void finish() {
    for (Link& link : links_) {
      link.connection.stalled = false;
      check(link);
    }
    settle();
    for (const Ledger::Class& one : engine_->metrics().ledger.by_priority) {
      require(one.admitted ==
                  one.delivered + one.merged + one.sampled + one.dropped + one.closed + one.pending,
              "the ledger does not balance");
    }
    engine_->drain(CloseCode::going_away, Duration::s(1));
    for (int i = 0; i < 20 && !engine_->drained(); ++i) {
      loop_.advance(Duration::s(1));
      settle();
    }
    require(engine_->drained(), "a drained engine is empty");
    engine_.reset();
    require(memory_.breach.empty(), "memory released otherwise than it was allocated");
    require(memory_.bytes == 0, "memory that did not come back");
  }

  Script script_;
  Host host_;
  ManualLoop loop_;
  testing::FakeMemory memory_;
  testing::FakeObserver observer_;
  std::array<Link, kLinks> links_;
  std::uint64_t ceiling_ = 0;
  EnginePtr engine_;
  Engine::Turn* turn_ = nullptr;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run(data, size).play();
  return 0;
}
