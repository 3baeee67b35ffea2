// The client's half of WebSocket, as little of it as a load generator needs: the upgrade, whole
// text frames of at most 64 KiB, pongs.
#pragma once

#include "protocol.h"

namespace compare {

// A text frame with a mask of zeros: the text as it is.
std::string websocket_frame(std::string_view text, char first_byte = '\x81');
std::size_t websocket_frame_bytes(std::size_t text_bytes);  // unmasked, as a server sends it

class WebSocketProtocol : public Protocol {
 public:
  WebSocketProtocol(std::string host, std::string path, std::string subprotocol)
      : host_(std::move(host)), path_(std::move(path)), subprotocol_(std::move(subprotocol)) {}

  std::string greeting(const Member& member) override;
  Found next(Member& member, std::string_view bytes, std::string& answer) final;
  std::string publish(std::string_view text) override { return websocket_frame(text); }
  std::size_t frame_bytes(std::size_t text) const override { return websocket_frame_bytes(text); }

 protected:
  // The upgrade was answered. True: the member is in.
  virtual bool upgraded(Member& member, std::string& answer) = 0;
  // A text frame came; `found.bytes` is set.
  virtual void read(Member& member, std::string_view frame, Found& found, std::string& answer) = 0;

 private:
  const std::string host_, path_, subprotocol_;
};

}  // namespace compare
