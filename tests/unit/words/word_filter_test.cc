// Words in all the clothes that people put on them, and a list of a thousand against a plain
// search.
#include "chatroom/adapters/words.h"

#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chatroom/fold.h"

using namespace chatroom;

namespace {

using Action = WordFilter::Action;

std::string after(WordFilter& words, std::string_view text) {
  const Answer answer = words.look(text);
  switch (answer.verdict) {
    case Answer::Verdict::pass:
      return std::string(text);
    case Answer::Verdict::rewrite:
      return std::string(answer.text);
    case Answer::Verdict::hold:
      return "held";
    default:
      return std::string(name_of(answer.error.code)) + " by " +
             std::string(name_of(rule_of(answer.error)));
  }
}

std::string folded(std::string_view text) {
  std::string out(text.size(), ' ');
  out.resize(fold(text, out));
  return out;
}

}  // namespace

TEST_CASE("folding leaves letters, digits and signs that are words", "[words]") {
  CHECK(folded("Hello, World 42!") == "helloworld42");
  CHECK(folded("ＨＥＬＬＯ　１２") == "hello12");
  CHECK(folded("h\u200Be\u00ADl\uFEFFl\u2060o") == "hello");
  CHECK(folded("Ça ÀÉÎÕÜ łódź ſ") == "caaeioulodzs");
  CHECK(folded("h\u0301e\u0308llo") == "hello");
  CHECK(folded("𝓱𝓮𝓵𝓵𝓸 Ⓗⓔⓛⓛⓞ 🅷🅴🅻🅻🅾 𝟙") == "hellohellohello1");
  CHECK(folded("前方高能 ひらがな カタカナ 한국어") == "前方高能ひらがなカタカナ한국어");
  CHECK(folded("ПРИВЕТ Ёлка ΣΟΦΙΑ") == "приветёлкаσοφια");
  CHECK(folded("😀👍") == "😀👍");
  CHECK(folded("，。！？·…—『』（）") == "");
  CHECK(folded("") == "");
  char four[4];
  CHECK(fold("ab前", four) == 2);  // whole characters only
}

TEST_CASE("a word is masked in every spelling, and nothing else is", "[words]") {
  WordFilter words;
  REQUIRE(words.add("damn"));
  REQUIRE(words.add("坏话"));
  REQUIRE(words.add("*spam*"));
  REQUIRE(words.add("kill yourself"));
  REQUIRE_FALSE(words.add(" !? "));
  REQUIRE_FALSE(words.add(std::string(200, 'x')));
  REQUIRE(words.size() == 4);
  CHECK(after(words, "damn") == "****");
  CHECK(after(words, "well, DAMN it") == "well, **** it");
  CHECK(after(words, "ｄａｍｎ") == "****");
  CHECK(after(words, "d a m n") == "* * * *");
  CHECK(after(words, "d.a-m_n!") == "*.*-*_*!");
  CHECK(after(words, "d\u200Bam\u200Bn") == "*\u200B**\u200B*");
  CHECK(after(words, "dämn ⓓⓐⓜⓝ") == "**** ****");
  // Inside other words, or across two.
  CHECK(after(words, "damned goddamn adamnt") == "damned goddamn adamnt");
  CHECK(after(words, "am I a dam never") == "am I a dam never");
  CHECK(after(words, "da mn") == "da mn");
  CHECK(after(words, "damn你damn") == "****你****");
  // Where words have no spaces between them.
  CHECK(after(words, "这是坏话吗") == "这是**吗");
  CHECK(after(words, "坏 话 坏。话") == "* * *。*");
  CHECK(after(words, "坏 了话") == "坏 了话");
  CHECK(after(words, "antispammer SPAM") == "anti****mer ****");
  CHECK(after(words, "go kill yourself now") == "go **** ******** now");
  CHECK(after(words, "Damn, damn; spam") == "****, ****; ****");
  CHECK(after(words, "") == "");
  CHECK(after(words, "nothing here 😀") == "nothing here 😀");
}

TEST_CASE("of several words in a text the hardest decides", "[words]") {
  WordFilter words;
  CHECK(words.add_lines("# comment\n\nmild\r\n  \n", Action::mask) == 1);
  CHECK(words.add_lines("doubt\nodd", Action::hold) == 2);
  REQUIRE(words.add("never", Action::refuse));
  CHECK(after(words, "mild") == "****");
  CHECK(after(words, "mild doubt") == "held");
  CHECK(after(words, "never a mild doubt") == "filtered by filter");
  CHECK(after(words, "fine") == "fine");
  // A word more, later on.
  REQUIRE(words.add("fine"));
  CHECK(after(words, "fine") == "****");
  // The same twice; one inside another.
  WordFilter nested;
  REQUIRE(nested.add("*abc*"));
  REQUIRE(nested.add("*abc*", Action::hold));
  REQUIRE(nested.add("*b*"));
  CHECK(after(nested, "xbx") == "x*x");
  CHECK(after(nested, "abc") == "held");
}

TEST_CASE("a thousand words find what a plain search finds", "[words]") {
  std::mt19937 random(7);
  const auto word = [&](std::size_t least, std::size_t most) {
    std::string out;
    const std::size_t size = least + random() % (most - least + 1);
    while (out.size() < size) out += static_cast<char>('a' + random() % 5);
    return out;
  };
  std::vector<std::string> list;
  WordFilter words;
  for (int i = 0; i < 1'000; ++i) {
    list.push_back(word(3, 8));
    REQUIRE(words.add("*" + list.back() + "*"));
  }
  int hits = 0;
  for (int i = 0; i < 2'000; ++i) {
    const std::string text = word(1, 24);
    std::string expected = text;
    for (const std::string& one : list) {
      for (std::size_t at = text.find(one); at != std::string::npos; at = text.find(one, at + 1)) {
        expected.replace(at, one.size(), one.size(), '*');
      }
    }
    hits += expected != text ? 1 : 0;
    INFO(text);
    REQUIRE(after(words, text) == expected);
  }
  CHECK(hits > 500);
  CHECK(hits < 2'000);
}
