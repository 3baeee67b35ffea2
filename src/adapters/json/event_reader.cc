#include "json/event_reader.h"

#include "chatroom/limits.h"
#include "json/fields.h"

namespace chatroom::json {
namespace {

// The enumerator called `word`, from `count` of them counted from 0; `otherwise` for a word of a
// later version.
template <class Enum>
Enum from_word(std::string_view word, int count, Enum otherwise) noexcept {
  for (int i = 0; i < count; ++i) {
    if (name_of(static_cast<Enum>(i)) == word) return static_cast<Enum>(i);
  }
  return otherwise;
}

class EventReader {
 public:
  EventReader(std::span<const Node> nodes, EventLists& lists, Event& event) noexcept
      : nodes_(nodes), lists_(lists), event_(event) {}

  bool read() noexcept {
    Fields top(nodes_, 0);
    std::string_view word;
    if (top.text("event", word)) {
      read_event(top, from_word(word, static_cast<int>(EventType::held) + 1, EventType::none));
    } else if (top.number("id", event_.id, 1, UINT32_MAX)) {
      read_answer(top);
    } else {
      top.fail();
    }
    return top.good() && good_;
  }

 private:
  void read_event(Fields& top, EventType type) noexcept;
  void read_answer(Fields& top) noexcept;
  void read_ok(Fields& ok) noexcept;
  void read_error(Fields& top) noexcept;
  void read_message(Fields& fields, Message& message) noexcept;
  void read_direct(Fields& top) noexcept;
  void read_gap(Fields& top) noexcept;
  void read_common(Fields& fields) noexcept;
  void read_state(Fields& outer, std::string_view key) noexcept;
  void read_channels(Fields& state) noexcept;
  std::span<const Attribute> read_attributes(Fields& of) noexcept;
  void read_pinned(Fields& state) noexcept;
  static bool read_rate(Fields& fields, Rung& rung, std::uint32_t& kept) noexcept;
  void read_rooms(Fields& ok) noexcept;
  void read_limits(Fields& ok) noexcept;
  void read_session(Fields& fields) noexcept;
  void read_messages(Fields& fields) noexcept;
  std::span<const Member> read_members(Fields& fields, std::string_view key) noexcept;
  Data data_of(const Fields& fields, std::string_view key) const noexcept;
  void keep(const Fields& fields) noexcept { good_ = good_ && fields.good(); }

