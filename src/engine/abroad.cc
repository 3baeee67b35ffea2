#include "engine/abroad.h"

#include <algorithm>
#include <utility>

namespace chatroom::engine {

namespace {

// What ends a user's waiting in that line.
bool ends_wait(const Event& event) noexcept {
  if (event.type == EventType::called) return event.line != name_of(Line::room);
  return event.type == EventType::queue && event.place == 0;
}

void push_to_all(Engine::State& state, room::UserIndex user, const Event& event) noexcept {
  if (user == room::kNone) return;
  for (room::SessionIndex session = state.rooms.first_session(user); session != room::kNone;
       session = state.rooms.next_session(session)) {
    if (!state.is_guest(session)) state.push(session, event);
  }
}

bool cross_to_user(Engine::State& state, PeerId peer, std::string_view user, Bytes frame,
                   Delivery how) noexcept {
  return state.cross(peer, Crossing::user_told, how, [&](Packer& to) {
    to.text(user);
    to.raw(frame);
  });
}

}  // namespace

// ---- Told by the home

// His turn, and that his waiting is over, must not be lost; where he stands is told again.
void tell_line_user(Engine::State& state, room::UserIndex user, const Event& event) noexcept {
  push_to_all(state, user, event);
  const bool certain = event.type == EventType::called || ends_wait(event);
  const Bytes frame = state.encode_crossing(event);
  PeerId told[Peers::kMost];
  std::size_t count = 0;
  for (room::SessionIndex session = state.rooms.first_session(user); session != room::kNone;
       session = state.rooms.next_session(session)) {
    if (!state.is_guest(session)) continue;
    const SessionRecord& record = *state.slots.at(session);
    Guest& guest = *state.cluster->guests.at(record.timer.index);
    if (std::find(told, told + count, guest.peer) != told + count) continue;
    if (count < Peers::kMost) told[count++] = guest.peer;
    if (CHATROOM_PLANTED(call_not_crossed) && event.type == EventType::called) continue;
    const Delivery how = certain ? Delivery::certain : Delivery::usual;
    if (cross_to_user(state, guest.peer, state.rooms.user(user).id, frame, how) || certain) {
      continue;
    }
    ++guest.missed;
    state.tell_losses_soon();
  }
  if (certain) doubt_guests_of(state, user);
}

void tell_everywhere(Engine::State& state, std::string_view user, const Event& event) noexcept {
  const room::UserIndex known = state.rooms.find_user(user);
  push_to_all(state, known, event);
  const Bytes frame = state.encode_crossing(event);
  // Of whom nobody here knows there may be any number.
  const Delivery how = known == room::kNone ? Delivery::usual : Delivery::certain;
  for_each_peer(
      state, [&](PeerId peer) { static_cast<void>(cross_to_user(state, peer, user, frame, how)); });
  if (known != room::kNone) doubt_guests_of(state, known);
}

void doubt_guests_of(Engine::State& state, room::UserIndex user) noexcept {
  for (room::SessionIndex session = state.rooms.first_session(user); session != room::kNone;
       session = state.rooms.next_session(session)) {
    if (!state.is_guest(session)) continue;
    if (state.rooms.first_of_session(session) == room::kNone) state.doubt_guest(session);
  }
}

void take_user_told(Engine::State& state, PeerId from, Unpacker& in) noexcept {
  const room::UserIndex user = state.rooms.find_user(in.text());
  Event event;
  if (!in.ok() || user == room::kNone || !state.decode_crossing(in.rest(), event)) return;
  if (ends_wait(event)) {
    state.cluster->waits.end_if(user, [&](const Wait& wait) {
      return wait.home == from && wait.room.view() == event.room &&
             name_of(wait.line) == event.line;
    });
  }
  push_to_all(state, user, event);
}

// ---- Kept where he sits

bool waits_outside(const Command& command) noexcept {
  const bool lines =
      command.op == Op::enqueue || command.op == Op::dequeue || command.op == Op::apply;
  return lines && command.user.empty() && command.line != Line::speak;
}

Error may_wait(const Engine::State& state, SessionId session, const Command& command) noexcept {
  const Waits& waits = state.cluster->waits;
  if (command.op == Op::dequeue || waits.size() < state.options.limits.line_places) return {};
  const room::UserIndex user = state.rooms.user_of(session.index);
  return waits.waits(user, command.room, command.line) ? Error{} : Error{Errc::queue_full, 0, 0};
}

void begin_wait(Engine::State& state, SessionId session, PeerId home,
                const Command& command) noexcept {
  Wait wait;
  wait.user = state.rooms.user_of(session.index);
  wait.session = session;
  wait.home = home;
  wait.line = command.line;
  wait.room.assign(command.room);
  static_cast<void>(state.cluster->waits.add(wait));  // else he is told all the same
}

void end_wait_of_joined(Engine::State& state, SessionId session, std::string_view room) noexcept {
  const room::UserIndex user = state.rooms.user_of(session.index);
  state.cluster->waits.end(user, room, Line::room);
  state.cluster->waits.end(user, room, Line::apply);
}

void end_waits(Engine::State& state, SessionId session) noexcept {
  Cluster& cluster = *state.cluster;
  const room::UserIndex user = state.rooms.user_of(session.index);
  if (user == room::kNone || cluster.waits.size() == 0) return;
  bool last = true;
  for (room::SessionIndex other = state.rooms.first_session(user); other != room::kNone;
       other = state.rooms.next_session(other)) {
    last = last && (other == session.index || state.is_guest(other));
  }
  // What is under way is given up together with the guest that the session is there.
  const Pending* asked = state.questions.get(state.waiting_for(*state.slots.get(session)));
  const PeerId given_up =
      asked != nullptr && asked->kind == QuestionKind::home ? asked->peer : kNoPeer;
  if (CHATROOM_PLANTED(wait_outlives_session)) last = false;
  cluster.waits.end_if(user, [&](const Wait& wait) {
    const bool lost = wait.session == session && wait.home == given_up;
    if (!last && !lost) return false;
    static_cast<void>(state.cross(wait.home, Crossing::gone, Delivery::certain, [&](Packer& to) {
      to.text({});
      to.handle(wait.session);
    }));
    if (last) return true;
    Event event;
    event.type = EventType::queue;
    event.room = wait.room.view();
    event.line = name_of(wait.line);
    push_to_all(state, user, event);
    return true;
  });
}

// Whoever applied is still in that room's line, if it has another home that knows of it; he has to
// ask again to be told.
void lose_waits(Engine::State& state, PeerId home) noexcept {
  state.cluster->waits.end_if(room::kNone, [&](const Wait& wait) {
    if (wait.home != home) return false;
    Event event;
    event.type = EventType::queue;
    event.room = wait.room.view();
    event.line = name_of(wait.line);
    push_to_all(state, wait.user, event);
    return true;
  });
}

// ---- Rooms of others

namespace {

// The first engine at or after that one, by number; kNoPeer: there is none.
PeerId peer_from(Engine::State& state, PeerId least) noexcept {
  PeerId found = kNoPeer;
  for_each_peer(state, [&](PeerId peer) {
    if (peer >= least) found = std::min(found, peer);
  });
  return found;
}

constexpr std::size_t kPeerDigits = 16;

std::string_view write_cursor(PeerId peer, std::string_view next, PageCursor& space) noexcept {
  const room::EpochText digits = room::epoch_text(peer);
  char text[1 + kPeerDigits + 31] = "@";
  char* end = std::copy(digits.view().begin(), digits.view().end(), text + 1);
  const auto left = static_cast<std::size_t>(text + sizeof text - end);
  next = {next.data(), std::min(next.size(), left)};
  end = std::copy(next.begin(), next.end(), end);
  space.assign({text, static_cast<std::size_t>(end - text)});
  return space.view();
}

}  // namespace

// Whoever is lost meanwhile is passed over; a cursor that nobody gave out begins with the first.
bool lists_elsewhere(Engine::State& state, std::string_view cursor, PeerId& peer,
                     std::string_view& from) noexcept {
  if (cursor.empty() || cursor.front() != '@') return false;
  cursor.remove_prefix(1);
  const std::string_view digits{cursor.data(), std::min(cursor.size(), kPeerDigits)};
  cursor.remove_prefix(digits.size());
  const auto named = static_cast<PeerId>(room::epoch_from(digits));
  peer = peer_from(state, named);
  from = peer == named ? cursor : std::string_view{};
  return peer != kNoPeer;
}

std::string_view next_list(Engine::State& state, PeerId peer, std::string_view next,
                           PageCursor& space) noexcept {
  if (!next.empty()) return write_cursor(peer, next, space);
  const PeerId other = peer_from(state, peer == kNoPeer ? 0 : peer + 1);
  return other == kNoPeer ? std::string_view{} : write_cursor(other, {}, space);
}

void broadcast_elsewhere(Engine::State& state, std::string_view prefix,
                         const Outgoing& message) noexcept {
  for_each_peer(state, [&](PeerId peer) {
    const bool sent = state.cross(peer, Crossing::broadcast, Delivery::usual, [&](Packer& to) {
      to.text(prefix);
      pack(to, message);
    });
    if (!sent) {
      state.note({.type = HostEventType::refused, .error = {Errc::queue_full, 0, 0}});
    }
  });
}

void take_broadcast(Engine::State& state, Unpacker& in) noexcept {
  const std::string_view prefix = in.text();
  Outgoing message;
  Lists lists;
  unpack(in, message, lists);
  if (in.ok()) static_cast<void>(state.broadcast_rooms(prefix, message));
}

}  // namespace chatroom::engine
