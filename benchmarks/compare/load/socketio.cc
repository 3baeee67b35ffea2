// Socket.IO 4 over the websocket transport alone: engine.io's packet digit, then socket.io's.
#include "websocket.h"

namespace compare {
namespace {

constexpr std::string_view kBefore = "42[\"m\",\"";
constexpr std::string_view kAfter = "\"]";

class SocketIo final : public WebSocketProtocol {
 public:
  explicit SocketIo(const std::string& host)
      : WebSocketProtocol(host, "/socket.io/?EIO=4&transport=websocket", "") {}

  std::string publish(std::string_view text) override {
    return websocket_frame(std::string(kBefore) + std::string(text) + std::string(kAfter));
  }
  std::size_t frame_bytes(std::size_t text) const override {
    return websocket_frame_bytes(kBefore.size() + text + kAfter.size());
  }

 private:
  bool upgraded(Member&, std::string&) override { return false; }
  void read(Member&, std::string_view frame, Found& found, std::string& answer) override {
    if (frame.starts_with(kBefore)) {
      found.what = Found::What::message;
      found.text = frame.substr(kBefore.size());
    } else if (frame.starts_with("0")) {
      answer += websocket_frame("40");
    } else if (frame.starts_with("40")) {
      found.what = Found::What::joined;
    } else if (frame == "2") {
      answer += websocket_frame("3");
    }
  }
};

}  // namespace

std::unique_ptr<Protocol> make_socketio(const std::string& host) {
  return std::make_unique<SocketIo>(host);
}

}  // namespace compare
