// Record: what rooms keep goes to the Storage port, one append a room at a time.
//
// behind: messages are spread at once and appended afterwards, from the history ring, as many as
//         there are.
// before: publishes wait in the room's own queue; the first is stamped and appended, and when that
// is
//         done it is spread, answered and kept, and the next one follows.
#include <algorithm>

#include "engine/questions.h"

namespace chatroom {

using engine::RoomRecord;
using engine::StorageWorkKind;

namespace {

constexpr Duration kRetryAfter = Duration::s(1);  // or when the storage is asked again
constexpr std::uint32_t kAppendMessages = 64;     // of one append
constexpr std::uint32_t kAheadMax = 1024;         // publishes waiting in one room: room_overloaded

// A publish on its way through storage.
struct Waiting {
  engine::Caller caller;
  std::string_view author;
  Outgoing message;
  engine::Lists lists;
};

void pack_waiting(engine::Packer& to, const engine::Caller& caller, std::string_view author,
                  const Outgoing& message) noexcept {
  to.handle(caller.session);
  to.u32(caller.id);
  to.flag(caller.host);
  to.u64(caller.tag);
  to.u64(caller.ticket);
  to.u64(caller.said.low);
  to.u64(caller.said.high);
  to.text(author);
  pack(to, message);
}

void unpack_waiting(engine::Unpacker& from, Waiting& waiting) noexcept {
  waiting.caller.session = from.handle<SessionId>();
  waiting.caller.id = from.u32();
  waiting.caller.op = Op::publish;
  waiting.caller.host = from.flag();
  waiting.caller.tag = from.u64();
  waiting.caller.ticket = from.u64();
  waiting.caller.said.low = from.u64();
  waiting.caller.said.high = from.u64();
  waiting.author = from.text();
  unpack(from, waiting.message, waiting.lists);
}

}  // namespace

RoomRecord* Engine::State::record_of(RoomId room) noexcept {
  return static_cast<RoomRecord*>(rooms.attachment(room));
}

// Whether a message has to wait there: for its storage, for those that do, or until the storage
// knows that members may be told more than it has.
bool Engine::State::stores_first(RoomId room) noexcept {
  const RoomRecord* record = record_of(room);
  if (record == nullptr) return false;
  return rooms.view(room).policy->durability == Durability::before || !record->open ||
         !record->ahead.empty() || !record->flying.empty();
}

void Engine::State::mark_changed(RoomId room) noexcept {
  RoomRecord* record = record_of(room);
  if (record == nullptr || record->listed()) return;
  changed_records.push_back(*record);
}

void Engine::State::record_changes() noexcept {
  for (std::size_t left = changed_records.size(); left > 0 && !changed_records.empty(); --left) {
    RoomRecord& record = *changed_records.pop_front();
    if (record.loading) continue;  // its completion comes back here
    save_changes(record);
    if (record.appending) continue;  // likewise
    if (record.durable && !spread_stored(record)) {
      mark_changed(record.room);  // the log had no place for it: again in the next turn
      more_work = true;
      continue;
    }
    // What was said before the room began to store first goes first, unless its storage is down.
    if (!record.failed && append_behind(record)) continue;
    if (!record.ahead.empty()) append_before(record);
  }
}

void Engine::State::retry_storage() noexcept {
  const Duration wait = std::max(kRetryAfter, broken_for(engine::BrokenPort::storage));
  retry_appends = std::min(retry_appends, now + wait);
}

void Engine::State::retry_failed_appends() noexcept {
  if (retry_appends > now) return;
  retry_appends = Instant::never();
  for (RoomId room = rooms.first_room(); room; room = rooms.next_room(room)) {
    RoomRecord* record = record_of(room);
    if (record == nullptr || !(record->failed || record->save_failed)) continue;
    const bool unread = record->loading && record->failed;
    record->failed = record->save_failed = false;
    if (unread) {
      load_room(*record);
    } else {
      mark_changed(room);
    }
  }
}

// True: an append is under way.
bool Engine::State::append_behind(RoomRecord& record) noexcept {
  const room::RoomView view = rooms.view(record.room);
  if (view.policy->durability == Durability::none || record.stored >= view.position.offset) {
    return false;
  }
  if (broken_for(engine::BrokenPort::storage).us > 0) {  // the room goes on, and stores later
    record.failed = true;
    retry_storage();
    return false;
  }
  const std::uint32_t limit = std::min(kAppendMessages, options.limits.page_messages);
  const room::Page page = rooms.history(
      record.room, {.after = record.stored, .has_after = true, .limit = limit, .for_storage = true},
      now);
  if (page.messages.empty()) {  // the ring keeps nothing, so nothing can be stored
    record.stored = view.position.offset;
    return false;
  }
  const StorageRequest request = new_work(StorageWorkKind::behind, record.room);
  if (!request) {
    if (!record.waits() && storage_works.size() > 0) waiting_records.push_back(record);
    return false;
  }
  storage_works.get(request)->last = page.messages.back().offset;
  record.appending = true;
  ask_storage(
      [&] { ports.storage->append(request, *this, view.key, record.log_epoch, page.messages); });
  return true;
}

Engine::State::Outcome Engine::State::publish_before(const Caller& caller, RoomId room,
                                                     room::UserIndex author,
                                                     const Outgoing& message) noexcept {
  RoomRecord& record = *record_of(room);
  if (const Error error = engine::check_sizes(message, options.limits); error.code != Errc::ok) {
    return error;
  }
  if (record.ahead.size() >= kAheadMax) return Errc::room_overloaded;
  engine::Packer to{scratch.packed};
  pack_waiting(to, caller, author == room::kNone ? std::string_view{} : rooms.user(author).id,
               message);
  if (!to.ok()) return Errc::too_large;
  if (!record.ahead.push(blocks, to.bytes())) return Errc::room_overloaded;
  mark_changed(room);
  return Outcome::later();
}

// What is stamped now is spread with the same stamp when it is stored. An author who went meanwhile
// was heard all the same; one who is unknown by then speaks as the host's guest would: not at all.
void Engine::State::append_before(RoomRecord& record) noexcept {
  while (!record.ahead.empty()) {
    const std::size_t size = record.ahead.pop(blocks, scratch.unpacked);
    engine::Unpacker from{Bytes{scratch.unpacked}.first(size)};
    Waiting waiting;
    unpack_waiting(from, waiting);
    const room::UserIndex author =
        waiting.author.empty() ? room::kNone : rooms.find_user(waiting.author);
    if (author == room::kNone && !waiting.author.empty()) {  // gone before its turn came
      if (CHATROOM_PLANTED(released_lost)) continue;
      finish(waiting.caller, Errc::not_member, rooms.view(record.room).key);
      continue;
    }
    if (const Duration wait = broken_for(engine::BrokenPort::storage); wait.us > 0) {
      finish(waiting.caller, broken(Errc::storage_failed, wait), rooms.view(record.room).key);
      continue;
    }
    Position first;
    if (rooms.answered(record.room, author, waiting.message.key, now, first)) {
      finish(waiting.caller, first, rooms.view(record.room).key);
      if (waiting.caller.host) {
        note({.type = HostEventType::published,
              .room = rooms.view(record.room).key,
              .position = first,
              .tag = waiting.caller.tag});
      }
      continue;
    }
    const Result<room::Committed> stamped =
        rooms.stamp(record.room, author, waiting.message, 1, now);
    if (!stamped) {
      finish(waiting.caller, stamped.error(), rooms.view(record.room).key);
      continue;
    }
    engine::Packer to{scratch.packed};
    pack_waiting(to, waiting.caller, waiting.author, waiting.message);
    to.u64(stamped->position.epoch);
    to.u8(static_cast<std::uint8_t>(stamped->channel));
    pack(to, stamped->message);
    const StorageRequest request = new_work(StorageWorkKind::before, record.room);
    if (!to.ok() || !request || !record.flying.push(blocks, to.bytes())) {
      if (request) storage_works.erase(request);
      rooms.forget_key(record.room, author, waiting.message.key);
      finish(waiting.caller, Error{Errc::storage_failed, kTemporary, 0},
             rooms.view(record.room).key);
      continue;
    }
    if (stamped->position.offset == 0) {  // nothing to store
      storage_works.erase(request);
      record.durable = true;
      if (spread_stored(record)) continue;
      mark_changed(record.room);
      return;
    }
    record.appending = true;
    storage_works.get(request)->last = stamped->position.offset;
    const room::RoomView view = rooms.view(record.room);
    ask_storage([&] {
      ports.storage->append(request, *this, view.key, record.log_epoch,
                            std::span{&stamped->message, 1});
    });
    return;
  }
}

// The message in `flying` is stored: now it is said. False: the log has no place for it yet.
bool Engine::State::spread_stored(RoomRecord& record) noexcept {
  const std::size_t size = record.flying.pop(blocks, scratch.unpacked);
  const Bytes bytes = Bytes{scratch.unpacked}.first(size);
  engine::Unpacker from{bytes};
  Waiting waiting;
  unpack_waiting(from, waiting);
  room::Committed stamped;
  stamped.position.epoch = from.u64();
  stamped.channel = from.u8();
  std::string_view mentions[kMentionsPerMessage];
  unpack(from, stamped.message, mentions);
  stamped.position.offset = stamped.message.offset;
  stamped.message.room = rooms.view(record.room).key;
  const room::UserIndex author =
      waiting.author.empty() ? room::kNone : rooms.find_user(waiting.author);
  const Result<Position> said =
      spread_message(record.room, stamped, author, waiting.message, waiting.caller.tag);
  if (!said) {
    const bool kept = record.flying.push(blocks, bytes);
    CHATROOM_ASSERT(kept);  // its blocks were given back a moment ago
    return false;
  }
  record.durable = false;
  finish(waiting.caller, *said, rooms.view(record.room).key);
  return true;
}

// The append failed: its place was never taken.
void Engine::State::drop_flying(RoomRecord& record, Error error) noexcept {
  const std::size_t size = record.flying.pop(blocks, scratch.unpacked);
  engine::Unpacker from{Bytes{scratch.unpacked}.first(size)};
  Waiting waiting;
  unpack_waiting(from, waiting);
  const room::UserIndex author =
      waiting.author.empty() ? room::kNone : rooms.find_user(waiting.author);
  rooms.forget_key(record.room, author, waiting.message.key);
  finish(waiting.caller, error, rooms.view(record.room).key);
}

// The one end of a publish that passed the rules of its room: its words stand for the place that it
// took, or may be said again; who said it is answered, and what it had been held as is settled.
void Engine::State::finish(const Caller& caller, const Result<Position>& said,
                           std::string_view room) noexcept {
  if (said) {
    rooms.place_said(caller.said, said->offset);
    return answer_publish(caller, *said);
  }
  rooms.forget_said(caller.said);
  refuse(caller, said.error(), room);
}

// The room closes: what waited in it will not be said. What the storage has been asked to keep may
// be found there when the room is opened again, so nobody is told that it was refused.
void Engine::State::refuse_ahead(RoomRecord& record) noexcept {
  const auto first = [&](engine::ByteQueue& queue) {
    const std::size_t size = queue.pop(blocks, scratch.unpacked);
    engine::Unpacker from{Bytes{scratch.unpacked}.first(size)};
    Waiting waiting;
    unpack_waiting(from, waiting);
    return waiting.caller;
  };
  const std::string_view key = rooms.view(record.room).key;
  while (!record.flying.empty()) refuse(first(record.flying), {Errc::internal, kTemporary, 0}, key);
  while (!record.ahead.empty()) finish(first(record.ahead), Errc::not_member, key);
}

}  // namespace chatroom
