// Saying something: a member's publish with every rule, and say(), where all that is said in a room
// takes its place.
#include <algorithm>

#include "base/siphash.h"
#include "engine/questions.h"

namespace chatroom {

using engine::QuestionKind;

namespace {

// One meaning in every run: which entry supersedes which must not hang on the engine's seed. A
// collision merges two counters of one room; 64 bits of it do not happen by themselves, and who
// forges one disturbs his own room only.
std::uint64_t latest_hash(std::string_view key) noexcept {
  if (key.empty()) return 0;
  return base::siphash({0x6c61746573740a01, 0x63686174726f6f6d}, key) | 1;
}

PublishRequest request_of(Engine::State& state, const engine::Caller& caller, RoomId room,
                          const Command& command) noexcept {
  const room::UserIndex user = state.rooms.user_of(caller.session.index);
  return {.session = caller.session,
          .user = state.rooms.user(user).id,
          .role = state.rooms.role_in(room, user, state.rooms.channel(room, command.out.channel)),
          .message = &command.out};
}

}  // namespace

Engine::State::Outcome Engine::State::decide_publish(const Caller& caller,
                                                     const Command& command) noexcept {
  const RoomId room = rooms.find(command.room);
  if (!room) return Errc::not_member;
  // The protocol's order: the host speaks before the size does, and may say less instead.
  const bool asks = ports.rules != nullptr || ports.filter != nullptr;
  const room::PublishVerdict verdict =
      rooms.check_publish(room, caller.session.index, command.out, now, asks);
  if (verdict.error.code != Errc::ok) return verdict.error;
  // A room that stores first has named a place before it is taken: then the answer waits its turn.
  const bool taken = verdict.first.offset <= rooms.view(room).position.offset;
  if (verdict.repeated && !taken && record_of(room) != nullptr) {
    return publish_before(caller, room, rooms.user_of(caller.session.index), command.out);
  }
  if (verdict.repeated) {
    answer_publish(caller, verdict.first);
    return Outcome::at(verdict.first);
  }
  Caller passed = caller;
  passed.said = verdict.said;
  const Outcome outcome =
      verdict.ask_follower ? ask_follower(passed, room, command) : review(passed, room, command);
  if (!outcome.ok()) forgive(passed, room, command);
  return outcome;
}

// It passed the rules of the room and was not said after all: nothing of it binds its author.
void Engine::State::forgive(const Caller& caller, RoomId room, const Command& command) noexcept {
  if (command.out.kind == Kind::like && rooms.counts_likes(room)) return;  // nor did they bind him
  const room::UserIndex author = rooms.user_of(caller.session.index);
  rooms.forgive_publish(room, author, std::min(caller.asked, now), caller.said);
}

Engine::State::Outcome Engine::State::ask_follower(const Caller& caller, RoomId room,
                                                   const Command& command) noexcept {
  const Answer nobody = Answer::refuse(Errc::mode_restricted);
  if (ports.rules == nullptr) return settle_follower(caller, command, nobody);
  const PublishRequest request = request_of(*this, caller, room, command);
  return ask(QuestionKind::follower, caller, command,
             [&](Question question) { return ports.rules->on_follower(question, request); });
}

// Followers are known as such for as long as they stay.
Engine::State::Outcome Engine::State::settle_follower(const Caller& caller, const Command& command,
                                                      const Answer& verdict) noexcept {
  const RoomId room = rooms.find(command.room);
  const std::uint32_t session = caller.session.index;
  if (!room || rooms.membership(room, session) == room::kNone) return Errc::not_member;
  const room::UserIndex author = rooms.user_of(session);
  if (verdict.verdict == Answer::Verdict::pass) {
    rooms.set_follower(room, author);
    return review(caller, room, command);
  }
  if (verdict.error.code == Errc::internal) return verdict.error;  // nobody knows yet
  return refusal(Errc::mode_restricted, Rule::followers_only, verdict.error.retry_after_ms);
}

// The filter looks first, the host second: it sees what the filter made of it.
Engine::State::Outcome Engine::State::review(const Caller& caller, RoomId room,
                                             const Command& command) noexcept {
  if (ports.filter == nullptr || command.out.text.empty()) return ask_rules(caller, command);
  const PublishRequest request = request_of(*this, caller, room, command);
  return ask(QuestionKind::filter, caller, command,
             [&](Question question) { return ports.filter->on_text(question, request); });
}

Engine::State::Outcome Engine::State::settle_filter(const Caller& caller, const Command& command,
                                                    const Answer& verdict) noexcept {
  // The host is not asked about what may not be said any more.
  const Error refused =
      rooms.check_again(rooms.find(command.room), caller.session.index, command.out, now);
  if (refused.code != Errc::ok) return refused;
  if (verdict.verdict == Answer::Verdict::pass) return ask_rules(caller, command);
  const bool empties = verdict.text.empty() && command.out.kind == Kind::text;
  if (verdict.verdict != Answer::Verdict::rewrite || empties) {
    return settle_publish(caller, command, verdict);
  }
  Command rewritten = command;
  rewritten.out.text = verdict.text;
  return ask_rules(caller, rewritten);
}

Engine::State::Outcome Engine::State::ask_rules(const Caller& caller,
                                                const Command& command) noexcept {
  if (ports.rules == nullptr) return settle_publish(caller, command, Answer::pass());
  const RoomId room = rooms.find(command.room);
  // Gone while a question was open: settle_publish says so.
  const bool here = room && rooms.membership(room, caller.session.index) != room::kNone &&
                    rooms.channel(room, command.out.channel) != room::kNone;
  if (!here) return settle_publish(caller, command, Answer::pass());
  const PublishRequest request = request_of(*this, caller, room, command);
  return ask(QuestionKind::publish, caller, command,
             [&](Question question) { return ports.rules->before_publish(question, request); });
}

Engine::State::Outcome Engine::State::settle_publish(const Caller& caller, const Command& command,
                                                     const Answer& verdict) noexcept {
  const RoomId room = rooms.find(command.room);
  const std::uint32_t session = caller.session.index;
  if (!room || rooms.membership(room, session) == room::kNone) return Errc::not_member;
  const room::UserIndex author = rooms.user_of(session);
  // While the host thought, it may have been muted, alone or with all; the same answer as to what
  // it says next.
  const Error muted = rooms.check_again(room, session, command.out, now);
  if (muted.code != Errc::ok && !CHATROOM_PLANTED(late_answer_ignores_mute)) return muted;
  // Nor is it on a channel any more that it was taken off.
  const room::ChannelIndex channel = rooms.channel(room, command.out.channel);
  if (channel == room::kNone) return Errc::not_found;
  const room::ChannelMask here = rooms.view(rooms.membership(room, session)).mask;
  if ((here & room::bit_of(channel)) == 0) return refusal(Errc::forbidden, Rule::channel_private);
  const bool shadowed =
      rooms.sanctioned(room, author, room::Measure::shadow_mute, now).code != Errc::ok;
  Outgoing message = command.out;
  const bool counted = message.kind == Kind::like && rooms.counts_likes(room);
  switch (verdict.verdict) {
    case Answer::Verdict::pass:
      break;
    case Answer::Verdict::rewrite:
      message.text = verdict.text;
      if (message.text.empty() && message.kind == Kind::text) return Errc::internal;
      break;
    case Answer::Verdict::drop:  // the sender is not to know
      if (counted) return decide_like(caller, room, message, false);
      finish(caller, rooms.view(room).position, {});
      return {};
    case Answer::Verdict::hold:
      if (shadowed) break;
      if (counted) return Errc::filtered;  // there is nothing that somebody could look at
      return hold(room, author, command.out);
    case Answer::Verdict::refuse:
    case Answer::Verdict::later:
      return verdict.verdict == Answer::Verdict::refuse ? engine::refused_by_host(verdict.error)
                                                        : Error{Errc::internal, kTemporary, 0};
  }
  if (message.kind == Kind::gift && rooms.view(room).policy->gift_window.us > 0) {
    message.priority = Priority::high;
  }
  if (counted) return decide_like(caller, room, message, !shadowed);
  if (shadowed && !CHATROOM_PLANTED(shadow_mute_leaks)) return say_in_shadow(caller, room, message);
  const room::Showing showing = rooms.show(room, author, message, now);
  tell_rung(room, showing.budget);
  if (showing.way != room::Showing::Way::shown) {
    return withhold(caller, room, message, showing);
  }
  if (stores_first(room) && !CHATROOM_PLANTED(answered_before_stored)) {
    return publish_before(caller, room, author, message);
  }
  const Result<Position> said = say(room, author, message, caller.tag);
  if (!said) return said.error();
  rooms.showed(room, showing, said->offset);
  finish(caller, *said, {});
  return Outcome::at(*said);
}

// He alone sees it; nothing that he is told differs from what is not kept anyway.
Engine::State::Outcome Engine::State::say_in_shadow(const Caller& caller, RoomId room,
                                                    const Outgoing& message) noexcept {
  if (const Error error = engine::check_sizes(message, options.limits); error.code != Errc::ok) {
    return error;
  }
  const room::UserIndex author = rooms.user_of(caller.session.index);
  rooms.remember_key(room, author, message.key, 0, now);
  echo(room, author, rooms.channel(room, message.channel), message);
  const Position place{rooms.view(room).position.epoch, 0};
  finish(caller, place, {});
  return Outcome::at(place);
}

void Engine::State::answer_publish(const Caller& caller, Position position) noexcept {
  const room::EpochText epoch = room::epoch_text(position.epoch);
  Event event;
  event.epoch = epoch.view();
  event.offset = position.offset;
  answer(caller, event);
  released_stored(caller);
}

// The one place where something said in a room is encoded, logged and given its place, in this
// order: the log is asked first, and only what will be delivered takes a place. A room that is
// being loaded does not know its next place yet.
Result<Position> Engine::State::say(RoomId room, room::UserIndex author, const Outgoing& message,
                                    Tag tag) noexcept {
  if (const Error error = engine::check_sizes(message, options.limits); error.code != Errc::ok) {
    return error;
  }
  const engine::RoomRecord* record = record_of(room);
  if (record != nullptr && record->loading) return Errc::room_overloaded;
  Position first;
  if (!message.key.empty() && rooms.answered(room, author, message.key, now, first)) {
    // Nothing took a place: only a host that waits for its tag is told.
    if (tag != 0) {
      note({.type = HostEventType::published,
            .room = rooms.view(room).key,
            .position = first,
            .tag = tag});
    }
    return first;
  }
  const Result<room::Committed> stamped = rooms.stamp(room, author, message, 1, now);
  if (!stamped) return stamped.error();
  const Result<Position> said = spread_message(room, *stamped, author, message, tag);
  if (!said) rooms.forget_key(room, author, message.key);
  return said;
}

Result<Position> Engine::State::spread_message(RoomId room, const room::Committed& stamped,
                                               room::UserIndex author, const Outgoing& message,
                                               Tag tag) noexcept {
  Event event;
  event.type = EventType::message;
  event.room = stamped.message.room;
  event.message = stamped.message;
  const fanout::EntryMeta meta{
      .priority = message.priority,
      .reliable = message.priority == Priority::high || rooms.view(room).policy->reliable,
      .channel = static_cast<std::uint8_t>(stamped.channel),
      .author = author,
      .latest = latest_hash(message.latest),
      .offset = stamped.position.offset,
      .counted = author != room::kNone && message.latest.empty()};
  const Result<fanout::Appended> appended = append(room, meta, event);
  if (!appended && appended.error().code != Errc::room_overloaded) return appended.error();
  if (!appended || appended->sampled) {
    rooms.pressed(room, now);
    return Errc::room_overloaded;
  }
  if (stamped.position.offset != 0) {
    rooms.keep(room, stamped.message, now);
    mark_changed(room);
    copy_message(room, stamped);
  }
  ++counters.published;
  note({.type = HostEventType::published,
        .user = stamped.message.user,
        .room = stamped.message.room,
        .position = stamped.position,
        .tag = tag});
  return stamped.position;
}

}  // namespace chatroom
