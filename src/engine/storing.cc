// Requests to the Storage port and what becomes of them: rooms that are loaded before anybody
// joins, appends that are done, pages of history older than the ring.
#include <algorithm>

#include "engine/questions.h"

namespace chatroom {

using engine::QuestionKind;
using engine::RoomRecord;
using engine::StorageWork;
using engine::StorageWorkKind;

namespace {

constexpr std::uint32_t kPageDefault = 50;
constexpr std::uint32_t kEmptyPagesMax = 16;  // read for one command

}  // namespace

// Empty: too many are under way.
StorageRequest Engine::State::new_work(StorageWorkKind kind, RoomId room) noexcept {
  const StorageRequest request = storage_works.insert();
  if (!request) return request;
  StorageWork& work = *storage_works.get(request);
  work.kind = kind;
  work.room = room;
  work.sent = now;
  return request;
}

// ---- StorageReply: answers are taken down and worked on in the next step; storages may give them
// from inside the request.

void Engine::State::on_message(StorageRequest request, const Message& message) noexcept {
  engine::Packer to{scratch.packed};
  to.handle(request);
  pack(to, message);
  record(
      engine::Record::stored_message, [](engine::Packer&) {}, to.bytes());
  StorageWork* work = storage_works.get(request);
  if (work == nullptr || work->done || work->cut) return;
  // Where the stored log has a hole, a read goes on behind it.
  if (work->before != 0 && message.offset >= work->before) return;
  const Bytes packed = to.bytes().subspan(8);
  const auto full = [&] {
    return work->results.bytes() + packed.size() > options.limits.page_bytes ||
           work->results.size() >= options.limits.page_messages;
  };
  // A first one goes alone, however long: else nobody would get past it.
  if (full() && !work->newest_first && !work->results.empty()) {
    work->cut = true;
    return;
  }
  while (full() && !work->results.empty()) {  // a long one takes the place of several
    work->more = true;
    work->results.pop(blocks, scratch.unpacked);
  }
  if (!to.ok() || !work->results.push(blocks, packed)) work->cut = true;
}

void Engine::State::on_room(StorageRequest request, const StoredRoom& stored) noexcept {
  // A longer one is not ours: in its place stands one that cannot be read.
  static constexpr std::byte kUnreadable[1]{};
  const bool known = stored.record.size() <= kStoredRecordBytesMax;
  const Bytes saved_record = known ? stored.record : Bytes{kUnreadable};
  record(
      engine::Record::stored_room,
      [&](engine::Packer& to) {
        to.handle(request);
        to.u64(stored.epoch);
        to.u64(stored.offset);
        to.u32(static_cast<std::uint32_t>(saved_record.size()));
      },
      saved_record);
  StorageWork* work = storage_works.get(request);
  if (work == nullptr || work->kind != StorageWorkKind::load || work->done || work->found) return;
  work->found = true;
  work->stored = {.epoch = stored.epoch, .offset = stored.offset};
  if (!saved_record.empty() && !work->results.push(blocks, saved_record)) work->cut = true;
}

void Engine::State::on_done(StorageRequest request, Status status) noexcept {
  record(engine::Record::stored_done, [&](engine::Packer& to) {
    to.handle(request);
    to.u8(static_cast<std::uint8_t>(status.error().code));
  });
  StorageWork* work = storage_works.get(request);
  if (work == nullptr || work->done) return;
  work->done = true;
  work->status = status;
  const bool listed = done_works.push_back(request);  // reserved for every request
  CHATROOM_ASSERT(listed);
  dirty = true;
  if (in_port || depth > 0) return;  // the turn that is open takes it
  const TurnScope turn{*this};
  ++inputs;
}

void Engine::State::take_completions() noexcept {
  while (!done_works.empty()) {
    const StorageRequest request = done_works.front();
    done_works.pop_front();
    complete(request);
  }
  give_places();
}

void Engine::State::complete(StorageRequest request) noexcept {
  StorageWork& work = *storage_works.get(request);
  const RoomId room = work.room;
  RoomRecord* record = rooms.is_open(room) ? record_of(room) : nullptr;
  const Errc outcome = work.status.error().code;  // that nothing is known of a room is an answer
  port_worked(engine::BrokenPort::storage, outcome == Errc::ok || outcome == Errc::not_found,
              work.sent);
  switch (work.kind) {
    case StorageWorkKind::load:
      if (record == nullptr) break;
      if (outcome != Errc::ok && outcome != Errc::not_found) {
        fail_loading(*record, storage_is_down());
      } else if (!work.found) {
        finish_loading(room);
      } else if (work.cut) {  // no memory for what it told
        fail_loading(*record, storage_is_down());
      } else {
        resume(work, *record);
      }
      break;
    case StorageWorkKind::save:
      if (record != nullptr) saved(work, *record);
      if (record == nullptr && !work.status) {
        log(LogLevel::error, "storage: the last save of a closed room failed");
      }
      break;
    case StorageWorkKind::warm:
      if (record != nullptr) warmed(work, *record);
      break;
    case StorageWorkKind::behind:
      if (record == nullptr) break;
      record->appending = false;
      if (work.status) {
        record->stored = std::max(record->stored, work.last);
        mark_changed(room);
      } else {  // not at once: a storage that is down would keep the loop busy
        log(LogLevel::warning, "storage: an append failed, trying again in a second");
        record->failed = true;
        retry_storage();
      }
      break;
    case StorageWorkKind::before:
      if (record == nullptr) break;
      record->appending = false;
      record->durable = static_cast<bool>(work.status);
      if (work.status) record->stored = std::max(record->stored, work.last);
      if (!work.status) drop_flying(*record, {Errc::storage_failed, kTemporary, 0});
      mark_changed(room);
      break;
    case StorageWorkKind::page:
      answer_stored_page(work);
      break;
  }
  work.command.clear(blocks);
  work.results.clear(blocks);
  storage_works.erase(request);
}

// ---- Loading a room

void Engine::State::start_loading(RoomId room) noexcept {
  if (ports.storage == nullptr) return;
  if (rooms.view(room).policy->durability == Durability::none) return;
  RoomRecord* record = room_records.make();
  if (record == nullptr) return;  // as many records as rooms: there is one
  record->room = room;
  record->log_epoch = rooms.view(room).position.epoch;
  record->open = may_outrun(room);
  rooms.attachment(room) = record;
  record->loading = true;
  load_room(*record);
}

// Not now: it is tried again, and until then nobody comes in.
void Engine::State::load_room(RoomRecord& record) noexcept {
  const bool asks = can_load();
  const StorageRequest request =
      asks ? new_work(StorageWorkKind::load, record.room) : StorageRequest{};
  if (!request) {
    record.failed = true;
    return retry_storage();
  }
  ask_storage([&] { ports.storage->load(request, *this, rooms.view(record.room).key); });
}

bool Engine::State::can_load() const noexcept {
  return broken_for(engine::BrokenPort::storage).us == 0 &&
         storage_works.size() < options.limits.storage_waiting;
}

Error Engine::State::storage_is_down() noexcept {
  const Duration wait = broken_for(engine::BrokenPort::storage);
  return wait.us > 0 ? broken(Errc::storage_failed, wait)
                     : Error{Errc::storage_failed, kTemporary, 0};
}

// Whom the room keeps out is not known, so nobody comes in, and what stands in the storage is not
// written over. What a member opened closes, and whoever comes again opens it anew; the host's room
// stays and is asked for again.
void Engine::State::fail_loading(RoomRecord& record, Error why) noexcept {
  const RoomId room = record.room;
  if (CHATROOM_PLANTED(failed_load_opens)) return finish_loading(room);
  if (rooms.view(room).creator.empty()) {
    record.failed = true;
    retry_storage();
  } else {
    close_room(room, LeaveReason::room_closed);
  }
  Answer down = Answer::refuse(Errc::storage_failed);
  down.error = why;
  answer_waiting(room, down);
}

// The newest messages go back into the ring: as many as somebody who comes back may have missed.
void Engine::State::warm(RoomRecord& record) noexcept {
  const std::uint64_t want = std::min<std::uint64_t>(
      {rooms.view(record.room).policy->history_messages,
       std::max(options.limits.page_messages, options.limits.recovery_messages), record.stored});
  read_warm(record, record.stored - want);
}

// A page at a time, oldest first, since a ring grows at its end.
void Engine::State::read_warm(RoomRecord& record, std::uint64_t after) noexcept {
  const StorageRequest request =
      after >= record.stored ? StorageRequest{} : new_work(StorageWorkKind::warm, record.room);
  if (!request) return finish_warming(record);
  const auto limit = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(record.stored - after, options.limits.page_messages));
  ask_storage([&] {
    ports.storage->read(request, *this, rooms.view(record.room).key, record.log_epoch, after,
                        limit);
  });
}

