#include "json/command_reader.h"

#include "json/fields.h"

namespace chatroom::json {
namespace {

constexpr std::size_t kTokenMax = 4096;
constexpr std::uint32_t kPageMax = 100;

// Each op is given the fields that protocol.md lists for it; others are unknown to it and ignored,
// whatever their type.

void read_auth(Fields& fields, Command& command) noexcept {
  fields.text("token", command.token, {1, kTokenMax});
  fields.text("resume", command.resume, {1, kTokenMax});
  fields.text("user", command.user, kNameLength);
  fields.text("nick", command.nick, kNameLength);
}

void require_room(Fields& fields, Command& command) noexcept {
  if (!fields.text("room", command.room, kRoomLength)) fields.fail();
}

void read_join(Fields& fields, CommandLists& lists, Command& command) noexcept {
  require_room(fields, command);
  command.channels = fields.texts("channels", lists.channels, kNameLength);
  fields.text("password", command.password, {0, kTokenMax});
  fields.number("recent", command.recent);
  const std::size_t since = fields.container("since", Type::object);
  if (since == 0) return;
  Fields inner(fields.all(), since);
  command.has_since = true;
  if (!inner.text("epoch", command.since_epoch)) fields.fail();
  inner.number("offset", command.since_offset);
  if (!inner.good()) fields.fail();
}

bool is_kind(std::string_view word) noexcept {
  for (const char c : word) {
    if (!(c >= 'a' && c <= 'z') && c != '_' && c != '.') return false;
  }
  return !word.empty() && word.size() <= 32;
}

void read_kind(Fields& fields, Outgoing& out) noexcept {
  if (fields.text("kind", out.kind.name) && !is_kind(out.kind.name)) fields.fail();
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

void read_text(Fields& fields, Command& command) noexcept {
  command.has_text = fields.text("text", command.out.text);
  const bool needed = command.out.kind == Kind::text;
  if (command.out.text.empty() && (needed || command.has_text)) fields.fail();
}

void read_publish(Fields& fields, CommandLists& lists, Command& command) noexcept {
  require_room(fields, command);
  Outgoing& out = command.out;
  out.room = command.room;
  if (fields.text("channel", out.channel, kNameLength)) command.channel = out.channel;
  read_kind(fields, out);
  read_text(fields, command);
  read_data(fields, out.data);
  read_priority(fields, out.priority);
  fields.text("key", out.key, kNameLength);
  fields.number("reply_to", out.reply_to);
  out.mentions = fields.texts("mentions", lists.mentions, kNameLength);
}

void read_switch(Fields& fields, Command& command) noexcept {
  require_room(fields, command);
  if (!fields.text("from", command.from, kNameLength)) fields.fail();
  if (!fields.text("to", command.to, kNameLength)) fields.fail();
}

void read_history(Fields& fields, Command& command) noexcept {
  require_room(fields, command);
  fields.text("channel", command.channel, kNameLength);
  fields.number("before", command.before);
  command.has_after = fields.number("after", command.after);
  fields.number("limit", command.limit, 1, kPageMax);
}

void read_send_to(Fields& fields, Command& command) noexcept {
  if (!fields.text("user", command.user, kNameLength)) fields.fail();
  read_kind(fields, command.out);
  read_text(fields, command);
  read_data(fields, command.out.data);
}

void read_presence(Fields& fields, Command& command) noexcept {
  require_room(fields, command);
  fields.number("limit", command.limit, 1);
  command.has_since_version = fields.number("since_version", command.since_version);
  fields.text("cursor", command.cursor);
}

void read_call(Fields& fields, Command& command) noexcept {
  fields.text("room", command.room, kRoomLength);
  if (!fields.text("name", command.name, kRoomLength)) fields.fail();
  read_data(fields, command.out.data);
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
      return require_room(fields, command);
    case Op::subscribe:
    case Op::unsubscribe:
      require_room(fields, command);
      fields.text("channel", command.channel, kNameLength);
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
      return;  // ping; and words that are answered with `unsupported` whatever they say
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
  if (has_twin(nodes, "id")) return {Errc::bad_request, false};
  fields.number("id", command.id, 1, UINT32_MAX);
  std::string_view op;
  if (!fields.text("op", op)) fields.fail();
  if (verdict != Verdict::good || !fields.good()) return {Errc::bad_request, false};

  command.op = op_from(op);
  read_fields(fields, lists, command);
  if (!fields.good()) return {Errc::bad_request, false};
  if (command.op == Op::unknown) return {Errc::unsupported, false};
  return {};
}

}  // namespace chatroom::json
