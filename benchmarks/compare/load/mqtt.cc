// MQTT 3.1.1, QoS 0: one topic, no acknowledgements, no keep-alive.
#include "protocol.h"

namespace compare {
namespace {

constexpr std::string_view kTopic = "room";

std::string sized(std::string_view text) {
  return std::string{static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xff)} +
         std::string(text);
}

std::string packet(char type, const std::string& body) {
  std::string out(1, type);
  std::size_t left = body.size();
  do {
    const std::size_t digit = left % 128;
    left /= 128;
    out.push_back(static_cast<char>(digit | (left > 0 ? 0x80 : 0)));
  } while (left > 0);
  return out + body;
}

class Mqtt final : public Protocol {
 public:
  std::string greeting(const Member& member) override {
    const std::string connect = sized("MQTT") + std::string("\x04\x02\x00\x00", 4) +
                                sized("m" + std::to_string(member.number));
    const std::string subscribe = std::string("\x00\x01", 2) + sized(kTopic) + std::string(1, '\0');
    return packet('\x10', connect) + packet('\x82', subscribe);
  }
  Found next(Member&, std::string_view bytes, std::string&) override {
    Found found;
    std::size_t length = 0, head = 1;
    for (unsigned shift = 0;; shift += 7) {
      if (bytes.size() <= head) return found;
      const auto byte = static_cast<unsigned char>(bytes[head++]);
      length |= std::size_t{byte & 0x7fU} << shift;
      if ((byte & 0x80) == 0) break;
    }
    if (bytes.size() < head + length) return found;
    found.bytes = head + length;
    found.what = Found::What::nothing;
    switch (static_cast<unsigned char>(bytes[0])) {
      case 0x20:  // CONNACK
        if (bytes[head + 1] != 0) found.what = Found::What::broken;
        break;
      case 0x90:  // SUBACK
        found.what = Found::What::joined;
        break;
      case 0x30:  // PUBLISH
        found.what = Found::What::message;
        found.text = bytes.substr(head + 2 + kTopic.size(), length - 2 - kTopic.size());
        break;
      default:
        break;
    }
    return found;
  }
  std::string publish(std::string_view text) override {
    return packet('\x30', sized(kTopic) + std::string(text));
  }
  std::size_t frame_bytes(std::size_t text) const override {
    const std::size_t body = 2 + kTopic.size() + text;
    return 1 + (body < 128 ? 1 : 2) + body;
  }
};

}  // namespace

std::unique_ptr<Protocol> make_mqtt() { return std::make_unique<Mqtt>(); }

}  // namespace compare
