// Log lines of chatd: time, level, what; to stderr, for people and for journals.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "chatroom/log.h"
#include "line_rate.h"

namespace chatd {

// Writes "2026-01-31T12:00:00.123Z info  listening on …"; lines below `level` are left out. Whoever
// logs what a client wrote escapes it, so that nobody can write lines of his own. Past a number of
// lines a second they are left out, and how many is told; warnings and errors are counted apart, so
// that nothing else pushes them out. Thread: any.
class Log final : public chatroom::LogSink {
 public:
  void set_level(chatroom::LogLevel level) noexcept { level_ = level; }
  void set_rate(std::uint32_t per_s) noexcept {
    quiet_.set(per_s);
    loud_.set(per_s);
  }
  // Tells what was left out before, when nothing else is said; `all`: of this second, too.
  void flush(bool all = false) noexcept;
  void log(chatroom::LogLevel level, std::string_view line) noexcept override;

  [[gnu::format(printf, 2, 3)]] void info(const char* format, ...) noexcept;
  [[gnu::format(printf, 2, 3)]] void debug(const char* format, ...) noexcept;
  [[gnu::format(printf, 2, 3)]] void error(const char* format, ...) noexcept;

 private:
  void tell_left_out(std::int64_t now_ms, bool all) noexcept;

  chatroom::LogLevel level_ = chatroom::LogLevel::info;
  std::mutex mutex_;
  LineRate quiet_;
  LineRate loud_;
};

// `text` as it may stand in a line: what a terminal would obey as \xNN, cut at 256 bytes.
std::string escaped(std::string_view text);

}  // namespace chatd
