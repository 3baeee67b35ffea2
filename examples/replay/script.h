// Script: what is to be said, by whom and when. From a recorded trace, or made up by a crowd.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace replayer {

struct Line {
  std::int64_t t_ms = 0;  // from the beginning
  std::string user;
  std::string text;
  const char* kind = "text";
};

class Script {
 public:
  virtual ~Script() = default;
  // False: that was all, or `error` says what is wrong with the input.
  virtual bool next(Line& line) = 0;
  virtual std::string name_of(std::size_t member) const = 0;  // what people see of a member
  std::string error;
  std::uint64_t unreadable = 0;  // lines whose text no protocol would take: skipped
};

// Lines of {"t_ms":…,"user":"…","text":"…"}, sorted by time. `limit`: lines to read at most.
std::unique_ptr<Script> open_trace(const std::string& path, std::uint64_t limit);

// An endless crowd, the same for the same seed: `rate` messages a second on average.
std::unique_ptr<Script> make_crowd(std::uint64_t seed, double rate);

}  // namespace replayer
