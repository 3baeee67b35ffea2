// Texts compared with patterns.
#pragma once

#include <string>
#include <string_view>

#include "catch.hpp"

namespace chatroom::test {

// Whether `text` is `pattern`, in which each '*' stands for any characters.
inline bool matches(std::string_view text, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return text == pattern;
  if (text.substr(0, star) != pattern.substr(0, star)) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  for (;;) {
    if (matches(text, pattern)) return true;
    if (text.empty()) return false;
    text.remove_prefix(1);
  }
}
// "" if it matches; else both, for the message of a failed CHECK.
inline std::string mismatch(const std::string& text, std::string_view pattern) {
  if (matches(text, pattern)) return {};
  return "got      " + text + "\nexpected " + std::string(pattern);
}
#define CHECK_LIKE(text, pattern) CHECK(::chatroom::test::mismatch(text, pattern) == "")

}  // namespace chatroom::test
