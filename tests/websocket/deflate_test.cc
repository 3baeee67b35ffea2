// permessage-deflate (RFC 7692): what is agreed to in the upgrade, and deflated messages as they
// come in: categories 12 and 13 of the Autobahn suite, with its numbers and sizes and data of the
// same kinds, whole and one byte at a time; then what a hostile peer may try.
#include <zlib.h>

#include "catch.hpp"
#include "chatroom/adapters/zlib.h"
#include "websocket/echo.h"

namespace chatroom::websocket_test {

namespace {

std::string deflated(std::string_view text, int bits = 15, int flush = Z_SYNC_FLUSH) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string in(text);
  std::string out(in.size() + in.size() / 50 + 200, '\0');
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

WebSocketOptions serving(Compressor* compressor, std::uint32_t message_bytes = 64 * 1024) {
  WebSocketOptions options;
  options.compressor = compressor;
  options.message_bytes = message_bytes;
  return options;
}
WebSocketClientOptions calling(Compressor* compressor) {
  WebSocketClientOptions options;
  options.compressor = compressor;
  return options;
}

std::string upgrade(const std::vector<std::string>& extensions) {
  std::string text(kUpgrade.substr(0, kUpgrade.size() - 2));
  for (const std::string& value : extensions) {
    text += "Sec-WebSocket-Extensions: " + value + "\r\n";
  }
  return text + "\r\n";
}

// What the server answers to these headers: its header's value, "none", or "HTTP <status>".
std::string agreed(const std::vector<std::string>& extensions, Compress* form = nullptr) {
  static ZlibCompressor compressor;
  WebSocketServer server(serving(&compressor));
  Echo echo(server);
  echo.feed(upgrade(extensions));
  if (form != nullptr) *form = echo.info.compress;
  if (echo.http.substr(9, 3) != "101") return "HTTP " + echo.http.substr(9, 3);
  constexpr std::string_view kHeader = "\r\nSec-WebSocket-Extensions: ";
  const std::size_t at = echo.http.find(kHeader);
  if (at == std::string::npos) return "none";
  const std::size_t begin = at + kHeader.size();
  return echo.http.substr(begin, echo.http.find("\r\n", begin) - begin);
}

const std::string kName = "permessage-deflate";
const std::string kOurs = "permessage-deflate; client_no_context_takeover";

// A server that agreed, and one link to it.
struct Deflating {
  explicit Deflating(std::uint32_t message_bytes = 1 << 20, const std::string& offer = kName)
      : server(serving(&compressor, message_bytes)), echo(server) {
    echo.feed(upgrade({offer}));
    REQUIRE(echo.info.compress != Compress::none);
  }

