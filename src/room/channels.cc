// Channels of a room: main and up to 31 named ones that come and never go while the room lives.
#include "base/utf8.h"
#include "room/state.h"

namespace chatroom::room {

ChannelIndex Tables::find_channel(const Room& room, std::string_view name) noexcept {
  if (name == "main") return 0;
  ChannelIndex index = 1;
  for (std::uint32_t at = room.first_channel; at != kNone; ++index) {
    const Channel& channel = must(channels.at(at));
    if (channel.name.view() == name) return index;
    at = channel.next;
  }
  return kNone;
}

ChannelIndex Tables::add_channel(Room& room, std::string_view name,
                                 std::string_view creator) noexcept {
  if (room.channels >= std::min(limits.channels_per_room, kChannelsMax)) return kNone;
  const Handle<ChannelTag> handle = channels.insert();
  if (!handle) return kNone;
  Channel& channel = *channels.get(handle);
  if (!texts.keep(name, channel.name) || !texts.keep(creator, channel.creator)) {
    texts.drop(channel.name);
    channels.erase(handle);
    return kNone;
  }
  if (room.last_channel == kNone) {
    room.first_channel = handle.index;
  } else {
    channels.at(room.last_channel)->next = handle.index;
  }
  room.last_channel = handle.index;
  return room.channels++;
}

void Tables::drop_last_channel(Room& room) noexcept {
  const std::uint32_t gone = room.last_channel;
  std::uint32_t before = kNone;
  for (std::uint32_t at = room.first_channel; at != gone; at = channels.at(at)->next) before = at;
  (before == kNone ? room.first_channel : channels.at(before)->next) = kNone;
  room.last_channel = before;
  --room.channels;
  room.restricted &= ~bit_of(room.channels);
  Channel& channel = must(channels.at(gone));
  texts.drop(channel.name);
  texts.drop(channel.creator);
  channels.erase(channels.handle_at(gone));
}

void Tables::list_channels(const Room& room) noexcept {
  const auto word = [&](std::size_t at) noexcept -> std::string_view {
    return (room.closed & bit_of(static_cast<ChannelIndex>(at))) == 0 ? "open" : "closed";
  };
  channel_states[0] = {"main", word(0), room.creator.view(), Role::visitor, {}};
  std::size_t index = 1;
  for (std::uint32_t at = room.first_channel; at != kNone; at = channels.at(at)->next) {
    const Channel& channel = must(channels.at(at));
    channel_states[index] = {
        channel.name.view(), word(index), channel.creator.view(), channel.access, {}};
    ++index;
  }
  CHATROOM_ASSERT(index == room.channels);
  if (room.budgets == nullptr || !room.budgets->apart) return;
  for (ChannelIndex i = 0; i < room.channels; ++i) {
    const Overload* const own = room.budgets->channels[i];
    if (own == nullptr) continue;
    const ShownRate rate = own->rate_told();
    if (rate.rung == Rung::normal) continue;
    channel_states[i].rung = rate.rung;
    channel_states[i].kept = rate.kept;
  }
}

ChannelIndex Registry::channel(RoomId id, std::string_view name) const noexcept {
  const Room* room = tables_->find_room(id);
  return room == nullptr ? kNone : tables_->find_channel(*room, name);
}

std::string_view Registry::channel_name(RoomId id, ChannelIndex channel) const noexcept {
  const Room* room = tables_->find_room(id);
  if (room == nullptr || channel >= room->channels) return {};
  if (channel == 0) return "main";
  std::uint32_t at = room->first_channel;
  while (--channel > 0) at = tables_->channels.at(at)->next;
  return tables_->channels.at(at)->name.view();
}

void Registry::forget_channels(RoomId id) noexcept {
  Room* room = tables_->find_room(id);
  while (room != nullptr && room->channels > 1) tables_->drop_last_channel(*room);
}

Result<ChannelIndex> Registry::open_channel(RoomId id, std::string_view name,
                                            std::string_view creator) noexcept {
  Room* room = tables_->find_room(id);
  if (room == nullptr) return Errc::not_found;
  if (!base::valid_name(name, kNameBytes) || creator.size() > kNameBytes) return Errc::bad_request;
  ChannelIndex index = tables_->find_channel(*room, name);
  if (index == kNone) index = tables_->add_channel(*room, name, creator);
  if (index == kNone) return Errc::limit_reached;
  return index;
}

}  // namespace chatroom::room
