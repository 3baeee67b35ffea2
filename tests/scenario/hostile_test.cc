// Input that means harm. Each frame is answered with exactly the error or close of the protocol,
// and who sits in another room notices nothing.
#include <random>

#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

const std::string kErrorEvent =
    R"({"event":"error","error":{"code":"bad_request","message":"The request is not well-formed.",)"
    R"("temporary":false}})";

struct Bad {
  std::string what;
  std::string payload;
  // "": refused and the connection stays; else the close code.
  std::string answer;
  int close = 0;
};

// Frames in JSON, after authentication.
std::vector<Bad> bad_json() {
  const std::string refused = R"({"id":9,"error":{"code":"bad_request",*)";
  std::string deep = R"({"id":9,"op":"call","name":"x","data":)";
  for (int i = 0; i < 16; ++i) deep += '[';
  for (int i = 0; i < 16; ++i) deep += ']';
  deep += '}';
  return {
      {"nothing", "", kErrorEvent, 4501},
      {"blank", "   ", kErrorEvent, 4501},
      {"not JSON", "hello", kErrorEvent, 4501},
      {"an array", R"([{"id":9,"op":"ping"}])", kErrorEvent, 4501},
      {"a string", R"("ping")", kErrorEvent, 4501},
      {"a number", "5", kErrorEvent, 4501},
      {"null", "null", kErrorEvent, 4501},
      {"truncated", R"({"id":9,"op":"pi)", kErrorEvent, 4501},
      {"two objects", R"({"id":9,"op":"ping"}{"id":9,"op":"ping"})", kErrorEvent, 4501},
      {"a trailing comma", R"({"id":9,"op":"ping",})", kErrorEvent, 4501},
      {"invalid UTF-8", "{\"id\":9,\"op\":\"ping\",\"x\":\"\xff\"}", "*", -1},
      {"op of a wrong type", R"({"id":9,"op":5})", refused, 0},
      {"no op", R"({"id":9})", refused, 0},
      {"room of a wrong type", R"({"id":9,"op":"join","room":7})", refused, 0},
      {"text of a wrong type", R"({"id":9,"op":"publish","room":"den","text":{}})", refused, 0},
      {"mentions of a wrong type",
       R"({"id":9,"op":"publish","room":"den","text":"x","mentions":"a"})", refused, 0},
      {"a number with a fraction", R"({"id":9,"op":"history","room":"den","limit":1.5})", refused,
       0},
      {"a negative number", R"({"id":9,"op":"history","room":"den","before":-1})", refused, 0},
      {"limit over 100", R"({"id":9,"op":"history","room":"den","limit":101})", refused, 0},
      {"before and after", R"({"id":9,"op":"history","room":"den","before":2,"after":1})", refused,
       0},
      {"a priority that is none",
       R"({"id":9,"op":"publish","room":"den","text":"x","priority":"top"})", refused, 0},
      {"twin keys", R"({"id":9,"op":"ping","op":"ping"})", refused, 0},
      {"twin keys, escaped", R"({"id":9,"op":"ping","a":1,"\u0061":2})", refused, 0},
      {"twin keys inside data", R"({"id":9,"op":"call","name":"x","data":{"a":1,"a":2}})", refused,
       0},
      {"depth over 16", deep, refused, 0},
      {"empty text", R"({"id":9,"op":"publish","room":"den","text":""})", refused, 0},
      {"no text", R"({"id":9,"op":"publish","room":"den"})", refused, 0},
      {"a lone surrogate", R"({"id":9,"op":"publish","room":"den","text":"\ud800"})", refused, 0},
      {"an escaped NUL", R"({"id":9,"op":"publish","room":"den","text":"a\u0000b"})", refused, 0},
      {"id 0", R"({"id":0,"op":"ping"})", kErrorEvent, 0},
      {"id past 2^32", R"({"id":4294967296,"op":"ping"})", kErrorEvent, 0},
      {"id negative", R"({"id":-1,"op":"ping"})", kErrorEvent, 0},
      {"id of a wrong type", R"({"id":"9","op":"ping"})", kErrorEvent, 0},
      {"id with a fraction", R"({"id":9.5,"op":"ping"})", kErrorEvent, 0},
      {"an unknown op", R"({"id":9,"op":"teleport"})", R"({"id":9,"error":{"code":"unsupported",*)",
       0},
      {"the empty op", R"({"id":9,"op":""})", "*", 0},
      {"unknown fields", R"({"id":9,"op":"ping","x":{"y":[1,null,true]}})", R"({"id":9,"ok":{}})",
       0},
  };
}

