// Limits: each holds on every carrier alike, and past it the stated thing happens, nothing else.
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

std::string refused(std::string_view id, std::string_view code) {
  return R"({"id":)" + std::string(id) + R"(,"error":{"code":")" + std::string(code) + R"(",*)";
}

// A link that takes everything and keeps nothing, for many of them.
class NullLink final : public Connection {
 public:
  std::size_t write(std::span<const Bytes> pieces) noexcept override {
    std::size_t size = 0;
    for (const Bytes piece : pieces) size += piece.size();
    return size;
  }
  void pause(bool) noexcept override {}
  void close(CloseCode close_code) noexcept override { code = static_cast<int>(close_code); }
  int code = 0;
};

std::size_t count(const std::vector<std::string>& lines, std::string_view pattern) {
  std::size_t found = 0;
  for (const std::string& line : lines) found += matches(line, pattern);
  return found;
}

}  // namespace

TEST_CASE("a frame at its limit is read, one byte more closes with 1009", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    for (const bool known : {false, true}) {
      Stage stage;
      const std::size_t limit = known ? 64 * 1024 : 6 * 1024;
      for (const std::size_t size : {limit, limit + 1, 2 * limit}) {
        INFO(carrier.name << (known ? " known " : " stranger ") << size);
        Peer& peer = known ? stage.user(carrier, "mallory") : stage.connect(carrier);
        peer.forget();
        // Not a frame of any codec: read to its end, then 4501; too long, it is not read.
        peer.frame(std::string(size, 'x'));
        CHECK(peer.closed() == (size <= limit ? 4501 : 1009));
        CHECK(count(peer.all(), R"({"event":"error",*)") == (size <= limit ? 1u : 0u));
        stage.run();
      }
    }
  }
}

TEST_CASE("on a stream the length alone decides", "[scenario][limits]") {
  for (const Carrier& carrier : {kTcp, kLink}) {
    for (const std::uint32_t length :
         {6u * 1024 + 1, 64u * 1024 + 1, 0x7fffffu, 0x800000u, 0xffffffu}) {
      INFO(carrier.name << " " << length);
      Stage stage;
      const std::byte begun[] = {std::byte{0x30}, std::byte{9}, std::byte{0}, std::byte{0},
                                 std::byte{1}};
      stage.connect(carrier).bytes(begun);  // the first slabs are taken
      Peer& peer = stage.connect(carrier);
      const std::size_t before = stage.memory.bytes;
      const std::byte header[] = {std::byte{0x30}, static_cast<std::byte>(length & 0xff),
                                  static_cast<std::byte>(length >> 8 & 0xff),
                                  static_cast<std::byte>(length >> 16)};
      peer.bytes(Bytes(header).first(3));
      CHECK(peer.closed() == 0);
      peer.bytes(Bytes(header).subspan(3));
      CHECK(peer.closed() == 1009);
      CHECK(stage.memory.bytes <= before + 64 * 1024);  // a slab at most
    }
  }
}

TEST_CASE("a stranger may send 8 KiB in all", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& peer = stage.connect(carrier);
    std::size_t sent = 0;
    int answered = 0;
    // Pings of about 1,000 bytes in JSON, as short as they are in FlatBuffers.
    std::string ping = R"({"id":1,"op":"ping"})";
    if (carrier.codec == CodecKind::json) ping.insert(1, std::string(980, ' '));
    Command command{.op = Op::ping, .id = 1};
    std::string out(4'096, '\0');
    out.resize(tool_flatbuffers().encode(command, std::as_writable_bytes(std::span(out))));
    const std::string& frame = carrier.codec == CodecKind::json ? ping : out;
    while (peer.closed() == 0 && sent < 20'000) {
      peer.frame(frame);
      sent += frame.size() + 4;
      answered += static_cast<int>(count(peer.all(), R"({"id":1,"ok":{}})"));
    }
    CHECK(peer.closed() == 1009);
    CHECK(sent > 8 * 1024);
    CHECK(sent <= 8 * 1024 + frame.size() + 4);
    CHECK(answered == static_cast<int>(8 * 1024 / (frame.size() + 4)));
  }
}

