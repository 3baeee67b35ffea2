#include "block_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

namespace chatd {

using namespace chatroom;

namespace {

constexpr std::size_t kWaitingMax = 1 << 20;
constexpr std::size_t kSinceMax = 1 << 20;  // and four times what was written anew
constexpr off_t kFileMax = 512 << 20;
constexpr auto kWriteEvery = std::chrono::milliseconds(200);

std::string line_of(std::string_view word, std::string_view user, std::string_view other) {
  std::string line(word);
  line += '\t';
  line += user;
  if (!other.empty()) line += '\t';
  line += other;
  return line += '\n';
}

}  // namespace

BlockFile::~BlockFile() {
  if (writer_.joinable()) {
    {
      const std::lock_guard guard(mutex_);
      ending_ = true;
    }
    wake_.notify_one();
    writer_.join();
  }
  if (file_ != nullptr) std::fclose(file_);
}

bool BlockFile::start() {
  if (path_.empty()) return true;
  Lists lists;
  if (!read(lists) || !apply(lists) || !write_anew(lists)) return false;
  writer_ = std::thread([this] { work(); });
  return true;
}

Answer BlockFile::on_direct(Question question, const DirectRequest& request) noexcept {
  return memory_.on_direct(question, request);
}

Answer BlockFile::on_block(Question question, const BlockRequest& request) noexcept {
  if (path_.empty()) return memory_.on_block(question, request);
  const std::lock_guard guard(mutex_);
  if (waiting_.size() >= kWaitingMax) {
    Answer busy = Answer::refuse(Errc::queue_full);
    busy.error.detail = kTemporary;
    return busy;
  }
  Answer answer = memory_.on_block(question, request);
  if (answer.verdict != Answer::Verdict::pass) return answer;
  const bool one = !request.other.empty();
  const std::string_view word = one ? (request.blocks ? std::string_view("block") : "unblock")
                                    : (request.blocks ? std::string_view("shield") : "unshield");
  waiting_ += line_of(word, request.user, request.other);
  return answer;
}

// The last line may be half of one: whoever wrote it was ended.
bool BlockFile::read(Lists& into) const {
  struct stat about {};
  if (stat(path_.c_str(), &about) != 0 && errno == ENOENT) return true;
  if (!S_ISREG(about.st_mode) || about.st_size > kFileMax) {
    log_.error("%s: not a file of at most 512 MiB", path_.c_str());
    return false;
  }
  errno = 0;
  std::ifstream file(path_);
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (file.eof() || take(into, line)) continue;
    log_.error("%s:%zu: not a line of blocks", path_.c_str(), number);
    return false;
  }
  if (file.eof()) return true;
  log_.error("%s: %s", path_.c_str(), errno != 0 ? std::strerror(errno) : "not readable");
  return false;
}

bool BlockFile::take(Lists& into, std::string_view line) {
  const std::size_t first = line.find('\t');
  if (first == line.npos) return false;
  const std::string_view word = line.substr(0, first);
  const std::string_view rest = line.substr(first + 1);
  const std::size_t second = rest.find('\t');
  const std::string user(rest.substr(0, second));
  const std::string other(second == rest.npos ? std::string_view() : rest.substr(second + 1));
  const bool one = word == "block" || word == "unblock";
  if (user.empty() || one == other.empty()) return false;
  if (word == "block") {
    into.blocked[user].insert(other);
  } else if (word == "unblock") {
    into.blocked[user].erase(other);
  } else if (word == "shield") {
    into.shielded.insert(user);
  } else if (word == "unshield") {
    into.shielded.erase(user);
  } else {
    return false;
  }
  return true;
}

bool BlockFile::apply(const Lists& lists) {
  bool fits = true;
  for (const auto& [user, others] : lists.blocked) {
    for (const std::string& other : others) fits = fits && memory_.block(user, other);
  }
  for (const std::string& user : lists.shielded) memory_.shield(user, true);
  if (!fits) log_.error("%s: more names than a server keeps", path_.c_str());
  return fits;
}

// Beside the old one and then in its place: a crash leaves one of them whole.
bool BlockFile::write_anew(const Lists& lists) {
  const std::string beside = path_ + ".new";
  std::FILE* file = std::fopen(beside.c_str(), "wb");
  std::size_t bytes = 0;
  bool good = file != nullptr;
  const auto put = [&](const std::string& line) {
    bytes += line.size();
    good = good && std::fwrite(line.data(), 1, line.size(), file) == line.size();
  };
  for (const auto& [user, others] : lists.blocked) {
    for (const std::string& other : others) put(line_of("block", user, other));
  }
  for (const std::string& user : lists.shielded) put(line_of("shield", user, {}));
  good = file != nullptr && std::fflush(file) == 0 && fsync(fileno(file)) == 0 && good;
  good = good && std::rename(beside.c_str(), path_.c_str()) == 0;
  if (!good) {
    log_.error("%s: %s", beside.c_str(), std::strerror(errno));
    if (file != nullptr) std::fclose(file);
    return false;
  }
  if (file_ != nullptr) std::fclose(file_);
  file_ = file;
  bytes_anew_ = bytes;
  bytes_since_ = 0;
  return true;
}

void BlockFile::append(const std::string& lines) {
  const bool good =
      std::fwrite(lines.data(), 1, lines.size(), file_) == lines.size() && std::fflush(file_) == 0;
  bytes_since_ += lines.size();
  if (good || told_) return;
  told_ = true;
  log_.error("%s: %s: lines were lost", path_.c_str(), std::strerror(errno));
}

void BlockFile::work() {
  for (bool ending = false; !ending;) {
    std::string lines;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kWriteEvery, [this] { return ending_; });
      ending = ending_;
      lines.swap(waiting_);
    }
    if (!lines.empty()) append(lines);
    if (bytes_since_ < kSinceMax + 4 * bytes_anew_) continue;
    Lists lists;
    bytes_since_ = 0;  // tried again after as much if it fails
    if (read(lists)) static_cast<void>(write_anew(lists));
  }
}

}  // namespace chatd
