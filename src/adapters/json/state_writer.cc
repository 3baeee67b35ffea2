// What rooms show of themselves, as JSON: whole in joins and resets, what changed in `room_state`.
#include "json/event_writer.h"

namespace chatroom::json {
namespace {

void write_policy(const RoomState& state, Writer& out) noexcept {
  out.key("policy");
  out.open('{');
  out.field("slow_mode_s", std::uint64_t{state.slow_mode_s});
  out.field_truth("mute_all", state.mute_all);
  out.field_truth("moderated", state.moderated);
  out.field("max_members", std::uint64_t{state.max_members});
  out.field_if("line_length", std::uint64_t{state.line_length});
  out.field_if("hands", std::uint64_t{state.hands});
  out.field_truth("has_password", state.has_password);
  if (state.members_only) out.field_truth("members_only", true);
  if (state.followers_only) out.field_truth("followers_only", true);
  if (state.emote_only) out.field_truth("emote_only", true);
  out.field_if("duplicate_s", std::uint64_t{state.duplicate_s});
  out.close('}');
}

void write_rate(Rung rung, std::uint32_t kept, Writer& out) noexcept {
  out.field("rung", name_of(rung));
  if (kept != 1'000) out.field("kept", std::uint64_t{kept});
}

void write_channels(const RoomState& state, Writer& out) noexcept {
  out.key("channels");
  out.open('[');
  for (const ChannelState& channel : state.channels) {
    out.open('{');
    out.field("name", channel.name);
    out.field("state", channel.state);
    out.field_if("creator", channel.creator);
    if (channel.access != Role::visitor) out.field("access", name_of(channel.access));
    if (channel.role) out.field("role", name_of(*channel.role));
    if (channel.rung) write_rate(*channel.rung, channel.kept, out);
    out.close('}');
  }
  out.close(']');
}

void write_pinned(const RoomState& state, Writer& out) noexcept {
  out.key("pinned");
  out.open('[');
  for (const std::uint64_t offset : state.pinned) out.number(offset);
  out.close(']');
}

void write_counts(const RoomState& state, Writer& out) noexcept {
  if (state.likes) out.field("likes", *state.likes);
  if (state.has_rate) write_rate(state.rung, state.kept, out);
}

}  // namespace

void write_attributes(std::span<const Attribute> attributes, Writer& out) noexcept {
  out.key("attributes");
  out.open('{');
  for (const Attribute& attribute : attributes) {
    out.open_field(attribute.key);
    if (attribute.deleted) {
      out.null();
    } else {
      out.text(attribute.value);
    }
  }
  out.close('}');
}

// A newcomer gets all of it.
void write_state(const RoomState& state, Writer& out) noexcept {
  out.key("state");
  out.open('{');
  write_policy(state, out);
  write_attributes(state.attributes, out);
  write_pinned(state, out);
  write_channels(state, out);
  out.field_signed("created", state.created_ms);
  out.field_if("creator", state.creator);
  write_counts(state, out);
  out.close('}');
}

void write_changed(const RoomState& state, Writer& out) noexcept {
  out.key("changed");
  out.open('{');
  if (state.has_policy) write_policy(state, out);
  if (!state.attributes.empty()) write_attributes(state.attributes, out);
  if (state.has_pinned) write_pinned(state, out);
  if (!state.channels.empty()) write_channels(state, out);
  write_counts(state, out);
  out.close('}');
}

}  // namespace chatroom::json