void Engine::State::warmed(StorageWork& work, RoomRecord& record) noexcept {
  const std::span<const Message> read = unpack_results(work, rooms.view(record.room).key);
  if (!work.status || read.empty()) return finish_warming(record);
  for (const Message& message : read) rooms.restore_message(record.room, message, now);
  read_warm(record, read.back().offset);
}

// A ring ends at the room's newest message, or it is empty: what was read of it is in the storage.
void Engine::State::finish_warming(RoomRecord& record) noexcept {
  const room::RoomView view = rooms.view(record.room);
  if (view.history_messages > 0 && rooms.newest_kept(record.room) != view.position.offset) {
    rooms.move_to(record.room, view.position);
  }
  finish_loading(record.room);
}

// Whoever waited may join now.
void Engine::State::finish_loading(RoomId room) noexcept {
  record_of(room)->loading = false;
  mark_changed(room);
  answer_waiting(room, Answer::pass());
}

void Engine::State::answer_waiting(RoomId room, const Answer& answer) noexcept {
  for (const bool opens : {true, false}) {
    for (std::uint32_t i = 0; i < questions.extent(); ++i) {
      const Pending* pending = questions.at(i);
      if (pending == nullptr || pending->kind != QuestionKind::load) continue;
      if (pending->room != room || pending->opens != opens) continue;
      static_cast<void>(take_answer(questions.handle_at(i), answer));
    }
  }
}

