#include "review_files.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "json_text.h"

namespace chatd {

bool read_words(const std::string& path, chatroom::WordFilter& words, Log& log) {
  using Action = chatroom::WordFilter::Action;
  errno = 0;
  std::ifstream file(path);
  std::string line;
  std::size_t left_out = 0;
  for (bool first = true; std::getline(file, line); first = false) {
    std::string_view word = line;
    if (first && word.starts_with("\xef\xbb\xbf")) word.remove_prefix(3);  // a byte order mark
    Action action = Action::mask;
    if (word.starts_with('?')) action = Action::hold;
    if (word.starts_with('!')) action = Action::refuse;
    if (action != Action::mask) word.remove_prefix(1);
    if (words.add_lines(word, action) == 0 && !word.empty() && word[0] != '#') ++left_out;
  }
  const char* const trouble = errno != 0 ? std::strerror(errno) : "not readable to its end";
  if (!file.eof()) return log.error("%s: %s", path.c_str(), trouble), false;
  if (words.size() == 0) return log.error("%s: no words in it", path.c_str()), false;
  log.info("%s: words: %zu, lines that cannot be words: %zu", path.c_str(), words.size(), left_out);
  return true;
}

AuditFile::~AuditFile() {
  append_lost(rate_.rest(), last_ms_);
  write_waiting();
  if (file_ != nullptr) std::fclose(file_);
}

bool AuditFile::open(const std::string& path) {
  path_ = path;
  file_ = std::fopen(path.c_str(), "ab");
  // Unbuffered: what is written goes to the system in one piece, whole lines among other threads'.
  if (file_ != nullptr) std::setvbuf(file_, nullptr, _IONBF, 0);
  return file_ != nullptr;
}

void AuditFile::append(const std::string& line) {
  if (waiting_.size() + line.size() > kWaitingMax) write_waiting();
  waiting_ += line;
}

void AuditFile::append_lost(std::uint64_t count, long long now_ms) {
  if (count == 0) return;
  append("{\"time\":" + std::to_string(now_ms) + ",\"lost\":" + std::to_string(count) + "}\n");
}

void AuditFile::write_waiting() noexcept {
  if (file_ == nullptr || waiting_.empty()) return;
  const std::size_t written = std::fwrite(waiting_.data(), 1, waiting_.size(), file_);
  if (written != waiting_.size()) failed_ = errno;
  waiting_.clear();
}

void AuditFile::flush(Log& log, long long now_ms) noexcept {
  append_lost(rate_.due(now_ms), now_ms);
  write_waiting();
  if (failed_ == 0 || told_) return;
  told_ = true;
  log.error("%s: %s: lines were lost", path_.c_str(), std::strerror(failed_));
}

void AuditFile::write(const chatroom::HostEvent& event, long long now_ms) noexcept {
  if (file_ == nullptr) return;
  std::string line = "{\"time\":" + std::to_string(now_ms) + ",\"room\":" + quoted(event.room) +
                     ",\"action\":" + quoted(name_of(event.op)) + ",\"by\":" + quoted(event.by);
  if (!event.user.empty()) line += ",\"user\":" + quoted(event.user);
  if (event.position.offset != 0) line += ",\"offset\":" + std::to_string(event.position.offset);
  if (event.until_ms != 0) line += ",\"until\":" + std::to_string(event.until_ms);
  if (!event.text.empty()) line += ",\"text\":" + quoted(event.text);
  line += "}\n";
  append(line);
}

// Logins and logouts, and the rooms between them; the session's handle ties them together.
void AuditFile::write_session(const chatroom::HostEvent& event, long long now_ms) noexcept {
  using chatroom::HostEventType;
  if (file_ == nullptr) return;
  const char* what = event.type == HostEventType::session_ready    ? "login"
                     : event.type == HostEventType::session_closed ? "logout"
                     : event.type == HostEventType::joined         ? "join"
                     : event.type == HostEventType::left           ? "leave"
                                                                   : nullptr;
  if (what == nullptr) return;
  append_lost(rate_.due(now_ms), now_ms);
  if (!rate_.take(now_ms)) {
    last_ms_ = now_ms;
    return;
  }
  std::string line = "{\"time\":" + std::to_string(now_ms) + ",\"event\":\"" + what +
                     "\",\"session\":\"" + std::to_string(event.session.index) + "." +
                     std::to_string(event.session.generation) + "\"";
  if (!event.user.empty()) line += ",\"user\":" + quoted(event.user);
  if (!event.room.empty()) line += ",\"room\":" + quoted(event.room);
  if (event.type == HostEventType::left) line += ",\"reason\":" + quoted(name_of(event.reason));
  if (event.type == HostEventType::session_closed) {
    line += ",\"code\":" + std::to_string(static_cast<int>(event.close_code));
  }
  line += "}\n";
  append(line);
}

}  // namespace chatd
