// The server half of the session layer: bytes in any splitting, the rules of the protocol that need
// no room, limits of size.
#include "unit/session/fixture.h"

#include "catch.hpp"

using namespace session_test;

TEST_CASE("a stream gives the same commands wherever it is cut") {
  const std::string stream = outer("ping 1") + outer("auth 2 token") + outer("join! 3") +
                             outer("join 4") + outer("publish 5 " + std::string(3'000, 'm')) +
                             outer("leave 6") + outer("?");
  const Seen expected = {"command ping 1",          "command auth 2",    "refuse bad_request 3",
                         "command join 4",          "command publish 5", "command leave 6",
                         "close 4501 bad_request 0"};
  Fixture whole;
  REQUIRE(whole.feed(stream) == expected);

  SECTION("in two pieces, at each byte") {
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      Fixture fixture;
      Seen seen = fixture.feed(std::string_view(stream).substr(0, cut));
      const Seen more = fixture.feed(std::string_view(stream).substr(cut));
      seen.insert(seen.end(), more.begin(), more.end());
      if (seen != expected) FAIL("cut at " << cut);
      if (fixture.sessions->input_bytes() != 0) FAIL("kept input after a cut at " << cut);
    }
  }
  SECTION("byte by byte") {
    Fixture fixture;
    Seen seen;
    for (char byte : stream) {
      for (const std::string& one : fixture.feed({&byte, 1})) seen.push_back(one);
    }
    REQUIRE(seen == expected);
    REQUIRE(fixture.sessions->input_bytes() == 0);
  }
  SECTION("in random pieces") {
    std::mt19937 random{11};
    for (int run = 0; run < 200; ++run) {
      Fixture fixture;
      Seen seen;
      for (std::size_t at = 0; at < stream.size();) {
        const std::size_t count = 1 + random() % (run % 2 == 0 ? 7 : 2'000);
        for (const std::string& one : fixture.feed(std::string_view(stream).substr(at, count))) {
          seen.push_back(one);
        }
        at += count;
      }
      REQUIRE(seen == expected);
    }
  }
}

TEST_CASE("a frame that came whole is decoded where it lies") {
  Fixture fixture;
  const std::string stream = outer("ping 1");
  fixture.feed(stream);
  REQUIRE(fixture.flatbuffers.address == as_bytes(stream).data() + 4);
  REQUIRE(fixture.sessions->input_bytes() == 0);
}

TEST_CASE("a frame that came in pieces is decoded from an aligned place") {
  Fixture fixture;
  const std::string stream = outer("ping 1");
  fixture.feed(stream.substr(0, 5));
  REQUIRE(fixture.sessions->input_bytes() > 0);
  fixture.feed(stream.substr(5));
  REQUIRE(reinterpret_cast<std::uintptr_t>(fixture.flatbuffers.address) % 16 == 0);
}

TEST_CASE("before authentication nothing but auth and ping is served") {
  struct Row {
    std::string frame;
    Seen expected;
  };
  const Row rows[] = {
      {"ping 1", {"command ping 1"}},
      {"auth 1 token", {"command auth 1"}},
      {"join 1", {"refuse unauthorized 1"}},
      {"publish 1", {"refuse unauthorized 1"}},
      {"history 1", {"refuse unauthorized 1"}},
      {"mute 1", {"refuse unauthorized 1"}},
      {"nonsense 1", {"refuse unauthorized 1"}},
      {"join! 1", {"refuse unauthorized 1"}},
      {"join", {}},  // without an id there is no answer
      {"auth! 1", {"refuse bad_request 1"}},
      {"auth 1 resume", {"close 4500 unauthorized 1"}},
      {"auth x", {"refuse bad_request 0"}},
      {"auth 1 " + std::string(4'097, 't'), {"refuse bad_request 1"}},
      {"?", {"close 4501 bad_request 0"}},
      {"", {"close 4501 bad_request 0"}},
  };
  for (const Row& row : rows) {
    Fixture fixture;
    INFO(row.frame.substr(0, 40));
    REQUIRE(fixture.feed(outer(row.frame)) == row.expected);
  }
}

TEST_CASE("a usable session has its commands carried out or refused") {
  struct Row {
    std::string frame;
    Seen expected;
  };
  const Row rows[] = {
      {"join 9", {"command join 9"}},
      {"switch 9", {"command switch 9"}},
      {"publish", {"command publish 0"}},
      {"auth 9 token", {"refuse bad_request 9"}},
      {"mute 9", {"command mute 9"}},
      {"shield 9", {"command shield 9"}},
      {"set_receive 9", {"command set_receive 9"}},
      {"nonsense 9", {"refuse unsupported 9"}},
      {"publish! 9", {"refuse bad_request 9"}},
      {"publish!", {}},
      {"publish x", {"refuse bad_request 0"}},
      {"? 9", {"close 4501 bad_request 0"}},
  };
  for (const Row& row : rows) {
    Fixture fixture(Framing::outer, true);
    INFO(row.frame);
    REQUIRE(fixture.feed(outer(row.frame)) == row.expected);
  }
}

TEST_CASE("while the host decides who it is, a session stays unauthenticated") {
  Fixture fixture;
  REQUIRE(fixture.feed(outer("auth 1 later")) == Seen{"command auth 1"});
  REQUIRE(fixture.session.state == State::authenticating);
  REQUIRE(fixture.feed(outer("join 2")) == Seen{"refuse unauthorized 2"});
  REQUIRE(fixture.feed(outer("auth 3 other")) == Seen{"refuse bad_request 3"});
  SECTION("accepted") {
    REQUIRE(fixture.sessions->accept(fixture.session));
    REQUIRE_FALSE(fixture.sessions->accept(fixture.session));
    REQUIRE(fixture.feed(outer("join 4")) == Seen{"command join 4"});
  }
  SECTION("refused") {
    REQUIRE(fixture.sessions->refuse(fixture.session));
    REQUIRE_FALSE(fixture.sessions->accept(fixture.session));
    REQUIRE(fixture.feed(outer("join 4")).empty());
  }
  SECTION("not before the deadline") {
    fixture.now = kStart + Duration::s(10);
    const Action action = fixture.sessions->on_deadline(fixture.session, fixture.now);
    REQUIRE(action.type == Action::Type::close);
    REQUIRE(action.code == CloseCode::handshake_timeout);
    REQUIRE_FALSE(fixture.sessions->accept(fixture.session));
  }
}

TEST_CASE("any first byte but PLAIN's closes at once and without a word") {
  for (int type = 0; type < 256; ++type) {
    if (type == 0x30) continue;
    Fixture fixture;
    const char byte = static_cast<char>(type);
    REQUIRE(fixture.feed({&byte, 1}) == Seen{"close 4501"});
    REQUIRE(fixture.feed(outer("ping 1")).empty());
  }
  Fixture later(Framing::outer, true);
  REQUIRE(later.feed(outer("join 1") + "\x10") == Seen{"command join 1", "close 4501"});
}

TEST_CASE("a frame over its limit closes as soon as its length is known") {
  const auto header = [](std::size_t length) {
    return std::string{'\x30', static_cast<char>(length & 0xff),
                       static_cast<char>(length >> 8 & 0xff), static_cast<char>(length >> 16)};
  };
  SECTION("before authentication") {
    Fixture fixture;
    SECTION("one frame") { REQUIRE(fixture.feed(header(6'145)) == Seen{"close 1009"}); }
    SECTION("the largest frame") { REQUIRE(fixture.feed(header(6'144)).empty()); }
    SECTION("all together") {
      const std::string half = outer("ping 1 " + std::string(4'081, 'p'));  // 4,092 with its header
      REQUIRE(fixture.feed(half) == Seen{"command ping 1"});
      REQUIRE(fixture.feed(header(4'096)).empty());  // 4,100: 8,192
      fixture.reopen(Framing::outer, false);
      REQUIRE(fixture.feed(half) == Seen{"command ping 1"});
      REQUIRE(fixture.feed(header(4'097)) == Seen{"close 1009"});
    }
    SECTION("what follows the auth command counts as authenticated") {
      const std::string large = outer("publish 2 " + std::string(60'000, 'p'));
      REQUIRE(fixture.feed(outer("auth 1 t") + large) ==
              Seen{"command auth 1", "command publish 2"});
    }
  }
  SECTION("afterwards") {
    Fixture fixture(Framing::outer, true);
    SECTION("the largest frame") {
      const std::string largest = outer("join 1 " + std::string(65'529, 'j'));
      REQUIRE(fixture.feed(largest.substr(0, 40'000)).empty());
      REQUIRE(fixture.sessions->input_bytes() <= 41 * 1'024);
      REQUIRE(fixture.feed(largest.substr(40'000)) == Seen{"command join 1"});
    }
    SECTION("one byte more") {
      REQUIRE(fixture.feed(header(65'537).substr(0, 3)).empty());
      REQUIRE(fixture.feed(header(65'537).substr(3)) == Seen{"close 1009"});
      REQUIRE(fixture.sessions->input_bytes() == 0);
    }
  }
}

TEST_CASE("a dry input pool closes only who needs more of it") {
  Limits limits;
  limits.input_pool_bytes = 4 * 1'024;
  Fixture fixture(Framing::outer, true, limits);
  Session other;
  REQUIRE(fixture.sessions->open(other, {.known = true}, fixture.now));
  const std::string large = outer("join 1 " + std::string(10'000, 'j'));
  REQUIRE(fixture.feed(large.substr(0, 3'000)).empty());
  REQUIRE(fixture.feed(large.substr(3'000, 2'000)) == Seen{"close 4006"});
  REQUIRE(fixture.sessions->input_bytes() == 0);

  const std::string small = outer("ping 2");
  for (std::string_view piece :
       {std::string_view(small).substr(0, 3), std::string_view(small).substr(3)}) {
    Bytes rest = as_bytes(piece);
    const Intake intake = fixture.sessions->next(other, rest, fixture.now);
    REQUIRE(describe(intake) == (piece.size() == 3 ? "none" : "command ping 2"));
  }
  fixture.sessions->close(other);
}

TEST_CASE("a memory port that gives nothing ends in errors, not in harm") {
  const Limits limits;
  CountedMemory memory;
  WordCodec codec;
  SECTION("at create") {
    memory.allocations_left = 0;
    Sessions sessions(limits, memory);
    REQUIRE(sessions.create({.flatbuffers = &codec}).error().code == Errc::limit_reached);
  }
  SECTION("at the first partial frame") {
    memory.allocations_left = 1;
    Sessions sessions(limits, memory);
    REQUIRE(sessions.create({.flatbuffers = &codec}));
    Session session;
    REQUIRE(sessions.open(session, {}, kStart));
    const std::string stream = outer("ping 1");
    Bytes rest = as_bytes(stream).first(5);
    REQUIRE(describe(sessions.next(session, rest, kStart)) == "close 4006");
  }
  REQUIRE(memory.bytes == 0);
}

TEST_CASE("memory stays under the planned ceiling when everybody stalls in the middle of a frame") {
  Limits limits;
  limits.input_pool_bytes = 256 * 1'024;
  CountedMemory memory;
  WordCodec codec;
  Sessions sessions(limits, memory);
  REQUIRE(sessions.create({.flatbuffers = &codec}));
  std::vector<Session> crowd(400);
  const std::string half = outer("join 1 " + std::string(10'000, 'j')).substr(0, 1'500);
  int closed = 0;
  for (Session& session : crowd) {
    REQUIRE(sessions.open(session, {.known = true}, kStart));
    Bytes rest = as_bytes(half);
    if (sessions.next(session, rest, kStart).type == Type::close) ++closed;
    REQUIRE(memory.bytes <= Sessions::ceiling_bytes(limits));
  }
  REQUIRE(closed == 400 - 128);  // two blocks each
  for (Session& session : crowd) sessions.close(session);
  REQUIRE(sessions.input_bytes() == 0);
}

TEST_CASE("sessions of a codec that is not there are refused") {
  const Limits limits;
  Sessions sessions(limits, *global_heap());
  WordCodec codec;
  REQUIRE(sessions.create({.flatbuffers = &codec}));
  Session session;
  REQUIRE(sessions.open(session, {.codec = CodecKind::json}, kStart).error().code ==
          Errc::unsupported);
}

TEST_CASE("WebSocket frames of the wrong kind end the session") {
  Fixture json(Framing::websocket);
  REQUIRE(json.frame(FrameKind::binary, "ping 1") == "close 4501 bad_request 0");
  REQUIRE(json.text("ping 1") == "none");

  Fixture binary;
  REQUIRE(binary.sessions->open(
      binary.session, {.codec = CodecKind::flatbuffers, .framing = Framing::websocket}, kStart));
  REQUIRE(binary.frame(FrameKind::binary, "ping 1") == "command ping 1");
  REQUIRE(binary.text("ping 1") == "close 4501 bad_request 0");
}

TEST_CASE("WebSocket frames are limited like outer frames") {
  Fixture fixture(Framing::websocket);
  SECTION("before authentication") {
    REQUIRE(fixture.text("auth 1 " + std::string(6'138, 't')) == "close 1009");
  }
  SECTION("all together before authentication") {
    REQUIRE(fixture.text("ping 1 " + std::string(4'500, 't')) == "command ping 1");
    REQUIRE(fixture.text("ping 1 " + std::string(4'500, 't')) == "close 1009");
  }
  SECTION("afterwards") {
    REQUIRE(fixture.text("auth 1 t") == "command auth 1");
    REQUIRE(fixture.text("join 1 " + std::string(65'529, 't')) == "command join 1");
    REQUIRE(fixture.text("join 1 " + std::string(65'530, 't')) == "close 1009");
  }
}

TEST_CASE("pings are answered, pongs are heard, a close is echoed") {
  Fixture fixture(Framing::websocket, true);
  REQUIRE(fixture.frame(FrameKind::ping, "abc") == "pong abc");
  REQUIRE(fixture.frame(FrameKind::pong, "abc") == "none");
  SECTION("pings past the command rate get no pong") {
    for (int i = 0; i < 39; ++i) REQUIRE(fixture.frame(FrameKind::ping, "") == "pong ");
    REQUIRE(fixture.frame(FrameKind::ping, "") == "none");
  }
  SECTION("with a code") {
    const Intake intake = fixture.sessions->frame(fixture.session, FrameKind::close,
                                                  as_bytes("\x03\xe9gone"), kStart);
    REQUIRE(describe(intake) == "close 1001 echo");
    REQUIRE(as_text(intake.payload) == "\x03\xe9");
  }
  SECTION("without one") { REQUIRE(fixture.frame(FrameKind::close, "") == "close 1000 echo"); }
  SECTION("half a code") { REQUIRE(fixture.frame(FrameKind::close, "x") == "close 1002"); }
}

TEST_CASE("random bytes end a session or are refused, and never more") {
  std::mt19937 random{17};
  const std::string good = outer("ping 1") + outer("auth 2 t") + outer("join 3");
  for (int run = 0; run < 20'000; ++run) {
    Fixture fixture(run % 2 == 0 ? Framing::outer : Framing::websocket, run % 3 == 0);
    std::string bytes = good;
    if (run % 4 < 2) {
      bytes.resize(random() % 300);
      for (char& byte : bytes) byte = static_cast<char>(random());
      if (run % 8 == 0 && !bytes.empty()) bytes[0] = '\x30';
    } else {
      for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    for (std::size_t at = 0; at < bytes.size();) {
      const std::string_view piece = std::string_view(bytes).substr(at, 1 + random() % 64);
      if (fixture.session.framing == Framing::outer) {
        fixture.feed(piece);
      } else {
        fixture.frame(static_cast<FrameKind>(random() % 5), piece);
      }
      at += piece.size();
    }
    fixture.sessions->close(fixture.session);
    REQUIRE(fixture.sessions->input_bytes() == 0);
  }
}

TEST_CASE("deflated frames are read like plain ones wherever they are cut") {
  const std::string stream = outer("auth 2 token") + deflated("") + deflated("xjoin 4") +
                             outer("ping 5") + deflated("xpublish 6 " + std::string(3'000, 'm'));
  const Seen expected = {"command auth 2", "deflate", "command join 4", "command ping 5",
                         "command publish 6"};
  Fixture whole;
  REQUIRE(whole.feed(stream) == expected);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Fixture fixture;
    Seen seen = fixture.feed(std::string_view(stream).substr(0, cut));
    const Seen more = fixture.feed(std::string_view(stream).substr(cut));
    seen.insert(seen.end(), more.begin(), more.end());
    if (seen != expected) FAIL("cut at " << cut);
    if (fixture.sessions->input_bytes() != 0) FAIL("kept input after a cut at " << cut);
  }
  Fixture fixture;
  Seen seen;
  for (char byte : stream) {
    for (const std::string& one : fixture.feed({&byte, 1})) seen.push_back(one);
  }
  REQUIRE(seen == expected);
}

TEST_CASE("a deflated frame before authentication closes with its first byte") {
  for (const char* first : {"", "ping 1", "auth 1 later"}) {
    Fixture fixture;
    if (*first != 0) fixture.feed(outer(first));
    CHECK(fixture.feed(deflated("xjoin 4").substr(0, 1)) == Seen{"close 4501"});
  }
  Fixture without(Framing::outer, true, {}, false);
  CHECK(without.feed(deflated("")) == Seen{"close 4501"});
}

TEST_CASE("a deflated frame may not grow past its limits, and must be deflate") {
  const auto seen = [](const std::string& body) {
    Fixture fixture(Framing::outer, true);
    const Seen all = fixture.feed(deflated(body));
    return all.empty() ? std::string("none") : all.back();
  };
  CHECK(seen("?not") == "close 1007");
  CHECK(seen("m") == "close 4006");
  CHECK(seen("07000") == "close 1009");  // five bytes, and more than a stranger may send
  CHECK(seen("0" + std::string(400, '0') + "7000") == "none");
  CHECK(seen("0" + std::string(4'000, '0') + "65536") == "none");
  CHECK(seen("0" + std::string(4'000, '0') + "65537") == "close 1009");
  CHECK(seen("0" + std::string(60'000, '0') + "1073741824") == "close 1009");
}

TEST_CASE("what a deflated frame becomes counts against the rate of bytes") {
  Fixture fixture(Framing::outer, true);
  const Instant before = fixture.sessions->readable_at(fixture.session);
  fixture.feed(deflated("xping " + std::string(2'000, ' ') + "1"));
  CHECK(before <= fixture.now);
  CHECK(fixture.session.owed >= 2'000);
}
