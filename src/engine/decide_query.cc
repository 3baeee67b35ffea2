// Questions about a room, messages past it, and the host's own commands.
#include <algorithm>

#include "engine/latest.h"
#include "engine/questions.h"

namespace chatroom {

using engine::QuestionKind;

namespace {

constexpr std::uint32_t kHistoryDefault = 50;
constexpr std::uint32_t kPresenceDefault = 50;

}  // namespace

Engine::State::Outcome Engine::State::decide_history(const Caller& caller,
                                                     const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  const room::MembershipIndex membership =
      room ? rooms.membership(room, caller.session.index) : room::kNone;
  if (membership == room::kNone) return Errc::not_member;

  room::PageRequest request;
  request.mask = rooms.view(membership).mask;
  if (!command.channel.empty()) {
    const room::ChannelIndex channel = rooms.channel(room, command.channel);
    if (channel == room::kNone) return Errc::not_found;
    request.mask &= room::bit_of(channel);
    if (request.mask == 0) return Errc::not_member;
  } else if (!command.has_after && (request.mask & room::bit_of(0)) == 0) {
    // Without a channel it is main that is asked for, with the others that the session is on. Who
    // reads on after a recovery wants the rest of that, main or not.
    return Errc::not_member;
  }
  request.before = command.before;
  request.after = command.after;
  request.has_after = command.has_after;
  const std::uint32_t limit = command.limit == 0 ? kHistoryDefault : command.limit;
  request.limit = std::min(limit, options.limits.page_messages);

  if (read_stored_page(caller, room, request, command)) return Outcome::later();
  room::Page page = rooms.history(room, request, now);
  if (!page.more && !request.has_after && record_of(room) != nullptr && oldest_in_ring(room) > 1) {
    // Read to the ring's beginning; before it there is what was stored.
    if (page.messages.empty() && (request.before == 0 || request.before > oldest_in_ring(room))) {
      request.before = oldest_in_ring(room);
      if (read_stored_page(caller, room, request, command)) return Outcome::later();
    }
    page.more = !page.messages.empty();
  }
  const room::EpochText epoch = room::epoch_text(rooms.view(room).position.epoch);
  Event event;
  event.room = rooms.view(room).key;
  event.epoch = epoch.view();
  event.messages = page.messages;
  event.more = page.more;
  answer_page(caller, event, command.has_after);
  return {};
}

Engine::State::Outcome Engine::State::decide_presence(const Caller& caller,
                                                      const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  if (!room || rooms.membership(room, caller.session.index) == room::kNone) {
    return Errc::not_member;
  }
  const std::uint32_t limit = command.limit == 0 ? kPresenceDefault : command.limit;
  const Result<room::PresencePage> page =
      rooms.presence(room, std::min(limit, options.limits.page_messages), command.cursor,
                     command.has_since_version ? &command.since_version : nullptr);
  if (!page) return page.error();
  Event event;
  event.room = rooms.view(room).key;
  event.online = page->online;
  event.presence_version = page->version;
  event.unchanged = page->unchanged;
  event.members = page->members;
  event.next = page->next;
  answer(caller, event);
  return {};
}

// ---- Receipts

Engine::State::Outcome Engine::State::decide_ack(const Caller& caller,
                                                 const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  if (!room) return Errc::not_member;
  const room::UserIndex user = rooms.user_of(caller.session.index);
  const Result<room::Acked> acked = rooms.ack(room, user, command.offset, now);
  if (!acked) return acked.error();
  Event reply;
  reply.room = rooms.view(room).key;
  reply.read = acked->offset;
  reply.unread = acked->unread;
  answer(caller, reply);
  if (acked->moved) keep_reads_soon(room);
  if (!acked->moved || !acked->exact) return {};
  Event event;
  event.type = EventType::receipt;
  event.room = reply.room;
  event.user = rooms.user(user).id;
  event.offset = acked->offset;
  // Of one who reads on, the newest is enough. One that the log has no place for is not told.
  const std::uint64_t key = (std::uint64_t{user} + 1) << 8 | engine::kReadKey;
  static_cast<void>(append(room, {.priority = Priority::low, .latest = key}, event));
  return {};
}

void Engine::State::tell_receipts() noexcept {
  for (RoomId room = rooms.next_receipt(now); room; room = rooms.next_receipt(now)) {
    const room::ReadCount read = rooms.take_receipt(room, now);
    Event event;
    event.type = EventType::receipt;
    event.room = rooms.view(room).key;
    event.offset = read.offset;
    event.count = read.count;
    static_cast<void>(append(room, {.priority = Priority::low, .latest = engine::kReadKey}, event));
  }
}

// ---- How much a member wants

// Where the session sits: of a room that lives elsewhere too.
Engine::State::Outcome Engine::State::decide_receive(const Caller& caller,
                                                     const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  const std::uint32_t session = caller.session.index;
  if (!room || rooms.membership(room, session) == room::kNone) return Errc::not_member;
  const Status set = fanout.set_receive(
      room.index, session, {.normal_per_s = command.normal_per_s, .high_per_s = command.high_per_s},
      rooms.user_of(session));
  if (!set) return set.error();
  Event event;
  answer(caller, event);
  return {};
}

Engine::State::Outcome Engine::State::decide_call(const Caller& caller,
                                                  const Command& command) noexcept {
  if (!command.room.empty()) {
    const RoomId room = rooms.find(command.room);
    if (!room || rooms.membership(room, caller.session.index) == room::kNone) {
      return Errc::not_member;
    }
  }
  if (ports.rules == nullptr) return Errc::unsupported;
  if (command.out.data.bytes.size() > options.limits.data_bytes) return Errc::too_large;
  const CallRequest request{.session = caller.session,
                            .user = rooms.user(rooms.user_of(caller.session.index)).id,
                            .room = command.room,
                            .name = command.name,
                            .data = command.out.data};
  return ask(QuestionKind::call, caller, command,
             [&](Question question) { return ports.rules->on_call(question, request); });
}

Engine::State::Outcome Engine::State::settle_call(const Caller& caller, const Command&,
                                                  const Answer& verdict) noexcept {
  if (verdict.verdict == Answer::Verdict::refuse) return verdict.error;
  if (verdict.verdict != Answer::Verdict::pass) return Error{Errc::internal, kTemporary, 0};
  if (verdict.data.bytes.size() > options.limits.data_bytes) return Errc::too_large;
  Event event;
  event.data = verdict.data;
  answer(caller, event);
  return {};
}

}  // namespace chatroom