TEST_CASE("the deadline of authentication is absolute, whatever trickles in",
          "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    for (const std::int64_t earlier_ms : {0, 3'000}) {
      INFO(carrier.name << " " << earlier_ms);
      Stage stage;
      SessionOptions session;
      if (earlier_ms != 0) session.deadline = stage.loop.now() + Duration::ms(earlier_ms);
      Peer& peer = stage.connect(carrier, session);
      const std::int64_t end_ms = earlier_ms == 0 ? 10'000 : earlier_ms;
      std::int64_t now_ms = 0;
      const std::byte header[] = {std::byte{0x30}, std::byte{200}, std::byte{0}, std::byte{0}};
      for (std::size_t i = 0; peer.closed() == 0 && now_ms < 20'000; ++i) {
        if (carrier.framing == Framing::websocket) {
          peer.say(R"({"op":"ping"})");
          peer.frame(FrameKind::ping, {});
        } else {
          const std::byte one = i < 4 ? header[i] : std::byte{0};
          peer.bytes({&one, 1});
        }
        stage.pass(Duration::ms(500));
        now_ms += 500;
      }
      CHECK(peer.closed() == 4505);
      CHECK(now_ms == end_ms);
    }
  }
}

TEST_CASE("a late answer of the host does not stretch the deadline", "[scenario][limits]") {
  testing::FakeAuth auth;
  auth.later = true;
  StageOptions options;
  options.ports.auth = &auth;
  options.engine.limits.question_deadline = Duration::s(60);
  Stage stage(options);
  Peer& peer = stage.connect(kTcp);
  peer.say(R"({"id":1,"op":"auth","token":"t"})");
  stage.pass(Duration::s(10));
  CHECK(peer.closed() == 4505);
  REQUIRE(auth.asked.size() == 1);
  CHECK(stage.engine().answer(auth.asked[0].question, Answer::as({.user = "a"})).error().code ==
        Errc::not_found);
}

TEST_CASE("1,024 strangers that announce their longest frame hold little", "[scenario][limits]") {
  StageOptions options;
  options.record = false;
  options.engine.limits.sessions = 4'096;
  Stage stage(options);
  const std::size_t before = stage.memory.bytes;
  std::vector<NullLink> links(1'024);
  std::vector<SessionId> ids;
  for (NullLink& link : links) {
    const Result<SessionId> id = stage.engine().open(link, {});
    REQUIRE(id);
    ids.push_back(*id);
  }
  stage.run();
  const std::size_t opened = stage.memory.bytes;
  // 6 KiB announced, 100 bytes of it sent.
  std::string bytes(104, 'x');
  bytes[0] = 0x30, bytes[1] = 0, bytes[2] = 0x18, bytes[3] = 0;
  for (const SessionId id : ids) Engine::Turn(stage.engine()).on_bytes(id, as_bytes(bytes));
  CHECK(stage.memory.bytes - before <= 1'024 * 2'048);
  CHECK(stage.memory.bytes - opened <= 1'024 * 1'024 + 128 * 1024);  // a block each
  CHECK(stage.engine().metrics().sessions_half_open == 1'024);
  for (const NullLink& link : links) CHECK(link.code == 0);
  // All of them are cut at ten seconds.
  stage.pass(Duration::s(10));
  for (const NullLink& link : links) CHECK(link.code == 4505);
  for (const SessionId id : ids) Engine::Turn(stage.engine()).on_closed(id);
  CHECK(stage.engine().metrics().sessions == 0);
}

TEST_CASE("one stranger too many ends the oldest, members stay", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.limits.half_open = 3;
    Stage stage(options);
    Peer& bob = stage.user(kTcp, "bob");
    Peer& first = stage.connect(carrier);
    Peer& second = stage.connect(carrier);
    Peer& third = stage.connect(carrier);
    CHECK(first.closed() == 0);
    Peer& fourth = stage.connect(carrier);
    CHECK(first.closed() == 4004);
    CHECK(stage.engine().metrics().sessions_half_open == 3);
    // Who signed in makes place.
    CHECK_LIKE(second.ask(R"({"id":1,"op":"auth","user":"carol"})"), R"({"id":1,"ok":*)");
    stage.connect(carrier);
    CHECK(third.closed() == 0);
    stage.connect(carrier);
    CHECK(third.closed() == 4004);
    CHECK(fourth.closed() == 0);
    CHECK(bob.closed() == 0);
    CHECK(second.closed() == 0);
  }
}

TEST_CASE("where no stranger may be, only known ones come in", "[scenario][limits]") {
  StageOptions options;
  options.engine.limits.half_open = 0;
  Stage stage(options);
  testing::FakeConnection link;
  const Result<SessionId> refused_one = stage.engine().open(link, {});
  CHECK(refused_one.error().code == Errc::limit_reached);
  const Identity alice{.user = "alice"};
  Peer& peer = stage.connect(kTcp, {.identity = &alice});
  CHECK(peer.ask(R"({"id":1,"op":"ping"})") == R"({"id":1,"ok":{}})");
}

TEST_CASE("commands over the rate are refused until it has passed", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.limits.commands = {20, 40};
    Stage stage(options);
    Peer& peer = stage.connect(carrier);
    peer.ask(R"({"id":1,"op":"auth","user":"a"})");
    std::size_t good = 0;
    for (int i = 0; i < 100; ++i) peer.say(R"({"id":2,"op":"ping"})");
    std::vector<std::string> heard = peer.all();
    good = count(heard, R"({"id":2,"ok":{}})");
    CHECK(good == 39);  // auth took one
    CHECK(count(heard, R"({"id":2,"error":{"code":"rate_limited",*"retry_after_ms":50,*)") == 61);
    stage.pass(Duration::s(1));
    for (int i = 0; i < 100; ++i) peer.say(R"({"id":2,"op":"ping"})");
    CHECK(count(peer.all(), R"({"id":2,"ok":{}})") == 20);
    CHECK(peer.closed() == 0);
  }
}