  ZlibCompressor compressor;
  WebSocketServer server;
  Echo echo;
};

struct Data {
  unsigned opcode;
  std::string bytes;
};

// Five kinds, each as long as the longest case wants.
Data data_of(int kind) {
  constexpr std::size_t kSize = 131'072;
  std::uint32_t state = 12'345u * static_cast<std::uint32_t>(kind);
  const auto next = [&state] { return state = state * 1'664'525u + 1'013'904'223u, state >> 16; };
  Data data{kind == 2 || kind == 5 ? 2u : 1u, {}};
  const char* words[] = {"Habe", "nun", "ach", "Philosophie", "und", "leider", "auch", "Theologie"};
  while (data.bytes.size() < kSize) {
    switch (kind) {
      case 1:
        data.bytes += "{\"id\":" + std::to_string(next()) + ",\"name\":\"u" +
                      std::to_string(next()) + "\",\"ok\":true},";
        break;
      case 2:  // a picture with some noise
        data.bytes += static_cast<char>((data.bytes.size() / 512 + next() % 8) & 0xff);
        break;
      case 3:
        data.bytes += words[next() % 8];
        data.bytes += next() % 9 == 0 ? ",\n" : " ";
        break;
      case 4:
        data.bytes += "<tr><td class=\"n" + std::to_string(next() % 5) + "\">" +
                      std::to_string(next()) + "</td></tr>\n";
        break;
      default:
        data.bytes += static_cast<char>(next() & 0xff);
    }
  }
  data.bytes.resize(kSize);
  return data;
}

struct Size {
  std::size_t message;
  std::size_t fragment;  // 0: unfragmented
};
constexpr Size kSizes[] = {{16, 0},          {64, 0},          {256, 0},       {1'024, 0},
                           {4'096, 0},       {8'192, 0},       {16'384, 0},    {32'768, 0},
                           {65'536, 0},      {131'072, 0},     {8'192, 256},   {16'384, 256},
                           {32'768, 256},    {65'536, 256},    {131'072, 256}, {131'072, 1'024},
                           {131'072, 4'096}, {131'072, 32'768}};
constexpr int kMessages = 3;  // the suite sends a thousand; nothing is kept between two of ours

std::string message(unsigned opcode, const std::string& payload, std::size_t fragment) {
  if (fragment == 0) return encode({.opcode = opcode, .payload = payload, .rsv = 4});
  std::string all;
  for (std::size_t at = 0; at < payload.size() || at == 0; at += fragment) {
    const bool first = at == 0;
    all += encode({.opcode = first ? opcode : 0,
                   .payload = payload.substr(at, fragment),
                   .fin = at + fragment >= payload.size(),
                   .rsv = first ? 4u : 0u});
  }
  return all;
}

void play(const std::string& id, const std::string& offer, const Data& data, Size size, int bits) {
  for (const bool bytewise : {false, true}) {
    Deflating link(1 << 20, offer);
    for (int i = 0; i < kMessages; ++i) {
      const std::size_t at =
          static_cast<std::size_t>(i) * 1'000 % (data.bytes.size() - size.message + 1);
      const std::string plain = data.bytes.substr(at, size.message);
      link.echo.feed(message(data.opcode, deflated(plain, bits), size.fragment), bytewise);
      INFO(id << (bytewise ? " bytewise" : "") << ", message " << i << ", fault "
              << link.echo.fault);
      REQUIRE(link.echo.said.size() == static_cast<std::size_t>(i) + 1);
      const FrameKind kind = data.opcode == 1 ? FrameKind::text : FrameKind::binary;
      REQUIRE(link.echo.said.back().kind == kind);
      REQUIRE((link.echo.said.back().payload == plain));
    }
    link.echo.feed(close_frame(1000));
    CHECK(link.echo.close_code() == 1000);
    CHECK(link.server.stats().held_bytes == 0);
  }
}

int fault_of(const std::string& stream, std::uint32_t limit = 1 << 20) {
  int code = 0;
  for (const bool bytewise : {false, true}) {
    Deflating link(limit);
    link.echo.feed(stream, bytewise);
    link.echo.feed(encode({.payload = "after"}));
    CHECK(link.echo.after_end == 0);
    if (bytewise) CHECK(code == link.echo.fault);
    code = link.echo.fault;
  }
  return code;
}

}  // namespace

TEST_CASE("deflated messages of every size and kind come out as they went in", "[websocket]") {
  for (int kind = 1; kind <= 5; ++kind) {
    const Data data = data_of(kind);
    int number = 0;
    for (const Size size : kSizes) {
      play("12." + std::to_string(kind) + "." + std::to_string(++number), kName, data, size, 15);
    }
  }
}

TEST_CASE("deflated messages under every agreement come out as they went in", "[websocket]") {
  const struct {
    std::string offer;
    int bits;
    Compress form;
  } sets[] = {
      {kName, 15, Compress::chained},
      {kName + "; server_no_context_takeover", 15, Compress::alone},
      {kName + "; server_max_window_bits=9; client_max_window_bits=9", 9, Compress::alone},
      {kName + "; server_max_window_bits=15; client_max_window_bits=15", 15, Compress::chained},
      {kName + "; server_no_context_takeover; server_max_window_bits=9", 9, Compress::alone},
      {kName + "; server_no_context_takeover; server_max_window_bits=15", 15, Compress::alone},
      {kName + "; server_max_window_bits=8, " + kName + "; server_max_window_bits=12, " + kName, 12,
       Compress::alone},
  };
  const Data data = data_of(1);
  int set_number = 0;
  for (const auto& set : sets) {
    Compress form = Compress::none;
    static_cast<void>(agreed({set.offer}, &form));
    CHECK(form == set.form);
    ++set_number;
    int number = 0;
    for (const Size size : kSizes) {
      play("13." + std::to_string(set_number) + "." + std::to_string(++number), set.offer, data,
           size, set.bits);
    }
  }
}

TEST_CASE("every value of the window bits is met or declined", "[websocket]") {
  for (int bits = 0; bits < 256; ++bits) {
    const std::string text = std::to_string(bits);
    INFO("window bits " << text);
    const bool known = bits >= 8 && bits <= 15;
    CHECK(agreed({kName + "; server_max_window_bits=" + text}) ==
          (known && bits > 8 ? kOurs + "; server_max_window_bits=" + text : "none"));
    CHECK(agreed({kName + "; client_max_window_bits=" + text}) == (known ? kOurs : "none"));
    CHECK(agreed({kName + "; server_max_window_bits=\"" + text + "\""}) ==
          (known && bits > 8 ? kOurs + "; server_max_window_bits=" + text : "none"));
  }
  for (const char* wrong : {"010", "+10", "-10", "1e1", "0x0a", "10a", "4294967306", "08"}) {
    CHECK(agreed({kName + "; server_max_window_bits=" + wrong}) == "none");
    CHECK(agreed({kName + "; client_max_window_bits=" + wrong}) == "none");
  }
  CHECK(agreed({kName + "; client_max_window_bits"}) == kOurs);
  CHECK(agreed({kName + "; server_max_window_bits"}) == "none");
}

TEST_CASE("offers that cannot be met are declined, and the next one is taken", "[websocket]") {
  CHECK(agreed({}) == "none");
  CHECK(agreed({kName}) == kOurs);
  CHECK(agreed({kName + "; server_no_context_takeover"}) == kOurs + "; server_no_context_takeover");
  CHECK(agreed({kName + "; client_no_context_takeover"}) == kOurs);
  for (const char* twice :
       {"server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits=10",
        "client_max_window_bits=10", "client_max_window_bits"}) {
    CHECK(agreed({kName + "; " + twice + "; " + twice}) == "none");
    CHECK(agreed({kName + "; " + twice + "; " + twice + ", " + kName}) == kOurs);
  }
  CHECK(agreed({kName + "; server_max_window_bits=10; server_max_window_bits=11"}) == "none");
  CHECK(agreed({kName + "; unknown"}) == "none");
  CHECK(agreed({kName + "; unknown=1; server_no_context_takeover"}) == "none");
  CHECK(agreed({kName + "; server_no_context_takeover=1"}) == "none");
  CHECK(agreed({kName + "; client_no_context_takeover=true"}) == "none");
  CHECK(agreed({kName + "; Server_no_context_takeover"}) == "none");
  CHECK(agreed({"x-webkit-deflate-frame, bbf-usp-protocol"}) == "none");
  CHECK(agreed({"x-webkit-deflate-frame", kName}) == kOurs);
  CHECK(agreed({kName + "; unknown", " \t" + kName + " ;  client_max_window_bits "}) == kOurs);
  CHECK(agreed({",, " + kName + " ,"}) == kOurs);
}

TEST_CASE("a header that is not its grammar fails the handshake", "[websocket]") {
  for (const char* bad :
       {";", "permessage-deflate;", "permessage-deflate; =1", "permessage-deflate; a=",
        "permessage-deflate; a=\"", "permessage-deflate; a=\"\"", "permessage-deflate a",
        "permessage-deflate; a=\"b c\"", "\"permessage-deflate\"", "permessage-deflate; a=b=c",
        "permessage-deflate; a=\"\\", "(", "permessage-deflate, @", ",", ""}) {
    INFO(bad);
    CHECK(agreed({bad}) == "HTTP 400");
  }
}

TEST_CASE("who has not agreed may not send deflated frames", "[websocket]") {
  ZlibCompressor compressor;
  for (Compressor* const port :
       {static_cast<Compressor*>(nullptr), static_cast<Compressor*>(&compressor)}) {
    WebSocketServer server(serving(port));
    Echo echo(server);
    echo.feed(upgrade({port == nullptr ? kName : "other"}));
    CHECK(echo.info.compress == Compress::none);
    CHECK(echo.http.find("Extensions") == std::string::npos);
    echo.feed(encode({.payload = deflated("x"), .rsv = 4}));
    CHECK(echo.fault == 1002);
  }
}

TEST_CASE("reserved bits stand where they may and nowhere else", "[websocket]") {
  for (unsigned rsv = 1; rsv < 8; ++rsv) {
    const std::string text = encode({.payload = deflated("hello"), .rsv = rsv});
    CHECK(fault_of(text) == (rsv == 4 ? 0 : 1002));
    CHECK(fault_of(encode({.opcode = 9, .payload = "p", .rsv = rsv})) == 1002);
    const std::string begun =
        encode({.payload = deflated("hello").substr(0, 3), .fin = false, .rsv = 4});
    CHECK(fault_of(begun + encode({.opcode = 0, .payload = "x", .rsv = rsv})) == 1002);
  }
  // Plain ones may stand between deflated ones, and pings inside of them.
  Deflating link;
  const std::string whole = deflated("one two three");
  link.echo.feed(encode({.payload = "plain"}) +
                 encode({.payload = whole.substr(0, 4), .fin = false, .rsv = 4}) +
                 encode({.opcode = 9, .payload = "p"}) +
                 encode({.opcode = 0, .payload = whole.substr(4)}) + encode({.payload = "plain"}));
  const std::vector<Said> wanted = {{FrameKind::text, "plain"},
                                    {FrameKind::pong, "p"},
                                    {FrameKind::text, "one two three"},
                                    {FrameKind::text, "plain"}};
  CHECK(link.echo.said == wanted);
}

TEST_CASE("deflated data that is bad closes with 1007", "[websocket]") {
  CHECK(fault_of(encode({.payload = "\xff\xff\xff", .rsv = 4})) == 1007);
  CHECK(fault_of(encode({.payload = "hello", .rsv = 4})) == 1007);
  CHECK(fault_of(encode({.payload = deflated("cut before its end").substr(0, 8), .rsv = 4})) ==
        1007);
  CHECK(fault_of(encode({.payload = deflated("\xc3("), .rsv = 4})) == 1007);  // no UTF-8
  CHECK(fault_of(encode({.opcode = 2, .payload = deflated("\xc3("), .rsv = 4})) == 0);
  CHECK(fault_of(encode({.payload = deflated("\xe2\x82"), .rsv = 4})) == 1007);
  // Empty, and ended by a final block, are fine.
  CHECK(fault_of(encode({.payload = std::string(1, '\0'), .rsv = 4})) == 0);
  CHECK(fault_of(encode({.payload = deflated("fine", 15, Z_FINISH) + '\0', .rsv = 4})) == 0);
}

TEST_CASE("a message may not grow past its limits", "[websocket]") {
  constexpr std::uint32_t kLimit = 64 * 1024;
  // A MiB of zeros a thousand times; the limit of this server lets it in as it is.
  std::string bomb = deflated(std::string(1 << 20, '\0'));
  bomb.append("\0\0\xff\xff", 4);
  std::string gib;
  for (int i = 0; i < 1'000; ++i) gib += bomb;
  CHECK(fault_of(encode({.opcode = 2, .payload = gib, .rsv = 4}), 2 << 20) == 1009);
  CHECK(fault_of(encode({.opcode = 2, .payload = deflated(std::string(kLimit + 1, 'x')), .rsv = 4}),
                 kLimit) == 1009);
  // Twenty times its size, but always as much as a stranger may send.
  const auto grown = [](std::size_t size) {
    const std::string payload = deflated(std::string(size, 'x'));
    CHECK(payload.size() < 200);
    return fault_of(encode({.payload = payload, .rsv = 4}), kLimit);
  };
  CHECK(grown(6 * 1024) == 0);
  CHECK(grown(6 * 1024 + 1) == 1009);
  std::string noise = data_of(5).bytes.substr(0, kLimit + 100);
  CHECK(fault_of(encode({.opcode = 2, .payload = deflated(noise), .rsv = 4}), kLimit) == 1009);
  noise.resize(kLimit - 200);
  CHECK(fault_of(encode({.opcode = 2, .payload = deflated(noise), .rsv = 4}), kLimit) == 0);
}

TEST_CASE("strangers may send deflated what they may send at all", "[websocket]") {
  const auto fault = [](std::string_view text) {
    Deflating link(64 * 1024);
    link.echo.known = false;
    link.echo.feed(encode({.payload = deflated(text), .rsv = 4}));
    return link.echo.fault;
  };
  const std::string noise = [] {
    std::string text;
    for (int i = 0; i < 30'000; ++i) text += static_cast<char>('a' + i * i % 251 % 26);
    return text;
  }();
  CHECK(fault(noise.substr(0, 6 * 1024)) == 0);
  CHECK(fault(noise.substr(0, 6 * 1024 + 1)) == 1009);
  CHECK(fault(std::string(60'000, 'x')) == 1009);
}

TEST_CASE("our client and our server agree, and the client reads deflated frames", "[websocket]") {
  ZlibCompressor compressor;
  WebSocketServer server(serving(&compressor));
  WebSocketClient client(calling(&compressor));
  class Tool final : public FilterSink {
   public:
    bool on_open(const LinkInfo&) noexcept override { return opened = true; }
    bool on_bytes(MutableBytes) noexcept override { return false; }
    bool on_frame(FrameKind, Bytes payload) noexcept override {
      got += as_text(payload);
      return true;
    }
    void on_fault(CloseCode code) noexcept override { fault = static_cast<int>(code); }
    void on_output(Bytes bytes) noexcept override { sent += as_text(bytes); }
    void on_end() noexcept override {}
    bool opened = false;
    int fault = 0;
    std::string sent;
    std::string got;
  } tool;
  ByteFilter::State state;
  Echo echo(server);
  client.start(state, tool);
  echo.feed(tool.sent);
  CHECK(echo.info.compress == Compress::alone);
  const auto give = [&](std::string text) {
    client.feed(state, {reinterpret_cast<std::byte*>(text.data()), text.size()}, tool);
  };
  give(echo.http);
  REQUIRE(tool.opened);
  give(encode({.payload = deflated("hello", 9), .rsv = 4, .masked = false}));
  give(encode({.payload = " plain", .masked = false}));
  CHECK(tool.got == "hello plain");
  client.stop(state);
}

TEST_CASE("a client takes no agreement that it did not offer", "[websocket]") {
  ZlibCompressor compressor;
  const auto opens = [&](Compressor* port, const std::string& extensions) {
    WebSocketServer server(serving(&compressor));
    WebSocketClient client(calling(port));
    struct Tool final : FilterSink {
      bool on_open(const LinkInfo&) noexcept override { return opened = true; }
      bool on_bytes(MutableBytes) noexcept override { return false; }
      bool on_frame(FrameKind, Bytes) noexcept override { return true; }
      void on_fault(CloseCode) noexcept override {}
      void on_output(Bytes bytes) noexcept override { sent += as_text(bytes); }
      void on_end() noexcept override {}
      bool opened = false;
      std::string sent;
    } tool;
    ByteFilter::State state;
    Echo echo(server);
    client.start(state, tool);
    echo.feed(tool.sent);
    std::string answer = echo.http.substr(0, echo.http.find("\r\nSec-WebSocket-Extensions"));
    if (answer.ends_with("\r\n\r\n")) answer.resize(answer.size() - 4);
    answer += extensions.empty() ? "" : "\r\nSec-WebSocket-Extensions: " + extensions;
    answer += "\r\n\r\n";
    client.feed(state, {reinterpret_cast<std::byte*>(answer.data()), answer.size()}, tool);
    client.stop(state);
    return tool.opened;
  };
  const std::string good = kName + "; server_no_context_takeover";
  CHECK(opens(&compressor, ""));
  CHECK(opens(&compressor, good));
  CHECK(opens(&compressor, good + "; client_no_context_takeover; server_max_window_bits=10"));
  CHECK_FALSE(opens(nullptr, good));
  CHECK_FALSE(opens(&compressor, kName));  // it would have to keep a window for each link
  CHECK_FALSE(opens(&compressor, good + "; client_max_window_bits=10"));
  CHECK_FALSE(opens(&compressor, good + "; server_no_context_takeover"));
  CHECK_FALSE(opens(&compressor, good + "; unknown"));
  CHECK_FALSE(opens(&compressor, good + ", " + good));
  CHECK_FALSE(opens(&compressor, "other"));
}

}  // namespace chatroom::websocket_test
