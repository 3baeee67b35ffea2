// Category 6: UTF-8 as in Markus Kuhn's stress list, whole, in fragments, in single bytes; and the
// four cases that must fail at the first impossible byte.
#include <string_view>
#include <utility>

#include "websocket/cases.h"

namespace chatroom::websocket_test {

namespace {

using namespace std::string_literals;

const std::string kKosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
constexpr std::size_t kHeader = 6;  // of a masked frame up to 125 bytes

struct Text {
  bool valid;
  std::string bytes;
};

std::vector<Text> all(bool valid, std::initializer_list<std::string> list) {
  std::vector<Text> texts;
  for (const std::string& bytes : list) texts.push_back({valid, bytes});
  return texts;
}

// Each byte from `first` up to before `last`, with `after` behind it.
std::string range(unsigned first, unsigned last, std::string_view after) {
  std::string text;
  for (unsigned i = first; i < last; ++i) {
    text += static_cast<char>(i);
    text += after;
  }
  return text;
}

std::vector<Text> prefixes() {
  std::vector<Text> texts;
  for (std::size_t i = 1; i <= kKosme.size(); ++i) {
    // Valid where a character ends: after 2, 5, 7, 9 and 11 bytes.
    const bool valid = i == 2 || i == 5 || i == 7 || i == 9 || i == 11;
    texts.push_back({valid, kKosme.substr(0, i)});
  }
  return texts;
}

std::vector<Text> non_characters() {
  std::vector<Text> texts = all(true, {"\xef\xbf\xbe", "\xef\xbf\xbf"});
  for (const char lead : "\xf0\xf1\xf2\xf3\xf4"s) {
    for (const char second : "\x8f\x9f\xaf\xbf"s) {
      if (lead == '\xf4' && second != '\x8f') continue;  // past U+10FFFF
      if (lead == '\xf0' && second == '\x8f') continue;  // overlong
      for (const char last : "\xbe\xbf"s) {
        texts.push_back({true, std::string{lead, second, '\xbf', last}});
      }
    }
  }
  return texts;
}

// 6.5 to 6.23, 132 texts.
std::vector<std::vector<Text>> sequences() {
  const std::string cut_short[] = {
      "\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
      "\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf"};
  std::vector<Text> missing;
  std::string joined;
  for (const std::string& bytes : cut_short) {
    missing.push_back({false, bytes});
    joined += bytes;
  }
  std::vector<Text> lonely;
  for (const auto& [first, last] :
       {std::pair{0xc0u, 0xdfu}, {0xe0u, 0xefu}, {0xf0u, 0xf7u}, {0xf8u, 0xfbu}, {0xfcu, 0xfdu}}) {
    lonely.push_back({false, range(first, last, " ")});
  }
  std::vector<Text> boundary =
      all(true, {"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"});
  boundary.push_back({false, "\xf4\x90\x80\x80"});
  return {
      all(true, {"hello\x24world", "hello\xC2\xA2world", "hello\xE2\x82\xACworld",
                 "hello\xF0\xA4\xAD\xA2world", kKosme}),
      prefixes(),
      all(true, {"\x00"s, "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"}),
      all(false, {"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}),
      all(true, {"\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}),
      all(false, {"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}),
      boundary,
      all(false, {"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf",
                  "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf", range(0x80, 0xbf, "")}),
      lonely,
      missing,
      all(false, {joined}),
      all(false, {"\xfe", "\xff", "\xfe\xfe\xff\xff"}),
      all(false, {"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf",
                  "\xfc\x80\x80\x80\x80\xaf"}),
      all(false, {"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf",
                  "\xfc\x83\xbf\xbf\xbf\xbf"}),
      all(false, {"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80",
                  "\xfc\x80\x80\x80\x80\x80"}),
      all(false, {"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80",
                  "\xed\xbe\x80", "\xed\xbf\xbf"}),
      all(false,
          {"\xed\xa0\x80\xed\xb0\x80", "\xed\xa0\x80\xed\xbf\xbf", "\xed\xad\xbf\xed\xb0\x80",
           "\xed\xad\xbf\xed\xbf\xbf", "\xed\xae\x80\xed\xb0\x80", "\xed\xae\x80\xed\xbf\xbf",
           "\xed\xaf\xbf\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf"}),
      non_characters(),
      all(true, {"\xef\xbf\xb9", "\xef\xbf\xba", "\xef\xbf\xbb", "\xef\xbf\xbc", "\xef\xbf\xbd",
                 "\xef\xbf\xbe", "\xef\xbf\xbf"}),
  };
}

// Every byte a fragment of its own.
std::string by_single_bytes(const std::string& text) {
  std::string stream;
  for (std::size_t i = 0; i < text.size(); ++i) {
    stream += encode(
        {.opcode = i == 0 ? 1u : 0u, .payload = text.substr(i, 1), .fin = i + 1 == text.size()});
  }
  return stream;
}

Case echoed(std::vector<std::string> pieces, const std::string& text) {
  pieces.push_back(close_frame(1000));
  return {.pieces = std::move(pieces), .replies = {{FrameKind::text, text}}};
}
Case refused(std::vector<std::string> pieces, std::size_t fails_by = 0) {
  return {.pieces = std::move(pieces), .replies = {}, .close = 1007, .fails_by = fails_by};
}

// 6.4: the text up to `first` bytes, up to `second`, the rest; as frames or as parts of one frame.
Case fail_fast(std::size_t first, std::size_t second, bool frames) {
  const std::string text = kKosme + "\xf4\x90\x80\x80" + "edited";
  const std::size_t impossible = 13;  // bytes of text up to and with \x90
  if (frames) {
    return refused(
        {encode({.payload = text.substr(0, first), .fin = false}),
         encode({.opcode = 0, .payload = text.substr(first, second - first), .fin = false}),
         encode({.opcode = 0, .payload = text.substr(second)})},
        2 * kHeader + impossible);
  }
  const std::string one = encode({.payload = text});
  return refused({one.substr(0, kHeader + first), one.substr(kHeader + first, second - first),
                  one.substr(kHeader + second)},
                 kHeader + impossible);
}

void written_by_hand(std::vector<Entry>& entries) {
  const auto add = [&entries](std::string id, std::function<Case()> make) {
    entries.push_back({std::move(id), std::move(make)});
  };
  const auto part = [](unsigned opcode, bool fin, std::string payload) {
    return encode({.opcode = opcode, .payload = std::move(payload), .fin = fin});
  };
  add("6.1.1", [=] { return echoed({part(1, true, "")}, ""); });
  add("6.1.2",
      [=] { return echoed({part(1, false, "") + part(0, false, "") + part(0, true, "")}, ""); });
  add("6.1.3", [=] {
    return echoed({part(1, false, "") + part(0, false, "middle frame payload") + part(0, true, "")},
                  "middle frame payload");
  });
  const std::string left = "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4";
  const std::string right = "\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!";
  add("6.2.1", [=] { return echoed({part(1, true, left + right)}, left + right); });
  add("6.2.2", [=] { return echoed({part(1, false, left) + part(0, true, right)}, left + right); });
  add("6.2.3", [=] { return echoed({by_single_bytes(left + right)}, left + right); });
  add("6.2.4", [=] { return echoed({by_single_bytes(kKosme)}, kKosme); });
  const std::string surrogate = kKosme + "\xed\xa0\x80" + "edited";
  add("6.3.1", [=] { return refused({part(1, true, surrogate)}); });
  add("6.3.2", [=] { return refused({by_single_bytes(surrogate)}, 13 * (kHeader + 1)); });
  add("6.4.1", [] { return fail_fast(11, 15, true); });
  add("6.4.2", [] { return fail_fast(12, 13, true); });
  add("6.4.3", [] { return fail_fast(11, 15, false); });
  add("6.4.4", [] { return fail_fast(12, 13, false); });
}

}  // namespace

void utf8_cases(std::vector<Entry>& entries) {
  written_by_hand(entries);
  int group = 5;
  for (const std::vector<Text>& texts : sequences()) {
    int number = 1;
    for (const Text& text : texts) {
      entries.push_back({"6." + std::to_string(group) + "." + std::to_string(number), [text] {
                           const std::string frame = encode({.payload = text.bytes});
                           return text.valid ? echoed({frame}, text.bytes) : refused({frame});
                         }});
      ++number;
    }
    ++group;
  }
}

}  // namespace chatroom::websocket_test
