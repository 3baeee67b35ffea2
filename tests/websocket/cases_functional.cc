// Categories 1 to 7 and 10: framing, pings, reserved bits and opcodes, fragments, UTF-8, close.
#include <initializer_list>
#include <utility>

#include "websocket/cases.h"

namespace chatroom::websocket_test {

namespace {

using namespace std::string_literals;

constexpr FrameKind kText = FrameKind::text;
constexpr FrameKind kBinary = FrameKind::binary;
constexpr FrameKind kPong = FrameKind::pong;
const std::string kHello = "Hello, world!";

// Three ways of cutting the same frames.
enum class Cut { whole, frames, bytes };

std::vector<std::string> cut(const std::vector<Frame>& frames, Cut how) {
  std::vector<std::string> pieces;
  std::string all;
  for (const Frame& frame : frames) {
    const std::string bytes = encode(frame);
    if (how == Cut::frames) pieces.push_back(bytes);
    all += bytes;
  }
  if (how == Cut::whole) pieces.push_back(all);
  if (how == Cut::bytes) {
    for (const char c : all) pieces.emplace_back(1, c);
  }
  return pieces;
}

// The frames, then a proper close.
Case good(std::vector<Frame> frames, std::vector<Said> replies, Cut how = Cut::whole) {
  Case it{.pieces = cut(frames, how), .replies = std::move(replies)};
  it.pieces.push_back(close_frame(1000));
  return it;
}
Case bad(std::vector<Frame> frames, std::vector<Said> replies, int close, Cut how = Cut::whole) {
  return {.pieces = cut(frames, how), .replies = std::move(replies), .close = close};
}

class Table {
 public:
  void add(std::string id, std::function<Case()> make) {
    entries_.push_back({std::move(id), std::move(make)});
  }
  std::vector<Entry> take() { return std::move(entries_); }

