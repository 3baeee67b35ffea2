#include "websocket/echo.h"

namespace chatroom::websocket_test {

std::string encode(const Frame& frame) {
  static constexpr unsigned char kMasks[][4] = {
      {0x37, 0xfa, 0x21, 0x3d}, {0x01, 0x80, 0x00, 0xff}, {0x9b, 0x4c, 0xe2, 0x11}};
  const std::size_t size = frame.payload.size();
  const unsigned char* const mask = kMasks[size % 3];
  std::string out;
  const auto put = [&out](std::uint64_t byte) { out += static_cast<char>(byte & 0xFF); };
  put((frame.fin ? 0x80u : 0u) | (frame.rsv << 4) | frame.opcode);
  int form = frame.length_form;
  if (form == 0) form = size < 126 ? 7 : size < 65'536 ? 16 : 64;
  put((frame.masked ? 0x80u : 0u) | (form == 7 ? size : form == 16 ? 126u : 127u));
  for (int shift = form == 7 ? -1 : form - 8; shift >= 0; shift -= 8) put(size >> shift);
  if (frame.masked) out.append(reinterpret_cast<const char*>(mask), 4);
  const std::size_t start = out.size();
  out += frame.payload;
  if (frame.masked) {
    for (std::size_t i = 0; i < size; ++i) {
      out[start + i] = static_cast<char>(out[start + i] ^ static_cast<char>(mask[i % 4]));
    }
  }
  return out;
}

std::string close_frame(int code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  payload += reason;
  return encode({.opcode = 8, .payload = payload});
}

}  // namespace chatroom::websocket_test
