// What the Autobahn cases do not ask: masking, the forms of a length, limits, memory.
#include <random>

#include "catch.hpp"
#include "websocket/echo.h"

namespace chatroom::websocket_test {

namespace {

// What one stream of frames comes to, after an upgrade.
struct Outcome {
  std::vector<Said> said;
  int fault = 0;
  std::size_t fault_at = 0;  // from the end of the head
};
Outcome play(WebSocketServer& filter, const std::string& stream, bool bytewise, bool known = true) {
  Echo server(filter);
  server.known = known;
  server.feed(kUpgrade);
  server.feed(stream, bytewise);
  REQUIRE(server.after_end == 0);
  return {server.said, server.fault, server.fault == 0 ? 0 : server.fault_at - kUpgrade.size()};
}

std::string raw(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) out += static_cast<char>(byte);
  return out;
}

// A masked text header with the eight-byte length form.
std::string long_header(std::uint64_t length) {
  std::string out = raw({0x81, 0xFF});
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(length >> shift);
  return out + raw({1, 2, 3, 4});
}
std::string middle_header(unsigned length) {
  return raw(
      {0x81, 0xFE, static_cast<int>(length >> 8), static_cast<int>(length & 0xFF), 1, 2, 3, 4});
}

}  // namespace

TEST_CASE("a frame without a mask is refused at its second byte", "[websocket]") {
  WebSocketServer filter;
  for (const unsigned opcode : {1u, 2u, 8u, 9u, 10u}) {
    const std::string frame = encode({.opcode = opcode, .payload = "x", .masked = false});
    const Outcome outcome = play(filter, frame, true);
    CHECK(outcome.fault == 1002);
    CHECK(outcome.fault_at == 2);
    CHECK(outcome.said.empty());
    CHECK(play(filter, frame, false).fault == 1002);
  }
}

TEST_CASE("the first impossible byte of a header ends the link", "[websocket]") {
  WebSocketServer filter;
  const auto at = [&filter](const std::string& stream) {
    const Outcome outcome = play(filter, stream, true);
    CHECK(outcome.fault == 1002);
    return outcome.fault_at;
  };
  CHECK(at(raw({0xC1, 0x80})) == 1);              // reserved bit
  CHECK(at(raw({0x83, 0x80})) == 1);              // reserved opcode
  CHECK(at(raw({0x09, 0x80})) == 1);              // a ping in fragments
  CHECK(at(raw({0x80, 0x80})) == 1);              // nothing to continue
  CHECK(at(raw({0x89, 0xFE, 0x00, 0x7E})) == 2);  // a ping over 125 bytes
  CHECK(at(raw({0x81, 0xFF, 0x80})) == 3);        // top bit of the long length
}

