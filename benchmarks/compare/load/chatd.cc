// chatd's JSON over WebSocket: who one is, the room, then messages as events.
#include "websocket.h"

namespace compare {
namespace {

class Chatd final : public WebSocketProtocol {
 public:
  explicit Chatd(const std::string& host) : WebSocketProtocol(host, "/chat", "chatroom.v1.json") {}

  std::string publish(std::string_view text) override {
    return websocket_frame("{\"op\":\"publish\",\"room\":\"load\",\"text\":\"" + std::string(text) +
                           "\"}");
  }
  // What stands around a text is chatd's; its frames are the ones that others are made to match.
  std::size_t frame_bytes(std::size_t) const override { return 0; }
  bool frame_carries_number() const override { return true; }  // the offset's digits

 private:
  bool upgraded(Member& member, std::string& answer) override {
    answer += websocket_frame("{\"id\":1,\"op\":\"auth\",\"user\":\"m" +
                              std::to_string(member.number) + "\"}");
    answer += websocket_frame("{\"id\":2,\"op\":\"join\",\"room\":\"load\"}");
    return false;
  }
  void read(Member& member, std::string_view frame, Found& found, std::string&) override {
    if (!member.joined) {
      if (frame.starts_with("{\"id\":2,\"ok\"")) found.what = Found::What::joined;
      if (frame.find("\"error\"") != frame.npos) found.what = Found::What::broken;
      return;
    }
    if (!frame.starts_with("{\"event\":\"message\"")) return;
    found.text = marks_.find(frame);
    if (!found.text.empty()) found.what = Found::What::message;
  }

  MarkFinder marks_;
};

}  // namespace

std::unique_ptr<Protocol> make_chatd(const std::string& host) {
  return std::make_unique<Chatd>(host);
}

}  // namespace compare