TEST_CASE("a flood for a minute gets its rate, within one in a hundred", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.record = false;
    options.engine.limits.commands = Rate::unlimited();
    options.engine.limits.publishes = {5, 10};
    Stage stage(options);
    Peer& bob = stage.member(kWsJson, "bob", "elsewhere");
    Peer& flood = stage.member(carrier, "flood", "r");
    bob.forget();
    std::size_t good = 0;
    for (int i = 0; i < 60 * 20; ++i) {
      for (int j = 0; j < 3; ++j) {
        flood.say(R"({"id":2,"op":"publish","room":"r","text":"x"})");
      }
      stage.pass(Duration::ms(50));
      if (i % 400 == 399) bob.ask(R"({"id":1,"op":"ping"})");
      good += count(flood.all(), R"({"id":2,"ok":*)");
    }
    CHECK(good >= 300 * 99 / 100);
    CHECK(good <= (300 + 10) * 101 / 100);
    CHECK(stage.room("r").position().offset == good);
  }
}

TEST_CASE("joins over the rate are refused", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.limits.joins = {5, 20};
    Stage stage(options);
    Peer& peer = stage.user(carrier, "a");
    std::size_t good = 0;
    for (int i = 0; i < 30; ++i) {
      good += matches(peer.ask(R"({"id":2,"op":"join","room":"r"})"), R"({"id":2,"ok":*)");
      peer.ask(R"({"id":3,"op":"leave","room":"r"})");
    }
    CHECK(good == 20);
  }
}

TEST_CASE("a ninth session of a user ends the first", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    std::vector<Peer*> sessions;
    for (int i = 0; i < 9; ++i) sessions.push_back(&stage.user(carrier, "alice"));
    CHECK(sessions[0]->closed() == 4503);
    for (std::size_t i = 1; i < 9; ++i) CHECK(sessions[i]->closed() == 0);
    CHECK(stage.observer.events.size() > 0);
    CHECK(stage.engine().metrics().sessions == 8);
  }
}

