// --record: the stream of the engine's inputs in a file, for replay_log.
#pragma once

#include <cstdio>
#include <string>

#include "chatroom/recorder.h"

namespace chatd {

class RecordFile final : public chatroom::Recorder {
 public:
  ~RecordFile();
  bool open(const std::string& path);  // false: errno says why
  bool is_open() const { return file_ != nullptr; }
  // Buffered; a full disk ends the recording, not the server. Call from the loop to put the buffer
  // on its way and to learn of a failure, once.
  bool flush();
  void record(std::span<const chatroom::Bytes> pieces) noexcept override;

 private:
  std::FILE* file_ = nullptr;
  bool failed_ = false;
  bool told_ = false;
};

}  // namespace chatd
