// Users at other engines: what is said to all sessions of one, wherever they are. abroad.cc tells,
// and keeps who waits at another engine; direct.cc asks who has him, and delivers. All of it only
// where there is a Broker port.
#pragma once

#include "engine/cross.h"

namespace chatroom::engine {

// Visits every engine that a message can be sent to now.
template <class Visit>
void for_each_peer(Engine::State& state, Visit visit) noexcept {
  PeerId peers[Peers::kMost];
  const std::uint32_t count = state.ports.broker->peers(peers);
  for (std::uint32_t i = 0; i < std::min(count, Peers::kMost); ++i) visit(peers[i]);
}

// ---- abroad.cc

// What a line says to a user: to his sessions here, and to every engine where he has some that this
// one knows as guests.
void tell_line_user(Engine::State& state, room::UserIndex user, const Event& event) noexcept;
// To all of a user's sessions, known here or not.
void tell_everywhere(Engine::State& state, std::string_view user, const Event& event) noexcept;
void take_user_told(Engine::State& state, PeerId from, Unpacker& in) noexcept;
// One of his guests may be here for nothing any more.
void doubt_guests_of(Engine::State& state, room::UserIndex user) noexcept;

// It asks for a place in front of a room, or gives it back, without being in there.
bool waits_outside(const Command& command) noexcept;
// ok, or queue_full: there is no place to remember it.
Error may_wait(const Engine::State& state, SessionId session, const Command& command) noexcept;
// He waits there from now on, as far as is known here.
void begin_wait(Engine::State& state, SessionId session, PeerId home,
                const Command& command) noexcept;
void end_wait_of_joined(Engine::State& state, SessionId session, std::string_view room) noexcept;
// The session ends. With the user's last one here his waiting ends too.
void end_waits(Engine::State& state, SessionId session) noexcept;
void lose_waits(Engine::State& state, PeerId home) noexcept;  // it is gone: they are told so

// The host's, in the rooms of all other engines.
void broadcast_elsewhere(Engine::State& state, std::string_view prefix,
                         const Outgoing& message) noexcept;
void take_broadcast(Engine::State& state, Unpacker& in) noexcept;

// Cursors of lists of rooms that begin with an '@' go on at another engine, which 16 digits name.
using PageCursor = base::FixedText<48>;
// Where such a list goes on, and from where there. False: here.
bool lists_elsewhere(Engine::State& state, std::string_view cursor, PeerId& peer,
                     std::string_view& from) noexcept;
// After a page of `peer` (kNoPeer: of this engine) that said `next`. Empty: all were asked.
std::string_view next_list(Engine::State& state, PeerId peer, std::string_view next,
                           PageCursor& space) noexcept;

// ---- direct.cc

// A direct message of a session's command, that has passed. Answered when all engines have said
// whether they have him.
Engine::State::Outcome send_abroad(Engine::State& state, const Caller& caller,
                                   std::string_view user, const Event& event,
                                   bool delivers) noexcept;
// The host's, beside what it reached here.
void send_elsewhere(Engine::State& state, std::string_view user, const Event& event,
                    std::uint32_t reached) noexcept;
// Pushed if he is nowhere.
void push_if_away(Engine::State& state, std::string_view user, const Message& message) noexcept;

void take_direct(Engine::State& state, PeerId from, Unpacker& in) noexcept;
void take_direct_done(Engine::State& state, PeerId from, Unpacker& in) noexcept;
void take_direct_echo(Engine::State& state, Unpacker& in) noexcept;
// Who was asked has said something, is lost, or (0: all who are silent) took too long.
void finish_around(Engine::State& state, Question question, std::uint64_t heard) noexcept;
void finish_direct_here(Engine::State& state, Question question, const Answer& answer) noexcept;
void lose_asked(Engine::State& state, PeerId peer) noexcept;

}  // namespace chatroom::engine
