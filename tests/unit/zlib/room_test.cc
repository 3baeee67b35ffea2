// Compressed rooms through a whole engine, on zlib: every carrier, peers that read as RFC 7692
// says, and (with every stage that ends) a replay that has no compressor at all.
#include <zlib.h>

#include "chatroom/adapters/zlib.h"
#include "scenario/stage.h"

using namespace chatroom;
using namespace chatroom::test;

namespace {

// Goes on from frame to frame, like a peer that keeps its window.
class Window {
 public:
  explicit Window(int bits = 15) { REQUIRE(inflateInit2(&stream_, -bits) == Z_OK); }
  ~Window() { inflateEnd(&stream_); }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  std::string read(Bytes frame) {
    std::string in(as_text(frame));
    in.append("\0\0\xff\xff", 4);
    std::string out(1 << 18, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    REQUIRE(inflate(&stream_, Z_SYNC_FLUSH) == Z_OK);
    out.resize(out.size() - stream_.avail_out);
    return out;
  }

 private:
  z_stream stream_{};
};

std::string alone(std::string_view text) {
  ZlibCompressor compressor;
  std::vector<std::byte> out(Compressor::worst_bytes(text.size()));
  const Bytes whole = as_bytes(text);
  compressor.restart(15);
  const std::size_t size = compressor.deflate({&whole, 1}, out);
  return std::string(as_text(Bytes{out}.first(size)));
}

std::string outer(std::string_view body) {
  std::string frame(1, '\x31');
  for (const int shift : {0, 8, 16}) frame += static_cast<char>(body.size() >> shift & 0xff);
  return frame.append(body);
}

StageOptions compressing(ZlibCompressor& compressor) {
  StageOptions options;
  options.ports.compressor = &compressor;
  options.engine.new_room_policy.compress = true;
  return options;
}

struct Hall {
  explicit Hall(const StageOptions& options) : stage(options) {}

  Peer& member(const Carrier& carrier, Compress compress, const std::string& name) {
    windows.push_back(std::make_unique<Window>(compress == Compress::alone ? 9 : 15));
    SessionOptions session;
    session.compress = compress;
    Peer& peer = stage.connect(carrier, session);
    if (compress != Compress::none) {
      peer.inflate = [&window = *windows.back()](Bytes frame) { return window.read(frame); };
    }
    peer.ask(R"({"id":1,"op":"auth","user":")" + name + R"("})");
    peer.ask(R"({"id":2,"op":"join","room":"r"})");
    peer.forget();
    return peer;
  }