void Engine::State::forget_record(RoomId room) noexcept {
  RoomRecord* record = record_of(room);
  if (record == nullptr) return;
  refuse_ahead(*record);
  if (record->listed()) changed_records.remove(*record);
  if (record->waits()) waiting_records.remove(*record);
  if (record->reads_moved()) read_records.remove(*record);
  rooms.attachment(room) = nullptr;
  room_records.destroy(record);
}

// ---- History older than the ring

std::uint64_t Engine::State::oldest_in_ring(RoomId room) const noexcept {
  const room::RoomView view = rooms.view(room);
  return view.position.offset - view.history_messages + 1;
}

// True: the page is being read, and answered when it is here.
bool Engine::State::read_stored_page(const Caller& caller, RoomId room,
                                     const room::PageRequest& page, const Command& command,
                                     std::uint32_t rounds) noexcept {
  const RoomRecord* record = record_of(room);
  if (record == nullptr) return false;
  const room::RoomView view = rooms.view(room);
  std::uint64_t after = page.after;
  std::uint64_t before = page.before;
  std::uint32_t limit = page.limit;
  if (!page.has_after) {
    if (before == 0) before = view.position.offset + 1;
    if (before <= 1) return false;
    // The newest may be in the ring only.
    if (view.history_messages > 0 && before > oldest_in_ring(room)) return false;
    limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(limit, before - 1));
    after = before - 1 - limit;
  }
  if (after + 1 >= oldest_in_ring(room)) return false;  // the ring has it
  const StorageRequest request = new_work(StorageWorkKind::page, room);
  if (!request) return false;
  StorageWork& work = *storage_works.get(request);
  engine::Packer to{scratch.packed};
  to.handle(caller.session);
  to.u32(caller.id);
  to.flag(caller.host);
  pack(to, command);
  if (!to.ok() || !work.command.push(blocks, to.bytes())) {
    storage_works.erase(request);
    return false;
  }
  work.after = after;
  work.before = before;
  work.rounds = rounds;
  work.newest_first = !page.has_after;
  work.more = page.has_after || after > 0;
  ask_storage(
      [&] { ports.storage->read(request, *this, view.key, record->log_epoch, after, limit); });
  return true;
}

