// Commands and events as text, one "field=value" after the other, defaults left out: to compare
// what two codecs made of a frame, and to read the difference when they disagree.
#pragma once

#include <string>

#include "chatroom/codec.h"

namespace chatroom::golden {

class Description {
 public:
  void field(const char* name, std::string_view text) {
    if (text.empty()) return;
    text_ += std::string(text_.empty() ? "" : " ") + name + "=" + std::string(text);
  }
  void number(const char* name, std::int64_t number, std::int64_t usual = 0) {
    if (number != usual) field(name, std::to_string(number));
  }
  void number(const char* name, std::uint64_t number, std::uint64_t usual = 0) {
    if (number != usual) field(name, std::to_string(number));
  }
  void truth(const char* name, bool truth) {
    if (truth) field(name, "true");
  }
  void list(const char* name, std::span<const std::string_view> list) {
    std::string words;
    for (const std::string_view word : list) words += "[" + std::string(word) + "]";
    field(name, words);
  }
  // JSON carries binary as {"b64":"..."} and a reader of JSON leaves it so.
  void data(const char* name, const Data& data) {
    if (data.form == Data::Form::binary)
      return field(name, "{\"b64\":\"" + base64(data.bytes) + "\"}");
    if (data.form == Data::Form::json) field(name, as_text(data.bytes));
  }
  const std::string& text() const { return text_; }

 private:
  static std::string base64(Bytes bytes) {
    static constexpr char kDigits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
      unsigned word = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        word = word << 8 | (i + k < bytes.size() ? std::to_integer<unsigned>(bytes[i + k]) : 0u);
      }
      for (std::size_t k = 0; k < 4; ++k) {
        out += i + k <= bytes.size() ? kDigits[word >> (18 - 6 * k) & 63] : '=';
      }
    }
    return out;
  }
  std::string text_;
};

inline std::string describe(const Command& c) {
  Description d;
  d.field("op", name_of(c.op));
  d.number("id", std::uint64_t{c.id});
  d.field("room", c.room);
  d.list("channels", c.channels);
  if (c.op != Op::publish) d.field("channel", c.channel);  // it is the message's
  d.field("out.channel", c.out.channel == "main" ? "" : c.out.channel);
  d.field("kind", c.out.kind == Kind::text ? "" : c.out.kind.name);
  d.field("text", c.out.text);
  d.truth("has_text", c.has_text);
  d.data("data", c.out.data);
  d.number("priority", static_cast<std::int64_t>(c.out.priority), 1);
  d.field("key", c.out.key);
  d.number("reply_to", c.out.reply_to);
  d.list("mentions", c.out.mentions);
  d.number("out.count", std::uint64_t{c.out.count}, 1);
  d.field("token", c.token);
  d.field("resume", c.resume);
  d.field("user", c.user);
  d.field("nick", c.nick);
  d.field("password", c.password);
  d.truth("has_since", c.has_since);
  d.field("since_epoch", c.since_epoch);
  d.number("since_offset", c.since_offset);
  d.number("recent", std::uint64_t{c.recent});
  d.field("from", c.from);
  d.field("to", c.to);
  d.number("before", c.before);
  d.number("after", c.after);
  d.truth("has_after", c.has_after);
  d.number("limit", std::uint64_t{c.limit});
  d.number("since_version", c.since_version);
  d.truth("has_since_version", c.has_since_version);
  d.field("cursor", c.cursor);
  d.field("name", c.name);
  d.number("for_ms", c.for_ms);
  d.field("reason", c.reason);
  d.truth("clear", c.clear);
  d.number("role", static_cast<std::int64_t>(c.role), 1);
  if (c.access) d.field("access", name_of(*c.access));
  d.number("normal_per_s", std::uint64_t{c.normal_per_s});
  d.number("high_per_s", std::uint64_t{c.high_per_s});
  d.number("offset", c.offset);
  d.number("slow_mode_s",
           std::int64_t{c.policy.slow_mode_s.value_or(0)} + c.policy.slow_mode_s.has_value());
  d.number("mute_all",
           std::int64_t{c.policy.mute_all.value_or(false)} + c.policy.mute_all.has_value());
  d.number("moderated",
           std::int64_t{c.policy.moderated.value_or(false)} + c.policy.moderated.has_value());
  d.number("max_members",
           std::int64_t{c.policy.max_members.value_or(0)} + c.policy.max_members.has_value());
  d.number("line_length",
           std::int64_t{c.policy.line_length.value_or(0)} + c.policy.line_length.has_value());
  d.number("hands", std::int64_t{c.policy.hands.value_or(0)} + c.policy.hands.has_value());
  d.number("line", static_cast<std::int64_t>(c.line));
  d.truth("has_password", c.policy.password.has_value());
  d.field("new_password", c.policy.password.value_or(""));
  d.truth("expel", c.policy.expel);
  const auto mode = [&](const char* name, std::optional<bool> value) {
    d.number(name, std::int64_t{value.value_or(false)} + value.has_value());
  };
  mode("members_only", c.policy.members_only);
  mode("followers_only", c.policy.followers_only);
  mode("emote_only", c.policy.emote_only);
  d.number("duplicate_s",
           std::int64_t{c.policy.duplicate_s.value_or(0)} + c.policy.duplicate_s.has_value());
  d.field("attribute", c.key);
  d.truth("has_value", c.value.has_value());
  d.field("value", c.value.value_or(""));
  return d.text();
}

