// Stage: an engine with fake links, for scenarios that are told in the words of the protocol. What
// clients say and what they are told is JSON text whatever the carrier, so that one scenario runs
// over all of them:
//
//   Stage stage;
//   Peer& alice = stage.user(carrier, "alice");
//   CHECK(alice.ask(R"({"id":1,"op":"ping"})") == R"({"id":1,"ok":{}})");
//
// When a stage goes, it checks what must hold after every scenario: no contract of a port was
// broken, the ledger balances, every byte of memory came back, and the recording of all that
// happened replays to the same bytes.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chatroom/adapters/json.h"
#include "chatroom/adapters/manual_loop.h"
#include "chatroom/assert.h"
#include "chatroom/engine.h"
#include "chatroom/flatbuffers.h"
#include "chatroom/replay.h"
#include "chatroom/testing/fakes.h"
#include "scenario/like.h"
#include "scenario/options.h"
#include "wire/outer.h"

namespace chatroom::test {

// A broken invariant says where; negative controls set a handler of their own after this.
inline const bool kAssertionsAreHeard = [] {
  set_assert_handler([](const char* expression, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: %s\n", file, line, expression);
    std::abort();
  });
  return true;
}();

struct Carrier {
  const char* name;
  CodecKind codec;
  Framing framing;
  Boundary boundary;
};
inline constexpr Carrier kTcp{"tcp-fb", CodecKind::flatbuffers, Framing::outer, Boundary::stream};
inline constexpr Carrier kWsJson{"ws-json", CodecKind::json, Framing::websocket, Boundary::stream};
inline constexpr Carrier kWsFb{"ws-fb", CodecKind::flatbuffers, Framing::websocket,
                               Boundary::stream};
inline constexpr Carrier kLink{"link-fb", CodecKind::flatbuffers, Framing::outer,
                               Boundary::message};
inline constexpr std::array kCarriers{kTcp, kWsJson, kWsFb, kLink};

inline std::string_view as_view(const std::string& text) { return text; }

// The tools' own codecs: apart from those under test.
inline JsonCodec& tool_json() {
  static JsonCodec codec;
  return codec;
}
inline JsonCodec& engine_json() {
  static JsonCodec codec;
  return codec;
}
inline FlatbuffersCodec& tool_flatbuffers() {
  static FlatbuffersCodec codec;
  return codec;
}

class Stage;

// One client's end of a fake link.
class Peer {
 public:
  Peer(Stage& stage, const Carrier& carrier) : stage_(stage), carrier_(carrier) {}

  // A command in JSON, sent in the carrier's codec.
  void say(std::string_view json);
  // Sends it and answers the answer; what came beside it stays to be looked at. "": none came.
  std::string ask(std::string_view json);
  void frame(Bytes payload);  // one frame with this inside
  void frame(std::string_view payload) { frame(as_bytes(payload)); }
  void frame(FrameKind kind, Bytes payload);
  void bytes(Bytes bytes);  // raw, framed carriers only
  void fault(CloseCode code);

  // What was heard and not looked at: the next one ("": nothing), all of it.
  std::string next();
  std::vector<std::string> all();
  void forget() { all(); }
  // Everything of that kind among what was not looked at, which is then gone.
  std::vector<std::string> events(std::string_view type);

  void stall(bool stalled);  // takes nothing; takes again
  void drop();               // the peer is gone

  // The close code, if the engine closed it; 0.
  int closed() const { return link.closed ? static_cast<int>(link.close_code) : 0; }
  bool gone() const { return gone_; }
  const Carrier& carrier() const { return carrier_; }
  SessionId session() const { return session_; }

  testing::FakeConnection link;
  std::string wire;  // every byte that was ever taken
  // How it reads deflated frames; none: they are a fault.
  std::function<std::string(Bytes)> inflate;
  std::size_t inflated = 0;  // frames that were