void Engine::State::answer_stored_page(StorageWork& work) noexcept {
  work.command.pop(blocks, scratch.unpacked);
  engine::Unpacker from{scratch.unpacked};
  Caller caller;
  caller.session = from.handle<SessionId>();
  caller.id = from.u32();
  caller.host = from.flag();
  caller.op = Op::history;
  Command command;
  engine::Lists lists;
  unpack(from, command, lists);
  const RoomId room = work.room;
  const room::MembershipIndex membership =
      rooms.is_open(room) && slots.get(caller.session) != nullptr
          ? rooms.membership(room, caller.session.index)
          : room::kNone;
  if (membership == room::kNone) return refuse(caller, {Errc::not_member, 0, 0}, command.room);
  if (!work.status) return refuse(caller, {Errc::storage_failed, kTemporary, 0}, command.room);
  room::ChannelMask mask = rooms.view(membership).mask;
  if (!command.channel.empty()) {
    const room::ChannelIndex channel = rooms.channel(room, command.channel);
    mask &= channel == room::kNone ? 0 : room::bit_of(channel);
  }
  const std::span<const Message> all = unpack_results(work, rooms.view(room).key);
  std::size_t kept = 0;
  for (const Message& message : all) {
    if (message.kind == room::kRecalledKind || rooms.is_recalled(room, message.offset)) continue;
    const room::ChannelIndex channel = rooms.channel(room, message.channel);
    if (channel == room::kNone || (mask & room::bit_of(channel)) == 0) continue;
    loaded[kept++] = message;
  }
  if (command.has_after && all.empty()) {
    // Nothing further is stored: what is left is in the ring.
    command.after = std::max(command.after, oldest_in_ring(room) - 1);
    const Outcome rest = decide_history(caller, command);
    if (!rest.ok()) refuse(caller, rest.error, rooms.view(room).key);
    return;
  }
  const bool more = work.more || work.cut;
  const bool nothing = kept == 0 && more;  // that this reader may see: it has to be moved on
  const std::uint64_t on = command.has_after ? (all.empty() ? work.after : all.back().offset)
                           : all.empty()     ? work.after + 1
                                             : all.front().offset;
  if (nothing && work.rounds < kEmptyPagesMax) {
    const std::uint32_t limit =
        std::min(std::max(command.limit, kPageDefault), options.limits.page_messages);
    room::PageRequest next{.mask = mask, .has_after = command.has_after, .limit = limit};
    (next.has_after ? next.after : next.before) = on;
    command.after = next.after;
    command.before = next.before;
    if (read_stored_page(caller, room, next, command, work.rounds + 1)) return;
    const Outcome rest = decide_history(caller, command);
    if (!rest.ok()) refuse(caller, rest.error, rooms.view(room).key);
    return;
  }
  const room::EpochText epoch = room::epoch_text(rooms.view(room).position.epoch);
  Event event;
  event.room = rooms.view(room).key;
  event.epoch = epoch.view();
  event.messages = std::span{loaded.data(), kept};
  event.more = more;
  event.offset = nothing ? on : 0;
  answer_page(caller, event, command.has_after);
}

// Views of the packed results, which stay in `scratch.page` until the next call.
std::span<const Message> Engine::State::unpack_results(StorageWork& work,
                                                       std::string_view room) noexcept {
  loaded.clear();
  std::size_t at = 0;
  std::size_t count = 0;
  while (!work.results.empty()) {
    const std::size_t size = work.results.pop(blocks, scratch.page.subspan(at));
    engine::Unpacker from{Bytes{scratch.page}.subspan(at, size)};
    Message message;
    unpack(from, message,
           std::span{loaded_mentions.data() + count * kMentionsPerMessage, kMentionsPerMessage});
    message.room = room;
    const bool placed = loaded.push_back(message);  // reserved for a page
    CHATROOM_ASSERT(placed);
    at += size;
    ++count;
  }
  return {loaded.data(), loaded.size()};
}

}  // namespace chatroom
