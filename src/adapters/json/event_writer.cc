#include "json/event_writer.h"

#include "chatroom/codec_checks.h"

namespace chatroom::json {
namespace {

void write_message(const Message& message, Writer& out) noexcept {
  out.field_if("room", message.room);
  out.field_if("channel", message.channel);
  out.field_if("offset", message.offset);
  out.field_if("user", message.user);
  out.field_if("nick", message.nick);
  out.field("role", name_of(message.role));
  if (!message.info.empty()) {
    out.key("info");
    out.raw(as_text(message.info));
  }
  out.field("kind", message.kind.name);
  out.field_if("text", message.text);
  write_data("data", message.data, out);
  if (message.priority != Priority::normal) out.field("priority", name_of(message.priority));
  out.field_if("reply_to", message.reply_to);
  if (!message.mentions.empty()) {
    out.key("mentions");
    out.open('[');
    for (const std::string_view user : message.mentions) out.text(user);
    out.close(']');
  }
  out.field_signed("time", message.time_ms);
  if (message.count > 1) {
    out.field("count", std::uint64_t{message.count});
    out.field_if("first", message.first);
  }
}

void write_messages(std::span<const Message> messages, Writer& out) noexcept {
  out.key("messages");
  out.open('[');
  for (const Message& message : messages) {
    out.open('{');
    write_message(message, out);
    out.close('}');
  }
  out.close(']');
}

void write_limits(const SessionLimits& limits, Writer& out) noexcept {
  out.key("limits");
  out.open('{');
  out.field("frame_bytes", std::uint64_t{limits.frame_bytes});
  out.field("text_bytes", std::uint64_t{limits.text_bytes});
  out.field("rooms", std::uint64_t{limits.rooms});
  out.field("commands_per_s", std::uint64_t{limits.commands_per_s});
  out.field("publish_per_s", std::uint64_t{limits.publish_per_s});
  out.close('}');
}

void write_session(const Event& event, Writer& out) noexcept {
  out.field_if("session", event.session);
  out.field_if("user", event.user);
  out.field_if("resume", event.resume);
  out.field("heartbeat_ms", std::uint64_t{event.heartbeat_ms});
}

void write_members(std::string_view name, std::span<const Member> members, bool with_since,
                   Writer& out) noexcept {
  out.key(name);
  out.open('[');
  for (const Member& member : members) {
    out.open('{');
    out.field("user", member.user);
    out.field_if("nick", member.nick);
    out.field("role", name_of(member.role));
    if (with_since) out.field_signed("since", member.since_ms);
    if (!member.attributes.empty()) write_attributes(member.attributes, out);
    out.close('}');
  }
  out.close(']');
}

void write_changes(const Event& event, Writer& out) noexcept {
  out.key("changes");
  out.open('[');
  for (const Member& member : event.changes) {
    out.open('{');
    out.field("user", member.user);
    write_attributes(member.attributes, out);
    out.close('}');
  }
  out.close(']');
}

void write_read(const Event& event, Writer& out) noexcept {
  if (!event.read) return;
  out.field("read", *event.read);
  out.field("unread", event.unread);
}

void write_join(const Event& event, Writer& out) noexcept {
  out.field("room", event.room);
  out.field("epoch", event.epoch);
  out.field("offset", event.offset);
  out.field("online", event.online);
  out.field("role", name_of(event.role));
  write_state(event.state, out);
  out.field_truth("was_recovering", event.was_recovering);
  out.field_truth("recovered", event.recovered);
  write_messages(event.messages, out);
  out.field_truth("more", event.more);
  write_read(event, out);
}

void write_presence_answer(const Event& event, Writer& out) noexcept {
  out.field("online", event.online);
  out.field("version", event.presence_version);
  if (event.unchanged) {
    out.field_truth("unchanged", true);
    return;
  }
  write_members("members", event.members, true, out);
  out.field_if("next", event.next);
}

void write_rooms(const Event& event, Writer& out) noexcept {
  out.key("rooms");
  out.open('[');
  for (const RoomEntry& room : event.rooms) {
    out.open('{');
    out.field("room", room.room);
    out.field("online", room.online);
    out.field_signed("created", room.created_ms);
    out.field_if("creator", room.creator);
    out.close('}');
  }
  out.close(']');
  out.field_if("next", event.next);
}

void write_ok(const Event& event, Writer& out) noexcept {
  out.key("ok");
  out.open('{');
  switch (event.op) {
    case Op::auth:
      write_session(event, out);
      write_limits(event.limits, out);
      break;
    case Op::join:
      write_join(event, out);
      break;
    case Op::publish:
      out.field_if("epoch", event.epoch);
      out.field_if("offset", event.offset);
      break;
    case Op::subscribe:
    case Op::unsubscribe:
    case Op::switch_channel:
      out.field("epoch", event.epoch);
      out.field("offset", event.offset);
      break;
    case Op::history:
      out.field("epoch", event.epoch);
      write_messages(event.messages, out);
      out.field_truth("more", event.more);
      out.field_if("offset", event.offset);
      break;
    case Op::send_to:
      out.field("sessions", std::uint64_t{event.sessions});
      break;
    case Op::presence:
      write_presence_answer(event, out);
      break;
    case Op::list_rooms:
      write_rooms(event, out);
      break;
    case Op::ack:
      write_read(event, out);
      break;
    case Op::waiting:
      out.field("waiting", std::uint64_t{event.waiting.value_or(0)});
      write_members("members", event.members, true, out);
      break;
    case Op::call:
    case Op::profile:
      write_data("data", event.data, out);
      break;
    case Op::list_held:
      if (event.more) out.field_truth("more", true);
      break;
    default:
      break;
  }
  out.close('}');
}

void write_error(const Event& event, Writer& out) noexcept {
  const Errc code = event.error.code;
  out.key("error");
  out.open('{');
  out.field("code", name_of(code));
  out.field("message", event.text.empty() ? message_of(code) : event.text);
  out.field_truth("temporary", is_temporary(event));
  out.field_if("retry_after_ms", std::uint64_t{event.error.retry_after_ms});
  if (const Rule rule = rule_of(event.error); rule != Rule::none) {
    out.field("rule", name_of(rule));
    if (scope_of(rule) != Scope::none) out.field("scope", name_of(scope_of(rule)));
  }
  out.field_if("verdict", event.verdict);
  out.close('}');
}

void write_answer(const Event& event, Writer& out) noexcept {
  out.field("id", std::uint64_t{event.id});
  if (event.error.code == Errc::ok) {
    write_ok(event, out);
  } else {
    write_error(event, out);
  }
}

void write_presence(const Event& event, Writer& out) noexcept {
  out.field("room", event.room);
  out.field("online", event.online);
  out.field("version", event.presence_version);
  if (!event.joins.empty()) write_members("joins", event.joins, false, out);
  if (!event.changes.empty()) write_changes(event, out);
  if (event.leaves.empty()) return;
  out.key("leaves");
  out.open('[');
  for (const std::string_view user : event.leaves) out.text(user);
  out.close(']');
}

void write_direct(const Event& event, Writer& out) noexcept {
  const Message& message = event.message;
  out.field("user", message.user);
  out.field_if("nick", message.nick);
  out.field("to", event.user);
  out.field("kind", message.kind.name);
  out.field_if("text", message.text);
  write_data("data", message.data, out);
  out.field_signed("time", message.time_ms);
}

void write_gap(const Event& event, Writer& out) noexcept {
  const Gap& gap = event.gap;
  out.field("room", event.room);
  out.field_if("channel", event.channel);
  out.field_if("from", gap.from);
  out.field_if("to", gap.to);
  out.field("count", gap.count);
  out.key("classes");
  out.open('[');
  if (gap.lossy) out.text("lossy");
  if (gap.reliable) out.text("reliable");
  out.close(']');
  out.field("reason", name_of(gap.reason));
}

void write_moderation(const Event& event, Writer& out) noexcept {
  out.field("room", event.room);
  out.field("action", event.action);
  out.field("user", event.user);
  if (event.action == name_of(Op::set_role)) out.field("role", name_of(event.role));
  out.field_if("channel", event.channel);
  out.field_if("by", event.by);
  out.field_signed("until", event.until_ms);
  out.field_if("text", event.text);
}

void write_left(const Event& event, Writer& out) noexcept {
  out.field("room", event.room);
  out.field("reason", name_of(event.reason));
  out.field_if("by", event.by);
  out.field_if("text", event.text);
  if (event.until_ms != 0) out.field_signed("until", event.until_ms);
}

void write_held(const Event& event, Writer& out) noexcept {
  out.field("room", event.room);
  out.field("held", event.held);
  out.field("action", event.action);
  out.key("message");
  out.open('{');
  write_message(event.message, out);
  out.close('}');
  out.field_if("by", event.by);
  out.field_if("text", event.text);
}

// What the small events hold.
void write_small(const Event& event, Writer& out) noexcept {
  out.field_if("room", event.room);
  switch (event.type) {
    case EventType::room_state:
      out.field_if("channel", event.channel);
      return write_changed(event.state, out);
    case EventType::message_removed:
      return out.field("offset", event.offset);
    case EventType::messages_cleared:
      return out.field_if("user", event.user);
    case EventType::reset:
      out.field("epoch", event.epoch);
      out.field("offset", event.offset);
      return write_state(event.state, out);
    case EventType::queue:
      out.field("line", event.line);
      if (event.waiting) return out.field("waiting", std::uint64_t{*event.waiting});
      return out.field("position", std::uint64_t{event.place});
    case EventType::called:
      out.field("line", event.line);
      return out.field_signed("until", event.until_ms);
    case EventType::receipt:
      out.field("offset", event.offset);
      if (!event.user.empty()) return out.field("user", event.user);
      return out.field("count", event.count);
    case EventType::reconnect:
      out.field("after_ms", std::uint64_t{event.after_ms});
      return out.field_if("address", event.address);
    default:
      return;
  }
}

void write_hello(const Event& event, Writer& out) noexcept {
  out.field("version", std::uint64_t{event.version});
  write_session(event, out);
}

}  // namespace

void write_event(const Event& event, Writer& out) noexcept {
  out.open('{');
  if (event.type == EventType::answer) {
    write_answer(event, out);
    return out.close('}');
  }
  out.field("event", name_of(event.type));
  switch (event.type) {
    case EventType::hello:
      write_hello(event, out);
      break;
    case EventType::error:
      write_error(event, out);
      break;
    case EventType::message:
      write_message(event.message, out);
      break;
    case EventType::direct:
      write_direct(event, out);
      break;
    case EventType::presence:
      write_presence(event, out);
      break;
    case EventType::moderation:
      write_moderation(event, out);
      break;
    case EventType::gap:
      write_gap(event, out);
      break;
    case EventType::left:
      write_left(event, out);
      break;
    case EventType::held:
      write_held(event, out);
      break;
    default:
      write_small(event, out);
      break;
  }
  out.close('}');
}

void write_data(std::string_view name, const Data& data, Writer& out) noexcept {
  if (data.form == Data::Form::none) return;
  out.key(name);
  if (data.form == Data::Form::json) return out.raw(as_text(data.bytes));
  out.open('{');
  out.key("b64");
  out.base64(data.bytes);
  out.close('}');
}

}  // namespace chatroom::json
