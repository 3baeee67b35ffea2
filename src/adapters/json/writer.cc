#include "json/writer.h"

namespace chatroom::json {
namespace {

bool needs_escape(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// The short escape of a character, or 0.
char short_escape(char c) noexcept {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

}  // namespace

void Writer::escaped(std::string_view value) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  std::size_t start = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (!needs_escape(c)) continue;
    put(value.substr(start, i - start));
    start = i + 1;
    put('\\');
    if (const char name = short_escape(c); name != 0) {
      put(name);
    } else {
      put("u00");
      put(kHex[static_cast<unsigned char>(c) >> 4]);
      put(kHex[static_cast<unsigned char>(c) & 15]);
    }
  }
  put(value.substr(start));
}

void Writer::base64(Bytes bytes) noexcept {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  separate();
  put('"');
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t three = std::to_integer<std::uint32_t>(bytes[i]) << 16;
    if (left > 1) three |= std::to_integer<std::uint32_t>(bytes[i + 1]) << 8;
    if (left > 2) three |= std::to_integer<std::uint32_t>(bytes[i + 2]);
    put(kAlphabet[three >> 18]);
    put(kAlphabet[three >> 12 & 63]);
    put(left > 1 ? kAlphabet[three >> 6 & 63] : '=');
    put(left > 2 ? kAlphabet[three & 63] : '=');
  }
  put('"');
}

}  // namespace chatroom::json
