// Pages of history: for the history command, for joins that ask for recent messages, and for those
// that come back and ask for what they missed.
#include <algorithm>

#include "base/plant.h"
#include "room/state.h"

namespace chatroom::room {

namespace {

// How long the rest of a recovery that did not fit its page stays readable.
constexpr Duration kPromise = Duration::s(30);

struct Reader {
  ChannelMask mask = kAllChannels;
  std::size_t limit = 0;
  bool for_storage = false;
};

// Collects messages within the bounds of one answer.
class PageWriter {
 public:
  enum class Take : std::uint8_t { taken, skipped, full };

  PageWriter(Tables& tables, const Room& room, const Reader& reader) noexcept
      : tables_(tables),
        room_(room),
        mask_(reader.mask),
        limit_(reader.limit),
        for_storage_(reader.for_storage) {
    if (CHATROOM_PLANTED(history_wrong_channel)) mask_ = kAllChannels;
    tables.arena.clear();
    tables.page.clear();
    tables.list_channels(room);
  }

  Take take(History::Place place) noexcept {
    const History::Head head = History::head(place);
    if ((mask_ & bit_of(head.channel)) == 0) return Take::skipped;
    const bool recalled = head.recalled() && !CHATROOM_PLANTED(recalled_still_read);
    if (recalled && !for_storage_) return Take::skipped;
    if (tables_.page.size() == std::min(limit_, tables_.page.size_max())) return Take::full;
    if (!tables_.arena.fits(History::string_bytes(head), head.mentions)) return Take::full;
    Message message = History::read(place, head, tables_.arena);
    if (recalled) {
      message.kind = kRecalledKind;
      message.text = {};
      message.data = {};
      message.mentions = {};
    }
    message.room = room_.key.view();
    message.channel = tables_.channel_states[head.channel].name;
    const std::uint32_t cost = tables_.cost(message);
    // The first always goes, so that reading on gets somewhere.
    if (!tables_.page.empty() &&
        cost > tables_.limits.page_bytes - std::min(bytes_, tables_.limits.page_bytes)) {
      return Take::full;
    }
    bytes_ = base::saturating_add(bytes_, cost);
    CHATROOM_ASSERT(tables_.page.push_back(message));
    return Take::taken;
  }

 private:
  Tables& tables_;
  const Room& room_;
  ChannelMask mask_;
  const std::size_t limit_;
  const bool for_storage_;
  std::uint32_t bytes_ = 0;
};

Page read_forward(Tables& tables, const Room& room, const Reader& reader, std::uint64_t after,
                  std::uint64_t before) noexcept {
  PageWriter writer(tables, room, reader);
  const std::uint32_t index = room.id.index;
  Page page;
  History::Place place;
  if (after < tables.history.last_offset(index)) {
    place = tables.history.seek(index, std::max(after + 1, tables.history.first_offset(index)));
  }
  for (; place && !page.more; place = tables.history.next(index, place)) {
    if (before != 0 && History::head(place).offset >= before) break;
    page.more = writer.take(place) == PageWriter::Take::full;
  }
  page.messages = {tables.page.begin(), tables.page.end()};
  return page;
}

Page read_backward(Tables& tables, const Room& room, const Reader& reader,
                   std::uint64_t before) noexcept {
  PageWriter writer(tables, room, reader);
  const std::uint32_t index = room.id.index;
  Page page;
  History::Place place = tables.history.last(index);
  if (place && before != 0 && before <= tables.history.last_offset(index)) {
    place = before <= tables.history.first_offset(index) ? History::Place{}
                                                         : tables.history.seek(index, before - 1);
  }
  for (; place && !page.more; place = tables.history.previous(index, place)) {
    page.more = writer.take(place) == PageWriter::Take::full;
  }
  std::reverse(tables.page.begin(), tables.page.end());
  page.messages = {tables.page.begin(), tables.page.end()};
  return page;
}

}  // namespace

void Tables::trim_history(Room& room, Instant now) noexcept {
  std::uint64_t keep = room.policy.history_messages;
  if (room.promised_until > now && room.offset > room.promised_from) {
    const std::uint64_t promised = room.offset - room.promised_from;
    keep = std::max(keep, std::min<std::uint64_t>(promised, keep + limits.recovery_messages));
  }
  const std::int64_t age_us = room.policy.history_age.us;
  const bool forever = age_us <= 0 || age_us > now.us;
  history.trim(room.id.index, keep, forever ? INT64_MIN : Instant{now.us - age_us}.unix_ms());
  if (!tenants.apart()) return;
  const Tenant* const tenant = tenants.of(room.key.view());
  if (tenant == nullptr || tenant->policy.history_bytes == 0) return;
  if (CHATROOM_PLANTED(tenant_history_unbounded)) return;
  const std::uint16_t index = tenants.index_of(room.key.view());
  while (history.bytes_of(index) > tenant->policy.history_bytes && history.shorten(room.id.index)) {
  }
}

Page Registry::history(RoomId id, const PageRequest& request, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return {};
  t.trim_history(*room, now);
  const Reader reader{request.mask, std::min(request.limit, t.limits.page_messages),
                      request.for_storage};
  if (request.has_after) {
    return read_forward(t, *room, reader, request.after, request.before);
  }
  return read_backward(t, *room, reader, request.before);
}

Page Registry::recent(RoomId id, ChannelMask mask, std::uint32_t count, Instant now) noexcept {
  if (count == 0) return {};
  Page page = history(id, {.mask = mask, .limit = count}, now);
  if (CHATROOM_PLANTED(join_reply_misses_last) && !page.messages.empty()) {
    page.messages = page.messages.first(page.messages.size() - 1);
  }
  return page;
}

Recovery Registry::recover(RoomId id, Position since, ChannelMask mask, Instant now) noexcept {
  Tables& t = *tables_;
  Room* room = t.find_room(id);
  if (room == nullptr) return {};
  if (since.epoch != room->epoch || since.offset > room->offset) return {};
  const std::uint64_t missed = room->offset - since.offset;
  if (missed > t.limits.recovery_messages) return {};
  if (missed == 0) return {.recovered = true, .page = {}};
  t.trim_history(*room, now);
  const std::uint64_t oldest = t.history.first_offset(id.index);
  const bool whole =
      oldest != 0 && oldest <= since.offset + 1 && t.history.last_offset(id.index) == room->offset;
  if (!whole && !CHATROOM_PLANTED(recovered_but_incomplete)) return {};
  Recovery recovery{.recovered = true,
                    .page = read_forward(t, *room, {mask, t.page.size_max()}, since.offset, 0)};
  if (recovery.page.more) {
    // The ring may hold more than its policy for a while: `recovered` promises those pages.
    if (room->promised_until <= now) room->promised_from = since.offset;
    room->promised_from = std::min(room->promised_from, since.offset);
    room->promised_until = now + kPromise;
  }
  return recovery;
}

}  // namespace chatroom::room
