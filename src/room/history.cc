#include "room/history.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/checked.h"

namespace chatroom::room {

namespace {

// The rarely used numbers of a message, behind the head when one of them says something.
struct Extra {
  std::uint64_t reply_to;
  std::uint64_t first;
  std::uint64_t count;
};

bool has_extra(const Message& message) noexcept {
  return message.reply_to != 0 || message.count != 1 || message.first != 0;
}

template <class To>
bool fits(std::size_t size) noexcept {
  return size <= std::numeric_limits<To>::max();
}

}  // namespace

History::History(Memory& memory, Shape shape) noexcept
    : shape_(shape),
      chunks_(memory, shape.bytes / kHistoryChunkBytes),
      rings_(memory, shape.rooms_max),
      held_(memory, shape.tenants),
      longest_(memory, shape.rooms_max) {
  static_assert(sizeof(Chunk) == kHistoryChunkBytes);
  static_assert(sizeof(Head) % 8 == 0);
}

std::size_t History::bytes_max(Shape shape) noexcept {
  return base::Pool<Chunk>::bytes_max(shape.bytes / kHistoryChunkBytes) +
         base::Vector<Ring>::bytes_max(shape.rooms_max) + IndexHeap::bytes_max(shape.rooms_max) +
         shape.tenants * sizeof(std::uint32_t);
}

bool History::reserve() noexcept { return shape_.tenants == 0 || held_.resize(shape_.tenants); }

bool History::open(std::uint32_t room, std::uint16_t tenant) noexcept {
  if (!longest_.cover(room + 1)) return false;
  if (room >= rings_.size() && !rings_.resize(room + 1)) return false;
  CHATROOM_ASSERT(rings_[room].chunks == 0);
  rings_[room].tenant = tenant;
  return true;
}

// ---- Writing

bool History::pack(const Message& message, ChannelIndex channel, Head& head) noexcept {
  const bool own_nick = message.nick == message.user;
  const std::string_view kind = message.kind == Kind::text ? std::string_view{} : message.kind.name;
  const std::string_view nick = own_nick ? std::string_view{} : message.nick;
  if (!fits<std::uint16_t>(message.text.size())) return false;
  if (!fits<std::uint16_t>(message.data.bytes.size())) return false;
  if (!fits<std::uint16_t>(message.info.size())) return false;
  if (!fits<std::uint8_t>(message.user.size()) || !fits<std::uint8_t>(nick.size())) return false;
  if (!fits<std::uint8_t>(kind.size()) || !fits<std::uint8_t>(message.mentions.size()))
    return false;
  std::size_t bytes = sizeof(Head) + (has_extra(message) ? sizeof(Extra) : 0) +
                      message.user.size() + nick.size() + kind.size() + message.text.size() +
                      message.data.bytes.size() + message.info.size();
  for (const std::string_view mention : message.mentions) {
    if (!fits<std::uint8_t>(mention.size())) return false;
    bytes += 1 + mention.size();
  }
  bytes = base::round_up(bytes, 8);
  if (!fits<std::uint16_t>(bytes / 8)) return false;
  head = {.offset = message.offset,
          .time_ms = message.time_ms,
          .units = static_cast<std::uint16_t>(bytes / 8),
          .previous_units = 0,
          .text_bytes = static_cast<std::uint16_t>(message.text.size()),
          .data_bytes = static_cast<std::uint16_t>(message.data.bytes.size()),
          .info_bytes = static_cast<std::uint16_t>(message.info.size()),
          .user_bytes = static_cast<std::uint8_t>(message.user.size()),
          .nick_bytes = static_cast<std::uint8_t>(nick.size()),
          .kind_bytes = static_cast<std::uint8_t>(kind.size()),
          .mentions = static_cast<std::uint8_t>(message.mentions.size()),
          .channel = static_cast<std::uint8_t>(channel),
          .role = static_cast<std::uint8_t>(message.role),
          .priority = static_cast<std::uint8_t>(message.priority),
          .form = static_cast<std::uint8_t>(message.data.form),
          .marks = has_extra(message) ? Head::kExtra : std::uint8_t{0},
          .own_nick = own_nick};
  return true;
}

bool History::append(std::uint32_t room, const Message& message, ChannelIndex channel) noexcept {
  Head head;
  Ring& ring = rings_[room];
  if (ring.count > 0 && ring.first_offset + ring.count != message.offset) clear(room);
  if (!pack(message, channel, head) || std::size_t{head.units} * 8 > shape_.record_bytes_max ||
      !make_room(room, std::size_t{head.units} * 8)) {
    clear(room);
    return false;
  }
  Place at{ring.end_chunk, ring.end_at};
  if (at.at == kDataBytes) at = {at.chunk->next, 0};
  const Place start = at;
  if (ring.count > 0) head.previous_units = History::head(ring.last).units;

  write(at, &head, sizeof(head));
  if (head.extra()) {
    const Extra extra{message.reply_to, message.first, message.count};
    write(at, &extra, sizeof(extra));
  }
  write(at, message.user.data(), head.user_bytes);
  write(at, message.nick.data(), head.nick_bytes);
  write(at, message.kind.name.data(), head.kind_bytes);
  write(at, message.text.data(), head.text_bytes);
  write(at, message.data.bytes.data(), head.data_bytes);
  write(at, message.info.data(), head.info_bytes);
  for (const std::string_view mention : message.mentions) {
    const auto size = static_cast<std::uint8_t>(mention.size());
    write(at, &size, 1);
    write(at, mention.data(), size);
  }

  if (start.chunk->first_at == UINT32_MAX) {
    start.chunk->first_at = start.at;
    start.chunk->first_offset = message.offset;
  }
  if (ring.count == 0) {
    ring.first = start;
    ring.first_offset = message.offset;
  }
  ring.last = start;
  ++ring.count;
  const Place end = forward(start, std::size_t{head.units} * 8);
  ring.end_chunk = end.chunk;
  ring.end_at = end.at;
  return true;
}

void History::write(Place& at, const void* bytes, std::size_t size) noexcept {
  const auto* from = static_cast<const std::byte*>(bytes);
  while (size > 0) {
    if (at.at == kDataBytes) at = {at.chunk->next, 0};
    const std::size_t part = std::min(size, kDataBytes - at.at);
    std::memcpy(at.chunk->data + at.at, from, part);
    at.at += static_cast<std::uint32_t>(part);
    from += part;
    size -= part;
  }
}

// Hangs enough empty chunks behind the end for a record of so many bytes.
bool History::make_room(std::uint32_t room, std::size_t bytes) noexcept {
  Ring& ring = rings_[room];
  for (;;) {
    std::size_t free = ring.end_chunk == nullptr ? 0 : kDataBytes - ring.end_at;
    Chunk* back = ring.end_chunk;
    while (back != nullptr && back->next != nullptr) {
      back = back->next;
      free += kDataBytes;
    }
    if (free >= bytes) return true;
    if (Chunk* chunk = chunks_.make()) {
      chunk->previous = back;
      if (back != nullptr) back->next = chunk;
      if (back == nullptr) {
        ring.end_chunk = chunk;
        ring.end_at = 0;
      }
      ++ring.chunks;
      count_chunks(ring, 1);
      recount(room);
    } else if (!evict_one_chunk()) {
      return false;
    }
  }
}

bool History::evict_one_chunk() noexcept {
  if (longest_.empty()) return false;
  const std::uint32_t room = longest_.top();
  const std::uint32_t held = rings_[room].chunks;
  // A ring without a record holds only what it was just given: it needs more than there is.
  while (rings_[room].count > 0 && rings_[room].chunks == held) drop_first(room);
  return rings_[room].chunks < held;
}

// ---- Dropping

void History::drop_first(std::uint32_t room) noexcept {
  Ring& ring = rings_[room];
  if (ring.count == 1) return clear(room);
  const Place after = next(room, ring.first);
  --ring.count;
  ++ring.first_offset;
  ring.first = after;
  if (after.chunk->first_offset < ring.first_offset) {
    after.chunk->first_offset = ring.first_offset;
    after.chunk->first_at = after.at;
  }
  give_back_before(room, after.chunk);
}

void History::give_back_before(std::uint32_t room, Chunk* chunk) noexcept {
  Ring& ring = rings_[room];
  Chunk* old = chunk->previous;
  chunk->previous = nullptr;
  while (old != nullptr) {
    Chunk* before = old->previous;
    chunks_.destroy(old);
    --ring.chunks;
    count_chunks(ring, UINT32_MAX);
    old = before;
  }
  recount(room);
}

void History::clear(std::uint32_t room) noexcept {
  Ring& ring = rings_[room];
  Chunk* chunk = ring.end_chunk;
  while (chunk != nullptr && chunk->next != nullptr) chunk = chunk->next;
  while (chunk != nullptr) {
    Chunk* before = chunk->previous;
    chunks_.destroy(chunk);
    chunk = before;
  }
  count_chunks(ring, 0 - ring.chunks);
  Ring empty;
  empty.tenant = ring.tenant;
  ring = empty;
  recount(room);
}

void History::trim(std::uint32_t room, std::uint64_t keep, std::int64_t not_before_ms) noexcept {
  const Ring& ring = rings_[room];
  while (ring.count > keep) drop_first(room);
  while (ring.count > 0 && head(ring.first).time_ms < not_before_ms) drop_first(room);
}

bool History::shorten(std::uint32_t room) noexcept {
  const std::uint32_t held = rings_[room].chunks;
  while (rings_[room].count > 1 && rings_[room].chunks == held) drop_first(room);
  return rings_[room].chunks < held;
}

void History::recount(std::uint32_t room) noexcept {
  if (rings_[room].chunks == 0) return longest_.remove(room);
  longest_.set(room, -static_cast<std::int64_t>(rings_[room].chunks));
}

// ---- Reading

std::uint64_t History::first_offset(std::uint32_t room) const noexcept {
  return rings_[room].count == 0 ? 0 : rings_[room].first_offset;
}

std::uint64_t History::last_offset(std::uint32_t room) const noexcept {
  const Ring& ring = rings_[room];
  return ring.count == 0 ? 0 : ring.first_offset + ring.count - 1;
}

History::Place History::first(std::uint32_t room) const noexcept { return rings_[room].first; }
History::Place History::last(std::uint32_t room) const noexcept { return rings_[room].last; }

// From the nearer end, a chunk at a time.
History::Place History::seek(std::uint32_t room, std::uint64_t offset) const noexcept {
  const Ring& ring = rings_[room];
  CHATROOM_ASSERT(offset >= ring.first_offset);
  CHATROOM_ASSERT(offset - ring.first_offset < ring.count);
  Place place = ring.first;
  if (offset - ring.first_offset > ring.count / 2) {
    const Chunk* chunk = ring.last.chunk;
    while (chunk->first_at == UINT32_MAX || chunk->first_offset > offset) chunk = chunk->previous;
    place = {const_cast<Chunk*>(chunk), chunk->first_at};
  } else {
    for (Chunk* chunk = ring.first.chunk; chunk != nullptr; chunk = chunk->next) {
      if (chunk->first_at == UINT32_MAX) continue;
      if (chunk->first_offset > offset) break;
      place = {chunk, chunk->first_at};
    }
  }
  while (head(place).offset < offset) place = next(room, place);
  CHATROOM_ASSERT(head(place).offset == offset);
  return place;
}

History::Place History::next(std::uint32_t room, Place place) const noexcept {
  const Ring& ring = rings_[room];
  if (place.chunk == ring.last.chunk && place.at == ring.last.at) return {};
  place = forward(place, std::size_t{head(place).units} * 8);
  return place.at == kDataBytes ? Place{place.chunk->next, 0} : place;
}

History::Place History::previous(std::uint32_t room, Place place) const noexcept {
  const Ring& ring = rings_[room];
  if (place.chunk == ring.first.chunk && place.at == ring.first.at) return {};
  std::size_t back = std::size_t{head(place).previous_units} * 8;
  while (back > place.at) {
    back -= place.at;
    place = {place.chunk->previous, kDataBytes};
  }
  return {place.chunk, static_cast<std::uint32_t>(place.at - back)};
}

// May answer the very end of a chunk, so that the end of the last one can be said.
History::Place History::forward(Place place, std::size_t bytes) noexcept {
  while (bytes > kDataBytes - place.at) {
    bytes -= kDataBytes - place.at;
    place = {place.chunk->next, 0};
  }
  return {place.chunk, static_cast<std::uint32_t>(place.at + bytes)};
}

void History::copy_out(Place& at, void* bytes, std::size_t size) noexcept {
  auto* to = static_cast<std::byte*>(bytes);
  while (size > 0) {
    if (at.at == kDataBytes) at = {at.chunk->next, 0};
    const std::size_t part = std::min(size, kDataBytes - at.at);
    std::memcpy(to, at.chunk->data + at.at, part);
    at.at += static_cast<std::uint32_t>(part);
    to += part;
    size -= part;
  }
}

History::Head History::head(Place place) noexcept {
  Head head;
  copy_out(place, &head, sizeof(head));
  return head;
}

void History::recall(Place place) noexcept {
  Head marked = head(place);
  marked.marks |= Head::kRecalled;
  write(place, &marked, sizeof(marked));
}

Message History::read(Place place, const Head& head, PageArena& arena) noexcept {
  place = forward(place, sizeof(Head));
  Message message;
  if (head.extra()) {
    Extra extra;
    copy_out(place, &extra, sizeof(extra));
    message.reply_to = extra.reply_to;
    message.first = extra.first;
    message.count = static_cast<std::uint32_t>(extra.count);
  }
  const auto text = [&](std::size_t size) noexcept -> std::string_view {
    if (size == 0) return {};
    char* at = arena.take_bytes(size);
    copy_out(place, at, size);
    return {at, size};
  };
  message.offset = head.offset;
  message.time_ms = head.time_ms;
  message.role = static_cast<Role>(head.role);
  message.priority = static_cast<Priority>(head.priority);
  message.user = text(head.user_bytes);
  message.nick = text(head.nick_bytes);
  if (head.own_nick != 0) message.nick = message.user;
  if (head.kind_bytes > 0) message.kind.name = text(head.kind_bytes);
  message.text = text(head.text_bytes);
  message.data = {static_cast<Data::Form>(head.form), as_bytes(text(head.data_bytes))};
  message.info = as_bytes(text(head.info_bytes));
  if (head.mentions > 0) {
    const std::span<std::string_view> mentions = arena.take_mentions(head.mentions);
    for (std::string_view& mention : mentions) {
      std::uint8_t size = 0;
      copy_out(place, &size, 1);
      mention = text(size);
    }
    message.mentions = mentions;
  }
  return message;
}

}  // namespace chatroom::room
