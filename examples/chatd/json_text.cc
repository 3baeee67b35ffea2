#include "json_text.h"

#include <cstdio>

namespace chatd {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      out += code;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string field(const char* key, std::string_view text) {
  if (text.empty()) return {};
  return std::string(",\"") + key + "\":" + quoted(text);
}

}  // namespace chatd
