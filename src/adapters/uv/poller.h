// Poller: which of many sockets are ready, told in rounds. Two kinds behind one interface, so that
// nothing else knows which.
#pragma once

#include <memory>

#include "chatroom/adapters/uv.h"

namespace chatroom::uv {

enum Ready : unsigned { kRead = 1, kWrite = 2, kHangup = 4 };

class PollerClient {
 public:
  virtual void on_round_begin() noexcept = 0;
  // kHangup: an error or a hang-up, which the next read or write will name.
  virtual void on_ready(void* tag, unsigned events) noexcept = 0;
  virtual void on_round_end() noexcept = 0;

 protected:
  ~PollerClient() = default;
};

class Poller {
 public:
  virtual ~Poller() = default;
  // `interest`: kRead, kWrite, both or neither. Level-triggered. `tag` must stay good until the end
  // of the round in which the socket was removed.
  virtual bool add(int fd, unsigned interest, void* tag) noexcept = 0;
  virtual void set(int fd, unsigned interest, void* tag) noexcept = 0;
  virtual void remove(int fd) noexcept = 0;  // before it is closed
};

std::unique_ptr<Poller> make_poller(Loop& loop, PollerClient& client, Polling polling);

// The two kinds. make_epoll_poller answers null where there is no epoll.
std::unique_ptr<Poller> make_epoll_poller(Loop& loop, PollerClient& client);
std::unique_ptr<Poller> make_socket_poller(Loop& loop, PollerClient& client);

}  // namespace chatroom::uv
