// NATS' text protocol: one subject, no acknowledgements.
#include <charconv>

#include "protocol.h"

namespace compare {
namespace {

constexpr std::string_view kMessage = "MSG room 1 ";

class Nats final : public Protocol {
 public:
  std::string greeting(const Member&) override {
    return "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB room 1\r\nPING\r\n";
  }
  Found next(Member&, std::string_view bytes, std::string& answer) override {
    Found found;
    const std::size_t end = bytes.find("\r\n");
    if (end == bytes.npos) return found;
    found.bytes = end + 2;
    found.what = Found::What::nothing;
    if (bytes.starts_with(kMessage)) {
      std::size_t length = 0;
      std::from_chars(bytes.data() + kMessage.size(), bytes.data() + end, length);
      if (bytes.size() < found.bytes + length + 2) return {};
      found.text = bytes.substr(found.bytes, length);
      found.bytes += length + 2;
      found.what = Found::What::message;
    } else if (bytes.starts_with("PONG")) {
      found.what = Found::What::joined;
    } else if (bytes.starts_with("PING")) {
      answer += "PONG\r\n";
    } else if (bytes.starts_with("-ERR")) {
      found.what = Found::What::broken;
    }
    return found;
  }
  std::string publish(std::string_view text) override {
    return "PUB room " + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
  }
  std::size_t frame_bytes(std::size_t text) const override {
    return kMessage.size() + std::to_string(text).size() + 2 + text + 2;
  }
};

}  // namespace

std::unique_ptr<Protocol> make_nats() { return std::make_unique<Nats>(); }

}  // namespace compare
