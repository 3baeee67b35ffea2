// What emote-only rooms let through: emoji, :names: of emotes, and spaces between them.
#include "chatroom/fold.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

bool is_emoji(char32_t c) noexcept {
  if (c >= 0x1F000 && c <= 0x1FAFF) return true;
  if (c >= 0x2190 && c <= 0x2BFF) return true;    // arrows, signs, dingbats
  if (c >= 0xE0020 && c <= 0xE007F) return true;  // flags of regions
  return c == 0x200D || c == 0xFE0F || c == 0x20E3 || c == 0x203C || c == 0x2049 || c == 0x3030 ||
         c == 0x303D || c == 0x3297 || c == 0x3299 || c == 0xA9 || c == 0xAE || c == 0x2122 ||
         c == 0x2139;
}

bool in_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '+';
}

// How many bytes a :name: at the front has; 0: there is none.
std::size_t name_at(std::string_view text) noexcept {
  std::size_t end = 1;
  while (end < text.size() && in_name(text[end])) ++end;
  return end > 1 && end < text.size() && text[end] == ':' ? end + 1 : 0;
}

}  // namespace

bool only_emotes(std::string_view text) noexcept {
  while (!text.empty()) {
    if (text[0] == ' ' || text[0] == '\n') {
      text.remove_prefix(1);
    } else if (text[0] == ':') {
      const std::size_t name = name_at(text);
      if (name == 0) return false;
      text.remove_prefix(name);
    } else {
      std::size_t bytes = 1;
      if (!is_emoji(first_character(text, bytes))) return false;
      text.remove_prefix(bytes);
    }
  }
  return true;
}

}  // namespace chatroom::room
