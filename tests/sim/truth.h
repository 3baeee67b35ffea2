// Truth: what was said and what a room's log held, as pieced together from outside. Every message
// carries a serial number, so that whoever sees it can look up who said it where. The order of a
// room's entries is what its witness saw: a member inside the host that is on all channels.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "chatroom/event.h"
#include "sim/plan.h"
#include "sim/report.h"

namespace chatroom::sim {

inline constexpr std::uint32_t kChannelsMax = 8;
// "main", "a", "b", ...; the bit of a name, 0 for any other.
std::string_view channel_name(std::uint32_t index) noexcept;
std::uint32_t channel_bit(std::string_view name) noexcept;

std::string epoch_text(std::uint64_t epoch);
std::uint64_t identity_of(const RoomState& state) noexcept;
// Of what no member may miss: settings, and what was taken back.
std::uint64_t identity_of(const Event& event) noexcept;

struct Said {
  std::string room;
  std::string channel = "main";
  std::string user;  // empty: the host
  std::string kind = "text";
  std::string text;
  std::string data;
  Data::Form form = Data::Form::none;
  Priority priority = Priority::normal;
  bool keep = true;
  std::string latest;
  std::string key;
  std::string to;             // for one user alone
  std::uint64_t barrier = 0;  // of that: entries up to this offset come before it
  bool tainted = false;       // its bytes may have been corrupted: it may say anything
  bool dropped = false;       // the rules dropped it: nobody may see it
  bool released = false;      // it was held, and then said all the same
  bool sampled = false;       // its sender was told that the room does not show it
  // Where it turned out to stand.
  std::string epoch;
  std::uint64_t offset = 0;

  bool takes_place() const noexcept { return keep && latest.empty() && kind != "signal"; }
  Outgoing outgoing() const noexcept;
};

struct Entry {  // of a room's log
  enum class Type : std::uint8_t { message, presence, state };
  Type type = Type::message;
  std::uint64_t identity = 0;  // messages: serial; presence: version; settings: what they say
  std::uint64_t offset = 0;
  std::uint64_t behind = 0;  // the last offset before it
  std::uint32_t channels = ~0u;
  Priority priority = Priority::normal;
  bool latest = false;  // may be replaced before it is sent
  bool reliable = false;
};

struct Published {  // as the observer heard it
  std::string user;
  std::uint64_t offset = 0;
};

// A room from open to close: one epoch.
struct Life {
  std::vector<Instant> closings;
  std::vector<Instant> openings;  // when its witness came in: once for each opening of the room
  std::uint64_t behind = 0;       // the head at the last of them
  std::uint64_t loaded = 0;       // what was stored of it at its openings
  std::string room;
  std::string epoch;
  bool reliable = false;
  bool witnessed = false;
  bool whole = true;         // the witness lost nothing
  std::uint64_t holes = 0;   // offsets that it did not see
  std::uint64_t begins = 0;  // the offset at which the witness came
  std::vector<Entry> entries;
  std::map<std::uint64_t, std::size_t> messages;  // serial to index
  std::map<std::uint64_t, std::size_t> versions;  // with the opening in front
  std::vector<std::size_t> states;
  std::map<std::uint64_t, std::size_t> offsets;
  std::map<std::uint64_t, std::uint64_t> prints;  // offset to fingerprint, from all who saw it
  std::vector<Published> published;
  std::uint32_t history_least = UINT32_MAX;  // the shortest that its policy ever was
  std::uint32_t policy_changes = 0;
  bool closed = false;
  std::map<std::uint64_t, Instant> recalled;  // taken back, and when
  std::set<std::uint64_t> pins;
  std::deque<std::set<std::uint64_t>> pins_due;  // as its members are to be told, one by one
  // Of messages that the room did not show: how many senders know, how many the witness was told.
  std::uint64_t sampled_known = 0;
  std::uint64_t sampled_told = 0;

