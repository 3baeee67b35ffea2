#include "protocol.h"

#include <cstring>

namespace compare {

std::unique_ptr<Protocol> make_protocol(std::string_view name, const std::string& host) {
  if (name == "chatd") return make_chatd(host);
  if (name == "websocket") return make_plain_websocket(host, "/");
  if (name == "nchan") return make_plain_websocket(host, "/room");
  if (name == "socketio") return make_socketio(host);
  if (name == "nats") return make_nats();
  if (name == "redis") return make_redis();
  if (name == "mqtt") return make_mqtt();
  return nullptr;
}

void write_mark(char* text, std::uint32_t number) {
  text[0] = '~';
  for (std::size_t i = kMarkBytes - 1; i > 0; --i, number /= 10)
    text[i] = static_cast<char>('0' + number % 10);
}

std::uint32_t read_mark(std::string_view text) {
  std::uint32_t number = 0;
  for (std::size_t i = 1; i < kMarkBytes; ++i)
    number = number * 10 + static_cast<std::uint32_t>(text[i] - '0');
  return number;
}

std::string_view MarkFinder::find(std::string_view frame) {
  if (usual_ + kMarkBytes <= frame.size() && frame[usual_] == '~') return frame.substr(usual_);
  const void* at = std::memchr(frame.data(), '~', frame.size());
  if (at == nullptr) return {};
  usual_ = static_cast<std::size_t>(static_cast<const char*>(at) - frame.data());
  return usual_ + kMarkBytes <= frame.size() ? frame.substr(usual_) : std::string_view{};
}

}  // namespace compare
