#include "websocket.h"

namespace compare {

std::string websocket_frame(std::string_view text, char first_byte) {
  std::string frame(1, first_byte);
  if (text.size() < 126) {
    frame.push_back(static_cast<char>(0x80 | text.size()));
  } else {
    frame.push_back(static_cast<char>(0xfe));
    frame.push_back(static_cast<char>(text.size() >> 8));
    frame.push_back(static_cast<char>(text.size() & 0xff));
  }
  frame.append(4, '\0');
  frame += text;
  return frame;
}

std::size_t websocket_frame_bytes(std::size_t text_bytes) {
  return text_bytes + (text_bytes < 126 ? 2 : 4);
}

std::string WebSocketProtocol::greeting(const Member&) {
  return "GET " + path_ + " HTTP/1.1\r\nHost: " + host_ +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         (subprotocol_.empty() ? "" : "Sec-WebSocket-Protocol: " + subprotocol_ + "\r\n") + "\r\n";
}

Found WebSocketProtocol::next(Member& member, std::string_view bytes, std::string& answer) {
  Found found;
  if (member.step == 0) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == bytes.npos) return found;
    found.bytes = end + 4;
    found.what = Found::What::broken;
    if (bytes.substr(0, 12) != "HTTP/1.1 101") return found;
    member.step = 1;
    found.what = upgraded(member, answer) ? Found::What::joined : Found::What::nothing;
    return found;
  }
  if (bytes.size() < 2) return found;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  std::size_t length = byte(1), head = 2;
  if (length == 126) {
    head = 4;
    if (bytes.size() < head) return found;
    length = static_cast<std::size_t>(byte(2) << 8 | byte(3));
  }
  if (length == 127 || (byte(1) & 0x80) != 0) {
    found.what = Found::What::broken;
    return found;
  }
  if (bytes.size() < head + length) return found;
  found.bytes = head + length;
  found.what = Found::What::nothing;
  const std::string_view frame = bytes.substr(head, length);
  const unsigned opcode = byte(0) & 0x0fU;
  if (opcode == 1) read(member, frame, found, answer);
  if (opcode == 8) found.what = Found::What::broken;
  if (opcode == 9) answer += websocket_frame(frame, '\x8a');
  return found;
}

}  // namespace compare
