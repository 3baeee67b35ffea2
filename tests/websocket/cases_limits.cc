// Category 9: large messages, whole and in fragments, in small chops, and many round trips.
#include <algorithm>

#include "websocket/cases.h"

namespace chatroom::websocket_test {

namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * 1024;

std::string payload_of(unsigned opcode, std::size_t size) {
  constexpr std::string_view kPattern = "BAsd7&jh23";
  std::string payload(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    payload[i] = opcode == 1 ? kPattern[i % kPattern.size()] : static_cast<char>(i * 7 + (i >> 8));
  }
  return payload;
}

Said echo_of(unsigned opcode, std::string payload) {
  return {opcode == 1 ? FrameKind::text : FrameKind::binary, std::move(payload)};
}

Case large(unsigned opcode, std::size_t size) {
  std::string payload = payload_of(opcode, size);
  Case it{.pieces = {encode({.opcode = opcode, .payload = payload}), close_frame(1000)},
          .replies = {}};
  it.replies.push_back(echo_of(opcode, std::move(payload)));
  return it;
}

Case fragmented(unsigned opcode, std::size_t size, std::size_t fragment) {
  std::string payload = payload_of(opcode, size);
  Case it;
  for (std::size_t i = 0; i < size; i += fragment) {
    it.pieces.push_back(encode({.opcode = i == 0 ? opcode : 0u,
                                .payload = payload.substr(i, fragment),
                                .fin = i + fragment >= size}));
  }
  it.pieces.push_back(close_frame(1000));
  it.replies.push_back(echo_of(opcode, std::move(payload)));
  return it;
}

Case chopped(unsigned opcode, std::size_t size, std::size_t chop) {
  Case it = large(opcode, size);
  const std::string stream = std::move(it.pieces[0]);
  it.pieces.clear();
  for (std::size_t i = 0; i < stream.size(); i += chop) {
    it.pieces.push_back(stream.substr(i, chop));
  }
  it.pieces.push_back(close_frame(1000));
  return it;
}

Case round_trips(unsigned opcode, std::size_t size, int count) {
  Case it;
  for (int i = 0; i < count; ++i) {
    const std::string payload(size, opcode == 1 ? '*' : '\xfe');
    it.pieces.push_back(encode({.opcode = opcode, .payload = payload}));
    it.replies.push_back(echo_of(opcode, payload));
  }
  it.pieces.push_back(close_frame(1000));
  return it;
}

}  // namespace

std::vector<Entry> limit_cases() {
  std::vector<Entry> entries;
  const auto add = [&entries](int group, int number, std::function<Case()> make) {
    entries.push_back(
        {"9." + std::to_string(group) + "." + std::to_string(number), std::move(make)});
  };
  for (const unsigned opcode : {1u, 2u}) {
    const int shift = opcode == 1 ? 0 : 1;
    int number = 0;
    for (const std::size_t size : {64 * kKiB, 256 * kKiB, kMiB, 4 * kMiB, 8 * kMiB, 16 * kMiB}) {
      add(1 + shift, ++number, [=] { return large(opcode, size); });
    }
    number = 0;
    for (std::size_t fragment = 64; fragment <= 4 * kMiB; fragment *= 4) {
      add(3 + shift, ++number, [=] { return fragmented(opcode, 4 * kMiB, fragment); });
    }
    number = 0;
    for (std::size_t chop = 64; chop <= 2 * kKiB; chop *= 2) {
      add(5 + shift, ++number, [=] { return chopped(opcode, kMiB, chop); });
    }
    number = 0;
    for (const std::size_t size : {0u, 16u, 64u, 256u, 1'024u, 4'096u}) {
      add(7 + shift, ++number, [=] { return round_trips(opcode, size, 1'000); });
    }
  }
  return entries;
}

}  // namespace chatroom::websocket_test
