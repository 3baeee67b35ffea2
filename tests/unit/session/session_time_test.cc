// The server half of the session layer in time: rates, deadlines, heartbeat.
#include "unit/session/fixture.h"

#include "catch.hpp"

using namespace session_test;

TEST_CASE("commands over the rate are refused with the time to wait") {
  Fixture fixture(Framing::outer, true);
  const std::string command = outer("history 1");
  for (int i = 0; i < 40; ++i) REQUIRE(fixture.feed(command) == Seen{"command history 1"});
  Bytes rest = as_bytes(command);
  const Intake refused = fixture.sessions->next(fixture.session, rest, fixture.now);
  REQUIRE(describe(refused) == "refuse rate_limited 1");
  REQUIRE(refused.error.retry_after_ms == 50);  // 20 a second
  REQUIRE(refused.reply().type == EventType::answer);
  REQUIRE(refused.reply().error.retry_after_ms == 50);

  fixture.now = fixture.now + Duration::ms(49);
  REQUIRE(fixture.feed(command) == Seen{"refuse rate_limited 1"});
  fixture.now = fixture.now + Duration::ms(1);
  REQUIRE(fixture.feed(command) == Seen{"command history 1"});
  REQUIRE(fixture.feed(command) == Seen{"refuse rate_limited 1"});
  fixture.now = fixture.now + Duration::s(3'600);
  for (int i = 0; i < 40; ++i) REQUIRE(fixture.feed(command) == Seen{"command history 1"});
  REQUIRE(fixture.feed(command) == Seen{"refuse rate_limited 1"});
}

TEST_CASE("bad frames are counted like good ones") {
  Fixture fixture(Framing::outer, true);
  for (int i = 0; i < 40; ++i) fixture.feed(outer("publish! 1"));
  REQUIRE(fixture.feed(outer("publish! 1")) == Seen{"refuse rate_limited 1"});
}

TEST_CASE("joins have a rate of their own") {
  Fixture fixture(Framing::outer, true);
  for (int i = 0; i < 20; ++i) REQUIRE(fixture.feed(outer("join 1")) == Seen{"command join 1"});
  REQUIRE(fixture.feed(outer("join 1")) == Seen{"refuse rate_limited 1"});
  REQUIRE(fixture.feed(outer("leave 1")) == Seen{"command leave 1"});
  fixture.now = fixture.now + Duration::ms(200);  // 5 a second
  REQUIRE(fixture.feed(outer("join 1")) == Seen{"command join 1"});
}

TEST_CASE("the authentication deadline is absolute") {
  Fixture fixture;
  Sessions& sessions = *fixture.sessions;
  REQUIRE(sessions.next_deadline(fixture.session) == kStart + Duration::s(10));
  fixture.now = kStart + Duration::s(9);
  REQUIRE(fixture.feed(outer("ping 1")) == Seen{"command ping 1"});
  REQUIRE(sessions.on_deadline(fixture.session, fixture.now).type == Action::Type::none);
  REQUIRE(sessions.next_deadline(fixture.session) == kStart + Duration::s(10));
  const Action action = sessions.on_deadline(fixture.session, kStart + Duration::s(10));
  REQUIRE(action.type == Action::Type::close);
  REQUIRE(action.code == CloseCode::handshake_timeout);
  REQUIRE(sessions.next_deadline(fixture.session) == Instant::never());
  REQUIRE(sessions.on_deadline(fixture.session, Instant::never()).type == Action::Type::none);

  SECTION("and a transport's own upgrade counts into it") {
    REQUIRE(sessions.open(fixture.session, {.deadline = kStart + Duration::s(4)}, kStart));
    REQUIRE(sessions.next_deadline(fixture.session) == kStart + Duration::s(4));
  }
}

TEST_CASE("a silent WebSocket session is pinged, then closed") {
  Fixture fixture(Framing::websocket, true);
  Sessions& sessions = *fixture.sessions;
  const auto at = [](int seconds) { return kStart + Duration::s(seconds); };
  using Do = Action::Type;
  REQUIRE(sessions.next_deadline(fixture.session) == at(25));
  REQUIRE(sessions.on_deadline(fixture.session, at(24)).type == Do::none);
  REQUIRE(sessions.on_deadline(fixture.session, at(25)).type == Do::send_ping);
  SECTION("any byte starts anew") {
    fixture.now = at(26);
    REQUIRE(fixture.frame(FrameKind::pong, "") == "none");
    REQUIRE(sessions.next_deadline(fixture.session) == at(51));
    REQUIRE(sessions.on_deadline(fixture.session, at(50)).type == Do::none);
    REQUIRE(sessions.on_deadline(fixture.session, at(60)).type == Do::send_ping);
  }
  SECTION("nothing comes back") {
    REQUIRE(sessions.next_deadline(fixture.session) == at(50));
    REQUIRE(sessions.on_deadline(fixture.session, at(50)).type == Do::send_ping);
    REQUIRE(sessions.next_deadline(fixture.session) == at(60));
    const Action action = sessions.on_deadline(fixture.session, at(60));
    REQUIRE(action.type == Do::close);
    REQUIRE(action.code == CloseCode::no_pong);
  }
}

TEST_CASE("a silent outer-framed session gets no ping and is closed when dead") {
  Fixture fixture(Framing::outer, true);
  Sessions& sessions = *fixture.sessions;
  REQUIRE(sessions.next_deadline(fixture.session) == kStart + Duration::s(60));
  fixture.now = kStart + Duration::s(59);
  REQUIRE(fixture.feed(outer("ping 1").substr(0, 1)).empty());  // any byte is a beat
  REQUIRE(sessions.on_deadline(fixture.session, kStart + Duration::s(60)).type ==
          Action::Type::none);
  REQUIRE(sessions.next_deadline(fixture.session) == kStart + Duration::s(119));
  REQUIRE(sessions.on_deadline(fixture.session, kStart + Duration::s(119)).code ==
          CloseCode::no_pong);
  REQUIRE(sessions.input_bytes() == 0);  // the begun frame went with it
}

TEST_CASE("input only moves a session's deadline later") {
  std::mt19937 random{5};
  Fixture fixture(Framing::websocket, true);
  Sessions& sessions = *fixture.sessions;
  Instant armed = sessions.next_deadline(fixture.session);
  for (int i = 0; i < 20'000 && fixture.session.state == State::usable; ++i) {
    fixture.now = fixture.now + Duration::ms(random() % 9'000);
    while (armed <= fixture.now) {
      sessions.on_deadline(fixture.session, fixture.now);
      armed = sessions.next_deadline(fixture.session);
      if (armed > fixture.now) break;
    }
    if (random() % 4 == 0) fixture.frame(FrameKind::pong, "");
    REQUIRE(sessions.next_deadline(fixture.session) >= armed);
  }
}

TEST_CASE("a session is told what it may do") {
  Fixture fixture;
  const Event hello = fixture.sessions->hello();
  REQUIRE(hello.type == EventType::hello);
  REQUIRE(hello.version == 1);
  REQUIRE(hello.heartbeat_ms == 25'000);

  AuthTexts texts;
  const Event ok = fixture.sessions->auth_ok(fixture.session, 4, "alice", texts);
  REQUIRE(ok.id == 4);
  REQUIRE(ok.op == Op::auth);
  REQUIRE(ok.user == "alice");
  REQUIRE(ok.session.size() == 16);
  REQUIRE(ok.session.find_first_not_of("0123456789abcdef") == std::string_view::npos);
  REQUIRE(ok.resume.size() == 32);
  REQUIRE(ok.limits.frame_bytes == 65'536);
  REQUIRE(ok.limits.commands_per_s == 20);

  Session other;
  REQUIRE(fixture.sessions->open(other, {}, kStart));
  REQUIRE(other.id != fixture.session.id);
}