// Everything that a client may say, in the carrier's codec, for mutation.
std::vector<std::string> good_frames(const Carrier& carrier) {
  std::vector<std::string> frames;
  for (const std::string_view json :
       {R"({"id":1,"op":"auth","user":"mallory","nick":"M"})",
        R"({"id":2,"op":"auth","token":"abcdefgh"})",
        R"({"id":3,"op":"join","room":"den","channels":["main","b"],"recent":20})",
        R"({"id":4,"op":"join","room":"den","since":{"epoch":"0123456789abcdef","offset":3}})",
        R"({"id":5,"op":"publish","room":"den","text":"hello","data":{"a":[1,2,{"b":null}]}})",
        R"({"id":6,"op":"publish","room":"den","kind":"gift","priority":"low","key":"k",)"
        R"("data":{"n":1},"reply_to":1,"mentions":["a","b"]})",
        R"({"id":7,"op":"leave","room":"den"})",
        R"({"id":8,"op":"subscribe","room":"den","channel":"b"})",
        R"({"id":9,"op":"unsubscribe","room":"den","channel":"b"})",
        R"({"id":10,"op":"switch","room":"den","from":"main","to":"b"})",
        R"({"id":11,"op":"history","room":"den","before":9,"limit":20})",
        R"({"id":12,"op":"send_to","user":"nobody","text":"x"})",
        R"({"id":13,"op":"presence","room":"den","since_version":1})",
        R"({"id":14,"op":"call","room":"den","name":"x.y","data":[1]})", R"({"id":15,"op":"ping"})",
        R"({"id":16,"op":"mute","room":"den","user":"a"})"}) {
    if (carrier.codec == CodecKind::json) {
      frames.emplace_back(json);
      continue;
    }
    Command command;
    REQUIRE(tool_json().decode(as_bytes(json), command).status);
    std::string out(4'096, '\0');
    out.resize(tool_flatbuffers().encode(command, std::as_writable_bytes(std::span(out))));
    frames.push_back(out);
  }
  return frames;
}

class Mallory {
 public:
  explicit Mallory(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return random_() % end; }
  std::string noise(std::size_t size) {
    std::string out(size, '\0');
    for (char& c : out) c = static_cast<char>(random_());
    return out;
  }
  std::string mutate(std::string frame) {
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
      const std::size_t at = frame.empty() ? 0 : below(frame.size());
      switch (below(6)) {
        case 0:
          if (!frame.empty()) frame[at] = static_cast<char>(random_());
          break;
        case 1:
          if (!frame.empty()) frame[at] = static_cast<char>(frame[at] ^ (1 << below(8)));
          break;
        case 2:
          frame.resize(at);
          break;
        case 3:
          frame.insert(at, noise(1 + below(8)));
          break;
        case 4:
          frame.erase(at, 1 + below(8));
          break;
        default:
          frame += frame.substr(at);
          break;
      }
    }
    return frame;
  }

 private:
  std::mt19937 random_;
};

// What a peer may hear, whatever it sent: an answer, an event, a close of the protocol.
bool is_protocol(const std::string& line) {
  return matches(line, R"({"id":*,"ok":*})") || matches(line, R"({"id":*,"error":{"code":"*})") ||
         matches(line, R"({"event":"*})") || line.starts_with("close ") ||
         line.starts_with("pong ");
}

