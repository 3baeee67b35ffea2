// Peer: a remote member: the client role at the far end of a link, and somebody who uses it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chatroom/client.h"
#include "sim/deflater.h"
#include "sim/eyes.h"
#include "sim/link.h"
#include "sim/random.h"

namespace chatroom::sim {

class World;
struct User;

class Peer final : public ClientHandler, public LinkEnd {
 public:
  Peer(World& world, const User& user, std::uint32_t index, bool listener);

  void start(Duration after);
  // Nothing is left to do but to be there.
  void settle();
  void crashed();
  void retire();  // its user may not have so many sessions
  bool retired() const noexcept { return retired_; }
  void ask_presence();
  bool asking() const noexcept { return !retired_ && !asked_.empty(); }
  void check_deadlines();
  void check_end();

  const std::string& user() const noexcept;
  Eyes& eyes() noexcept { return eyes_; }
  Link* link() noexcept { return link_.get(); }
  bool usable() const noexcept { return usable_; }
  bool listener() const noexcept { return listener_; }
  void abort();
  void stall(Duration how_long);

  void on_event(const Event& event) noexcept override;
  void on_frame(const Reader::Whole& whole) override;
  void on_link_closed() override;

 private:
  enum class Manner : std::uint8_t { normal, early_join, oversized, garbage, dawdling };
  void connect();
  void greet();
  void dawdle(std::size_t sent);
  void on_ready();
  void on_answer(const Event& event);
  void on_direct(const Event& event);
  void check_refusal(const Asked& asked, Error error);
  void check_verdict(const Asked& asked, const Event& event);
  void check_shadow(const Asked& asked);
  void check_order(const Event& event, const Asked& asked);
  void check_rate(Error error);
  void flush();
  void beat();
  void plan_next();
  void act();
  void do_one();
  void join_something();
  void join(const std::string& room);
  void leave(const std::string& room);
  void publish();
  void publish_again();
  void choose_channels();
  void ask_something();
  void ask_history(const std::string& room);
  void ask_list(const std::string& room, std::string_view cursor);
  void catch_up(const std::string& room);
  void send_direct();
  void call_host();
  void ask_profile();
  void flood();
  void misspeak();
  void stutter();
  void knock();
  void wish();
  void check_inside(const Asked& asked);
  void remember(Client::Asked asked, Asked what);
  std::string some_room();
  std::string some_joined_room();
  std::uint32_t some_channels();
  [[noreturn]] void fail(const std::string& what);

  World& world_;
  const User& user_;
  const std::uint32_t index_;
  const bool listener_;
  Random random_;
  Random odd_;  // dice for what it says that nobody may
  Random knocks_;
  Random wishes_;
  LinkShape shape_;
  DeflatedReader inflater_;  // before the client that uses it
  Eyes eyes_;
  std::unique_ptr<Client> client_;
  std::shared_ptr<Link> link_;
  std::uint64_t connects_ = 0;
  std::uint64_t life_ = 0;  // of what was planned for an earlier link
  bool usable_ = false;
  bool silent_ = false;
  Manner manner_ = Manner::normal;
  bool nonsense_sent_ = false;  // it waits for the server's word before it begins
  bool settled_ = false;
  bool retired_ = false;
  std::map<std::uint32_t, Asked> asked_;
  std::uint64_t accepted_ = 0;  // commands that no rate refused
  std::map<std::string, std::map<std::uint32_t, std::uint64_t>> places_;  // of its commands
  std::uint32_t keys_ = 0;
  struct Keyed {
    std::uint64_t serial = 0;
    std::string epoch;
  };
  std::map<std::uint64_t, Keyed> unsure_;  // published with a key, and not answered
  Frame frame_;
  bool counted_ = false;
  struct Todo {
    enum class What : std::uint8_t { greet, ready, list, next_list, catch_up } what;
    std::string room;
    std::string cursor;
  };
  std::vector<Todo> todo_;
};

}  // namespace chatroom::sim