  // Entries that were replaced before the witness was visited, at most, and those that a crash kept
  // from it.
  std::uint64_t unseen() const noexcept;
  // Whether it was taken back before that moment.
  bool gone(std::uint64_t offset, Instant moment) const noexcept {
    const auto at = recalled.find(offset);
    return at != recalled.end() && at->second < moment;
  }
  // Whether the witness had come when somebody joined.
  bool watched_at(Instant moment) const noexcept {
    const auto past = [moment](Instant at) { return at <= moment; };
    return std::count_if(openings.begin(), openings.end(), past) >
           std::count_if(closings.begin(), closings.end(), past);
  }
  // Versions of presence begin again with each opening.
  std::uint64_t opening_at(Instant moment) const noexcept {
    std::uint64_t count = 0;
    while (count < openings.size() && openings[count] <= moment) ++count;
    return count << 40;
  }
};

class Store;

class Truth final {
 public:
  Truth(const Plan& plan, Report& report) noexcept : plan_(plan), report_(report) {}

  // Registers a message; its text gets the serial as a prefix.
  std::uint64_t say(Said said);
  static std::string prefix(std::uint64_t serial);  // of its text
  Said* find(std::uint64_t serial) noexcept;
  static std::uint64_t serial_of(const Message& message) noexcept;  // 0: none
  std::uint64_t said() const noexcept { return said_.size(); }

  Life& life(std::string_view room, std::string_view epoch);
  // The newest offset of a life at this moment; no bound if it is over.
  std::uint64_t head(const Life& life) const {
    const Position now = where_(life.room);
    return epoch_text(now.epoch) == life.epoch ? now.offset : UINT64_MAX;
  }
  void closed(std::string_view room, Instant now);  // all, if it is empty
  void ask_storage(const Store* store) { store_ = store; }
  // A room was opened over what is stored of it: does it go on where it has to?
  void check_reopened(const std::string& room, std::string_view epoch, std::uint64_t offset);
  // The life goes on with a log that was stored up to here, or further, when it was loaded. Whoever
  // reads slowly sees it when the room has long been opened anew.
  bool loaded(Life& life, std::uint64_t offset) const;
  // Its newest messages could not be read back.
  bool cold(const std::string& room) const;
  // Its storage never got this one, or has forgotten it.
  bool may_lack(const std::string& room, std::uint64_t offset) const;
  void ask_position(std::function<Position(const std::string&)> ask) { where_ = std::move(ask); }
  const std::map<std::pair<std::string, std::string>, Life>& lives() const noexcept {
    return lives_;
  }
  // A message that somebody saw, live or in history: does it say what was said?
  void sight(Life& life, const Message& message, std::string_view who);
  // The witness's next entry.
  void append(Life& life, const Event& event);
  void told_published(std::string_view room, Position position, std::string_view user);
  // The sender was told that it stands there.
  void placed(std::uint64_t serial, std::string_view epoch, std::uint64_t offset);
  // What a room that shows only so much did not show, its sender alone gets, without an offset.
  bool budgeted() const noexcept { return plan_.budgeted; }
  const Plan& plan() const noexcept { return plan_; }
  // How often a witness of that room was told what share it is shown.
  std::uint64_t rates_seen(const std::string& room) const {
    const auto at = rates_.find(room);
    return at == rates_.end() ? 0 : at->second;
  }
  // Of which only the newest matters: not one of the settings that nobody may miss.
  static bool is_number(const Event& event) noexcept {
    return event.type == EventType::room_state && (event.state.likes || event.state.has_rate);
  }
  bool is_echo(const Said& said, const Message& message) const noexcept {
    return plan_.echoes() && message.offset == 0 && said.takes_place() && !said.user.empty() &&
           said.to.empty();
  }
  void echoed(const Said& said, const Message& message, std::string_view who) const;
  void check_sampled(const Life& life) const;
  // A moderator took back what the witness has seen.
  void recall(Life& life, std::uint64_t offset, Instant now);
  void pins_changed(Life& life);
  void pins_kept(Life& life);  // it did not come to that
  void told_pins(Life& life, std::span<const std::uint64_t> pins);
  void check_pins(const Life& life) const;
  // The sender was told that nobody will see it; of what is held: not before it is released.
  void refused(std::uint64_t serial, Errc why = Errc::internal);
  // What the observer heard is what the witness saw.
  void check_published(const Life& life) const;

 private:
  void check_stored(const std::string& room, std::uint64_t offset, std::uint64_t serial,
                    std::string_view who) const;

  std::map<std::string, std::uint64_t> rates_;
  const Plan& plan_;
  Report& report_;
  const Store* store_ = nullptr;
  std::function<Position(const std::string&)> where_;
  std::vector<Said> said_;
  std::map<std::pair<std::string, std::string>, Life> lives_;
};

}  // namespace chatroom::sim