// A town that lives its life; with an attacker in another house, or not.
std::string town_beside(const Carrier& carrier, bool attacked, std::size_t frames) {
  StageOptions options;
  options.record = false;
  Stage stage(options);
  Peer& alice = stage.member(kTcp, "alice", "town hall");
  Peer& bob = stage.member(kWsJson, "bob", "town hall");
  const std::vector<std::string> good = good_frames(carrier);
  Mallory mallory(42);
  Peer* attacker = nullptr;
  std::size_t closed = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    if (i % 100 == 0) {
      alice.say(R"({"id":9,"op":"publish","room":"town hall","text":"line )" + std::to_string(i) +
                R"("})");
      bob.say(R"({"id":9,"op":"presence","room":"town hall"})");
      stage.run();
    }
    if (!attacked) continue;
    if (attacker == nullptr || attacker->closed() != 0) {
      if (attacker != nullptr) {
        ++closed;
        const int code = attacker->closed();
        const bool known = code == 4501 || code == 4500 || code == 1009 || code == 4006;
        INFO(code);
        CHECK(known);
        for (const std::string& line : attacker->all()) {
          INFO(line);
          CHECK(is_protocol(line));
        }
        stage.run();
        stage.peers.pop_back();
      }
      attacker = &stage.connect(carrier);
      if (mallory.below(2) == 0) {
        attacker->ask(R"({"id":1,"op":"auth","user":"mallory"})");
        attacker->ask(R"({"id":1,"op":"join","room":"den"})");
      }
    }
    const std::string payload = mallory.below(2) == 0
                                    ? mallory.noise(mallory.below(200))
                                    : mallory.mutate(good[mallory.below(good.size())]);
    if (carrier.framing == Framing::outer && mallory.below(4) == 0) {
      // Not even framed; in pieces of any size.
      std::string stream = "\x30" + std::string(1, static_cast<char>(payload.size())) +
                           std::string(2, '\0') + payload;
      if (mallory.below(2) == 0) stream = mallory.mutate(stream);
      for (std::string_view rest = stream; !rest.empty();) {
        const std::string_view piece = rest.substr(0, 1 + mallory.below(rest.size()));
        attacker->bytes(as_bytes(piece));
        rest.remove_prefix(piece.size());
      }
    } else {
      attacker->frame(payload);
    }
    attacker->all();
  }
  stage.run();
  if (attacked) CHECK(closed > 10);
  alice.all();
  bob.all();
  return alice.wire + "|" + bob.wire;
}

}  // namespace

TEST_CASE("each malformed JSON frame has its answer", "[scenario][hostile]") {
  for (const Bad& bad : bad_json()) {
    INFO(bad.what);
    Stage stage;
    Peer& bob = stage.member(kTcp, "bob", "quiet");
    Peer& peer = stage.member(kWsJson, "mallory", "den");
    peer.frame(bad.payload);
    const std::vector<std::string> heard = peer.all();
    REQUIRE(!heard.empty());
    CHECK_LIKE(heard[0], bad.answer);
    if (bad.close == 4501) {
      REQUIRE(heard.size() == 2);
      CHECK(heard[1] == "close 4501");
    } else if (bad.close == 0) {
      CHECK(heard.size() == 1);
    }
    if (bad.close >= 0) CHECK(peer.closed() == bad.close);
    CHECK(bob.next() == "");
    if (bad.close == 0) CHECK(peer.ask(R"({"id":3,"op":"ping"})") == R"({"id":3,"ok":{}})");
  }
}

TEST_CASE("before authentication a malformed frame is answered alike", "[scenario][hostile]") {
  for (const Bad& bad : bad_json()) {
    if (bad.close != 4501) continue;
    INFO(bad.what);
    Stage stage;
    Peer& peer = stage.connect(kWsJson);
    peer.forget();
    peer.frame(bad.payload);
    CHECK(peer.all() == std::vector<std::string>{kErrorEvent, "close 4501"});
    CHECK(peer.closed() == 4501);
  }
}