 private:
  friend class Stage;
  void read();
  void read_frame(Bytes payload, bool deflated);

  Stage& stage_;
  const Carrier carrier_;
  SessionId session_;
  bool gone_ = false;
  std::string unread_;
  std::map<std::uint32_t, Op> asked_;
  std::vector<std::string> heard_;
  std::size_t looked_ = 0;
};

class Stage {
 public:
  explicit Stage(const StageOptions& options = {}) : loop(options.loop_seed), options_(options) {
    EnginePorts ports = options.ports;
    if (!options.polled && ports.loop == nullptr) ports.loop = &loop;
    if (ports.memory == global_heap()) ports.memory = &memory;
    if (ports.json == nullptr) ports.json = &engine_json();
    if (ports.observer == nullptr) ports.observer = &observer;
    if (options.record) ports.recorder = &recorder;
    EngineOptions how = options.engine;
    if (options.polled) how.start = loop.now();
    Result<EnginePtr> made = Engine::create(how, ports);
    REQUIRE(made);
    engine_ = std::move(*made);
  }
  ~Stage() {
    for (const auto& peer : peers) {
      INFO(peer->carrier().name);
      CHECK(peer->link.breach == "");
    }
    check_ledger();
    engine_.reset();
    CHECK(memory.breach == "");
    CHECK(memory.bytes == 0);
    if (options_.record) check_replay();
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  Engine& engine() { return *engine_; }
  Room room(std::string_view key) {
    Result<Room> known = engine_->room(key);
    if (!known) known = engine_->open_room(key, {});
    REQUIRE(known);
    return *known;
  }

  // A link that was just opened; it has heard hello.
  Peer& connect(const Carrier& carrier, SessionOptions session = {}) {
    peers.push_back(std::make_unique<Peer>(*this, carrier));
    Peer& peer = *peers.back();
    session.codec = carrier.codec;
    session.framing = carrier.framing;
    session.boundary = carrier.boundary;
    if (carrier.boundary == Boundary::message && session.max_frame == 0) session.max_frame = 1'200;
    peer.link.boundary = carrier.boundary;
    peer.link.max_frame = session.max_frame;
    const Result<SessionId> opened = engine_->open(peer.link, session);
    if (options_.fragile && !opened) {
      peer.gone_ = true;
      return peer;
    }
    REQUIRE(opened);
    peer.session_ = *opened;
    run();
    return peer;
  }
  // One that is signed in and has looked at everything so far.
  Peer& user(const Carrier& carrier, const std::string& name) {
    Peer& peer = connect(carrier);
    const std::string answer =
        peer.ask(R"({"id":1,"op":"auth","user":")" + name + R"(","token":""})");
    REQUIRE((options_.fragile || matches(answer, R"({"id":1,"ok":*)")));
    peer.forget();
    return peer;
  }
  // Likewise, and in a room.
  Peer& member(const Carrier& carrier, const std::string& name, const std::string& room) {
    Peer& peer = user(carrier, name);
    const std::string answer = peer.ask(R"({"id":1,"op":"join","room":")" + room + R"("})");
    REQUIRE((options_.fragile || matches(answer, R"({"id":1,"ok":*)")));
    peer.forget();
    return peer;
  }

  // What can happen at this moment, happens.
  void run() {
    bool moved = true;
    for (int round = 0; moved; ++round) {
      REQUIRE(round < 10'000);
      moved = options_.polled ? advance() : loop.run_once();
      for (const auto& peer : peers) {
        if (peer->gone_) continue;
        if (peer->link.blocked && !peer->link.stalled && !peer->link.closed) {
          peer->link.writable();
          Engine::Turn(*engine_).on_writable(peer->session_);
          moved = true;
        }
        if (!peer->link.closed) continue;
        peer->gone_ = true;
        Engine::Turn(*engine_).on_closed(peer->session_);
        moved = true;
      }
    }
  }
  void pass(Duration time) {
    const Instant end = loop.now() + time;
    run();
    while (!options_.polled && loop.alarm() <= end) {
      loop.advance(std::max(loop.alarm(), loop.now()) - loop.now());
      run();
    }
    loop.advance(end - loop.now());
    run();
  }

  // The same, while every client keeps its session alive.
  void pass_alive(Duration time) {
    for (Duration left = time; left.us > 0; left.us -= Duration::s(20).us) {
      for (const auto& peer : peers) {
        if (!peer->gone_) peer->say(R"({"op":"ping"})");
      }
      pass(std::min(left, Duration::s(20)));
    }
  }
  // What `act` does with peers comes in one turn.
  template <class Act>
  void in_one_turn(Act act) {
    {
      Engine::Turn turn(*engine_);
      turn_ = &turn;
      act();
      turn_ = nullptr;
    }
    run();
  }
  // Does one thing in the turn that is open, or in one of its own.
  template <class Act>
  void in_turn(Act act) {
    if (turn_ != nullptr) return act(*turn_);
    Engine::Turn turn(*engine_);
    act(turn);
  }

  void check_ledger() const {
    for (const Ledger::Class& one : engine_->metrics().ledger.by_priority) {
      CHECK(one.admitted ==
            one.delivered + one.merged + one.sampled + one.dropped + one.closed + one.pending);
    }
  }
  void check_replay() {
    const Replayed again = replay(as_bytes(recorder.bytes), *global_heap(), &engine_json());
    INFO("record " << again.records);
    CHECK(again.status.error().code == Errc::ok);
  }

  testing::FakeMemory memory;
  ManualLoop loop;
  testing::FakeObserver observer;
  testing::FakeRecorder recorder;
  std::vector<std::unique_ptr<Peer>> peers;

 private:
  bool advance() {
    const Instant next = engine_->advance(loop.now());
    return next <= loop.now();
  }

  const StageOptions options_;
  EnginePtr engine_;
  Engine::Turn* turn_ = nullptr;
};

// ---- Peer

inline void Peer::frame(FrameKind kind, Bytes payload) {
  stage_.in_turn([&](Engine::Turn& turn) { turn.on_frame(session_, kind, payload); });
}

inline void Peer::frame(Bytes payload) {
  if (carrier_.framing == Framing::websocket) {
    frame(carrier_.codec == CodecKind::json ? FrameKind::text : FrameKind::binary, payload);
    return;
  }
  std::vector<std::byte> whole(wire::kOuterHeaderBytes);
  wire::write_outer_header(wire::OuterType::plain, payload.size(),
                           std::span(whole).first<wire::kOuterHeaderBytes>());
  whole.insert(whole.end(), payload.begin(), payload.end());
  bytes(whole);
}

inline void Peer::bytes(Bytes bytes) {
  stage_.in_turn([&](Engine::Turn& turn) { turn.on_bytes(session_, bytes); });
}
inline void Peer::fault(CloseCode code) {
  stage_.in_turn([&](Engine::Turn& turn) { turn.on_fault(session_, code); });
}

inline void Peer::say(std::string_view json) {
  Command command;
  const Decoded decoded = tool_json().decode(as_bytes(json), command);
  INFO(json);
  REQUIRE(decoded.status);
  if (command.id != 0) asked_[command.id] = command.op;
  if (carrier_.codec == CodecKind::json) return frame(json);
  std::vector<std::byte> out(128 * 1024);
  out.resize(tool_flatbuffers().encode(command, out));
  REQUIRE(!out.empty());
  frame(Bytes(out));
}

inline std::string Peer::ask(std::string_view json) {
  say(json);
  stage_.run();
  read();
  const std::size_t at = json.find("\"id\":");
  REQUIRE(at != std::string_view::npos);
  const std::string id(json.substr(at, json.find_first_of(",}", at) - at));
  for (std::size_t i = heard_.size(); i > looked_; --i) {
    const std::string& one = heard_[i - 1];
    if (!one.starts_with("{" + id + ",")) continue;
    const std::string answer = one;
    heard_.erase(heard_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    return answer;
  }
  return {};
}

inline std::string Peer::next() {
  read();
  return looked_ < heard_.size() ? heard_[looked_++] : std::string();
}

inline std::vector<std::string> Peer::all() {
  read();
  std::vector<std::string> rest(heard_.begin() + static_cast<std::ptrdiff_t>(looked_),
                                heard_.end());
  looked_ = heard_.size();
  return rest;
}

inline std::vector<std::string> Peer::events(std::string_view type) {
  const std::string begin = R"({"event":")" + std::string(type) + '"';
  std::vector<std::string> found;
  for (std::string& one : all()) {
    if (one.starts_with(begin)) found.push_back(std::move(one));
  }
  return found;
}

inline void Peer::stall(bool stalled) {
  link.stalled = stalled;
  stage_.run();
}

inline void Peer::drop() {
  gone_ = true;
  stage_.in_turn([&](Engine::Turn& turn) { turn.on_closed(session_); });
}

inline void Peer::read() {
  const std::string fresh = link.take_bytes();
  wire += fresh;
  unread_ += fresh;
  for (;;) {
    const Bytes rest = as_bytes(unread_);
    if (carrier_.framing == Framing::outer) {
      const wire::OuterFrame frame = wire::read_outer_frame(rest, wire::kOuterBodyBytesMax);
      REQUIRE(frame.state != wire::OuterFrame::State::wrong_type);
      if (frame.state != wire::OuterFrame::State::whole) return;
      read_frame(frame.body, frame.type == wire::OuterType::deflated);
      unread_.erase(0, frame.bytes);
      continue;
    }
    if (rest.size() < 2) return;
    const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>(rest[i]); };
    const std::size_t digits = at(1) == 126 ? 2 : at(1) == 127 ? 8 : 0;
    if (rest.size() < 2 + digits) return;
    std::size_t length = digits == 0 ? at(1) : 0;
    for (std::size_t i = 0; i < digits; ++i) length = length << 8 | at(2 + i);
    if (rest.size() - 2 - digits < length) return;
    const std::size_t opcode = at(0) & 15;
    const Bytes payload = rest.subspan(2 + digits, length);
    if (opcode <= 2) {
      REQUIRE(opcode == (carrier_.codec == CodecKind::json ? 1u : 2u));
      read_frame(payload, (at(0) & 0x40) != 0);
    } else if (opcode == 8) {
      std::size_t code = 0;
      for (const std::byte one : payload) code = code << 8 | std::to_integer<std::size_t>(one);
      heard_.push_back("close " + std::to_string(code));
    } else {
      heard_.push_back((opcode == 9 ? "ping " : "pong ") + std::string(as_text(payload)));
    }
    unread_.erase(0, 2 + digits + length);
  }
}

inline void Peer::read_frame(Bytes payload, bool deflated) {
  if (deflated) {
    REQUIRE(inflate);
    if (payload.empty()) return heard_.emplace_back("deflate"), void();
    ++inflated;
    const std::string plain = inflate(payload);
    return read_frame(as_bytes(plain), false);
  }
  Codec& codec = carrier_.codec == CodecKind::json ? static_cast<Codec&>(tool_json())
                                                   : static_cast<Codec&>(tool_flatbuffers());
  Event event;
  REQUIRE(codec.decode(payload, event).status);
  if (event.type == EventType::answer && asked_.contains(event.id)) event.op = asked_[event.id];
  if (carrier_.codec == CodecKind::json) {
    heard_.emplace_back(as_text(payload));
    return;
  }
  std::string text(512 * 1024, '\0');
  text.resize(tool_json().encode(event, std::as_writable_bytes(std::span(text))));
  REQUIRE(!text.empty());
  heard_.push_back(std::move(text));
}

}  // namespace chatroom::test
