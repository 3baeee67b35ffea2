// Eyes: what one session hears, checked as it comes: nothing of a room before the join was answered
// or after it was left, offsets rising, every message as it was said, answers once each. What must
// be compared with the whole truth is kept in its stays.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/stay.h"

namespace chatroom::sim {

// What was asked and not answered yet.
struct Asked {
  Op op = Op::none;
  std::string room;
  std::string channel;
  std::uint32_t channels = 0;  // join, history: asked for
  std::uint64_t serial = 0;    // publish, send_to
  Instant at;
  bool recover = false;
  std::string since_epoch;
  std::uint64_t since = 0;
  std::uint32_t recent = 0;
  std::uint64_t after = 0;
  std::uint64_t before = 0;
  bool has_after = false;
  bool first_page = true;  // presence
  std::uint64_t newest_seen = 0;
  std::uint64_t stay = 0;          // in which one it was asked
  bool placed = false;             // it took effect at `after`, exactly
  bool again = false;              // the same message as before
  bool nonsense = false;           // nobody may ask that
  std::uint32_t normal_per_s = 0;  // set_receive
  std::uint32_t high_per_s = 0;
  std::string on;  // set_attribute: on whom
};

class Eyes final {
 public:
  Eyes(Truth& truth, Report& report, std::string who) noexcept
      : truth_(truth), report_(report), who_(std::move(who)) {}

  // `asked`: of answers.
  void on_event(const Event& event, const Frame& frame, const Asked* asked);
  // The session is over; what it had in its rooms goes to `ended`.
  void end_session();
  void taint();
  // Nothing of the room may be offered from this place in the stream on.
  void quiet_from(std::string_view room, std::uint64_t start);

  // Nor of this message.
  void recalled_from(const Life& life, std::uint64_t offset, std::uint64_t start);

  const std::string& who() const noexcept { return who_; }
  Stay* stay(std::string_view room) noexcept;
  const std::map<std::string, std::shared_ptr<Stay>>& stays() const noexcept { return stays_; }
  std::vector<std::shared_ptr<Stay>>& ended() noexcept { return ended_; }

 private:
  void on_answer(const Event& event, const Frame& frame, const Asked& asked);
  void on_join(const Event& event, const Frame& frame, const Asked& asked);
  void on_page(const Event& event, const Asked& asked);
  void on_list(const Event& event, const Asked& asked);
  void on_entry(const Event& event, const Frame& frame);
  void on_message(Stay& stay, const Event& event, const Frame& frame);
  void on_presence(Stay& stay, const Event& event);
  void on_number(Stay& stay, const Event& event);
  void check_shown(Stay& stay, const Said* said, const Message& message);
  void check_chosen(Stay& stay, const Said* said, const Message& message, Instant at);
  void on_aside(Stay& stay, const Said& said, const Message& message);
  void leave(std::string_view room);
  static void wear(Stay& stay, const Member& member);
  void check_recalled(const Stay& stay, const Message& message, const Frame& frame);
  void check_recalled(const Life& life, const Event& answer, const Asked& asked);
  [[noreturn]] void fail(std::string_view room, const std::string& what);

  Truth& truth_;
  Report& report_;
  const std::string who_;
  std::map<std::string, std::shared_ptr<Stay>> stays_;
  std::vector<std::shared_ptr<Stay>> ended_;
  std::map<std::string, std::uint64_t> quiet_;
  std::map<std::pair<const Life*, std::uint64_t>, std::uint64_t> recalled_;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> latest_;  // of one write
  std::uint64_t latest_write_ = 0;
  std::uint64_t stays_seen_ = 0;
  bool tainted_ = false;
};

}  // namespace chatroom::sim
