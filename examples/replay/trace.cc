// A recorded trace as a Script.
#include <cerrno>
#include <cstring>
#include <fstream>

#include "chatroom/adapters/json.h"
#include "script.h"

namespace replayer {
namespace {

using namespace chatroom;

constexpr std::string_view kBegin = "{\"t_ms\":";

class Trace final : public Script {
 public:
  Trace(const std::string& path, std::uint64_t limit)
      : path_(path), file_(path, std::ios::binary), limit_(limit) {
    if (!file_) error = path + ": " + std::strerror(errno);
  }

  bool next(Line& line) override {
    std::string text;
    while (error.empty() && number_ < limit_ && std::getline(file_, text)) {
      ++number_;
      if (text.empty()) continue;
      if (read(text, line)) return true;
    }
    return false;
  }

  std::string name_of(std::size_t member) const override {
    return "member " + std::to_string(member + 1);
  }

 private:
  // A line differs from a message event by its first key, so the codec can read it.
  bool read(const std::string& text, Line& line) {
    if (text.compare(0, kBegin.size(), kBegin) != 0) {
      error = path_ + ":" + std::to_string(number_) + ": not a line of a trace";
      return false;
    }
    const std::string frame = "{\"event\":\"message\",\"time\":" + text.substr(kBegin.size());
    Event event;
    if (!codec_.decode(as_bytes(frame), event).status) {
      ++unreadable;
      return false;
    }
    if (first_ms_ < 0) first_ms_ = event.message.time_ms;
    line.t_ms = event.message.time_ms - first_ms_;
    line.user = event.message.user;
    line.text = event.message.text;
    line.kind = "text";
    return true;
  }

  const std::string path_;
  std::ifstream file_;
  const std::uint64_t limit_;
  JsonCodec codec_;
  std::uint64_t number_ = 0;
  std::int64_t first_ms_ = -1;
};

}  // namespace

std::unique_ptr<Script> open_trace(const std::string& path, std::uint64_t limit) {
  return std::make_unique<Trace>(path, limit);
}

}  // namespace replayer
