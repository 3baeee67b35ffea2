#include "sim/stay.h"

#include <algorithm>
#include <cinttypes>

namespace chatroom::sim {

namespace {

// Whether an entry was meant for a member: certainly, perhaps, or not.
enum class Meant : std::uint8_t { no, perhaps, yes };

class StayCheck final {
 public:
  StayCheck(const Stay& stay, Report& report) : stay_(stay), life_(*stay.life), report_(report) {}

  void run() {
    next_ = first_possible();
    certain_from_ = first_certain();
    for (const Seen& seen : stay_.seen) {
      if (seen.type == Seen::Type::gap) take_gap(seen.gap);
      if (seen.type == Seen::Type::entry) take_entry(seen);
    }
    // What came after the last one that it saw.
    for (std::size_t i = next_; i < life_.entries.size(); ++i) {
      miss(i, stay_.open);
    }
    compare();
  }

 private:
  // Entries without an offset right behind the join may have come before it.
  std::size_t first_possible() const {
    const auto at = life_.offsets.upper_bound(stay_.joined);
    std::size_t index = at == life_.offsets.end() ? life_.entries.size() : at->second;
    while (index > 0 && life_.entries[index - 1].offset == 0 &&
           life_.entries[index - 1].behind >= stay_.joined) {
      --index;
    }
    return index;
  }
  std::size_t first_certain() const {
    const auto at = life_.offsets.upper_bound(stay_.joined);
    return at == life_.offsets.end() ? life_.entries.size() : at->second;
  }

  // The channels that the member was on when `entry` was made; both, where that cannot be known.
  Meant meant(const Entry& entry) const {
    if (entry.channels == ~0u) return Meant::yes;
    std::uint32_t all = stay_.channels;
    std::uint32_t any = stay_.channels;
    std::uint32_t left_later = 0;
    std::uint32_t now = stay_.channels;
    for (const Seen& seen : stay_.seen) {
      if (seen.type != Seen::Type::change) continue;
      const bool before = entry.offset != 0 ? entry.offset <= seen.low : entry.behind < seen.low;
      const bool after = entry.offset != 0 ? entry.offset > seen.high : entry.behind > seen.high;
      if (after) {
        all = any = seen.channels;
      } else if (!before) {
        all &= seen.channels;
        any |= seen.channels;
      }
      // What waits is forgotten when its channel is left.
      if (!after) left_later |= now & ~seen.channels;
      now = seen.channels;
    }
    if ((any & entry.channels) == 0) return Meant::no;
    const bool sure = (all & entry.channels) != 0 && (left_later & entry.channels) == 0;
    return sure ? Meant::yes : Meant::perhaps;
  }

  std::size_t place_of(const Seen& seen) {
    const auto npos = static_cast<std::size_t>(-1);
    if (seen.what == Entry::Type::message) {
      if (seen.offset != 0) {
        const auto at = life_.offsets.find(seen.offset);
        return at == life_.offsets.end() ? npos : at->second;
      }
      const auto at = life_.messages.find(seen.identity);
      return at == life_.messages.end() ? npos : at->second;
    }
    if (seen.what == Entry::Type::presence) {
      const auto at = life_.versions.find(life_.opening_at(stay_.since) + seen.identity);
      return at == life_.versions.end() ? npos : at->second;
    }
    // Settings are never lost: the next one that says the same.
    auto at = std::lower_bound(life_.states.begin(), life_.states.end(), next_);
    while (at != life_.states.end() && life_.entries[*at].identity != seen.identity) ++at;
    return at == life_.states.end() ? npos : *at;
  }

  void take_entry(const Seen& seen) {
    const std::size_t at = place_of(seen);
    if (at == static_cast<std::size_t>(-1)) {
      replaced_ = true;  // a `latest` one of which the witness saw only the newer
      return;
    }
    const Entry& entry = life_.entries[at];
    if (at < next_) {
      fail("saw " + name(entry) + " twice or out of order");
    }
    if (meant(entry) == Meant::no) {
      fail("saw " + name(entry) + " of a channel that it was not on");
    }
    // Whoever sees something later has been told of what it lost before.
    for (; next_ < at; ++next_) miss(next_, true);
    ++next_;
    compare_missed();
    if (seen.what == Entry::Type::state && at < certain_from_) either_.push_back(seen.identity);
    // Settings may have said the same before.
    if (seen.what != Entry::Type::state) certain_from_ = std::min(certain_from_, next_);
  }

  // `due`: its gap must have been told by now.
  void miss(std::size_t index, bool due) {
    const Entry& entry = life_.entries[index];
    const Meant was =
        index < certain_from_ && meant(entry) == Meant::yes ? Meant::perhaps : meant(entry);
    if (was == Meant::no) return;
    ++possible_;
    if (entry.type == Entry::Type::state && due) {
      // It was this one that the member saw, and the first of the two came before its join.
      const auto same = std::find(either_.begin(), either_.end(), entry.identity);
      if (same != either_.end()) {
        either_.erase(same);
        return;
      }
    }
    if (was == Meant::perhaps || entry.latest || !due) return;
    ++certain_;
    const bool held_back = stay_.chosen.ever() && entry.type == Entry::Type::message;
    if (entry.reliable && !held_back) {
      fail("never saw " + name(entry) + ", which was reliable, after " +
           (index > 0 ? name(life_.entries[index - 1]) : "nothing") + " behind " +
           std::to_string(entry.behind));
    }
    if (entry.offset != 0) missed_.push_back(entry.offset);
  }

