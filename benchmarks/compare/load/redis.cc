// Redis' RESP2: members subscribe to one channel; who subscribed may not publish there, so a
// connection of its own does.
#include <charconv>

#include "protocol.h"

namespace compare {
namespace {

constexpr std::string_view kMessage = "*3\r\n$7\r\nmessage\r\n$4\r\nroom\r\n$";
constexpr std::string_view kSubscribed = "*3\r\n$9\r\nsubscribe\r\n$4\r\nroom\r\n:";

class Redis final : public Protocol {
 public:
  std::string greeting(const Member& member) override {
    return member.publisher ? "PING\r\n" : "SUBSCRIBE room\r\n";
  }
  Found next(Member& member, std::string_view bytes, std::string&) override {
    Found found;
    if (member.publisher) return line(bytes, bytes.starts_with("+PONG"));
    const std::string_view head = member.joined ? kMessage : kSubscribed;
    if (bytes.size() < head.size()) return found;
    found.what = Found::What::broken;
    if (!bytes.starts_with(head)) return found;
    bytes.remove_prefix(head.size());
    if (!member.joined) {
      found = line(bytes, true);
      found.bytes += found.bytes > 0 ? head.size() : 0;
      return found;
    }
    const std::size_t end = bytes.find("\r\n");
    std::size_t length = 0;
    if (end == bytes.npos) return {};
    std::from_chars(bytes.data(), bytes.data() + end, length);
    if (bytes.size() < end + 2 + length + 2) return {};
    found.what = Found::What::message;
    found.bytes = head.size() + end + 2 + length + 2;
    found.text = bytes.substr(end + 2, length);
    return found;
  }
  std::string publish(std::string_view text) override {
    return "*3\r\n$7\r\nPUBLISH\r\n$4\r\nroom\r\n$" + std::to_string(text.size()) + "\r\n" +
           std::string(text) + "\r\n";
  }
  std::size_t frame_bytes(std::size_t text) const override {
    return kMessage.size() + std::to_string(text).size() + 2 + text + 2;
  }
  bool publisher_is_apart() const override { return true; }

 private:
  static Found line(std::string_view bytes, bool joins) {
    Found found;
    const std::size_t end = bytes.find("\r\n");
    if (end == bytes.npos) return found;
    found.bytes = end + 2;
    found.what = joins ? Found::What::joined : Found::What::nothing;
    if (bytes.starts_with("-")) found.what = Found::What::broken;
    return found;
  }
};

}  // namespace

std::unique_ptr<Protocol> make_redis() { return std::make_unique<Redis>(); }

}  // namespace compare
