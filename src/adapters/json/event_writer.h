// Events and commands to JSON. The order of fields is protocol.md's and never changes: golden
// vectors hold the bytes.
#pragma once

#include "chatroom/command.h"
#include "chatroom/event.h"
#include "json/writer.h"

namespace chatroom::json {

void write_event(const Event& event, Writer& out) noexcept;
void write_command(const Command& command, Writer& out) noexcept;

// A room's state: whole as `state`, or what changed as `changed`.
void write_state(const RoomState& state, Writer& out) noexcept;
void write_changed(const RoomState& state, Writer& out) noexcept;
void write_attributes(std::span<const Attribute> attributes, Writer& out) noexcept;

// `data` as JSON stands in the text unchanged, binary as {"b64":"…"}.
void write_data(std::string_view name, const Data& data, Writer& out) noexcept;

}  // namespace chatroom::json
