// --profiles: what the page shows of somebody, from a file that the operator edits. Read at the
// start, and again whenever it changes, by a thread of its own: a large file holds up nobody.
#pragma once

#include <condition_variable>
#include <ctime>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "chatroom/adapters/relations.h"
#include "log.h"

namespace chatd {

// Lines {"user":"ann","data":{…}}; empty ones and those that begin with # say nothing. At most
// 100,000 users and 1,024 bytes each. A file is taken as a whole or not at all: what is wrong
// with it is logged with its line, and what was shown before stays.
class ProfileFile {
 public:
  ProfileFile(std::string path, chatroom::MemoryRelations& profiles, Log& log)
      : path_(std::move(path)), profiles_(profiles), log_(log) {}
  ~ProfileFile();
  ProfileFile(const ProfileFile&) = delete;
  ProfileFile& operator=(const ProfileFile&) = delete;

  bool start();  // false: it could not be read; the log says why. No path: nothing to do

 private:
  using Lines = std::map<std::string, std::string, std::less<>>;  // user: data

  bool changed();
  bool read();
  bool read_lines(Lines& into) const;
  bool refuse(std::size_t line, const char* why) const;
  void watch();

  const std::string path_;
  chatroom::MemoryRelations& profiles_;
  Log& log_;
  std::timespec changed_{};
  std::int64_t size_ = -1;
  Lines shown_;  // of the watching thread once it runs

  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread watcher_;
};

}  // namespace chatd