TEST_CASE("sessions, rooms, channels and memberships end where they are said to",
          "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.engine.limits.sessions = 3;
    options.engine.limits.rooms = 2;
    options.engine.limits.memberships = 3;
    options.engine.limits.channels_per_room = 4;
    Stage stage(options);
    Peer& a = stage.user(carrier, "a");
    Peer& b = stage.user(carrier, "b");
    stage.user(carrier, "c");
    testing::FakeConnection fourth;
    const SessionOptions how{.codec = carrier.codec, .framing = carrier.framing};
    CHECK(stage.engine().open(fourth, how).error().code == Errc::limit_reached);
    CHECK(fourth.writes == 0);
    CHECK_LIKE(a.ask(R"({"id":2,"op":"join","room":"1"})"), R"({"id":2,"ok":*)");
    CHECK_LIKE(a.ask(R"({"id":2,"op":"join","room":"2"})"), R"({"id":2,"ok":*)");
    CHECK_LIKE(a.ask(R"({"id":2,"op":"join","room":"3"})"), refused("2", "limit_reached"));
    for (const char* name : {"b", "c", "d"}) {
      CHECK_LIKE(
          a.ask(R"({"id":2,"op":"subscribe","room":"1","channel":")" + std::string(name) + R"("})"),
          R"({"id":2,"ok":*)");
    }
    CHECK_LIKE(a.ask(R"({"id":2,"op":"subscribe","room":"1","channel":"e"})"),
               refused("2", "limit_reached"));
    CHECK_LIKE(b.ask(R"({"id":2,"op":"join","room":"1"})"), R"({"id":2,"ok":*)");
    CHECK_LIKE(b.ask(R"({"id":2,"op":"join","room":"2"})"), refused("2", "limit_reached"));
    // What is given back can be had again.
    a.ask(R"({"id":2,"op":"leave","room":"2"})");
    CHECK_LIKE(b.ask(R"({"id":2,"op":"join","room":"2"})"), R"({"id":2,"ok":*)");
    a.drop();
    CHECK(stage.engine().open(fourth, how));
  }
}

TEST_CASE("thirty-two channels are a room's most, in one command too", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& a = stage.user(carrier, "a");
    std::string join = R"({"id":2,"op":"join","room":"r","channels":["main")";
    for (int i = 1; i < 32; ++i) join += ",\"c" + std::to_string(i) + '"';
    CHECK_LIKE(a.ask(join + "]}"), R"({"id":2,"ok":*"name":"c31"*)");
    CHECK_LIKE(a.ask(R"({"id":2,"op":"subscribe","room":"r","channel":"c32"})"),
               refused("2", "limit_reached"));
  }
}

TEST_CASE("questions that wait have a bound", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    testing::FakeRules rules;
    rules.call = [](Question, const CallRequest&) { return Answer::later(); };
    StageOptions options;
    rules.join = [](Question, const JoinRequest&) { return Answer::later(); };
    options.engine.limits.questions = 8;
    options.ports.rules = &rules;
    Stage stage(options);
    Peer& a = stage.user(carrier, "a");
    for (int i = 0; i < 4; ++i) CHECK(a.ask(R"({"id":2,"op":"call","name":"x"})") == "");
    CHECK_LIKE(a.ask(R"({"id":3,"op":"call","name":"x"})"),
               R"({"id":3,"error":{"code":"queue_full",*"temporary":true,*)");
    const std::string join = R"({"id":3,"op":"join","room":"r"})";
    for (int i = 0; i < 4; ++i) {
      CHECK(stage.user(carrier, "b" + std::to_string(i)).ask(join) == "");
    }
    CHECK_LIKE(stage.user(carrier, "c").ask(join),
               R"({"id":3,"error":{"code":"internal",*"temporary":true*)");
    CHECK(stage.engine().metrics().questions_waiting == 8);
    stage.pass(Duration::s(10));
    CHECK(stage.engine().metrics().questions_waiting == 0);
    CHECK(a.ask(R"({"id":4,"op":"call","name":"x"})") == "");
  }
}

