// The fields of commands, each wrong once: what check_command says of it, whichever codec asked.
// And the lists of events, each one longer than what a reader takes.
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chatroom/codec_checks.h"
#include "chatroom/flatbuffers.h"
#include "chatroom/observer.h"
#include "golden/samples.h"
#include "unit/base/heap.h"
#include "wire/check.h"
#include "wire/flatbuffers_scratch.h"

using namespace chatroom;
using namespace chatroom::golden;
using wire::Field;

namespace {

// A command of which nothing is wrong.
Command sound(Op op) {
  static constexpr std::array<std::string_view, 1> kNames{"n"};
  Command c = command_of(op, 1, "r");
  c.user = "bob";
  c.channel = c.from = c.to = c.key = c.name = "n";
  c.offset = 1;
  if (op == Op::join) c.channels = kNames;
  if (op == Op::publish) c.out.mentions = kNames;
  if (op == Op::publish || op == Op::send_to) add_said(c, "hello");
  return c;
}

struct Wrong {
  const char* what;
  std::vector<Op> ops;
  Field field;
  std::function<void(Command&)> change;
};

const std::vector<Op> kOnUser{Op::mute,     Op::unmute, Op::ban,      Op::unban,      Op::kick,
                              Op::set_role, Op::allow,  Op::disallow, Op::shadow_mute};
// Where the user or the room may be left out.
const std::vector<Op> kOnAnyone{Op::clear, Op::block, Op::unblock};
const std::vector<Op> kInRoom{
    Op::join,          Op::publish,       Op::leave,       Op::subscribe,
    Op::unsubscribe,   Op::history,       Op::presence,    Op::switch_channel,
    Op::mute,          Op::unmute,        Op::ban,         Op::unban,
    Op::kick,          Op::set_role,      Op::set_policy,  Op::recall,
    Op::clear,         Op::pin,           Op::unpin,       Op::allow,
    Op::set_attribute, Op::disallow,      Op::open_room,   Op::close_room,
    Op::open_channel,  Op::close_channel, Op::shadow_mute, Op::release,
    Op::reject,        Op::list_held,     Op::set_receive};

const std::vector<Op> kInLine{Op::enqueue, Op::dequeue, Op::call_next, Op::waiting};

std::vector<Wrong> all_wrong() {
  static const std::string kLongName(65, 'n');
  static const std::string kLongRoom(129, 'r');
  static const std::string kLongOpaque(257, 'o');
  static const std::string kLongSecret(129, 'p');
  static const std::string kLongReason(201, 'r');
  static const std::string kLongValue(513, 'v');
  static const std::string kLongToken(4'097, 't');
  static const std::vector<std::string_view> kMany(33, "n");
  static constexpr std::string_view kNul{"a\0b", 3};
  constexpr std::uint64_t kHuge = kIntegerMax + 1;
  return {
      {"no op", {Op::none}, Field::op, [](Command&) {}},
      {"no room", kInRoom, Field::room, [](Command& c) { c.room = ""; }},
      {"long room", kInRoom, Field::room, [](Command& c) { c.room = kLongRoom; }},
      {"long room", {Op::call}, Field::room, [](Command& c) { c.room = kLongRoom; }},
      {"token", {Op::auth}, Field::token, [](Command& c) { c.token = kLongToken; }},
      {"NUL in token", {Op::auth}, Field::token, [](Command& c) { c.token = kNul; }},
      {"resume", {Op::auth}, Field::token, [](Command& c) { c.resume = kLongOpaque; }},
      {"nick", {Op::auth}, Field::nick, [](Command& c) { c.nick = kLongName; }},
      {"user",
       {Op::auth, Op::clear, Op::set_attribute, Op::send_to},
       Field::user,
       [](Command& c) { c.user = kLongName; }},
      {"nobody", {Op::send_to}, Field::user, [](Command& c) { c.user = ""; }},
      {"nobody", kOnUser, Field::user, [](Command& c) { c.user = ""; }},
      {"time", kOnUser, Field::time, [](Command& c) { c.for_ms = kHuge; }},
      {"reason", kOnUser, Field::reason, [](Command& c) { c.reason = kLongReason; }},
      {"role", kOnUser, Field::role, [](Command& c) { c.role = static_cast<Role>(6); }},
      {"time", kOnAnyone, Field::time, [](Command& c) { c.for_ms = kHuge; }},
      {"reason", kOnAnyone, Field::reason, [](Command& c) { c.reason = kLongReason; }},
      {"NUL in reason", kOnAnyone, Field::reason, [](Command& c) { c.reason = kNul; }},
      {"role", kOnAnyone, Field::role, [](Command& c) { c.role = static_cast<Role>(6); }},
      {"room", kOnAnyone, Field::room, [](Command& c) { c.room = kLongRoom; }},
      {"user", kOnAnyone, Field::user, [](Command& c) { c.user = kLongName; }},
      {"nobody", {Op::block}, Field::user, [](Command& c) { c.user = ""; }},
      {"channels", {Op::join}, Field::channel, [](Command& c) { c.channels = kMany; }},
      {"password", {Op::join}, Field::password, [](Command& c) { c.password = kLongSecret; }},
      {"epoch", {Op::join}, Field::epoch, [](Command& c) { c.since_epoch = kLongOpaque; }},
      {"since", {Op::join}, Field::offset, [](Command& c) { c.since_offset = kHuge; }},
      {"password",
       {Op::set_policy, Op::open_room},
       Field::password,
       [](Command& c) { c.policy.password = kLongSecret; }},
      {"channel", {Op::publish}, Field::channel, [](Command& c) { c.out.channel = kLongName; }},
      {"channel",
       {Op::subscribe, Op::unsubscribe, Op::history, Op::open_channel, Op::close_channel},
       Field::channel,
       [](Command& c) { c.channel = kLongName; }},
      {"no channel",
       {Op::open_channel, Op::close_channel},
       Field::channel,
       [](Command& c) { c.channel = ""; }},
      {"from", {Op::switch_channel}, Field::channel, [](Command& c) { c.from = ""; }},
      {"to", {Op::switch_channel}, Field::channel, [](Command& c) { c.to = ""; }},
      {"priority",
       {Op::publish},
       Field::priority,
       [](Command& c) { c.out.priority = static_cast<Priority>(3); }},
      {"key", {Op::publish}, Field::key, [](Command& c) { c.out.key = kLongName; }},
      {"reply_to", {Op::publish}, Field::offset, [](Command& c) { c.out.reply_to = kHuge; }},
      {"mentions", {Op::publish}, Field::mentions, [](Command& c) { c.out.mentions = kMany; }},
      {"kind",
       {Op::publish, Op::send_to},
       Field::kind,
       [](Command& c) { c.out.kind = Kind{"gift2"}; }},
      {"long kind",
       {Op::publish, Op::send_to},
       Field::kind,
       [](Command& c) { c.out.kind = Kind{kLongName}; }},
      {"no text",
       {Op::publish, Op::send_to},
       Field::text,
       [](Command& c) { c.out.text = "", c.has_text = false; }},
      {"empty text",
       {Op::publish, Op::send_to},
       Field::text,
       [](Command& c) { c.out.kind = Kind::gift, c.out.text = ""; }},
      {"NUL in text",
       {Op::publish, Op::send_to},
       Field::text,
       [](Command& c) { c.out.text = kNul; }},
      {"before", {Op::history}, Field::offset, [](Command& c) { c.before = kHuge; }},
      {"after",
       {Op::history},
       Field::offset,
       [](Command& c) { c.has_after = true, c.after = kHuge; }},
      {"both ends",
       {Op::history},
       Field::offset,
       [](Command& c) { c.has_after = true, c.before = 1; }},
      {"limit", {Op::history, Op::list_rooms}, Field::limit, [](Command& c) { c.limit = 101; }},
      {"version", {Op::presence}, Field::offset, [](Command& c) { c.since_version = kHuge; }},
      {"cursor",
       {Op::presence, Op::list_rooms},
       Field::cursor,
       [](Command& c) { c.cursor = kLongOpaque; }},
      {"no name", {Op::call}, Field::name, [](Command& c) { c.name = ""; }},
      {"prefix", {Op::list_rooms}, Field::name, [](Command& c) { c.name = kLongRoom; }},
      {"no offset",
       {Op::recall, Op::pin, Op::unpin, Op::release, Op::reject},
       Field::offset,
       [](Command& c) { c.offset = 0; }},
      {"offset",
       {Op::recall, Op::pin, Op::unpin, Op::release, Op::reject},
       Field::offset,
       [](Command& c) { c.offset = kHuge; }},
      {"held", {Op::list_held}, Field::offset, [](Command& c) { c.after = kHuge; }},
      {"reason", {Op::reject}, Field::reason, [](Command& c) { c.reason = kLongReason; }},
      {"no room", kInLine, Field::room, [](Command& c) { c.room = ""; }},
      {"user",
       {Op::dequeue, Op::call_next, Op::waiting},
       Field::user,
       [](Command& c) { c.user = kLongName; }},
      {"line", kInLine, Field::line, [](Command& c) { c.line = static_cast<Line>(200); }},
      {"limit", kInLine, Field::limit, [](Command& c) { c.limit = 101; }},
      {"no key", {Op::set_attribute}, Field::key, [](Command& c) { c.key = ""; }},
      {"value", {Op::set_attribute}, Field::value, [](Command& c) { c.value = kLongValue; }},
  };
}

// How long the lists of an event are.
std::array<std::size_t, 9> sizes(const Event& e) {
  return {e.messages.size(),     e.members.size(),        e.joins.size(),
          e.leaves.size(),       e.state.channels.size(), e.state.attributes.size(),
          e.state.pinned.size(), e.rooms.size(),          e.message.mentions.size()};
}

}  // namespace

TEST_CASE("each field of each command, wrong once, is told by name", "[check]") {
  for (const Wrong& wrong : all_wrong()) {
    for (const Op op : wrong.ops) {
      INFO(name_of(op) << ": " << wrong.what);
      Command command = sound(op);
      if (op != Op::none) CHECK(check_command(command));
      wrong.change(command);
      const Error error = check_command(command).error();
      CHECK(error.code == Errc::bad_request);
      CHECK(error.detail == static_cast<std::uint16_t>(wrong.field));
    }
  }
}

TEST_CASE("a command of a host's own codec without a kind is of kind text", "[check]") {
  Command command = sound(Op::publish);
  command.out.kind = Kind{std::string_view{}};
  CHECK(check_command(command));
  CHECK(command.out.kind == Kind::text);
}

TEST_CASE("only nobody being there makes a direct message worth another try", "[check]") {
  Event answer = answer_to(Op::send_to, 1);
  answer.error.code = Errc::forbidden;
  CHECK_FALSE(is_temporary(answer));
  answer.error.code = Errc::not_found;
  CHECK(is_temporary(answer));
}

TEST_CASE("of two wrong fields the first is told", "[check]") {
  Command command = sound(Op::auth);
  const std::string too_long(4'097, 'x');
  command.token = command.nick = too_long;
  CHECK(check_command(command).error().detail == static_cast<std::uint16_t>(Field::token));
}

TEST_CASE("a kind is made of small letters, dots and lines", "[check]") {
  for (const auto& [kind, good] :
       {std::pair<std::string_view, bool>{"az_.", true}, {"a`", false}, {"a{", false}}) {
    Command command = sound(Op::publish);
    command.out.kind = Kind{kind};
    INFO(kind);
    CHECK(static_cast<bool>(check_command(command)) == good);
  }
}

TEST_CASE("a number that no enumerator has is called unknown, and none of ours", "[names]") {
  CHECK(name_of(static_cast<Op>(200)) == "unknown");
  CHECK(name_of(static_cast<Role>(200)) == "unknown");
  CHECK(name_of(static_cast<Scope>(200)) == "unknown");
  CHECK(name_of(static_cast<Priority>(200)) == "unknown");
  CHECK(name_of(static_cast<EventType>(200)) == "unknown");
  CHECK(name_of(static_cast<LeaveReason>(200)) == "unknown");
  CHECK(name_of(static_cast<GapReason>(200)) == "unknown");
  CHECK(name_of(static_cast<HostEventType>(200)) == "unknown");
  CHECK(name_of(static_cast<Rung>(200)) == "unknown");
  CHECK(name_of(static_cast<Line>(200)) == "unknown");
  CHECK(name_of(Rung::sample) == "sample");
  // Refusals of a later version are the last that this one has.
  CHECK(name_of(static_cast<Errc>(200)) == "internal");
  CHECK(message_of(static_cast<Errc>(200)) == message_of(Errc::internal));
  CHECK(is_temporary(static_cast<Errc>(200)) == is_temporary(Errc::internal));
  CHECK(name_of(static_cast<Rule>(200)) == "capacity");
  CHECK(message_of(static_cast<Rule>(200)) == message_of(Rule::capacity));
  CHECK(scope_of(static_cast<Rule>(200)) == Scope::server);
}

TEST_CASE("each rule's word comes back, and a code has the rule it usually comes from", "[names]") {
  for (int i = 0; i < kRuleCount; ++i) {
    const auto rule = static_cast<Rule>(i);
    CHECK(rule_from(name_of(rule)) == rule);
    CHECK(name_of(scope_of(rule)) != "unknown");
  }
  CHECK(rule_from("no such word") == Rule::none);
  const std::pair<Errc, Rule> usual[] = {
      {Errc::forbidden, Rule::rank},
      {Errc::not_member, Rule::membership},
      {Errc::slow_mode, Rule::slow_mode},
      {Errc::duplicate, Rule::duplicate},
      {Errc::muted, Rule::mute},
      {Errc::banned, Rule::ban},
      {Errc::filtered, Rule::filter},
      {Errc::held, Rule::filter},
      {Errc::too_large, Rule::size},
      {Errc::room_full, Rule::room_full},
      {Errc::wrong_password, Rule::password},
      {Errc::room_overloaded, Rule::room_budget},
      {Errc::queue_full, Rule::capacity},
      {Errc::limit_reached, Rule::capacity},
      {Errc::rate_limited, Rule::none},
      {Errc::ok, Rule::none},
  };
  for (const auto& [code, rule] : usual) CHECK(usual_rule(code) == rule);
}

TEST_CASE("a list of an event that is one longer than a reader takes is not written", "[size]") {
  FlatbuffersCodec codec(*global_heap(), {.frame_bytes_max = 1024 * 1024});
  std::vector<std::byte> out(1024 * 1024);
  const std::vector<Message> messages(wire::kMessagesMax + 1);
  const std::vector<Member> members(wire::kMembersMax + 1);
  const std::vector<ChannelState> channels(wire::kChannelsMax + 1);
  const std::vector<Attribute> attributes(wire::kAttributesMax + 1);
  const std::vector<std::uint64_t> pins(wire::kPinsMax + 1);
  const std::vector<RoomEntry> rooms(wire::kRoomsMax + 1);
  const std::vector<std::string_view> users(wire::kStringsMax + 1, "u");
  const auto only = [](const auto& list, std::size_t one_less) {
    return std::span(list).first(list.size() - one_less);
  };
  const std::pair<const char*, std::function<Event(std::size_t)>> rows[] = {
      {"messages",
       [&](std::size_t less) {
         Event event = answer_to(Op::history, 1);
         event.messages = only(messages, less);
         return event;
       }},
      {"members",
       [&](std::size_t less) {
         Event event = answer_to(Op::presence, 1);
         event.members = only(members, less);
         return event;
       }},
      {"joins",
       [&](std::size_t less) {
         Event event = event_of(EventType::presence, "r");
         event.joins = only(members, less);
         return event;
       }},
      {"leaves",
       [&](std::size_t less) {
         Event event = event_of(EventType::presence, "r");
         event.leaves = only(users, less);
         return event;
       }},
      {"channels",
       [&](std::size_t less) {
         Event event = answer_to(Op::join, 1);
         event.state.channels = only(channels, less);
         return event;
       }},
      {"attributes",
       [&](std::size_t less) {
         Event event = event_of(EventType::reset, "r");
         event.state.attributes = only(attributes, less);
         return event;
       }},
      {"attributes of a member",
       [&](std::size_t less) {
         static Member adorned;
         adorned.attributes = only(attributes, less);
         Event event = event_of(EventType::presence, "r");
         event.changes = std::span{&adorned, 1};
         return event;
       }},
      {"pins",
       [&](std::size_t less) {
         Event event = event_of(EventType::room_state, "r");
         event.state.pinned = only(pins, less);
         return event;
       }},
      {"rooms",
       [&](std::size_t less) {
         Event event = answer_to(Op::list_rooms, 1);
         event.rooms = only(rooms, less);
         return event;
       }},
      {"mentions",
       [&](std::size_t less) {
         Event event = event_of(EventType::message);
         event.message.mentions = std::span(users).first(kMentionsPerMessage + 1 - less);
         return event;
       }},
  };
  for (const auto& [name, event] : rows) {
    INFO(name);
    CHECK(codec.encode(event(0), out) == 0);
    const std::size_t size = codec.encode(event(1), out);
    REQUIRE(size > 0);
    Event read;
    CHECK(codec.decode(Bytes(out).first(size), read).status);
    CHECK(sizes(read) == sizes(event(1)));
  }
}

TEST_CASE("lists that fit one by one and not together are not written", "[size]") {
  FlatbuffersCodec codec(*global_heap(), {.frame_bytes_max = 1024 * 1024});
  std::vector<std::byte> out(1024 * 1024);
  const std::vector<std::string_view> users(kMentionsPerMessage + 1, "u");
  std::vector<Message> page(wire::kMessagesMax);
  Event event = answer_to(Op::join, 1);
  event.messages = page;
  CHECK(codec.encode(event, out) > 0);

  page[3].mentions = users;  // of one message too many
  CHECK(codec.encode(event, out) == 0);
  for (Message& message : page) message.mentions = std::span(users).first(kMentionsPerMessage);
  CHECK(codec.encode(event, out) == 0);  // 240 times 16 strings
  event.messages = std::span(page).first(wire::kStringsMax / kMentionsPerMessage);
  CHECK(codec.encode(event, out) > 0);

  for (Message& message : page) message.mentions = {};
  const std::vector<ChannelState> channels(9);
  event.messages = page;
  event.state.channels = std::span(channels).first(8);
  CHECK(codec.encode(event, out) > 0);
  event.state.channels = channels;  // 240 + 9 + 8 tables
  CHECK(codec.encode(event, out) == 0);
}

TEST_CASE("each message is written into a span of its size, and not into one shorter by a byte",
          "[size]") {
  FlatbuffersCodec codec(*global_heap());
  std::vector<std::byte> out(64 * 1024);
  const auto fits_exactly = [&](const std::string& name, const auto& record) {
    INFO(name);
    const std::size_t size = codec.encode(record, out);
    REQUIRE(size > 0);
    out[size - 1] = out[size] = std::byte{0x55};
    CHECK(codec.encode(record, MutableBytes(out).first(size - 1)) == 0);
    CHECK(out[size - 1] == std::byte{0x55});
    CHECK(codec.encode(record, MutableBytes(out).first(size)) == size);
    CHECK(out[size] == std::byte{0x55});
  };
  for (const NamedEvent& sample : events()) fits_exactly(sample.name, sample.event);
  for (const NamedCommand& sample : commands()) fits_exactly(sample.name, sample.command);
}

TEST_CASE("what has no word is not written", "[size]") {
  FlatbuffersCodec codec(*global_heap());
  std::vector<std::byte> out(1'000);
  CHECK(codec.encode(event_of(EventType::none), out) == 0);
  CHECK(codec.encode(event_of(static_cast<EventType>(200)), out) == 0);
  CHECK(codec.encode(command_of(Op::none, 1), out) == 0);
  CHECK(codec.encode(command_of(Op::unknown, 1), out) == 0);
}
