// Headers that the core puts before frames, and the string form of epochs.
#include <array>
#include <string>
#include <vector>

#include "catch.hpp"
#include "wire/epoch.h"
#include "wire/outer.h"
#include "wire/websocket_header.h"

using namespace chatroom;
using namespace chatroom::wire;

namespace {

std::vector<std::byte> outer_frame(OuterType type, std::size_t length) {
  std::vector<std::byte> frame(kOuterHeaderBytes + length, std::byte{'x'});
  write_outer_header(type, length, std::span<std::byte, 4>(frame.data(), 4));
  return frame;
}

std::string websocket_header(WebsocketOpcode opcode, std::size_t payload) {
  std::array<std::byte, kWebsocketHeaderBytesMax> header{};
  const std::size_t size = write_websocket_header(opcode, payload, header);
  CHECK(size == websocket_header_bytes(payload));
  return std::string(as_text({header.data(), size}));
}

}  // namespace

TEST_CASE("an outer frame is read back from any number of its bytes", "[outer]") {
  const std::vector<std::byte> frame = outer_frame(OuterType::plain, 70'000);
  CHECK(std::to_integer<int>(frame[1]) == 0x70);  // 70,000 = 0x011170
  CHECK(std::to_integer<int>(frame[2]) == 0x11);
  CHECK(std::to_integer<int>(frame[3]) == 0x01);
  for (const std::size_t size : {0u, 1u, 3u, 4u, 5u, 70'003u}) {
    const OuterFrame read = read_outer_frame({frame.data(), size}, 70'000);
    CHECK(read.state == OuterFrame::State::partial);
    CHECK(read.bytes == (size < 4 ? 0u : 70'004u));
  }
  const OuterFrame read = read_outer_frame(frame, 70'000);
  CHECK(read.state == OuterFrame::State::whole);
  CHECK(read.type == OuterType::plain);
  CHECK(read.body.data() == frame.data() + 4);
  CHECK(read.body.size() == 70'000);
  CHECK(read.bytes == frame.size());
}

TEST_CASE("a frame with more behind it ends where its length says", "[outer]") {
  std::vector<std::byte> two = outer_frame(OuterType::plain, 3);
  const std::vector<std::byte> second = outer_frame(OuterType::plain, 0);
  two.insert(two.end(), second.begin(), second.end());
  const OuterFrame first = read_outer_frame(two, 100);
  CHECK(first.bytes == 7);
  const OuterFrame empty = read_outer_frame(Bytes(two).subspan(7), 100);
  CHECK(empty.state == OuterFrame::State::whole);
  CHECK(empty.body.empty());
}

TEST_CASE("a wrong type or length is told before the body comes", "[outer]") {
  const std::byte wrong[] = {std::byte{0x47}};
  CHECK(read_outer_frame(wrong, 100).state == OuterFrame::State::wrong_type);
  const std::vector<std::byte> longer = outer_frame(OuterType::plain, 101);
  CHECK(read_outer_frame({longer.data(), 4}, 100).state == OuterFrame::State::too_long);
  CHECK(read_outer_frame({longer.data(), 4}, 101).state == OuterFrame::State::partial);
  std::vector<std::byte> longest(4, std::byte{0xff});
  longest[0] = std::byte{0x30};
  CHECK(read_outer_frame(longest, 64 * 1024).state == OuterFrame::State::too_long);
  for (int type = 0; type < 256; ++type) {
    const bool known = type == 1 || type == 2 || type == 3 || type == 0x10 || type == 0x20 ||
                       type == 0x30 || type == 0x31;
    CHECK(is_outer_type(static_cast<std::uint8_t>(type)) == known);
  }
}

TEST_CASE("websocket headers take 2, 4 or 10 bytes", "[websocket]") {
  CHECK(websocket_header(WebsocketOpcode::text, 0) == std::string("\x81\x00", 2));
  CHECK(websocket_header(WebsocketOpcode::binary, 125) == "\x82\x7d");
  CHECK(websocket_header(WebsocketOpcode::text, 126) == std::string("\x81\x7e\x00\x7e", 4));
  CHECK(websocket_header(WebsocketOpcode::text, 65'535) == "\x81\x7e\xff\xff");
  CHECK(websocket_header(WebsocketOpcode::text, 65'536) ==
        std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
  CHECK(websocket_header(WebsocketOpcode::ping, 0) == std::string("\x89\x00", 2));
  CHECK(websocket_header(WebsocketOpcode::pong, 125) == "\x8a\x7d");
  CHECK(websocket_header(WebsocketOpcode::close, 2) == "\x88\x02");
  std::array<std::byte, 2> body;
  write_websocket_close(4501, body);
  CHECK(as_text(body) == "\x11\x95");
}

TEST_CASE("an epoch comes back from its string, anything else is none of ours", "[epoch]") {
  for (const std::uint64_t epoch : {0ull, 1ull, 0xa7ull, 0xfedcba9876543210ull, ~0ull}) {
    CHECK(parse_epoch(epoch_text(epoch).view()) == epoch);
  }
  CHECK(epoch_text(0xa7).view() == "00000000000000a7");
  for (const char* text : {"", "a7", "00000000000000A7", "00000000000000g7", "0x000000000000a7",
                           "00000000000000a70"}) {
    CHECK_FALSE(parse_epoch(text).has_value());
  }
}
