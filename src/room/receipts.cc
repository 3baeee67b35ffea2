// Receipts: up to where each member of a room has read, in rooms whose policy asks for it. A
// position outlives a leave, so that whoever comes back knows what is unread; of too many, those
// that moved longest ago are forgotten.
#include <algorithm>

#include "base/plant.h"
#include "base/utf8.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

constexpr std::int64_t kTellIntervalUs = 1'000'000;

void unlink(Tables& tables, Receipts& receipts, const ReadMark& gone) noexcept {
  (gone.previous == kNone ? receipts.first : tables.readers.at(gone.previous)->next) = gone.next;
  (gone.next == kNone ? receipts.last : tables.readers.at(gone.next)->previous) = gone.previous;
}

// Behind all that moved before.
void link(Tables& tables, Receipts& receipts, std::uint32_t index) noexcept {
  ReadMark& added = *tables.readers.at(index);
  added.previous = receipts.last;
  added.next = kNone;
  (receipts.last == kNone ? receipts.first : tables.readers.at(receipts.last)->next) = index;
  receipts.last = index;
}

}  // namespace

std::uint32_t Tables::find_reader(const Room& home, UserIndex who) noexcept {
  if (home.receipts == nullptr || who == kNone) return kNone;
  const std::uint32_t* found =
      reader_index.find(base::key_of_number(MemberPair{home.id.index, who}));
  return found == nullptr ? kNone : *found;
}

std::uint32_t Tables::make_reader(Room& home, UserIndex who) noexcept {
  if (home.receipts == nullptr) home.receipts = receipts.make();
  if (home.receipts == nullptr) return kNone;
  std::uint32_t index = readers.insert();
  if (index == kNone && home.receipts->first != kNone) {
    drop_reader(home, home.receipts->first);
    index = readers.insert();
  }
  if (index != kNone) {
    ReadMark& fresh = *readers.at(index);
    fresh.room = home.id.index;
    fresh.user = who;
    if (reader_index.insert(index) != nullptr) {
      ++user(who).references;
      link(*this, *home.receipts, index);
      return index;
    }
    readers.erase(index);
  }
  if (home.receipts->first == kNone) drop_receipts(home);
  return kNone;
}

void Tables::drop_reader(Room& home, std::uint32_t index) noexcept {
  const ReadMark gone = *readers.at(index);
  unlink(*this, *home.receipts, gone);
  reader_index.erase(base::key_of_number(MemberPair{gone.room, gone.user}));
  readers.erase(index);
  release_user(gone.user);
}

void Tables::drop_receipts(Room& home) noexcept {
  if (home.receipts == nullptr) return;
  while (home.receipts->first != kNone) drop_reader(home, home.receipts->first);
  read_due.remove(home.id.index);
  receipts.destroy(home.receipts);
  home.receipts = nullptr;
}

Result<Acked> Registry::ack(RoomId id, UserIndex user, std::uint64_t offset, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr || t.present_member(id.index, user) == nullptr) return Errc::not_member;
  if (!room->policy.receipts) return Errc::unsupported;
  std::uint32_t index = t.find_reader(*room, user);
  if (index == kNone) index = t.make_reader(*room, user);
  if (index == kNone) return Errc::limit_reached;
  ReadMark& reader = *t.readers.at(index);
  Acked acked;
  offset = std::min(offset, room->offset);
  acked.moved = offset > reader.offset && !CHATROOM_PLANTED(ack_ignored);
  if (acked.moved) {
    reader.offset = offset;
    Receipts& receipts = *room->receipts;
    unlink(t, receipts, reader);
    link(t, receipts, index);
    acked.exact = room->users <= t.limits.receipts_exact;
    if (!acked.exact) {
      receipts.newest = std::max(receipts.newest, offset);
      t.read_due.set(id.index, std::max(now.us, receipts.told_us + kTellIntervalUs));
    }
  }
  acked.offset = reader.offset;
  acked.unread = room->offset - reader.offset;
  return acked;
}

bool Registry::read_position(RoomId id, UserIndex user, std::uint64_t& offset) const noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  const std::uint32_t index = room == nullptr ? kNone : t.find_reader(*room, user);
  if (index == kNone) return false;
  offset = t.readers.at(index)->offset;
  return true;
}

bool Registry::each_reader(RoomId id, ReaderVisitor visit, void* context) const noexcept {
  Tables& t = *tables_;
  const Room* room = t.find_room(id);
  if (room == nullptr || room->receipts == nullptr) return true;
  for (std::uint32_t at = room->receipts->last; at != kNone; at = t.readers.at(at)->previous) {
    const ReadMark& mark = *t.readers.at(at);
    if (!visit(context, t.user(mark.user).id(), mark.offset)) return false;
  }
  return true;
}

// The newest come first, so each stands in front of those before it. What was read since the room
// was loaded stands; places that the log does not have were lost with it.
bool Registry::restore_reader(RoomId id, std::string_view user_id, std::uint64_t offset) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr || !room->policy.receipts || !base::valid_name(user_id, kNameBytes)) {
    return false;
  }
  const UserIndex user = t.remember_user(user_id);
  if (user == kNone) return false;
  ++t.user(user).references;
  const bool known = t.find_reader(*room, user) != kNone;
  // A room's own oldest would give way to one that is older still.
  const bool place = t.readers.size() < t.limits.read_positions;
  const std::uint32_t index = known || !place ? kNone : t.make_reader(*room, user);
  if (index != kNone) {
    ReadMark& mark = *t.readers.at(index);
    mark.offset = std::min(offset, room->offset);
    Receipts& receipts = *room->receipts;
    if (receipts.first != index) {
      unlink(t, receipts, mark);
      mark.previous = kNone;
      mark.next = receipts.first;
      t.readers.at(receipts.first)->previous = index;
      receipts.first = index;
    }
    receipts.newest = std::max(receipts.newest, mark.offset);
  }
  t.release_user(user);
  return index != kNone || known;
}

RoomId Registry::next_receipt(Instant now) noexcept {
  const IndexHeap& due = tables_->read_due;
  return due.empty() || due.top_key() > now.us ? RoomId{} : tables_->room(due.top()).id;
}

Instant Registry::next_receipt_due() const noexcept {
  return tables_->read_due.empty() ? Instant::never() : Instant{tables_->read_due.top_key()};
}

// Of the newest message that anybody has read: how many have. One walk a second and room.
ReadCount Registry::take_receipt(RoomId id, Instant now) noexcept {
  Tables& t = *tables_;
  Receipts& receipts = *t.find_room(id)->receipts;
  t.read_due.remove(id.index);
  receipts.told_us = now.us;
  ReadCount read{receipts.newest, 0};
  for (std::uint32_t at = receipts.first; at != kNone; at = t.readers.at(at)->next) {
    if (t.readers.at(at)->offset >= read.offset) ++read.count;
  }
  return read;
}

}  // namespace chatroom::room
