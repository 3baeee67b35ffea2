#include "review_files.h"

#include <cerrno>
#include <fstream>

#include "json_text.h"

namespace chatd {

bool read_words(const std::string& path, chatroom::WordFilter& words) {
  using Action = chatroom::WordFilter::Action;
  std::ifstream file(path);
  if (!file) return errno = errno == 0 ? ENOENT : errno, false;
  for (std::string line; std::getline(file, line);) {
    std::string_view word = line;
    Action action = Action::mask;
    if (word.starts_with('?')) action = Action::hold;
    if (word.starts_with('!')) action = Action::refuse;
    if (action != Action::mask) word.remove_prefix(1);
    words.add_lines(word, action);
  }
  return true;
}

AuditFile::~AuditFile() {
  if (file_ != nullptr) std::fclose(file_);
}

bool AuditFile::open(const std::string& path) {
  file_ = std::fopen(path.c_str(), "ab");
  return file_ != nullptr;
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
  std::fwrite(line.data(), 1, line.size(), file_);
  std::fflush(file_);
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
  std::fwrite(line.data(), 1, line.size(), file_);
  std::fflush(file_);
}

}  // namespace chatd
