// Log lines of chatd: time, level, what; to stderr, for people and for journals.
#pragma once

#include <string>
#include <string_view>

#include "chatroom/log.h"

namespace chatd {

// Writes "2026-01-31T12:00:00.123Z info  listening on …"; lines below `level` are left out. Whoever
// logs what a client wrote escapes it, so that nobody can write lines of his own.
class Log final : public chatroom::LogSink {
 public:
  void set_level(chatroom::LogLevel level) noexcept { level_ = level; }
  void log(chatroom::LogLevel level, std::string_view line) noexcept override;

  [[gnu::format(printf, 2, 3)]] void info(const char* format, ...) noexcept;
  [[gnu::format(printf, 2, 3)]] void debug(const char* format, ...) noexcept;
  [[gnu::format(printf, 2, 3)]] void error(const char* format, ...) noexcept;

 private:
  chatroom::LogLevel level_ = chatroom::LogLevel::info;
};

// `text` as it may stand in a line: what a terminal would obey as \xNN, cut at 256 bytes.
std::string escaped(std::string_view text);

}  // namespace chatd
