// Lines: a small room with a line in front, and members inside the host who come, wait, are called
// and go; who is in gives gifts and says what it has read. What must hold: whoever came first is
// called first, nobody overtakes, the room is never over its members, nobody waits before a free
// place, and each knows where it stands; the same gift counts on, one by one, while its window is
// open; nobody reads backwards; likes add up, are told once a second at most and to the end.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chatroom/engine.h"
#include "sim/random.h"

namespace chatroom::sim {

class World;
class Lines;

class Waiting final : public LocalMember {
 public:
  Waiting(Lines& lines, World& world, std::uint32_t index);
  void open();
  void act();
  void crashed() { opened_ = in_ = asked_ = false; }
  void on_event(const Event& event) noexcept override;
  void on_closed(CloseCode code) noexcept override;

  std::uint32_t index() const noexcept { return index_; }
  std::uint32_t told() const noexcept { return told_; }
  bool in() const noexcept { return in_; }
  std::uint64_t likes() const noexcept { return likes_; }
  bool opened() const noexcept { return opened_; }

 private:
  void join();
  void ask(Op op);
  void give();
  void read();
  void like();
  void see_likes(std::uint64_t count);
  void see_gift(const Message& message);

  Lines& lines_;
  World& world_;
  const std::uint32_t index_;
  const std::string user_;
  Random random_;
  SessionId session_;
  bool opened_ = false;
  bool in_ = false;
  bool asked_ = false;      // it was refused: next it lines up
  std::uint32_t told_ = 0;  // where it stands, as it was told
  struct Given {
    std::uint64_t first = 0;
    std::uint32_t count = 0;
    std::int64_t at_ms = 0;
  };
  std::map<std::string, Given> given_;         // by giver and gift, since it came in
  std::map<std::string, std::uint64_t> read_;  // up to where others have, likewise
  std::uint64_t newest_ = 0;
  std::uint64_t likes_ = 0;  // as it was told
};

class Lines final {
 public:
  explicit Lines(World& world);
  void start();
  void crashed();
  void check_step();
  void settle() { settled_ = true; }
  void check_end() const;

  static constexpr std::uint32_t kMembers = 2;
  static constexpr const char* kRoom = "line";
  static constexpr std::int64_t kGiftWindowMs = 400;

  // What its members did and heard.
  bool settled() const noexcept { return settled_; }
  void lined_up(std::uint32_t who);
  void went(std::uint32_t who);  // out of the line, by itself
  void called(std::uint32_t who, std::int64_t until_ms);
  void removed(std::uint32_t who);
  void joined(std::uint32_t who);
  bool waits(std::uint32_t who) const;
  void liked(std::uint32_t count) { likes_ += count; }
  std::uint64_t likes() const noexcept { return likes_; }
  void likes_told(std::uint64_t count);  // to the host, when the room is

 private:
  void open_room();

  World& world_;
  std::vector<std::unique_ptr<Waiting>> members_;
  std::deque<std::uint32_t> line_;
  std::set<std::uint32_t> news_;  // were called in this step
  std::set<std::uint32_t> called_;
  Instant free_since_ = Instant::never();
  bool settled_ = false;
  std::uint64_t likes_ = 0;  // since the engine began
  Instant likes_told_{INT64_MIN / 2};
};

}  // namespace chatroom::sim