TEST_CASE("every length must come in its shortest form", "[websocket]") {
  WebSocketServer filter;
  for (const bool bytewise : {false, true}) {
    for (const unsigned length : {0u, 1u, 125u}) {
      CHECK(play(filter, middle_header(length), bytewise).fault == 1002);
      CHECK(play(filter, long_header(length), bytewise).fault == 1002);
    }
    for (const unsigned length : {126u, 127u, 65'535u}) {
      CHECK(play(filter, long_header(length), bytewise).fault == 1002);
    }
    CHECK(play(filter, encode({.payload = std::string(126, 'a')}), bytewise).fault == 0);
    CHECK(play(filter, encode({.payload = std::string(65'535, 'a')}), bytewise).fault == 0);
    CHECK(play(filter, encode({.payload = std::string(65'536, 'a')}), bytewise).fault == 0);
  }
}

TEST_CASE("lengths around every power that could wrap are judged before a byte is kept",
          "[websocket]") {
  WebSocketServer filter;
  constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
  for (const std::uint64_t power : {std::uint64_t{1} << 16, std::uint64_t{1} << 31,
                                    std::uint64_t{1} << 32, std::uint64_t{1} << 62}) {
    for (const std::uint64_t length : {power - 1, power, power + 1}) {
      if (length < 65'536) continue;
      const int code = length == 65'536 ? 0 : 1009;  // the limit itself may come
      CHECK(play(filter, long_header(length), false).fault == code);
      CHECK(play(filter, long_header(length), true).fault == code);
    }
  }
  {
    const std::uint64_t length = kTop - 1;
    CHECK(play(filter, long_header(length), true).fault == 1009);
  }
  for (const std::uint64_t length : {kTop, kTop + 1, UINT64_MAX}) {
    CHECK(play(filter, long_header(length), true).fault == 1002);
  }
  // The same inside a fragmented message: the sum counts, and cannot wrap.
  const std::string open = encode({.payload = "abc", .fin = false});
  std::string more = long_header(kTop - 1);
  more[0] = static_cast<char>(0x80);
  CHECK(play(filter, open + more, false).fault == 1009);
  std::string fits = long_header(65'536);
  fits[0] = static_cast<char>(0x80);
  CHECK(play(filter, open + fits, false).fault == 1009);
  CHECK(filter.stats().held_bytes == 0);
}

TEST_CASE("a stranger may send less than a member, in one frame or in many", "[websocket]") {
  WebSocketServer filter;
  const std::string most(6 * 1024, 'a');
  const std::string over(6 * 1024 + 1, 'a');
  for (const bool bytewise : {false, true}) {
    CHECK(play(filter, encode({.payload = most}), bytewise, false).fault == 0);
    CHECK(play(filter, encode({.payload = over}), bytewise, false).fault == 1009);
    CHECK(play(filter, encode({.payload = over}), bytewise, true).fault == 0);
    std::string parts = encode({.payload = std::string(6 * 1024, 'a'), .fin = false});
    parts += encode({.opcode = 0, .payload = "a"});
    CHECK(play(filter, parts, bytewise, false).fault == 1009);
    CHECK(play(filter, parts, bytewise, true).fault == 0);
  }
}

TEST_CASE("a promised message costs what has arrived of it", "[websocket]") {
  WebSocketServer filter;
  std::vector<std::unique_ptr<Echo>> links;
  for (int i = 0; i < 200; ++i) {
    links.push_back(std::make_unique<Echo>(filter));
    links.back()->feed(kUpgrade);
    links.back()->feed(long_header(65'536) + "hello");
  }
  CHECK(filter.stats().held_links == 200);
  CHECK(filter.stats().held_bytes < 200 * 1024);
  links.clear();
  CHECK(filter.stats().held_links == 0);
  CHECK(filter.stats().held_bytes == 0);
}

TEST_CASE("what all links hold together is bounded, and whole messages still pass", "[websocket]") {
  WebSocketOptions options;
  options.held_bytes = 100 * 1024;
  WebSocketServer filter(options);
  std::vector<std::unique_ptr<Echo>> links;
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    links.push_back(std::make_unique<Echo>(filter));
    Echo& link = *links.back();
    link.feed(kUpgrade);
    link.feed(long_header(65'536) + std::string(20'000, 'a'));
    CHECK(filter.stats().held_bytes <= options.held_bytes);
    if (link.fault != 0) CHECK(link.fault == 4006);
    refused += link.fault != 0 ? 1 : 0;
  }
  CHECK(refused > 10);
  CHECK(refused < 20);
  CHECK(play(filter, encode({.payload = std::string(60'000, 'a')}), false).fault == 0);
}

TEST_CASE("an idle link holds nothing, also after a message in pieces", "[websocket]") {
  CHECK(sizeof(ByteFilter::State) == 16);
  WebSocketServer filter;
  Echo link(filter);
  link.feed_bytewise(kUpgrade);
  CHECK(filter.stats().held_bytes == 0);
  link.feed_bytewise(encode({.payload = std::string(3'000, 'a')}));
  CHECK(link.said.size() == 1);
  CHECK(filter.stats().held_bytes == 0);
  link.feed(encode({.payload = "a", .fin = false}));
  CHECK(filter.stats().held_links == 1);
  link.feed_bytewise(encode({.opcode = 9, .payload = "between"}));
  CHECK(filter.stats().held_links == 1);
  link.feed(encode({.opcode = 0, .payload = "b"}));
  CHECK(filter.stats().held_links == 0);
  REQUIRE(link.said.size() == 3);
  CHECK(link.said[2].payload == "ab");
}

TEST_CASE("a message that arrived whole is handed on from where it lies", "[websocket]") {
  struct Spy final : FilterSink {
    bool on_open(const LinkInfo&) noexcept override { return true; }
    bool on_bytes(MutableBytes) noexcept override { return true; }
    bool on_frame(FrameKind, Bytes payload) noexcept override {
      at = payload.data();
      return true;
    }
    void on_fault(CloseCode) noexcept override {}
    void on_output(Bytes) noexcept override {}
    void on_end() noexcept override {}
    const std::byte* at = nullptr;
  } spy;
  WebSocketServer filter;
  ByteFilter::State state;
  std::string stream = std::string(kUpgrade) + encode({.payload = "hello"});
  std::vector<std::byte> buffer(as_bytes(stream).begin(), as_bytes(stream).end());
  filter.feed(state, buffer, spy);
  CHECK(spy.at == buffer.data() + kUpgrade.size() + 6);
  filter.stop(state);
}

TEST_CASE("random bytes after the upgrade end the link or say nothing, never more", "[websocket]") {
  WebSocketServer filter;
  std::mt19937 random(7);
  for (int i = 0; i < 3'000; ++i) {
    std::string stream =
        encode({.opcode = random() % 2 == 0 ? 1u : 2u, .payload = "some text to mutate"});
    stream += encode({.opcode = 9, .payload = "ping"}) + close_frame(1000);
    for (unsigned n = random() % 4; n > 0; --n) {
      stream[random() % stream.size()] = static_cast<char>(random());
    }
    const Outcome whole = play(filter, stream, false);
    const Outcome bytewise = play(filter, stream, true);
    CHECK(whole.fault == bytewise.fault);
    CHECK(whole.said == bytewise.said);
  }
  CHECK(filter.stats().held_bytes == 0);
}

}  // namespace chatroom::websocket_test