 private:
  std::vector<Entry> entries_;
};

std::vector<std::string> chop(const std::string& bytes, std::size_t size) {
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < bytes.size(); i += size) pieces.push_back(bytes.substr(i, size));
  return pieces;
}

void framing(Table& table) {
  const std::size_t sizes[] = {0, 125, 126, 127, 128, 65'535, 65'536, 65'536};
  for (const unsigned opcode : {1u, 2u}) {
    for (int i = 0; i < 8; ++i) {
      const std::string id = "1." + std::to_string(opcode) + "." + std::to_string(i + 1);
      table.add(id, [opcode, i, size = sizes[i]] {
        const std::string payload(size, opcode == 1 ? '*' : '\xfe');
        Case it = good({{.opcode = opcode, .payload = payload}},
                       {{opcode == 1 ? kText : kBinary, payload}});
        if (i == 7) {
          auto pieces = chop(it.pieces[0], 997);
          pieces.push_back(it.pieces[1]);
          it.pieces = std::move(pieces);
        }
        return it;
      });
    }
  }
}

void pings(Table& table) {
  const auto ping = [](std::string payload) { return Frame{.opcode = 9, .payload = payload}; };
  const auto add = [&table, ping](int number, std::string payload, Cut how = Cut::whole) {
    table.add("2." + std::to_string(number), [=] {
      return good({ping(payload)}, {{kPong, payload}}, how);
    });
  };
  add(1, "");
  add(2, kHello);
  add(3, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"s);
  add(4, std::string(125, '\xfe'));
  table.add("2.5", [ping] { return bad({ping(std::string(126, '\xfe'))}, {}, 1002); });
  add(6, std::string(125, '\xfe'), Cut::bytes);
  const Frame pong{.opcode = 10, .payload = "unsolicited pong payload"};
  table.add("2.7", [] { return good({{.opcode = 10, .payload = ""}}, {}); });
  table.add("2.8", [pong] { return good({pong}, {}); });
  table.add("2.9", [pong, ping] {
    return good({pong, ping("ping payload")}, {{kPong, "ping payload"}});
  });
  for (const int number : {10, 11}) {
    table.add("2." + std::to_string(number), [number, ping] {
      std::vector<Frame> frames;
      std::vector<Said> replies;
      for (int i = 0; i < 10; ++i) {
        const std::string payload = "payload-" + std::to_string(i);
        frames.push_back(ping(payload));
        replies.push_back({kPong, payload});
      }
      return good(frames, replies, number == 10 ? Cut::whole : Cut::bytes);
    });
  }
}

void reserved_bits(Table& table) {
  const Frame hello{.payload = kHello};
  const Frame ping{.opcode = 9, .payload = ""};
  const auto later = [=](unsigned rsv, Cut how) {
    return [=] {
      return bad({hello, {.payload = kHello, .rsv = rsv}, ping}, {{kText, kHello}}, 1002, how);
    };
  };
  const auto first = [](unsigned opcode, std::string payload, unsigned rsv) {
    return [=] { return bad({{.opcode = opcode, .payload = payload, .rsv = rsv}}, {}, 1002); };
  };
  table.add("3.1", first(1, kHello, 1));
  table.add("3.2", later(2, Cut::whole));
  table.add("3.3", later(3, Cut::frames));
  table.add("3.4", later(4, Cut::bytes));
  table.add("3.5", first(2, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"s, 5));
  table.add("3.6", first(9, kHello, 6));
  table.add("3.7", first(8, "", 7));
}

void reserved_opcodes(Table& table) {
  const Frame hello{.payload = kHello};
  const Frame ping{.opcode = 9, .payload = ""};
  for (const int group : {1, 2}) {
    for (int i = 1; i <= 5; ++i) {
      const unsigned opcode = static_cast<unsigned>((group == 1 ? 2 : 10) + i);
      const std::string payload = i % 2 == 0 ? kHello : "";
      const std::string id = "4." + std::to_string(group) + "." + std::to_string(i);
      table.add(id, [=] {
        const Frame odd{.opcode = opcode, .payload = payload};
        if (i <= 2) return bad({odd}, {}, 1002);
        return bad({hello, odd, ping}, {{kText, kHello}}, 1002, i == 5 ? Cut::bytes : Cut::whole);
      });
    }
  }
}

void fragments(Table& table) {
  const auto part = [](unsigned opcode, bool fin, std::string payload) {
    return Frame{.opcode = opcode, .payload = payload, .fin = fin};
  };
  const Frame one = part(1, false, "fragment1");
  const Frame two = part(0, true, "fragment2");
  const Said both{kText, "fragment1fragment2"};
  const Frame ping = part(9, true, "ping payload");
  for (const auto& [number, opcode] : {std::pair{1, 9u}, {2, 10u}}) {
    table.add("5." + std::to_string(number), [=, opcode = opcode] {
      return bad({part(opcode, false, "fragment1"), two}, {}, 1002);
    });
  }
  const Cut cuts[] = {Cut::whole, Cut::frames, Cut::bytes};
  for (int i = 0; i < 3; ++i) {
    const Cut how = cuts[i];
    table.add("5." + std::to_string(3 + i), [=] { return good({one, two}, {both}, how); });
    table.add("5." + std::to_string(6 + i), [=] {
      return good({one, ping, two}, {{kPong, "ping payload"}, both}, how);
    });
    for (const bool fin : {true, false}) {
      table.add("5." + std::to_string((fin ? 9 : 12) + i), [=] {
        return bad({part(0, fin, "non-continuation payload"), part(1, true, kHello)}, {}, 1002,
                   how);
      });
    }
  }
  table.add("5.15", [=] {
    return bad({one, two, part(0, false, "fragment3"), part(1, true, "fragment4")}, {both}, 1002);
  });
  for (const bool fin : {false, true}) {
    table.add(fin ? "5.17" : "5.16", [=] {
      const Frame stray = part(0, fin, "fragment1");
      const Frame start = part(1, false, "fragment2");
      const Frame end = part(0, true, "fragment3");
      return bad({stray, start, end, stray, start, end}, {}, 1002);
    });
  }
  table.add("5.18", [=] { return bad({one, part(1, true, "fragment2")}, {}, 1002); });
  for (const int number : {19, 20}) {
    table.add("5." + std::to_string(number), [=] {
      const std::vector<Frame> frames = {one,
                                         part(0, false, "fragment2"),
                                         part(9, true, "pongme 1!"),
                                         part(0, false, "fragment3"),
                                         part(0, false, "fragment4"),
                                         part(9, true, "pongme 2!"),
                                         part(0, true, "fragment5")};
      return good(frames,
                  {{kPong, "pongme 1!"},
                   {kPong, "pongme 2!"},
                   {kText, "fragment1fragment2fragment3fragment4fragment5"}},
                  number == 19 ? Cut::whole : Cut::frames);
    });
  }
}

void close_handling(Table& table) {
  const std::string close = close_frame(1000);
  const std::string hello = encode({.payload = kHello});
  const auto clean = [&table](std::string id, std::vector<std::string> pieces,
                              std::vector<Said> replies = {}, int code = 1000) {
    table.add(id, [=] { return Case{.pieces = pieces, .replies = replies, .close = code}; });
  };
  clean("7.1.1", {hello, close}, {{kText, kHello}});
  clean("7.1.2", {close + encode({.opcode = 8})});
  clean("7.1.3", {close + encode({.opcode = 9})});
  clean("7.1.4", {close + hello});
  clean("7.1.5", {encode({.payload = "fragment1", .fin = false}) + close +
                  encode({.opcode = 0, .payload = "fragment2"})});
  table.add("7.1.6", [=] {
    std::string big;
    while (big.size() < 256 * 1024) big += "BAsd7&jh23";
    big.resize(256 * 1024);
    return Case{.pieces = {encode({.payload = big}) + hello + close + encode({.opcode = 9})},
                .replies = {{kText, big}, {kText, kHello}}};
  });
  clean("7.3.1", {encode({.opcode = 8})}, {}, 1005);
  clean("7.3.2", {encode({.opcode = 8, .payload = "a"})}, {}, 1002);
  clean("7.3.3", {close});
  clean("7.3.4", {close_frame(1000, "Hello World!")});
  clean("7.3.5", {close_frame(1000, std::string(123, '*'))});
  clean("7.3.6", {close_frame(1000, std::string(124, '*'))}, {}, 1002);
  clean("7.5.1",
        {close_frame(1000,
                     "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"
                     "edited")},
        {}, 1007);
  int number = 0;
  for (const int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999}) {
    clean("7.7." + std::to_string(++number), {close_frame(code)}, {}, code);
  }
  number = 0;
  for (const int code : {0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999}) {
    clean("7.9." + std::to_string(++number), {close_frame(code)}, {}, 1002);
  }
  clean("7.13.1", {close_frame(5000)}, {}, 1002);
  clean("7.13.2", {close_frame(65'535)}, {}, 1002);
}

void automatic_fragments(Table& table) {
  table.add("10.1.1", [] {
    const std::string payload(65'536, '*');
    std::vector<Frame> frames;
    for (std::size_t i = 0; i < payload.size(); i += 1'300) {
      frames.push_back({.opcode = i == 0 ? 1u : 0u,
                        .payload = payload.substr(i, 1'300),
                        .fin = i + 1'300 >= payload.size()});
    }
    return good(frames, {{kText, payload}}, Cut::frames);
  });
}

}  // namespace

void utf8_cases(std::vector<Entry>& entries);  // cases_utf8.cc

std::vector<Entry> functional_cases() {
  Table table;
  framing(table);
  pings(table);
  reserved_bits(table);
  reserved_opcodes(table);
  fragments(table);
  close_handling(table);
  automatic_fragments(table);
  std::vector<Entry> entries = table.take();
  utf8_cases(entries);
  return entries;
}

}  // namespace chatroom::websocket_test
