// --words, --audit and --sessions: a list of words that are looked for, a file of what moderators
// did, and one of who came and went.
#pragma once

#include <cstdio>
#include <string>

#include "chatroom/adapters/words.h"
#include "chatroom/observer.h"

namespace chatd {

// One word a line: masked; after '?' held for a moderator, after '!' refused. False: errno says
// why.
bool read_words(const std::string& path, chatroom::WordFilter& words);

// JSON lines, each written at once: several threads append to one file.
class AuditFile {
 public:
  ~AuditFile();
  bool open(const std::string& path);  // appends; false: errno says why
  void write(const chatroom::HostEvent& event, long long now_ms) noexcept;
  void write_session(const chatroom::HostEvent& event, long long now_ms) noexcept;

 private:
  std::FILE* file_ = nullptr;
};

}  // namespace chatd
