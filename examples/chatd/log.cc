#include "log.h"

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <ctime>

namespace chatd {
namespace {

constexpr std::size_t kClientBytesMax = 256;

const char* word(chatroom::LogLevel level) {
  switch (level) {
    case chatroom::LogLevel::debug:
      return "debug";
    case chatroom::LogLevel::info:
      return "info ";
    case chatroom::LogLevel::warning:
      return "warn ";
    case chatroom::LogLevel::error:
      return "error";
  }
  return "?";
}

std::string formatted(const char* format, std::va_list arguments) {
  char line[1024];
  const int length = std::vsnprintf(line, sizeof(line), format, arguments);
  if (length < 0) return {};
  return std::string(line, std::min(static_cast<std::size_t>(length), sizeof(line) - 1));
}

}  // namespace

void Log::log(chatroom::LogLevel level, std::string_view line) noexcept {
  if (level < level_) return;
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char time[32];
  std::strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &parts);
  std::fprintf(stderr, "%s.%03dZ %s %.*s\n", time, static_cast<int>(ms.count() % 1000), word(level),
               static_cast<int>(line.size()), line.data());
}

void Log::info(const char* format, ...) noexcept {
  std::va_list arguments;
  va_start(arguments, format);
  log(chatroom::LogLevel::info, formatted(format, arguments));
  va_end(arguments);
}

void Log::debug(const char* format, ...) noexcept {
  if (level_ > chatroom::LogLevel::debug) return;
  std::va_list arguments;
  va_start(arguments, format);
  log(chatroom::LogLevel::debug, formatted(format, arguments));
  va_end(arguments);
}

void Log::error(const char* format, ...) noexcept {
  std::va_list arguments;
  va_start(arguments, format);
  log(chatroom::LogLevel::error, formatted(format, arguments));
  va_end(arguments);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kClientBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || byte == '\\') {
      char hex[5];
      std::snprintf(hex, sizeof(hex), "\\x%02x", byte);
      out += hex;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace chatd
