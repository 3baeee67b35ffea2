// A WebSocket whose frames are the messages: the floors, Node's ws and nchan.
#include "websocket.h"

namespace compare {
namespace {

class PlainWebSocket final : public WebSocketProtocol {
 public:
  using WebSocketProtocol::WebSocketProtocol;

 private:
  bool upgraded(Member&, std::string&) override { return true; }
  void read(Member&, std::string_view frame, Found& found, std::string&) override {
    if (frame.size() < kMarkBytes || frame[0] != '~') return;  // nchan answers its publisher
    found.what = Found::What::message;
    found.text = frame;
  }
};

}  // namespace

std::unique_ptr<Protocol> make_plain_websocket(const std::string& host, const char* path) {
  return std::make_unique<PlainWebSocket>(host, path, "");
}

}  // namespace compare
