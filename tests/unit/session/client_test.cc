// The client role against the server half of the session layer, through memory, in both codecs and
// both framings; and what it keeps for itself: pending answers, positions, heartbeat.
#include "chatroom/client.h"

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chatroom/adapters/json.h"
#include "chatroom/flatbuffers.h"
#include "session/session.h"
#include "wire/outer.h"

using namespace chatroom;
using session::Intake;
using session::Session;
using session::Sessions;

namespace {

constexpr Instant kStart{1'700'000'000'000'000};

class Heard final : public ClientHandler {
 public:
  void on_event(const Event& event) noexcept override {
    std::string line{name_of(event.type)};
    if (event.type == EventType::answer) {
      line += " " + std::string(name_of(event.op)) + " " + std::to_string(event.id);
      if (event.error.code != Errc::ok) line += " " + std::string(name_of(event.error.code));
      if (!event.room.empty()) line += " " + std::string(event.room);
    }
    if (event.type == EventType::message) line += " " + std::string(event.message.text);
    lines.push_back(line);
    if (again != nullptr) {
      static_cast<void>(again->ping());
    }
  }
  std::vector<std::string> lines;
  Client* again = nullptr;  // asks from inside the callback
};

struct Carrier {
  CodecKind kind;
  Framing framing;
};

// A client and a server's session, joined by strings. The server answers with whatever events the
// test gives it.
class Pair {
 public:
  explicit Pair(Carrier carrier = {}, ClientOptions options = {}) : carrier_(carrier) {
    options.codec = &codec();
    options.kind = carrier.kind;
    options.framing = carrier.framing;
    client = std::make_unique<Client>(options, heard);
    REQUIRE(client->ready());
    REQUIRE(sessions.create({.flatbuffers = &flatbuffers, .json = &json, .seed = 3}));
    REQUIRE(sessions.open(session, {.codec = carrier.kind, .framing = carrier.framing}, kStart));
  }
  ~Pair() { sessions.close(session); }

  Codec& codec() {
    return carrier_.kind == CodecKind::json ? static_cast<Codec&>(json) : flatbuffers;
  }

  // Moves what the client has to say, in pieces of `piece`; answers what the server made of it.
  std::vector<std::string> to_server(std::size_t piece = SIZE_MAX) {
    std::vector<std::string> seen;
    if (carrier_.framing == Framing::websocket) {
      Client::OutFrame frame;
      while (client->pending_frame(frame)) {
        note(sessions.frame(session, frame.kind, frame.payload, kStart), seen);
        client->frame_sent();
      }
      return seen;
    }
    while (!client->pending().empty()) {
      Bytes part = client->pending().first(std::min(piece, client->pending().size()));
      const std::size_t size = part.size();
      for (;;) {
        const Intake intake = sessions.next(session, part, kStart);
        if (intake.type == Intake::Type::none) break;
        note(intake, seen);
      }
      client->sent(size);
    }
    return seen;
  }
  // Brings an event to the client.
  Status from_server(const Event& event, std::size_t piece = SIZE_MAX) {
    std::vector<std::byte> frame(100'000);
    const std::size_t size = codec().encode(event, frame);
    REQUIRE(size > 0);
    frame.resize(size);
    if (carrier_.framing == Framing::websocket) {
      const bool text = carrier_.kind == CodecKind::json;
      return client->on_frame(text ? FrameKind::text : FrameKind::binary, frame);
    }
    std::array<std::byte, wire::kOuterHeaderBytes> header;
    wire::write_outer_header(wire::OuterType::plain, size, header);
    frame.insert(frame.begin(), header.begin(), header.end());
    Status status;
    for (std::size_t at = 0; at < frame.size() && status; at += piece) {
      status = client->on_bytes(Bytes(frame).subspan(at, std::min(piece, frame.size() - at)));
      if (piece == SIZE_MAX) break;
    }
    return status;
  }
  Status answer(std::uint32_t id, Event event = {}) {
    event.type = EventType::answer;
    event.id = id;
    if (event.op == Op::none) event.op = Op::ping;
    return from_server(event);
  }

  FlatbuffersCodec flatbuffers;
  JsonCodec json;
  Heard heard;
  std::unique_ptr<Client> client;
  Limits limits;
  Sessions sessions{limits, *global_heap()};
  Session session;
  Command last;

 private:
  void note(const Intake& intake, std::vector<std::string>& seen) {
    if (intake.type != Intake::Type::command) {
      seen.push_back(intake.type == Intake::Type::close ? "close" : "refused");
      return;
    }
    last = *intake.command;
    seen.push_back(std::string(name_of(intake.op)) + " " + std::to_string(intake.id) + " " +
                   std::string(intake.command->room));
    if (intake.op == Op::auth) sessions.accept(session);
  }
  const Carrier carrier_;
};

const Carrier kCarriers[] = {{CodecKind::flatbuffers, Framing::outer},
                             {CodecKind::json, Framing::outer},
                             {CodecKind::flatbuffers, Framing::websocket},
                             {CodecKind::json, Framing::websocket}};

using Seen = std::vector<std::string>;

Event join_ok(std::string_view room, std::string_view epoch, std::uint64_t offset) {
  Event event;
  event.type = EventType::answer;
  event.id = 1;
  event.op = Op::join;
  event.room = room;
  event.epoch = epoch;
  event.offset = offset;
  return event;
}

Event message(std::string_view room, std::uint64_t offset) {
  Event event;
  event.type = EventType::message;
  event.message.room = room;
  event.message.channel = "main";
  event.message.offset = offset;
  event.message.user = "bob";
  event.message.text = "hello";
  event.message.time_ms = 1;
  return event;
}

}  // namespace

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
      REQUIRE(pair.to_server(piece) == Seen{"join 2 r", "publish 3 r", "leave 4 r", "subscribe 5 r",
                                            "unsubscribe 6 r", "switch 7 r", "history 8 r",
                                            "send_to 9 ", "presence 10 r", "call 11 r",
                                            "ping 12 "});
      REQUIRE(client.awaiting() == 12);
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
