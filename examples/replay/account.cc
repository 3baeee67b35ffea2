#include "account.h"

#include <algorithm>

namespace replayer {

Account::Account(std::size_t members) : entries_(kEntries), progress_(members), pending_(members) {}

void Account::add_member(std::size_t member, const std::string& user) { members_[user] = member; }

void Account::sent(std::size_t member, std::uint32_t id, std::string_view text,
                   std::int64_t now_us) {
  ++totals_.sent;
  pending_[member].push_back({id, now_us, std::string(text)});
}

void Account::refused(std::size_t member, std::uint32_t id) {
  const auto found = std::find_if(pending_[member].begin(), pending_[member].end(),
                                  [id](const Pending& one) { return one.id == id; });
  if (found == pending_[member].end()) return;
  pending_[member].erase(found);
  --totals_.sent;
  ++totals_.refused;
}

std::uint64_t Account::slowest() const {
  std::uint64_t least = UINT64_MAX;
  for (const Progress& at : progress_) least = std::min(least, at.delivered);
  return least;
}

// A member's messages arrive in the order it sent them, so the right one is the first with that
// text; those before it may be lost on this way and still come on another.
void Account::recognise(const chatroom::Message& message, Entry& entry) {
  entry.offset = message.offset;
  entry.sender = kForeign;
  entry.text = message.text;
  entry.frames[0].clear();
  entry.frames[1].clear();
  const auto member = members_.find(std::string(message.user));
  if (member == members_.end()) {
    ++totals_.foreign;
    return;
  }
  auto& pending = pending_[member->second];
  const auto found = std::find_if(pending.begin(), pending.end(),
                                  [&](const Pending& one) { return one.text == message.text; });
  if (found == pending.end()) {
    ++totals_.corrupted;
    return;
  }
  entry.sender = static_cast<std::int32_t>(member->second);
  entry.sent_us = found->sent_us;
  pending.erase(found);
}

bool Account::take_missing(Progress& at, std::uint64_t offset) {
  for (std::size_t i = 0; i < at.missing.size(); ++i) {
    Range& range = at.missing[i];
    if (offset < range.first || offset > range.last) continue;
    const Range before{range.first, offset - 1};
    const Range behind{offset + 1, range.last};
    at.missing.erase(at.missing.begin() + static_cast<std::ptrdiff_t>(i));
    if (before.first <= before.last) at.missing.push_back(before);
    if (behind.first <= behind.last) at.missing.push_back(behind);
    return true;
  }
  return false;
}

void Account::received(std::size_t member, Profile profile, std::string_view frame,
                       const chatroom::Message& message, std::int64_t now_us) {
  Progress& at = progress_[member];
  const std::uint64_t offset = message.offset;
  if (offset == 0 || at.next == 0) return;  // not kept, or before the join was answered
  Entry& entry = entries_[offset & kMask];
  if (entry.offset < offset) recognise(message, entry);

  std::string& known = entry.frames[static_cast<std::size_t>(profile)];
  if (known.empty()) known = frame;
  const bool right = entry.offset == offset && entry.text == message.text;
  if (!right) ++totals_.corrupted;

  if (offset < at.next) {
    if (!take_missing(at, offset)) {
      ++totals_.duplicated;
      return;
    }
    ++totals_.reordered;
  } else {
    if (offset > at.next) at.missing.push_back({at.next, offset - 1});
    at.next = offset + 1;
  }
  if (right) deliver(at, entry, now_us);
}

}  // namespace replayer
