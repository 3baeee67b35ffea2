#include "testing/describe.h"

namespace chatroom::testing {

namespace {

// name=value, in the order written.
class Line {
 public:
  Line& operator()(const char* name, std::string_view value) {
    text_ += std::string(name) + "=" + std::string(value) + "\n";
    return *this;
  }
  Line& operator()(const char* name, std::uint64_t value) {
    return (*this)(name, std::to_string(value));
  }
  Line& operator()(const char* name, std::int64_t value) {
    return (*this)(name, std::to_string(value));
  }
  Line& operator()(const char* name, std::uint32_t value) {
    return (*this)(name, std::uint64_t{value});
  }
  Line& operator()(const char* name, bool value) {
    return (*this)(name, std::string_view(value ? "yes" : "no"));
  }
  Line& operator()(const char* name, const Data& data) {
    const char* const forms[] = {"none:", "json:", "binary:"};
    return (*this)(name, forms[static_cast<int>(data.form)] + std::string(as_text(data.bytes)));
  }
  Line& operator()(const char* name, std::span<const std::string_view> list) {
    for (const std::string_view one : list) (*this)(name, one);
    return *this;
  }
  Line& add(const std::string& more) {
    text_ += more;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string describe(const Message& message) {
  return Line()("room", message.room)("channel", message.channel)("offset", message.offset)(
             "user", message.user)("nick", message.nick)("role", name_of(message.role))(
             "info", as_text(message.info))("kind", message.kind.name)("text", message.text)(
             "data", message.data)("priority", name_of(message.priority))(
             "reply_to", message.reply_to)("mention", message.mentions)("time", message.time_ms)(
             "count", message.count)("first", message.first)
      .text();
}

std::string describe(const Member& member) {
  return Line()("user", member.user)("nick", member.nick)("role", name_of(member.role))(
             "since", member.since_ms)
      .text();
}

std::string describe(const RoomState& state) {
  Line line;
  line("has_policy", state.has_policy)("slow_mode_s", state.slow_mode_s)(
      "mute_all", state.mute_all)("moderated", state.moderated)("has_password", state.has_password)(
      "max_members", state.max_members)("created", state.created_ms)("creator", state.creator);
  for (const ChannelState& channel : state.channels) {
    line("channel", channel.name)("state", channel.state)("creator", channel.creator)(
        "access", name_of(channel.access))("role", channel.role ? name_of(*channel.role) : "");
  }
  return line.text();
}

void describe_answer(const Event& event, Line& line) {
  switch (event.op) {
    case Op::auth:
      line("session", event.session)("user", event.user)("resume", event.resume)(
          "heartbeat_ms", event.heartbeat_ms)("frame_bytes", event.limits.frame_bytes)(
          "text_bytes", event.limits.text_bytes)("rooms", event.limits.rooms)(
          "commands_per_s", event.limits.commands_per_s)("publish_per_s",
                                                         event.limits.publish_per_s);
      return;
    case Op::join:
      line("room", event.room)("offset", event.offset)("online", event.online)(
          "role", name_of(event.role))("was_recovering", event.was_recovering)("recovered",
                                                                               event.recovered)
          .add(describe(event.state));
      [[fallthrough]];
    case Op::history:
      line("epoch", event.epoch)("more", event.more);
      for (const Message& message : event.messages) line.add(describe(message));
      return;
    case Op::publish:
      line("epoch", event.epoch)("offset", event.offset);
      return;
    case Op::send_to:
      line("sessions", event.sessions);
      return;
    case Op::presence:
      line("online", event.online)("version", event.presence_version)("unchanged", event.unchanged)(
          "next", event.next);
      for (const Member& member : event.members) line.add(describe(member));
      return;
    case Op::call:
    case Op::profile:
      line("data", event.data);
      return;
    default:
      return;
  }
}

}  // namespace

std::string describe(const Command& command) {
  Line line;
  line("op", name_of(command.op))("id", command.id);
  const auto said = [&] {
    line("kind", command.out.kind.name)("text", command.out.text)("data", command.out.data);
  };
  switch (command.op) {
    case Op::auth:
      line("token", command.token)("resume", command.resume)("user", command.user)("nick",
                                                                                   command.nick);
      break;
    case Op::join:
      line("room", command.room)("channel", command.channels)("password", command.password)(
          "has_since", command.has_since)("epoch", command.since_epoch)(
          "offset", command.since_offset)("recent", command.recent);
      break;
    case Op::publish:
      said();
      line("room", command.room)("channel", command.out.channel)(
          "priority", name_of(command.out.priority))("key", command.out.key)(
          "reply_to", command.out.reply_to)("mention", command.out.mentions);
      break;
    case Op::subscribe:
    case Op::unsubscribe:
      line("room", command.room)("channel", command.channel);
      break;
    case Op::switch_channel:
      line("room", command.room)("from", command.from)("to", command.to);
      break;
    case Op::history:
      line("room", command.room)("channel", command.channel)("before", command.before)(
          "has_after", command.has_after)("after", command.after)("limit", command.limit);
      break;
    case Op::send_to:
      said();
      line("user", command.user);
      break;
    case Op::presence:
      line("room", command.room)("limit", command.limit)("has_since", command.has_since_version)(
          "since", command.since_version)("cursor", command.cursor);
      break;
    case Op::call:
      line("room", command.room)("name", command.name)("data", command.out.data);
      break;
    default:
      line("room", command.room);
      break;
  }
  return line.text();
}

std::string describe(const Event& event) {
  Line line;
  line("event", name_of(event.type));
  switch (event.type) {
    case EventType::hello:
      line("version", event.version)("heartbeat_ms", event.heartbeat_ms);
      break;
    case EventType::answer:
    case EventType::error:
      if (event.type == EventType::answer) line("id", event.id);
      line("error", name_of(event.error.code))("text", event.text)("retry_after_ms",
                                                                   event.error.retry_after_ms);
      if (event.error.code == Errc::ok) describe_answer(event, line);
      break;
    case EventType::message:
      line.add(describe(event.message));
      break;
    case EventType::direct:
      line("user", event.message.user)("nick", event.message.nick)("to", event.user)(
          "kind", event.message.kind.name)("text", event.message.text)("data", event.message.data)(
          "time", event.message.time_ms);
      break;
    case EventType::presence:
      line("room", event.room)("online", event.online)("version", event.presence_version);
      for (const Member& member : event.joins) {
        line("user", member.user)("nick", member.nick)("role", name_of(member.role));
      }
      line("left", event.leaves);
      for (const Member& member : event.changes) {
        line("changed", member.user);
        for (const Attribute& one : member.attributes) line("key", one.key)("value", one.value);
      }
      break;
    case EventType::room_state:
      line("room", event.room).add(describe(event.state));
      break;
    case EventType::moderation:
      line("room", event.room)("action", event.action)("user", event.user)("by", event.by)(
          "until", event.until_ms)("text", event.text);
      break;
    case EventType::gap:
      line("room", event.room)("channel", event.channel)("from", event.gap.from)(
          "to", event.gap.to)("count", event.gap.count)("lossy", event.gap.lossy)(
          "reliable", event.gap.reliable)("reason", name_of(event.gap.reason));
      break;
    case EventType::left:
      line("room", event.room)("reason", name_of(event.reason))("by", event.by)("text", event.text)(
          "until", event.until_ms);
      break;
    case EventType::reset:
      line("room", event.room)("epoch", event.epoch)("offset", event.offset)
          .add(describe(event.state));
      break;
    case EventType::reconnect:
      line("after_ms", event.after_ms)("address", event.address);
      break;
    default:
      line("room", event.room)("user", event.user)("offset", event.offset)("line", event.line)(
          "place", event.place)("until", event.until_ms)("count", event.count);
      break;
  }
  return line.text();
}

}  // namespace chatroom::testing
