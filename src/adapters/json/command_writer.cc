// Commands to JSON: the client's half of encoding.
#include "json/event_writer.h"

namespace chatroom::json {
namespace {

void write_texts(std::string_view name, std::span<const std::string_view> texts,
                 Writer& out) noexcept {
  if (texts.empty()) return;
  out.key(name);
  out.open('[');
  for (const std::string_view text : texts) out.text(text);
  out.close(']');
}

void write_body(const Command& command, Writer& out) noexcept {
  const Outgoing& body = command.out;
  if (body.kind != Kind::text) out.field("kind", body.kind.name);
  if (command.has_text || !body.text.empty()) out.field("text", body.text);
  write_data("data", body.data, out);
}

void write_publish(const Command& command, Writer& out) noexcept {
  const Outgoing& body = command.out;
  out.field("room", command.room.empty() ? body.room : command.room);
  if (body.channel != "main") out.field_if("channel", body.channel);
  write_body(command, out);
  if (body.priority != Priority::normal) out.field("priority", name_of(body.priority));
  out.field_if("key", body.key);
  out.field_if("reply_to", body.reply_to);
  if (body.count != 1) out.field("count", std::uint64_t{body.count});
  write_texts("mentions", body.mentions, out);
}

void write_join(const Command& command, Writer& out) noexcept {
  out.field("room", command.room);
  write_texts("channels", command.channels, out);
  out.field_if("password", command.password);
  if (command.has_since) {
    out.key("since");
    out.open('{');
    out.field("epoch", command.since_epoch);
    out.field("offset", command.since_offset);
    out.close('}');
  }
  out.field_if("recent", std::uint64_t{command.recent});
}

void write_history(const Command& command, Writer& out) noexcept {
  out.field("room", command.room);
  out.field_if("channel", command.channel);
  out.field_if("before", command.before);
  if (command.has_after) out.field("after", command.after);
  out.field_if("limit", std::uint64_t{command.limit});
}

void write_presence(const Command& command, Writer& out) noexcept {
  out.field("room", command.room);
  out.field_if("limit", std::uint64_t{command.limit});
  if (command.has_since_version) out.field("since_version", command.since_version);
  out.field_if("cursor", command.cursor);
}

void write_policy(const Command& command, Writer& out) noexcept {
  const PolicyPatch& policy = command.policy;
  out.field("room", command.room);
  out.key("policy");
  out.open('{');
  if (policy.slow_mode_s) out.field("slow_mode_s", std::uint64_t{*policy.slow_mode_s});
  if (policy.mute_all) out.field_truth("mute_all", *policy.mute_all);
  if (policy.password) out.field("password", *policy.password);
  if (policy.max_members) out.field("max_members", std::uint64_t{*policy.max_members});
  if (policy.moderated) out.field_truth("moderated", *policy.moderated);
  if (policy.line_length) out.field("line_length", std::uint64_t{*policy.line_length});
  if (policy.hands) out.field("hands", std::uint64_t{*policy.hands});
  if (policy.expel) out.field_truth("expel", true);
  if (policy.members_only) out.field_truth("members_only", *policy.members_only);
  if (policy.followers_only) out.field_truth("followers_only", *policy.followers_only);
  if (policy.emote_only) out.field_truth("emote_only", *policy.emote_only);
  if (policy.duplicate_s) out.field("duplicate_s", std::uint64_t{*policy.duplicate_s});
  out.close('}');
}

// Moderation and settings, and what carries a room and perhaps a channel.
void write_settings(const Command& command, Writer& out) noexcept {
  if (command.op == Op::set_policy || command.op == Op::open_room) {
    return write_policy(command, out);
  }
  out.field_if("room", command.room);
  out.field_if("channel", command.channel);
  out.field_if("user", command.user);
  out.field_if("for_ms", command.for_ms);
  out.field_if("reason", command.reason);
  if (command.clear) out.field_truth("clear", true);
  if (command.op == Op::set_role) out.field("role", name_of(command.role));
  if (command.access) out.field("access", name_of(*command.access));
  const bool decides = command.op == Op::release || command.op == Op::reject;
  out.field_if(decides ? "held" : "offset", command.offset);
  if (command.op == Op::list_held) out.field_if("held", command.after);
  out.field_if("key", command.key);
  if (command.value) out.field("value", *command.value);
  const bool line = command.op == Op::enqueue || command.op == Op::dequeue ||
                    command.op == Op::call_next || command.op == Op::waiting;
  if (line) out.field("line", name_of(command.line));
  out.field_if("normal_per_s", std::uint64_t{command.normal_per_s});
  out.field_if("high_per_s", std::uint64_t{command.high_per_s});
  if (command.op == Op::waiting) return out.field_if("limit", std::uint64_t{command.limit});
  if (command.op != Op::list_rooms) return;
  out.field_if("prefix", command.name);
  out.field_if("limit", std::uint64_t{command.limit});
  out.field_if("cursor", command.cursor);
}

}  // namespace

void write_command(const Command& command, Writer& out) noexcept {
  out.open('{');
  out.field_if("id", std::uint64_t{command.id});
  out.field("op", name_of(command.op));
  switch (command.op) {
    case Op::auth:
      out.field_if("token", command.token);
      out.field_if("resume", command.resume);
      out.field_if("user", command.user);
      out.field_if("nick", command.nick);
      break;
    case Op::join:
      write_join(command, out);
      break;
    case Op::publish:
      write_publish(command, out);
      break;
    case Op::history:
      write_history(command, out);
      break;
    case Op::presence:
      write_presence(command, out);
      break;
    case Op::send_to:
      out.field("user", command.user);
      write_body(command, out);
      break;
    case Op::switch_channel:
      out.field("room", command.room);
      out.field("from", command.from);
      out.field("to", command.to);
      break;
    case Op::call:
      out.field_if("room", command.room);
      out.field("name", command.name);
      write_data("data", command.out.data, out);
      break;
    default:  // leave, subscribe, unsubscribe, ping too
      write_settings(command, out);
      break;
  }
  out.close('}');
}

}  // namespace chatroom::json
