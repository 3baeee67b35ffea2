#include "profile_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string_view>

#include "chatroom/adapters/json.h"

namespace chatd {

using namespace chatroom;

namespace {

constexpr std::size_t kUsersMax = 100'000;
constexpr std::size_t kLineMax = 4 * 1024;
constexpr off_t kFileMax = 128 << 20;
constexpr auto kLookEvery = std::chrono::seconds(1);

// A line is read as a command that has these fields, by the codec that reads what clients send: so
// it is known to be text that can be sent to them.
constexpr std::string_view kAsCommand = R"({"id":1,"op":"send_to","kind":"profile",)";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

ProfileFile::~ProfileFile() {
  if (!watcher_.joinable()) return;
  {
    const std::lock_guard guard(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  watcher_.join();
}

bool ProfileFile::start() {
  if (path_.empty()) return true;
  changed();
  if (!read()) return false;
  watcher_ = std::thread([this] { watch(); });
  return true;
}

void ProfileFile::watch() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kLookEvery, [this] { return ending_; })) {
    if (changed()) static_cast<void>(read());
  }
}

// A file that is gone has not changed: editors replace files, and what was shown stays.
bool ProfileFile::changed() {
  struct stat now {};
  if (stat(path_.c_str(), &now) != 0) return false;
  const bool same = now.st_mtim.tv_sec == changed_.tv_sec &&
                    now.st_mtim.tv_nsec == changed_.tv_nsec && now.st_size == size_;
  changed_ = now.st_mtim;
  size_ = now.st_size;
  return !same;
}

bool ProfileFile::refuse(std::size_t line, const char* why) const {
  log_.error("%s:%zu: %s", path_.c_str(), line, why);
  return false;
}

bool ProfileFile::read_lines(Lines& into) const {
  struct stat about {};
  if (stat(path_.c_str(), &about) == 0 && (!S_ISREG(about.st_mode) || about.st_size > kFileMax)) {
    log_.error("%s: not a file of at most 128 MiB", path_.c_str());
    return false;
  }
  errno = 0;
  std::ifstream file(path_);
  JsonCodec codec({.max_frame = kLineMax + kAsCommand.size()});
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    std::string_view text = line;
    if (number == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    text = trimmed(text);
    if (text.empty() || text[0] == '#') continue;
    if (text.size() > kLineMax) return refuse(number, "longer than 4,096 bytes");
    Command command;
    const std::string frame = std::string(kAsCommand) + std::string(text.substr(1));
    if (text[0] != '{' || !codec.decode(as_bytes(frame), command).status || command.user.empty() ||
        command.out.data.bytes.empty()) {
      return refuse(number, "not a line {\"user\":\"…\",\"data\":…}");
    }
    const std::string_view data = as_text(command.out.data.bytes);
    if (data.size() > kProfileBytesMax) return refuse(number, "data of more than 1,024 bytes");
    if (!into.emplace(command.user, data).second) return refuse(number, "this user stands twice");
    if (into.size() > kUsersMax) return refuse(number, "more than 100,000 users");
  }
  if (file.eof()) return true;
  log_.error("%s: %s", path_.c_str(), errno != 0 ? std::strerror(errno) : "not readable");
  return false;
}

bool ProfileFile::read() {
  Lines lines;
  if (!read_lines(lines)) return false;
  for (const auto& [user, data] : shown_) {
    if (!lines.contains(user)) static_cast<void>(profiles_.set_profile(user, {}));
  }
  for (const auto& [user, data] : lines) {
    const auto before = shown_.find(user);
    if (before != shown_.end() && before->second == data) continue;
    if (!profiles_.set_profile(user, data)) log_.error("%s: too many users", path_.c_str());
  }
  shown_ = std::move(lines);
  log_.info("%s: profiles: %zu", path_.c_str(), shown_.size());
  return true;
}

}  // namespace chatd
