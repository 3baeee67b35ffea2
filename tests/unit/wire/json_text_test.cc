// check_json: what is JSON, and what our rules forbid on top.
#include <algorithm>
#include <ctime>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "chatroom/codec_checks.h"
#include "turns.h"

using namespace chatroom;

namespace {

bool good(std::string_view text, int depth = kDataDepthMax) {
  // In a block of its own size, so that a sanitizer sees a read behind the end.
  const std::string copy(text);
  const std::unique_ptr<std::byte[]> bytes(new std::byte[copy.size()]);
  std::copy_n(as_bytes(copy).data(), copy.size(), bytes.get());
  return static_cast<bool>(check_json({bytes.get(), copy.size()}, depth));
}

std::string nested(std::size_t levels, char open, char close, const char* inner = "") {
  return std::string(levels, open) + inner + std::string(levels, close);
}

}  // namespace

TEST_CASE("every kind of JSON value passes", "[json]") {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "12",
                           "-1.5",
                           "1e9",
                           "1E+9",
                           "0.1e-2",
                           "1.0E10",
                           R"("")",
                           R"("text")",
                           R"("\"\\\/\b\f\n\r\t")",
                           R"("\u00e9\uD83D\ude00")",
                           "\"弹幕 👨‍👩‍👧\"",
                           "\"\x7f\"",
                           "[]",
                           "{}",
                           "[ ]",
                           "{ }",
                           "[1,2,[3,{}]]",
                           R"({"a":1,"b":{"a":2},"":[]})",
                           " \t\r\n{ \"a\" : [ 1 , 2 ] } \n",
                           R"({"a":{"x":1},"b":{"x":1}})",
                           R"([{"x":1},{"x":1}])",
                           "123456789012345678901234567890"}) {
    INFO(text);
    CHECK(good(text));
  }
}

TEST_CASE("what is not JSON is refused", "[json]") {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "nulll",
                           "True",
                           "+1",
                           "01",
                           "-",
                           "-01",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "0x10",
                           "NaN",
                           "Infinity",
                           "'a'",
                           "\"",
                           "\"a",
                           "a\"",
                           "[",
                           "]",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{",
                           "}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,}",
                           "{a:1}",
                           "{1:2}",
                           "{\"a\" 1}",
                           "[}",
                           "{]",
                           "[1}",
                           "{\"a\":1]",
                           "1 2",
                           "{}{}",
                           "[]]",
                           "// c",
                           "[/**/]",
                           "\"\t\"",
                           "\"\n\"",
                           R"("\x41")",
                           R"("\u12")",
                           R"("\u12g4")",
                           R"("\)",
                           R"("\u)",
                           R"({"a":1 "b":2})",
                           "nan",
                           "\xef\xbb\xbf{}"}) {
    INFO(text);
    CHECK_FALSE(good(text));
  }
}

TEST_CASE("NUL, lone surrogates and malformed UTF-8 are refused in any spelling", "[json]") {
  CHECK_FALSE(good(std::string_view("\"\0\"", 3)));
  CHECK_FALSE(good(R"("\u0000")"));
  CHECK_FALSE(good(R"("\ud800")"));
  CHECK_FALSE(good(R"("\ud800x")"));
  CHECK_FALSE(good(R"("\ud800\n")"));
  CHECK_FALSE(good(R"("\ud800\ud800")"));
  CHECK_FALSE(good(R"("\udc00")"));
  CHECK_FALSE(good(R"("\udc00\ud800")"));
  CHECK_FALSE(good(R"({"\udfff":1})"));
  CHECK_FALSE(good("\"\xc0\x80\""));
  CHECK_FALSE(good("\"\xed\xa0\x80\""));
  CHECK_FALSE(good("\"\xff\""));
  CHECK(good(R"("\ud800\udc00\udbff\udfff")"));
  CHECK(good(R"("\ud7ff\ue000\uffff")"));
}

