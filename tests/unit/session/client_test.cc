// The client role against the server half of the session layer: commands, answers, pressure.
#include "unit/session/pair.h"

#include "catch.hpp"

using namespace client_test;

TEST_CASE("every operation of a client is the command that the server half understands") {
  for (const Carrier carrier : kCarriers) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
      Pair pair(carrier);
      Client& client = *pair.client;
      const std::string_view channels[] = {"main", "gifts"};
      REQUIRE(*client.auth({.user = "alice", .nick = "A"}) == 1);
      REQUIRE(pair.to_server(piece) == Seen{"auth 1 "});
      REQUIRE(*client.join({.room = "r", .channels = channels, .recent = 5}) == 2);
      REQUIRE(*client.publish({.room = "r", .text = "hi"}) == 3);
      REQUIRE(*client.leave("r") == 4);
      REQUIRE(*client.subscribe("r", "gifts") == 5);
      REQUIRE(*client.unsubscribe("r", "gifts") == 6);
      REQUIRE(*client.switch_channel("r", "a", "b") == 7);
      REQUIRE(*client.history({.room = "r", .before = 9, .limit = 3}) == 8);
      REQUIRE(*client.send_to("bob", {.text = "psst"}) == 9);
      REQUIRE(*client.presence({.room = "r", .limit = 10}) == 10);
      REQUIRE(*client.call("r", "dice", {Data::Form::json, as_bytes("{\"sides\":6}")}) == 11);
      REQUIRE(*client.ping() == 12);
      REQUIRE(*client.profile("bob") == 13);
      REQUIRE(pair.to_server(piece) == Seen{"join 2 r", "publish 3 r", "leave 4 r", "subscribe 5 r",
                                            "unsubscribe 6 r", "switch 7 r", "history 8 r",
                                            "send_to 9 ", "presence 10 r", "call 11 r", "ping 12 ",
                                            "profile 13 "});
      REQUIRE(client.awaiting() == 13);
    }
  }
}

TEST_CASE("what a server says reaches the handler, in any pieces") {
  for (const Carrier carrier : kCarriers) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, SIZE_MAX}) {
      Pair pair(carrier);
      REQUIRE(pair.from_server(pair.sessions.hello(), piece));
      const std::uint32_t id = *pair.client->auth({.user = "alice"});
      session::AuthTexts texts;
      REQUIRE(pair.from_server(pair.sessions.auth_ok(pair.session, id, "alice", texts), piece));
      REQUIRE(pair.client->authenticated());
      REQUIRE(pair.client->user() == "alice");
      REQUIRE(pair.from_server(message("r", 1), piece));
      REQUIRE(pair.from_server(session::refusal(0, Op::none, {Errc::bad_request, 0, 0}), piece));
      REQUIRE(pair.heard.lines == Seen{"hello", "answer auth 1", "message hello", "error"});
    }
  }
}

TEST_CASE("answers may overtake each other and know what they answer") {
  Pair pair;
  static_cast<void>(pair.client->join({.room = "r"}));
  static_cast<void>(pair.client->ping());
  static_cast<void>(pair.client->leave("r"));
  REQUIRE(pair.answer(2));
  REQUIRE(pair.answer(3));
  REQUIRE(pair.from_server(session::refusal(1, Op::join, {Errc::room_full, 0, 0})));
  REQUIRE(pair.answer(99));  // nobody asked
  REQUIRE(pair.heard.lines ==
          Seen{"answer ping 2", "answer leave 3 r", "answer join 1 room_full r", "answer none 99"});
  REQUIRE(pair.client->awaiting() == 0);
}

TEST_CASE("a client that awaits too many answers is told so") {
  Pair pair({}, {.pending_max = 3});
  for (int i = 0; i < 3; ++i) REQUIRE(pair.client->ping());
  REQUIRE(pair.client->ping().error().code == Errc::queue_full);
  REQUIRE(pair.to_server() == Seen{"ping 1 ", "ping 2 ", "ping 3 "});
  REQUIRE(pair.answer(2));
  REQUIRE(*pair.client->ping() == 4);
}

TEST_CASE("a client whose transport takes nothing is told so, and loses nothing") {
  for (const Carrier carrier : kCarriers) {
    Pair pair(carrier, {.pending_max = 1'000, .out_bytes_max = 4'096});
    std::uint32_t asked = 0;
    for (;;) {
      const Client::Asked id = pair.client->publish({.room = "r", .text = "0123456789abcdef"});
      if (!id) {
        REQUIRE(id.error().code == Errc::queue_full);
        break;
      }
      ++asked;
    }
    REQUIRE(asked > 10);
    REQUIRE(pair.client->awaiting() == asked);
    REQUIRE(pair.to_server(100).size() == asked);  // refused each: not authenticated
    REQUIRE(pair.client->publish({.room = "r", .text = "again"}));
  }
}

TEST_CASE("a command that fits no frame is too large, and the next one goes") {
  Pair pair({}, {.frame_bytes_max = 1'024});
  const std::string text(2'000, 't');
  REQUIRE(pair.client->publish({.room = "r", .text = text}).error().code == Errc::too_large);
  REQUIRE(pair.client->awaiting() == 0);
  REQUIRE(pair.client->ping());
  REQUIRE(pair.to_server() == Seen{"ping 2 "});
}

TEST_CASE("a command without an id is not waited for") {
  Pair pair;
  Command command;
  command.op = Op::ping;
  command.id = 7;
  REQUIRE(pair.client->tell(command));
  REQUIRE(pair.client->awaiting() == 0);
  REQUIRE(pair.to_server() == Seen{"ping 0 "});
}

TEST_CASE("a handler may ask from inside its callback") {
  Pair pair;
  pair.heard.again = pair.client.get();
  REQUIRE(pair.from_server(pair.sessions.hello()));
  REQUIRE(pair.from_server(pair.sessions.hello()));
  REQUIRE(pair.to_server() == Seen{"ping 1 ", "ping 2 "});
}
