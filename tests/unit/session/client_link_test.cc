// What the client role keeps through a bad link: positions, gaps, heartbeat, and hostile bytes.
#include "unit/session/pair.h"

#include "catch.hpp"

using namespace client_test;

TEST_CASE("a client that comes back asks for what it missed") {
  for (const Carrier carrier : kCarriers) {
    Pair pair(carrier);
    Client& client = *pair.client;
    REQUIRE(client.auth({.user = "a"}));
    static_cast<void>(pair.to_server());
    const std::uint32_t id = *client.join({.room = "r", .recover = true, .recent = 9});
    static_cast<void>(pair.to_server());
    REQUIRE_FALSE(pair.last.has_since);
    REQUIRE(pair.last.recent == 9);
    REQUIRE(pair.answer(id, join_ok("r", "e1", 10)));
    REQUIRE(pair.from_server(message("r", 11)));
    REQUIRE(pair.from_server(message("r", 14)));
    REQUIRE(pair.from_server(message("r", 0)));  // volatile
    REQUIRE(client.room("r")->offset == 14);
    REQUIRE(client.room("r")->messages == 3);
    REQUIRE(client.room("r")->duplicated == 0);
    REQUIRE(client.room("r")->joined);

    client.restart();
    REQUIRE_FALSE(client.room("r")->joined);
    REQUIRE(client.join({.room = "r", .recover = true, .recent = 9}));
    static_cast<void>(pair.to_server());
    REQUIRE(pair.last.has_since);
    REQUIRE(pair.last.since_epoch == "e1");
    REQUIRE(pair.last.since_offset == 14);
    REQUIRE(pair.last.recent == 0);
  }
}

TEST_CASE("a long recovery is read page by page, and a lost link in between loses nothing") {
  Pair pair;
  Client& client = *pair.client;
  REQUIRE(pair.answer(*client.join({.room = "r"}), join_ok("r", "e", 10)));
  client.restart();

  const auto page = [](std::uint64_t first, std::uint64_t last) {
    std::vector<Message> messages;
    for (std::uint64_t offset = first; offset <= last; ++offset) {
      messages.push_back(message("r", offset).message);
    }
    return messages;
  };
  std::vector<Message> messages = page(11, 13);
  Event joined = join_ok("r", "e", 20);
  joined.was_recovering = joined.recovered = joined.more = true;
  joined.messages = messages;
  REQUIRE(pair.answer(*client.join({.room = "r", .recover = true}), joined));
  REQUIRE(client.room("r")->catching_up);
  REQUIRE(client.room("r")->offset == 13);

  REQUIRE(pair.from_server(message("r", 21)));  // live goes on meanwhile
  REQUIRE(client.room("r")->offset == 13);

  const std::uint32_t id = *client.history({.room = "r", .has_after = true, .after = 13});
  messages = page(14, 16);
  Event history;
  history.op = Op::history;
  history.epoch = "e";
  history.messages = messages;
  history.more = true;
  REQUIRE(pair.answer(id, history));
  REQUIRE(client.room("r")->offset == 16);
  REQUIRE(client.room("r")->catching_up);

  SECTION("to the end") {
    const std::uint32_t last = *client.history({.room = "r", .has_after = true, .after = 16});
    messages = page(17, 18);  // the rest was recalled
    history.messages = messages;
    history.more = false;
    REQUIRE(pair.answer(last, history));
    REQUIRE_FALSE(client.room("r")->catching_up);
    REQUIRE(client.room("r")->offset == 21);
  }
  SECTION("a page from elsewhere does not count") {
    const std::uint32_t far = *client.history({.room = "r", .has_after = true, .after = 18});
    messages = page(19, 20);
    history.messages = messages;
    history.more = false;
    REQUIRE(pair.answer(far, history));
    REQUIRE(client.room("r")->offset == 16);
    const std::uint32_t some =
        *client.history({.room = "r", .channel = "main", .has_after = true, .after = 16});
    REQUIRE(pair.answer(some, history));
    REQUIRE(client.room("r")->offset == 16);
  }
  SECTION("or not") {
    client.restart();
    REQUIRE(client.auth({.user = "a"}));
    REQUIRE(client.join({.room = "r", .recover = true}));
    static_cast<void>(pair.to_server());
    REQUIRE(pair.last.since_offset == 16);
  }
}

TEST_CASE("gaps are counted, resets begin anew, doubles are noticed") {
  Pair pair;
  Client& client = *pair.client;
  REQUIRE(pair.answer(*client.join({.room = "r"}), join_ok("r", "e", 10)));
  Event gap;
  gap.type = EventType::gap;
  gap.room = "r";
  gap.gap = {.from = 11, .to = 19, .count = 7, .lossy = true};
  REQUIRE(pair.from_server(gap));
  REQUIRE(client.room("r")->gaps == 1);
  REQUIRE(client.room("r")->lost == 7);
  REQUIRE(client.room("r")->offset == 19);
  REQUIRE(pair.from_server(message("r", 20)));
  REQUIRE(pair.from_server(message("r", 20)));
  REQUIRE(client.room("r")->duplicated == 1);

  Event reset;
  reset.type = EventType::reset;
  reset.room = "r";
  reset.epoch = "f";
  reset.offset = 0;
  REQUIRE(pair.from_server(reset));
  REQUIRE(client.room("r")->epoch == "f");
  REQUIRE(client.room("r")->offset == 0);

  Event left;
  left.type = EventType::left;
  left.room = "r";
  left.reason = LeaveReason::kicked;
  REQUIRE(pair.from_server(left));
  REQUIRE_FALSE(client.room("r")->joined);
}

