// What members show of themselves: a few words each, while they are in the room. A record stands in
// a table of the engine's, so that who shows nothing pays nothing but a bit.
#include "base/plant.h"
#include "room/state.h"

namespace chatroom::room {

OwnAttributes* Tables::attributes_of(MemberIndex index) noexcept {
  if (!member(index).adorned) return nullptr;
  const std::uint32_t* found = own_index.find(base::key_of_number(index));
  CHATROOM_ASSERT(found != nullptr);
  return own_attributes.at(*found);
}

OwnAttributes* Tables::make_attributes(Room& room, MemberIndex index) noexcept {
  if (room.adorned == limits.room_member_attributes) return nullptr;
  const std::uint32_t place = own_attributes.insert(index);
  if (place == kNone) return nullptr;
  if (own_index.insert(place) == nullptr) {
    own_attributes.erase(place);
    return nullptr;
  }
  ++room.adorned;
  member(index).adorned = true;
  return own_attributes.at(place);
}

void Tables::drop_attributes(Room& room, MemberIndex index) noexcept {
  OwnAttributes* own = attributes_of(index);
  if (own == nullptr) return;
  if (own->linked()) changed_own.remove(*own);
  const std::uint32_t place = *own_index.find(base::key_of_number(index));
  own_index.erase(base::key_of_number(index));
  own_attributes.erase(place);
  --room.adorned;
  member(index).adorned = false;
}

// What fits on this page. False: it comes with the next one.
bool Tables::show_attributes(MemberIndex index, chatroom::Member& to) noexcept {
  const OwnAttributes* own = attributes_of(index);
  if (own == nullptr) return true;
  const std::size_t count = own->list.size();
  const std::size_t bytes = own->list.text_bytes();
  if (shown_used + count > shown.size() || shown_bytes + bytes > kShownBytesMax) return false;
  const std::span<Attribute> place = std::span{shown}.subspan(shown_used, count);
  own->list.list(place);
  to.attributes = place;
  shown_used += count;
  shown_bytes += bytes;
  return true;
}

bool Tables::has_changes(const Room& room) noexcept {
  OwnAttributes* own = changed_own.front();
  while (own != nullptr && member(own->member).room != room.id.index) own = changed_own.next(*own);
  return own != nullptr;
}

// As many as fit.
std::span<const chatroom::Member> Tables::list_changes(Room& room) noexcept {
  show_anew();
  std::size_t used = 0;
  for (OwnAttributes* own = changed_own.front(); own != nullptr;) {
    OwnAttributes* const next = changed_own.next(*own);
    const MemberIndex index = own->member;
    if (member(index).room == room.id.index) {
      chatroom::Member change{.user = user(member(index).user).id()};
      if (used == changes.size() || !show_attributes(index, change)) break;
      if (CHATROOM_PLANTED(attribute_untold)) change.attributes = {};
      changes[used++] = change;
      changed_own.remove(*own);
      if (own->list.empty()) drop_attributes(room, index);
    }
    own = next;
  }
  return std::span{changes}.first(used);
}

// Nobody is told by name: who wants to know asks.
void Tables::forget_changes(Room& room) noexcept {
  for (OwnAttributes* own = changed_own.front(); own != nullptr;) {
    OwnAttributes* const next = changed_own.next(*own);
    if (member(own->member).room == room.id.index) {
      changed_own.remove(*own);
      if (own->list.empty()) drop_attributes(room, own->member);
    }
    own = next;
  }
}

Status Registry::set_attribute(RoomId id, std::string_view user, std::string_view key,
                               std::optional<std::string_view> value) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  const UserIndex known = room == nullptr ? kNone : t.find_user(user);
  const MemberIndex index = known == kNone ? kNone : t.find_member(id.index, known);
  if (index == kNone || t.member(index).place != Member::Place::present) return Errc::not_found;
  OwnAttributes* own = t.attributes_of(index);
  if (own == nullptr && !value) return {};
  if (own == nullptr) own = t.make_attributes(*room, index);
  if (own == nullptr) return Errc::limit_reached;
  const bool set = own->list.set(key, value);
  if (set) t.presence_changed(*room);
  if (set && !room->counts_only && !own->linked()) t.changed_own.push_back(*own);
  if (own->list.empty() && !own->linked()) t.drop_attributes(*room, index);
  return set ? Status{} : Status{Errc::limit_reached};
}

std::span<const Attribute> Registry::attributes(MemberIndex index) const noexcept {
  chatroom::Member shown;
  tables_->show_anew();
  CHATROOM_ASSERT(tables_->show_attributes(index, shown));
  return shown.attributes;
}

}  // namespace chatroom::room
