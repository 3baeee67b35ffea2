#include "copy_file.h"

#include "json_text.h"

namespace chatd {

namespace {

constexpr std::size_t kWriteBytes = 64 * 1024;

}  // namespace

CopyFile::~CopyFile() {
  if (file_ != nullptr) std::fclose(file_);
}

bool CopyFile::open(const std::string& path) {
  file_ = std::fopen(path.c_str(), "ab");
  // Whole lines at once: other threads append to the same file.
  if (file_ != nullptr) std::setvbuf(file_, nullptr, _IONBF, 0);
  return file_ != nullptr;
}

void CopyFile::on_work(const chatroom::Work& work) noexcept {
  using chatroom::WorkKind;
  if (work.number != next_) lines_ += "{\"lost\":" + std::to_string(work.number - next_) + "}\n";
  next_ = work.number + 1;
  lines_ += "{\"time\":" + std::to_string(work.time_ms) + field("event", name_of(work.kind)) +
            field("room", work.room);
  if (work.kind == WorkKind::message || work.kind == WorkKind::direct) {
    const chatroom::Message& said = work.message;
    if (said.offset != 0) lines_ += ",\"offset\":" + std::to_string(said.offset);
    lines_ += field("channel", said.channel) + field("user", said.user) + field("to", work.user) +
              field("kind", said.kind.name) + field("text", said.text);
    if (said.data.form == chatroom::Data::Form::json) {
      lines_ += ",\"data\":" + std::string(chatroom::as_text(said.data.bytes));
    }
  } else {
    lines_ += field("user", work.user);
  }
  if (work.kind == WorkKind::left) lines_ += field("reason", name_of(work.reason));
  if (work.kind == WorkKind::moderated) {
    lines_ += field("action", name_of(work.op)) + field("by", work.by) + field("text", work.text);
    if (work.offset != 0) lines_ += ",\"offset\":" + std::to_string(work.offset);
    if (work.until_ms != 0) lines_ += ",\"until\":" + std::to_string(work.until_ms);
  }
  lines_ += "}\n";
  if (lines_.size() >= kWriteBytes) on_idle();
}

void CopyFile::on_idle() noexcept {
  if (file_ != nullptr && !lines_.empty()) std::fwrite(lines_.data(), 1, lines_.size(), file_);
  lines_.clear();
}

}  // namespace chatd
