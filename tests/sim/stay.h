// Stay: one session's time in a room, as its member saw it; compared with the truth at the end.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/shown.h"
#include "sim/truth.h"

namespace chatroom::sim {

// Where a frame stood in what the engine wrote to a link.
struct Frame {
  std::uint64_t start = 0;  // of its first byte, in the stream
  std::uint64_t write = 0;  // which Connection::write took that byte
  bool exact = true;        // false: `write` is only a moment
  Instant at;               // when
};

struct Seen {
  enum class Type : std::uint8_t { entry, gap, change, aside };
  Type type = Type::entry;
  Entry::Type what = Entry::Type::message;
  std::uint64_t identity = 0;
  std::uint64_t offset = 0;
  std::uint64_t low = 0;  // change: it took effect at a head between these
  std::uint64_t high = 0;
  std::uint64_t write = 0;
  std::uint32_t channels = ~0u;  // entry: its channel; change: the mask from there on
  Gap gap;
};

// A page of history that a member was given.
struct PageSeen {
  enum class Type : std::uint8_t { recent, recovery, history };
  Type type = Type::history;
  std::uint32_t channels = 0;  // asked for
  std::uint64_t after = 0;     // what is there begins past this offset
  std::uint64_t upto = 0;      // and must reach to this one
  std::uint32_t limit = 0;
  bool more = false;
  std::vector<std::uint64_t> offsets;
};

struct Stay {
  std::string who;
  std::uint64_t number = 0;  // among all of this member's
  Life* life = nullptr;
  Instant since;               // when it joined, by the server's clock
  std::uint64_t joined = 0;    // the head when it joined
  std::uint32_t channels = 1;  // then
  std::uint64_t last_offset = 0;
  std::uint64_t aside = 0;  // what is at or before this offset came already
  bool open = true;         // still there when all ended
  bool tainted = false;     // its bytes were corrupted: anything may have happened
  std::vector<Seen> seen;
  std::vector<PageSeen> pages;
  std::uint64_t lost = 0;
  std::map<std::string, Rung> rungs;  // as it was told, by channel; without: of the room
  Shown shown;
  Chosen chosen;
  std::map<std::string, std::string> worn;  // what members show of themselves

  // Who is here, kept up to date from changes alone.
  bool list_known = false;
  bool list_stale = false;  // something was lost
  std::uint64_t list_version = 0;
  std::set<std::string> list;

  std::uint32_t channels_now() const noexcept;
  bool changed() const noexcept;  // its channels did
};

// What a member shows of itself, in one line.
std::string worn_text(const Member& member);

// Everything that this member should have seen it saw, or was told that it is lost.
void check_stay(const Stay& stay, Report& report);
void check_pages(const Stay& stay, const Truth& truth, Report& report);

}  // namespace chatroom::sim
