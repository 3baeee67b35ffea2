#include "record_file.h"

namespace chatd {
namespace {
constexpr std::size_t kBufferBytes = 1 << 20;
}

RecordFile::~RecordFile() {
  if (file_ != nullptr) std::fclose(file_);
}

bool RecordFile::open(const std::string& path) {
  file_ = std::fopen(path.c_str(), "wb");
  if (file_ != nullptr) std::setvbuf(file_, nullptr, _IOFBF, kBufferBytes);
  return file_ != nullptr;
}

void RecordFile::record(std::span<const chatroom::Bytes> pieces) noexcept {
  if (file_ == nullptr) return;
  for (const chatroom::Bytes piece : pieces) {
    if (failed_) return;
    failed_ = std::fwrite(piece.data(), 1, piece.size(), file_) != piece.size();
  }
}

bool RecordFile::flush() {
  if (file_ == nullptr) return true;
  if (!failed_) failed_ = std::fflush(file_) != 0;
  if (!failed_ || told_) return true;
  told_ = true;
  return false;
}

}  // namespace chatd
