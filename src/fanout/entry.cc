#include "fanout/entry.h"

#include "base/plant.h"
#include "fanout/member.h"

namespace chatroom::fanout {

namespace {

bool skipped_at(Level level, const Entry& entry) noexcept {
  if (!entry.lossy() && !CHATROOM_PLANTED(blocked_member_skips_reliable)) return false;
  const auto priority = static_cast<Priority>(entry.priority());
  return priority == Priority::low || level == Level::no_normal;
}

}  // namespace

Fate fate_of(const Entry& entry, Sequence sequence, const Filter& filter) noexcept {
  if (sequence < filter.changed_at) {
    if (!entry.on(filter.channels_before & filter.channels)) return Fate::ignored;
  } else if (!entry.on(filter.channels)) {
    if (!filter.shared_view) return Fate::ignored;
    if (!CHATROOM_PLANTED(exceptions_mask_ignored)) return Fate::excluded;
  }
  if (entry.withdrawn() && !CHATROOM_PLANTED(superseded_still_sent)) return Fate::merged;
  if (filter.choice != nullptr && filter.choice->holds_back(sequence)) return Fate::dropped;
  if (filter.level != Level::all && skipped_at(filter.level, entry)) return Fate::dropped;
  return Fate::send;
}

}  // namespace chatroom::fanout
