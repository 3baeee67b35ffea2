// An echo server in memory over the WebSocket filter: what the conformance table plays against. It
// keeps what it said, so that a case is graded by echoes, pongs and the close code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chatroom/adapters/websocket.h"

namespace chatroom::websocket_test {

struct Said {
  FrameKind kind;
  std::string payload;
  friend bool operator==(const Said&, const Said&) = default;
};

class Echo final : public FilterSink {
 public:
  explicit Echo(WebSocketServer& filter) : filter_(filter) {}
  ~Echo() { filter_.stop(state_); }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;

  // Feeds a copy of exactly this size, so that a read past it is found by ASan.
  void feed(std::string_view piece) {
    std::vector<std::byte> copy(as_bytes(piece).begin(), as_bytes(piece).end());
    filter_.feed(state_, copy, *this);
    fed += piece.size();
  }
  void feed_bytewise(std::string_view piece) {
    for (const char c : piece) {
      auto byte = static_cast<std::byte>(c);
      ++fed;
      filter_.feed(state_, MutableBytes(&byte, 1), *this);
    }
  }
  void feed(std::string_view piece, bool bytewise) {
    if (bytewise) return feed_bytewise(piece);
    feed(piece);
  }

  bool on_open(const LinkInfo& link) noexcept override {
    ++opened;
    info = link;
    return room;
  }
  bool on_bytes(MutableBytes) noexcept override { return false; }
  bool on_frame(FrameKind kind, Bytes payload) noexcept override {
    after_end += ended ? 1 : 0;
    if (kind == FrameKind::pong) return true;  // unsolicited: nobody answers
    const FrameKind answer = kind == FrameKind::ping ? FrameKind::pong : kind;
    said.push_back({answer, std::string(as_text(payload))});
    if (kind == FrameKind::close) ended = true;
    return !ended;
  }
  void on_fault(CloseCode code) noexcept override {
    after_end += ended ? 1 : 0;
    ended = true;
    fault = static_cast<int>(code);
    fault_at = fed;
  }
  void on_output(Bytes bytes) noexcept override { http += as_text(bytes); }
  void on_end() noexcept override {
    after_end += ended ? 1 : 0;
    ended = true;
  }
  bool admitted() noexcept override { return known; }

  // The close code that the server would send: its fault's, or the one it was sent.
  int close_code() const {
    if (fault != 0) return fault;
    if (said.empty() || said.back().kind != FrameKind::close) return 0;
    const std::string& payload = said.back().payload;
    if (payload.size() < 2) return 1005;  // an empty close is answered by an empty close
    return (static_cast<unsigned char>(payload[0]) << 8) | static_cast<unsigned char>(payload[1]);
  }

  bool room = true;   // what on_open answers
  bool known = true;  // what admitted answers
  std::size_t fed = 0;
  std::size_t fault_at = 0;
  int opened = 0;
  int fault = 0;
  int after_end = 0;  // calls after the last one: must stay 0
  bool ended = false;
  LinkInfo info;
  std::string http;
  std::vector<Said> said;

 private:
  WebSocketServer& filter_;
  ByteFilter::State state_;
};

inline constexpr std::string_view kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: chatroom.v1.json\r\n\r\n";

// One client frame, masked; every field can be made wrong.
struct Frame {
  unsigned opcode = 1;
  std::string payload = {};
  bool fin = true;
  unsigned rsv = 0;  // 0 to 7
  bool masked = true;
  int length_form = 0;  // 0: the shortest; 16, 64: that form whatever the length
};
std::string encode(const Frame& frame);
std::string close_frame(int code, std::string_view reason = {});

}  // namespace chatroom::websocket_test