TEST_CASE("input behind a question is bounded", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    testing::FakeAuth auth;
    auth.later = true;
    StageOptions options;
    options.ports.auth = &auth;
    Stage stage(options);
    Peer& peer = stage.connect(carrier);
    peer.say(R"({"id":1,"op":"auth","token":"t"})");
    std::size_t sent = 0;
    for (; sent < 1'000'000 && peer.closed() == 0; sent += 1'000) {
      peer.frame(std::string(1'000, 'x'));
    }
    CHECK(peer.link.paused);
    CHECK(peer.closed() == 4006);
    CHECK(sent <= 2 * 64 * 1024 + 2'000);
    CHECK(stage.engine().metrics().sessions_half_open == 0);
  }
}

TEST_CASE("a session that hears nothing is pinged, and dead after a minute", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    Stage stage;
    Peer& peer = stage.user(carrier, "a");
    stage.pass(Duration::ms(24'999));
    CHECK(peer.next() == "");
    stage.pass(Duration::ms(1));
    CHECK(peer.next() == (carrier.framing == Framing::websocket ? "ping " : ""));
    stage.pass(Duration::s(34));
    CHECK(peer.closed() == 0);
    peer.say(R"({"op":"ping"})");
    stage.pass(Duration::ms(59'999));
    CHECK(peer.closed() == 0);
    stage.pass(Duration::ms(1));
    CHECK(peer.closed() == 4002);
  }
}

TEST_CASE("presence is exact up to its limit and counts above", "[scenario][limits]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    StageOptions options;
    options.record = false;
    options.engine.limits.sessions = 1'000;
    Stage stage(options);
    Peer& watcher = stage.member(carrier, "watcher", "r");
    std::vector<NullLink> links(600);
    std::vector<SessionId> ids;
    // All in one turn: the change is told in parts that fit a frame.
    const auto come = [&](std::size_t to) {
      stage.in_one_turn([&] {
        while (ids.size() < to) {
          const std::string name = "user" + std::to_string(ids.size());
          const Identity who{.user = name};
          const Result<SessionId> id = stage.engine().open(links[ids.size()], {.identity = &who});
          REQUIRE(id);
          ids.push_back(*id);
          REQUIRE(stage.engine().join(*id, {.room = "r"}));
        }
      });
    };
    // How many names of that list were told, and in how many events.
    const auto told = [&](std::string_view list, std::string_view name, std::size_t events) {
      const std::vector<std::string> heard = watcher.events("presence");
      CHECK(heard.size() == events);
      std::size_t found = 0;
      for (const std::string& event : heard) {
        const std::size_t begin = event.find(list);
        if (begin == std::string::npos) continue;
        const std::size_t end = event.find(']', begin);
        for (std::size_t at = event.find(name, begin); at < end; at = event.find(name, at + 1)) {
          ++found;
        }
      }
      return found;
    };
    come(499);
    CHECK(told("joins", R"("user":"user)", 3) == 499);
    CHECK(stage.room("r").online() == 500);
    stage.in_one_turn([&] {
      for (std::size_t i = 0; i < 450; ++i) REQUIRE(stage.engine().leave(ids[i], "r"));
    });
    CHECK(told("leaves", "\"user", 3) == 450);
    stage.in_one_turn([&] {
      for (std::size_t i = 0; i < 450; ++i) REQUIRE(stage.engine().join(ids[i], {.room = "r"}));
    });
    CHECK(told("joins", R"("user":"user)", 3) == 450);
    // One more, and only counts are told, at most once a second.
    come(600);
    CHECK_LIKE(watcher.next(), R"({"event":"presence","room":"r","online":601,"version":*})");
    for (std::size_t i = 0; i < 50; ++i) REQUIRE(stage.engine().leave(ids[i], "r"));
    CHECK(watcher.next() == "");
    stage.pass(Duration::s(1));
    const std::string counts = watcher.next();
    CHECK_LIKE(counts, R"({"event":"presence","room":"r","online":551,"version":*})");
    CHECK(counts.find("leaves") == std::string::npos);
    CHECK(watcher.next() == "");
    // Few enough again: names are told again.
    for (std::size_t i = 50; i < 120; ++i) REQUIRE(stage.engine().leave(ids[i], "r"));
    stage.pass(Duration::s(1));
    watcher.forget();
    REQUIRE(stage.engine().leave(ids[200], "r"));
    stage.pass(Duration::s(1));
    CHECK(told("leaves", "\"user", 1) == 1);
  }
}
