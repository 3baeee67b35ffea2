// Heirs: what is known of a room besides what its members see (roles, roles in channels, mutes and
// bans, who applied, attributes) is told to those who follow it, so that whoever becomes its home
// when the old one is lost has it. As a room's record in storage: at most 16 KiB; told after it
// changed, at most once a second, and to who follows anew. Records take at most an eighth of
// Limits::waiting_bytes; a mirror without a place for one knows less of its room.
#pragma once

#include "engine/cross.h"

namespace chatroom::engine {

// At home: it is told soon, if anybody follows.
void record_moved(Engine::State& state, RoomId room) noexcept;
void tell_records(Engine::State& state) noexcept;
void take_want_record(Engine::State& state, Unpacker& in) noexcept;

// As follower. `read_record` copies it into the space for events; it stays.
void want_record(Engine::State& state, RoomId room) noexcept;
void hold_record(Engine::State& state, RoomId room, Bytes record) noexcept;
Bytes read_record(Engine::State& state, RoomId room) noexcept;
void drop_record(Engine::State& state, RoomId room) noexcept;

// As the new home. What was set here meanwhile stands.
void inherit(Engine::State& state, RoomId room, Bytes record) noexcept;
// Of a room that the first comer opened here before its followers said what they knew: once, and
// while it is young.
void inherit_late(Engine::State& state, RoomId room, Bytes record) noexcept;

// What a record says of speakers and moderators who were in; visitor: nothing.
Role stayed_as(Bytes record, std::string_view user) noexcept;
// They are that again.
void stay_as(Engine::State& state, RoomId room, std::string_view user, Role role) noexcept;

}  // namespace chatroom::engine
