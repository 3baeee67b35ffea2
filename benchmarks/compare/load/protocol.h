// What the load generator knows of a server's language: how a member gets in, how a message is
// said, and where messages are in the bytes that come back. One file a protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace compare {

struct Member {
  int fd = -1;
  std::uint32_t number = 0;
  bool publisher = false;      // says the messages
  bool joined = false;         // the server said that messages will come
  int step = 0;                // of the way in; the protocol's own
  std::uint32_t received = 0;  // messages
  std::string in;              // bytes that are not whole yet
  std::string out;             // bytes that the socket did not take yet
};

// The next thing in a member's bytes.
struct Found {
  enum class What { incomplete, nothing, joined, message, broken };
  What what = What::incomplete;
  std::size_t bytes = 0;  // that it occupies; 0 if incomplete
  std::string_view text;  // of a message: begins with its mark
};

class Protocol {
 public:
  virtual ~Protocol() = default;
  // What a member says first.
  virtual std::string greeting(const Member& member) = 0;
  // Reads one frame; `answer` is said at once.
  virtual Found next(Member& member, std::string_view bytes, std::string& answer) = 0;
  virtual std::string publish(std::string_view text) = 0;
  // Bytes of a delivered message on the wire for a text of so many.
  virtual std::size_t frame_bytes(std::size_t text_bytes) const = 0;
  // A connection that subscribes cannot publish: one more connection does.
  virtual bool publisher_is_apart() const { return false; }
  // Bytes of the frame that grow with the message's number.
  virtual bool frame_carries_number() const { return false; }
};

// Null: no such protocol. `host`: as HTTP's Host wants it.
std::unique_ptr<Protocol> make_protocol(std::string_view name, const std::string& host);

std::unique_ptr<Protocol> make_chatd(const std::string& host);
std::unique_ptr<Protocol> make_plain_websocket(const std::string& host, const char* path);
std::unique_ptr<Protocol> make_socketio(const std::string& host);
std::unique_ptr<Protocol> make_nats();
std::unique_ptr<Protocol> make_redis();
std::unique_ptr<Protocol> make_mqtt();

// A message's text begins with its mark: '~' and eight digits, the message's number.
constexpr std::size_t kMarkBytes = 9;
void write_mark(char* text, std::uint32_t number);
std::uint32_t read_mark(std::string_view text);

// Finds the mark in a frame that has other things around it; most frames of a server have it at
// the same place, which is tried first.
class MarkFinder {
 public:
  std::string_view find(std::string_view frame);  // from the mark on, or empty

 private:
  std::size_t usual_ = 0;
};

}  // namespace compare