TEST_CASE("depth is counted over objects and arrays together", "[json]") {
  CHECK(good(nested(15, '[', ']')));
  CHECK_FALSE(good(nested(16, '[', ']')));
  CHECK(good(nested(16, '[', ']'), 16));
  CHECK(good("[" + nested(14, '[', ']') + "," + nested(14, '[', ']') + "]"));
  CHECK_FALSE(good(R"([{"a":[{"b":[{"c":[{"d":[{"e":[{"f":[{"g":[{"h":1}]}]}]}]}]}]}]}])"));
  CHECK(good("1", 0));
  CHECK_FALSE(good("[]", 0));
  CHECK(good(nested(64, '[', ']'), 64));
  CHECK_FALSE(good(nested(65, '[', ']'), 1'000));
  CHECK_FALSE(good(std::string(100'000, '[')));
}

TEST_CASE("a key may stand once in an object, however it is spelled", "[json]") {
  CHECK_FALSE(good(R"({"a":1,"a":2})"));
  CHECK_FALSE(good(R"({"a":1,"b":{},"a":2})"));
  CHECK_FALSE(good(R"({"a":1,"\u0061":2})"));
  CHECK_FALSE(good(R"({"\u00e9":1,"é":2})"));
  CHECK_FALSE(good(R"({"\u20ac":1,"€":2})"));
  CHECK_FALSE(good(R"({"\uD83D\uDE00":1,"😀":2})"));
  CHECK_FALSE(good(R"({"\/":1,"/":2})"));
  CHECK_FALSE(good(R"({"\n":1,"\u000a":2})"));
  CHECK_FALSE(good(R"({"\b\f\r\t\"\\":1,"\u0008\u000c\u000d\u0009\u0022\u005c":2})"));
  CHECK_FALSE(good(R"({"":1,"":2})"));
  CHECK_FALSE(good(R"([{"x":{"a":1,"a":1}}])"));
  CHECK(good(R"({"a":1,"A":2,"a ":3,"aa":4})"));
  CHECK(good(R"({"a":{"a":{"a":1}}})"));
}

TEST_CASE("keys that hash alike are still told apart", "[json]") {
  // FNV-1a with 32 bits: pairs known to collide.
  CHECK(good(R"({"costarring":1,"liquid":2})"));
  CHECK(good(R"({"declinate":1,"macallums":2})"));
  CHECK_FALSE(good(R"({"costarring":1,"liquid":2,"costarring":3})"));
}

TEST_CASE("an object of keys that all hash alike costs little more than any other", "[json]") {
  // A chain of pairs of blocks; each pair leads from one FNV-1a state to one other, so that every
  // choice among them hashes alike.
  std::mt19937 random(3);
  const auto letters = [&](std::size_t count) {
    std::string text;
    while (text.size() < count) text += static_cast<char>('a' + random() % 16);
    return text;
  };
  std::uint32_t state = 2'166'136'261u;
  std::vector<std::pair<std::string, std::string>> pairs;
  std::map<std::uint32_t, std::string> seen;
  while (pairs.size() < 10) {
    std::string block = letters(8);
    std::uint32_t hash = state;
    for (const char c : block) hash = (hash ^ static_cast<std::uint32_t>(c)) * 16'777'619u;
    const auto [at, is_new] = seen.emplace(hash, block);
    if (is_new || at->second == block) continue;
    pairs.emplace_back(at->second, block);
    state = hash;
    seen.clear();
  }
  const auto object_of = [](const auto& key_of) {
    std::string text = "{";
    for (std::size_t i = 0; i < 1'000; ++i) {
      text += (i == 0 ? "\"" : ",\"") + key_of(i) + "\":1";
    }
    return text + "}";
  };
  const std::string crafted = object_of([&](std::size_t i) {
    std::string key;
    for (std::size_t bit = 0; bit < pairs.size(); ++bit) {
      key += (i >> bit & 1) != 0 ? pairs[bit].first : pairs[bit].second;
    }
    return key;
  });
  const std::string plain = object_of([&](std::size_t) { return letters(80); });
  const auto cost_of = [](const std::string& text) {
    const std::clock_t begin = std::clock();
    for (int i = 0; i < 3; ++i) REQUIRE(check_json(as_bytes(text)));
    return std::clock() - begin;
  };
  const auto [ordinary, attacked] = test::in_turns(cost_of, plain, crafted);
  INFO(ordinary << " and " << attacked << " ticks");
  CHECK(attacked < ordinary * 60);
  CHECK_FALSE(good(crafted.substr(0, crafted.size() - 1) + "," + crafted.substr(1)));
}

TEST_CASE("too many keys at once are refused, many in a row are not", "[json]") {
  const auto object = [](std::size_t keys) {
    std::string text = "{";
    for (std::size_t i = 0; i < keys; ++i) {
      text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":0";
    }
    return text + "}";
  };
  CHECK(good(object(kJsonKeysMax)));
  CHECK_FALSE(good(object(kJsonKeysMax + 1)));
  CHECK(good("[" + object(1'000) + "," + object(1'000) + "]"));
  CHECK_FALSE(good("{\"a\":" + object(kJsonKeysMax) + "}"));
}

TEST_CASE("mutated JSON never harms, and every prefix of a container is refused", "[json]") {
  const std::string base =
      R"({"gift":"rocket \u00e9 \ud83d\ude00","n":[1,-2.5e+3,null,true],"o":{"a":{},"b":[[]]}})";
  REQUIRE(good(base));
  for (std::size_t size = 0; size < base.size(); ++size) {
    REQUIRE_FALSE(good(std::string_view(base).substr(0, size)));
  }
  std::mt19937 random(5);
  int passed = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::string text = base;
    for (auto n = random() % 4 + 1; n > 0; --n) {
      text[random() % text.size()] = "{}[]\",:\\u0159ednaf \xc3\xa9"[random() % 22];
    }
    passed += good(text);
  }
  CHECK(passed < 10'000);
}