TEST_CASE("positions are kept for so many rooms, those in use first") {
  Pair pair({}, {.rooms_max = 2});
  Client& client = *pair.client;
  REQUIRE(pair.answer(*client.join({.room = "a"}), join_ok("a", "e", 1)));
  const std::uint32_t b = *client.join({.room = "b"});
  REQUIRE(client.join({.room = "c"}).error().code == Errc::limit_reached);
  REQUIRE(pair.answer(b, join_ok("b", "e", 1)));
  REQUIRE(client.join({.room = "c"}).error().code == Errc::limit_reached);
  REQUIRE(pair.answer(*client.leave("a")));
  REQUIRE(client.join({.room = "c"}));
  REQUIRE(client.room("a").error().code == Errc::not_found);
}

TEST_CASE("a silent client pings, and notices a dead server") {
  Pair pair;
  Client& client = *pair.client;
  const auto at = [](int seconds) { return kStart + Duration::s(seconds); };
  REQUIRE(client.beat(at(0)));
  REQUIRE(client.next_beat() == at(25));
  REQUIRE(client.beat(at(24)));
  REQUIRE(client.pending().empty());
  REQUIRE(client.beat(at(25)));
  REQUIRE(pair.to_server() == Seen{"ping 1 "});
  REQUIRE(client.next_beat() == at(50));
  SECTION("an answer is a sign of life") {
    REQUIRE(pair.answer(1));
    REQUIRE(client.beat(at(26)));
    REQUIRE(client.beat(at(85)));
    REQUIRE_FALSE(client.beat(at(86)));
  }
  SECTION("no answer") {
    REQUIRE(client.beat(at(59)));
    REQUIRE_FALSE(client.beat(at(60)));
  }
  SECTION("saying something is a beat") {
    REQUIRE(client.publish({.room = "r", .text = "t"}));
    REQUIRE(client.beat(at(30)));
    REQUIRE(client.next_beat() == at(55));
  }
}

TEST_CASE("pings get their pong and a close its echo") {
  Pair pair({CodecKind::json, Framing::websocket});
  Client& client = *pair.client;
  REQUIRE(client.on_frame(FrameKind::ping, as_bytes("abc")));
  Client::OutFrame frame;
  REQUIRE(client.pending_frame(frame));
  REQUIRE(frame.kind == FrameKind::pong);
  REQUIRE(as_text(frame.payload) == "abc");
  client.frame_sent();
  REQUIRE_FALSE(client.pending_frame(frame));

  REQUIRE(client.on_frame(FrameKind::close, as_bytes("\x0f\xa1")));
  REQUIRE(client.ended());
  REQUIRE(client.close_code() == CloseCode::slow_consumer);
  REQUIRE(client.pending_frame(frame));
  REQUIRE(frame.kind == FrameKind::close);
  REQUIRE(as_text(frame.payload) == "\x0f\xa1");
  REQUIRE(client.ping().error().code == Errc::not_found);
  client.restart();
  REQUIRE(client.ping());
}

TEST_CASE("what no server says ends the stream") {
  SECTION("a wrong outer type") {
    Pair pair;
    REQUIRE(pair.client->on_bytes(as_bytes("\x10")).error().code == Errc::bad_request);
    REQUIRE(pair.client->on_bytes(as_bytes("\x30")).error().code == Errc::not_found);
  }
  SECTION("too long a frame") {
    Pair pair({}, {.frame_bytes_max = 1'024});
    REQUIRE(pair.client->on_bytes(as_bytes(std::string_view("\x30\x01\x04\x00", 4))).error().code ==
            Errc::too_large);
  }
  SECTION("the wrong kind of WebSocket frame") {
    Pair pair({CodecKind::json, Framing::websocket});
    REQUIRE(pair.client->on_frame(FrameKind::binary, as_bytes("{}")).error().code ==
            Errc::bad_request);
  }
  SECTION("not the codec's language") {
    Pair pair({CodecKind::json, Framing::websocket});
    REQUIRE_FALSE(pair.client->on_frame(FrameKind::text, as_bytes("hello")));
  }
  SECTION("but an event that this version does not know is passed over") {
    Pair pair({CodecKind::json, Framing::websocket});
    REQUIRE(pair.client->on_frame(FrameKind::text, as_bytes(R"({"event":"confetti","n":3})")));
    REQUIRE(pair.heard.lines.empty());
  }
}

TEST_CASE("a client survives random bytes and mutated frames") {
  std::mt19937 random{23};
  for (int run = 0; run < 4'000; ++run) {
    const Carrier carrier = kCarriers[run % 4];
    static FlatbuffersCodec flatbuffers;
    static JsonCodec json;
    Codec& codec = carrier.kind == CodecKind::json ? static_cast<Codec&>(json) : flatbuffers;
    Heard heard;
    Client client({.codec = &codec, .kind = carrier.kind, .framing = carrier.framing}, heard);
    static_cast<void>(client.join({.room = "r"}));
    std::vector<std::byte> frame(4'096);
    frame.resize(codec.encode(join_ok("r", "e", 4), frame));
    for (int i = 0; i < 4; ++i) frame[random() % frame.size()] = static_cast<std::byte>(random());
    if (carrier.framing == Framing::websocket) {
      const bool text = carrier.kind == CodecKind::json;
      static_cast<void>(client.on_frame(text ? FrameKind::text : FrameKind::binary, frame));
      continue;
    }
    std::array<std::byte, wire::kOuterHeaderBytes> header;
    wire::write_outer_header(wire::OuterType::plain, frame.size() + random() % 3, header);
    frame.insert(frame.begin(), header.begin(), header.end());
    static_cast<void>(client.on_bytes(Bytes(frame).first(random() % frame.size())));
    static_cast<void>(client.on_bytes(frame));
  }
}
