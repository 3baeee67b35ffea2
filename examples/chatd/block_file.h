// --blocks: whom people have blocked, and who takes whispers of friends only, in a file that
// outlives the process. Written by a thread of its own: the loop waits for no disk.
#pragma once

#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "chatroom/adapters/relations.h"
#include "log.h"

namespace chatd {

// Lines "block", "unblock", "shield" or "unshield", a tab, who, and, of the first two, a tab, whom:
// names hold no controls. Appended every 200 ms and now and then written anew as what is left of
// them. While 1 MiB waits for the disk, changes are refused `queue_full`. Without a path: in
// memory.
class BlockFile final : public chatroom::Relations {
 public:
  BlockFile(std::string path, Log& log) : path_(std::move(path)), log_(log) {}
  ~BlockFile();
  BlockFile(const BlockFile&) = delete;
  BlockFile& operator=(const BlockFile&) = delete;

  bool start();  // false: it could not be read or written; the log says why

  chatroom::Answer on_direct(chatroom::Question question,
                             const chatroom::DirectRequest& request) noexcept override;
  chatroom::Answer on_block(chatroom::Question question,
                            const chatroom::BlockRequest& request) noexcept override;

 private:
  struct Lists {
    std::map<std::string, std::set<std::string>, std::less<>> blocked;
    std::set<std::string, std::less<>> shielded;
  };

  bool read(Lists& into) const;
  static bool take(Lists& into, std::string_view line);
  bool apply(const Lists& lists);
  bool write_anew(const Lists& lists);
  void append(const std::string& lines);
  void work();

  const std::string path_;
  Log& log_;
  chatroom::MemoryRelations memory_;
  std::FILE* file_ = nullptr;
  std::size_t bytes_anew_ = 0;  // when it was written anew
  std::size_t bytes_since_ = 0;
  bool told_ = false;

  std::mutex mutex_;  // of what follows, and of the order of changes
  std::condition_variable wake_;
  std::string waiting_;
  bool ending_ = false;
  std::thread writer_;
};

}  // namespace chatd
