// --copies: what is said and done in rooms, once more, in a file: written by a thread of its own,
// so that a slow disk holds up nobody. What it is too slow for is missing, and says so.
#pragma once

#include <cstdio>
#include <string>

#include "chatroom/adapters/slow_worker.h"

namespace chatd {

// JSON lines; several threads append to one file.
class CopyFile final : public chatroom::WorkSink {
 public:
  ~CopyFile();
  bool open(const std::string& path);  // appends; false: errno says why
  void on_work(const chatroom::Work& work) noexcept override;
  void on_idle() noexcept override;

 private:
  std::FILE* file_ = nullptr;
  std::uint64_t next_ = 1;  // number that is due
  std::string lines_;       // not written yet
};

}  // namespace chatd
