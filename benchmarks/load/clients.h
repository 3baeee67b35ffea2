// The client side: many WebSocket members of one room over one epoll descriptor. It parses frame
// headers, counts messages, and reads the sender's clock out of every sixteenth member's, or as
// told.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace load {

// What members got apart from messages: answers and presence.
struct Heard {
  std::uint64_t frames = 0, bytes = 0;
  std::uint32_t most_frames = 0, most_bytes = 0;  // one member's of presence, in one second
};

class Clients {
 public:
  Clients(std::string host, int port);
  ~Clients();

  bool bare = false;  // the floor: no auth, no join, frames carry nothing but a clock
  std::string room = "load";
  std::string prefix = "m";          // of the users' names, before their number
  bool everything = false;           // members have nicks, and say up to where they have read
  std::uint32_t ahead = UINT32_MAX;  // so many may be on their way in at a time
  std::uint32_t timed_every = 16;    // of the members, one in so many looks at the clock

  bool wait_for_server();
  bool open(int members);        // so many more, connected and in the room
  bool stall(int members);       // so many more, who from then on never read
  bool publish();                // one message, said by the first member
  bool direct();                 // one message from the first member to the second
  void run_for(double seconds);  // receives
  // From here on what members are sent is thrown away unseen, by `gulp`, some members a call in
  // turn: the cheapest way to be many who listen. They still show that they are there.
  void listen_blindly();
  void gulp(std::size_t members);
  void forget();  // counts and latencies so far

  std::uint64_t delivered() const { return delivered_; }
  std::size_t frame_bytes() const { return frame_bytes_; }
  const Heard& heard() const { return heard_; }
  const std::vector<double>& latencies() const { return latencies_; }

 private:
  struct Member;
  static std::string text();
  bool connect(Member& member);
  void say(Member& member, const std::string& json);
  void sign_in(Member& member);
  void hear_join(Member& member, const char* frame, std::size_t size);
  void receive(Member& member);
  void answer_ping(Member& member, const char* payload, std::size_t size);
  void hear(Member& member, const char* frame, std::size_t size, std::size_t whole);
  void take(Member& member, const char* frame, std::size_t size, std::size_t whole);

  const std::string host_;
  const int port_;
  int poller_ = -1;
  std::vector<std::unique_ptr<Member>> members_;
  std::size_t next_gulp_ = 0;
  std::uint64_t joined_ = 0;
  std::uint64_t delivered_ = 0;
  std::size_t frame_bytes_ = 0;
  Heard heard_;
  std::vector<double> latencies_;
};

}  // namespace load