TEST_CASE("a binary frame on a JSON session, or a text frame on the other, ends it",
          "[scenario][hostile]") {
  Stage stage;
  Peer& json = stage.user(kWsJson, "a");
  json.frame(FrameKind::binary, as_bytes(R"({"id":1,"op":"ping"})"));
  CHECK(json.all() == std::vector<std::string>{kErrorEvent, "close 4501"});
  CHECK(json.closed() == 4501);
  Peer& binary = stage.user(kWsFb, "a");
  binary.frame(FrameKind::text, as_bytes(R"({"id":1,"op":"ping"})"));
  CHECK(binary.all() == std::vector<std::string>{kErrorEvent, "close 4501"});
  CHECK(binary.closed() == 4501);
}

TEST_CASE("every truncation of a FlatBuffers frame is refused or ends the session",
          "[scenario][hostile]") {
  for (const Carrier& carrier : {kTcp, kWsFb, kLink}) {
    INFO(carrier.name);
    Stage stage;
    for (const std::string& whole : good_frames(carrier)) {
      for (std::size_t size = 0; size < whole.size(); size += 7) {
        Peer& peer = stage.user(carrier, "mallory");
        peer.frame(whole.substr(0, size));
        const std::vector<std::string> heard = peer.all();
        if (peer.closed() != 0) {
          CHECK(peer.closed() == 4501);
          REQUIRE(!heard.empty());
          CHECK(heard[0] == kErrorEvent);
        }
        for (const std::string& line : heard) CHECK(is_protocol(line));
        peer.drop();
        stage.peers.pop_back();
      }
    }
  }
}

TEST_CASE("an outer frame of a wrong type ends the session with its first byte",
          "[scenario][hostile]") {
  for (const Carrier& carrier : {kTcp, kLink}) {
    for (int type = 0; type < 256; ++type) {
      if (type == 0x30) continue;
      INFO(carrier.name << " " << type);
      StageOptions options;
      options.record = false;
      Stage stage(options);
      Peer& peer = stage.connect(carrier);
      peer.forget();
      const auto first = static_cast<std::byte>(type);
      peer.bytes({&first, 1});
      CHECK(peer.closed() == 4501);
      CHECK(peer.next() == "");
    }
  }
}

TEST_CASE("a fault that the filter found ends the session with its code", "[scenario][hostile]") {
  Stage stage;
  for (const CloseCode code : {CloseCode::protocol, CloseCode::bad_data, CloseCode::too_big}) {
    Peer& peer = stage.user(kWsJson, "a");
    peer.fault(code);
    CHECK(peer.closed() == static_cast<int>(code));
    CHECK(peer.all() ==
          std::vector<std::string>{"close " + std::to_string(static_cast<int>(code))});
  }
}

TEST_CASE("a close frame is echoed, a ping is answered", "[scenario][hostile]") {
  for (const Carrier& carrier : {kWsJson, kWsFb}) {
    Stage stage;
    Peer& peer = stage.user(carrier, "a");
    peer.frame(FrameKind::ping, as_bytes("are you there"));
    CHECK(peer.next() == "pong are you there");
    peer.frame(FrameKind::pong, as_bytes("unasked"));
    CHECK(peer.next() == "");
    const std::byte code[] = {std::byte{0x03}, std::byte{0xe9}};
    peer.frame(FrameKind::close, code);
    CHECK(peer.next() == "close 1001");
    CHECK(peer.closed() == 1001);
    Peer& short_code = stage.user(carrier, "b");
    short_code.frame(FrameKind::close, Bytes(code).first(1));
    CHECK(short_code.closed() == 1002);
  }
}

TEST_CASE("10,000 random and mutated frames harm nobody else", "[scenario][hostile]") {
  for (const Carrier& carrier : kCarriers) {
    INFO(carrier.name);
    const std::string alone = town_beside(carrier, false, 10'000);
    const std::string attacked = town_beside(carrier, true, 10'000);
    CHECK(alone.size() > 10'000);
    CHECK((alone == attacked));
  }
}