inline std::string describe(const Message& m) {
  Description d;
  d.field("room", m.room);
  d.field("channel", m.channel);
  d.number("offset", m.offset);
  d.field("user", m.user);
  d.field("nick", m.nick);
  d.number("role", static_cast<std::int64_t>(m.role), 1);
  d.field("info", as_text(m.info));
  d.field("kind", m.kind.name);
  d.field("text", m.text);
  d.data("data", m.data);
  d.number("priority", static_cast<std::int64_t>(m.priority), 1);
  d.number("reply_to", m.reply_to);
  d.list("mentions", m.mentions);
  d.number("time", m.time_ms);
  d.number("count", std::uint64_t{m.count}, 1);
  d.number("first", m.first);
  return d.text();
}

inline std::string describe(const RoomState& s) {
  Description d;
  d.truth("has_policy", s.has_policy);
  d.number("slow_mode_s", std::uint64_t{s.slow_mode_s});
  d.truth("mute_all", s.mute_all);
  d.truth("moderated", s.moderated);
  d.truth("has_password", s.has_password);
  d.truth("members_only", s.members_only);
  d.truth("followers_only", s.followers_only);
  d.truth("emote_only", s.emote_only);
  d.number("duplicate_s", std::uint64_t{s.duplicate_s});
  d.number("max_members", std::uint64_t{s.max_members});
  d.number("line_length", std::uint64_t{s.line_length});
  d.number("hands", std::uint64_t{s.hands});
  d.truth("has_likes", s.likes.has_value());
  d.number("likes", s.likes.value_or(0));
  d.truth("has_rate", s.has_rate);
  d.number("rung", static_cast<std::int64_t>(s.rung));
  d.number("kept", std::uint64_t{s.kept}, 1'000);
  for (const ChannelState& channel : s.channels) {
    d.field("channel", channel.name);
    d.field("state", channel.state);
    d.field("by", channel.creator);
    if (channel.access != Role::visitor) d.field("access", name_of(channel.access));
    if (channel.role) d.field("role", name_of(*channel.role));
    if (channel.rung) d.field("rung", name_of(*channel.rung));
    d.number("kept", std::uint64_t{channel.kept}, 1'000);
  }
  for (const Attribute& attribute : s.attributes) {
    d.field("key", attribute.key);
    d.field("value", attribute.value);
    d.truth("deleted", attribute.deleted);
  }
  d.truth("has_pinned", s.has_pinned);
  for (const std::uint64_t offset : s.pinned) d.number("pinned", offset);
  d.number("created", s.created_ms);
  d.field("creator", s.creator);
  return d.text();
}

inline std::string describe(std::span<const Member> members) {
  Description d;
  for (const Member& member : members) {
    d.field("user", member.user);
    d.field("nick", member.nick);
    d.number("role", static_cast<std::int64_t>(member.role), 1);
    d.number("since", member.since_ms);
    for (const Attribute& attribute : member.attributes) {
      d.field("key", attribute.key);
      d.field("value", attribute.value);
    }
  }
  return d.text();
}

// `with_op`: JSON answers do not say what they answer.
inline std::string describe(const Event& e, bool with_op = true) {
  Description d;
  d.field("type", name_of(e.type));
  if (with_op && e.op != Op::none) d.field("op", name_of(e.op));
  d.number("id", std::uint64_t{e.id});
  if (e.error.code != Errc::ok) d.field("error", name_of(e.error.code));
  d.number("retry_after_ms", std::uint64_t{e.error.retry_after_ms});
  if (rule_of(e.error) != Rule::none) d.field("rule", name_of(rule_of(e.error)));
  d.number("verdict", e.verdict);
  d.field("text", e.text);
  if (e.type != EventType::message) d.field("room", e.room);  // it is the message's
  d.field("channel", e.channel);
  if (e.type == EventType::message || e.type == EventType::direct) {
    d.field("message", "{" + describe(e.message) + "}");
  }
  d.number("version", std::uint64_t{e.version});
  d.number("heartbeat_ms", std::uint64_t{e.heartbeat_ms});
  d.field("session", e.session);
  d.field("user", e.user);
  d.field("resume", e.resume);
  d.number("frame_bytes", std::uint64_t{e.limits.frame_bytes});
  d.number("text_bytes", std::uint64_t{e.limits.text_bytes});
  d.number("rooms", std::uint64_t{e.limits.rooms});
  d.number("commands_per_s", std::uint64_t{e.limits.commands_per_s});
  d.number("publish_per_s", std::uint64_t{e.limits.publish_per_s});
  d.field("epoch", e.epoch);
  d.number("offset", e.offset);
  d.number("online", e.online);
  d.number("role", static_cast<std::int64_t>(e.role), 1);
  if (const std::string state = describe(e.state); !state.empty())
    d.field("state", "{" + state + "}");
  d.truth("was_recovering", e.was_recovering);
  d.truth("recovered", e.recovered);
  for (const Message& message : e.messages) d.field("-", "{" + describe(message) + "}");
  d.truth("more", e.more);
  d.number("presence_version", e.presence_version);
  d.truth("unchanged", e.unchanged);
  d.field("members", describe(e.members));
  d.field("joins", describe(e.joins));
  d.list("leaves", e.leaves);
  d.field("changes", describe(e.changes));
  for (const RoomEntry& room : e.rooms) {
    d.field("entry", room.room);
    d.number("online", room.online);
    d.number("created", room.created_ms);
    d.field("creator", room.creator);
  }
  d.field("next", e.next);
  d.number("sessions", std::uint64_t{e.sessions});
  d.data("data", e.data);
  d.number("from", e.gap.from);
  d.number("to", e.gap.to);
  d.number("lost", e.gap.count);
  d.truth("lossy", e.gap.lossy);
  d.truth("reliable", e.gap.reliable);
  if (e.type == EventType::gap) d.field("reason", name_of(e.gap.reason));
  if (e.type == EventType::left) d.field("reason", name_of(e.reason));
  d.field("by", e.by);
  d.number("until", e.until_ms);
  d.field("action", e.action);
  d.field("line", e.line);
  d.number("place", std::uint64_t{e.place});
  d.truth("has_read", e.read.has_value());
  d.number("read", e.read.value_or(0));
  d.number("unread", e.unread);
  d.truth("has_waiting", e.waiting.has_value());
  d.number("waiting", std::uint64_t{e.waiting.value_or(0)});
  if (e.type == EventType::receipt) d.number("count", e.count);
  d.number("held", e.held);
  if (e.type == EventType::held) d.field("held_message", "{" + describe(e.message) + "}");
  d.number("after_ms", std::uint64_t{e.after_ms});
  d.field("address", e.address);
  return d.text();
}

}  // namespace chatroom::golden
