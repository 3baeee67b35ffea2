// Folding by ranges. NFKC with case folding does more, and needs tables of hundreds of kilobytes;
// of it a filter of words needs what people use to write the same word in another way.
#include "chatroom/fold.h"

#include <array>
#include <cstdint>

namespace chatroom {

namespace {

// U+00C0 to U+017F: the letter below the accent. '-': a sign.
constexpr std::string_view kLatin =
    "aaaaaaaceeeeiiiidnooooo-ouuuuyts"
    "aaaaaaaceeeeiiiidnooooo-ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggg"
    "gggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssss"
    "ssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static_assert(kLatin.size() == 0x180 - 0xC0);

struct Range {
  char32_t first;
  char32_t last;
};
// Of which nothing is left, in order.
constexpr Range kNothing[] = {
    {0x80, 0xA9},     {0xAB, 0xB4},     {0xB6, 0xB9},     {0xBB, 0xBF},     {0x2B0, 0x36F},
    {0x483, 0x489},   {0x591, 0x5C7},   {0x600, 0x61F},   {0x64B, 0x65F},   {0x115F, 0x1160},
    {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x2000, 0x206F},
    {0x20D0, 0x20FF}, {0x2190, 0x245F}, {0x2500, 0x25FF}, {0x3000, 0x3004}, {0x3008, 0x3020},
    {0x302A, 0x3030}, {0x303D, 0x303F}, {0x3099, 0x309C}, {0x30FB, 0x30FB}, {0x3164, 0x3164},
    {0xFE00, 0xFE6F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFE0, 0xFFFF}, {0xE0000, 0xE0FFF},
};

constexpr std::array<char, 128> kAscii = [] {
  std::array<char, 128> to{};
  for (char c = '0'; c <= '9'; ++c) to[static_cast<std::size_t>(c)] = c;
  for (char c = 'a'; c <= 'z'; ++c) {
    to[static_cast<std::size_t>(c)] = c;
    to[static_cast<std::size_t>(c - 'a' + 'A')] = c;
  }
  return to;
}();
char32_t fold_ascii(char32_t c) noexcept { return static_cast<char32_t>(kAscii[c]); }

bool nothing(char32_t c) noexcept {
  for (const Range& range : kNothing) {
    if (c < range.first) return false;
    if (c <= range.last) return true;
  }
  return false;
}

// Letters in other clothes: circled, mathematical, squared.
char32_t undressed(char32_t c) noexcept {
  if (c >= 0x2460 && c <= 0x2468) return '1' + (c - 0x2460);
  if (c >= 0x249C && c <= 0x24B5) return 'a' + (c - 0x249C);
  if (c >= 0x24B6 && c <= 0x24E9) return 'a' + (c - 0x24B6) % 26;
  if (c >= 0x1D400 && c <= 0x1D6A3) return 'a' + (c - 0x1D400) % 26;
  if (c >= 0x1D7CE && c <= 0x1D7FF) return '0' + (c - 0x1D7CE) % 10;
  if (c >= 0x1F110 && c <= 0x1F129) return 'a' + (c - 0x1F110);
  if (c >= 0x1F130 && c <= 0x1F149) return 'a' + (c - 0x1F130);
  if (c >= 0x1F150 && c <= 0x1F169) return 'a' + (c - 0x1F150);
  if (c >= 0x1F170 && c <= 0x1F189) return 'a' + (c - 0x1F170);
  return c;
}

std::size_t write(char32_t c, char* to) noexcept {
  if (c < 0x80) {
    to[0] = static_cast<char>(c);
    return 1;
  }
  const auto tail = [c](int shift) { return static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x800) {
    to[0] = static_cast<char>(0xC0 | (c >> 6)), to[1] = tail(0);
    return 2;
  }
  if (c < 0x10000) {
    to[0] = static_cast<char>(0xE0 | (c >> 12)), to[1] = tail(6), to[2] = tail(0);
    return 3;
  }
  to[0] = static_cast<char>(0xF0 | (c >> 18)), to[1] = tail(12), to[2] = tail(6), to[3] = tail(0);
  return 4;
}

}  // namespace

char32_t fold(char32_t c) noexcept {
  if (c < 0x80) return fold_ascii(c);
  if (c >= 0x4E00 && c <= 0x9FFF) return c;  // ideographs, most of what is not ASCII
  if (c >= 0xC0 && c < 0x180) {
    const char letter = kLatin[c - 0xC0];
    return letter == '-' ? 0 : static_cast<char32_t>(letter);
  }
  if (c >= 0xFF01 && c <= 0xFF5E) return fold_ascii(c - 0xFEE0);
  if (c >= 0x391 && c <= 0x3A9) return c + 0x20;
  if (c >= 0x410 && c <= 0x42F) return c + 0x20;
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  return nothing(c) ? 0 : undressed(c);
}

char32_t first_character(std::string_view text, std::size_t& bytes) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = at(0);
  bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes > text.size()) bytes = 1;
  if (bytes == 1) return lead;
  char32_t c = lead & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) c = c << 6 | (at(i) & 0x3Fu);
  return c;
}

// Letters of ASCII and most ideographs, that is, nearly all of nearly every text, take a short way.
std::size_t fold(std::string_view text, std::span<char> to) noexcept {
  std::size_t used = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<std::uint8_t>(text[at]);
    if (lead < 0x80) {
      if (used == to.size()) break;
      to[used] = kAscii[lead];
      used += to[used] != 0 ? 1 : 0;
      ++at;
      continue;
    }
    std::size_t bytes = 3;
    if (lead >= 0xE5 && lead <= 0xE9 && text.size() - at >= bytes) {  // U+5000 to U+9FFF
      if (to.size() - used < bytes) break;
      used += text.copy(to.data() + used, bytes, at);
      at += bytes;
      continue;
    }
    const char32_t plain = fold(first_character(text.substr(at), bytes));
    if (to.size() - used < bytes) break;  // its plain form is never longer
    if (plain != 0) used += write(plain, to.data() + used);
    at += bytes;
  }
  return used;
}

}  // namespace chatroom
