// ZlibCompressor against zlib itself, used as a peer would: one inflater that goes on from message
// to message.
#include <string>
#include <vector>

#include <zlib.h>

#include "catch.hpp"
#include "chatroom/adapters/zlib.h"

namespace chatroom {

namespace {

using Outcome = Compressor::Outcome;

// A peer's window: what RFC 7692 has the receiver do.
class Peer {
 public:
  explicit Peer(int bits) { REQUIRE(inflateInit2(&stream_, -bits) == Z_OK); }
  ~Peer() { inflateEnd(&stream_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  std::string read(std::string message) {
    message.append("\0\0\xff\xff", 4);
    std::string out(1 << 20, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(message.data());
    stream_.avail_in = static_cast<uInt>(message.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    if (inflate(&stream_, Z_SYNC_FLUSH) != Z_OK || stream_.avail_in != 0) return "unreadable";
    out.resize(out.size() - stream_.avail_out);
    return out;
  }

 private:
  z_stream stream_{};
};

std::string deflated(Compressor& compressor, std::string_view text, std::size_t place = 1 << 20) {
  std::string out(place, '\0');
  const Bytes whole = as_bytes(text);
  const Bytes pieces[] = {whole.first(whole.size() / 2), whole.subspan(whole.size() / 2)};
  const std::size_t size =
      compressor.deflate(pieces, {reinterpret_cast<std::byte*>(out.data()), out.size()});
  out.resize(size);
  return out;
}

std::string alone(std::string_view text, int flush = Z_SYNC_FLUSH) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(text.size() + 1'000, '\0');
  std::string in(text);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, flush);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  if (flush == Z_SYNC_FLUSH) out.resize(out.size() - 4);
  return out;
}

Compressor::Inflated inflated(ZlibCompressor& compressor, std::string_view message,
                              std::size_t place, std::string* text = nullptr) {
  // Exactly so large, so that ASan finds the byte behind it.
  std::vector<std::byte> out(place);
  const Compressor::Inflated done = compressor.inflate(as_bytes(message), out);
  if (text != nullptr) *text = std::string(as_text(Bytes{out}.first(done.size)));
  return done;
}

std::string sentence(int i) {
  return "{\"event\":\"message\",\"room\":\"live/1\",\"offset\":" + std::to_string(i) +
         ",\"user\":\"user" + std::to_string(i * 7 % 50) + "\",\"text\":\"hello " +
         std::to_string(i * 31 % 97) + "\"}";
}

}  // namespace

TEST_CASE("a chain is read by whoever gets all of it, whatever it got before") {
  ZlibCompressor compressor;
  Peer early(15);
  CHECK(early.read(alone(std::string(40'000, 'q') + "something else")).size() == 40'014);
  for (int run = 0; run < 3; ++run) {
    Peer late(15);
    compressor.restart(15);
    std::size_t sum = 0;
    std::size_t plain = 0;
    for (int i = 0; i < 20; ++i) {
      const std::string message = deflated(compressor, sentence(run * 20 + i));
      CHECK(early.read(message) == sentence(run * 20 + i));
      CHECK(late.read(message) == sentence(run * 20 + i));
      sum += message.size();
      plain += sentence(i).size();
    }
    CHECK(sum * 3 < plain);
  }
}

TEST_CASE("a message by itself is read with the least window") {
  ZlibCompressor compressor;
  for (const std::size_t size : {0u, 1u, 300u, 5'000u, 60'000u}) {
    std::string text;
    while (text.size() < size) text += sentence(static_cast<int>(text.size()));
    compressor.restart(9);
    CHECK(Peer(9).read(deflated(compressor, text)) == text);
  }
}

TEST_CASE("a place that is too small ends the chain, and nothing is written behind it") {
  ZlibCompressor compressor;
  CHECK(deflated(compressor, "none was begun").empty());
  const std::string text = sentence(1);
  compressor.restart(15);
  const std::size_t enough = deflated(compressor, text).size() + 5;
  for (std::size_t place = 0; place < enough + 2; ++place) {
    compressor.restart(15);
    const std::string message = deflated(compressor, text, place);
    if (place >= enough) CHECK(Peer(15).read(message) == text);
    if (message.empty()) CHECK(deflated(compressor, text).empty());
  }
  compressor.restart(15);
  std::string noise;
  for (unsigned i = 0; i < 50'000; ++i) noise += static_cast<char>(i * i * 2'654'435'761u >> 24);
  CHECK(Peer(15).read(deflated(compressor, noise, Compressor::worst_bytes(noise.size()))) == noise);
}

TEST_CASE("inflating stops at the place that there is") {
  ZlibCompressor compressor;
  const std::string text = sentence(3) + std::string(500, 'z');
  const std::string message = alone(text);
  std::string got;
  for (std::size_t place = 0; place < text.size() + 3; ++place) {
    const auto done = inflated(compressor, message, place, &got);
    CHECK(done.outcome == (place < text.size() ? Outcome::too_large : Outcome::whole));
    CHECK(done.size <= place);
    if (place >= text.size()) CHECK(got == text);
  }
  CHECK(inflated(compressor, std::string(1, '\0'), 0).outcome == Outcome::whole);  // empty
}

TEST_CASE("a GiB of zeros in a MiB stops at once") {
  // A MiB of zeros a thousand times, each ended by a full flush: still one deflate stream.
  std::string bomb = alone(std::string(1 << 20, '\0'));
  bomb.append("\0\0\xff\xff", 4);
  std::string all;
  for (int i = 0; i < 1'024; ++i) all += bomb;
  CHECK(all.size() < 1'100'000);
  ZlibCompressor compressor;
  CHECK(inflated(compressor, all, 64 * 1024).outcome == Outcome::too_large);
  CHECK(inflated(compressor, alone("fine"), 100).outcome == Outcome::whole);
  CHECK(inflated_bytes_max(all.size(), 64 * 1024) == 64 * 1024);
}

TEST_CASE("what is no deflate is bad, and so is what was cut or refers to what was before") {
  ZlibCompressor compressor;
  const std::string text = sentence(5);
  const std::string message = alone(text);
  CHECK(inflated(compressor, "\xff\xff\xff\xff", 1'000).outcome == Outcome::bad);
  CHECK(inflated(compressor, "hello", 1'000).outcome == Outcome::bad);
  std::string got;
  for (std::size_t cut = 1; cut < message.size(); ++cut) {
    const auto done = inflated(compressor, message.substr(0, cut), 1'000, &got);
    INFO("cut at " << cut);
    // A message cut at the end of a block is one that ended there.
    CHECK((done.outcome == Outcome::bad || text.substr(0, done.size) == got));
  }
  compressor.restart(15);
  static_cast<void>(deflated(compressor, text));
  const std::string second = deflated(compressor, text);
  CHECK(second.size() < 12);
  CHECK(inflated(compressor, second, 1'000).outcome == Outcome::bad);
  CHECK(inflated(compressor, message, 1'000, &got).outcome == Outcome::whole);
  CHECK(got == text);
}

TEST_CASE("a sender may end its blocks with a final one") {
  ZlibCompressor compressor;
  const std::string text = sentence(7);
  std::string got;
  CHECK(inflated(compressor, alone(text, Z_FINISH), 1'000, &got).outcome == Outcome::whole);
  CHECK(got == text);
  CHECK(inflated(compressor, alone(text, Z_FINISH) + '\0', 1'000, &got).outcome == Outcome::whole);
  CHECK(got == text);
  CHECK(inflated(compressor, alone(text, Z_FINISH) + alone(text), 1'000, &got).outcome ==
        Outcome::whole);
  CHECK(got == text + text);
}

TEST_CASE("how far a message may grow") {
  CHECK(inflated_bytes_max(0, 64 * 1024) == 6 * 1024);
  CHECK(inflated_bytes_max(1, 64 * 1024) == 6 * 1024);
  CHECK(inflated_bytes_max(1'000, 64 * 1024) == 20'000);
  CHECK(inflated_bytes_max(10'000, 64 * 1024) == 64 * 1024);
  CHECK(inflated_bytes_max(SIZE_MAX, 64 * 1024) == 64 * 1024);
  CHECK(inflated_bytes_max(10'000, 4 * 1024) == 4 * 1024);
}

}  // namespace chatroom
