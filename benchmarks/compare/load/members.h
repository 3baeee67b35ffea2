// The sockets of all members over one epoll descriptor.
#pragma once

#include <deque>

#include "protocol.h"
#include "tally.h"

namespace compare {

class Members {
 public:
  Members(Protocol& protocol, int port);
  ~Members();

  bool open(int members);  // connected and joined, all of them; false: after a minute still not
  void queue(std::string_view text);  // a message, to be said by push()
  void push();                        // all of them in one write
  void poll(std::int64_t until_us);   // receives what is there, or waits for the first until then

  Tally tally;
  int members() const { return wanted_; }

 private:
  void connect(bool publisher);
  void receive(Member& member);
  void flush(Member& member);
  [[noreturn]] void fail(const Member& member, const char* what);

  Protocol& protocol_;
  const int port_, poller_;
  std::deque<Member> list_;
  Member* publisher_ = nullptr;
  int wanted_ = 0, joined_ = 0;
  std::string answer_;
};

}  // namespace compare
