// --words, --audit and --sessions: a list of words that are looked for, a file of what moderators
// did, and one of who came and went.
#pragma once

#include <cstdio>
#include <string>

#include "chatroom/adapters/words.h"
#include "chatroom/observer.h"
#include "line_rate.h"
#include "log.h"

namespace chatd {

// One word a line: masked; after '?' held for a moderator, after '!' refused. False: the file could
// not be read to its end or has no words; the log says which, or how many words there are.
bool read_words(const std::string& path, chatroom::WordFilter& words, Log& log);

// JSON lines, kept until the next flush; several threads append to one file. Where lines of
// sessions come faster than the rate, `{"time":…,"lost":N}` says how many are missing.
class AuditFile {
 public:
  ~AuditFile();
  bool open(const std::string& path);  // appends; false: errno says why
  void set_rate(std::uint32_t sessions_per_s) noexcept { rate_.set(sessions_per_s); }
  // What waits goes to the file. The first time that lines are lost, `log` is told.
  void flush(Log& log, long long now_ms) noexcept;
  void write(const chatroom::HostEvent& event, long long now_ms) noexcept;
  void write_session(const chatroom::HostEvent& event, long long now_ms) noexcept;

 private:
  static constexpr std::size_t kWaitingMax = 256 * 1024;  // then it is written before its time

  void append(const std::string& line);
  void append_lost(std::uint64_t count, long long now_ms);
  void write_waiting() noexcept;

  std::FILE* file_ = nullptr;
  std::string path_;
  std::string waiting_;
  LineRate rate_;
  long long last_ms_ = 0;  // of a line that was left out
  int failed_ = 0;         // errno of the last loss
  bool told_ = false;
};

}  // namespace chatd