  std::vector<std::unique_ptr<Window>> windows;
  Stage stage;
};

}  // namespace

TEST_CASE("every carrier and form is told the same by a room that compresses", "[deflate]") {
  ZlibCompressor compressor;
  Hall room(compressing(compressor));
  std::vector<Peer*> peers;
  for (const Carrier& carrier : kCarriers) {
    for (const Compress form : {Compress::none, Compress::chained, Compress::alone}) {
      peers.push_back(&room.member(carrier, form, "user" + std::to_string(peers.size())));
    }
  }
  for (Peer* peer : peers) peer->forget();
  Peer& speaker = room.stage.member(kTcp, "speaker", "r");
  for (int turn = 0; turn < 3; ++turn) {
    room.stage.in_one_turn([&] {
      for (int i = 0; i < 7; ++i) {
        speaker.say(R"({"op":"publish","room":"r","text":"what everybody says, once more"})");
      }
    });
  }
  const std::vector<std::string> wanted = peers[0]->events("message");
  CHECK(wanted.size() == 21);
  for (Peer* const peer : peers) {
    const std::size_t index =
        static_cast<std::size_t>(std::find(peers.begin(), peers.end(), peer) - peers.begin());
    INFO(peer->carrier().name << " " << index % 3);
    if (index > 0) CHECK(peer->events("message") == wanted);
    const bool deflates = index % 3 != 0 && peer->carrier().boundary == Boundary::stream;
    CHECK((peer->inflated >= 21) == deflates);
    if (!deflates) CHECK(peer->inflated == 0);
  }
  const MetricsSnapshot metrics = room.stage.engine().metrics();
  CHECK(metrics.deflated_runs > 0);
  CHECK(metrics.deflated_from > 2 * metrics.deflated_to);
}

TEST_CASE("a deflated run that links take in pieces arrives whole", "[deflate]") {
  for (std::size_t piece = 1; piece < 600; piece += 7) {
    ZlibCompressor compressor;
    Hall room(compressing(compressor));
    std::vector<Peer*> peers;
    for (const Carrier& carrier : {kTcp, kWsJson, kWsFb}) {
      peers.push_back(&room.member(carrier, Compress::chained, carrier.name));
    }
    Peer& speaker = room.stage.member(kTcp, "speaker", "r");
    room.stage.run();
    for (Peer* peer : peers) {
      peer->forget();
      peer->link.takes = {piece, 3, 1, piece, piece / 2 + 1};
    }
    room.stage.in_one_turn([&] {
      for (int i = 0; i < 5; ++i) {
        speaker.say(R"({"op":"publish","room":"r","text":"said in pieces, said in pieces"})");
      }
    });
    for (Peer* peer : peers) {
      INFO(peer->carrier().name << " in pieces of " << piece);
      CHECK(peer->events("message").size() == 5);
    }
  }
}

TEST_CASE("over TCP a client says that it takes deflated frames, and may send them", "[deflate]") {
  ZlibCompressor compressor;
  Hall room(compressing(compressor));
  Peer& bob = room.stage.user(kTcp, "bob");
  room.windows.push_back(std::make_unique<Window>());
  bob.inflate = [&window = *room.windows.back()](Bytes frame) { return window.read(frame); };
  bob.bytes(as_bytes(outer("")));
  room.stage.run();
  CHECK(bob.next() == "deflate");
  bob.ask(R"({"id":2,"op":"join","room":"r"})");
  // A command that he deflates himself.
  Command command;
  command.op = Op::publish;
  command.room = "r";
  command.out.text = "deflated by a client";
  std::vector<std::byte> frame(4'096);
  frame.resize(tool_flatbuffers().encode(command, frame));
  const std::string whole = outer(alone(as_text(Bytes(frame))));
  for (const char byte : whole) bob.bytes(as_bytes(std::string_view(&byte, 1)));
  room.stage.run();
  const std::vector<std::string> heard = bob.events("message");
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].find("deflated by a client") != std::string::npos);
  CHECK(bob.inflated > 0);
  // A room that does not compress tells him plain.
  const std::size_t before = bob.inflated;
  RoomPolicy plain;
  REQUIRE(room.stage.engine().open_room("plain", plain));
  bob.ask(R"({"id":3,"op":"leave","room":"r"})");
  bob.ask(R"({"id":4,"op":"join","room":"plain"})");
  bob.ask(R"({"id":5,"op":"publish","room":"plain","text":"as it is"})");
  CHECK(bob.events("message").size() == 1);
  CHECK(bob.inflated == before);
}

TEST_CASE("deflated frames that are bad close the session, and nobody else notices", "[deflate]") {
  ZlibCompressor compressor;
  Hall room(compressing(compressor));
  Peer& bystander = room.stage.member(kWsJson, "bystander", "r");
  const auto closed = [&](const std::string& bytes, bool known = true) {
    Peer& peer = known ? room.stage.user(kTcp, "m") : room.stage.connect(kTcp);
    peer.bytes(as_bytes(bytes));
    room.stage.run();
    return peer.closed();
  };
  CHECK(closed(outer("\xff\xff")) == 1007);
  CHECK(closed(outer(alone(std::string(100'000, 'x')))) == 1009);
  CHECK(closed(outer(""), false) == 4501);
  CHECK(closed(outer(alone("no command"))) == 4501);
  CHECK(bystander.closed() == 0);
}

TEST_CASE("without a compressor a room that asks for it is a plain one", "[deflate]") {
  StageOptions options;
  options.engine.new_room_policy.compress = true;
  Hall room(options);
  Peer& peer = room.member(kWsJson, Compress::chained, "peer");
  peer.ask(R"({"id":3,"op":"publish","room":"r","text":"hello"})");
  CHECK(peer.events("message").size() == 1);
  CHECK(peer.inflated == 0);
}