  void take_gap(const Gap& gap) {
    told_ += gap.count;
    gaps_.push_back(gap);
    if (gap.count == 0) fail("was told a gap of nothing");
    const bool chosen = gap.reason == GapReason::budget && stay_.chosen.ever();
    if (gap.reliable && !chosen) fail("was told that it lost reliable entries");
  }

  void compare_missed() {
    if (told_ < certain_) {
      fail("missed " + std::to_string(certain_) + " entries and was told of " +
           std::to_string(told_));
    }
    for (const std::uint64_t offset : missed_) {
      const bool covered = std::any_of(gaps_.begin(), gaps_.end(), [&](const Gap& gap) {
        return gap.from <= offset && offset <= gap.to;
      });
      if (!covered) fail("missed offset " + std::to_string(offset) + ", which no gap covers");
    }
    missed_.clear();
  }

  void compare() {
    compare_missed();
    if (told_ > possible_ + life_.unseen() && !replaced_) {
      fail("missed at most " + std::to_string(possible_) + " entries and was told of " +
           std::to_string(told_));
    }
  }

  static std::string name(const Entry& entry) {
    const char* type = entry.type == Entry::Type::message    ? "message #"
                       : entry.type == Entry::Type::presence ? "presence "
                                                             : "settings ";
    return type + std::to_string(entry.identity) + " (offset " + std::to_string(entry.offset) + ")";
  }

  // The failing stay, for people.
  std::string story() const {
    std::string text = " channels " + std::to_string(stay_.channels) + ":";
    const std::size_t from = stay_.seen.size() > 40 ? stay_.seen.size() - 40 : 0;
    for (std::size_t i = from; i < stay_.seen.size(); ++i) {
      const Seen& seen = stay_.seen[i];
      const char* type = seen.type == Seen::Type::gap        ? "gap"
                         : seen.type == Seen::Type::change   ? "change"
                         : seen.what == Entry::Type::message ? "#"
                                                             : "event";
      text += std::string{" "} + type + std::to_string(seen.identity) + "@" +
              std::to_string(seen.offset) + "/" + std::to_string(seen.channels & 0xff) + "w" +
              std::to_string(seen.write);
    }
    return text;
  }

  [[noreturn]] void fail(const std::string& what) {
    report_.fail(Verdict::correctness, "%s in %s (joined at %" PRIu64 "%s): %s;%s",
                 stay_.who.c_str(), life_.room.c_str(), stay_.joined,
                 stay_.open ? ", still there" : "", what.c_str(), story().c_str());
  }

  const Stay& stay_;
  const Life& life_;
  Report& report_;
  std::size_t next_ = 0;
  std::size_t certain_from_ = 0;
  std::uint64_t possible_ = 0;
  std::uint64_t certain_ = 0;
  std::uint64_t told_ = 0;
  bool replaced_ = false;
  std::vector<std::uint64_t> missed_;
  std::vector<Gap> gaps_;
  std::vector<std::uint64_t> either_;  // settings taken for ones that may have come before the join
};

}  // namespace

std::string worn_text(const Member& member) {
  std::string text;
  for (const Attribute& one : member.attributes) {
    text += std::string{one.key} + "=" + std::string{one.value} + ";";
  }
  return text;
}

std::uint32_t Stay::channels_now() const noexcept {
  std::uint32_t now = channels;
  for (const Seen& one : seen) {
    if (one.type == Seen::Type::change) now = one.channels;
  }
  return now;
}

bool Stay::changed() const noexcept {
  return std::any_of(seen.begin(), seen.end(),
                     [](const Seen& one) { return one.type == Seen::Type::change; });
}

void check_stay(const Stay& stay, Report& report) {
  const Life& life = *stay.life;
  if (stay.tainted || !life.witnessed || !life.whole || stay.joined < life.begins) return;
  if (!life.watched_at(stay.since)) return;
  StayCheck(stay, report).run();
}

// Pages hold every kept message of their channels between their ends; a recovery begins right after
// what the member had, and reaches up to its join.
void check_pages(const Stay& stay, const Truth& truth, Report& report) {
  const Life& life = *stay.life;
  if (stay.tainted || !life.witnessed || !life.whole) return;
  for (const PageSeen& page : stay.pages) {
    std::set<std::uint64_t> has(page.offsets.begin(), page.offsets.end());
    std::uint64_t low = page.offsets.empty() ? page.upto : page.offsets.front();
    if (page.type == PageSeen::Type::recovery) low = page.after + 1;
    std::uint64_t high = page.offsets.empty() ? 0 : page.offsets.back();
    // Nothing was at hand: `more` says that it can be asked for.
    if (page.offsets.empty() && page.more) continue;
    const bool to_end = page.type == PageSeen::Type::recent ||
                        (page.type == PageSeen::Type::recovery && !page.more);
    if (to_end) high = std::max(high, page.upto);
    for (auto at = life.offsets.lower_bound(std::max(low, life.begins + 1));
         at != life.offsets.end() && at->first <= high; ++at) {
      const Entry& entry = life.entries[at->second];
      if ((entry.channels & page.channels) == 0 || has.count(at->first) != 0) continue;
      if (truth.may_lack(life.room, at->first) || life.recalled.count(at->first) != 0) continue;
      report.fail(Verdict::correctness,
                  "%s in %s got a page (kind %d) of %zu from %" PRIu64 " to %" PRIu64
                  " without %" PRIu64,
                  stay.who.c_str(), life.room.c_str(), static_cast<int>(page.type),
                  page.offsets.size(), low, high, at->first);
    }
  }
}

}  // namespace chatroom::sim
