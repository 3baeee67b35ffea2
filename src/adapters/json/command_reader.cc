#include "json/command_reader.h"

#include "json/fields.h"

namespace chatroom::json {
namespace {

// Each op is given the fields that protocol.md lists for it; others are unknown to it and ignored,
// whatever their type.

void read_auth(Fields& fields, Command& command) noexcept {
  fields.text("token", command.token);
  fields.text("resume", command.resume);
  fields.name("user", command.user);
  fields.name("nick", command.nick);
}

void read_join(Fields& fields, CommandLists& lists, Command& command) noexcept {
  fields.name("room", command.room);
  command.channels = fields.texts("channels", lists.channels);
  fields.text("password", command.password);
  fields.number("recent", command.recent);
  const std::size_t since = fields.container("since", Type::object);
  if (since == 0) return;
  Fields inner(fields.all(), since);
  command.has_since = true;
  inner.text("epoch", command.since_epoch);
  inner.number("offset", command.since_offset);
  if (!inner.good()) fields.fail();
}

void read_data(Fields& fields, Data& data) noexcept {
  const std::size_t at = fields.find("data");
  if (at == 0) return;
  data.form = Data::Form::json;
  data.bytes = as_bytes(fields.node(at).raw);
}

void read_priority(Fields& fields, Priority& priority) noexcept {
  std::string_view word;
  if (!fields.text("priority", word)) return;
  for (int i = 0; i < kPriorityCount; ++i) {
    if (word == name_of(static_cast<Priority>(i))) {
      priority = static_cast<Priority>(i);
      return;
    }
  }
  fields.fail();
}

void read_publish(Fields& fields, CommandLists& lists, Command& command) noexcept {
  fields.name("room", command.room);
  Outgoing& out = command.out;
  out.room = command.room;
  if (fields.name("channel", out.channel)) command.channel = out.channel;
  fields.name("kind", out.kind.name);
  command.has_text = fields.text("text", command.out.text);
  read_data(fields, out.data);
  read_priority(fields, out.priority);
  fields.name("key", out.key);
  fields.number("reply_to", out.reply_to);
  fields.number("count", out.count, 1);
  out.mentions = fields.texts("mentions", lists.mentions);
}

void read_switch(Fields& fields, Command& command) noexcept {
  fields.name("room", command.room);
  fields.name("from", command.from);
  fields.name("to", command.to);
}

// 0 means absent in a Command, so a written one is refused here.
void read_limit(Fields& fields, Command& command) noexcept {
  fields.number("limit", command.limit, 1);
}

void read_history(Fields& fields, Command& command) noexcept {
  fields.name("room", command.room);
  fields.name("channel", command.channel);
  fields.number("before", command.before);
  command.has_after = fields.number("after", command.after);
  read_limit(fields, command);
}

void read_send_to(Fields& fields, Command& command) noexcept {
  fields.name("user", command.user);
  fields.name("kind", command.out.kind.name);
  command.has_text = fields.text("text", command.out.text);
  read_data(fields, command.out.data);
}

void read_presence(Fields& fields, Command& command) noexcept {
  fields.name("room", command.room);
  read_limit(fields, command);
  command.has_since_version = fields.number("since_version", command.since_version);
  fields.text("cursor", command.cursor);
}

void read_call(Fields& fields, Command& command) noexcept {
  fields.name("room", command.room);
  fields.name("name", command.name);
  read_data(fields, command.out.data);
}

// False: absent, or not one.
bool read_role(Fields& fields, std::string_view key, Role& role) noexcept {
  std::string_view word;
  if (!fields.text(key, word)) return false;
  for (int i = 0; i <= static_cast<int>(Role::owner); ++i) {
    if (word == name_of(static_cast<Role>(i))) {
      role = static_cast<Role>(i);
      return true;
    }
  }
  fields.fail();
  return false;
}

void read_on_user(Fields& fields, Command& command) noexcept {
  fields.name("room", command.room);
  fields.name("user", command.user);
  fields.number("for_ms", command.for_ms, 1);
  fields.text("reason", command.reason);
  fields.truth("clear", command.clear);
  if (command.op != Op::set_role) return;
  read_role(fields, "role", command.role);
  fields.name("channel", command.channel);
}

void read_policy(Fields& fields, Command& command) noexcept {
  fields.name("room", command.room);
  const std::size_t at = fields.container("policy", Type::object);
  if (at == 0) return;
  Fields inner(fields.all(), at);
  PolicyPatch& policy = command.policy;
  std::uint32_t number = 0;
  bool truth = false;
  std::string_view text;
  if (inner.number("slow_mode_s", number)) policy.slow_mode_s = number;
  if (inner.number("max_members", number)) policy.max_members = number;
  if (inner.number("line_length", number)) policy.line_length = number;
  if (inner.number("hands", number)) policy.hands = number;
  if (inner.truth("mute_all", truth)) policy.mute_all = truth;
  if (inner.truth("moderated", truth)) policy.moderated = truth;
  if (inner.truth("members_only", truth)) policy.members_only = truth;
  if (inner.truth("followers_only", truth)) policy.followers_only = truth;
  if (inner.truth("emote_only", truth)) policy.emote_only = truth;
  if (inner.number("duplicate_s", number)) policy.duplicate_s = number;
  if (inner.text("password", text)) policy.password = text;
  inner.truth("expel", policy.expel);
  if (!inner.good()) fields.fail();
}

void read_attribute(Fields& fields, Command& command) noexcept {
  fields.name("room", command.room);
  fields.name("user", command.user);
  fields.name("key", command.key);
  std::string_view value;
  if (fields.text("value", value)) command.value = value;
}

void read_list_rooms(Fields& fields, Command& command) noexcept {
  fields.name("prefix", command.name);
  read_limit(fields, command);
  fields.text("cursor", command.cursor);
}

void read_line(Fields& fields, Command& command) noexcept {
  fields.name("room", command.room);
  fields.name("user", command.user);
  read_limit(fields, command);
  std::string_view word;
  if (!fields.text("line", word)) return;
  for (std::size_t i = 0; i < kLines; ++i) {
    if (word != name_of(static_cast<Line>(i))) continue;
    command.line = static_cast<Line>(i);
    return;
  }
  fields.fail();
}

void read_settings(Fields& fields, Command& command) noexcept {
  switch (command.op) {
    case Op::enqueue:
    case Op::dequeue:
    case Op::call_next:
    case Op::waiting:
      return read_line(fields, command);
    case Op::mute:
    case Op::unmute:
    case Op::ban:
    case Op::unban:
    case Op::kick:
    case Op::set_role:
    case Op::clear:
    case Op::allow:
    case Op::disallow:
    case Op::invite:
    case Op::approve:
    case Op::shadow_mute:
    case Op::block:
    case Op::unblock:
    case Op::profile:
      return read_on_user(fields, command);
    case Op::release:
    case Op::reject:
      fields.name("room", command.room);
      fields.number("held", command.offset);
      fields.text("reason", command.reason);
      return;
    case Op::list_held:
      fields.name("room", command.room);
      fields.number("held", command.after);
      return;
    case Op::set_policy:
    case Op::open_room:
      return read_policy(fields, command);
    case Op::recall:
    case Op::pin:
    case Op::unpin:
    case Op::ack:
      fields.name("room", command.room);
      fields.number("offset", command.offset);
      return;
    case Op::set_attribute:
      return read_attribute(fields, command);
    case Op::set_receive:
      fields.name("room", command.room);
      fields.number("normal_per_s", command.normal_per_s, 0, UINT32_MAX);
      fields.number("high_per_s", command.high_per_s, 0, UINT32_MAX);
      return;
    case Op::list_rooms:
      return read_list_rooms(fields, command);
    case Op::apply:
    case Op::close_room:
      fields.name("room", command.room);
      return;
    case Op::open_channel:
    case Op::close_channel:
      fields.name("room", command.room);
      fields.name("channel", command.channel);
      if (Role access{}; command.op == Op::open_channel && read_role(fields, "access", access)) {
        command.access = access;
      }
      return;
    default:
      return;  // ping; and words that are answered with `unsupported` whatever they say
  }
}

void read_fields(Fields& fields, CommandLists& lists, Command& command) noexcept {
  switch (command.op) {
    case Op::auth:
      return read_auth(fields, command);
    case Op::join:
      return read_join(fields, lists, command);
    case Op::publish:
      return read_publish(fields, lists, command);
    case Op::leave:
      fields.name("room", command.room);
      return;
    case Op::subscribe:
    case Op::unsubscribe:
      fields.name("room", command.room);
      fields.name("channel", command.channel);
      return;
    case Op::switch_channel:
      return read_switch(fields, command);
    case Op::history:
      return read_history(fields, command);
    case Op::send_to:
      return read_send_to(fields, command);
    case Op::presence:
      return read_presence(fields, command);
    case Op::call:
      return read_call(fields, command);
    default:
      return read_settings(fields, command);
  }
}

// Two fields of that name leave nothing to answer to.
bool has_twin(std::span<const Node> nodes, std::string_view key) noexcept {
  int count = 0;
  for (const std::size_t at : Children(nodes, 0)) count += nodes[at].key == key ? 1 : 0;
  return count > 1;
}

}  // namespace

Decoded read_command(std::span<const Node> nodes, Verdict verdict, CommandLists& lists,
                     Command& command) noexcept {
  command = Command{};
  if (verdict == Verdict::not_json) return {Errc::bad_request, true};
  if (nodes.empty()) return {Errc::too_large, false};

  Fields fields(nodes, 0);
  const bool has_id = fields.has("id");
  if (has_twin(nodes, "id") || (!fields.number("id", command.id, 1, UINT32_MAX) && has_id)) {
    return {.status = Errc::bad_request, .unusable_id = true};
  }
  std::string_view op;
  if (!fields.text("op", op)) fields.fail();
  if (verdict == Verdict::refused || !fields.good()) return {Errc::bad_request, false};

  command.op = op_from(op);
  if (verdict == Verdict::too_large) return {Errc::too_large, false};
  read_fields(fields, lists, command);
  if (!fields.good()) return {Errc::bad_request, false};
  if (command.op == Op::unknown) return {Errc::unsupported, false};
  return {check_command(command), false};
}

}  // namespace chatroom::json
