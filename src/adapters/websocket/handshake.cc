#include "websocket/handshake.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace chatroom::websocket {

namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kKeyCharacters = 24;

using Digest = std::array<std::uint32_t, 5>;

void digest_block(const unsigned char* block, Digest& h) noexcept {
  std::uint32_t w[80];
  for (int i = 0; i < 16; ++i) {
    const unsigned char* const word = block + 4 * i;
    w[i] = (std::uint32_t{word[0]} << 24) | (std::uint32_t{word[1]} << 16) |
           (std::uint32_t{word[2]} << 8) | word[3];
  }
  for (int i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  auto [a, b, c, d, e] = h;
  for (int i = 0; i < 80; ++i) {
    std::uint32_t f = b ^ c ^ d;
    std::uint32_t k = 0;
    if (i < 20) {
      f = (b & c) | (~b & d);
      k = 0x5A827999;
    } else if (i < 40) {
      k = 0x6ED9EBA1;
    } else if (i < 60) {
      f = (b & c) | (b & d) | (c & d);
      k = 0x8F1BBCDC;
    } else {
      k = 0xCA62C1D6;
    }
    const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
}

}  // namespace

std::array<std::byte, 20> sha1(std::string_view text) noexcept {
  Digest h{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  const std::uint64_t bits = std::uint64_t{text.size()} * 8;
  unsigned char block[kBlockBytes];
  for (; text.size() >= kBlockBytes; text.remove_prefix(kBlockBytes)) {
    std::memcpy(block, text.data(), kBlockBytes);
    digest_block(block, h);
  }
  // The rest, a one bit, zeros, and the length in the last eight bytes.
  std::memset(block, 0, sizeof block);
  std::memcpy(block, text.data(), text.size());
  block[text.size()] = 0x80;
  if (text.size() >= kBlockBytes - 8) {
    digest_block(block, h);
    std::memset(block, 0, sizeof block);
  }
  for (std::size_t i = 0; i < 8; ++i) {
    block[kBlockBytes - 1 - i] = static_cast<unsigned char>(bits >> (8 * i));
  }
  digest_block(block, h);
  std::array<std::byte, 20> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::byte>(h[i / 4] >> (24 - 8 * (i % 4)));
  }
  return out;
}

std::string base64(Bytes bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8) | (j < count ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += j <= count ? kAlphabet[(group >> (18 - 6 * j)) & 63] : '=';
    }
  }
  return out;
}

bool is_handshake_key(std::string_view key) noexcept {
  if (key.size() != kKeyCharacters || key.substr(kKeyCharacters - 2) != "==") return false;
  key.remove_suffix(2);
  return std::all_of(key.begin(), key.end(),
                     [](char c) { return kAlphabet.find(c) != std::string_view::npos; });
}

std::string accept_for(std::string_view key) {
  const auto digest = sha1(std::string(key).append(kGuid));
  return base64(digest);
}

}  // namespace chatroom::websocket