  std::span<const Node> nodes_;
  EventLists& lists_;
  Event& event_;
  std::size_t mention_count_ = 0;
  std::size_t member_count_ = 0;
  std::size_t attribute_count_ = 0;
  bool good_ = true;
};

Data EventReader::data_of(const Fields& fields, std::string_view key) const noexcept {
  const std::size_t at = fields.find(key);
  if (at == 0) return {};
  return {Data::Form::json, as_bytes(fields.node(at).raw)};
}

void EventReader::read_message(Fields& fields, Message& message) noexcept {
  std::string_view word;
  fields.text("room", message.room);
  fields.text("channel", message.channel);
  fields.number("offset", message.offset);
  fields.text("user", message.user);
  fields.text("nick", message.nick);
  if (fields.text("role", word)) message.role = from_word(word, 6, Role::member);
  if (const std::size_t info = fields.find("info"); info != 0) {
    message.info = as_bytes(fields.node(info).raw);
  }
  fields.text("kind", message.kind.name);
  fields.text("text", message.text);
  message.data = data_of(fields, "data");
  if (fields.text("priority", word)) {
    message.priority = from_word(word, kPriorityCount, Priority::normal);
  }
  fields.number("reply_to", message.reply_to);
  message.mentions = fields.texts("mentions", std::span(lists_.mentions).subspan(mention_count_));
  mention_count_ += message.mentions.size();
  fields.number("time", message.time_ms);
  fields.number("count", message.count);
  fields.number("first", message.first);
}

void EventReader::read_messages(Fields& fields) noexcept {
  const std::size_t array = fields.container("messages", Type::array);
  if (array == 0) return;
  std::size_t count = 0;
  for (const std::size_t at : Children(nodes_, array)) {
    if (count == lists_.messages.size() || nodes_[at].type != Type::object) return fields.fail();
    Fields one(nodes_, at);
    lists_.messages[count] = Message{};
    read_message(one, lists_.messages[count++]);
    keep(one);
  }
  event_.messages = std::span(lists_.messages).first(count);
}

std::span<const Member> EventReader::read_members(Fields& fields, std::string_view key) noexcept {
  const std::size_t array = fields.container(key, Type::array);
  if (array == 0) return {};
  const std::size_t first = member_count_;
  for (const std::size_t at : Children(nodes_, array)) {
    if (member_count_ == lists_.members.size() || nodes_[at].type != Type::object) {
      fields.fail();
      return {};
    }
    Fields one(nodes_, at);
    Member& member = lists_.members[member_count_++] = Member{};
    std::string_view role;
    one.text("user", member.user);
    one.text("nick", member.nick);
    if (one.text("role", role)) member.role = from_word(role, 6, Role::member);
    one.number("since", member.since_ms);
    member.attributes = read_attributes(one);
    keep(one);
  }
  return std::span(lists_.members).subspan(first, member_count_ - first);
}

void EventReader::read_channels(Fields& state) noexcept {
  const std::size_t array = state.container("channels", Type::array);
  if (array == 0) return;
  std::size_t count = 0;
  for (const std::size_t at : Children(nodes_, array)) {
    if (count == lists_.channels.size() || nodes_[at].type != Type::object) return state.fail();
    Fields one(nodes_, at);
    ChannelState& channel = lists_.channels[count++] = ChannelState{};
    one.text("name", channel.name);
    one.text("state", channel.state);
    one.text("creator", channel.creator);
    std::string_view word;
    if (one.text("access", word)) channel.access = from_word(word, 6, Role::member);
    if (one.text("role", word)) channel.role = from_word(word, 6, Role::member);
    Rung rung{};
    if (read_rate(one, rung, channel.kept)) channel.rung = rung;
    keep(one);
  }
  event_.state.channels = std::span(lists_.channels).first(count);
}

std::span<const Attribute> EventReader::read_attributes(Fields& of) noexcept {
  const std::size_t object = of.container("attributes", Type::object);
  if (object == 0) return {};
  const std::size_t first = attribute_count_;
  for (const std::size_t at : Children(nodes_, object)) {
    const Node& node = nodes_[at];
    const bool deleted = node.type == Type::null;
    const bool full = attribute_count_ == lists_.attributes.size() ||
                      attribute_count_ == first + kAttributesOfOne;
    if (full || (!deleted && node.type != Type::string)) {
      of.fail();
      return {};
    }
    lists_.attributes[attribute_count_++] = {node.key, deleted ? std::string_view{} : node.text,
                                             deleted};
  }
  return std::span(lists_.attributes).subspan(first, attribute_count_ - first);
}

void EventReader::read_pinned(Fields& state) noexcept {
  const std::size_t array = state.container("pinned", Type::array);
  if (array == 0) return;
  event_.state.pinned = state.numbers(array, lists_.pinned);
}

void EventReader::read_rooms(Fields& ok) noexcept {
  const std::size_t array = ok.container("rooms", Type::array);
  if (array == 0) return;
  std::size_t count = 0;
  for (const std::size_t at : Children(nodes_, array)) {
    // Of auth's `rooms` one day: names alone.
    if (count == lists_.rooms.size() || nodes_[at].type != Type::object) return ok.fail();
    Fields one(nodes_, at);
    RoomEntry& room = lists_.rooms[count++] = RoomEntry{};
    one.text("room", room.room);
    one.number("online", room.online);
    one.number("created", room.created_ms);
    one.text("creator", room.creator);
    keep(one);
  }
  event_.rooms = std::span(lists_.rooms).first(count);
}

void EventReader::read_state(Fields& outer, std::string_view key) noexcept {
  const std::size_t at = outer.container(key, Type::object);
  if (at == 0) return;
  Fields fields(nodes_, at);
  RoomState& state = event_.state;
  if (const std::size_t policy = fields.container("policy", Type::object); policy != 0) {
    Fields inner(nodes_, policy);
    state.has_policy = true;
    inner.number("slow_mode_s", state.slow_mode_s);
    inner.truth("mute_all", state.mute_all);
    inner.truth("moderated", state.moderated);
    inner.truth("members_only", state.members_only);
    inner.truth("followers_only", state.followers_only);
    inner.truth("emote_only", state.emote_only);
    inner.number("duplicate_s", state.duplicate_s);
    inner.truth("has_password", state.has_password);
    inner.number("max_members", state.max_members);
    inner.number("line_length", state.line_length);
    inner.number("hands", state.hands);
    keep(inner);
  }
  read_channels(fields);
  event_.state.attributes = read_attributes(fields);
  read_pinned(fields);
  state.has_pinned = key == "changed" && fields.has("pinned");
  fields.number("created", state.created_ms);
  fields.text("creator", state.creator);
  if (std::uint64_t likes = 0; fields.number("likes", likes)) state.likes = likes;
  state.has_rate = read_rate(fields, state.rung, state.kept);
  keep(fields);
}

// A rung of a later version says nothing.
bool EventReader::read_rate(Fields& fields, Rung& rung, std::uint32_t& kept) noexcept {
  std::string_view word;
  if (!fields.text("rung", word)) return false;
  for (int i = 0; i <= static_cast<int>(Rung::read_only); ++i) {
    if (word != name_of(static_cast<Rung>(i))) continue;
    rung = static_cast<Rung>(i);
    fields.number("kept", kept);
    return true;
  }
  return false;
}

void EventReader::read_limits(Fields& ok) noexcept {
  const std::size_t at = ok.container("limits", Type::object);
  if (at == 0) return;
  Fields fields(nodes_, at);
  fields.number("frame_bytes", event_.limits.frame_bytes);
  fields.number("text_bytes", event_.limits.text_bytes);
  fields.number("rooms", event_.limits.rooms);
  fields.number("commands_per_s", event_.limits.commands_per_s);
  fields.number("publish_per_s", event_.limits.publish_per_s);
  keep(fields);
}

void EventReader::read_session(Fields& fields) noexcept {
  fields.text("session", event_.session);
  fields.text("user", event_.user);
  fields.text("resume", event_.resume);
  fields.number("heartbeat_ms", event_.heartbeat_ms);
  read_limits(fields);
}

// Names that mean the same wherever they stand.
void EventReader::read_common(Fields& fields) noexcept {
  std::string_view word;
  fields.text("room", event_.room);
  fields.text("channel", event_.channel);
  fields.text("epoch", event_.epoch);
  fields.number("offset", event_.offset);
  fields.number("online", event_.online);
  if (fields.text("role", word)) event_.role = from_word(word, 6, Role::member);
  fields.text("user", event_.user);
  fields.text("text", event_.text);
  fields.text("by", event_.by);
  fields.number("until", event_.until_ms);
  fields.text("action", event_.action);
  fields.text("line", event_.line);
  fields.number("position", event_.place);
  std::uint32_t waiting = 0;
  if (fields.number("waiting", waiting)) event_.waiting = waiting;
  fields.number("count", event_.count);
  fields.number("after_ms", event_.after_ms);
  fields.text("address", event_.address);
}

// An answer does not say what it answers; the fields of all `ok` objects are told apart by name.
void EventReader::read_ok(Fields& ok) noexcept {
  read_common(ok);
  read_session(ok);
  read_state(ok, "state");
  ok.truth("was_recovering", event_.was_recovering);
  ok.truth("recovered", event_.recovered);
  read_messages(ok);
  ok.truth("more", event_.more);
  std::uint64_t read = 0;
  if (ok.number("read", read)) event_.read = read;
  ok.number("unread", event_.unread);
  ok.number("version", event_.presence_version);
  ok.truth("unchanged", event_.unchanged);
  event_.members = read_members(ok, "members");
  read_rooms(ok);
  ok.text("next", event_.next);
  ok.number("sessions", event_.sessions);
  event_.data = data_of(ok, "data");
}

void EventReader::read_error(Fields& top) noexcept {
  const std::size_t at = top.container("error", Type::object);
  if (at == 0) return top.fail();
  Fields fields(nodes_, at);
  std::string_view code;
  if (!fields.text("code", code)) fields.fail();
  event_.error.code = errc_from(code);
  fields.text("message", event_.text);
  fields.number("retry_after_ms", event_.error.retry_after_ms);
  fields.number("verdict", event_.verdict);
  bool temporary = false;
  if (fields.truth("temporary", temporary) && temporary) event_.error.detail = kTemporary;
  std::string_view rule;
  if (fields.text("rule", rule)) event_.error = with_rule(event_.error, rule_from(rule));
  keep(fields);
}

void EventReader::read_answer(Fields& top) noexcept {
  event_.type = EventType::answer;
  const std::size_t at = top.container("ok", Type::object);
  if (at == 0) return read_error(top);
  Fields ok(nodes_, at);
  read_ok(ok);
  keep(ok);
}

void EventReader::read_direct(Fields& top) noexcept {
  read_message(top, event_.message);
  top.text("to", event_.user);
}

void EventReader::read_gap(Fields& top) noexcept {
  Gap& gap = event_.gap;
  std::array<std::string_view, 8> classes;
  std::string_view reason;
  read_common(top);
  top.number("from", gap.from);
  top.number("to", gap.to);
  top.number("count", gap.count);
  for (const std::string_view word : top.texts("classes", classes)) {
    gap.lossy = gap.lossy || word == "lossy";
    gap.reliable = gap.reliable || word == "reliable";
  }
  if (top.text("reason", reason)) gap.reason = from_word(reason, 4, GapReason::slow_consumer);
}

void EventReader::read_event(Fields& top, EventType type) noexcept {
  event_.type = type;
  std::string_view reason;
  switch (type) {
    case EventType::none:
      return;  // of a later version: ignored
    case EventType::hello:
      top.number("version", event_.version);
      return read_session(top);
    case EventType::error:
      return read_error(top);
    case EventType::message:
      return read_message(top, event_.message);
    case EventType::direct:
      return read_direct(top);
    case EventType::gap:
      return read_gap(top);
    case EventType::left:
      read_common(top);
      if (top.text("reason", reason)) event_.reason = from_word(reason, 14, LeaveReason::left);
      return;
    case EventType::held:
      read_common(top);
      top.number("held", event_.held);
      if (const std::size_t at = top.container("message", Type::object); at != 0) {
        Fields message(nodes_, at);
        read_message(message, event_.message);
        keep(message);
      }
      return;
    case EventType::presence:
      read_common(top);
      top.number("version", event_.presence_version);
      event_.joins = read_members(top, "joins");
      event_.leaves = top.texts("leaves", lists_.leaves);
      event_.changes = read_members(top, "changes");
      return;
    case EventType::room_state:
      read_common(top);
      return read_state(top, "changed");
    case EventType::reset:
      read_common(top);
      return read_state(top, "state");
    default:
      return read_common(top);
  }
}

}  // namespace

Decoded read_event(std::span<const Node> nodes, Verdict verdict, EventLists& lists,
                   Event& event) noexcept {
  event = Event{};
  if (verdict == Verdict::not_json) return {Errc::bad_request, true};
  if (nodes.empty()) return {Errc::too_large, false};
  EventReader reader(nodes, lists, event);
  if (!reader.read() || verdict != Verdict::good) return {Errc::bad_request, false};
  return {};
}

}  // namespace chatroom::json
