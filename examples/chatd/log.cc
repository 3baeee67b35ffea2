#include "log.h"

#include <algorithm>
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

// How many bytes at the front of `text` a terminal may obey: controls, C1 controls (U+0080 to
// U+009F), what turns the direction of writing (U+202A to U+202E, U+2066 to U+2069). 0: none.
std::size_t obeyed(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7f || byte(0) == '\\') return 1;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) return 2;
  if (byte(0) != 0xe2) return 0;
  if (byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae) return 3;
  return byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9 ? 3 : 0;
}

std::int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void print(std::int64_t now, chatroom::LogLevel level, std::string_view line) {
  const auto seconds = static_cast<std::time_t>(now / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char time[32];
  std::strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &parts);
  std::fprintf(stderr, "%s.%03dZ %s %.*s\n", time, static_cast<int>(now % 1000), word(level),
               static_cast<int>(line.size()), line.data());
}

}  // namespace

void Log::log(chatroom::LogLevel level, std::string_view line) noexcept {
  if (level < level_) return;
  const std::int64_t now = now_ms();
  const std::lock_guard guard(mutex_);
  tell_left_out(now, false);
  LineRate& rate = level < chatroom::LogLevel::warning ? quiet_ : loud_;
  if (rate.take(now)) print(now, level, line);
}

void Log::flush(bool all) noexcept {
  const std::lock_guard guard(mutex_);
  tell_left_out(now_ms(), all);
}

void Log::tell_left_out(std::int64_t now, bool all) noexcept {
  for (LineRate* rate : {&quiet_, &loud_}) {
    const std::uint64_t count = all ? rate->rest() : rate->due(now);
    if (count == 0) continue;
    print(now, chatroom::LogLevel::warning, std::to_string(count) + " lines were left out");
  }
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
  text = text.substr(0, kClientBytesMax);
  while (!text.empty()) {
    const std::size_t hidden = obeyed(text);
    for (const char c : text.substr(0, hidden)) {
      char hex[5];
      std::snprintf(hex, sizeof(hex), "\\x%02x", static_cast<unsigned char>(c));
      out += hex;
    }
    if (hidden == 0) out += text[0];
    text.remove_prefix(std::max<std::size_t>(hidden, 1));
  }
  return out;
}

}  // namespace chatd
